# SPDX-License-Identifier: Apache-2.0
"""The small network that ships with the package, and how it learns. Needs torch.

Decides the layers, what the network should answer for a picture (which cells answer for which object), and the loss. It
is written for this package: convolutions and ReLU down to 1/32, back up to 1/4 by lateral sums, and one answer
per cell of 4 x 4 pixels: a score for each class and the distances to the four sides. Which cells learn an object is
chosen by score and overlap together, and scores learn to tell the overlap (as in TOOD, Feng et al. 2021), so that the
best placed box has the best score.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

STRIDE = 4
WIDTHS = (16, 24, 48, 96, 128)
CHOSEN_CELLS = 6
REACH_CELLS = 2.5
"""Cells farther from the middle of an object do not learn it."""


def _convolution(inputs: int, outputs: int, size: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False),
        nn.BatchNorm2d(outputs, momentum=0.03),
        nn.ReLU(inplace=True),
    )


class _Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = _convolution(width, width)
        self.second = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.norm = nn.BatchNorm2d(width, momentum=0.03)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(x + self.norm(self.second(self.first(x))))


class Network(nn.Module):
    """(n, 3, h, w) in 0..1, sides multiples of 32, to class logits (n, c, h/4, w/4) and sides (n, 4, h/4, w/4) in
    pixels: left, top, right, bottom from the middle of the cell.
    """

    def __init__(self, classes: int) -> None:
        super().__init__()
        a, b, c, d, e = WIDTHS
        self.stem = nn.Sequential(_convolution(3, a, stride=2), _convolution(a, b, stride=2))
        self.stage4 = _Residual(b)
        self.stage8 = nn.Sequential(_convolution(b, c, stride=2), _Residual(c), _Residual(c))
        self.stage16 = nn.Sequential(_convolution(c, d, stride=2), _Residual(d), _Residual(d))
        self.stage32 = nn.Sequential(_convolution(d, e, stride=2), _Residual(e))
        self.across32 = _convolution(e, 64, 1)
        self.across16 = _convolution(d, 64, 1)
        self.smooth16 = _convolution(64, 48)
        self.across8 = _convolution(c, 48, 1)
        self.smooth8 = _convolution(48, 32)
        self.across4 = _convolution(b, 32, 1)
        self.smooth4 = _convolution(32, 32)
        self.head = _convolution(32, 40)
        self.score = nn.Conv2d(40, classes, 1)
        self.sides = nn.Conv2d(40, 4, 1)
        nn.init.constant_(self.score.bias, -5.0)
        nn.init.constant_(self.sides.bias, 1.0)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x4 = self.stage4(self.stem(x))
        x8 = self.stage8(x4)
        x16 = self.stage16(x8)
        x32 = self.stage32(x16)
        up = self.smooth16(self.across16(x16) + _double(self.across32(x32)))
        up = self.smooth8(self.across8(x8) + _double(up))
        up = self.head(self.smooth4(self.across4(x4) + _double(up)))
        return self.score(up), torch.exp(self.sides(up).clamp(-4.0, 5.0)) * STRIDE


def _double(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="nearest")


def cell_middles(height: int, width: int) -> Tensor:
    """(h/4 * w/4, 2) x, y in pixels, row by row."""
    y, x = torch.meshgrid(
        torch.arange(height // STRIDE), torch.arange(width // STRIDE), indexing="ij"
    )
    return (torch.stack([x, y], dim=2).reshape(-1, 2).float() + 0.5) * STRIDE


def to_boxes(sides: Tensor, middles: Tensor) -> Tensor:
    """Sides (..., 4) at cells (..., 2) as x0, y0, x1, y1."""
    return torch.cat([middles - sides[..., :2], middles + sides[..., 2:]], dim=-1)


@dataclass(frozen=True)
class Target:
    """True boxes (n, 4) and classes (n,) of one picture; a class below 0 neither is nor is not there."""

    boxes: Tensor
    classes: Tensor


def loss(scores: Tensor, sides: Tensor, targets: Sequence[Target]) -> tuple[Tensor, Tensor]:
    """Loss of the scores and of the boxes for a batch of what `Network` answered."""
    n, kinds, rows, columns = scores.shape
    middles = cell_middles(rows * STRIDE, columns * STRIDE)
    logits = scores.permute(0, 2, 3, 1).reshape(n, -1, kinds)
    boxes = to_boxes(sides.permute(0, 2, 3, 1).reshape(n, -1, 4), middles)
    wanted = torch.zeros_like(logits)
    counts = torch.ones_like(logits)
    box_losses = []
    for index, target in enumerate(targets):
        void = target.boxes[target.classes < 0]
        if len(void):
            inside = (
                (middles[:, None, :] >= void[None, :, :2])
                & (middles[:, None, :] < void[None, :, 2:])
            ).all(dim=2)
            counts[index, inside.any(dim=1)] = 0.0
        own = target.classes >= 0
        if not bool(own.any()):
            continue
        true, kind = target.boxes[own], target.classes[own]
        cells, which, quality = _choose(
            logits[index].detach(), boxes[index].detach(), middles, true, kind
        )
        wanted[index, cells, kind[which]] = quality
        counts[index, cells] = 1.0
        box_losses.append((1.0 - _overlap(boxes[index, cells], true[which], spread=True)) * quality)
    score_loss = functional.binary_cross_entropy_with_logits(
        logits, wanted, weight=counts, reduction="sum"
    )
    total = wanted.sum().clamp(min=1.0)
    box_loss = torch.cat(box_losses).sum() if box_losses else sides.sum() * 0.0
    return score_loss / total, box_loss / total


def _choose(
    logits: Tensor, boxes: Tensor, middles: Tensor, true: Tensor, kind: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Which cells learn which object: cells (k,), index of the object (k,), and the score to learn (k,)."""
    center = (true[:, :2] + true[:, 2:]) / 2
    away = (middles[None] - center[:, None]).abs().amax(dim=2)
    near = (middles[None] > true[:, None, :2]) & (middles[None] < true[:, None, 2:])
    allowed = near.all(dim=2) & (away < REACH_CELLS * STRIDE)
    nearest = away.argmin(dim=1)
    allowed[torch.arange(len(true)), nearest] = True
    fits = torch.zeros_like(away)
    object_index, cell_index = allowed.nonzero(as_tuple=True)
    fits[object_index, cell_index] = _overlap(boxes[cell_index], true[object_index]).clamp(min=1e-3)
    score = torch.sigmoid(logits[:, kind]).T
    worth = torch.where(allowed, score.clamp(min=1e-4) ** 0.5 * fits**4, torch.zeros_like(fits))
    best = worth.topk(min(CHOSEN_CELLS, worth.shape[1]), dim=1)
    chosen = torch.zeros_like(allowed)
    chosen.scatter_(1, best.indices, best.values > 0)
    worth = torch.where(chosen, worth, torch.zeros_like(worth))
    # A cell answers for one object only: the one that it fits best.
    owner = worth.argmax(dim=0)
    taken = torch.zeros_like(chosen)
    taken[owner, torch.arange(len(owner))] = True
    chosen &= taken
    worth = torch.where(chosen, worth, torch.zeros_like(worth))
    top = worth.amax(dim=1, keepdim=True).clamp(min=1e-12)
    fit = torch.where(chosen, fits, torch.zeros_like(fits)).amax(dim=1, keepdim=True)
    quality = (worth / top * fit).clamp(min=0.02)
    which, cells = chosen.nonzero(as_tuple=True)
    return cells, which, quality[which, cells]


def _overlap(a: Tensor, b: Tensor, *, spread: bool = False) -> Tensor:
    """Intersection over union of pairs (k, 4); with spread less the empty share of the common hull (generalised)."""
    low, high = torch.maximum(a[:, :2], b[:, :2]), torch.minimum(a[:, 2:], b[:, 2:])
    common = (high - low).clamp(min=0).prod(dim=1)
    union = (
        (a[:, 2:] - a[:, :2]).clamp(min=0).prod(dim=1) + (b[:, 2:] - b[:, :2]).prod(dim=1) - common
    )
    out = common / union.clamp(min=1e-6)
    if spread:
        hull = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).prod(dim=1)
        out = out - (hull - union) / hull.clamp(min=1e-6)
    return out


class Answer(nn.Module):
    """The network as it is shipped: (1, 3, h, w) to (1, 4 + classes, cells), boxes as middle and size in pixels and
    scores 0..1, the layout of YOLO since version 8.
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        logits, sides = self.network(x)
        left, top, right, bottom = sides.split(1, dim=1)
        one = torch.ones_like(left)
        # Running sums of ones number the columns and rows for any size of the input.
        column = (one.cumsum(dim=3) - 0.5) * STRIDE
        row = (one.cumsum(dim=2) - 0.5) * STRIDE
        boxes = torch.cat(
            [column + (right - left) / 2, row + (bottom - top) / 2, left + right, top + bottom],
            dim=1,
        )
        return torch.cat([boxes, torch.sigmoid(logits)], dim=1).flatten(2)
