# SPDX-License-Identifier: Apache-2.0
"""Camera images to labelled objects in the map, with a memory of the scene."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vla_common.public_names import public

if TYPE_CHECKING:
    from vla_perception.detect.detector import Detection2D as Detection2D
    from vla_perception.detect.detector import Detector as Detector
    from vla_perception.rgbd.frame import RgbdFrame as RgbdFrame

__all__ = [
    "Detection2D",
    "Detector",
    "RgbdFrame",
]

__getattr__ = public(
    __name__,
    {
        "Detection2D": "vla_perception.detect.detector",
        "Detector": "vla_perception.detect.detector",
        "RgbdFrame": "vla_perception.rgbd.frame",
    },
)
