# SPDX-License-Identifier: Apache-2.0
"""The `colour` backend: finds things by where they stick out of known surfaces and by their colours.

Decides which pixels belong to one thing. Pixels above a support surface are grouped by their distance seen from
above; a group whose colours sit at different places is split, so that things that touch come apart. It names
nothing: labels come from the shape, colours from `colour_names`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vla_perception.detect.color_names import oklab
from vla_perception.detect.detector import Detection2D
from vla_perception.localize.surfaces import CONTAINER_WALL_M, Surface, covered, window_of
from vla_perception.rgbd.frame import F32, Mask, RgbdFrame

CELL_M = 0.012
"""Grid seen from above; pixels in cells that touch belong together."""
RIM_GAP = 0.75
"""Near and far rim of a cup or bowl lie that share of its width apart with nothing in view between them."""
SPLIT_SHIFT_M = 0.022
SPLIT_HEIGHT_M = 0.025
TALL_M = 1.5
FURNITURE_MARGIN_M = 0.10
"""That near to furniture nothing is looked for on the floor."""
FLOAT_M = 0.045
"""What hangs higher over its surface, with nothing that hides what is below it, does not stand on it: an arm."""
CONTAINER_RANGE_M = 2.0
"""From farther away the walls of a container and what is in it can't be told apart."""
SLIVER = 8.0
"""What is so many times as high as it is wide is an edge of a wall or of furniture."""
POSE_ERROR = 0.01
"""Error of a point's place in the map for each metre of its distance: half a degree of the robot's heading."""
EDGE_NOISE = 0.0025
"""Growth of depth noise with the square of the distance, 1/m; structured light and stereo cameras stay below it."""


@dataclass(frozen=True)
class ColorDetector:
    """See the module. Lengths as in VisionConfig."""

    min_points: int = 8
    max_size_m: float = 0.45
    min_height_m: float = 0.010
    footprint_margin_m: float = 0.02
    floor_min_size_m: float = 0.035
    threshold: float = 0.5
    name: str = "colour"
    model: str = ""
    device: str = ""
    latency_ms: float = 0.0
    note: str = ""

    def detect(self, frame: RgbdFrame, surfaces: Sequence[Surface]) -> list[Detection2D]:
        """See `Detector`. Every surface claims its pixels in turn: containers and furniture before the floor."""
        taken = np.zeros(frame.shape, dtype=bool)
        found: list[Detection2D] = []
        for surface in sorted(surfaces, key=lambda s: (s.place is None, not s.inside)):
            mask, heights = self._foreground(frame, surface, taken)
            if np.count_nonzero(mask) < self.min_points:
                continue
            found.extend(self._things(frame, surface, mask, heights))
            taken[surface.window] |= mask
        return [thing for thing in found if thing.score >= self.threshold]

    def look_for(self, word: str) -> None:
        """It finds whatever sticks out, and names nothing."""

    def _foreground(self, frame: RgbdFrame, surface: Surface, taken: Mask) -> tuple[Mask, F32]:
        """Pixels above a surface within its window, and their heights."""
        window = surface.window
        points, depth = frame.points[window], frame.depth[window]
        heights = surface.heights(points).astype(np.float32, copy=False)
        with np.errstate(invalid="ignore"):
            mask: Mask = (
                heights > np.float32(self.min_height_m) + np.float32(EDGE_NOISE) * depth * depth
            )
            mask &= ~taken[window]
            if surface.place is None:
                mask &= heights < TALL_M
                for place in surface.furniture:
                    over = window_of(frame, place, 0.0, TALL_M, FURNITURE_MARGIN_M)
                    if over is not None:
                        mask[over] &= ~covered(place, points[over], FURNITURE_MARGIN_M)
            elif surface.inside:
                mask &= self._in_container(frame, points, surface, heights)
            else:
                mask &= covered(surface.place, points, self.footprint_margin_m)
        # A pixel with hardly any neighbours is noise.
        near = cv2.boxFilter(
            mask.astype(np.uint8), -1, (3, 3), normalize=False, borderType=cv2.BORDER_CONSTANT
        )
        mask &= near >= 3
        return mask, heights

    def _in_container(self, frame: RgbdFrame, points: F32, surface: Surface, heights: F32) -> Mask:
        """Inside and off the walls and the floor, or plainly of another colour than the container."""
        place = surface.place
        assert place is not None
        depth_inside = surface.rim_m - surface.height_m
        # From afar an error of the robot's pose puts the walls' outside, or the floor, where the inside should be.
        range_m = float(np.hypot(*(frame.camera.translation[:2] - place.position[:2])))
        if range_m > CONTAINER_RANGE_M:
            return np.zeros(heights.shape, dtype=bool)
        unsure_m = POSE_ERROR * range_m
        whole = covered(place, points, -unsure_m) & (heights < depth_inside + 0.30)
        if np.count_nonzero(whole) < 30:
            return np.zeros(heights.shape, dtype=bool)
        lab = oklab(frame.rgb[surface.window])
        shift = lab - np.median(lab[whole], axis=0)
        other = (np.hypot(shift[..., 1], shift[..., 2]) > 0.055) | (shift[..., 0] > 0.30)
        clear = covered(place, points, -CONTAINER_WALL_M - unsure_m)
        if surface.measured:
            other |= clear & (heights < depth_inside - 0.02) & (heights > 0.03)
        out: Mask = whole & (other | (clear & (heights > depth_inside + 0.015)))
        return out

    def _things(
        self, frame: RgbdFrame, surface: Surface, mask: Mask, heights: F32
    ) -> list[Detection2D]:
        rows, columns = np.nonzero(mask)
        points, high = frame.points[surface.window][rows, columns], heights[rows, columns]
        rows, columns = (
            rows + (surface.window[0].start or 0),
            columns + (surface.window[1].start or 0),
        )
        found: list[Detection2D] = []
        for members in _join_rims(self._groups(points, high), points, high, frame):
            if len(members) < self.min_points:
                continue
            pixels = frame.rgb[rows[members], columns[members]]
            for part, base in _split(members, points, high, pixels, self.min_points):
                thing = self._thing(
                    frame, surface, rows[part], columns[part], points[part], high[part], base
                )
                if thing is not None:
                    found.append(thing)
        return found

    def _groups(self, points: F32, high: F32) -> list[NDArray[np.int64]]:
        """Indices of the points (n, 3) of each group: grid cells that touch, seen from above. Walls are left out."""
        low = points[:, :2].min(axis=0)
        cells = np.floor((points[:, :2] - low) / np.float32(CELL_M)).astype(np.int32) + 1
        extent = cells.max(axis=0) + 2
        grid = np.zeros((int(extent[1]), int(extent[0])), dtype=np.uint8)
        grid[cells[:, 1], cells[:, 0]] = 1
        grid = cv2.dilate(grid, np.ones((3, 3), np.uint8))
        _, labels, stats, _ = cv2.connectedComponentsWithStats(grid, connectivity=8)
        largest = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
        own = labels[cells[:, 1], cells[:, 0]]
        wanted = np.nonzero(largest[own] * CELL_M <= self.max_size_m + 4 * CELL_M)[0]
        order = wanted[np.argsort(own[wanted], kind="stable")]
        cuts = np.nonzero(np.diff(own[order]))[0] + 1
        groups = [group for group in np.split(order, cuts) if len(group) >= 3]
        return [group for group in groups if float(high[group].max()) <= self.max_size_m + 0.1]

    def _thing(
        self,
        frame: RgbdFrame,
        surface: Surface,
        rows: NDArray[np.int64],
        columns: NDArray[np.int64],
        points: F32,
        high: F32,
        base_m: float,
    ) -> Detection2D | None:
        """The detection of one group of pixels, None for what is no object."""
        low, top = float(np.percentile(high, 2)), float(np.percentile(high, 98))
        extent = float(
            np.max(
                np.percentile(points[:, :2], 98, axis=0) - np.percentile(points[:, :2], 2, axis=0)
            )
        )
        if (
            extent > self.max_size_m
            or top - base_m > self.max_size_m
            or top - base_m < self.min_height_m
        ):
            return None
        if surface.place is None and max(extent, top) < self.floor_min_size_m:
            return None
        if top - low > SLIVER * max(extent, 0.01):
            return None
        h, w = frame.shape
        y0, y1, x0, x1 = (
            int(rows.min()),
            int(rows.max()) + 1,
            int(columns.min()),
            int(columns.max()) + 1,
        )
        mask = np.zeros((y1 - y0, x1 - x0), dtype=bool)
        mask[rows - y0, columns - x0] = True
        hidden_below, hidden = _hidden(frame, surface, mask, (x0, y0, x1, y1))
        if low - base_m > FLOAT_M and not hidden_below and not surface.inside and y1 < h:
            return None
        cut = x0 == 0 or y0 == 0 or x1 == w or y1 == h
        if cut and surface.place is None:
            # The foot of a wall, a door or a person: only what is seen whole is taken for a thing on the floor.
            return None
        # Few pixels may be noise; 40 are enough to be certain.
        score = min(1.0, 0.55 + 0.45 * len(rows) / 40.0)
        if cut:
            score *= 0.8
        return Detection2D((x0, y0, x1, y1), score, "", mask, surface, cut or hidden, base_m)


def _join_rims(
    groups: list[NDArray[np.int64]], points: F32, high: F32, frame: RgbdFrame
) -> list[NDArray[np.int64]]:
    """Put the far inner wall of a cup or bowl back to its near side.

    Two groups are one vessel when they lie one behind the other as seen from the camera, end at the same height, and
    the far one is no wider than the near one.
    """
    if len(groups) < 2:
        return groups
    eye = frame.camera.translation[:2].astype(np.float32)
    ahead = points[:, :2].mean(axis=0) - eye
    extents = []
    for group in groups:
        along = points[group, :2] - eye
        bearing = np.arctan2(along[:, 1], along[:, 0]) - np.arctan2(ahead[1], ahead[0])
        bearing = (bearing + np.pi) % (2 * np.pi) - np.pi
        reach = np.hypot(along[:, 0], along[:, 1])
        top = float(np.percentile(high[group], 95))
        extents.append(
            (
                float(bearing.min()),
                float(bearing.max()),
                float(reach.min()),
                float(reach.max()),
                top,
            )
        )
    owner = list(range(len(groups)))
    pixel = 1.0 / frame.intrinsics.fx
    slack = max(0.006, 1.5 * pixel)
    for far, (left, right, start, _, top) in enumerate(extents):
        for near, (near_left, near_right, near_start, end, near_top) in enumerate(extents):
            if near == far or near_start >= start:
                continue
            within = left >= near_left - slack and right <= near_right + slack
            width = (near_right - near_left) * near_start
            level = abs(top - near_top) < max(0.012, 1.5 * pixel * start)
            if within and level and start - end < RIM_GAP * width:
                owner[far] = near
    joined: dict[int, list[NDArray[np.int64]]] = {}
    for index, group in enumerate(groups):
        root = index
        while owner[root] != root:
            root = owner[root]
        joined.setdefault(root, []).append(group)
    return [np.concatenate(parts) for parts in joined.values()]


def _split(
    members: NDArray[np.int64], points: F32, high: F32, pixels: NDArray[np.uint8], min_points: int
) -> list[tuple[NDArray[np.int64], float]]:
    """Parts of a group with the height of their undersides: one for each colour that has a place of its own.

    A label or a cap on one thing stays with it: colours whose pixels lie over one another are split only where both
    parts are `SPLIT_HEIGHT_M` high, and then the upper one stands on the lower one.
    """
    whole = [(members, 0.0)]
    lab = oklab(pixels)
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    hue = np.degrees(np.arctan2(lab[:, 2], lab[:, 1])) % 360.0
    kind = np.where(chroma < 0.055, 36, (hue // 10).astype(int))
    counts = np.bincount(kind, minlength=37)
    peaks: list[int] = []
    for k in np.argsort(counts)[::-1]:
        if counts[k] < max(min_points, 0.12 * len(members)):
            break
        near = [p for p in peaks if p != 36 and k != 36 and min(abs(p - k), 36 - abs(p - k)) <= 2]
        if not near:
            peaks.append(int(k))
    if len(peaks) < 2:
        return whole
    distance = np.empty((len(peaks), len(members)))
    for row, peak in enumerate(peaks):
        if peak == 36:
            distance[row] = np.where(chroma < 0.055, 0.0, 100.0)
        else:
            turn = np.abs(hue - (peak * 10 + 5))
            distance[row] = np.where(chroma < 0.055, 200.0, np.minimum(turn, 360 - turn))
    nearest = np.argmin(distance, axis=0)
    parts = [members[nearest == k] for k in range(len(peaks))]
    parts = [part for part in parts if len(part) >= min_points]
    if len(parts) < 2:
        return whole
    places = [np.median(points[part, :2], axis=0) for part in parts]
    spans = [
        (float(np.percentile(high[part], 5)), float(np.percentile(high[part], 95)))
        for part in parts
    ]
    out: list[tuple[NDArray[np.int64], float]] = []
    for index, part in enumerate(parts):
        base = 0.0
        for other in range(len(parts)):
            if other == index:
                continue
            shift = float(np.hypot(*(places[index] - places[other])))
            tall = (
                min(spans[index][1] - spans[index][0], spans[other][1] - spans[other][0])
                > SPLIT_HEIGHT_M
            )
            above = spans[index][0] > spans[other][1] - 0.012
            below = spans[other][0] > spans[index][1] - 0.012
            if (above or below) and tall:
                base = max(base, spans[other][1]) if above else base
            elif shift < SPLIT_SHIFT_M:
                return whole
        out.append((part, base))
    return out


def _hidden(
    frame: RgbdFrame, surface: Surface, mask: Mask, box: tuple[int, int, int, int]
) -> tuple[bool, bool]:
    """Whether something nearer borders the thing from below, and whether on any good part of its outline."""
    x0, y0, x1, y1 = box
    h, w = frame.shape
    ax, ay, bx, by = max(0, x0 - 2), max(0, y0 - 2), min(w, x1 + 2), min(h, y1 + 2)
    padded = np.zeros((by - ay, bx - ax), dtype=np.uint8)
    padded[y0 - ay : y1 - ay, x0 - ax : x1 - ax] = mask
    ring = (cv2.dilate(padded, np.ones((5, 5), np.uint8)) > 0) & (padded == 0)
    depth = frame.depth[ay:by, ax:bx]
    own = np.where(padded > 0, depth, np.nan)
    with np.errstate(invalid="ignore"):
        nearer = ring & (depth < float(np.nanpercentile(own, 10)) - 0.03)
        nearer &= surface.heights(frame.points[ay:by, ax:bx]) > 0.02
    middle = np.zeros_like(ring)
    middle[(y1 - ay) - 2 :, x0 - ax : x1 - ax] = True
    below = ring & middle
    below_share = float(np.sum(nearer & below)) / max(1.0, float(np.sum(below)))
    share = float(np.sum(nearer)) / max(1.0, float(np.sum(ring)))
    return below_share > 0.4, share > 0.08
