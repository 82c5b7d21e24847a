# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""The error for files that can't be loaded as launch files."""

from __future__ import annotations

from collections.abc import Sequence


class InvalidLaunchFileError(Exception):
    """Carries what was wrong with a launch file."""

    def __init__(self, extension: str = "", *, likely_errors: Sequence[BaseException] = ()) -> None:
        causes = "\n".join(f" - {type(error).__name__}: {error}" for error in likely_errors)
        super().__init__(f"cannot load the launch file of format [{extension}]:\n{causes}")
