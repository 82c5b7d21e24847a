# SPDX-License-Identifier: Apache-2.0
"""The `onnx` backend: a YOLO network in an ONNX file, run by ONNX Runtime.

Decides which files are accepted (one picture in, one of the layouts of `yolo_output` out, class names in the metadata)
and how they are run: one thread unless told otherwise, because two that wait for each other on a busy machine are
slower than one.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.machine.quiet_libraries import keep_libraries_quiet
from vla_perception.detect.boxes import Boxes
from vla_perception.detect.letterbox import STRIDE, fill, fit
from vla_perception.detect.yolo_output import Layout, decode, layout_of

MAX_BYTES = 1_000_000_000
_INPUT_TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
WARM_UP = (240, 320)


class OnnxModel:
    """See `network.Network`.

    Errors, when made: INVALID_CONFIG for a file that can't be used, PERCEPTION_UNAVAILABLE without ONNX Runtime.
    """

    name = "onnx"

    def __init__(
        self, path: Path, level: int = 320, threads: int = 1, device: str = "auto"
    ) -> None:
        keep_libraries_quiet()
        try:
            import onnxruntime
        except ImportError as error:
            raise VlaError(
                Code.PERCEPTION_UNAVAILABLE,
                "The backend 'onnx' needs the Python package onnxruntime, which is not installed.",
            ) from error
        self._path, self._level = path, level
        if path.stat().st_size > MAX_BYTES:
            raise self._refusal("is larger than a gigabyte")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = max(1, threads)
        options.inter_op_num_threads = 1
        options.log_severity_level = 4  # what goes wrong comes as an exception
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        providers = _providers(device, onnxruntime.get_available_providers())
        try:
            # Of the bytes: a model that keeps its weights in other files is refused rather than half read.
            self._session = onnxruntime.InferenceSession(
                path.read_bytes(), sess_options=options, providers=providers
            )
        except Exception as error:  # ONNX Runtime has a dozen exceptions and no common base
            raise self._refusal(f"can't be loaded: {_first_line(error)}") from error
        self.names: tuple[str, ...] = self._class_names()
        self._input, self._type, self._fixed = self._check_input()
        running = self._session.get_providers()[0]
        half = " half" if self._type is np.float16 else ""
        self.device = {"CUDAExecutionProvider": "cuda"}.get(running, "cpu") + half
        self._output, self._layout = self._try_out()

    def find(self, rgb: NDArray[np.uint8], threshold: float) -> Boxes:
        """See `network.Network`."""
        box = fit(rgb.shape[1], rgb.shape[0], self._level, self._fixed)
        try:
            numbers = self._run(fill(rgb, box), [self._output])[0]
        except Exception as error:
            raise VlaError(
                Code.PERCEPTION_UNAVAILABLE, f"The network failed: {_first_line(error)}"
            ) from error
        return decode(numbers, box, len(self.names), threshold, self._layout)

    def set_words(self, words: Sequence[str]) -> bool:
        """An exported network has its classes for good."""
        return False

    def _run(self, picture: NDArray[np.float32], outputs: list[str] | None) -> list[Any]:
        values: list[Any] = self._session.run(
            outputs, {self._input: picture.astype(self._type, copy=False)}
        )
        return values

    def _refusal(self, why: str) -> VlaError:
        return VlaError(Code.INVALID_CONFIG, f"The model file {self._path.name} {why}.")

    def _class_names(self) -> tuple[str, ...]:
        """From the metadata, which the usual exporters write."""
        found = self._session.get_modelmeta().custom_metadata_map.get("names", "")
        try:
            names = ast.literal_eval(found)
            if isinstance(names, Mapping):
                names = [names[key] for key in sorted(names, key=int)]
            out = tuple(str(name) for name in names)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            out = ()
        if not out:
            raise self._refusal("has no class names in its metadata ('names')")
        return out

    def _check_input(self) -> tuple[str, Any, tuple[int, int] | None]:
        """Name, type and, where it is fixed, width and height of the input."""
        inputs = self._session.get_inputs()
        if len(inputs) != 1:
            raise self._refusal(f"wants {len(inputs)} inputs, not one picture")
        entry = inputs[0]
        shape = [size if isinstance(size, int) and size > 0 else None for size in entry.shape]
        if len(shape) != 4 or shape[0] not in (1, None) or shape[1] not in (3, None):
            raise self._refusal(f"wants an input of {entry.shape}, not 1 x 3 x height x width")
        if entry.type not in _INPUT_TYPES:
            raise self._refusal(f"wants an input of the type {entry.type}")
        fixed = None
        if shape[2] and shape[3]:
            fixed = (shape[3], shape[2])
            if min(fixed) < STRIDE or max(fixed) > 4096:
                raise self._refusal(f"wants pictures of {fixed[0]} x {fixed[1]} pixels")
        return entry.name, _INPUT_TYPES[entry.type], fixed

    def _try_out(self) -> tuple[str, Layout]:
        """The output to use, found by running the network once; that also warms it up."""
        box = fit(WARM_UP[1], WARM_UP[0], self._level, self._fixed)
        names = [entry.name for entry in self._session.get_outputs()]
        try:
            values = self._run(fill(np.zeros((*WARM_UP, 3), np.uint8), box), None)
        except Exception as error:
            raise self._refusal(f"can't be run: {_first_line(error)}") from error
        shapes = []
        for name, value in zip(names, values, strict=True):
            shape = tuple(getattr(value, "shape", ()))
            shapes.append("x".join(str(side) for side in shape))
            layout = layout_of(shape, len(self.names))
            if layout is not None and value.dtype in (np.float32, np.float16):
                return name, layout
        raise self._refusal(
            f"gives {', '.join(shapes)}, which is none of the known layouts for {len(self.names)} classes"
        )


def _providers(device: str, there: Sequence[str]) -> list[str]:
    """Errors: PERCEPTION_UNAVAILABLE where CUDA is asked for and not there."""
    cuda = "CUDAExecutionProvider"
    if device == "cuda" and cuda not in there:
        raise VlaError(
            Code.PERCEPTION_UNAVAILABLE,
            "vision.device is 'cuda', but this ONNX Runtime has no CUDA; it takes the package onnxruntime-gpu.",
        )
    wanted = [cuda] if device != "cpu" and cuda in there else []
    return [*wanted, "CPUExecutionProvider"]


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:200].rstrip(".")
