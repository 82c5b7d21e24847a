# SPDX-License-Identifier: Apache-2.0
"""What a detector backend is: a picture in, outlined things out.

A backend decides where things are in the picture and, if it can, what they are called. Where they are in the room
is decided by the localizer for all backends alike. A backend implements `Detector`; it may leave `mask` out (the box is
used), and `surface` empty (the localizer finds what the thing stands on). A network implements `network.Network` and
gets the rest from `fused_detector`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from vla_perception.localize.surfaces import Surface
from vla_perception.rgbd.frame import Mask, RgbdFrame


@dataclass(frozen=True)
class Detection2D:
    """One thing in a picture.

    box: x0, y0, x1, y1 in pixels, x1 and y1 not included. mask: (y1 - y0, x1 - x0), True on the thing; None: the box.
    label: class name, "" when the backend does not know. score: 0..1, that something is there; label_score: that it is
    called so.
    surface: what it stands on, None when not known. truncated: something hides part of it, or the picture ends there.
    base_m: height of its underside above the surface; not 0 for what stands on another thing.
    """

    box: tuple[int, int, int, int]
    score: float
    label: str = ""
    mask: Mask | None = None
    surface: Surface | None = None
    truncated: bool = False
    base_m: float = 0.0
    label_score: float = 1.0


class Detector(Protocol):
    """A backend. `detect` is called from one thread at a time, `look_for` from any. For the status: `name`, the file
    and the device of its network ("" without one), and how long that took for the last picture (ms).
    """

    @property
    def name(self) -> str: ...

    @property
    def model(self) -> str: ...

    @property
    def device(self) -> str: ...

    @property
    def latency_ms(self) -> float: ...

    @property
    def note(self) -> str:
        """What is not as it should be although it runs, in one sentence, or ""."""
        ...

    def detect(self, frame: RgbdFrame, surfaces: Sequence[Surface]) -> list[Detection2D]:
        """Everything in the picture whose score reaches the threshold, in any order.

        Errors: PERCEPTION_UNAVAILABLE when the backend itself fails.
        """
        ...

    def look_for(self, word: str) -> None:
        """Somebody asks for things called so: a backend that can be told looks for them from the next picture on."""
        ...
