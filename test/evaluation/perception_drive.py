# SPDX-License-Identifier: Apache-2.0
"""Ids along a drive: from place to place through a world and back, with one object taken away while nobody looks.

Decides the way, the error of the robot's own pose, and what counts as stable. The base is set to points of the way
rather than driven, so that a picture costs no physics; its pose in the map wanders as a localisation's does.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np

from vla_perception.config import VisionConfig
from vla_perception.detect.detector import Detector
from vla_perception.memory.scene_memory import SceneMemory
from vla_perception.pipeline import look
from vla_perception.rgbd.frame import Transform
from vla_testing.system.perception_truth import Look, OpenWorld, stand

STEP_M = 0.12
TURN_RAD = 0.2
"""Between two pictures; at 0.5 m/s and 1 rad/s four to five pictures a second."""
LOOKS_AT_PLACE = 5
"""While standing before a place: more than vision.memory_misses."""
WANDER_M = 0.01
WANDER_RAD = 0.005
WANDER_LOOKS = 20
"""Standard deviation of the pose's error, and over how many looks it changes."""
MATCH_M = 0.10


@dataclass
class DriveTally:
    """objects: seen in two looks or more; stable: under one id throughout. The rest is counted at a drive's end."""

    drives: int = 0
    looks: int = 0
    objects: int = 0
    stable: int = 0
    doubles: int = 0
    """Further entries of an object that has one."""
    ghosts: int = 0
    """Entries where nothing is."""
    lost: int = 0
    """Objects that were seen, are where they were, and are not known any more."""
    taken: int = 0
    forgotten: int = 0
    """Of those taken away."""
    remarks: list[str] = field(default_factory=list)


def drive(
    tally: DriveTally,
    seed: int,
    size: tuple[int, int],
    detector: Detector,
    config: VisionConfig,
    renderer: str = "auto",
) -> None:
    """One drive, added to the tally."""
    rng = np.random.default_rng(seed)
    memory = SceneMemory(config.memory_merge_m, config.memory_misses, config.memory_max_objects)
    ids: dict[str, list[str]] = {}
    with OpenWorld(seed, *size, renderer) as world:
        wander = _Wander(rng)
        stops = [p for p in world.simulation.world.places if not p.is_container]
        poses = [_standing(world, place, rng) for place in stops]
        count = 0
        taken = ""
        route = [*range(len(stops)), *range(len(stops))[::-1]]
        for leg, stop in enumerate(route):
            if leg == len(stops):
                taken = _take_away(world, stops[0].name, rng)
            way = _way(poses[route[leg - 1]], poses[stop]) if leg else []
            for pose in [*way, *[poses[stop]] * LOOKS_AT_PLACE]:
                _put(world, pose, stops[stop])
                count += 1
                shot = world.picture(stops[stop].name, wander.next())
                frame = replace(shot.frame, stamp_s=float(count))
                sightings = look(frame, detector, shot.places, config, shot.hand)
                given = memory.update(sightings, frame)
                _note(ids, shot, [(given.get(i, ""), s.position) for i, s in enumerate(sightings)])
        last = shot
    tally.drives += 1
    tally.looks += count
    _judge(tally, seed, ids, memory, last, taken)


class _Wander:
    """The error of the robot's pose: a slow random walk that comes back."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._now = rng.normal(0.0, 1.0, 3)

    def next(self) -> Transform:
        keep = math.exp(-1.0 / WANDER_LOOKS)
        self._now = keep * self._now + math.sqrt(1 - keep * keep) * self._rng.normal(0.0, 1.0, 3)
        x, y, turn = self._now * (WANDER_M, WANDER_M, WANDER_RAD)
        return Transform.from_quaternion(
            (float(x), float(y), 0.0), (0.0, 0.0, math.sin(turn / 2), math.cos(turn / 2))
        )


def _standing(world: OpenWorld, place: Any, rng: np.random.Generator) -> tuple[float, float, float]:
    stand(world.simulation, place, rng)
    data = world.simulation.data
    return tuple(float(data.joint(name).qpos[0]) for name in ("base_x", "base_y", "base_yaw"))  # type: ignore[return-value]


def _way(
    start: tuple[float, float, float], end: tuple[float, float, float]
) -> list[tuple[float, float, float]]:
    """Turn, drive straight, turn."""
    heading = math.atan2(end[1] - start[1], end[0] - start[0])
    count = max(1, math.ceil(math.hypot(end[0] - start[0], end[1] - start[1]) / STEP_M))
    straight = [
        (
            start[0] + (end[0] - start[0]) * i / count,
            start[1] + (end[1] - start[1]) * i / count,
            heading,
        )
        for i in range(1, count)
    ]
    return [*_turns(start, heading), *straight, *_turns((end[0], end[1], heading), end[2])]


def _turns(pose: tuple[float, float, float], to: float) -> list[tuple[float, float, float]]:
    angle = math.remainder(to - pose[2], 2 * math.pi)
    count = max(1, math.ceil(abs(angle) / TURN_RAD))
    return [(pose[0], pose[1], pose[2] + angle * i / count) for i in range(1, count)]


def _put(world: OpenWorld, pose: tuple[float, float, float], place: Any) -> None:
    """The robot at a pose, its head at the place that it goes to as far as the neck turns."""
    from vla_sim.robot import kinematics

    x, y, yaw = pose
    c, s = math.cos(yaw), math.sin(yaw)
    dx, dy = place.x_m - x, place.y_m - y
    pan, tilt = kinematics.look_at(c * dx + s * dy, -s * dx + c * dy, place.height_m)
    values = {"base_x": x, "base_y": y, "base_yaw": yaw, "head_pan": pan, "head_tilt": tilt}
    for name, value in values.items():
        world.simulation.data.joint(name).qpos[0] = value


def _take_away(world: OpenWorld, place: str, rng: np.random.Generator) -> str:
    """Something at a place goes to a corner of the room behind furniture, where nobody looks; its name, or ""."""
    there = [item.spec.name for item in world.simulation.objects() if item.place == place]
    if not there:
        return ""
    name = str(rng.choice(there))
    room = world.simulation.world
    world.simulation.move_object(name, room.room_x_m / 2 - 0.05, room.room_y_m / 2 - 0.05, 2.3, 0.0)
    return name


def _note(
    ids: dict[str, list[str]], shot: Look, seen: Iterable[tuple[str, tuple[float, float, float]]]
) -> None:
    """Which id each true object had in one look."""
    for identifier, position in seen:
        near = min(shot.truth, key=lambda t: math.dist(t.position, position), default=None)
        if identifier and near is not None and math.dist(near.position, position) < MATCH_M:
            ids.setdefault(near.name, []).append(identifier)


def _judge(
    tally: DriveTally,
    seed: int,
    ids: dict[str, list[str]],
    memory: SceneMemory,
    last: Look,
    taken: str,
) -> None:
    truth = {item.name: item for item in last.truth}
    for name, given in ids.items():
        if len(given) < 2:
            continue
        tally.objects += 1
        if len(set(given)) == 1:
            tally.stable += 1
        else:
            changes = [given[0], *(b for a, b in pairwise(given) if a != b)]
            tally.remarks.append(f"world {seed}: {name} was {', '.join(changes)}")
    owners: dict[str, list[str]] = {}
    for item in memory.objects():
        near = min(truth.values(), key=lambda t: math.dist(t.position, item.position), default=None)
        if near is None or math.dist(near.position, item.position) > MATCH_M:
            ghost = not (taken and item.id in ids.get(taken, ()))
            tally.ghosts += ghost
            if ghost:
                x, y, z = item.position
                tally.remarks.append(
                    f"world {seed}: {item.id}, {item.describe()} at {x:.2f} {y:.2f} {z:.2f}, is nothing"
                )
            continue
        owners.setdefault(near.name, []).append(item.id)
    for name, entries in owners.items():
        tally.doubles += len(entries) - 1
        if len(entries) > 1:
            tally.remarks.append(f"world {seed}: {name} is known as {', '.join(entries)}")
    for name, given in ids.items():
        if name != taken and len(given) > 1 and name not in owners:
            tally.lost += 1
            tally.remarks.append(f"world {seed}: {name} is not known any more")
    if taken and taken in ids:
        tally.taken += 1
        gone = not any(item.id in ids[taken] for item in memory.objects())
        tally.forgotten += gone
        if not gone:
            tally.remarks.append(f"world {seed}: {taken} was taken away and is still known")


def summary(tally: DriveTally) -> dict[str, Any]:
    return {
        "drives": tally.drives,
        "looks": tally.looks,
        "objects": tally.objects,
        "one_id": round(tally.stable / tally.objects, 4) if tally.objects else math.nan,
        "doubles": tally.doubles,
        "ghosts": tally.ghosts,
        "lost": tally.lost,
        "taken_away": tally.taken,
        "forgotten": round(tally.forgotten / tally.taken, 4) if tally.taken else math.nan,
    }
