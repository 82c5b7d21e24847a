# SPDX-License-Identifier: Apache-2.0
"""Which detector runs: what the parameters ask for, or the best that this machine can.

Decides the choice and what is said when it is not the wished one. `auto` takes ultralytics for files that only it
reads, ONNX Runtime otherwise, and goes on without a network, saying why, where that can't be loaded. A backend that is
named explicitly is an error when it can't be loaded.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vla_common.contracts.outcomes import Code, VlaError
from vla_perception.config import VisionConfig
from vla_perception.detect.color_detector import ColorDetector
from vla_perception.detect.detector import Detector
from vla_perception.detect.fused_detector import FusedDetector
from vla_perception.detect.network import (
    LEVELS,
    Network,
    caution,
    check_digest,
    existing_file,
    parse_class_map,
)


@dataclass(frozen=True)
class Choice:
    """detector: what runs. complaint: why it is not a network although `auto` prefers one, "" otherwise.

    caution: what a person should know of the file that was loaded, "" otherwise.
    """

    detector: Detector
    complaint: str = ""
    caution: str = ""


def choose_detector(config: VisionConfig) -> Choice:
    """Errors: INVALID_CONFIG (a file is missing or can't be used), PERCEPTION_UNAVAILABLE (a package is missing)."""
    geometry = ColorDetector(
        config.min_points,
        config.max_size_m,
        config.min_height_m,
        config.footprint_margin_m,
        config.floor_min_size_m,
        config.detection_threshold,
    )
    class_map = parse_class_map(config.class_map)
    if config.backend == "colour":
        return Choice(geometry)
    try:
        path = existing_file(config.model_file)
        check_digest(path, config.model_sha256)
        network = _load(config, path)
    except VlaError as error:
        # A file that is not the one that was named is never passed over.
        if config.backend != "auto" or config.model_sha256:
            raise
        return Choice(geometry, f"No network looks at the pictures: {error.result.message}")
    return Choice(
        FusedDetector(network, geometry, config.detection_threshold, class_map, path.name),
        caution=caution(path, config.model_sha256),
    )


def make_detector(config: VisionConfig) -> Detector:
    """As `choose_detector`, for those whom the reason does not concern."""
    return choose_detector(config).detector


def _load(config: VisionConfig, path: Path) -> Network:
    level = LEVELS.get(config.level)
    if level is None:
        raise VlaError(Code.INVALID_CONFIG, f"There is no level '{config.level}' (vision.level).")
    options = (path, level, config.inference_threads, config.device)
    if config.backend == "ultralytics" or (config.backend == "auto" and path.suffix != ".onnx"):
        from vla_perception.detect.ultralytics_backend import UltralyticsModel

        return UltralyticsModel(*options)
    if config.backend in ("auto", "onnx"):
        from vla_perception.detect.onnx_backend import OnnxModel

        return OnnxModel(*options)
    raise VlaError(Code.INVALID_CONFIG, f"There is no backend '{config.backend}' (vision.backend).")
