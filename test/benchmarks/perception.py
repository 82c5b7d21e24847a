# SPDX-License-Identifier: Apache-2.0
"""`./vla bench perception`: from the stamp of an image to the detections made of it, beside the bare detector.

A camera in this process sends one picture of a simulated world, colour and depth, to the node in a process of its own.
In turn with the frames, the same picture goes through the same detector in this process, called directly: that is what
nobody can be faster than. Three figures tell where the rest goes: the detector alone (`detect`), the whole look without
ROS (`look`: checks, points in the map, detector, place, colour), and the node from the picture's stamp to
`detections_3d` at the subscriber, which adds two images through DDS, tf and the answer.

Copies are counted on a message like the camera's: arrays of a picture's size or more that come into being between the
message and the detector. Processor time and memory are the node's own at 10 Hz, every picture looked at.
"""

from __future__ import annotations

import argparse
import array
import os
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import psutil
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import TransformStamped
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rclpy.executors import MultiThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image
from tf2_msgs.msg import TFMessage
from vision_msgs.msg import Detection3DArray
from vla_interfaces.msg import ExecutionState, PlaceArray

from vla_bringup.client.system_process import own_domain, run_folder
from vla_common.ros import qos
from vla_common.ros.conversions import place_to_msg, time_from_msg
from vla_common.ros.spin import spin_on
from vla_perception.config import VisionConfig
from vla_perception.detect.backends import make_detector
from vla_perception.detect.detector import Detector
from vla_perception.localize.surfaces import support_surfaces
from vla_perception.pipeline import look
from vla_perception.rgbd.frame import RgbdFrame, Transform, make_frame
from vla_perception.rgbd.robot_mask import robot_mask
from vla_perception.ros import conversions
from vla_testing.measuring import append_json, percentile, row, verdict
from vla_testing.system.perception_truth import Look, looks

RATIO_TARGET = 1.15
RATE_HZ = 10.0
WARM_UP = 10
TIMEOUT_S = 60.0
LOST_S = 2.0
"""Pictures go best effort: what has not been answered by then was lost on the way."""
NAMESPACE = "bench_perception"
SEED = 300
"""A world with things on its table; the figures are of time, not of what is found."""


@dataclass
class Times:
    """Milliseconds."""

    node: list[float] = field(default_factory=list)
    look: list[float] = field(default_factory=list)
    detect: list[float] = field(default_factory=list)
    missed: int = 0
    node_cpu: float = 0.0
    look_cpu: list[float] = field(default_factory=list)
    """Processor time for one picture: of the node's whole process, and of the look in this one."""


class Camera(Node):
    """Sends one picture again and again, and hears what comes of it."""

    def __init__(self, shot: Look) -> None:
        super().__init__("camera", namespace=NAMESPACE)
        self._color = self.create_publisher(Image, "camera/color/image_raw", qos.SENSOR)
        self._depth = self.create_publisher(Image, "camera/depth/image_raw", qos.SENSOR)
        self._info = self.create_publisher(CameraInfo, "camera/color/camera_info", qos.SENSOR)
        self._tf = self.create_publisher(TFMessage, "tf", 10)
        self._places = self.create_publisher(PlaceArray, "places", qos.LATCHED)
        self._state = self.create_publisher(ExecutionState, "execution_state", qos.LATCHED)
        self._shot = shot
        self.color, self.depth = messages(shot)
        self._heard = threading.Condition()
        self._last: tuple[float, float] = (0.0, 0.0)
        self.create_subscription(Detection3DArray, "detections_3d", self._on_detections, qos.SENSOR)
        self.own_ms: list[float] = []
        """What the node says of its own looks, once a second."""
        self.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10)
        places = [place_to_msg(place) for place in shot.places]
        self._places.publish(PlaceArray(places=places, map_id="temporary bench"))
        self._state.publish(ExecutionState(state=ExecutionState.RUNNING))

    def send(self) -> float:
        """One frame; its stamp, seconds."""
        now = self.get_clock().now()
        stamp = now.to_msg()
        transforms = []
        frame = self._shot.frame
        poses = {"optical": frame.camera, "base_link": frame.base, "gripper_link": self._shot.hand}
        for name, pose in poses.items():
            assert pose is not None
            transforms.append(transform_message(name, pose, stamp))
        self._tf.publish(TFMessage(transforms=transforms))
        for message in (self.color, self.depth):
            message.header.stamp, message.header.frame_id = stamp, "optical"
        k = frame.intrinsics
        info = CameraInfo(width=k.width, height=k.height, header=self.color.header)
        info.k = [k.fx, 0.0, k.cx, 0.0, k.fy, k.cy, 0.0, 0.0, 1.0]
        self._info.publish(info)
        self._depth.publish(self.depth)
        self._color.publish(self.color)
        return float(now.nanoseconds * 1e-9)

    def wait(self, stamp_s: float, timeout_s: float) -> float | None:
        """When the detections of that frame were here, seconds of this node's clock; None for never."""
        with self._heard:
            if not self._heard.wait_for(lambda: self._last[0] >= stamp_s - 1e-6, timeout_s):
                return None
            return self._last[1]

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name == f"/{NAMESPACE}/perception":
                self.own_ms += [float(v.value) for v in status.values if v.key == "latency_ms"]

    def _on_detections(self, message: Detection3DArray) -> None:
        now_s = self.get_clock().now().nanoseconds * 1e-9
        with self._heard:
            self._last = (time_from_msg(message.header.stamp), now_s)
            self._heard.notify_all()


def transform_message(name: str, pose: Transform, stamp: Any) -> TransformStamped:
    """map to name."""
    message = TransformStamped(child_frame_id=name)
    message.header.frame_id, message.header.stamp = "map", stamp
    turn = cv2.Rodrigues(pose.rotation)[0][:, 0]
    angle = float(np.linalg.norm(turn))
    axis = turn * (np.sin(angle / 2) / max(angle, 1e-9))
    t, q = message.transform.translation, message.transform.rotation
    t.x, t.y, t.z = (float(v) for v in pose.translation)
    q.x, q.y, q.z, q.w = (float(v) for v in (*axis, np.cos(angle / 2)))
    return message


def messages(shot: Look) -> tuple[Image, Image]:
    height, width = shot.frame.shape
    raw = array.array("B", np.nan_to_num(shot.frame.depth).astype("<f4").tobytes())
    color = conversions.color_to_msg(shot.frame.rgb, Image().header)
    depth = Image(width=width, height=height, encoding="32FC1", step=4 * width, data=raw)
    return color, depth


def frame_from(color: Image, depth: Image, shot: Look, config: VisionConfig) -> RgbdFrame:
    """As the node makes it."""
    return make_frame(
        conversions.color_from_msg(color),
        conversions.depth_from_msg(depth),
        shot.frame.intrinsics,
        shot.frame.camera,
        1.0,
        shot.frame.base,
        min_depth_m=config.min_depth_m,
        max_depth_m=config.max_depth_m,
    )


def bare_look(
    camera: Camera, shot: Look, detector: Detector, config: VisionConfig
) -> tuple[float, float]:
    """Milliseconds of one look without ROS, on the clock and of the processor."""
    begin, spent = time.perf_counter(), time.thread_time()
    frame = frame_from(camera.color, camera.depth, shot, config)
    look(frame, detector, shot.places, config, shot.hand)
    return (time.perf_counter() - begin) * 1e3, (time.thread_time() - spent) * 1e3


def bare_detect(camera: Camera, shot: Look, detector: Detector, config: VisionConfig) -> float:
    """Milliseconds of the detector alone, with the frame and the surfaces there already."""
    frame = frame_from(camera.color, camera.depth, shot, config)
    frame.ignore(robot_mask(frame.points, frame.base, shot.hand, config))
    surfaces = support_surfaces(
        frame, list(shot.places), config.surface_tolerance_m, with_floor=config.floor_objects
    )
    begin = time.perf_counter()
    detector.detect(frame, surfaces)
    return (time.perf_counter() - begin) * 1e3


def copies(color: Image, depth: Image, shot: Look, config: VisionConfig) -> dict[str, float]:
    """What the way from the messages to a frame makes, in pictures: 1.0 is as many bytes as the message has."""
    out: dict[str, float] = {}

    def traced(name: str, work: Callable[[], Any], size: int) -> Any:
        tracemalloc.start()
        made = work()
        kept, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        out[name] = kept / size
        return made

    rgb = traced("colour", lambda: conversions.color_from_msg(color), len(color.data))
    meters = traced("depth", lambda: conversions.depth_from_msg(depth), len(depth.data))
    frame = traced(
        "depth, invalid ones taken out",
        lambda: make_frame(rgb, meters, shot.frame.intrinsics, shot.frame.camera),
        len(depth.data),
    )
    assert np.shares_memory(frame.rgb, np.frombuffer(color.data, np.uint8)) or out["colour"] > 0.5
    return out


def start_node(config: VisionConfig, domain: int) -> subprocess.Popen[bytes]:
    parameters = {
        "vision.backend": config.backend,
        "vision.frame_rate": "60.0",
        "vision.idle_rate_hz": "60.0",
        "vision.memory_file": "none",
    }
    words = [word for name, value in parameters.items() for word in ("-p", f"{name}:={value}")]
    remap = ["-r", f"__ns:=/{NAMESPACE}", "-r", "/tf:=tf", "-r", "/tf_static:=tf_static"]
    command = [
        sys.executable,
        "-m",
        "vla_perception.ros.perception_node",
        "--ros-args",
        *words,
        *remap,
    ]
    return subprocess.Popen(command, env={**os.environ, "ROS_DOMAIN_ID": str(domain)})


def activate(camera: Camera) -> None:
    client = camera.create_client(ChangeState, "perception/change_state")
    if not client.wait_for_service(TIMEOUT_S):
        raise RuntimeError("the node does not start")
    for transition in (Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE):
        request = ChangeState.Request(transition=Transition(id=transition))
        done = threading.Event()
        future = client.call_async(request)
        future.add_done_callback(lambda _, done=done: done.set())
        if not done.wait(TIMEOUT_S) or not future.result().success:
            raise RuntimeError("the node does not get active")


def measure(
    camera: Camera,
    shot: Look,
    detector: Detector,
    config: VisionConfig,
    runs: int,
    process: psutil.Process,
) -> Times:
    """Node and bare calls in turn, one at a time, so that neither waits for the other."""
    times = Times()
    before = 0.0
    for index in range(WARM_UP + runs):
        stamp_s = camera.send()
        at_s = camera.wait(stamp_s, LOST_S)
        look_ms, look_cpu = bare_look(camera, shot, detector, config)
        detect_ms = bare_detect(camera, shot, detector, config)
        if index < WARM_UP:
            before = cpu_s(process)
            continue
        times.look.append(look_ms)
        times.look_cpu.append(look_cpu)
        times.detect.append(detect_ms)
        if at_s is None:
            times.missed += 1
        else:
            times.node.append((at_s - stamp_s) * 1e3)
    times.node_cpu = 1e3 * (cpu_s(process) - before) / max(1, runs)
    return times


def cpu_s(process: psutil.Process) -> float:
    spent = process.cpu_times()
    return float(spent.user + spent.system)


def load(camera: Camera, process: psutil.Process, seconds: float) -> tuple[float, float, int]:
    """Share of one core (%), memory (MB) and how many of the frames were answered, at RATE_HZ."""
    before = cpu_s(process)
    begin = time.monotonic()
    answered = 0
    count = 0
    while time.monotonic() - begin < seconds:
        stamp_s = camera.send()
        count += 1
        left = begin + count / RATE_HZ - time.monotonic()
        answered += camera.wait(stamp_s, max(0.0, left)) is not None
        threading.Event().wait(max(0.0, begin + count / RATE_HZ - time.monotonic()))
    share = 100 * (cpu_s(process) - before) / (time.monotonic() - begin)
    return share, process.memory_full_info().uss / 1e6, answered


def main() -> int:
    parser = argparse.ArgumentParser(prog="vla bench perception", description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=20.0, help="of pictures at 10 Hz")
    parser.add_argument("--backend", default=VisionConfig.backend, help="as vision.backend")
    parser.add_argument("--width", type=int, default=320)
    parser.add_argument("--height", type=int, default=240)
    arguments = parser.parse_args()
    config = VisionConfig(backend=arguments.backend)
    detector = make_detector(config)
    shot = next(iter(looks([SEED], arguments.width, arguments.height, containers=False)))
    folder = run_folder("bench-perception")
    domain = own_domain()
    os.environ["ROS_DOMAIN_ID"] = str(domain)
    node = start_node(config, domain)
    rclpy.init(domain_id=domain)
    camera = Camera(shot)
    executor = MultiThreadedExecutor(num_threads=2)
    executor.add_node(camera)
    thread = threading.Thread(target=spin_on, args=(executor,), daemon=True)
    thread.start()
    try:
        activate(camera)
        times = measure(camera, shot, detector, config, arguments.runs, psutil.Process(node.pid))
        own_ms = tuple(camera.own_ms)
        cpu, memory_mb, answered = load(camera, psutil.Process(node.pid), arguments.seconds)
        made = copies(camera.color, camera.depth, shot, config)
    finally:
        node.terminate()
        node.wait(10.0)
        executor.shutdown(timeout_sec=5.0)
        camera.destroy_node()
        rclpy.try_shutdown()
        thread.join(5.0)
    print(f"backend {detector.name}, {arguments.width}x{arguments.height}")
    print(row("image stamp to detections, node", times.node, "ms"))
    print(row("of that the node's own work, once a second", own_ms, "ms"))
    print(row("the same look without ROS", times.look, "ms"))
    print(row("of that the detector alone", times.detect, "ms"))
    ratio = (
        percentile(times.node, 0.5) / percentile(times.look, 0.5) if times.node else float("nan")
    )
    over = (
        percentile(times.node, 0.5) / percentile(times.detect, 0.5) if times.node else float("nan")
    )
    print(f"node / look {ratio:.2f}, node / detector alone {over:.2f} (medians)")
    print(
        f"processor time for a picture: node {times.node_cpu:.1f} ms, the look alone "
        f"{percentile(times.look_cpu, 0.5):.1f} ms; a busy machine changes these least"
    )
    print("copies of the pictures: " + ", ".join(f"{name} {n:.2f}" for name, n in made.items()))
    print(
        f"at {RATE_HZ:g} Hz: {cpu:.0f} % of a core, {memory_mb:.0f} MB, {answered} frames in time"
    )
    append_json(
        folder / "figures.jsonl",
        {"times": vars(times), "copies": made, "cpu_percent": cpu, "memory_mb": memory_mb},
    )
    checks = [
        (f"node / the same look without ROS <= {RATIO_TARGET:g}", ratio <= RATIO_TARGET),
        ("no frame without an answer", times.missed == 0),
        ("colour is not copied", made["colour"] < 0.1),
    ]
    for what, ok in checks:
        print(verdict(what, ok))
    return 0 if all(ok for _, ok in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
