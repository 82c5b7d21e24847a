# SPDX-License-Identifier: Apache-2.0
"""How many tokens a text takes, where no server has counted them yet. Rather too many than too few."""

from __future__ import annotations

import math

BYTES_PER_TOKEN = 2.5
"""To begin with. English takes about 4, JSON about 3."""
MARGIN = 1.1
LIKELY_BYTES_PER_TOKEN = 3.2
"""Of a request, as measured with several tokenisers; for what fits, where too many tokens cost detail."""
FURTHEST_LIKELY = 8.0
WEIGHT = 0.3
"""Of a new count among those before."""
FEWEST_BYTES_PER_TOKEN = 1.0
"""No tokeniser makes more tokens than there are bytes."""


MOST_BYTES_PER_TOKEN = 24.0
"""No tokeniser puts more into one on average; a server that counts less has not counted."""
OVERHEAD_TOKENS = 10_000
"""What a server's own template and a model's hidden thoughts may add."""


def believable(
    prompt_tokens: int,
    completion_tokens: int,
    size_bytes: int,
    characters: int,
    max_tokens: int,
) -> bool:
    """Whether a server's count can be true of a request of that size and an answer of that length."""
    fewest = (size_bytes / MOST_BYTES_PER_TOKEN, characters / MOST_BYTES_PER_TOKEN)
    most = (size_bytes / FEWEST_BYTES_PER_TOKEN, max(max_tokens, characters))
    counts = (prompt_tokens, completion_tokens)
    return all(
        low <= count <= high + OVERHEAD_TOKENS
        for low, count, high in zip(fewest, counts, most, strict=True)
    )


class TokenEstimate:
    """Learns from what the server counts, in one direction only: towards more tokens."""

    def __init__(self) -> None:
        self._bytes_per_token = BYTES_PER_TOKEN
        self._likely = LIKELY_BYTES_PER_TOKEN

    def prompt(self, size_bytes: int) -> int:
        """Of a request's body."""
        return math.ceil(MARGIN * size_bytes / self._bytes_per_token)

    def likely(self, size_bytes: int) -> float:
        """Of what a model is told, functions included: neither too many nor too few."""
        return size_bytes / self._likely

    def learn_likely(self, size_bytes: int, tokens: int) -> None:
        if size_bytes / FURTHEST_LIKELY <= tokens <= size_bytes / FEWEST_BYTES_PER_TOKEN:
            self._likely += WEIGHT * (size_bytes / tokens - self._likely)

    def text(self, characters: int) -> int:
        """Of an answer."""
        return math.ceil(MARGIN * characters / self._bytes_per_token)

    def learn(self, size_bytes: int, tokens: int) -> None:
        """A count that can't be true is passed over: it would spoil the estimate until the next start."""
        if 0 < tokens <= size_bytes / FEWEST_BYTES_PER_TOKEN:
            self._bytes_per_token = min(self._bytes_per_token, size_bytes / tokens)
