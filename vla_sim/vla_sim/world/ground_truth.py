# SPDX-License-Identifier: Apache-2.0
"""What is really the case in the world: for verdicts, tests and faults, never for the pipeline.

Decides from MuJoCo's state where every object is, at which place, and whether the hand holds it.
"""

from __future__ import annotations

from dataclasses import dataclass

import mujoco

from vla_sim.world.shapes import object_shape
from vla_sim.world.world_spec import ObjectSpec, PlaceSpec, WorldSpec

ON_TOLERANCE_M = 0.04
"""An object whose lowest point is this near to a surface counts as standing on it."""
EDGE_TOLERANCE_M = 0.02


@dataclass(frozen=True)
class ObjectTruth:
    """An object as it is. Pose in the map: metres, quaternion (x, y, z, w). ``place`` is '' when it is at none."""

    spec: ObjectSpec
    position: tuple[float, float, float]
    rotation: tuple[float, float, float, float]
    size: tuple[float, float, float]
    place: str
    held: bool


def object_size(spec: ObjectSpec) -> tuple[float, float, float]:
    """Extent along the object's own axes; a cup's handle, on its +x side, is counted in."""
    shape = object_shape(spec.kind, spec.size)
    handle = shape.extent_m - shape.width_m / 2 if spec.kind == "cup" else 0.0
    return shape.width_m + handle, shape.width_m, shape.height_m


def place_of(world: WorldSpec, position: tuple[float, float, float], half_height_m: float) -> str:
    """Name of the place that an object at a position is on or in; '' for none."""
    for place in world.places:
        if _is_at(place, position, half_height_m):
            return place.name
    return ""


def _is_at(place: PlaceSpec, position: tuple[float, float, float], half_height_m: float) -> bool:
    x, y = place.to_local(position[0], position[1])
    if (
        abs(x) > place.size_x_m / 2 + EDGE_TOLERANCE_M
        or abs(y) > place.size_y_m / 2 + EDGE_TOLERANCE_M
    ):
        return False
    if place.is_container:
        return 0.0 < position[2] < place.height_m + half_height_m
    # Lying bottles and things stacked on others count too: the middle is within 30 cm above the surface.
    return place.height_m - ON_TOLERANCE_M < position[2] < place.height_m + 0.30


def objects_truth(
    model: mujoco.MjModel, data: mujoco.MjData, world: WorldSpec
) -> list[ObjectTruth]:
    """The state of all objects, in the world's order."""
    held = held_object(model, data, world)
    truths = []
    for spec in world.objects:
        body = data.body(spec.name)
        x, y, z = (float(v) for v in body.xpos)
        qw, qx, qy, qz = (float(v) for v in body.xquat)
        size = object_size(spec)
        is_held = spec.name == held
        place = "" if is_held else place_of(world, (x, y, z), size[2] / 2)
        truths.append(ObjectTruth(spec, (x, y, z), (qx, qy, qz, qw), size, place, is_held))
    return truths


def held_object(model: mujoco.MjModel, data: mujoco.MjData, world: WorldSpec) -> str:
    """Name of the object that both pads touch; '' when there is none."""
    left, right = model.geom("pad_left").id, model.geom("pad_right").id
    bodies = {model.body(spec.name).id: spec.name for spec in world.objects}
    touched: dict[int, set[int]] = {left: set(), right: set()}
    for index in range(data.ncon):
        contact = data.contact[index]
        for mine, other in ((contact.geom1, contact.geom2), (contact.geom2, contact.geom1)):
            if mine in touched:
                touched[mine].add(int(model.geom_bodyid[other]))
    both = [body for body in touched[left] & touched[right] if body in bodies]
    return bodies[both[0]] if both else ""
