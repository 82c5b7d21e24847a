# SPDX-License-Identifier: Apache-2.0
"""What benchmarks and evaluations share: percentiles with the number of runs, straight lines through samples."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest-rank percentile. Errors: ValueError without values."""
    if not values:
        raise ValueError("no values were measured")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def row(name: str, values: Sequence[float], unit: str) -> str:
    """p50, p95, p99, largest and how many; only the name and a dash without values."""
    if not values:
        return f"{name:44s} -  (0 runs)"
    shown = "  ".join(
        f"p{round(share * 100)} {percentile(values, share):8.1f}" for share in (0.5, 0.95, 0.99)
    )
    return f"{name:44s} {shown}  max {max(values):8.1f} {unit}  ({len(values)} runs)"


def verdict(what: str, ok: bool) -> str:
    return f"{'meets ' if ok else 'MISSES'}  {what}"


@dataclass(frozen=True)
class Line:
    """A least-squares line. slope_error: its standard error; 0 with fewer than three samples."""

    slope: float
    at_zero: float
    slope_error: float

    def at(self, x: float) -> float:
        return self.at_zero + self.slope * x


def fit_line(xs: Sequence[float], ys: Sequence[float]) -> Line:
    """Errors: ValueError with fewer than two different xs."""
    count = len(xs)
    if count != len(ys) or len(set(xs)) < 2:
        raise ValueError("a line needs samples at two places at least")
    mean_x, mean_y = sum(xs) / count, sum(ys) / count
    spread = sum((x - mean_x) ** 2 for x in xs)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True)) / spread
    at_zero = mean_y - slope * mean_x
    error = 0.0
    if count > 2:
        rest = sum((y - at_zero - slope * x) ** 2 for x, y in zip(xs, ys, strict=True))
        error = (rest / (count - 2) / spread) ** 0.5
    return Line(slope, at_zero, error)


def append_json(path: Path, record: Mapping[str, Any]) -> None:
    """One record as one line; written at once, so that a run that is broken off keeps what it had."""
    with path.open("a", encoding="utf-8") as out:
        out.write(json.dumps(record) + "\n")
