# SPDX-License-Identifier: Apache-2.0
"""The perception node: images in, objects in the map out.

Subscribes: camera/color/image_raw, camera/depth/image_raw (sensor_msgs/Image), camera/color/camera_info,
camera/depth/camera_info (sensor_msgs/CameraInfo), places (vla_interfaces/PlaceArray, latched), execution_state
(vla_interfaces/ExecutionState, latched), /tf, /tf_static.
Publishes: detections_2d (vision_msgs/Detection2DArray), detections_3d (vision_msgs/Detection3DArray), scene
(vla_interfaces/Scene, latched), annotated_image (sensor_msgs/Image), markers (visualization_msgs/MarkerArray), and
/diagnostics.
Serves: query_scene (vla_interfaces/QueryScene).
Parameters: group `vision`, see `config`.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.duration import Duration
from rclpy.time import Time
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header
from tf2_ros import TransformException, TransformListener
from vision_msgs.msg import Detection2DArray, Detection3DArray
from visualization_msgs.msg import MarkerArray
from vla_interfaces.msg import ExecutionState, PlaceArray
from vla_interfaces.msg import Scene as SceneMsg
from vla_interfaces.srv import QueryScene

from vla_common.contracts.outcomes import OK, Code, Result, VlaError
from vla_common.contracts.scene import Scene
from vla_common.ros import qos, spin
from vla_common.ros.conversions import (
    outcome_to_msg,
    scene_object_to_msg,
    scene_to_msg,
    time_from_msg,
    time_to_msg,
)
from vla_common.ros.lifecycle import VlaLifecycleNode
from vla_common.ros.tf_client import LeapingBuffer
from vla_perception.config import VisionConfig
from vla_perception.detect.backends import choose_detector
from vla_perception.drawing import annotate
from vla_perception.memory.places import load_places
from vla_perception.memory.scene_keeper import SceneKeeper
from vla_perception.memory.scene_memory import SceneMemory
from vla_perception.memory.scene_store import OFF, SceneStore, memory_path
from vla_perception.pipeline import Sighting, look
from vla_perception.rgbd.frame import F32, Intrinsics, Transform, make_frame
from vla_perception.rgbd.frame_processor import FrameProcessor
from vla_perception.rgbd.geometry_check import FrameWatch
from vla_perception.rgbd.pixel_formats import shows_colors
from vla_perception.rgbd.registration import register, same_pose, same_view
from vla_perception.rgbd.rgbd_synchronizer import RgbdPair
from vla_perception.ros import conversions

LOG_PERIOD_S = 5.0
FUTURE_S = 1.0
"""Stamps farther ahead of the clock are wrong: such an image would pass for fresh for ever."""
STALE_S = 10.0
"""Older stamps are of another clock: nobody works that long on one picture."""
GRAY_NOTE = "The camera's picture is grey: colours are not known."
IN_PLACE = Transform.from_quaternion((0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0))
STUCK_LOOK_S = 20.0
"""Far more than the slowest backend takes for one picture."""


class PerceptionNode(VlaLifecycleNode):
    """See the module."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("perception", {"vision": VisionConfig}, **kwargs)
        self._worker: FrameProcessor | None = None
        self._info: CameraInfo | None = None
        self._depth_info: CameraInfo | None = None

    # --- transitions --------------------------------------------------------------------------------

    def configure(self) -> None:
        self._config: VisionConfig = self.config("vision")
        choice = choose_detector(self._config)
        self._detector = choice.detector
        self._complaint = choice.complaint
        for remark in (choice.complaint, choice.caution):
            if remark:
                self.get_logger().warning(remark)
        c = self._config
        places = load_places(Path(c.places_file)) if c.places_file else ()
        store = self._open_store()
        memory = SceneMemory(
            c.memory_merge_m,
            c.memory_misses,
            c.memory_max_objects,
            store.first_number if store is not None else 1,
        )
        self._keeper = SceneKeeper(memory, store, self._now_s, self.get_logger().warning, places)
        self._frames = FrameWatch()
        self._buffer = LeapingBuffer(self._now_s, self.get_logger().warning)
        self._listener = TransformListener(self._buffer, self.streams)
        self.create_service(
            QueryScene, "query_scene", self._on_query, callback_group=self.reentrant
        )
        self.create_subscription(PlaceArray, "places", self._on_places, qos.LATCHED)
        self.create_subscription(
            ExecutionState, "execution_state", self._on_execution_state, qos.LATCHED
        )

    def activate(self) -> None:
        c = self._config
        self._detections_2d = self.create_publisher(Detection2DArray, "detections_2d", qos.SENSOR)
        self._detections_3d = self.create_publisher(Detection3DArray, "detections_3d", qos.SENSOR)
        self._scene = self.create_publisher(SceneMsg, "scene", qos.LATCHED)
        self._annotated = self.create_publisher(Image, "annotated_image", qos.SENSOR)
        self._markers = self.create_publisher(MarkerArray, "markers", qos.COMMAND)
        worker = FrameProcessor(
            self._watched_look,
            frame_rate_hz=c.frame_rate,
            idle_rate_hz=c.idle_rate_hz,
            slack_s=c.depth_slack_s,
            on_result=self._after_look,
        )
        for kind, topic, callback in (
            (
                Image,
                "camera/color/image_raw",
                lambda m: worker.add_color(time_from_msg(m.header.stamp), m),
            ),
            (
                Image,
                "camera/depth/image_raw",
                lambda m: worker.add_depth(time_from_msg(m.header.stamp), m),
            ),
            (CameraInfo, "camera/color/camera_info", self._on_info),
            (CameraInfo, "camera/depth/camera_info", self._on_depth_info),
        ):
            self.streams.create_subscription(kind, topic, callback, qos.SENSOR)
        self.create_timer(1.0, self._watch, clock=Clock(clock_type=ClockType.STEADY_TIME))
        worker.start()
        self._worker = worker
        detector = self._detector
        self.report_health(OK, backend=detector.name, model=detector.model, device=detector.device)

    def deactivate(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None and not worker.stop():
            self.get_logger().error("a look did not end in time")

    def cleanup(self) -> None:
        self._keeper.close()
        self._info = self._depth_info = None

    def _open_store(self) -> SceneStore | None:
        """Where the memory is kept. Stamps of simulated time mean nothing after a restart: then it is not."""
        file = self._config.memory_file
        if file == OFF:
            return None
        if self.get_parameter("use_sim_time").value:
            if file:
                self.get_logger().warning("vision.memory_file is not used with simulated time")
            return None
        return SceneStore(memory_path(file, self.get_namespace()), self.get_logger().warning)

    def _now_s(self) -> float:
        return float(self.get_clock().now().nanoseconds * 1e-9)

    # --- what comes in ------------------------------------------------------------------------------

    def _on_info(self, message: CameraInfo) -> None:
        self._info = message

    def _on_depth_info(self, message: CameraInfo) -> None:
        self._depth_info = message

    def _on_places(self, message: PlaceArray) -> None:
        try:
            places = conversions.places_from_msg(message)
        except VlaError as error:
            self.get_logger().error(f"the list of places can't be used: {error.message!r}")
            return
        self._keeper.set_map(places, message.map_id)

    def _on_execution_state(self, message: ExecutionState) -> None:
        worker = self._worker
        if worker is not None:
            worker.set_busy(message.state in (ExecutionState.RUNNING, ExecutionState.CANCELING))
        self._keeper.hold(message.held_object_id if message.holding else "")

    # --- one look -----------------------------------------------------------------------------------

    def _watched_look(self, pair: RgbdPair) -> None:
        """A look that never ends stops the pulse, and the state manager starts the node again."""
        with self.loops.busy("look", STUCK_LOOK_S):
            self._look(pair)

    def _look(self, pair: RgbdPair) -> None:
        """Process one pair of images. Runs on the worker. Errors: VlaError for images that can't be used."""
        begin = time.monotonic()
        c, header = self._config, pair.color.header
        self._check_time(pair)
        rgb, depth = conversions.color_from_msg(pair.color), conversions.depth_from_msg(pair.depth)
        name = conversions.frame_of(pair.color)
        camera = self._transform(name, header.stamp, c.tf_timeout_s)
        if camera is None:
            raise VlaError(
                Code.NO_TRANSFORM,
                f"Where the camera ('{name[:60]}') is in '{c.map_frame}' is not known.",
            )
        intrinsics = self._intrinsics(name, rgb.shape[1], rgb.shape[0], header.stamp)
        depth = self._registered(pair.depth, depth, name, intrinsics)
        colored = shows_colors(pair.color.encoding, rgb)
        base = self._transform(c.base_frame, header.stamp)
        hand = self._transform(c.hand_frame, header.stamp)
        frame = make_frame(
            rgb,
            depth,
            intrinsics,
            camera,
            pair.stamp_s,
            base,
            min_depth_m=c.min_depth_m,
            max_depth_m=c.max_depth_m,
            frame_id=name,
            colored=colored,
        )
        self._frames.check(frame, self._keeper.places)
        sightings = look(frame, self._detector, self._keeper.places, c, hand)
        ids, scene = self._keeper.saw(sightings, frame, hand)
        self._publish(sightings, ids, scene, header, rgb)
        spent_ms = (time.monotonic() - begin) * 1e3
        self.report_health(
            OK,
            latency_ms=f"{spent_ms:.1f}",
            model_ms=f"{self._detector.latency_ms:.1f}",
            note=self._detector.note or self._complaint or ("" if colored else GRAY_NOTE),
            objects=len(scene.objects),
        )

    def _check_time(self, pair: RgbdPair) -> None:
        """Errors: BAD_IMAGE."""
        now_s = self._now_s()
        if pair.stamp_s > now_s + FUTURE_S or pair.depth_stamp_s > now_s + FUTURE_S:
            raise VlaError(
                Code.BAD_IMAGE, "The image's stamp lies in the future; are the clocks in step?"
            )
        if pair.since_s < now_s - STALE_S:
            raise VlaError(
                Code.BAD_IMAGE,
                f"The image's stamp is {now_s - pair.since_s:.0f} s old; are the clocks in step? A recording needs "
                "use_sim_time and its clock.",
            )

    def _intrinsics(self, frame: str, width: int, height: int, stamp: Any) -> Intrinsics:
        """Of the colour camera, whose frame it is. Errors: NO_CAMERA_INFO."""
        info = self._info
        if info is not None and conversions.is_calibrated(info):
            named = conversions.frame_of(info)
            if named and named != frame:
                moved = self._transform(named, stamp, target=frame)
                if moved is None or not same_pose(moved):
                    raise VlaError(
                        Code.NO_CAMERA_INFO,
                        f"The camera_info is of the frame '{named[:60]}' and the colour image of '{frame[:60]}': it is "
                        "another camera's.",
                    )
            return conversions.intrinsics_from_msg(info, self._config.rectified, (width, height))
        if self._config.camera_matrix:
            return Intrinsics.from_matrix(self._config.camera_matrix, width, height)
        what = (
            "publishes no camera_info"
            if info is None
            else "is not calibrated (its camera_info is zeros)"
        )
        raise VlaError(
            Code.NO_CAMERA_INFO, f"The camera {what}, and vision.camera_matrix is not set."
        )

    def _registered(self, message: Image, depth: F32, frame: str, intrinsics: Intrinsics) -> F32:
        """The depth as the colour camera sees it, whose frame and intrinsics these are. Errors: BAD_IMAGE."""
        named = conversions.frame_of(message)
        info = self._depth_info
        if info is not None and not (
            conversions.is_calibrated(info) and conversions.frame_of(info) in ("", named)
        ):
            info = None
        if named == frame and info is None:
            return depth  # registered, as the contract has it
        complaint = (
            f"The depth image is of the frame '{named[:60]}' and the colour image of '{frame[:60]}', so that it is not "
            "registered to colour"
        )
        if info is None:
            raise VlaError(
                Code.BAD_IMAGE,
                f"{complaint}, and no camera_info of the depth camera is there to do it with. Name the topic of the "
                "depth that is aligned to colour, or that of camera/depth/camera_info.",
            )
        moved: Transform | None = IN_PLACE
        if named != frame:
            stamp, timeout_s = message.header.stamp, self._config.tf_timeout_s
            moved = self._transform(named, stamp, timeout_s, target=frame)
        if moved is None:
            raise VlaError(
                Code.BAD_IMAGE, f"{complaint}, and tf does not lead from one to the other."
            )
        height, width = depth.shape
        of = conversions.intrinsics_from_msg(info, self._config.rectified, (width, height))
        if (of.width, of.height) != (width, height):
            raise VlaError(
                Code.NO_CAMERA_INFO,
                f"The camera_info of depth is for {of.width}x{of.height} pixels, its images are {width}x{height}.",
            )
        if same_view(of, intrinsics) and same_pose(moved):
            return depth
        return register(depth, of, intrinsics, moved)

    def _transform(
        self, frame: str, stamp: Any, timeout_s: float = 0.0, target: str = ""
    ) -> Transform | None:
        """Pose of a frame in the map, or in target, at a time; None when it is not known. Errors: NO_TRANSFORM for no
        rotation.
        """
        if not frame:
            return None
        try:
            found = self._buffer.lookup_transform(
                target or self._config.map_frame,
                frame,
                Time.from_msg(stamp),
                Duration(seconds=timeout_s),
            )
        except TransformException:
            return None
        return conversions.transform_from_msg(found.transform)

    def _publish(
        self, sightings: list[Sighting], ids: dict[int, str], scene: Scene, header: Header, rgb: Any
    ) -> None:
        in_map = Header(stamp=header.stamp, frame_id=self._config.map_frame)
        self._detections_2d.publish(conversions.detections_2d(sightings, ids, header))
        self._detections_3d.publish(conversions.detections_3d(sightings, ids, in_map))
        self._scene.publish(scene_to_msg(scene, self._config.map_frame))
        if self._annotated.get_subscription_count():
            self._annotated.publish(conversions.color_to_msg(annotate(rgb, sightings), header))
        if self._markers.get_subscription_count():
            self._markers.publish(conversions.markers(scene.objects, in_map))

    def _after_look(self, result: Result) -> None:
        if not result.ok:
            self.get_logger().warning(str(result), throttle_duration_sec=LOG_PERIOD_S)
            self.report_health(result)

    def _watch(self) -> None:
        """Once a second: say when the camera has gone silent, or sends only half of what is needed."""
        worker = self._worker
        result = worker.trouble(self._config.no_image_s) if worker is not None else OK
        if not result.ok:
            self.report_health(result)
            self.get_logger().warning(result.message, throttle_duration_sec=LOG_PERIOD_S)

    # --- queries ------------------------------------------------------------------------------------

    def _on_query(
        self, request: QueryScene.Request, response: QueryScene.Response
    ) -> QueryScene.Response:
        """Runs in the reentrant group, because it may wait for an image."""
        try:
            ref = conversions.query_from_msg(request.query)
        except VlaError as error:
            response.outcome = outcome_to_msg(error.result)
            return response
        self._detector.look_for(ref.label)
        result = self._prepare(request)
        scene, found = self._keeper.answer(ref)
        if result.ok and not found:
            result = self._keeper.color_doubt(ref)
        response.outcome = outcome_to_msg(result)
        response.scene = scene_to_msg(scene, self._config.map_frame)
        response.objects = [scene_object_to_msg(item) for item in found]
        response.observed_at = time_to_msg(scene.stamp_s)
        return response

    def _prepare(self, request: QueryScene.Request) -> Result:
        """Take a fresh look where one is asked for, or where there has never been one."""
        worker = self._worker
        if worker is None:
            return Result(Code.NOT_READY, "Perception is not active.")
        if not request.fresh and self._keeper.looked:
            return OK
        now_s = self._now_s()
        timeout_s = time_from_msg(request.timeout)
        if timeout_s <= 0.0:
            timeout_s = self._config.fresh_timeout_s
        return worker.wait_for_look(now_s if request.fresh else 0.0, min(timeout_s, 60.0))


def main() -> None:
    """Entry point of the console script."""
    spin.main(PerceptionNode)


if __name__ == "__main__":
    main()
