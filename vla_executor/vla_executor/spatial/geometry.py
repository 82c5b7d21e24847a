# SPDX-License-Identifier: Apache-2.0
"""Points, poses and footprints on the floor. Metres and radians; nothing is decided here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from vla_common.contracts.scene import Place

Point2 = tuple[float, float]
Point3 = tuple[float, float, float]


@dataclass(frozen=True)
class Pose2:
    """Position and heading on the floor."""

    x_m: float = 0.0
    y_m: float = 0.0
    yaw_rad: float = 0.0

    @property
    def xy(self) -> Point2:
        return (self.x_m, self.y_m)

    def is_finite(self) -> bool:
        return all(math.isfinite(value) for value in (self.x_m, self.y_m, self.yaw_rad))

    def to_local(self, x_m: float, y_m: float) -> Point2:
        """A point of the frame this pose is given in, as seen from this pose."""
        dx, dy = x_m - self.x_m, y_m - self.y_m
        c, s = math.cos(self.yaw_rad), math.sin(self.yaw_rad)
        return c * dx + s * dy, -s * dx + c * dy

    def to_outer(self, x_m: float, y_m: float) -> Point2:
        """The reverse of `to_local`."""
        c, s = math.cos(self.yaw_rad), math.sin(self.yaw_rad)
        return self.x_m + c * x_m - s * y_m, self.y_m + s * x_m + c * y_m


def wrap(angle_rad: float) -> float:
    """The same angle in (-pi, pi]."""
    wrapped = math.remainder(angle_rad, 2.0 * math.pi)
    return math.pi if wrapped == -math.pi else wrapped


def bearing(origin: Point2, target: Point2) -> float:
    """Heading from one point to another."""
    return math.atan2(target[1] - origin[1], target[0] - origin[0])


def distance_to_footprint(place: Place, x_m: float, y_m: float) -> float:
    """Distance of a point from a place's footprint; negative inside, by how deep."""
    lx, ly = place.local(x_m, y_m)
    dx, dy = abs(lx) - place.size[0] / 2, abs(ly) - place.size[1] / 2
    outside = math.hypot(max(dx, 0.0), max(dy, 0.0))
    return outside if outside > 0.0 else max(dx, dy)


def distance_to_polygon(polygon: Sequence[Point2], x_m: float, y_m: float) -> float:
    """Distance of a point from a simple polygon; negative inside, by how deep."""
    inside, nearest = False, math.inf
    for (ax, ay), (bx, by) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        if (ay > y_m) != (by > y_m) and x_m < (bx - ax) * (y_m - ay) / (by - ay) + ax:
            inside = not inside
        length2 = (bx - ax) ** 2 + (by - ay) ** 2
        along = ((x_m - ax) * (bx - ax) + (y_m - ay) * (by - ay)) / length2 if length2 else 0.0
        along = min(max(along, 0.0), 1.0)
        nearest = min(
            nearest, math.hypot(x_m - ax - along * (bx - ax), y_m - ay - along * (by - ay))
        )
    return -nearest if inside else nearest
