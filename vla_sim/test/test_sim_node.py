# SPDX-License-Identifier: Apache-2.0
"""The simulated robot over ROS: what a client sees. One node, up to four times real time."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import rclpy
from action_msgs.msg import GoalStatus
from control_msgs.action import PointHead
from geometry_msgs.msg import PoseStamped, Twist
from nav2_msgs.action import NavigateToPose
from nav_msgs.msg import Odometry
from rcl_interfaces.msg import Log
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image, JointState, LaserScan
from tf2_ros import Buffer, TransformListener
from trajectory_msgs.msg import JointTrajectory
from vla_interfaces.action import Manipulate
from vla_interfaces.msg import PlaceArray
from vla_interfaces.srv import GroundTruth, SimFault, SimReset

from vla_common.contracts.outcomes import Code
from vla_common.ros.clients.action_client import ActionClient
from vla_common.ros.conversions import time_from_msg, yaw_from_quaternion, yaw_to_quaternion
from vla_common.ros.qos import COMMAND, LATCHED, SENSOR
from vla_common.ros.spin import spin_on

pytestmark = pytest.mark.ros
TIMEOUT_S = 100.0
DOMAIN = 60 + os.getpid() % 10
OTHER_DOMAIN = 60 + (os.getpid() + 5) % 10
"""For processes of their own: two robots must not talk at once."""


class Client(Node):
    """Somebody who uses the robot."""

    def __init__(self) -> None:
        super().__init__("client")
        self.changed = threading.Condition()
        self.received: dict[str, list[Any]] = {}
        self.cmd_vel = self.create_publisher(Twist, "cmd_vel", COMMAND)
        for topic, kind, qos in (
            ("odom", Odometry, COMMAND),
            ("joint_states", JointState, COMMAND),
            ("camera/color/image_raw", Image, SENSOR),
            ("camera/color/camera_info", CameraInfo, SENSOR),
            ("camera/depth/image_raw", Image, SENSOR),
            ("scan", LaserScan, SENSOR),
            ("places", PlaceArray, LATCHED),
            ("/clock", Clock, SENSOR),
            ("/rosout", Log, COMMAND),
        ):
            self.listen(topic, kind, qos)
        self.tf = Buffer()
        self.tf_listener = TransformListener(self.tf, self)
        self.navigate = ActionClient(self, NavigateToPose, "navigate_to_pose")
        self.manipulate = ActionClient(self, Manipulate, "manipulate")
        self.head = ActionClient(self, PointHead, "point_head")
        self._truth = self.create_client(GroundTruth, "sim/ground_truth")
        self._fault = self.create_client(SimFault, "sim/fault")
        self._reset = self.create_client(SimReset, "sim/reset")

    def listen(self, topic: str, kind: Any, qos: Any) -> Any:
        self.received[topic] = []
        return self.create_subscription(kind, topic, lambda m: self._note(topic, m), qos)

    def _note(self, topic: str, message: Any) -> None:
        with self.changed:
            self.received[topic].append(message)
            self.changed.notify_all()

    def wait(self, condition: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(condition, TIMEOUT_S)

    def more(self, topic: str, count: int = 1) -> Any:
        """The newest message after that many more have come."""
        had = len(self.received[topic])
        self.wait(lambda: len(self.received[topic]) >= had + count)
        return self.received[topic][-1]

    def truth(self) -> Any:
        return self._call(self._truth, GroundTruth.Request())

    def fault(self, **request: Any) -> Any:
        return self._call(self._fault, SimFault.Request(**request)).outcome

    def reset(self, **request: Any) -> Any:
        return self._call(self._reset, SimReset.Request(**request)).outcome

    def _call(self, client: Any, request: Any) -> Any:
        assert client.wait_for_service(TIMEOUT_S)
        return done(client.call_async(request))

    def send(self, client: ActionClient, goal: Any, feedback: Any = None) -> Any:
        assert client.wait_for_server(TIMEOUT_S)
        return done(client.send_goal_async(goal, feedback_callback=feedback))

    def carry_out(self, client: ActionClient, goal: Any) -> Any:
        handle = self.send(client, goal)
        assert handle.accepted
        return done(handle.get_result_async())


def done(future: Any) -> Any:
    event = threading.Event()
    future.add_done_callback(lambda _: event.set())
    assert event.wait(TIMEOUT_S)
    return future.result()


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    # A process of its own, as in life: in one process the physics would wait for the client's executor.
    values = {
        "seed": 3, "speed": 4.0, "camera_width": 160, "camera_height": 120, "cmd_vel_timeout_s": 1.0,
    }  # fmt: skip
    arguments = ["--ros-args"]
    for name, value in values.items():
        arguments += ["-p", f"sim.{name}:={value}"]
    environment = {**os.environ, "ROS_DOMAIN_ID": str(DOMAIN)}
    robot = subprocess.Popen(
        [sys.executable, "-m", "vla_sim.ros.sim_node", *arguments], env=environment
    )
    rclpy.init(domain_id=DOMAIN)
    client = Client()
    executor = SingleThreadedExecutor()
    executor.add_node(client)
    spinner = threading.Thread(target=spin_on, args=(executor,), daemon=True)
    spinner.start()
    try:
        yield client
        robot.send_signal(signal.SIGTERM)
        assert robot.wait(TIMEOUT_S) == 0
    finally:
        robot.kill()
        robot.wait()
        executor.shutdown(2.0)
        client.destroy_node()
        rclpy.try_shutdown()
        spinner.join(5.0)


@pytest.fixture(autouse=True)
def fresh_world(client: Client) -> None:
    assert client.reset(seed=3).code == Code.OK
    for fault in ("grasp_failure", "camera_dropout", "navigation_blocked", "odometry_drift"):
        assert client.fault(fault=fault, value=0.0).code == Code.OK


def pose(x: float, y: float, yaw: float, frame: str = "map", w: float | None = None) -> PoseStamped:
    message = PoseStamped()
    message.header.frame_id = frame
    message.pose.position.x, message.pose.position.y = x, y
    message.pose.orientation = yaw_to_quaternion(yaw)
    if w is not None:
        message.pose.orientation.w = w
    return message


def red_object(client: Client) -> Any:
    return next(
        o
        for o in client.truth().objects
        if o.place == "table" and o.color == "red" and o.label != "bowl"
    )


def before(client: Client, thing: Any, name: str = "table") -> NavigateToPose.Goal:
    """Where to stand to reach something with a pose on a place."""
    place = next(p for p in client.truth().places if p.name == name)
    yaw = yaw_from_quaternion(place.pose.orientation)
    cos, sin = math.cos(yaw), math.sin(yaw)
    dx = thing.pose.pose.position.x - place.pose.position.x
    dy = thing.pose.pose.position.y - place.pose.position.y
    across, along = cos * dx + sin * dy, -sin * dx + cos * dy
    out = min(along - 0.5, -place.size.y / 2 - 0.3)
    x = place.pose.position.x + cos * across - sin * out
    y = place.pose.position.y + sin * across + cos * out
    return NavigateToPose.Goal(pose=pose(x, y, yaw + math.pi / 2))


def pick(thing: Any) -> Manipulate.Goal:
    target = PoseStamped(pose=thing.pose.pose)
    target.header.frame_id = "map"
    return Manipulate.Goal(operation=0, target=target, size=thing.size)


def far(client: Client) -> NavigateToPose.Goal:
    """On the other side of the room: a drive that still goes on when a busy machine has asked for something else."""
    shelf = next(p for p in client.truth().places if p.name == "shelf")
    return before(client, SimpleNamespace(pose=shelf), "shelf")


def still(client: Client) -> bool:
    truth = client.truth()
    v = truth.robot_velocity
    return math.hypot(v.linear.x, v.linear.y) < 0.01 and abs(v.angular.z) < 0.02


def test_images_belong_together(client: Client) -> None:
    stamps = {}
    for topic in ("camera/color/image_raw", "camera/color/camera_info", "camera/depth/image_raw"):
        message = client.more(topic, 8)
        assert message.header.frame_id == "camera_color_optical_frame"
        stamps[topic] = {
            (m.header.stamp.sec, m.header.stamp.nanosec) for m in client.received[topic]
        }
    common = set.intersection(*stamps.values())
    assert common, "colour, depth and camera_info share stamps"
    color = client.received["camera/color/image_raw"][-1]
    depth = client.received["camera/depth/image_raw"][-1]
    info = client.received["camera/color/camera_info"][-1]
    assert (color.encoding, color.width, color.height, color.step) == ("rgb8", 160, 120, 480)
    assert (depth.encoding, depth.width, depth.height, depth.step) == ("32FC1", 160, 120, 640)
    assert (info.width, info.height) == (160, 120)
    meters = np.frombuffer(bytes(depth.data), np.float32)
    assert 0.2 < np.nanmedian(meters) < 8.0
    assert np.frombuffer(bytes(color.data), np.uint8).std() > 5
    # The transform of the picture's moment is there, exactly.
    stamp = rclpy.time.Time.from_msg(color.header.stamp)
    client.wait(lambda: client.tf.can_transform("map", "camera_color_optical_frame", stamp))


def test_state_comes_fifty_times_a_second_with_the_clock(client: Client) -> None:
    client.more("odom", 30)
    times = [
        m.header.stamp.sec + m.header.stamp.nanosec * 1e-9 for m in client.received["odom"][-25:]
    ]
    assert np.median(np.diff(times)) == pytest.approx(0.02, abs=1e-6)
    joints = client.more("joint_states")
    assert set(joints.name) == {
        "lift", "shoulder_yaw", "extension", "wrist_pitch", "wrist_roll", "jaw", "head_pan", "head_tilt",
    }  # fmt: skip
    assert len(joints.position) == len(joints.velocity) == 8
    client.more("/clock")


def test_frames_agree_with_the_truth(client: Client) -> None:
    client.more("odom", 5)
    truth = client.truth().robot_pose
    base = client.tf.lookup_transform("map", "base_link", rclpy.time.Time()).transform
    assert base.translation.x == pytest.approx(truth.position.x, abs=0.01)
    assert base.translation.y == pytest.approx(truth.position.y, abs=0.01)
    for frame in ("odom", "camera_link", "camera_color_optical_frame", "gripper_link"):
        assert client.tf.can_transform("map", frame, rclpy.time.Time())
    height = client.tf.lookup_transform("base_link", "camera_link", rclpy.time.Time())
    assert 1.2 < height.transform.translation.z < 1.4


def test_the_scan_comes_ten_times_a_second_and_can_be_placed(client: Client) -> None:
    scan = client.more("scan", 12)
    stamps = [m.header.stamp.sec + m.header.stamp.nanosec * 1e-9 for m in client.received["scan"]]
    gaps = np.diff(stamps[-10:])
    assert np.median(gaps) == pytest.approx(0.1, abs=1e-6)
    assert scan.header.frame_id == "laser_link"
    assert len(scan.ranges) == round((scan.angle_max - scan.angle_min) / scan.angle_increment) + 1
    assert 0.24 < min(scan.ranges) < 6.0
    stamp = rclpy.time.Time.from_msg(scan.header.stamp)
    client.wait(lambda: client.tf.can_transform("map", "laser_link", stamp))


def test_places_are_latched_and_know_no_objects(client: Client) -> None:
    client.wait(lambda: bool(client.received["places"]))
    message = client.received["places"][-1]
    assert message.header.frame_id == "map"
    kinds = {p.name: p.kind for p in message.places}
    assert kinds == {"table": 0, "shelf": 0, "side table": 0, "bin": 1, "box": 1}
    table = next(p for p in message.places if p.name == "table")
    assert 0.6 < table.pose.position.z < 0.8 and table.size.x > 1.0 and table.keep_out


def test_drive_pick_and_place(client: Client) -> None:
    thing = red_object(client)
    arrived = client.carry_out(client.navigate, before(client, thing))
    assert arrived.status == GoalStatus.STATUS_SUCCEEDED
    assert arrived.result.error_code == 0
    phases: list[int] = []
    handle = client.send(client.manipulate, pick(thing), lambda m: phases.append(m.feedback.phase))
    picked = done(handle.get_result_async())
    assert picked.status == GoalStatus.STATUS_SUCCEEDED
    assert picked.result.outcome.code == Code.OK
    assert picked.result.holding and picked.result.gripper_width > 0.02
    assert phases == sorted(phases) and len(set(phases)) >= 3
    truth = client.truth()
    assert truth.held_object == thing.id
    assert next(o for o in truth.objects if o.id == thing.id).held
    goal = pick(thing)
    goal.operation = Manipulate.Goal().operation + 1
    table = next(p for p in truth.places if p.name == "table")
    goal.target.pose.position.z = table.pose.position.z
    placed = client.carry_out(client.manipulate, goal)
    assert placed.result.outcome.code == Code.OK and not placed.result.holding
    truth = client.truth()
    assert truth.held_object == ""
    assert next(o for o in truth.objects if o.id == thing.id).place == "table"


def test_a_canceled_drive_ends_standing_still(client: Client) -> None:
    moving = threading.Event()

    def watch(message: Any) -> None:
        if message.feedback.navigation_time.sec >= 1:
            moving.set()

    handle = client.send(client.navigate, far(client), watch)
    assert moving.wait(TIMEOUT_S)
    assert not still(client)
    done(handle.cancel_goal_async())
    ended = done(handle.get_result_async())
    assert ended.status == GoalStatus.STATUS_CANCELED
    assert still(client)


def test_a_zero_velocity_ends_a_drive(client: Client) -> None:
    moving = threading.Event()
    handle = client.send(
        client.navigate,
        far(client),
        lambda m: m.feedback.navigation_time.sec >= 1 and moving.set(),
    )
    assert moving.wait(TIMEOUT_S)
    client.cmd_vel.publish(Twist())
    ended = done(handle.get_result_async())
    assert ended.status == GoalStatus.STATUS_ABORTED
    assert "zero velocity" in ended.result.error_msg
    assert still(client)


def test_a_canceled_pick_holds_still(client: Client) -> None:
    thing = red_object(client)
    assert client.carry_out(client.navigate, before(client, thing)).result.error_code == 0
    lowering = threading.Event()
    handle = client.send(
        client.manipulate, pick(thing), lambda m: m.feedback.phase >= 1 and lowering.set()
    )
    assert lowering.wait(TIMEOUT_S)
    done(handle.cancel_goal_async())
    ended = done(handle.get_result_async())
    assert ended.status == GoalStatus.STATUS_CANCELED
    assert ended.result.outcome.code == Code.CANCELED
    assert client.truth().joint_speed < 0.03


def test_a_second_goal_is_refused_and_the_first_goes_on(client: Client) -> None:
    goal = far(client)
    first = client.send(client.navigate, goal)
    assert not client.send(client.navigate, goal).accepted
    busy = client.carry_out(client.manipulate, Manipulate.Goal(operation=2))
    assert busy.result.outcome.code == Code.RESOURCE_BUSY
    assert done(first.get_result_async()).status == GoalStatus.STATUS_SUCCEEDED


@pytest.mark.parametrize(
    ("goal", "says"),
    [
        (pose(0.0, 0.0, 0.0, frame=""), "frame ''"),
        (pose(0.0, 0.0, 0.0, frame="moon"), "frame 'moon'"),
        (pose(math.nan, 0.0, 0.0), "NaN"),
        (pose(99.0, 0.0, 0.0), "obstacle"),
        (pose(0.0, 0.0, 0.0, w=0.0), "quaternion"),
    ],
)
def test_impossible_goals_are_aborted_with_a_reason(
    client: Client, goal: PoseStamped, says: str
) -> None:
    ended = client.carry_out(client.navigate, NavigateToPose.Goal(pose=goal))
    assert ended.status == GoalStatus.STATUS_ABORTED
    assert ended.result.error_code != 0
    assert says in ended.result.error_msg


def test_impossible_manipulations_are_aborted_with_a_code(client: Client) -> None:
    thing = red_object(client)
    goal = pick(thing)
    assert client.carry_out(client.manipulate, goal).result.outcome.code == Code.UNREACHABLE
    goal.operation = 9
    assert client.carry_out(client.manipulate, goal).result.outcome.code == Code.INVALID_REQUEST
    goal.operation = 1
    assert client.carry_out(client.manipulate, goal).result.outcome.code == Code.PRECONDITION_FAILED


def test_velocities_move_the_base_and_nonsense_does_not(client: Client) -> None:
    nonsense = Twist()
    nonsense.angular.z = math.nan
    client.cmd_vel.publish(nonsense)
    client.wait(lambda: any("cmd_vel with NaN" in line.msg for line in client.received["/rosout"]))
    client.more("odom", 25)
    assert still(client)
    turn = Twist()
    turn.angular.z = 0.8
    begin = time.monotonic()
    while client.more("odom", 5).twist.twist.angular.z < 0.5:
        assert time.monotonic() - begin < TIMEOUT_S
        client.cmd_vel.publish(turn)
    # Silence stops; what was sent last may still be on its way.
    client.wait(
        lambda: all(abs(m.twist.twist.angular.z) < 0.01 for m in client.received["odom"][-50:])
    )
    assert still(client)


def test_the_parameter_says_how_long_a_velocity_holds(client: Client) -> None:
    turn = Twist()
    turn.angular.z = 0.8
    client.cmd_vel.publish(turn)
    had = len(client.received["odom"])

    def speeds() -> list[float]:
        return [m.twist.twist.angular.z for m in client.received["odom"][had:]]

    # With the default the base would be told to stop on its way to that speed.
    client.wait(lambda: max(speeds(), default=0.0) > 0.75)
    client.wait(lambda: abs(speeds()[-1]) < 0.02)


def test_the_head_points(client: Client) -> None:
    goal = PointHead.Goal()
    goal.target.header.frame_id = "base_link"
    goal.target.point.x, goal.target.point.y, goal.target.point.z = 1.5, 0.8, 0.7
    assert client.carry_out(client.head, goal).status == GoalStatus.STATUS_SUCCEEDED
    joints = client.more("joint_states", 2)
    pan = dict(zip(joints.name, joints.position, strict=True))["head_pan"]
    assert pan == pytest.approx(math.atan2(0.8, 1.69), abs=0.03)
    goal.target.point.x = -2.0
    assert client.carry_out(client.head, goal).status == GoalStatus.STATUS_ABORTED


def test_faults_and_reset(client: Client) -> None:
    unknown = client.fault(fault="gremlins", value=1.0)
    assert unknown.code == Code.INVALID_REQUEST and "gremlins" in unknown.message
    assert client.fault(fault="navigation_blocked", value=1.0).code == Code.OK
    ended = client.carry_out(client.navigate, before(client, red_object(client)))
    assert ended.status == GoalStatus.STATUS_ABORTED and "blocks the way" in ended.result.error_msg
    assert ended.result.error_code == 105
    thing = client.truth().objects[0]
    spot = pose(0.0, 0.0, 0.0).pose
    spot.position.z = 0.2
    assert client.fault(fault="move_object", object_id=thing.id, pose=spot).code == Code.OK
    client.more("odom", 50)
    assert next(o for o in client.truth().objects if o.id == thing.id).place == ""
    missing = client.reset(world_file="/nowhere.yaml")
    assert missing.code == Code.INVALID_CONFIG and "nowhere" in missing.message
    for name in ("/etc/passwd", "../../../../../../etc/passwd", "two_cups.yaml/../../package.xml"):
        refused = client.reset(world_file=name)
        assert refused.code == Code.INVALID_CONFIG and "root:" not in refused.message
        assert "where worlds belong" in refused.message
    assert client.truth().seed == 3
    assert client.reset(world_file="two_cups.yaml").code == Code.OK
    assert len(client.truth().objects) == 3
    for seed in (5, 5):
        had = client.received["places"][-1].map_id
        assert client.reset(seed=seed).code == Code.OK
        assert client.truth().seed == seed
        # Also with the same seed things are not where they were.
        client.wait(lambda: client.received["places"][-1].map_id not in ("", had))  # noqa: B023


def test_camera_dropout(client: Client) -> None:
    client.more("camera/color/image_raw")
    assert client.fault(fault="camera_dropout", value=1.0).code == Code.OK
    # More than a queue holds: the newest is from after the fault. Pictures of before may still be on their way.
    since_s = time_from_msg(client.more("odom", 25).header.stamp)
    client.more("odom", 100)
    stamps = [time_from_msg(m.header.stamp) for m in client.received["camera/color/image_raw"]]
    assert max(stamps) <= since_s


def test_the_overview_is_drawn_while_somebody_looks(client: Client) -> None:
    topic = "sim/overview/image_raw"
    subscription = client.listen(topic, Image, SENSOR)
    image = client.more(topic, 2)
    assert (image.width, image.height, image.encoding) == (640, 480, "rgb8")
    client.destroy_subscription(subscription)


def test_the_true_motion_has_every_step(client: Client) -> None:
    topic = "sim/true_motion"
    subscription = client.listen(topic, JointTrajectory, COMMAND)
    message = client.more(topic, 3)
    assert message.joint_names[:3] == ["base_x", "base_y", "base_yaw"]
    times = [time_from_msg(point.time_from_start) for point in message.points]
    assert times == pytest.approx([0.004, 0.008, 0.012, 0.016, 0.020])
    assert {len(point.velocities) for point in message.points} == {len(message.joint_names)}
    client.destroy_subscription(subscription)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_it_with_zero(number: int) -> None:
    environment = {**os.environ, "ROS_DOMAIN_ID": str(OTHER_DOMAIN)}
    process = subprocess.Popen(
        [sys.executable, "-m", "vla_sim.ros.sim_node", "--ros-args", "-p", "sim.render_backend:=raycast"],
        stderr=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        lines = []
        for line in process.stderr:
            lines.append(line)
            if "world 0 runs" in line:
                break
        else:
            raise AssertionError("".join(lines))
        process.send_signal(number)
        assert process.wait(TIMEOUT_S) == 0
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("sim.world_file:=/nowhere.yaml", "nowhere"),
        ("sim.headless:=false", "no display"),
        ("sim.sede:=1", "sim.seed"),
        ("sim.speed:=-1.0", "sim.speed"),
        ("use_sim_time:=true", "use_sim_time can't be true"),
    ],
)
def test_wrong_parameters_end_it_with_a_sentence(override: str, says: str) -> None:
    environment = {**os.environ, "ROS_DOMAIN_ID": str(OTHER_DOMAIN)}
    environment.pop("DISPLAY", None)
    environment.pop("WAYLAND_DISPLAY", None)
    done = subprocess.run(
        [sys.executable, "-m", "vla_sim.ros.sim_node", "--ros-args", "-p", override,
         "-p", "sim.render_backend:=raycast"],
        capture_output=True, text=True, env=environment, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert says in done.stderr
    assert "Traceback" not in done.stderr
