# SPDX-License-Identifier: Apache-2.0
"""What one server with one model can do, as learnt from what it refused.

Decides how the next request is put: with functions, a JSON schema or plain JSON, and which optional fields it has.
Kept for the life of a backend, so that only the first command pays for finding out.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from typing import Any

from vla_planner.llm.tools import without_bounds

MODES = ("tools", "json_schema", "json_object")
_BLAMING = frozenset({400, 404, 405, 415, 422, 500, 501})
"""Statuses with which servers refuse a field: some say 500 for a field that they don't know."""
_BOUNDS = re.compile(r"maxitems|minitems|maxlength|minlength|['\"`]m(?:in|ax)imum['\"`]")
"""Keys of a schema that not every server takes."""
_WORDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("stream_options", re.compile(r"stream_options|include_usage")),
    ("max_tokens", re.compile(r"\bmax_tokens\b")),
    ("temperature", re.compile(r"\btemperature\b")),
    ("tool_choice", re.compile(r"\btool_choice\b")),
    ("tools", re.compile(r"\btools?\b|\btool[ _]|function[ _]call|\bfunctions?\b")),
    ("response_format", re.compile(r"response_format|json_schema|json_object|json mode|structured output|\bschema\b")),
)  # fmt: skip
_UNSUPPORTED = re.compile(r"support|jinja|not implemented|unknown|unrecognized|not allowed")
"""What has to be said besides the name of a field, when the status alone says only that something went wrong."""
MAX_PROSE = 2
"""Answers in prose to a request with functions before the server counts as having none."""


class ServerTraits:
    """Thread-safe. mode: as the parameter `llm.mode`."""

    def __init__(self, mode: str) -> None:
        self._lock = threading.Lock()
        self._fixed = mode != "auto"
        self._mode = mode if self._fixed else MODES[0]
        self._without: set[str] = set()
        self._prose = 0
        self._on_trial = False
        """Asked for JSON only because functions were not called; no JSON has come yet."""

    @property
    def mode(self) -> str:
        return self._mode

    def fields(
        self, max_tokens: int, temperature: float, mode: str, schema: Any, tools: Any
    ) -> dict[str, Any]:
        """The fields of a request besides model and messages."""
        with self._lock:
            without = set(self._without)
        if "bounds" in without:
            schema, tools = without_bounds(schema), without_bounds(tools)
        limit = "max_completion_tokens" if "max_tokens" in without else "max_tokens"
        out: dict[str, Any] = {"stream": True, limit: max_tokens}
        if "temperature" not in without:
            out["temperature"] = temperature
        if "stream_options" not in without:
            out["stream_options"] = {"include_usage": True}
        if mode == "tools":
            out["tools"] = tools
            if "tool_choice" not in without:
                out["tool_choice"] = "required"
        elif "response_format" not in without:
            out["response_format"] = (
                {
                    "type": "json_schema",
                    "json_schema": {"name": "plan", "strict": True, "schema": schema},
                }
                if mode == "json_schema"
                else {"type": "json_object"}
            )
        return out

    def learn(self, status: int, text: str, sent: Mapping[str, Any], mode: str) -> bool:
        """After a refused request: whether another way of asking is left. sent: the fields of the request."""
        blamed = self._blamed(status, text.lower(), sent)
        if blamed is None:
            return False
        with self._lock:
            if blamed in ("tools", "response_format"):
                return self._other_mode(mode)
            self._without.add(blamed)
            return True

    def _blamed(self, status: int, text: str, sent: Mapping[str, Any]) -> str | None:
        if status not in _BLAMING or (status == 500 and not _UNSUPPORTED.search(text)):
            return None
        schemas = "tools" in sent or sent.get("response_format", {}).get("type") == "json_schema"
        if schemas and "bounds" not in self._without and _BOUNDS.search(text):
            return "bounds"
        for name, words in _WORDS:
            if name in sent and words.search(text):
                return name
        if status == 501:
            return "tools" if "tools" in sent else "response_format"
        return None

    def _other_mode(self, refused: str) -> bool:
        if self._mode != refused:
            return True  # another request has learnt it meanwhile
        if self._fixed or refused == MODES[-1]:
            if refused != "json_object" or "response_format" in self._without:
                return False
            self._without.add("response_format")  # the schema is in the prompt anyway
            return True
        self._mode = MODES[MODES.index(refused) + 1]
        return True

    def too_long(self, mode: str) -> bool:
        """After a request that did not fit, however little was told: whether another mode may need less. A schema is
        no part of what most servers tell their model; functions are.
        """
        with self._lock:
            if self._mode != mode:
                return True  # another request has learnt it meanwhile
            if self._fixed or mode != MODES[0]:
                return False
            self._mode, self._on_trial = MODES[1], False
            return True

    def cut_off(self, mode: str) -> None:
        """An answer had no end: the next is asked for in another way, and when none ends, in the first again."""
        with self._lock:
            if self._fixed or self._mode != mode:
                return
            self._prose = 0
            if mode == MODES[-1]:
                self._mode, self._on_trial = MODES[0], False
            else:
                self._mode, self._on_trial = MODES[MODES.index(mode) + 1], True

    def answered(self, mode: str, readable: bool) -> None:
        """After an answer: a server that takes functions and never calls one is asked for JSON, and from then on where
        that works better; a model that declines in prose does so in every mode.
        """
        with self._lock:
            if mode != "tools":
                if self._on_trial and not readable:
                    self._mode = MODES[0]
                self._on_trial = False
                return
            self._prose = 0 if readable else self._prose + 1
            if self._prose >= MAX_PROSE and not self._fixed:
                self._prose = 0
                if self._mode == mode:
                    self._other_mode(mode)
                    self._on_trial = True
