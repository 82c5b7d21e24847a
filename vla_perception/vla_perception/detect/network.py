# SPDX-License-Identifier: Apache-2.0
"""What a network backend is, and how its class names become ours.

A network gives named boxes for a picture; which pixels in a box are the thing, and where it is in the room, is decided
by `fused_detector`. Backends: `onnx_backend`, `ultralytics_backend`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vla_common.contracts.outcomes import Code, VlaError
from vla_perception.detect.boxes import Boxes

LEVELS = {"speed": 320, "balanced": 416, "accuracy": 640}
"""Pixels of the longer side of a network's input."""
SHIPPED_MODEL = Path(__file__).parents[1] / "models" / "detector.onnx"


CODE_SUFFIXES = (".pt", ".pth", ".engine")
"""Files that are no mere data: pickles, and programs for the GPU."""


class Network(Protocol):
    """A loaded model. `find` is called from one thread at a time."""

    @property
    def name(self) -> str:
        """Of the backend, for the status."""
        ...

    @property
    def device(self) -> str:
        """What it runs on, and how exactly: "cpu", "cuda half"."""
        ...

    @property
    def names(self) -> Sequence[str]:
        """Of the classes, as the model has them."""
        ...

    def find(self, rgb: NDArray[np.uint8], threshold: float) -> Boxes:
        """Boxes in a picture (h, w, 3) with a score of at least the threshold.

        Errors: PERCEPTION_UNAVAILABLE when the model fails.
        """
        ...

    def set_words(self, words: Sequence[str]) -> bool:
        """Look for these things from now on; False where the model can't be told.

        Errors: PERCEPTION_UNAVAILABLE when the model fails.
        """
        ...


def parse_class_map(entries: Sequence[str]) -> dict[str, str]:
    """ "sports ball=ball" as a mapping from the model's names to ours. Errors: INVALID_CONFIG."""
    out: dict[str, str] = {}
    for entry in entries:
        theirs, sign, ours = (part.strip().lower() for part in entry.partition("="))
        if not theirs or not sign:
            raise VlaError(
                Code.INVALID_CONFIG,
                f"vision.class_map holds '{entry}'; its entries have the form 'name of the model=our name'.",
            )
        out[theirs] = ours
    return out


def our_names(theirs: Sequence[str], class_map: Mapping[str, str]) -> tuple[str, ...]:
    """Labels for a model's classes; "" for those that are to be ignored ("person=" in the map)."""
    return tuple(class_map.get(name.strip().lower(), name.strip().lower()) for name in theirs)


def check_digest(path: Path, wanted: str) -> None:
    """The file is the one that its SHA-256 names. wanted: 64 hex digits, or nothing. Errors: INVALID_CONFIG."""
    wanted = wanted.strip().lower().removeprefix("sha256:")
    if not wanted:
        return
    if len(wanted) != 64 or any(c not in "0123456789abcdef" for c in wanted):
        raise VlaError(
            Code.INVALID_CONFIG,
            f"vision.model_sha256 has to be 64 hex digits, as `sha256sum {path.name}` prints them.",
        )
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            digest.update(part)
    if digest.hexdigest() != wanted:
        raise VlaError(
            Code.INVALID_CONFIG,
            f"The model file {path} is not the one that vision.model_sha256 names (its own is "
            f"{digest.hexdigest()}); it is not loaded.",
        )


def caution(path: Path, digest: str) -> str:
    """What a person should know before such a file is loaded, or nothing."""
    if path.suffix not in CODE_SUFFIXES or digest.strip():
        return ""
    return (
        f"Loading {path.name} runs code that is in it, and nothing says that it is the file you mean: "
        "name its digest in vision.model_sha256, or export it to ONNX, which holds no code."
    )


def existing_file(model_file: str) -> Path:
    """The model file that the parameter names, or the shipped one. Errors: INVALID_CONFIG where it is not there."""
    path = Path(model_file).expanduser() if model_file else SHIPPED_MODEL
    if not path.is_file():
        which = "vision.model_file" if model_file else "the network that comes with the package"
        raise VlaError(Code.INVALID_CONFIG, f"There is no file {path} ({which}).")
    return path
