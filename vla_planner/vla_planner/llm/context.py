# SPDX-License-Identifier: Apache-2.0
"""How much a model takes in: what a server says when it was too much, and how much a request may hold from then on.

Decides what an error means and how much detail of the scene fits; what is left out at which detail is decided in
`llm_prompt`. Texts are those of OpenAI, vLLM, SGLang, llama.cpp, Ollama, LM Studio, TGI and Mistral.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FEWEST_TOKENS = 256
MOST_TOKENS = 100_000_000
SHARE_OF_ANSWER = 3
"""An answer is given at most a third of what the model takes in."""
_STATUSES = frozenset({400, 413, 422, 500})
_TOO_MUCH = re.compile(
    r"context_length_exceeded|exceed_context_size"
    r"|context (?:length|size|window)\b.*(?:exceed|maximum|longer|overflow|only)"
    r"|(?:exceed|maximum|longer|overflow|too (?:long|large)).*\bcontext\b|context the overflows"
    r"|(?:prompt|input) is too long|max_new_tokens.*must be <=|too many (?:input |prompt )?tokens"
    r"|request_too_large|reduce the length of the (?:messages|prompt)"
)
_LIMITS = tuple(
    re.compile(text)
    for text in (
        r"maximum context length (?:is|of) (\d+)", r"context size (?:of )?\((\d+)", r"context length \((\d+)",
        r"context length of only (\d+)", r"context (?:length|window|size) (?:is|of) (\d+)", r"must be <= (\d+)",
        r"(\d+) maximum context", r"n_ctx\W{1,4}(\d+)",
    )
)  # fmt: skip
_ASKED = tuple(
    re.compile(text)
    for text in (
        r"\((\d+) in the (?:messages|prompt)", r"n_prompt_tokens\W{1,4}(\d+)", r"request has (\d+) input tokens",
        r"(?:resulted in|request \(|input \(|contains|given:|keep the first) ?(\d+)",
    )
)  # fmt: skip


@dataclass(frozen=True)
class Overflow:
    """limit: tokens that the model takes in; asked: tokens of the prompt; 0: not said."""

    limit: int = 0
    asked: int = 0


def overflow(status: int, text: str) -> Overflow | None:
    """What a refused request says of its length; None when it was refused for something else."""
    words = " ".join(text.lower().split())
    if status not in _STATUSES or not _TOO_MUCH.search(words):
        return None
    return Overflow(_first(_LIMITS, words), _first(_ASKED, words))


def _first(patterns: tuple[re.Pattern[str], ...], words: str) -> int:
    for pattern in patterns:
        found = pattern.search(words)
        if found is not None and len(found[1]) < 10:
            return int(found[1])
    return 0


def told_limit(models: Any, props: Any, model: str) -> int:
    """What a server says of itself: `/models` (vLLM: max_model_len; OpenRouter: context_length) and llama.cpp's
    `/props`. 0: nothing.
    """
    for path in (("default_generation_settings", "n_ctx"), ("n_ctx",)):
        value = props
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        if _is_limit(value):
            return int(value)
    entries = models.get("data") if isinstance(models, Mapping) else None
    listed = (
        [entry for entry in entries or () if isinstance(entry, Mapping)]
        if isinstance(entries, list)
        else []
    )
    for entry in listed:
        if len(listed) > 1 and entry.get("id") != model:
            continue
        for key in ("max_model_len", "context_length", "context_window"):
            if _is_limit(entry.get(key)):
                return int(entry[key])
    return 0


def model_names(models: Any) -> list[str]:
    """The models that a server says it has."""
    entries = models.get("data") if isinstance(models, Mapping) else None
    if not isinstance(entries, list):
        return []
    names = [entry.get("id") for entry in entries if isinstance(entry, Mapping)]
    return [name for name in names if isinstance(name, str) and name]


def _is_limit(value: Any) -> bool:
    return type(value) is int and FEWEST_TOKENS <= value <= MOST_TOKENS


class ContextSize:
    """Of one model. Thread-safe. configured: `llm.context_tokens`; 0: not known."""

    def __init__(self, configured: int) -> None:
        self._lock = threading.Lock()
        self._tokens = configured
        self._detail = 0

    @property
    def tokens(self) -> int:
        """0: not known."""
        return self._tokens

    @property
    def detail(self) -> int:
        """The most detail that may fit, as an index of `llm_prompt.DETAILS`; learnt where no number is known."""
        return self._detail

    def learn(self, limit: int) -> None:
        """The server named its limit. A number that can't be one is passed over; it never grows."""
        if _is_limit(limit):
            with self._lock:
                self._tokens = min(self._tokens or limit, limit)

    def too_much(self, detail: int) -> None:
        """So much detail did not fit, and nobody knows how much does."""
        with self._lock:
            if not self._tokens:
                self._detail = max(self._detail, detail + 1)

    def restart(self) -> None:
        """Requests take less from now on: all detail may fit again."""
        with self._lock:
            self._detail = 0

    def answer(self, max_tokens: int) -> int:
        """The tokens that an answer may have."""
        return min(max_tokens, self._tokens // SHARE_OF_ANSWER) if self._tokens else max_tokens

    def fits(self, prompt_tokens: float, max_tokens: int) -> bool:
        """Whether a prompt leaves room for the answer."""
        return not self._tokens or prompt_tokens <= self._tokens - self.answer(max_tokens)


def sentence(server: str, known: ContextSize, told: Overflow) -> str:
    """What a person can do when even the shortest prompt does not fit."""
    size = f"about {told.asked} tokens" if told.asked else "more tokens"
    limit = known.tokens or told.limit
    most = f"the {limit} that" if limit else "what"
    return (
        f"What a plan needs to know takes {size}, more than {most} the model at {server} takes in. Start it with a "
        "larger context (llama.cpp: --ctx-size, vLLM: --max-model-len, Ollama: OLLAMA_CONTEXT_LENGTH; 8192 is enough)."
    )
