# SPDX-License-Identifier: Apache-2.0
"""Libraries that would call out to their makers are told not to, before they are imported.

ONNX Runtime from 1.29 on sends usage data at every start and leaves a device id in ~/.cache; ultralytics posts
statistics and fetches updates; Hugging Face's library counts downloads. Whoever imports one of them calls
`keep_libraries_quiet` first; a test looks. What somebody has set in the environment on purpose stays.
"""

from __future__ import annotations

import os

QUIET = {
    "ORT_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "YOLO_OFFLINE": "true",
    "YOLO_AUTOINSTALL": "false",
}


def keep_libraries_quiet() -> None:
    """Has to come before the first import of such a library in this process; calling it again changes nothing."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
