# SPDX-License-Identifier: Apache-2.0
"""The node in this process with a fake camera: queries, topics, bad images, what is held, life cycle."""

from __future__ import annotations

import array
import itertools
import math
import os
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

pytestmark = pytest.mark.ros
rclpy = pytest.importorskip("rclpy")

from builtin_interfaces.msg import Duration  # noqa: E402
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus  # noqa: E402
from geometry_msgs.msg import TransformStamped  # noqa: E402
from rclpy.context import Context  # noqa: E402
from rclpy.executors import MultiThreadedExecutor  # noqa: E402
from rclpy.lifecycle import TransitionCallbackReturn  # noqa: E402
from rclpy.node import Node  # noqa: E402
from rclpy.parameter import Parameter  # noqa: E402
from sensor_msgs.msg import CameraInfo, Image  # noqa: E402
from tf2_msgs.msg import TFMessage  # noqa: E402
from vision_msgs.msg import Detection2DArray, Detection3DArray  # noqa: E402
from visualization_msgs.msg import MarkerArray  # noqa: E402
from vla_interfaces.msg import ExecutionState, ObjectRef, PlaceArray, Scene  # noqa: E402
from vla_interfaces.srv import QueryScene  # noqa: E402

from vla_common.contracts.outcomes import Code  # noqa: E402
from vla_common.ros import qos  # noqa: E402
from vla_common.ros.conversions import place_to_msg, scene_from_msg  # noqa: E402
from vla_common.ros.spin import spin_on  # noqa: E402
from vla_perception.rgbd.frame import Transform  # noqa: E402
from vla_perception.rgbd.geometry_check import BODY_FROM_OPTICAL  # noqa: E402
from vla_perception.ros.perception_node import PerceptionNode  # noqa: E402
from vla_testing.perception.synthetic import BASE, CAMERA, TABLE, furniture, on_table, render  # noqa: E402

LONG_S = 30.0
NUMBERS = itertools.count(1)
CUP = on_table("cup", "red", 1.2, 0.1, (0.075, 0.075, 0.09))
BALL = on_table("ball", "yellow", 1.2, -0.2, (0.066, 0.066, 0.066))
K = render([], CAMERA)[2]
BODY = Transform(CAMERA.rotation @ BODY_FROM_OPTICAL.T, CAMERA.translation)
BESIDE = Transform(CAMERA.rotation, CAMERA.apply(np.array([[0.055, 0.0, 0.0]]))[0])
LARGE = array.array("B", bytes([90]) * (4000 * 2400 * 3))


def quaternion(rotation: np.ndarray) -> tuple[float, float, float, float]:
    """x, y, z, w of a rotation whose trace is not near -1."""
    w = math.sqrt(max(1e-9, 1.0 + np.trace(rotation))) / 2
    return (
        (rotation[2, 1] - rotation[1, 2]) / (4 * w),
        (rotation[0, 2] - rotation[2, 0]) / (4 * w),
        (rotation[1, 0] - rotation[0, 1]) / (4 * w),
        w,
    )


class FakeCamera(Node):
    """A camera, its transforms and a map of places. `spoil` changes what is sent, None sends nothing."""

    def __init__(self, context: Context, namespace: str) -> None:
        super().__init__("fake_camera", namespace=namespace, context=context)
        self.color = self.create_publisher(Image, "camera/color/image_raw", qos.SENSOR)
        self.depth = self.create_publisher(Image, "camera/depth/image_raw", qos.SENSOR)
        self.info = self.create_publisher(CameraInfo, "camera/color/camera_info", qos.SENSOR)
        self.depth_info = self.create_publisher(CameraInfo, "camera/depth/camera_info", qos.SENSOR)
        self.depth_k: float | None = None
        self.tf = self.create_publisher(TFMessage, "tf", 10)
        self.places = self.create_publisher(PlaceArray, "places", qos.LATCHED)
        self.state = self.create_publisher(ExecutionState, "execution_state", qos.LATCHED)
        self.spoil: Callable[[Image, Image, CameraInfo], object] | None = None
        self.transforms = True
        self.base: Transform | None = BASE
        self.show([CUP, BALL])
        self.create_timer(0.05, self._send)

    def show(self, things: list) -> None:
        rgb, depth, _ = render(furniture(TABLE) + things, CAMERA)
        self.rgb, self.meters = _bytes(rgb), _bytes(depth)

    def start(self) -> None:
        self.spoil = lambda color, depth, info: None

    def stop(self) -> None:
        self.spoil = None

    def send_places(self, map_id: str = "") -> None:
        self.places.publish(PlaceArray(places=[place_to_msg(TABLE)], map_id=map_id))

    def _send(self) -> None:
        if self.spoil is None:
            return
        stamp = self.get_clock().now().to_msg()
        color = Image(width=320, height=240, encoding="rgb8", step=960, data=self.rgb)
        depth = Image(width=320, height=240, encoding="32FC1", step=1280, data=self.meters)
        info = CameraInfo(
            width=320, height=240, k=[K.fx, 0.0, K.cx, 0.0, K.fy, K.cy, 0.0, 0.0, 1.0]
        )
        for message in (color, depth, info):
            message.header.stamp, message.header.frame_id = stamp, "optical"
        self.spoil(color, depth, info)
        if self.transforms:
            transforms = [
                _transform("optical", CAMERA, stamp),
                _transform("camera_link", BODY, stamp),
                _transform("beside", BESIDE, stamp),
            ]
            if self.base is not None:
                transforms.append(_transform("base_link", self.base, stamp))
            self.tf.publish(TFMessage(transforms=transforms))
        if info.width:
            self.info.publish(info)
        if self.depth_k is not None:
            k = [self.depth_k, 0.0, K.cx, 0.0, self.depth_k, K.cy, 0.0, 0.0, 1.0]
            self.depth_info.publish(
                CameraInfo(
                    header=depth.header, width=320, height=240, k=k, distortion_model="plumb_bob"
                )
            )
        self.color.publish(color)
        if depth.encoding != "none":
            self.depth.publish(depth)


def _bytes(values: np.ndarray) -> array.array:
    out = array.array("B")
    out.frombytes(values.tobytes())
    return out


def _transform(child, pose, stamp) -> TransformStamped:
    message = TransformStamped(child_frame_id=child)
    message.header.frame_id, message.header.stamp = "map", stamp
    t, r = message.transform.translation, message.transform.rotation
    t.x, t.y, t.z = (float(v) for v in pose.translation)
    r.x, r.y, r.z, r.w = (float(v) for v in quaternion(pose.rotation))
    return message


class Rig:
    """The node under test, the fake camera and a client, spinning in a thread."""

    def __init__(self, **parameters: object) -> None:
        self.kept: list = []
        self.context = Context()
        domain = int(os.environ.get("ROS_DOMAIN_ID", "95"))
        rclpy.init(context=self.context, domain_id=domain)
        # What one test has seen is not remembered in the next.
        parameters = {"memory_file": "none", **parameters}
        overrides = [Parameter(f"vision.{name}", value=value) for name, value in parameters.items()]
        # Rigs may overlap: a namespace and transforms of its own for each.
        name = f"rig{next(NUMBERS)}"
        self.node = PerceptionNode(
            namespace=name,
            context=self.context,
            parameter_overrides=overrides,
            cli_args=["--ros-args", "-r", "/tf:=tf", "-r", "/tf_static:=tf_static"],
        )
        self.camera = FakeCamera(self.context, name)
        self.user = Node("user", namespace=name, context=self.context)
        self.client = self.user.create_client(QueryScene, "query_scene")
        self.executor = MultiThreadedExecutor(num_threads=8, context=self.context)
        for node in (self.node, self.camera, self.user):
            self.executor.add_node(node)
        self.thread = threading.Thread(target=spin_on, args=(self.executor,), daemon=True)
        self.thread.start()

    def up(self) -> Rig:
        assert self.node.trigger_configure() is TransitionCallbackReturn.SUCCESS
        assert self.node.trigger_activate() is TransitionCallbackReturn.SUCCESS
        return self

    def query(
        self, fresh: bool = True, timeout_s: float = 0.0, **words: object
    ) -> QueryScene.Response:
        assert self.client.wait_for_service(timeout_sec=LONG_S)
        request = QueryScene.Request(query=ObjectRef(**words), fresh=fresh)
        request.timeout = Duration(sec=int(timeout_s), nanosec=int((timeout_s % 1) * 1e9))
        done = threading.Event()
        future = self.client.call_async(request)
        future.add_done_callback(lambda _: done.set())
        assert done.wait(2 * LONG_S), "no answer"
        return future.result()

    def next_message(
        self,
        kind: type,
        topic: str,
        profile: object,
        fits: Callable[[object], bool] = lambda m: True,
    ):
        """The first message on a topic that fits."""
        found: list = []
        come = threading.Event()

        def take(message: object) -> None:
            if not come.is_set() and fits(message):
                found.append(message)
                come.set()

        subscription = self.user.create_subscription(kind, topic, take, profile)
        self.kept.append(subscription)
        assert come.wait(LONG_S), f"nothing on {topic}"
        return found[0]

    def diagnosis(self, fits: Callable[[DiagnosticStatus], bool]) -> DiagnosticStatus:
        """The next that the node says of itself and that fits."""
        name = self.node.get_fully_qualified_name()
        message = self.next_message(
            DiagnosticArray,
            "/diagnostics",
            10,
            lambda m: m.status[0].name == name and fits(m.status[0]),
        )
        return message.status[0]

    @staticmethod
    def until(condition: Callable[[], bool]) -> None:
        """Wait for what nobody tells."""
        deadline = time.monotonic() + LONG_S
        while not condition():
            assert time.monotonic() < deadline, "timed out"
            threading.Event().wait(0.005)

    def close(self) -> None:
        self.camera.stop()
        self.node.close()
        self.executor.shutdown(timeout_sec=5.0)
        for node in (self.node, self.camera, self.user):
            node.destroy_node()
        rclpy.shutdown(context=self.context)
        self.thread.join(5.0)


@pytest.fixture
def rig() -> Iterator[Callable[..., Rig]]:
    made: list[Rig] = []

    def make(**parameters: object) -> Rig:
        made.append(Rig(**parameters))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture(scope="module")
def running() -> Iterator[Rig]:
    """A node that has seen the table once, for tests that change nothing for good."""
    one = Rig(fresh_timeout_s=LONG_S, tf_timeout_s=0.5).up()
    one.camera.send_places()
    one.next_message(PlaceArray, "places", qos.LATCHED)
    one.camera.start()
    assert one.query().outcome.code == Code.OK
    yield one
    one.close()


@pytest.fixture
def seeing(running: Rig) -> Iterator[Rig]:
    """`running` with a good camera before and after."""
    running.camera.start()
    running.camera.transforms = True
    yield running
    running.camera.start()
    running.camera.transforms = True
    running.camera.show([CUP, BALL])


def test_a_fresh_query_finds_what_is_on_the_table(seeing):
    before = seeing.user.get_clock().now().nanoseconds
    answer = seeing.query(label="cup", attributes=["red"])
    assert answer.outcome.code == Code.OK and answer.outcome.message == ""
    (cup,) = answer.objects
    assert (cup.label, cup.color, cup.place, cup.visible, cup.held) == (
        "cup",
        "red",
        "table",
        True,
        False,
    )
    p = cup.pose.pose.position
    assert math.dist((p.x, p.y, p.z), CUP.position) < 0.015
    assert len(answer.scene.objects) == 2 and [place.name for place in answer.scene.places] == [
        "table"
    ]
    assert answer.observed_at.sec * 10**9 + answer.observed_at.nanosec > before
    assert answer.scene.header.frame_id == "map"


def test_an_unfit_query_is_ok_and_empty(seeing):
    answer = seeing.query(fresh=False, label="banana")
    assert answer.outcome.code == Code.OK and list(answer.objects) == []
    assert len(answer.scene.objects) == 2


def test_detections_carry_the_stamp_of_their_image(seeing):
    stamps: list = []
    seeing.user.create_subscription(
        Image,
        "camera/color/image_raw",
        lambda m: stamps.append((m.header.stamp.sec, m.header.stamp.nanosec)),
        qos.SENSOR,
    )
    seeing.camera.state.publish(ExecutionState(state=ExecutionState.RUNNING))
    flat = seeing.next_message(
        Detection2DArray, "detections_2d", qos.SENSOR,
        lambda m: (m.header.stamp.sec, m.header.stamp.nanosec) in stamps,
    )  # fmt: skip
    solid = seeing.next_message(Detection3DArray, "detections_3d", qos.SENSOR)
    assert flat.header.frame_id == "optical" and solid.header.frame_id == "map"
    assert sorted(d.results[0].hypothesis.class_id for d in flat.detections) == ["ball", "cup"]
    assert sorted(d.id for d in solid.detections) == sorted(
        o.id for o in seeing.query(fresh=False).objects
    )
    seeing.camera.state.publish(ExecutionState(state=ExecutionState.IDLE))


def test_the_scene_is_there_for_late_comers(seeing):
    scene = seeing.next_message(Scene, "scene", qos.LATCHED)
    assert len(scene.objects) == 2 and scene.header.frame_id == "map"


def test_the_scene_says_where_the_robot_was(seeing):
    yaw = 0.4
    where = Transform.from_quaternion(
        (-0.2, 0.1, 0.0), (0, 0, math.sin(yaw / 2), math.cos(yaw / 2))
    )
    for pose, wanted in ((where, (-0.2, 0.1, yaw)), (None, None), (BASE, (0.0, 0.0, 0.0))):
        seeing.camera.base = pose
        # The first look may be at a picture that was taken before.
        assert seeing.query().outcome.code == seeing.query().outcome.code == Code.OK
        answers = [scene_from_msg(seeing.query(fresh=False).scene)]
        answers.append(scene_from_msg(seeing.next_message(Scene, "scene", qos.LATCHED)))
        for scene in answers:
            assert (scene.robot is None) is (wanted is None)
            assert wanted is None or scene.robot == pytest.approx(wanted)


def test_pictures_and_markers_for_people(seeing):
    picture = seeing.next_message(Image, "annotated_image", qos.SENSOR)
    assert (picture.encoding, picture.width, picture.header.frame_id) == ("rgb8", 320, "optical")
    assert bytes(picture.data) != bytes(seeing.camera.rgb)
    shown = seeing.next_message(MarkerArray, "markers", qos.COMMAND)
    assert {m.text for m in shown.markers if m.text} >= {"red cup", "yellow ball"}


def _zero_size(color, depth, info):
    color.width = color.height = color.step = 0
    color.data = array.array("B")


def _black(color, depth, info):
    color.data = _bytes(np.zeros(320 * 240 * 3, np.uint8))


def _white(color, depth, info):
    color.data = _bytes(np.full(320 * 240 * 3, 255, np.uint8))


def _nan_depth(color, depth, info):
    depth.data = _bytes(np.full(320 * 240, np.nan, np.float32))


def _other_depth_size(color, depth, info):
    depth.height, depth.data = 120, depth.data[: 1280 * 120]


def _no_depth(color, depth, info):
    depth.encoding = "none"


def _other_info(color, depth, info):
    info.width, info.height = 640, 480


def _huge(color, depth, info):
    color.width, color.height, color.step = 8660, 5774, 25980


def _future(color, depth, info):
    for message in (color, depth):
        message.header.stamp.sec += 3600


def _fisheye(color, depth, info):
    info.distortion_model, info.d = "equidistant", [0.1, 0.0, 0.0, 0.0]


def _short(color, depth, info):
    color.data = color.data[: 960 * 200]


def _step_too_small(color, depth, info):
    color.step = 320


def _step_too_large(color, depth, info):
    depth.step = 4000


def _large(color, depth, info):
    """More pixels than are allowed, and all of them there."""
    color.width, color.height, color.step = 4000, 2400, 12000
    color.data = LARGE


def _unknown_frame(color, depth, info):
    color.header.frame_id = "nowhere"


def _encoding(color, depth, info):
    color.encoding = "jpeg"


def _unstamped(color, depth, info):
    for message in (color, depth):
        message.header.stamp.sec = message.header.stamp.nanosec = 0


def _old(color, depth, info):
    for message in (color, depth):
        message.header.stamp.sec -= 3600


def _depth_beside(color, depth, info):
    depth.header.frame_id = "beside"


def _depth_without_frame(color, depth, info):
    depth.header.frame_id = ""


def _info_of_another(color, depth, info):
    info.header.frame_id = "beside"


def _body_frame(color, depth, info):
    for message in (color, depth, info):
        message.header.frame_id = "camera_link"


def _zeros(color, depth, info):
    info.k = [0.0] * 9


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (_zero_size, Code.BAD_IMAGE),
        (_black, Code.BAD_IMAGE),
        (_white, Code.BAD_IMAGE),
        (_encoding, Code.BAD_IMAGE),
        (_huge, Code.BAD_IMAGE),
        (_large, Code.BAD_IMAGE),
        (_short, Code.BAD_IMAGE),
        (_step_too_small, Code.BAD_IMAGE),
        (_step_too_large, Code.BAD_IMAGE),
        (_fisheye, Code.NO_CAMERA_INFO),
        (_nan_depth, Code.NO_DEPTH),
        (_no_depth, Code.NO_DEPTH),
        (_other_depth_size, Code.BAD_IMAGE),
        (_other_info, Code.NO_CAMERA_INFO),
        (_unknown_frame, Code.NO_TRANSFORM),
        (_unstamped, Code.BAD_IMAGE),
        (_depth_beside, Code.BAD_IMAGE),
        (_depth_without_frame, Code.BAD_IMAGE),
        (_info_of_another, Code.NO_CAMERA_INFO),
        (_body_frame, Code.NO_TRANSFORM),
        (_zeros, Code.NO_CAMERA_INFO),
    ],
    ids=lambda value: getattr(value, "__name__", "").strip("_"),
)
def test_a_bad_picture_is_an_outcome_and_changes_nothing(seeing, spoil, code):
    seeing.query()
    before = {o.id: o.pose.pose.position for o in seeing.query(fresh=False).objects}
    seeing.camera.spoil = spoil
    if spoil in (_other_info, _fisheye):
        # A topic of its own, in no order with the images: wait until it has come.
        seeing.until(lambda: seeing.node._info.width == 640 or len(seeing.node._info.d) > 0)
    if spoil in (_zeros, _info_of_another, _body_frame):
        changed = ("beside", "camera_link")
        seeing.until(
            lambda: not any(seeing.node._info.k) or seeing.node._info.header.frame_id in changed
        )
    # Three images that can't be used end the query; where half of each is missing, only time does.
    slow = spoil in (_no_depth, _unstamped)
    answer = seeing.query(timeout_s=3.0 if slow else LONG_S)
    assert (answer.outcome.code, bool(answer.outcome.message)) == (code, True)
    known = {o.id: o.pose.pose.position for o in answer.objects}
    assert set(known) == set(before), "what is known stays known"
    assert all(math.dist((p.x, p.y), (before[i].x, before[i].y)) < 0.01 for i, p in known.items())
    said = seeing.diagnosis(lambda status: status.level == DiagnosticStatus.ERROR)
    assert said.message == answer.outcome.message, "the diagnostics say the same"
    seeing.camera.start()
    seeing.until(lambda: seeing.node._info.width == 320 and len(seeing.node._info.d) == 0)
    seeing.until(
        lambda: any(seeing.node._info.k) and seeing.node._info.header.frame_id == "optical"
    )
    assert seeing.query().outcome.code == Code.OK
    seeing.diagnosis(lambda status: status.level == DiagnosticStatus.OK)


def test_stamps_from_the_future_are_refused(rig):
    one = rig(fresh_timeout_s=LONG_S).up()
    one.camera.spoil = _future
    answer = one.query()
    assert answer.outcome.code == Code.BAD_IMAGE and "future" in answer.outcome.message


def test_stamps_of_another_clock_are_refused(rig):
    one = rig(fresh_timeout_s=0.3).up()
    one.camera.spoil = _old
    said = one.diagnosis(lambda status: "old" in status.message)
    assert said.level == DiagnosticStatus.ERROR and "clock" in said.message


def test_depth_of_the_camera_beside_is_registered_with_its_camera_info(seeing):
    wanted = {o.id: o.pose.pose.position for o in seeing.query().objects}
    _, depth, _ = render([*furniture(TABLE), CUP, BALL], BESIDE)
    seeing.camera.meters = _bytes(depth)
    seeing.camera.spoil, seeing.camera.depth_k = _depth_beside, K.fx
    try:
        seeing.until(lambda: seeing.node._depth_info is not None)
        seeing.until(lambda: seeing.query().outcome.code == Code.OK)
        answer = seeing.query()
        assert {o.id for o in answer.objects} == set(wanted)
        for item in answer.objects:
            p, q = item.pose.pose.position, wanted[item.id]
            assert math.dist((p.x, p.y, p.z), (q.x, q.y, q.z)) < 0.02
    finally:
        seeing.camera.depth_k, seeing.node._depth_info = None, None


def test_a_gray_camera_gives_no_colors_and_says_so(rig):
    def gray(color, depth, info):
        values = np.frombuffer(color.data, np.uint8).reshape(240, 320, 3)[:, :, 1]
        color.encoding, color.step, color.data = "mono8", 320, _bytes(np.ascontiguousarray(values))

    one = rig(fresh_timeout_s=LONG_S).up()
    one.camera.send_places()
    one.camera.spoil = gray
    one.until(lambda: len(one.query().objects) == 2)
    answer = one.query()
    assert {item.color for item in answer.objects} == {""}
    red = one.query(attributes=["red"])
    assert red.outcome.code == Code.BAD_IMAGE and "can't tell colours" in red.outcome.message
    assert one.query(label="banana").outcome.code == Code.OK
    said = one.diagnosis(lambda status: any("grey" in pair.value for pair in status.values))
    assert said.level == DiagnosticStatus.OK


def test_a_query_of_absurd_size_is_refused(seeing):
    for words in (
        {"label": "c" * 100_000},
        {"attributes": ["red"] * 10_000},
        {"relation": "on", "reference": ["the cup"] * 10_000},
    ):
        answer = seeing.query(fresh=False, **words)
        assert answer.outcome.code == Code.INVALID_REQUEST and answer.outcome.message


def test_a_list_with_a_place_that_can_not_be_is_not_believed(seeing):
    good = place_to_msg(TABLE)
    for change in ("x", "size", "kind", "name"):
        bad = place_to_msg(TABLE)
        if change == "x":
            bad.pose.position.x = 1e300
        elif change == "size":
            bad.size.x = -5.0
        elif change == "kind":
            bad.kind = 99
        else:
            bad.name = "p" * 100_000
        seeing.camera.places.publish(PlaceArray(places=[good, bad]))
    seeing.camera.places.publish(PlaceArray())
    marker = place_to_msg(TABLE)
    marker.aliases = ["counter"]
    seeing.camera.places.publish(PlaceArray(places=[marker]))
    seeing.until(lambda: seeing.query(fresh=False).scene.places[0].aliases == ["counter"])
    answer = seeing.query()
    assert [place.name for place in answer.scene.places] == ["table"] and len(answer.objects) == 2


def test_without_a_camera_the_node_is_active_and_says_so(rig):
    one = rig().up()
    one.camera.send_places()
    one.next_message(PlaceArray, "places", qos.LATCHED)
    answer = one.query(timeout_s=0.3)
    while not answer.scene.places:
        answer = one.query(timeout_s=0.3)
    assert answer.outcome.code == Code.NO_IMAGE and "camera" in answer.outcome.message
    assert one.node.active and [place.name for place in answer.scene.places] == ["table"]
    assert list(answer.objects) == []


def test_no_camera_info_and_the_parameter_in_its_place(rig, tmp_path):
    def without_info(color, depth, info):
        info.width = 0

    one = rig(fresh_timeout_s=LONG_S).up()
    one.camera.spoil = without_info
    assert one.query().outcome.code == Code.NO_CAMERA_INFO
    places = tmp_path / "places.yaml"
    places.write_text(
        "places: [{name: table, kind: surface, position: [1.3, 0, 0.7], size: [0.7, 1.2]}]"
    )
    two = rig(
        camera_matrix=[K.fx, 0.0, K.cx, 0.0, K.fy, K.cy, 0.0, 0.0, 1.0], places_file=str(places)
    ).up()
    one.camera.stop()
    two.camera.spoil = without_info
    answer = two.query(timeout_s=LONG_S)
    assert answer.outcome.code == Code.OK
    assert {(o.color, o.place) for o in answer.objects} == {("red", "table"), ("yellow", "table")}


def test_what_is_held_is_held_and_at_no_place(seeing):
    (cup,) = seeing.query(label="cup").objects
    seeing.camera.state.publish(
        ExecutionState(state=ExecutionState.RUNNING, holding=True, held_object_id=cup.id)
    )
    seeing.camera.show([BALL])
    scene = seeing.next_message(
        Scene, "scene", qos.LATCHED, lambda m: any(o.held for o in m.objects)
    )
    (held,) = [o for o in scene.objects if o.held]
    assert (held.id, held.place) == (cup.id, "")
    seeing.camera.state.publish(ExecutionState(state=ExecutionState.IDLE))
    seeing.camera.show([CUP, BALL])
    back = seeing.next_message(
        Scene,
        "scene",
        qos.LATCHED,
        lambda m: any(o.id == cup.id and o.visible and not o.held for o in m.objects),
    )
    assert len(back.objects) == 2


def test_what_is_known_is_kept_over_a_restart(rig, tmp_path):
    file = str(tmp_path / "scene.sqlite")
    one = rig(fresh_timeout_s=LONG_S, memory_file=file).up()
    one.camera.send_places("home")
    one.camera.start()
    one.until(lambda: len(one.query().scene.places) == 1)
    before = {o.id: o for o in one.query().objects}
    assert len(before) == 2
    one.camera.stop()
    one.node.close()

    two = rig(memory_file=file).up()
    two.camera.send_places("home")
    two.until(lambda: len(two.query(fresh=False, timeout_s=0.1).scene.places) == 1)
    answer = two.query(fresh=False, timeout_s=0.1)
    # There has been no look since the start, and that is what the outcome says; what is remembered is shown as such.
    assert answer.outcome.code == Code.NO_IMAGE
    known = {o.id: o for o in answer.objects}
    assert set(known) == set(before) and not any(o.visible for o in known.values())
    for name, item in known.items():
        assert item.first_seen == before[name].first_seen
        assert (item.last_seen.sec, item.last_seen.nanosec) >= (
            before[name].first_seen.sec,
            before[name].first_seen.nanosec,
        )
    assert answer.observed_at.sec > 0
    two.camera.start()
    two.camera.show([CUP])
    assert two.query(timeout_s=LONG_S, label="cup").outcome.code == Code.OK
    (cup,) = two.query(timeout_s=LONG_S, label="cup").objects
    assert cup.id in before and cup.visible and cup.first_seen == before[cup.id].first_seen

    two.camera.send_places("another")
    two.until(lambda: not {o.id for o in two.query(fresh=False).objects} & set(before))


def test_life_cycle(rig):
    one = rig(fresh_timeout_s=LONG_S)
    assert one.node.trigger_configure() is TransitionCallbackReturn.SUCCESS
    assert one.query().outcome.code == Code.NOT_READY
    one.camera.start()
    for _ in range(2):
        assert one.node.trigger_activate() is TransitionCallbackReturn.SUCCESS
        assert one.query().outcome.code == Code.OK
        assert one.node.trigger_deactivate() is TransitionCallbackReturn.SUCCESS
        assert one.query().outcome.code == Code.NOT_READY
    assert one.node.trigger_cleanup() is TransitionCallbackReturn.SUCCESS
    assert one.node.trigger_configure() is TransitionCallbackReturn.SUCCESS


def test_a_wrong_parameter_fails_configure(rig):
    one = rig(detection_threshold=7.0)
    assert one.node.trigger_configure() is TransitionCallbackReturn.FAILURE
