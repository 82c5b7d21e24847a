# SPDX-License-Identifier: Apache-2.0
"""Interfaces of other packages that the workspace can't do without, and whether those that are here are the ones meant.

Packages of two authors may have one name (there are three `audio_common_msgs`), and the first one on the path hides the
others. Decides by the types and fields that are used here, of the modules that Python finds.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from typing import Any

NEEDED: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "audio_common_msgs.msg": {
        "AudioData": ("data",),
        "AudioDataStamped": ("header", "audio"),
        "AudioInfo": ("channels", "sample_rate", "sample_format", "bitrate", "coding_format"),
    },
    "control_msgs.action": {"PointHead": ()},
    "nav2_msgs.action": {"NavigateToPose": ()},
    "tf2_msgs.msg": {"TFMessage": ("transforms",)},
    "vision_msgs.msg": {
        "BoundingBox2D": ("center", "size_x", "size_y"),
        "BoundingBox3D": ("center", "size"),
        "Detection2D": ("header", "results", "bbox", "id"),
        "Detection2DArray": ("header", "detections"),
        "Detection3D": ("header", "results", "bbox", "id"),
        "Detection3DArray": ("header", "detections"),
        "ObjectHypothesis": ("class_id", "score"),
        "ObjectHypothesisWithPose": ("hypothesis", "pose"),
        "Point2D": ("x", "y"),
        "Pose2D": ("position", "theta"),
    },
}
"""Module -> type -> its fields; of actions, the type alone."""


def lacking(modules: Iterable[str] = NEEDED) -> str:
    """What is missing in the first of these modules that lacks something, in one sentence; "" when nothing is."""
    for name in modules:
        package, _, kind = name.partition(".")
        try:
            module: Any = importlib.import_module(name)
        except ImportError as error:
            return f"The package {package} can't be imported: {error}."
        for type_name, fields in NEEDED[name].items():
            found = getattr(module, type_name, None)
            where = f"{package} at {module.__file__}"
            if found is None:
                return (
                    f"The {where} has no {kind}/{type_name}: it is another author's package of that name, which hides "
                    "the one that is needed."
                )
            has = found.get_fields_and_field_types() if fields else {}
            absent = [field for field in fields if field not in has]
            if absent:
                return f"The {kind}/{type_name} of the {where} has no field '{absent[0]}': it is another author's."
    return ""
