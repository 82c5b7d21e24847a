# SPDX-License-Identifier: Apache-2.0
"""Whether a picture can be seen from where its frame says that it was taken.

A driver that names `camera_link` (x forward, z up) where an optical frame (z forward, y down) belongs puts everything a
quarter turn off, and nothing in the picture looks wrong. Three things give it away, and each is decided here from the
measured points alone: much of what is seen lies deep below the floor; the camera looks up to the sky, where a robot has
nothing to see; or hardly anything level is where the floor or a piece of furniture is, while it would be if the axes
were those of a body frame. A name that says "optical" is not believed any more than another.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.scene import Place
from vla_perception.rgbd.frame import RgbdFrame, Transform

BODY_FROM_OPTICAL = np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])
"""Takes points of an optical frame into its body frame (REP 103): forward is z of the one and x of the other."""
SAMPLES = 40
"""Points are looked at on a grid of so many by so many."""
BELOW_M = 0.30
BELOW_SHARE = 0.30
"""More of the picture so far below the floor is no reflection: it can't be."""
LEVEL = math.cos(math.radians(12.0))
AT_HEIGHT_M = 0.08
FEW, MANY = 0.03, 0.20
"""Share of the points on level ground that is known: fewer are none, and so many are no chance."""
STEEPEST_UP = math.sin(math.radians(40.0))
FEWEST_POINTS = 50
MOST_FRAMES = 20


class FrameWatch:
    """Remembers of each frame what its pictures have shown so far: one that has shown the floor where it is may look up
    later, and one that was found out is not believed again until it does. Not thread-safe.
    """

    def __init__(self) -> None:
        self._trusted: set[str] = set()
        self._found_out: dict[str, VlaError] = {}

    def check(self, frame: RgbdFrame, places: Sequence[Place]) -> None:
        """Errors: NO_TRANSFORM, with the name of the frame, when the picture can't have been taken from there."""
        name = frame.frame_id
        points, known = _sample(frame)
        if np.count_nonzero(known) < FEWEST_POINTS:
            return
        try:
            shown = _judge(frame, points, known, places, name in self._trusted)
        except VlaError as error:
            self._trusted.discard(name)
            if len(self._found_out) < MOST_FRAMES:
                self._found_out[name] = error
            raise
        if shown:
            self._found_out.pop(name, None)
            if len(self._trusted) < MOST_FRAMES:
                self._trusted.add(name)
        elif name in self._found_out:
            raise self._found_out[name]


def _sample(frame: RgbdFrame) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Points (n, m, 3) on a grid over the picture, and which of them are known."""
    h, w = frame.shape
    rows = np.linspace(0, h - 1, min(h, SAMPLES)).astype(int)
    columns = np.linspace(0, w - 1, min(w, SAMPLES)).astype(int)
    points = frame.points[np.ix_(rows, columns)].astype(np.float64)
    return points, np.isfinite(points[..., 2])


def _judge(
    frame: RgbdFrame,
    points: NDArray[np.float64],
    known: NDArray[np.bool_],
    places: Sequence[Place],
    trusted: bool,
) -> bool:
    """Whether level ground is seen where it is; False says nothing. Errors: NO_TRANSFORM."""
    name = frame.frame_id[:60]
    below = float(np.mean(points[..., 2][known] < -BELOW_M))
    if below > BELOW_SHARE:
        raise VlaError(
            Code.NO_TRANSFORM,
            f"The camera's frame '{name}' can't be right: seen from there, {below:.0%} of the picture lies under the "
            f"floor. {_ADVICE}",
        )
    heights: NDArray[np.float64] = np.array([0.0, *(place.position[2] for place in places)])
    share = _on_level_ground(points, known, heights)
    as_body = Transform(frame.camera.rotation @ BODY_FROM_OPTICAL, frame.camera.translation)
    local = frame.camera.inverse().apply(points.reshape(-1, 3))
    otherwise = np.asarray(as_body.apply(local), dtype=np.float64).reshape(points.shape)
    other = _on_level_ground(otherwise, known, heights)
    if share >= FEW and share >= other:
        return True
    if trusted:
        return False
    if share < FEW and other > MANY:
        raise VlaError(
            Code.NO_TRANSFORM,
            f"The camera's frame '{name}' is not an optical frame: the floor and furniture would be where they are "
            f"if its x axis looked forward, and are not as it is. {_ADVICE}",
        )
    if float(frame.camera.rotation[2, 2]) > STEEPEST_UP:
        raise VlaError(
            Code.NO_TRANSFORM,
            f"The camera's frame '{name}' looks up to the ceiling, as one does that is not an optical frame. {_ADVICE}",
        )
    return False


_ADVICE = (
    "The images need the frame_id of an optical frame (z forward, x right, y down), such as "
    "'camera_color_optical_frame'."
)


def _on_level_ground(
    points: NDArray[np.float64], known: NDArray[np.bool_], heights: NDArray[np.float64]
) -> float:
    """Share of the known points around which it is level, at one of the heights (m) of the map."""
    across = points[1:-1, 2:] - points[1:-1, :-2]
    down = points[2:, 1:-1] - points[:-2, 1:-1]
    normal = np.cross(across, down)
    length = np.linalg.norm(normal, axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        level = np.abs(normal[..., 2]) / length > LEVEL
    z = points[1:-1, 1:-1, 2]
    with np.errstate(invalid="ignore"):
        near = np.abs(z[..., None] - heights).min(axis=-1) < AT_HEIGHT_M
    return float(np.count_nonzero(level & near)) / max(1, int(np.count_nonzero(known)))
