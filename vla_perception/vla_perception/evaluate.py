"""Measures perception against the simulator's ground truth: `python -m vla_perception.evaluate --worlds 40`.

The only module that knows the truth; nothing of the pipeline imports it. Everything runs in this process without
ROS: random worlds, the robot at standing distances in front of each piece of furniture, the head towards it, images
with the simulator's noise. Every view is judged by itself, without memory.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from vla_common.scene import Place, PlaceKind
from vla_perception.config import VisionConfig
from vla_perception.detector import Detector
from vla_perception.drawing import annotate
from vla_perception.frame import Intrinsics, RgbdFrame, Transform, make_frame
from vla_perception.pipeline import Sighting, look, make_detector

MATCH_M = 0.08
IN_VIEW_SHARE = 0.5
"""Of an object's outline that must be in the picture with nothing before it, to count as in view."""
MIN_PIXELS = 25


@dataclass(frozen=True)
class Truth:
    """An object as it is. seen: the share of its outline that is in view; pixels: of its whole outline."""

    name: str
    label: str
    color: str
    position: tuple[float, float, float]
    size: tuple[float, float, float]
    place: str
    seen: float
    pixels: float

    @property
    def in_view(self) -> bool:
        return self.seen >= IN_VIEW_SHARE and self.pixels >= MIN_PIXELS


@dataclass(frozen=True)
class Look:
    """One picture with its truth."""

    seed: int
    target: str
    frame: RgbdFrame
    places: tuple[Place, ...]
    hand: Transform | None
    truth: tuple[Truth, ...]


@dataclass
class Tally:
    """Counts and errors over many looks."""

    expected: int = 0
    found: int = 0
    claimed: int = 0
    false: int = 0
    errors: list[tuple[float, float, float]] = field(
        default_factory=list
    )  # 3D, level, height; metres
    distances: list[float] = field(default_factory=list)
    chi2: list[float] = field(default_factory=list)
    labels: list[tuple[str, str]] = field(default_factory=list)
    colors: list[tuple[str, str]] = field(default_factory=list)
    places: list[bool] = field(default_factory=list)
    times_ms: list[float] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def looks(
    seeds: list[int], width: int, height: int, *, containers: bool, backend: str = "auto"
) -> Iterator[Look]:
    """Pictures of every piece of furniture of every world, or of every container with an object put into it."""
    from vla_sim.render_backend import select_backend

    chosen, _ = select_backend(backend)
    import mujoco

    from vla_sim import camera
    from vla_sim.noise import NoiseConfig, NoiseModel
    from vla_sim.simulation import Simulation
    from vla_sim.world_generator import generate_world

    for seed in seeds:
        rng = np.random.default_rng(seed)
        simulation = Simulation(generate_world(seed))
        renderer = camera.make_renderer(simulation.model, chosen)
        noise = NoiseModel(NoiseConfig(), seed)
        try:
            if containers:
                _fill_containers(simulation, rng)
            for place in simulation.world.places:
                if place.is_container != containers:
                    continue
                _stand(simulation, place, rng)
                mujoco.mj_forward(simulation.model, simulation.data)
                clean = renderer.render(simulation.data, "head", width, height)
                yield _look(simulation, noise.apply(clean), clean, place.name)
        finally:
            renderer.close()


def _fill_containers(simulation: Any, rng: np.random.Generator) -> None:
    """Drop one object that fits into each container, and let it come to rest."""
    small = [o for o in simulation.world.objects if o.kind in ("block", "ball", "cup", "bottle")]
    for container, thing in zip(
        [p for p in simulation.world.places if p.is_container], small, strict=False
    ):
        reach = (container.size_x_m / 2 - 0.10, container.size_y_m / 2 - 0.10)
        x, y = container.to_map(
            float(rng.uniform(-reach[0], reach[0])), float(rng.uniform(-reach[1], reach[1]))
        )
        simulation.move_object(thing.name, x, y, 0.12, float(rng.uniform(-3, 3)))
    simulation.run(1.5)


def _stand(simulation: Any, place: Any, rng: np.random.Generator) -> None:
    """Put the robot 0.8 to 2.0 m before a place, looking at it about as the head controller would."""
    from vla_sim import kinematics, robot

    nearest = max(0.8, place.size_y_m / 2 + robot.BASE_RADIUS_M + 0.08)
    farthest = 1.3 if place.is_container else 2.0
    world = simulation.world
    for _ in range(50):
        x, y = place.to_map(
            float(rng.uniform(-0.3, 0.3)) * place.size_x_m, -float(rng.uniform(nearest, farthest))
        )
        free = all(
            math.hypot(
                *(
                    max(abs(c) - s / 2, 0.0)
                    for c, s in zip(
                        other.to_local(x, y), (other.size_x_m, other.size_y_m), strict=True
                    )
                )
            )
            > robot.BASE_RADIUS_M
            for other in world.places
        )
        if free and abs(x) < world.room_x_m / 2 - 0.3 and abs(y) < world.room_y_m / 2 - 0.3:
            break
    yaw = math.atan2(place.y_m - y, place.x_m - x) + float(rng.uniform(-0.15, 0.15))
    c, s = math.cos(yaw), math.sin(yaw)
    dx, dy = place.x_m - x, place.y_m - y
    pan, tilt = kinematics.look_at(c * dx + s * dy, -s * dx + c * dy, place.height_m)
    values = {
        "base_x": x, "base_y": y, "base_yaw": yaw,
        "head_pan": pan + float(rng.uniform(-0.05, 0.05)), "head_tilt": tilt + float(rng.uniform(-0.08, 0.05)),
    }  # fmt: skip
    for name, value in values.items():
        simulation.data.joint(name).qpos[0] = value


def _look(simulation: Any, picture: Any, clean: Any, target: str) -> Look:
    from vla_sim import camera, frames, robot
    from vla_sim.frames import OPTICAL_ROTATION

    positions = simulation._read().positions
    pose = simulation.real_pose()
    half = pose.yaw_rad / 2
    base = Transform.from_quaternion(
        (pose.x_m, pose.y_m, 0.0), (0.0, 0.0, math.sin(half), math.cos(half))
    )
    link = frames.camera_transform(positions)
    head = _chain(base, Transform.from_quaternion(link.translation, link.rotation))
    optical = _chain(head, Transform.from_quaternion((0.0, 0.0, 0.0), OPTICAL_ROTATION))
    grip = frames.gripper_transform(positions)
    hand = _chain(base, Transform.from_quaternion(grip.translation, grip.rotation))
    height, width = picture.depth_m.shape
    k = camera.intrinsics(robot.CAMERA_FOVY_RAD, width, height)
    intrinsics = Intrinsics(k.fx, k.fy, k.cx, k.cy, width, height)
    config = VisionConfig()
    frame = make_frame(
        picture.rgb, picture.depth_m, intrinsics, optical, 1.0, base,
        min_depth_m=config.min_depth_m, max_depth_m=config.max_depth_m,
    )  # fmt: skip
    truth = tuple(_truth(item, frame, clean.depth_m) for item in simulation.objects())
    places = tuple(
        Place(
            p.name, PlaceKind.CONTAINER if p.is_container else PlaceKind.SURFACE, (p.x_m, p.y_m, p.height_m),
            p.yaw_rad, (p.size_x_m, p.size_y_m),
        )
        for p in simulation.world.places
    )  # fmt: skip
    return Look(simulation.world.seed, target, frame, places, hand, truth)


def _chain(parent: Transform, child: Transform) -> Transform:
    return Transform(
        parent.rotation @ child.rotation, parent.rotation @ child.translation + parent.translation
    )


def _truth(item: Any, frame: RgbdFrame, depth: Any) -> Truth:
    """How much of an object is in view: points of its middle plane that face the camera, tested against clean depth."""
    width, high = item.size[1], item.size[2]
    centre = np.array(item.position)
    eye = frame.camera.translation
    sight = centre[:2] - eye[:2]
    sight /= max(float(np.hypot(*sight)), 1e-6)
    side = np.array([-sight[1], sight[0]])
    across, up = np.meshgrid(
        np.linspace(-0.45, 0.45, 7) * width, np.linspace(-0.45, 0.45, 7) * high
    )
    points = np.column_stack(
        [
            centre[0] + side[0] * across.ravel(),
            centre[1] + side[1] * across.ravel(),
            centre[2] + up.ravel(),
        ]
    )
    pixels, depths = frame.project(points)
    h, w = frame.shape
    seen = 0
    for (x, y), expected in zip(pixels, depths, strict=True):
        if not (math.isfinite(x) and 0 <= round(x) < w and 0 <= round(y) < h):
            continue
        there = float(depth[round(y), round(x)])
        seen += not there < expected - width / 2 - 0.02
    distance = float(frame.project(centre[None, :])[1][0])
    pixel = max(distance, 0.05) / frame.intrinsics.fx
    return Truth(
        item.spec.name, item.spec.kind, item.spec.colour, item.position, item.size, item.place,
        seen / len(points), width * high / pixel**2,
    )  # fmt: skip


def judge(tally: Tally, shot: Look, sightings: list[Sighting]) -> float:
    """Add one look to the tally; returns how bad it was, for choosing pictures."""
    pairs = sorted(
        (math.dist(s.position, t.position), i, j)
        for i, s in enumerate(sightings)
        for j, t in enumerate(shot.truth)
        if math.dist(s.position, t.position) < MATCH_M
    )
    match: dict[int, int] = {}
    for _, i, j in pairs:
        if i not in match and j not in match.values():
            match[i] = j
    badness = 0.0
    where = f"world {shot.seed}, {shot.target}"
    tally.claimed += len(sightings)
    for i, sighting in enumerate(sightings):
        if i not in match:
            tally.false += 1
            badness += 1.0
            x, y, z = sighting.position
            tally.remarks.append(
                f"{where}: false {sighting.color} {sighting.label} ({sighting.score:.2f}, {sighting.label_score:.2f})"
                f" at {x:.2f} {y:.2f} {z:.2f}, place '{sighting.place}'"
            )
    for j, truth in enumerate(shot.truth):
        if not truth.in_view:
            continue
        tally.expected += 1
        i = next((i for i, k in match.items() if k == j), -1)
        if i < 0:
            badness += 1.0
            tally.remarks.append(
                f"{where}: missed {truth.name}, {truth.seen:.2f} seen, {truth.pixels:.0f} pixels"
            )
            continue
        sighting = sightings[i]
        error = np.array(sighting.position) - np.array(truth.position)
        level = float(np.hypot(error[0], error[1]))
        covariance = np.array(sighting.location.covariance).reshape(6, 6)[:2, :2]
        tally.found += 1
        tally.errors.append((float(np.linalg.norm(error)), level, float(error[2])))
        tally.distances.append(
            float(np.hypot(*(np.array(truth.position[:2]) - shot.frame.camera.translation[:2])))
        )
        tally.chi2.append(float(error[:2] @ np.linalg.solve(covariance, error[:2])))
        tally.labels.append((truth.label, sighting.label))
        tally.colors.append((truth.color, sighting.color))
        tally.places.append(truth.place == sighting.place)
        badness += (
            level * 20
            + (truth.label != sighting.label) * 0.5
            + (truth.color != sighting.color) * 0.5
        )
        if (
            level > 0.02
            or truth.label != sighting.label
            or truth.color != sighting.color
            or truth.place != sighting.place
        ):
            tally.remarks.append(
                f"{where}: {truth.name} {'(partly hidden) ' if sighting.detection.truncated else ''}seen as "
                f"{sighting.color} {sighting.label} at '{sighting.place}', {level * 100:.1f} cm off"
            )
    return badness


def summary(tally: Tally) -> dict[str, Any]:
    """Figures of a tally; lengths in cm."""
    errors = np.array(tally.errors) * 100 if tally.errors else np.full((1, 3), np.nan)
    near = np.array(tally.distances) <= 2.0 if tally.errors else np.array([False])
    within = errors[near] if near.any() else np.full((1, 3), np.nan)
    per_class: dict[str, Any] = {}
    for name in sorted({t for t, _ in tally.labels}):
        mine = [(t, s) for t, s in tally.labels if t == name]
        per_class[name] = {
            "count": len(mine),
            "label_right": round(float(np.mean([t == s for t, s in mine])), 4),
        }

    def share(values: list[Any]) -> float:
        return round(float(np.mean(values)), 4) if values else float("nan")

    def percentile(values: Any, q: float) -> float:
        return round(float(np.percentile(values, q)), 2)

    return {
        "objects_in_view": tally.expected,
        "recall": round(tally.found / max(1, tally.expected), 4),
        "precision": round((tally.claimed - tally.false) / max(1, tally.claimed), 4),
        "false_detections": tally.false,
        "error_median_cm": percentile(within[:, 0], 50),
        "error_p95_cm": percentile(within[:, 0], 95),
        "error_max_cm": percentile(within[:, 0], 100),
        "level_error_median_cm": percentile(within[:, 1], 50),
        "level_error_p95_cm": percentile(within[:, 1], 95),
        "level_error_within_1cm": share(list(within[:, 1] <= 1.0)),
        "height_error_median_cm": percentile(within[:, 2], 50),
        "color_right": share([t == s for t, s in tally.colors]),
        "label_right": share([t == s for t, s in tally.labels]),
        "place_right": share(tally.places),
        "within_2_sigma": share(
            [v < 6.18 for v in tally.chi2]
        ),  # 95.4 % of a chi-square of two degrees
        "ms_per_frame_median": percentile(tally.times_ms, 50),
        "ms_per_frame_p95": percentile(tally.times_ms, 95),
        "classes": per_class,
    }


def evaluate(
    seeds: list[int],
    width: int,
    height: int,
    *,
    containers: bool,
    pictures: Path | None,
    backend: str = "auto",
) -> Tally:
    """All looks at all worlds; writes the pictures of the worst looks where asked."""
    config = VisionConfig()
    detector: Detector = make_detector(config)
    tally = Tally()
    worst: list[tuple[float, str, Any]] = []
    for shot in looks(seeds, width, height, containers=containers, backend=backend):
        begin = time.perf_counter()
        sightings = look(shot.frame, detector, shot.places, config, shot.hand)
        tally.times_ms.append((time.perf_counter() - begin) * 1e3)
        badness = judge(tally, shot, sightings)
        if pictures is not None and badness > 0.3:
            scale = max(1, 640 // width)
            worst.append(
                (
                    badness,
                    f"{shot.seed}_{shot.target.replace(' ', '_')}",
                    annotate(shot.frame.rgb, sightings, scale),
                )
            )
            worst = sorted(worst, key=lambda entry: -entry[0])[:12]
    if pictures is not None:
        pictures.mkdir(parents=True, exist_ok=True)
        for rank, (_, name, picture) in enumerate(worst):
            cv2.imwrite(str(pictures / f"{rank:02d}_{name}.png"), picture[:, :, ::-1])
    return tally


def main(arguments: list[str] | None = None) -> int:
    """The command; 0 when every target is met."""
    parser = argparse.ArgumentParser(
        prog="vla_perception.evaluate", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("--worlds", type=int, default=40, help="how many worlds")
    parser.add_argument("--first-seed", type=int, default=1000)
    parser.add_argument("--width", type=int, default=320)
    parser.add_argument("--height", type=int, default=240)
    parser.add_argument(
        "--containers", action="store_true", help="look into containers instead of at furniture"
    )
    parser.add_argument("--pictures", type=Path, help="folder for pictures of the worst looks")
    parser.add_argument(
        "--render-backend", default="auto", choices=("auto", "egl", "osmesa", "raycast")
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--remarks", action="store_true", help="list what went wrong")
    options = parser.parse_args(arguments)
    seeds = list(range(options.first_seed, options.first_seed + options.worlds))
    tally = evaluate(
        seeds, options.width, options.height, containers=options.containers, pictures=options.pictures,
        backend=options.render_backend,
    )  # fmt: skip
    figures = {
        "worlds": options.worlds,
        "size": f"{options.width}x{options.height}",
        **summary(tally),
    }
    if options.json:
        print(json.dumps({**figures, "remarks": tally.remarks}))
    else:
        for name, value in figures.items():
            print(f"{name:26} {value}")
        if options.remarks:
            print("\n".join(tally.remarks))
    good = (
        figures["recall"] >= 0.95 and figures["error_median_cm"] < 1.5 and figures["error_p95_cm"] < 4.0
        and figures["color_right"] >= 0.97
    )  # fmt: skip
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
