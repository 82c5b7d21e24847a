# SPDX-License-Identifier: Apache-2.0
"""The skill plug-in `nod`, which only these tests have, for processes that are to find it."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "plugins"
SKILL = "nod"
PHRASES = ("nod", "nod your head", "give a nod")


def environment() -> dict[str, str]:
    """For a process, on top of this one's: the plug-in as if it were installed."""
    before = os.environ.get("PYTHONPATH", "")
    return {"PYTHONPATH": os.pathsep.join([str(FOLDER), *filter(None, [before])])}
