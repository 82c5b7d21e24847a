# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""Rigid transforms on plain tuples.

Tuples instead of arrays: for three and four numbers they are several times faster. A quaternion is
(x, y, z, w), of unit length; a vector is (x, y, z) in metres.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

Vector = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]

# Below this distance from parallel, slerp divides by nearly zero; linear interpolation of such
# close rotations errs by less than a float can hold.
_PARALLEL = 1e-9


def multiply(a: Quaternion, b: Quaternion) -> Quaternion:
    """Rotation `b` followed by rotation `a`."""
    ax, ay, az, aw = a
    bx, by, bz, bw = b
    return (
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
        aw * bw - ax * bx - ay * by - az * bz,
    )


def rotate(q: Quaternion, v: Vector) -> Vector:
    """Vector `v` turned by `q`."""
    x, y, z, w = q
    vx, vy, vz = v
    # v + 2w(u x v) + 2u x (u x v), where u is the vector part
    cx, cy, cz = y * vz - z * vy, z * vx - x * vz, x * vy - y * vx
    return (
        vx + 2.0 * (w * cx + y * cz - z * cy),
        vy + 2.0 * (w * cy + z * cx - x * cz),
        vz + 2.0 * (w * cz + x * cy - y * cx),
    )


def slerp(a: Quaternion, b: Quaternion, ratio: float) -> Quaternion:
    """Rotation at `ratio` (0..1) of the shorter way from `a` to `b`, at constant angular speed."""
    dot = sum(p * q for p, q in zip(a, b, strict=True))
    sign = -1.0 if dot < 0.0 else 1.0
    cosine = min(1.0, abs(dot))
    if 1.0 - cosine < _PARALLEL:
        first, second = 1.0 - ratio, sign * ratio
    else:
        angle = math.acos(cosine)
        sine = math.sin(angle)
        first = math.sin((1.0 - ratio) * angle) / sine
        second = sign * math.sin(ratio * angle) / sine
    x, y, z, w = (first * p + second * q for p, q in zip(a, b, strict=True))
    return (x, y, z, w)


@dataclass(frozen=True, slots=True)
class Rigid:
    """Takes a point from a child frame to its parent: turn by `rotation`, then `translation`."""

    translation: Vector = (0.0, 0.0, 0.0)
    rotation: Quaternion = (0.0, 0.0, 0.0, 1.0)

    def __matmul__(self, other: Rigid) -> Rigid:
        """`other` first, then this one."""
        x, y, z = rotate(self.rotation, other.translation)
        tx, ty, tz = self.translation
        return Rigid((x + tx, y + ty, z + tz), multiply(self.rotation, other.rotation))

    def inverse(self) -> Rigid:
        """The transform back. Exact for unit quaternions only."""
        x, y, z, w = self.rotation
        back = (-x, -y, -z, w)
        tx, ty, tz = self.translation
        return Rigid(rotate(back, (-tx, -ty, -tz)), back)

    def towards(self, other: Rigid, ratio: float) -> Rigid:
        """Between this one (ratio 0) and `other` (ratio 1)."""
        x, y, z = (
            p + (q - p) * ratio for p, q in zip(self.translation, other.translation, strict=True)
        )
        return Rigid((x, y, z), slerp(self.rotation, other.rotation, ratio))

    def normalized(self) -> Rigid | None:
        """With a rotation of unit length; None when there is NaN in it or the rotation is zero.

        tf2 does the same, in that it keeps a matrix.
        """
        norm = math.hypot(*self.rotation)
        if math.isnan(norm + sum(self.translation)) or norm == 0.0:
            return None
        x, y, z, w = (value / norm for value in self.rotation)
        return Rigid(self.translation, (x, y, z, w))
