"""How many tokens a text takes, where no server has counted them yet. Rather too many than too few."""

from __future__ import annotations

import math

BYTES_PER_TOKEN = 2.5
"""To begin with. English takes about 4, JSON about 3."""
MARGIN = 1.1
FEWEST_BYTES_PER_TOKEN = 1.0
"""No tokeniser makes more tokens than there are bytes."""


class TokenEstimate:
    """Learns from what the server counts, in one direction only: towards more tokens."""

    def __init__(self) -> None:
        self._bytes_per_token = BYTES_PER_TOKEN

    def prompt(self, size_bytes: int) -> int:
        """Of a request's body."""
        return math.ceil(MARGIN * size_bytes / self._bytes_per_token)

    def text(self, characters: int) -> int:
        """Of an answer."""
        return math.ceil(MARGIN * characters / self._bytes_per_token)

    def learn(self, size_bytes: int, tokens: int) -> None:
        """A count that can't be true is passed over: it would spoil the estimate until the next start."""
        if 0 < tokens <= size_bytes / FEWEST_BYTES_PER_TOKEN:
            self._bytes_per_token = min(self._bytes_per_token, size_bytes / tokens)
