# SPDX-License-Identifier: Apache-2.0
"""Small pieces of sentences."""

from __future__ import annotations

from collections.abc import Sequence

from vla_common.language.foreign_text import quoted as quoted


def listed(names: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    if len(names) < 2:
        return "".join(names)
    return ", ".join(names[:-1]) + " and " + names[-1]
