"""Which commands mean stop. They go straight to the executor: no queue, no planner, no language model."""

from __future__ import annotations

import re
from collections.abc import Collection

PHRASES = frozenset(
    {
        "stop",
        "halt",
        "freeze",
        "abort",
        "emergency stop",
        "stop it",
        "stop now",
        "stop moving",
        "stop right there",
        "stop the robot",
        "stop immediately",
        "hold it",
        "hold still",
        "don't move",
        "do not move",
        "dont move",
    }
)
POLITE = frozenset({"please", "robot", "now", "hey", "ok", "okay", "immediately"})


def is_stop(command: str, phrases: Collection[str] = PHRASES) -> bool:
    """Whether the whole command means stop; "go to the bus stop" and "don't stop" do not.

    phrases: lower case; what somebody configured, or those that everybody knows.
    """
    words = re.findall(r"(?:[^\W\d_]|')+", command.lower().replace("’", "'"))
    if not words or len(words) > 12:
        return False
    # "stop stop stop" is what people shout.
    folded = [word for i, word in enumerate(words) if i == 0 or word != words[i - 1]]
    core = [word for word in folded if word not in POLITE]
    return any(" ".join(said) in phrases for said in (words, folded, core))
