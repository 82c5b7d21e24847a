# SPDX-License-Identifier: Apache-2.0
"""`./vla eval perception`: perception against the simulator's ground truth; without any ROS process.

Three parts: single looks at the furniture of random worlds, without memory; looks into containers; and drives through
worlds, whether ids stay. Worlds from 10000 on, which nobody who tuned a limit or trained a network has seen.
"""

from __future__ import annotations

import argparse
import heapq
import json
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import perception_drive
import perception_figures
from numpy.typing import NDArray
from perception_drive import DriveTally, drive
from perception_figures import Tally, judge

from vla_bringup.client.system_process import run_folder
from vla_common.contracts.outcomes import VlaError
from vla_perception.config import VisionConfig
from vla_perception.detect.backends import make_detector
from vla_perception.detect.detector import Detector
from vla_perception.drawing import annotate
from vla_perception.pipeline import Sighting, look
from vla_testing.measuring import append_json, verdict
from vla_testing.system.perception_truth import Look, looks

SHEET = 12
TILE = (480, 360)
BAD = 0.3
"""Looks less bad than that are not worth a picture."""


class Worst:
    """The worst looks so far, as pictures."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._heap: list[tuple[float, int, NDArray[np.uint8]]] = []
        self._order = 0

    def offer(self, badness: float, shot: Look, sightings: Sequence[Sighting]) -> None:
        if badness < BAD:
            return
        self._order += 1
        full = len(self._heap) >= self._count
        if not full or badness > self._heap[0][0]:
            entry = (badness, self._order, tile(shot, sightings, badness))
            (heapq.heapreplace if full else heapq.heappush)(self._heap, entry)

    def sheet(self) -> NDArray[np.uint8] | None:
        """All of them in rows of four, the worst first; None when there are none."""
        tiles = [picture for _, _, picture in sorted(self._heap, key=lambda e: (-e[0], e[1]))]
        if not tiles:
            return None
        across = min(4, len(tiles))
        while len(tiles) % across:
            tiles.append(np.zeros_like(tiles[0]))
        rows = [np.hstack(tiles[i : i + across]) for i in range(0, len(tiles), across)]
        return np.ascontiguousarray(np.vstack(rows))


def tile(shot: Look, sightings: Sequence[Sighting], badness: float) -> NDArray[np.uint8]:
    """The part of one look with things in it: what was said in boxes, the true middles as crosses, and where it is."""
    middles, _ = shot.frame.project(np.array([t.position for t in shot.truth]).reshape(-1, 3))
    shown = [
        bool(t.seen) and bool(np.isfinite(m).all())
        for t, m in zip(shot.truth, middles, strict=True)
    ]
    x0, y0, x1, y1 = _part(shot, sightings, middles[shown])
    scale = TILE[0] / (x1 - x0)
    fine = max(1, round(scale))
    drawn = annotate(shot.frame.rgb, sightings, fine)[y0 * fine : y1 * fine, x0 * fine : x1 * fine]
    picture = np.ascontiguousarray(cv2.resize(drawn, TILE, interpolation=cv2.INTER_AREA))
    for truth, (x, y), seen in zip(shot.truth, middles, shown, strict=True):
        if seen:
            at = (round((float(x) - x0) * scale), round((float(y) - y0) * scale))
            ink = (255, 255, 255) if truth.in_view else (150, 150, 150)
            cv2.drawMarker(picture, at, (0, 0, 0), cv2.MARKER_CROSS, 11, 3)
            cv2.drawMarker(picture, at, ink, cv2.MARKER_CROSS, 9, 1)
    text = f"world {shot.seed}, {shot.target} ({badness:.1f})"
    cv2.putText(picture, text, (6, TILE[1] - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 3)
    cv2.putText(picture, text, (6, TILE[1] - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255, 255, 255), 1)
    return picture


def _part(
    shot: Look, sightings: Sequence[Sighting], middles: NDArray[np.float64]
) -> tuple[int, int, int, int]:
    """A window of the tile's shape round all boxes and middles, with room for the names above them."""
    height, width = shot.frame.shape
    corners = [s.detection.box[:2] for s in sightings] + [s.detection.box[2:] for s in sightings]
    inside = [(x, y) for x, y in middles if 0 <= x < width and 0 <= y < height]
    points = (
        np.array([*corners, *inside]) if corners or inside else np.array([[0, 0], [width, height]])
    )
    low, high = points.min(axis=0), points.max(axis=0)
    wide = max(
        high[0] - low[0] + 0.15 * width, (high[1] - low[1] + 0.25 * height) * TILE[0] / TILE[1]
    )
    wide = min(float(width), max(wide, width / 3))
    tall = min(float(height), wide * TILE[1] / TILE[0])
    x0 = min(max(0.0, (low[0] + high[0] - wide) / 2), width - wide)
    y0 = min(max(0.0, (low[1] + high[1]) / 2 - 0.6 * tall), height - tall)
    return int(x0), int(y0), int(x0 + wide), int(y0 + tall)


def single_looks(
    shots: Iterable[Look], detector: Detector, config: VisionConfig, worst: Worst
) -> Tally:
    tally = Tally()
    for shot in shots:
        begin = time.perf_counter()
        sightings = look(shot.frame, detector, shot.places, config, shot.hand)
        tally.times_ms.append((time.perf_counter() - begin) * 1e3)
        worst.offer(judge(tally, shot, sightings), shot, sightings)
    return tally


def table(columns: dict[str, dict[str, Any]]) -> str:
    """Figures side by side."""
    names = [name for name in next(iter(columns.values())) if name not in ("classes", "colours")]
    lines = [f"{'':26s}" + "".join(f"{title:>16s}" for title in columns)]
    lines += [
        f"{name:26s}" + "".join(f"{_shown(name, column[name]):>16s}" for column in columns.values())
        for name in names
    ]
    for title, column in columns.items():
        lines += ["", f"{title:14s}{'objects':>10s}{'found':>10s}{'recall':>10s}{'precision':>11s}"]
        for name, counts in column["classes"].items():
            shares = [counts[key] for key in ("found", "recall", "precision")]
            lines.append(
                f"{name:14s}{counts['objects']:10d}{shares[0]:10.3f}{shares[1]:10.3f}{shares[2]:11.3f}"
            )
    return "\n".join(lines)


def _shown(name: str, value: float) -> str:
    if isinstance(value, int):
        return str(value)
    if name.endswith("_cm"):
        return f"{value:.2f} cm"
    if name.startswith("ms_"):
        return f"{value:.1f} ms"
    return f"{100 * value:.1f} %"


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="vla eval perception", description=__doc__)
    parser.add_argument("--worlds", type=int, default=200, help="worlds for single looks")
    parser.add_argument("--drives", type=int, default=10, help="worlds for drives; 0: none")
    parser.add_argument("--first-seed", type=int, default=10000)
    parser.add_argument("--backend", default=VisionConfig.backend, help="as vision.backend")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="another parameter of vision",
    )
    parser.add_argument("--width", type=int, default=320)
    parser.add_argument("--height", type=int, default=240)
    parser.add_argument("--renderer", default="auto", choices=("auto", "egl", "osmesa", "raycast"))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--remarks", action="store_true", help="list what went wrong")
    return parser.parse_args(arguments)


def configured(backend: str, changes: Sequence[str]) -> VisionConfig:
    """Errors: VlaError for what a parameter file could not say either."""
    import yaml

    from vla_common.configuration.config import from_values

    values: dict[str, Any] = {"backend": backend}
    for change in changes:
        name, _, text = change.partition("=")
        values[name] = yaml.safe_load(text)
    return from_values(VisionConfig, "vision", values)


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when every target is met, 1 when one is not, 2 when it can't be measured."""
    options = parse(arguments)
    try:
        config = configured(options.backend, options.set)
        detector = make_detector(config)
    except VlaError as error:
        print(f"vla eval perception: {error.message}", file=sys.stderr)
        return 2
    folder = run_folder("eval-perception")
    size = (options.width, options.height)
    first, last = options.first_seed, options.first_seed + options.worlds
    worst = Worst(SHEET)
    parts: dict[str, Tally] = {}
    for name, seeds, containers in (
        ("at places", range(first, last), False),
        ("in containers", range(first, last, 4), True),
    ):
        shots = looks(seeds, *size, containers=containers, renderer=options.renderer)
        parts[name] = single_looks(shots, detector, config, worst)
        append_json(folder / "figures.jsonl", {name: perception_figures.summary(parts[name])})
    driven = DriveTally()
    for seed in range(first, first + options.drives):
        drive(driven, seed, size, detector, replace(config), options.renderer)
        append_json(folder / "figures.jsonl", {"drive": seed, **perception_drive.summary(driven)})
    columns = {name: perception_figures.summary(tally) for name, tally in parts.items()}
    drives = perception_drive.summary(driven) if options.drives else None
    remarks = [text for tally in parts.values() for text in tally.remarks] + driven.remarks
    (folder / "remarks.txt").write_text("\n".join(remarks) + "\n", encoding="utf-8")
    sheet = worst.sheet()
    if sheet is not None:
        cv2.imwrite(str(folder / "worst.png"), sheet[:, :, ::-1])
    met = perception_figures.checks(columns["at places"], drives)
    if options.json:
        record = {"backend": detector.name, "worlds": options.worlds, **columns, "drives": drives}
        print(json.dumps({**record, "remarks": remarks, "targets": dict(met)}))
        return 0 if all(ok for _, ok in met) else 1
    print(
        f"backend {detector.name}, {options.width}x{options.height}, worlds {first} to {last - 1}"
    )
    print(table(columns))
    if drives is not None:
        print()
        for name, value in drives.items():
            print(f"{'drives: ' + name.replace('_', ' '):26s}{_shown(name, value):>16s}")
    if options.remarks:
        print("\n".join(["", *remarks]))
    print(f"\n{len(remarks)} remarks in {folder / 'remarks.txt'}")
    if sheet is not None:
        print(f"the worst looks in {folder / 'worst.png'}")
    for what, ok in met:
        print(verdict(what, ok))
    return 0 if all(ok for _, ok in met) else 1


if __name__ == "__main__":
    sys.exit(main())
