# SPDX-License-Identifier: Apache-2.0
"""The `ultralytics` backend: any YOLO that the package ultralytics loads (.pt, .onnx, .engine), on torch.

Decides how it is kept off the network and in its place: no downloads, no usage statistics, no packages installed by
itself, one thread unless told otherwise, half precision on CUDA. Open-vocabulary models (YOLO-World, YOLOE) are told
the words to look for. ultralytics is AGPL-3.0 and not a part of this package; loading a .pt file runs code in it, so
that only files of known origin should be named.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.machine.quiet_libraries import keep_libraries_quiet
from vla_common.machine.stop_channel import make_folder, runtime_folder
from vla_perception.detect.boxes import Boxes
from vla_perception.detect.yolo_output import MAX_BOXES, MAX_OVERLAP

SUFFIXES = (".pt", ".onnx", ".engine")
_HOW_TO_INSTALL = (
    "Install it with ./vla build --with torch, or set vision.backend to onnx or colour."
)


class UltralyticsModel:
    """See `network.Network`.

    Errors, when made: INVALID_CONFIG for a file that can't be used, PERCEPTION_UNAVAILABLE without ultralytics.
    """

    name = "ultralytics"

    def __init__(
        self, path: Path, level: int = 320, threads: int = 1, device: str = "auto"
    ) -> None:
        if path.suffix not in SUFFIXES:
            raise VlaError(
                Code.INVALID_CONFIG,
                f"The model file {path.name} is none that ultralytics loads ({', '.join(SUFFIXES)}).",
            )
        torch, yolo = _import_offline()
        torch.set_num_threads(max(1, threads))
        there = bool(torch.cuda.is_available())
        if device == "cuda" and not there:
            raise VlaError(
                Code.PERCEPTION_UNAVAILABLE,
                "vision.device is 'cuda', but torch finds no CUDA device.",
            )
        self._on_cuda = there and device != "cpu"
        self.device = "cuda half" if self._on_cuda else "cpu"
        self._level, self._path = level, path
        self._words: tuple[str, ...] = ()
        try:
            self._model = yolo(str(path), task="detect")
            self.names: tuple[str, ...] = ()
            self.find(np.zeros((240, 320, 3), np.uint8), 0.5)
        except VlaError as error:
            raise VlaError(Code.INVALID_CONFIG, f"{error.result.message}") from error
        except Exception as error:  # torch, ultralytics and pickle each raise their own
            raise VlaError(
                Code.INVALID_CONFIG,
                f"The model file {path.name} can't be loaded: {_first_line(error)}.",
            ) from error

    def find(self, rgb: NDArray[np.uint8], threshold: float) -> Boxes:
        """See `network.Network`."""
        try:
            result = self._model.predict(
                np.ascontiguousarray(rgb[:, :, ::-1]), imgsz=self._level, conf=threshold, iou=MAX_OVERLAP,
                max_det=MAX_BOXES, half=self._on_cuda, device="cuda:0" if self._on_cuda else "cpu", verbose=False,
            )[0]  # fmt: skip
        except Exception as error:
            raise VlaError(
                Code.PERCEPTION_UNAVAILABLE,
                f"The network {self._path.name} failed: {_first_line(error)}.",
            ) from error
        self.names = tuple(str(result.names[key]) for key in sorted(result.names))
        boxes = result.boxes
        return Boxes(
            np.asarray(boxes.xyxy.cpu().numpy(), np.float32).reshape(-1, 4),
            np.asarray(boxes.conf.cpu().numpy(), np.float32),
            np.asarray(boxes.cls.cpu().numpy(), np.int64),
        )

    def set_words(self, words: Sequence[str]) -> bool:
        """See `network.Network`; what was looked for before is no longer."""
        inner = getattr(self._model, "model", None)
        if not hasattr(self._model, "set_classes") or isinstance(inner, str):
            return False
        wanted = tuple(words)
        if wanted == self._words or not wanted:
            return bool(wanted)
        try:
            self._model.set_classes(list(wanted))
        except Exception as error:
            raise VlaError(
                Code.PERCEPTION_UNAVAILABLE,
                f"The network {self._path.name} could not be told what to look for: {_first_line(error)}.",
            ) from error
        self._words = wanted
        self.names = wanted
        return True


def _import_offline() -> tuple[Any, Any]:
    """torch and the class YOLO, with everything switched off that would reach out. Errors: PERCEPTION_UNAVAILABLE."""
    keep_libraries_quiet()
    os.environ.setdefault("YOLO_VERBOSE", "false")
    if "YOLO_CONFIG_DIR" not in os.environ:
        make_folder(runtime_folder())  # nobody else's, who could have put something into it
        os.environ["YOLO_CONFIG_DIR"] = str(runtime_folder() / "ultralytics")
    Path(os.environ["YOLO_CONFIG_DIR"]).mkdir(parents=True, exist_ok=True)
    try:
        import torch
    except ImportError as error:
        raise VlaError(
            Code.PERCEPTION_UNAVAILABLE, f"The backend 'ultralytics' needs torch. {_HOW_TO_INSTALL}"
        ) from error
    _declare_operators(torch)
    try:
        from ultralytics import YOLO, settings

        settings.update({"sync": False})
    except Exception as error:  # a torchvision that does not fit torch raises RuntimeError
        raise VlaError(
            Code.PERCEPTION_UNAVAILABLE,
            f"The Python package ultralytics can't be used: {_first_line(error)}. {_HOW_TO_INSTALL}",
        ) from error
    return torch, YOLO


_libraries: list[Any] = []


def _declare_operators(torch: Any) -> None:
    """Make torchvision importable beside a torch that its compiled part was not built for.

    Then torchvision stops at its first look for `torchvision::nms`. Its other operators are not used by YOLO.
    """
    try:
        import torchvision

        return
    except ImportError:
        return
    except RuntimeError:
        pass
    for name in [n for n in sys.modules if n.split(".")[0] == "torchvision"]:
        del sys.modules[name]
    if _libraries:
        return  # declared by an earlier try; a second time is an error
    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    kernels = torch.library.Library("torchvision", "IMPL", "CPU")
    kernels.impl("nms", _nms)
    _libraries.extend([library, kernels])  # they end with the object
    import torchvision

    # The usual way asks for the compiled part first.
    torchvision.ops.nms = torchvision.ops.boxes.nms = _nms


def _nms(boxes: Any, scores: Any, iou_threshold: float) -> Any:
    """Indices of the boxes (n, 4) that stay, best first; what `torchvision.ops.nms` gives."""
    import torch

    from vla_perception.detect.boxes import overlap

    order = scores.argsort(descending=True, stable=True)
    common = overlap(boxes[order].cpu().numpy(), boxes[order].cpu().numpy())
    left = np.ones(len(order), dtype=bool)
    kept = []
    for index in range(len(order)):
        if left[index]:
            kept.append(index)
            left[index + 1 :] &= common[index, index + 1 :] <= iou_threshold
    return order[torch.tensor(kept, dtype=torch.long)]


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:200].rstrip(".")
