# SPDX-License-Identifier: Apache-2.0
"""From a world description to MJCF.

Decides how the room, the furniture and the light look and how the solver is set; the robot and the objects bring their
own parts. Geom groups: 0 room, 1 furniture, 2 robot and visual meshes, 3 collision only (never drawn), 4 ceiling and
the walls that stand between the overview camera and the room (drawn for the robot only).
"""

from __future__ import annotations

import math

from vla_sim.robot import robot_model as robot
from vla_sim.world import shapes
from vla_sim.world.world_spec import PlaceSpec, WorldSpec

TIMESTEP_S = 0.004
WALL_HEIGHT_M = 2.5
WALL_HALF_M = 0.05
ROOM_GROUP, FURNITURE_GROUP, VISUAL_GROUP, COLLISION_GROUP, HIDDEN_GROUP = 0, 1, 2, 3, 4
OVERVIEW_CAMERA = "overview"
HEAD_CAMERA = "head"

_WALL = "0.66 0.68 0.70 1"
_PANE = "0.62 0.74 0.84 1"
_FRAME = "0.30 0.31 0.33 1"
_BOARD = {
    "table": "0.36 0.29 0.25 1",
    "shelf": "0.27 0.24 0.23 1",
    "side_table": "0.33 0.36 0.38 1",
}
_LEG = "0.22 0.21 0.21 1"
_BIN = "0.24 0.26 0.28 1"
_BOX = "0.47 0.38 0.29 1"


def world_xml(world: WorldSpec) -> str:
    """The complete MJCF document of a world with the robot in it."""
    bodies = "".join(_place_xml(place) for place in world.places)
    bodies += "".join(shapes.object_body_xml(thing) for thing in world.objects)
    return f"""<mujoco model="vla_sim">
<compiler angle="radian" autolimits="true" inertiafromgeom="auto"/>
<option timestep="{TIMESTEP_S}" integrator="implicitfast" cone="elliptic" impratio="100"/>
<size memory="64M"/>
<statistic extent="6" center="0 0 0.8"/>
<visual>
  <global offwidth="1280" offheight="960"/>
  <quality offsamples="0" shadowsize="2048"/>
  <map znear="0.006" zfar="3"/>
  <headlight ambient="0.40 0.40 0.405" diffuse="0.16 0.16 0.16" specular="0 0 0"/>
</visual>
<default>
  <geom contype="1" conaffinity="3"/>
  <default class="room"><geom group="{ROOM_GROUP}" friction="0.8 0.005 0.0001"/></default>
  <default class="furniture"><geom group="{FURNITURE_GROUP}" friction="0.8 0.005 0.0001" solref="0.008 1"/></default>
  <default class="look"><geom group="{VISUAL_GROUP}" contype="0" conaffinity="0" mass="0"/></default>
  {robot.robot_default_xml()}
</default>
<asset>
  <texture name="sky" type="skybox" builtin="flat" rgb1="0.86 0.88 0.90" rgb2="0.86 0.88 0.90" width="16" height="96"/>
  <texture name="floor" type="2d" builtin="checker" rgb1="0.44 0.44 0.43" rgb2="0.48 0.48 0.47"
           width="128" height="128"/>
  <material name="floor" texture="floor" texrepeat="{world.room_x_m:.3f} {world.room_y_m:.3f}" texuniform="false"
            specular="0" reflectance="0"/>
  {shapes.mesh_assets(world.objects)}
</asset>
<worldbody>
  {_light_xml(world)}
  {_room_xml(world)}
  {bodies}
  {robot.robot_body_xml()}
</worldbody>
{robot.robot_actuator_xml()}
</mujoco>"""


def _light_xml(world: WorldSpec) -> str:
    spots = ""
    for sx, sy in ((-0.3, -0.3), (0.3, 0.3), (-0.3, 0.3), (0.3, -0.3)):
        spots += (
            f'<light type="spot" pos="{sx * world.room_x_m} {sy * world.room_y_m} 2.45" dir="0 0 -1" cutoff="180" '
            f'exponent="0" attenuation="1 0 0" diffuse="0.21 0.21 0.205" specular="0.05 0.05 0.05" '
            f'castshadow="{"true" if (sx, sy) == (-0.25, -0.25) else "false"}"/>'
        )
    return spots


def _room_xml(world: WorldSpec) -> str:
    hx, hy, h = world.room_x_m / 2, world.room_y_m / 2, WALL_HEIGHT_M
    t = WALL_HALF_M
    text = (
        f'<geom class="room" name="floor" type="plane" size="{hx + 0.1} {hy + 0.1} 0.1" material="floor"/>'
        f'<geom class="room" name="ceiling" type="box" size="{hx} {hy} 0.02" pos="0 0 {h + 0.02}" '
        f'group="{HIDDEN_GROUP}" rgba="0.74 0.74 0.74 1"/>'
    )
    walls = (
        ("north", 0.0, hy + t, hx + 2 * t, t, ROOM_GROUP),
        ("east", hx + t, 0.0, t, hy, ROOM_GROUP),
        ("south", 0.0, -hy - t, hx + 2 * t, t, HIDDEN_GROUP),
        ("west", -hx - t, 0.0, t, hy, HIDDEN_GROUP),
    )
    for name, x, y, sx, sy, group in walls:
        text += (
            f'<geom class="room" name="wall_{name}" type="box" size="{sx} {sy} {h / 2}" pos="{x} {y} {h / 2}" '
            f'group="{group}" rgba="{_WALL}"/>'
        )
    for x, y, along_x, group in (
        (-0.22 * world.room_x_m, hy, True, ROOM_GROUP),
        (0.24 * world.room_x_m, hy, True, ROOM_GROUP),
        (hx, 0.05 * world.room_y_m, False, ROOM_GROUP),
        (-hx, -0.1 * world.room_y_m, False, HIDDEN_GROUP),
    ):
        for half, height, depth, rgba in ((0.52, 0.47, 0.012, _FRAME), (0.47, 0.42, 0.018, _PANE)):
            size = f"{half} {depth} {height}" if along_x else f"{depth} {half} {height}"
            text += (
                f'<geom class="room" type="box" size="{size}" pos="{x} {y} 1.55" contype="0" conaffinity="0" '
                f'group="{group}" rgba="{rgba}"/>'
            )
        bar = "0.020 0.022 0.42" if along_x else "0.022 0.020 0.42"
        text += (
            f'<geom class="room" type="box" size="{bar}" pos="{x} {y} 1.55" contype="0" conaffinity="0" '
            f'group="{group}" rgba="{_FRAME}"/>'
        )
    # Looks from above the south-west corner over the hidden walls into the room.
    eye = (-hx - 0.45, -hy - 1.1, 4.3)
    target = (-0.06 * hx, -0.06 * hy, 0.3)
    axes = _look(eye, target)
    return text + (
        f'<camera name="{OVERVIEW_CAMERA}" pos="{eye[0]} {eye[1]} {eye[2]}" xyaxes="{axes}" fovy="48"/>'
    )


def _look(eye: tuple[float, float, float], target: tuple[float, float, float]) -> str:
    fx, fy, fz = (target[i] - eye[i] for i in range(3))
    norm = math.sqrt(fx * fx + fy * fy + fz * fz)
    fx, fy, fz = fx / norm, fy / norm, fz / norm
    level = math.hypot(fx, fy)
    rx, ry = fy / level, -fx / level
    up = (ry * fz, -rx * fz, rx * fy - ry * fx)
    return f"{rx} {ry} 0 {up[0]} {up[1]} {up[2]}"


def _place_xml(place: PlaceSpec) -> str:
    half = math.cos(place.yaw_rad / 2), math.sin(place.yaw_rad / 2)
    inner = _container_xml(place) if place.is_container else _furniture_xml(place)
    return f'<body name="{place.name}" pos="{place.x_m} {place.y_m} 0" quat="{half[0]} 0 0 {half[1]}">{inner}</body>'


def _box(size: tuple[float, float, float], pos: tuple[float, float, float], rgba: str) -> str:
    return (
        f'<geom class="furniture" type="box" size="{size[0]} {size[1]} {size[2]}" '
        f'pos="{pos[0]} {pos[1]} {pos[2]}" rgba="{rgba}"/>'
    )


def _furniture_xml(place: PlaceSpec) -> str:
    sx, sy, h = place.size_x_m / 2, place.size_y_m / 2, place.height_m
    board = 0.018
    text = _box((sx, sy, board), (0, 0, h - board), _BOARD[place.kind])
    leg_top = h - 2 * board - 0.001
    if place.kind == "shelf":
        for side in (-1, 1):
            text += _box(
                (0.016, sy - 0.004, leg_top / 2), (side * (sx - 0.018), 0, leg_top / 2), _LEG
            )
        for level in (0.10, 0.10 + (h - 0.14) / 2):
            text += _box((sx - 0.036, sy - 0.006, 0.012), (0, 0, level), _BOARD[place.kind])
        text += _box((sx - 0.036, 0.006, leg_top / 2 - 0.01), (0, sy - 0.012, leg_top / 2), _LEG)
        return text
    if place.kind == "side_table":
        text += (
            f'<geom class="furniture" type="cylinder" size="0.035 {leg_top / 2 - 0.012}" '
            f'pos="0 0 {leg_top / 2 + 0.012}" rgba="{_LEG}"/>'
        )
        return text + _box((sx * 0.6, sy * 0.6, 0.012), (0, 0, 0.012), _LEG)
    for side_x in (-1, 1):
        for side_y in (-1, 1):
            text += _box(
                (0.025, 0.025, leg_top / 2),
                (side_x * (sx - 0.05), side_y * (sy - 0.05), leg_top / 2),
                _LEG,
            )
    return text


def _container_xml(place: PlaceSpec) -> str:
    sx, sy, h = place.size_x_m / 2, place.size_y_m / 2, place.height_m
    wall = 0.009
    rgba = _BIN if place.kind == "bin" else _BOX
    text = _box((sx, sy, wall), (0, 0, wall), rgba)
    low, high = 2 * wall, h
    middle, half_height = (low + high) / 2, (high - low) / 2
    for side in (-1, 1):
        text += _box((wall, sy, half_height), (side * (sx - wall), 0, middle), rgba)
        text += _box((sx - 2 * wall, wall, half_height), (0, side * (sy - wall), middle), rgba)
    return text
