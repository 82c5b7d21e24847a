# SPDX-License-Identifier: Apache-2.0
"""The card that lies beside a network: what it is, what it was made of, and how good it is.

Decides the text; the figures are measured by `training`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vla_training.average_precision import ClassResult


@dataclass(frozen=True)
class Figures:
    """One level: its name, the longer side of the input (pixels), results per class and under "all", and the processor
    time of one picture (ms, median, one thread).
    """

    name: str
    level: int
    results: Mapping[str, ClassResult]
    time_ms: float


@dataclass(frozen=True)
class Origin:
    """What a network was made of. Pictures are worlds times views; a step learns `batch` views."""

    seed: int
    steps: int
    batch: int
    training: tuple[int, int]
    test: tuple[int, int]
    size_bytes: int
    parameters: int
    sha256: str


def card(
    file_name: str,
    origin: Origin,
    figures: Mapping[str, Sequence[Figures]],
    classes: Sequence[str],
) -> str:
    """The card as Markdown; figures for "plain" and "varied" pictures."""
    worlds, views = origin.training
    test_worlds, test_views = origin.test
    times = ", ".join(f"{e.time_ms:.0f} ms at {e.level}" for e in figures["plain"])
    facts = {
        "made by": f"`./vla train-detector --seed {origin.seed} --steps {origin.steps}`: {origin.steps} steps of "
        f"{origin.batch} views of 224 x 224 pixels",
        "data": f"{worlds * views} pictures of 640 x 480 of {worlds} random worlds, drawn by `vla_sim`, seeds below "
        "1000, labels from its segmentation; no photographs, no other data, no weights to start from",
        "network": f"`training_network.py`, {origin.parameters / 1e6:.2f} million parameters, answers on a grid of "
        "4 x 4 pixels",
        "size": f"{origin.size_bytes / 1e6:.2f} MB; weights in half precision, computed in single",
        "sha256": f"`{origin.sha256[:16]}...`",
        "licence": "Apache-2.0, like the workspace: code and data are its own, nothing of it comes from AGPL code",
        "time of a picture of 640 x 480, one thread of the machine that measured": times,
    }
    lines = "\n".join(f"| {name} | {text} |" for name, text in facts.items())
    return f"""# {file_name}

<!-- Written by `./vla train-detector`. -->

Finds {", ".join(classes)} in pictures of `vla_sim`. It has seen nothing but that simulator: on a real robot take a
network that was trained on photographs (`vision.model_file`).

| | |
|---|---|
{lines}

## How good it is

Average precision as COCO defines it (101 points; mAP50 at an overlap of 0.5, mAP50-95 over 0.50, 0.55, ... 0.95), on
{test_worlds * test_views} pictures each of {test_worlds} worlds from seed 20000 on, which neither training nor the
choice of steps has seen, with a camera's noise. An object counts that shows at least half of its outline, in a box of
at least 150 pixels (6 x 6 at 320 x 240); others need not be found.

Colours and lights as `vla_sim` has them, but crowded: things that touch, lie, are stacked, in containers and in the
hand, and things that are none of the classes:

{_table(figures["plain"], classes)}

The same rooms in other lights and colours, as it learned from:

{_table(figures["varied"], classes)}

`./vla train-detector --measure FILE` prints them.
"""


def _table(figures: Sequence[Figures], classes: Sequence[str]) -> str:
    heads = "".join(f" {e.name} ({e.level}): mAP50 | mAP50-95 |" for e in figures)
    rows = [f"| class | objects |{heads}", f"|---|---|{'---|---|' * len(figures)}"]
    for name in (*classes, "all"):
        results = [entry.results[name] for entry in figures if name in entry.results]
        if results:
            cells = "".join(f" {r.ap50:.3f} | {r.ap50_95:.3f} |" for r in results)
            rows.append(f"| {name} | {results[0].count} |{cells}")
    return "\n".join(rows)
