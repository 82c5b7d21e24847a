# SPDX-License-Identifier: Apache-2.0
"""Makes the network that ships with the package: `./vla train-detector`.

Decides the order of the steps (pictures, training, export, measuring) and the schedule. Everything comes from one
seed; the same seed gives the same pictures and the same start, and on one machine about the same network. Pictures
and the state of the training are kept in a folder, so that a run that was cut off goes on. Needs torch and onnx
(`setup/requirements-torch.txt`); heavy imports are inside.
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vla_common.machine.terminal import tool
from vla_perception.detect.boxes import Boxes
from vla_perception.detect.network import LEVELS
from vla_training.average_precision import ClassResult, TrueBoxes, average_precision
from vla_training.model_card import Figures, Origin, card
from vla_training.pictures import (
    CLASSES,
    IGNORED,
    TEST_SEEDS,
    TRAINING_SEEDS,
    VALIDATION_SEEDS,
    LabeledImage,
    pictures,
    read_set,
    write_set,
)

TEST_VIEWS = 2
COUNTED_SHARE, COUNTED_AREA = 0.5, 150
"""An object counts in measuring when that share of its outline shows, in a box of that many pixels at 640 x 480; others
need not be found. The evaluation of the whole asks for about the same."""
COLOR_NOISE = 1.5
"""Standard deviation in grey levels, the simulator's default; measured pictures carry it."""


@dataclass(frozen=True)
class Plan:
    """How much of everything. Pictures are worlds times views; a step learns `batch` views."""

    worlds: int = 130
    views: int = 7
    test_worlds: int = 100
    steps: int = 6600
    batch: int = 8
    rate: float = 0.002
    warm_up: int = 100
    average: float = 0.998
    check_every: int = 200
    seed: int = 1

    def rate_at(self, step: int) -> float:
        """Learning rate: up, level, and from two thirds of the steps on straight down."""
        left = (self.steps - step) / (self.steps / 3)
        return self.rate * min(1.0, (step + 1) / self.warm_up, 0.02 + left)


QUICK = Plan(
    worlds=6,
    views=3,
    test_worlds=4,
    steps=30,
    batch=4,
    warm_up=5,
    average=0.9,
    check_every=15,
)


def prepare(folder: Path, plan: Plan, say: Callable[[str], None]) -> dict[str, list[LabeledImage]]:
    """The three sets of pictures, made where they are not there yet."""
    test = (TEST_SEEDS[: plan.test_worlds], TEST_VIEWS)
    wanted = {
        "validation": (VALIDATION_SEEDS[: max(2, plan.test_worlds * 3 // 10)], 3),
        "training": (TRAINING_SEEDS[: plan.worlds], plan.views),
        "varied": test,
        "plain": test,
    }
    sets = {}
    for name, (seeds, views) in wanted.items():
        try:
            sets[name] = read_set(folder / name)
        except OSError:
            say(f"drawing {len(seeds) * views} pictures for {name}")
            write_set(folder / name, pictures(seeds, views, plain=name == "plain"), say)
            sets[name] = read_set(folder / name)
        if len(sets[name]) != len(seeds) * views:
            raise SystemExit(
                f"{folder / name} holds pictures of another plan; take another --work folder."
            )
    return sets


def with_noise(shot: LabeledImage, number: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """A picture as the simulator's camera gives it; the same at every call."""
    rng = np.random.default_rng([shot.seed, number, 5])
    noisy = shot.rgb + rng.standard_normal(shot.rgb.shape, dtype=np.float32) * COLOR_NOISE + 0.5
    return np.clip(noisy, 0, 255).astype(np.uint8)


def measure(
    shots: Sequence[LabeledImage], find: Callable[[Any], Boxes]
) -> Mapping[str, ClassResult]:
    """Average precision of a detector, from rgb to boxes, on labelled pictures."""
    found = [find(with_noise(shot, number)) for number, shot in enumerate(shots)]
    truths = []
    for shot in shots:
        sides = shot.boxes[:, 2:] - shot.boxes[:, :2]
        counts = (shot.shares >= COUNTED_SHARE) & (sides.prod(axis=1) >= COUNTED_AREA)
        truths.append(TrueBoxes(shot.boxes, np.where(counts, shot.classes, IGNORED)))
    return average_precision(truths, found, CLASSES)


def train(
    sets: Mapping[str, Sequence[LabeledImage]],
    plan: Plan,
    folder: Path,
    threads: int,
    say: Callable[[str], None],
) -> Any:
    """The trained network (a running average over its steps); `folder` keeps the state."""
    import torch

    from vla_training.network import Network, Target, loss
    from vla_training.views import patchwork, random_view

    torch.set_num_threads(threads)
    torch.manual_seed(plan.seed)
    network = Network(len(CLASSES)).to(memory_format=torch.channels_last)
    average = copy.deepcopy(network)
    decayed = [p for p in network.parameters() if p.ndim > 1]
    plain = [p for p in network.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": 0.02}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=plan.rate)
    state_file = folder / "state.pt"
    first = 0
    if state_file.is_file():
        state = torch.load(state_file, weights_only=True)
        network.load_state_dict(state["network"])
        average.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimiser"])
        first = int(state["step"])
        say(f"going on at step {first}")
    shots = sets["training"]
    busy = [shot for shot in shots if (shot.classes >= 0).any()]
    spent = time.process_time()
    losses = np.zeros(2)
    for step in range(first, plan.steps):
        rng = np.random.default_rng([plan.seed, step])
        whole = plan.batch // 4
        views = [random_view(shots[int(rng.integers(len(shots)))], rng) for _ in range(whole)]
        views += [patchwork(busy, rng) for _ in range(plan.batch - whole)]
        batch = torch.from_numpy(np.stack([v.rgb for v in views])).permute(0, 3, 1, 2)
        batch = batch.float().div(255.0).contiguous(memory_format=torch.channels_last)
        targets = [Target(torch.from_numpy(v.boxes), torch.from_numpy(v.classes)) for v in views]
        for group in optimizer.param_groups:
            group["lr"] = plan.rate_at(step)
        network.train()
        scores, sides = network(batch)
        score_loss, box_loss = loss(scores, sides, targets)
        optimizer.zero_grad()
        (score_loss + 4.0 * box_loss).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 10.0)
        optimizer.step()
        keep = min(plan.average, (step + 1) / (step + 10))
        with torch.no_grad():
            pairs = zip(average.state_dict().values(), network.state_dict().values(), strict=True)
            for mean, value in pairs:
                if mean.dtype.is_floating_point:
                    mean.mul_(keep).add_(value, alpha=1 - keep)
                else:
                    mean.copy_(value)
        losses = 0.98 * losses + 0.02 * np.array([score_loss.item(), box_loss.item()])
        if (step + 1) % 100 == 0 or step + 1 == plan.steps:
            shown = losses / (1 - 0.98 ** (step + 1 - first))
            used = time.process_time() - spent
            say(
                f"step {step + 1}: loss {shown[0]:.3f} {shown[1]:.3f}, {used:.0f} s of processor time"
            )
        if (step + 1) % plan.check_every == 0 or step + 1 == plan.steps:
            result = measure(sets["validation"], torch_finder(average, LEVELS["speed"]))
            say(f"step {step + 1}: on validation worlds at 320 {_short(result)}")
            state = {"network": network.state_dict(), "average": average.state_dict()}
            state |= {"optimiser": optimizer.state_dict(), "step": step + 1}
            torch.save(state, state_file.with_suffix(".new"))
            state_file.with_suffix(".new").replace(state_file)
    return average


def torch_finder(network: Any, level: int) -> Callable[[Any], Boxes]:
    """A detector around the network as torch has it, for checks during the training."""
    import torch

    from vla_perception.detect.letterbox import fill, fit
    from vla_perception.detect.yolo_output import decode
    from vla_training.network import Answer

    answer = Answer(network).eval()

    def find(rgb: Any) -> Boxes:
        box = fit(rgb.shape[1], rgb.shape[0], level)
        with torch.no_grad():
            out = answer(torch.from_numpy(fill(rgb, box))).numpy()
        return decode(out, box, len(CLASSES), MEASURED_FROM)

    return find


MEASURED_FROM = 0.01
"""Boxes with a lower score are left out of the measurement; average precision looks at low scores too."""


def _short(result: Mapping[str, ClassResult]) -> str:
    total = result["all"]
    parts = ", ".join(f"{n} {r.ap50:.3f}" for n, r in result.items() if n != "all")
    return f"mAP50 {total.ap50:.3f}, mAP50-95 {total.ap50_95:.3f} ({parts})"


@tool
def main(arguments: list[str] | None = None) -> int:
    """The command; 0 when the target (mAP50 of 0.95 at each level, plain pictures) is met, and after --quick."""
    parser = argparse.ArgumentParser(
        prog="./vla train-detector",
        description="Make the detector's network from the simulator's pictures.",
    )
    parser.add_argument(
        "--work", type=Path, required=True, help="folder for pictures and the state of the training"
    )
    parser.add_argument(
        "--out", type=Path, help="the ONNX file to write (default: detector.onnx in --work)"
    )
    parser.add_argument("--seed", type=int, default=Plan.seed)
    parser.add_argument("--steps", type=int, help=f"training steps (default {Plan.steps})")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--quick", action="store_true", help="a few pictures and steps, to see that it runs"
    )
    parser.add_argument("--measure", type=Path, metavar="MODEL", help="only measure an ONNX file")
    options = parser.parse_args(arguments)
    base = QUICK if options.quick else Plan()
    plan = Plan(**{**asdict(base), "seed": options.seed, "steps": options.steps or base.steps})
    begin = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - begin:7.1f} s] {text}", flush=True)

    options.work.mkdir(parents=True, exist_ok=True)
    try:
        sets = prepare(options.work, plan, say)
        out = options.measure
        if out is None:
            from vla_training.onnx_export import export

            out = options.out or options.work / "detector.onnx"
            network = train(sets, plan, options.work, options.threads, say)
            export(
                network, out, CLASSES, f"vla train-detector --seed {plan.seed}, {plan.steps} steps"
            )
            say(f"wrote {out} ({out.stat().st_size / 1e6:.2f} MB)")
    except ImportError as error:
        print(f"{error}. Install it with ./vla build --with torch.", file=sys.stderr)
        return 1
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    figures = {
        kind: [_figures(out, name, level, sets[kind]) for name, level in LEVELS.items()]
        for kind in ("plain", "varied")
    }
    for kind, entries in figures.items():
        for entry in entries:
            say(f"{entry.name} ({entry.level}), held-out worlds, {kind}: {_short(entry.results)}")
            row = {"level": entry.level, "pictures": kind}
            print(json.dumps(row | {k: asdict(v) for k, v in entry.results.items()}))
    if options.measure is None:  # of another file it is not known what it was made of
        text = card(out.name, _origin(out, plan), figures, CLASSES)
        out.with_name("README.md").write_text(text)
    good = all(entry.results["all"].ap50 >= 0.95 for entry in figures["plain"])
    return 0 if good or options.quick else 1


def _figures(path: Path, name: str, level: int, shots: Sequence[LabeledImage]) -> Figures:
    from vla_perception.detect.onnx_backend import OnnxModel

    model = OnnxModel(path, level=level)
    times = []

    def find(rgb: Any) -> Boxes:
        begin = time.process_time()
        found = model.find(rgb, MEASURED_FROM)
        times.append((time.process_time() - begin) * 1e3)
        return found

    return Figures(name, level, measure(shots, find), float(np.median(times)))


def _origin(path: Path, plan: Plan) -> Origin:
    import onnx

    weights = onnx.load(str(path)).graph.initializer
    content = path.read_bytes()
    return Origin(
        plan.seed, plan.steps, plan.batch, (plan.worlds, plan.views), (plan.test_worlds, TEST_VIEWS), len(content),
        sum(int(np.prod(tensor.dims)) for tensor in weights), hashlib.sha256(content).hexdigest(),
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
