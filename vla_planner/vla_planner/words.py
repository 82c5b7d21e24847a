"""Small pieces of sentences."""

from __future__ import annotations

from collections.abc import Sequence


def quoted(text: str) -> str:
    """In quotes, cut where it is too long to be read out."""
    return f"'{text if len(text) <= 40 else text[:39] + '…'}'"


def listed(names: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    if len(names) < 2:
        return "".join(names)
    return ", ".join(names[:-1]) + " and " + names[-1]
