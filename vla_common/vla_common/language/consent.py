# SPDX-License-Identifier: Apache-2.0
"""Whether an answer agrees. Only a clear yes is one: silence, doubt and anything unexpected mean no."""

from __future__ import annotations

import re

_YES = frozenset(
    {
        "yes",
        "y",
        "yep",
        "yeah",
        "ok",
        "okay",
        "sure",
        "agreed",
        "confirm",
        "confirmed",
        "i confirm",
        "i agree",
        "do it",
        "do that",
        "go ahead",
        "proceed",
        "yes do it",
        "yes go ahead",
        "yes you may",
        "you may",
        "of course",
    }
)
_POLITE = frozenset({"please", "robot", "thanks", "thank", "you"})


def is_yes(answer: str) -> bool:
    """ "Yes, please." and "go ahead" agree; "yes, but wait", "not sure" and "" do not."""
    words = re.findall(r"[a-z0-9']+", answer.lower().replace("’", "'"))
    if not words or len(words) > 8:
        return False
    core = [word for word in words if word not in _POLITE]
    return " ".join(words) in _YES or " ".join(core) in _YES
