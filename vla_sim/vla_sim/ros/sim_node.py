# SPDX-License-Identifier: Apache-2.0
"""The simulated robot as a ROS node. It stands in for hardware: no lifecycle, drives when told to.

Subscribes: cmd_vel, keep_out_mask (latched). Publishes: odom, joint_states, gripper_holding, tf, scan,
camera/color/image_raw, camera/color/camera_info, camera/depth/image_raw, places (latched), sim/overview/image_raw and
sim/true_motion (while somebody looks), /clock (when speed is not 1).
Serves: actions navigate_to_pose, manipulate, point_head; services sim/ground_truth, sim/reset, sim/fault.
Parameters: group ``sim``, see ``config``. The package README has types, QoS and rules.
"""

from __future__ import annotations

import os
import signal
import sys
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ament_index_python.packages import get_package_share_directory
from control_msgs.action import PointHead
from geometry_msgs.msg import Twist
from nav2_msgs.action import NavigateToPose
from nav_msgs.msg import OccupancyGrid, Odometry
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup, ReentrantCallbackGroup
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image, JointState, LaserScan
from std_msgs.msg import Bool
from tf2_ros import StaticTransformBroadcaster, TransformBroadcaster
from trajectory_msgs.msg import JointTrajectory
from vla_interfaces.action import Manipulate
from vla_interfaces.msg import PlaceArray
from vla_interfaces.srv import GroundTruth, SimFault, SimReset

from vla_common.contracts.outcomes import OK, Code, Result, VlaError
from vla_common.ros.conversions import duration_to_msg, outcome_to_msg, time_from_msg, time_to_msg
from vla_common.ros.parameters import NodeParameters
from vla_common.ros.qos import LATCHED, SENSOR
from vla_common.ros.spin import main as spin_main
from vla_sim.config import GROUP, SimConfig
from vla_sim.faults import MOVE_OBJECT, Faults
from vla_sim.robot import frames
from vla_sim.robot.manipulation import Operation
from vla_sim.ros import conversions
from vla_sim.ros.action_bridge import ActionBridge
from vla_sim.sensors.render_backend import Backend, BackendError, select_backend
from vla_sim.world.world_files import permitted

if TYPE_CHECKING:  # not at run time: MuJoCo is imported once the renderer has been chosen
    from vla_sim.simulation import Simulation

HOLDING_PERIOD_S = 0.2
"""Between two words of the jaw that say the same."""
SEE_OUT_S = 2.0
SEE_OUT_PERIOD_S = 0.02
NAV2_PLANNER_UNKNOWN, NAV2_NO_VALID_PATH = 200, 208
NAV2_CONTROLLER_UNKNOWN, NAV2_NO_PROGRESS = 100, 105
"""Error codes of nav2's planner server (before driving) and controller server (while driving)."""


class SimNode(Node):
    """Glue between ROS and ``runner.SimRunner``; every decision is made elsewhere."""

    def __init__(self, **options: Any) -> None:
        """``options`` go to rclpy's Node."""
        super().__init__("sim", **options)
        if self.get_parameter("use_sim_time").value:
            raise VlaError(
                Code.INVALID_CONFIG,
                "use_sim_time can't be true for the simulator: it is what the clock comes from",
            )
        self.config: SimConfig = NodeParameters(self, {GROUP: SimConfig}).read(GROUP)
        self._backend = self._choose_backend()
        self._keep_out: Any = None
        # MuJoCo picks its GL library when it is imported, so that it must not be imported before this point.
        from vla_sim.robot import robot_model as robot
        from vla_sim.runner import RunnerConfig, SimRunner
        from vla_sim.sensors import camera
        from vla_sim.sensors.noise import NoiseConfig, NoiseModel

        c = self.config
        self._intrinsics = camera.intrinsics(robot.CAMERA_FOVY_RAD, c.camera_width, c.camera_height)
        self._seed = c.seed
        self._make_publishers()
        noise = NoiseConfig(c.noise_depth_m, c.noise_colour, c.noise_exposure, c.noise_edge_holes)
        self.runner = SimRunner(
            lambda: self._make_simulation(c.seed, c.world_file),
            RunnerConfig(
                c.speed,
                (c.camera_width, c.camera_height),
                c.camera_rate_hz,
                self._backend,
                not c.headless,
            ),
            NoiseModel(noise, c.seed),
            self,
        )
        self._actions_ready = False
        self.runner.start()
        self._publish_places()
        self._make_servers()
        self.get_logger().info(
            f"world {c.world_file or c.seed} runs, {len(self._world.objects)} objects, images by {self._backend.value}"
        )

    def close(self) -> None:
        """Stop the physics; called before the node is destroyed."""
        # Ctrl-C reaches everybody at once: a robot does not vanish while somebody still brings it to rest.
        until_s = time.monotonic() + SEE_OUT_S
        while self.count_publishers("cmd_vel") and time.monotonic() < until_s:
            time.sleep(SEE_OUT_PERIOD_S)
        for bridge in (self._navigation, self._manipulation, self._head):
            bridge.close()
        self.runner.close()

    # Setting up.

    def _choose_backend(self) -> Backend:
        try:
            backend, reason = select_backend(self.config.render_backend)
        except BackendError as error:
            raise VlaError(Code.INVALID_CONFIG, str(error)) from error
        self.get_logger().info(f"render backend: {backend.value} ({reason})")
        if not self.config.headless and not (
            os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
        ):
            raise VlaError(
                Code.INVALID_CONFIG,
                "sim.headless is false, but there is no display to open a window on",
            )
        return backend

    def _make_simulation(self, seed: int, world_file: str) -> Any:
        from vla_sim.simulation import Simulation
        from vla_sim.world.world_generator import generate_world
        from vla_sim.world.world_spec import WorldError, load_world

        try:
            world = load_world(Path(world_file)) if world_file else generate_world(seed)
        except WorldError as error:
            raise VlaError(Code.INVALID_CONFIG, str(error)) from error
        c = self.config
        faults = Faults(
            c.fault_grasp_failure, float(c.fault_camera_dropout), float(c.fault_navigation_blocked),
            c.fault_odometry_drift, seed,
        )  # fmt: skip
        simulation = Simulation(world, faults, c.cmd_vel_timeout_s)
        simulation.keep_out(self._keep_out)
        self._world, self._seed = world, seed
        return simulation

    def _make_publishers(self) -> None:
        self._odom = self.create_publisher(Odometry, "odom", 10)
        self._joints = self.create_publisher(JointState, "joint_states", 10)
        self._holding = self.create_publisher(Bool, "gripper_holding", LATCHED)
        self._held_last: tuple[bool, float] | None = None
        self._color = self.create_publisher(Image, "camera/color/image_raw", SENSOR)
        self._info = self.create_publisher(CameraInfo, "camera/color/camera_info", SENSOR)
        self._depth = self.create_publisher(Image, "camera/depth/image_raw", SENSOR)
        self._scan = self.create_publisher(LaserScan, "scan", SENSOR)
        self._overview = self.create_publisher(Image, "sim/overview/image_raw", SENSOR)
        self._motion = self.create_publisher(JointTrajectory, "sim/true_motion", 10)
        self._places = self.create_publisher(PlaceArray, "places", LATCHED)
        self._clock_publisher = None
        if self.config.speed != 1.0:
            self._clock_publisher = self.create_publisher(Clock, "/clock", qos_profile_sensor_data)
        self._tf = TransformBroadcaster(self)
        self._static_tf = StaticTransformBroadcaster(self)
        self._static_tf.sendTransform(conversions.static_transforms_to_msg(self._stamp(0.0)))

    def _make_servers(self) -> None:
        self._navigation = ActionBridge(
            self, NavigateToPose, "navigate_to_pose", self._start_navigation,
            lambda sim: sim.navigator.cancel(), self._navigation_feedback, self._navigation_result,
        )  # fmt: skip
        self._manipulation = ActionBridge(
            self, Manipulate, "manipulate", self._start_manipulation,
            lambda sim: sim.manipulator.cancel(), self._manipulation_feedback, self._manipulation_result,
        )  # fmt: skip
        self._head = ActionBridge(
            self, PointHead, "point_head", self._start_head,
            lambda sim: sim.head.cancel(), self._head_feedback, lambda *_: PointHead.Result(),
        )  # fmt: skip
        self._actions_ready = True
        group = ReentrantCallbackGroup()
        self.create_subscription(
            Twist, "cmd_vel", self._on_velocity, 10, callback_group=MutuallyExclusiveCallbackGroup()
        )
        self.create_subscription(
            OccupancyGrid,
            "keep_out_mask",
            self._on_keep_out,
            LATCHED,
            callback_group=MutuallyExclusiveCallbackGroup(),
        )
        self.create_service(
            GroundTruth, "sim/ground_truth", self._on_ground_truth, callback_group=group
        )
        self.create_service(
            SimReset, "sim/reset", self._on_reset, callback_group=MutuallyExclusiveCallbackGroup()
        )
        self.create_service(SimFault, "sim/fault", self._on_fault, callback_group=group)

    # From the physics thread.

    def on_state(self, state: Any) -> None:
        """See ``runner.Listener``."""
        stamp = self._stamp(state.time_s)
        if self._clock_publisher is not None:
            self._clock_publisher.publish(Clock(clock=stamp))
        self._tf.sendTransform(conversions.transforms_to_msg(state, stamp))
        self._odom.publish(conversions.odometry_to_msg(state, stamp))
        self._joints.publish(conversions.joints_to_msg(state, stamp))
        self._tell_holding(bool(state.holding))
        self._last_stamp = stamp

    def _tell_holding(self, holding: bool) -> None:
        """At once when it changes, and again and again."""
        now_s = time.monotonic()
        last = self._held_last
        if last is None or holding != last[0] or now_s - last[1] >= HOLDING_PERIOD_S:
            self._held_last = (holding, now_s)
            self._holding.publish(Bool(data=holding))

    def on_motion(self, states: Any, began_s: float) -> None:
        """See ``runner.Listener``."""
        if self.config.speed == 1.0:
            ago = Duration(seconds=time.monotonic() - began_s)
            stamp = (self.get_clock().now() - ago).to_msg()
        else:
            stamp = time_to_msg(states[0].time_s)
        self._motion.publish(conversions.motion_to_msg(states, stamp))

    def on_camera(self, state: Any, picture: Any) -> None:
        """See ``runner.Listener``; same stamp as the transforms of this state."""
        stamp = self._last_stamp
        self._info.publish(conversions.camera_info_to_msg(self._intrinsics, stamp))
        self._depth.publish(conversions.depth_to_msg(picture, self.config.depth_encoding, stamp))
        self._color.publish(conversions.image_to_msg(picture.rgb, "rgb8", stamp))

    def on_scan(self, state: Any, ranges: Any) -> None:
        """See ``runner.Listener``; same stamp as the transforms of this state."""
        self._scan.publish(conversions.scan_to_msg(ranges, self._last_stamp))

    def on_overview(self, state: Any, picture: Any) -> None:
        """See ``runner.Listener``."""
        self._overview.publish(
            conversions.image_to_msg(picture.rgb, "rgb8", self._last_stamp, frames.MAP)
        )

    def on_finished(self, finished: Any) -> None:
        """See ``runner.Listener``."""
        if self._actions_ready:
            self._navigation.finish(finished.navigation)
            self._manipulation.finish(finished.manipulation)
            self._head.finish(finished.head)

    def on_failure(self, error: BaseException) -> None:
        """See ``runner.Listener``: a robot whose physics ended must not look alive."""
        self.get_logger().fatal(f"the physics thread has ended: {error!r}")
        os.kill(os.getpid(), signal.SIGTERM)

    def on_lag(self, lag_s: float) -> None:
        """See ``runner.Listener``."""
        self.get_logger().warning(
            f"physics fell {lag_s:.2f} s behind; simulated time runs slower than asked for",
            throttle_duration_sec=10.0,
        )

    def wants_motion(self) -> bool:
        """See ``runner.Listener``."""
        return bool(self._motion.get_subscription_count())

    def wants_camera(self) -> bool:
        """See ``runner.Listener``."""
        return any(p.get_subscription_count() > 0 for p in (self._color, self._depth, self._info))

    def wants_scan(self) -> bool:
        """See ``runner.Listener``."""
        return bool(self._scan.get_subscription_count())

    def wants_overview(self) -> bool:
        """See ``runner.Listener``."""
        return bool(self._overview.get_subscription_count())

    def _stamp(self, time_s: float) -> Any:
        if self.config.speed == 1.0:
            return self.get_clock().now().to_msg()
        return time_to_msg(time_s)

    # Topics and services.

    def _on_velocity(self, message: Twist) -> None:
        velocity = conversions.velocity_from_msg(message)
        if not velocity.is_finite:
            self.get_logger().error(
                "refused a cmd_vel with NaN or infinity", throttle_duration_sec=1.0
            )
            return
        self.runner.submit(lambda sim: sim.command_velocity(velocity))

    def _on_keep_out(self, message: OccupancyGrid) -> None:
        try:
            zones = conversions.keep_out_from_msg(message)
        except VlaError as error:
            self.get_logger().error(f"ignored a keep_out_mask: {error.message}")
            return
        self._keep_out = zones
        self.runner.submit(lambda sim: sim.keep_out(zones))

    def _publish_places(self) -> None:
        """Once for each world. Every start and every reset begins a new one, also with the seed of the last."""
        message = PlaceArray(map_id=f"temporary sim {uuid.uuid4()}")
        message.header.stamp, message.header.frame_id = (
            self._stamp(self.runner.state.time_s),
            frames.MAP,
        )
        message.places = [conversions.known_place_to_msg(place) for place in self._world.places]
        self._places.publish(message)

    def _on_ground_truth(self, _: Any, response: Any) -> Any:
        state, objects, pose = self.runner.call(
            lambda sim: (sim.state, sim.objects(), sim.real_pose())
        )
        response.stamp = time_to_msg(state.time_s)
        response.objects = [conversions.object_to_msg(truth, response.stamp) for truth in objects]
        response.robot_pose = conversions.pose_to_msg(pose)
        response.robot_velocity = conversions.velocity_to_msg(state.velocity)
        joints = [abs(speed) for name, speed in state.speeds.items() if name != "jaw"]
        response.joint_speed = max(joints)
        response.held_object = next((truth.spec.name for truth in objects if truth.held), "")
        response.places = [conversions.known_place_to_msg(place) for place in self._world.places]
        response.seed = self._seed
        return response

    def _on_reset(self, request: Any, response: Any) -> Any:
        try:
            world_file = self._permitted_world(request.world_file)
            self.runner.replace(lambda: self._make_simulation(int(request.seed), world_file))
            self._publish_places()
            response.outcome = outcome_to_msg(OK)
        except VlaError as error:
            response.outcome = outcome_to_msg(error.result)
        return response

    def _permitted_world(self, name: str) -> str:
        """The path of a world file that somebody names over the network; "" for none. Errors: INVALID_CONFIG.

        What is wrong in it is for the log of whoever runs the simulator.
        """
        from vla_sim.world.world_spec import WorldError, load_world

        if not name:
            return ""
        config = self.config
        worlds = Path(get_package_share_directory("vla_sim")) / "worlds"
        folders = [Path(text).expanduser() for text in config.world_folders]
        # An installation may consist of links; what lies there was put there by it.
        files = [*worlds.glob("*.yaml"), *([Path(config.world_file)] if config.world_file else [])]
        try:
            path = permitted(name, folders, files)
        except WorldError as error:
            raise VlaError(
                Code.INVALID_CONFIG, f"{str(error)[0].upper()}{str(error)[1:]}."
            ) from None
        try:
            load_world(path)
        except WorldError as error:
            self.get_logger().error(f"the world file {str(path)!r} can't be used: {str(error)!r}")
            raise VlaError(
                Code.INVALID_CONFIG,
                f"The world file '{path.name[:60]}' can't be used; the log of the simulator says why.",
            ) from None
        return str(path)

    def _on_fault(self, request: Any, response: Any) -> Any:
        def apply(sim: Simulation) -> None:
            if request.fault == MOVE_OBJECT:
                p = request.pose.position
                sim.move_object(
                    request.object_id, p.x, p.y, p.z, conversions.heading(request.pose.orientation)
                )
            else:
                sim.faults.set(request.fault, request.value)

        try:
            self.runner.call(apply)
            response.outcome = outcome_to_msg(OK)
        except VlaError as error:
            response.outcome = outcome_to_msg(error.result)
        return response

    # Actions.

    def _start_navigation(self, goal: Any, sim: Simulation) -> Result:
        return sim.start_navigation(conversions.goal_from_msg(goal.pose, sim.state))

    def _navigation_feedback(self, sim: Simulation) -> Any:
        message = NavigateToPose.Feedback()
        message.current_pose.header.frame_id = frames.MAP
        message.current_pose.header.stamp = self._stamp(sim.state.time_s)
        message.current_pose.pose = conversions.pose_to_msg(sim.state.pose)
        progress = sim.navigator.progress
        message.navigation_time = duration_to_msg(progress.elapsed_s)
        message.estimated_time_remaining = duration_to_msg(progress.remaining_s)
        message.distance_remaining = progress.distance_remaining_m
        return message

    def _navigation_result(self, result: Result, started: bool) -> Any:
        message = NavigateToPose.Result(error_msg=result.message)
        if not result.ok:
            blocked = result.code is Code.NAVIGATION_BLOCKED
            if started:
                message.error_code = NAV2_NO_PROGRESS if blocked else NAV2_CONTROLLER_UNKNOWN
            else:
                message.error_code = NAV2_NO_VALID_PATH if blocked else NAV2_PLANNER_UNKNOWN
        return message

    def _start_manipulation(self, goal: Any, sim: Simulation) -> Result:
        try:
            operation = Operation(goal.operation)
        except ValueError:
            return Result(Code.INVALID_REQUEST, f"there is no operation {goal.operation}")
        if operation in (Operation.STOW, Operation.RELEASE):
            from vla_sim.robot.manipulation import Target

            return sim.start_manipulation(operation, Target(0.0, 0.0, 0.0))
        return sim.start_manipulation(
            operation, conversions.target_from_msg(goal.target, goal.size, sim.state)
        )

    def _manipulation_feedback(self, sim: Simulation) -> Any:
        progress = sim.manipulator.progress
        return Manipulate.Feedback(phase=int(progress.phase), progress=progress.fraction)

    def _manipulation_result(self, result: Result, _: bool) -> Any:
        state = self.runner.state
        return Manipulate.Result(
            outcome=outcome_to_msg(result),
            holding=state.holding,
            gripper_width=max(state.jaw_width_m, 0.0),
        )

    def _start_head(self, goal: Any, sim: Simulation) -> Result:
        point = conversions.point_from_msg(goal.target, sim.state)
        duration = time_from_msg(goal.min_duration)
        return sim.head.start(point, goal.max_velocity, duration, sim.time_s)

    def _head_feedback(self, sim: Simulation) -> Any:
        return PointHead.Feedback(pointing_angle_error=sim.head.error_rad)


def main() -> None:
    """Entry point of the console script."""
    try:
        spin_main(SimNode, threads=8)
    except VlaError as error:
        sys.exit(f"sim: {error}")


if __name__ == "__main__":
    main()
