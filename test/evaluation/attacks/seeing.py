# SPDX-License-Identifier: Apache-2.0
"""Cameras, maps and files that say what can't be true. None of it needs ROS."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from attack_case import Attack, Context

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.scene import Place, PlaceKind
from vla_common.contracts.skills import ObjectRef
from vla_executor.config import ExecutorConfig, GuardConfig
from vla_executor.robot.robot import Scan
from vla_executor.safety.guard import Guard
from vla_executor.safety.known_map import KnownMap
from vla_perception.detect.detector import Detection2D
from vla_perception.localize.localizer import Location
from vla_perception.localize.shape import Shape
from vla_perception.memory.scene_keeper import SceneKeeper
from vla_perception.memory.scene_memory import SceneMemory
from vla_perception.pipeline import Sighting
from vla_perception.rgbd.frame import Intrinsics, RgbdFrame, Transform, make_frame
from vla_perception.rgbd.frame_processor import FrameProcessor
from vla_perception.rgbd.geometry_check import BODY_FROM_OPTICAL, FrameWatch
from vla_perception.rgbd.pixel_formats import Raw, shows_colors, to_rgb
from vla_sim.world.world_files import permitted
from vla_sim.world.world_spec import WorldError

K = Intrinsics(225.0, 225.0, 159.5, 119.5, 320, 240)
EYE_M = 1.3
TABLE = Place("table", PlaceKind.SURFACE, (1.3, 0.0, 0.72), 0.0, (0.7, 1.3))
NO_COVARIANCE = (0.0,) * 36


def looking_down(pitch_rad: float) -> tuple[Transform, np.ndarray]:
    """A camera that looks ahead and down onto an empty floor: its pose, and its depth picture (m)."""
    c, s = math.cos(pitch_rad), math.sin(pitch_rad)
    rotation = np.array([[0.0, -s, c], [-1.0, 0.0, 0.0], [0.0, -c, -s]])
    v = (np.arange(K.height) - K.cy) / K.fy
    falling = c * v + s  # of the ray (x, y, 1), metres down per metre of depth
    with np.errstate(divide="ignore"):
        depth = np.where(falling > 0.0, EYE_M / falling, np.nan)
    picture = np.repeat(depth[:, None], K.width, axis=1).astype(np.float32)
    return Transform(rotation, np.array([0.0, 0.0, EYE_M])), picture


def frame(camera: Transform, depth: np.ndarray, name: str, stamp_s: float = 1.0) -> RgbdFrame:
    rgb = np.full((K.height, K.width, 3), (120, 110, 90), np.uint8)
    return make_frame(rgb, depth, K, camera, stamp_s, frame_id=name, max_depth_m=6.0)


def body_frames(context: Context) -> str:
    del context
    broke = []
    for degrees in (20, 35, 55, 80):
        camera, depth = looking_down(math.radians(degrees))
        FrameWatch().check(frame(camera, depth, "optical"), ())
        body = Transform(camera.rotation @ BODY_FROM_OPTICAL.T, camera.translation)
        for name in ("camera_link", "camera_color_optical_frame"):
            try:
                FrameWatch().check(frame(body, depth, name), ())
                broke.append(f"{name} at {degrees} degrees")
            except VlaError as error:
                if name not in error.message:
                    broke.append(f"{name} is not named: {error.message}")
    return "; ".join(broke)


def sighting(x: float, y: float, size: float = 0.08, color: str = "red") -> Sighting:
    shape = Shape("cup", 0.9, x, y, 0.0, (size,) * 3, 0.0)
    location = Location((x, y, 0.76), 0.0, (size,) * 3, NO_COVARIANCE, shape, None)
    return Sighting(
        Detection2D((1, 1, 9, 9), 0.9, "cup"), location, "cup", 0.9, color, 0.9, "table"
    )


def many_things(context: Context) -> str:
    del context
    camera, depth = looking_down(0.6)
    memory = SceneMemory(max_objects=5)
    for number in range(1, 60):
        odd = (1e300, math.nan, -1e300)[number % 3]
        seen = [sighting(1.0 + 0.3 * (i % 4), 0.3 * i) for i in range(number % 17)]
        seen += [sighting(odd, 0.0), sighting(0.0, 0.0, size=-5.0)]
        memory.update(seen, frame(camera, depth, "optical", float(number)))
        known = memory.objects()
        if len(known) > 5 or any(abs(v) > 100.0 for item in known for v in item.position):
            return f"{len(known)} objects after look {number}: {known}"
    return "" if memory.objects() else "nothing is known after 59 looks"


def gray(context: Context) -> str:
    del context
    camera, depth = looking_down(0.6)
    raw = Raw(bytes(range(240)) * 320, "mono8", 320, 240, 320)
    if shows_colors("mono8", to_rgb(raw)):
        return "mono8 shows colours"
    keeper = SceneKeeper(SceneMemory(), None, lambda: 1.0, lambda text: None, (TABLE,))
    picture = replace(frame(camera, depth, "optical"), colored=False)
    keeper.saw([sighting(1.3, 0.0, color="")], picture, None)
    doubt = keeper.color_doubt(ObjectRef(label="cup", attributes=("red",)))
    return "" if doubt.code is Code.BAD_IMAGE else f"no red cup, says {doubt}"


def no_time(context: Context) -> str:
    del context
    worker = FrameProcessor(lambda pair: None, frame_rate_hz=50.0, idle_rate_hz=50.0, slack_s=0.02)
    worker.start()
    for _ in range(5):
        worker.add_color(0.0, "colour")
        worker.add_depth(0.0, "depth")
    looked, trouble = worker.wait_for_look(-1.0, 0.1), worker.trouble(5.0)
    worker.stop()
    return "" if not looked.ok and not trouble.ok else f"a look without a time: {looked}, {trouble}"


def empty_map(context: Context) -> str:
    del context
    known, guard = KnownMap(), Guard(GuardConfig(), ExecutorConfig())
    known.take((TABLE,), "home")
    known.take((), "home")
    try:
        guard.check_senses(None, known.places, known.trouble, 100.0)
    except VlaError as error:
        return "" if error.code is Code.GUARD_REFUSED else str(error)
    return "drives with an empty map"


def dead_lidar(context: Context) -> str:
    del context
    guard = Guard(GuardConfig(), ExecutorConfig())
    dead = Scan(np.array([[5.0, 0.0]]), 90.0)
    for check in (
        lambda: guard.check_senses(dead, (TABLE,), "", 100.0),
        lambda: guard.check_turn(dead, 100.0),
    ):
        try:
            check()
            return "moves with a lidar that has been silent for 10 s"
        except VlaError:
            continue
    return ""


def world_files(context: Context) -> str:
    worlds = context.folder / "worlds"
    worlds.mkdir(parents=True, exist_ok=True)
    secret = context.folder / "secret.yaml"
    secret.write_text("swordfish: [", encoding="utf-8")
    link = worlds / "link.yaml"
    if not link.is_symlink():
        link.symlink_to(secret)
    broke = []
    for name in (
        "/etc/passwd",
        str(secret),
        "../secret.yaml",
        "link.yaml",
        "/dev/zero",
        "/proc/self/environ",
    ):
        try:
            found: Path = permitted(name, [worlds])
            broke.append(f"{name} is {found}")
        except WorldError as error:
            if "swordfish" in str(error):
                broke.append(f"{name} is quoted")
    return "; ".join(broke)


TRIALS: dict[str, Callable[[Context], str]] = {
    "images whose frame is no optical frame, whatever it is called": body_frames,
    "more things than the memory holds, and absurd ones among them": many_things,
    "a grey camera is asked for colours": gray,
    "images without a time": no_time,
    "a map that becomes empty": empty_map,
    "a lidar that falls silent": dead_lidar,
    "sim/reset with files that are no worlds": world_files,
}


def attacks() -> list[Attack]:
    return [Attack("seeing", name, run) for name, run in TRIALS.items()]
