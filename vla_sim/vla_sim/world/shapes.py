# SPDX-License-Identifier: Apache-2.0
"""Shapes of the movable objects: dimensions, visual meshes and MJCF.

Decides how a cup, bottle, block, ball and bowl look, weigh and touch. Visual meshes are surfaces of revolution made
here, so that no asset file is needed; collision uses primitives, and rings of boxes for what must hold things.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_sim.world.world_spec import COLORS, ObjectSpec

RING_BOXES = 12
LATHE_SEGMENTS = 28

# Friction of objects among themselves and on furniture (sliding, torsional, rolling); pads have priority over it.
_CONTACT = 'group="3" friction="0.7 0.01 0.001" solref="0.008 1" solimp="0.95 0.99 0.001"'


@dataclass(frozen=True)
class ObjectShape:
    """Dimensions of one kind in one size.

    ``width_m`` is the horizontal extent that the jaw has to embrace (handles apart), ``extent_m`` the horizontal radius
    that everything stays within, handle included.
    """

    width_m: float
    height_m: float
    extent_m: float
    mass_kg: float


def object_shape(kind: str, size: str) -> ObjectShape:
    """Dimensions of an object kind ('cup', ...) in a size ('small', 'large')."""
    large = size == "large"
    if kind == "cup":
        return (
            ObjectShape(0.078, 0.095, 0.074, 0.20)
            if large
            else ObjectShape(0.066, 0.080, 0.062, 0.14)
        )
    if kind == "bottle":
        return (
            ObjectShape(0.062, 0.180, 0.031, 0.26)
            if large
            else ObjectShape(0.052, 0.150, 0.026, 0.18)
        )
    if kind == "block":
        return (
            ObjectShape(0.060, 0.060, 0.0425, 0.16)
            if large
            else ObjectShape(0.044, 0.044, 0.0312, 0.08)
        )
    if kind == "ball":
        return (
            ObjectShape(0.070, 0.070, 0.035, 0.10)
            if large
            else ObjectShape(0.054, 0.054, 0.027, 0.06)
        )
    if kind == "bowl":
        return (
            ObjectShape(0.160, 0.062, 0.080, 0.28)
            if large
            else ObjectShape(0.130, 0.052, 0.065, 0.20)
        )
    raise KeyError(kind)


def lathe(profile: list[tuple[float, float]]) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Surface of revolution about z.

    Args:
        profile: (radius, height) points in metres, counter-clockwise in the r-z plane, so that the surface faces out.
            Every radius is positive; ends are left open or closed by tiny radii.

    Returns:
        Vertices (n, 3) and triangles (m, 3).
    """
    rings = len(profile)
    angles = np.linspace(0.0, 2.0 * math.pi, LATHE_SEGMENTS, endpoint=False)
    vertices = np.array([(r * math.cos(a), r * math.sin(a), z) for r, z in profile for a in angles])
    faces: list[tuple[int, int, int]] = []
    for ring in range(rings - 1):
        for k in range(LATHE_SEGMENTS):
            a = ring * LATHE_SEGMENTS + k
            b = ring * LATHE_SEGMENTS + (k + 1) % LATHE_SEGMENTS
            faces.append((a, b, b + LATHE_SEGMENTS))
            faces.append((a, b + LATHE_SEGMENTS, a + LATHE_SEGMENTS))
    return vertices, np.array(faces, dtype=np.int32)


def _profile(kind: str, shape: ObjectShape) -> list[tuple[float, float]]:
    """Outline of a kind, in its own frame with the origin at half height, from the bottom outside inwards."""
    r, h = shape.width_m / 2, shape.height_m
    lo, hi, tiny = -h / 2, h / 2, 1e-4
    if kind == "cup":
        wall, floor = 0.004, lo + 0.006
        return [
            (tiny, lo), (r * 0.86, lo), (r * 0.90, lo + 0.004), (r, hi - 0.002), (r - 0.001, hi),
            (r - wall, hi), (r - wall, hi - 0.003), (r * 0.90 - wall, floor), (tiny, floor),
        ]  # fmt: skip
    if kind == "bottle":
        neck = 0.014
        shoulder = lo + h * 0.62
        return [
            (tiny, lo), (r - 0.003, lo), (r, lo + 0.004), (r, shoulder), (r * 0.86, shoulder + h * 0.07),
            (neck, shoulder + h * 0.16), (neck, hi - 0.020), (neck + 0.002, hi - 0.019), (neck + 0.002, hi - 0.001),
            (neck, hi), (tiny, hi),
        ]  # fmt: skip
    if kind == "bowl":
        wall, base = 0.005, r * 0.45
        steps = np.linspace(0.0, math.pi / 2, 7)
        outer = [
            (base + (r - base) * math.sin(t), lo + 0.008 + (h - 0.008) * (1 - math.cos(t)))
            for t in steps
        ]
        inner = [(max(q - wall, tiny), max(z, lo + 0.010)) for q, z in reversed(outer)]
        return [(tiny, lo), (base, lo), *outer, *inner, (tiny, lo + 0.010)]
    raise KeyError(kind)


def mesh_assets(world_objects: tuple[ObjectSpec, ...]) -> str:
    """MJCF meshes for the kinds and sizes that occur."""
    assets = ""
    for kind, size in sorted(
        {(o.kind, o.size) for o in world_objects if o.kind in ("cup", "bottle", "bowl")}
    ):
        vertices, faces = lathe(_profile(kind, object_shape(kind, size)))
        assets += _mesh(f"{kind}_{size}", vertices, faces)
    return assets


def _mesh(name: str, vertices: NDArray[np.float64], faces: NDArray[np.int32]) -> str:
    vertex_text = " ".join(f"{v:.5f}" for v in vertices.ravel())
    face_text = " ".join(str(v) for v in faces.ravel())
    return f'<mesh name="{name}" inertia="shell" vertex="{vertex_text}" face="{face_text}"/>\n'


def object_body_xml(thing: ObjectSpec) -> str:
    """MJCF body of an object, with a free joint of its own name."""
    shape = object_shape(thing.kind, thing.size)
    r, h = shape.width_m / 2, shape.height_m
    red, green, blue = COLORS[thing.color]
    rgba = f'rgba="{red} {green} {blue} 1"'
    half = math.cos(thing.yaw_rad / 2), math.sin(thing.yaw_rad / 2)
    inertia_xy = shape.mass_kg * (3 * r * r + h * h) / 12
    inertia_z = shape.mass_kg * r * r / 2
    low = -0.15 * h if thing.kind in ("bottle", "cup") else 0.0
    geoms = ""
    mesh = f'<geom class="look" type="mesh" mesh="{thing.kind}_{thing.size}" {rgba}/>'
    if thing.kind == "block":
        geoms += f'<geom class="look" type="box" size="{r} {r} {h / 2}" {rgba}/>'
        geoms += f'<geom type="box" size="{r} {r} {h / 2}" {_CONTACT}/>'
    elif thing.kind == "ball":
        geoms += f'<geom class="look" type="sphere" size="{r}" {rgba}/>'
        geoms += f'<geom type="sphere" size="{r}" condim="6" {_CONTACT}/>'
    elif thing.kind == "bottle":
        body_half = h * 0.31
        geoms += mesh
        geoms += f'<geom type="cylinder" size="{r} {body_half}" pos="0 0 {-h / 2 + body_half}" {_CONTACT}/>'
        neck_half = h * 0.19
        geoms += f'<geom type="cylinder" size="0.0155 {neck_half}" pos="0 0 {h / 2 - neck_half}" {_CONTACT}/>'
    elif thing.kind == "cup":
        geoms += mesh + _ring_xml(r, h, 0.006) + _handle_xml(r, h, rgba)
    else:
        geoms += mesh + _bowl_xml(r, h)
    return (
        f'<body name="{thing.name}" pos="{thing.x_m} {thing.y_m} {thing.z_m}" quat="{half[0]} 0 0 {half[1]}">'
        f'<freejoint name="{thing.name}"/>'
        f'<inertial pos="0 0 {low}" mass="{shape.mass_kg}" diaginertia="{inertia_xy} {inertia_xy} {inertia_z}"/>'
        f"{geoms}</body>"
    )


def _ring_xml(r: float, h: float, floor: float, z0: float | None = None) -> str:
    """Floor disc and a ring of boxes whose outer faces touch the circle of radius r."""
    wall = 0.005
    low = -h / 2 if z0 is None else z0
    half_length = r * math.tan(math.pi / RING_BOXES) * 0.98
    text = f'<geom type="cylinder" size="{r * 0.9} {floor / 2}" pos="0 0 {low + floor / 2}" {_CONTACT}/>'
    for k in range(RING_BOXES):
        a = 2 * math.pi * k / RING_BOXES
        x, y = (r - wall / 2) * math.cos(a), (r - wall / 2) * math.sin(a)
        text += (
            f'<geom type="box" size="{wall / 2} {half_length} {(h / 2 - low) / 2 - 0.0005}" '
            f'pos="{x} {y} {(h / 2 + low) / 2}" quat="{math.cos(a / 2)} 0 0 {math.sin(a / 2)}" {_CONTACT}/>'
        )
    return text


def _handle_xml(r: float, h: float, rgba: str) -> str:
    """A handle on the +x side: three capsules that are both seen and felt."""
    reach = (r + 0.006) if h < 0.09 else (r + 0.008)
    out, top, bottom = reach + 0.020, 0.25 * h, -0.22 * h
    thick = 0.0045
    text = ""
    for x1, z1, x2, z2 in (
        (r - 0.004, top, out, top * 0.8),
        (out, top * 0.8, out, bottom),
        (out, bottom, r - 0.006, bottom),
    ):
        pose = f'type="capsule" fromto="{x1} 0 {z1} {x2} 0 {z2}" size="{thick}"'
        text += f'<geom class="look" {pose} {rgba}/><geom {pose} {_CONTACT}/>'
    return text


def _bowl_xml(r: float, h: float) -> str:
    """A wide ring for the upper half and a narrower one with the floor below."""
    base = r * 0.62
    text = (
        f'<geom type="cylinder" size="{base * 0.9} 0.005" pos="0 0 {-h / 2 + 0.005}" {_CONTACT}/>'
    )
    for radius, low, high in (
        (base * 1.02, -h / 2, -h / 2 + 0.4 * h),
        (r, -h / 2 + 0.35 * h, h / 2),
    ):
        wall = 0.006
        half_length = radius * math.tan(math.pi / RING_BOXES) * 0.98
        for k in range(RING_BOXES):
            a = 2 * math.pi * (k + 0.5) / RING_BOXES
            x, y = (radius - wall / 2) * math.cos(a), (radius - wall / 2) * math.sin(a)
            text += (
                f'<geom type="box" size="{wall / 2} {half_length} {(high - low) / 2}" '
                f'pos="{x} {y} {(high + low) / 2}" quat="{math.cos(a / 2)} 0 0 {math.sin(a / 2)}" {_CONTACT}/>'
            )
    return text
