# SPDX-License-Identifier: Apache-2.0
"""How a request can fail, whether it is made again, after how long, and what the person hears when it is not."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from email.utils import parsedate_to_datetime
from enum import Enum

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.language.foreign_text import line

FIRST_DELAY_S = 0.25
LONGEST_DELAY_S = 8.0
_BUSY = frozenset({408, 409, 425, 429})
_SPENT = ("insufficient_quota", "billing", "credit balance")
"""Words of a 429 that does not pass by itself."""


class Failure(Enum):
    """Why a request has no answer."""

    UNREACHABLE = "unreachable"  # nothing was sent
    SILENT = "silent"  # no beginning of an answer in time
    CUT = "cut"  # lost on the way
    REFUSED = "refused"  # a status that is not 200


class RequestError(Exception):
    """A request that failed. text: the server's words, for the log and for finding out what it blames."""

    def __init__(
        self, failure: Failure, status: int = 0, text: str = "", retry_after_s: float | None = None
    ) -> None:
        super().__init__(f"{failure.value} {status}".strip())
        self.failure = failure
        self.status = status
        self.text = text
        self.retry_after_s = retry_after_s
        self.characters = 0
        """Of an answer that was cut, as far as it came."""


class Retries:
    """Of one proposal. jitter: numbers from 0 to 1."""

    def __init__(self, most: int, jitter: Callable[[], float]) -> None:
        self._most = most
        self._jitter = jitter
        self._made = 0

    def delay_s(self, error: RequestError, left_s: float) -> float | None:
        """How long to wait before the next try; None when there is none. left_s: time left for the answer."""
        if self._made >= self._most or not is_passing(error):
            return None
        delay_s = min(FIRST_DELAY_S * 2.0**self._made, LONGEST_DELAY_S)
        delay_s *= 0.5 + 0.5 * self._jitter()  # many robots must not come back at the same time
        if error.retry_after_s is not None:
            delay_s = max(delay_s, error.retry_after_s)
        if delay_s >= left_s:
            return None  # no use in waiting for a moment that is too late
        self._made += 1
        return delay_s


def is_passing(error: RequestError) -> bool:
    """Whether another try may succeed."""
    if error.failure is not Failure.REFUSED:
        return True
    if error.status == 429 and any(word in error.text.lower() for word in _SPENT):
        return False
    return error.status in _BUSY or error.status >= 500


_ABOUT_MODEL = re.compile(
    r"model_not_found|invalid model|unknown model|not a valid model|no such model"
    r"|model\b.{0,200}(?:not found|does not exist|doesn't exist|not exist|is not available|not loaded|not supported)"
    r"|(?:no|find|load) model\b",
    re.DOTALL,
)
MOST_NAMES = 8


def is_about_model(error: RequestError) -> bool:
    """Whether a server may have refused the name of the model."""
    if error.failure is not Failure.REFUSED:
        return False
    about = bool(_ABOUT_MODEL.search(error.text.lower()))
    return error.status == 404 or (error.status in (400, 422, 500) and about)


def sentence_of(
    error: RequestError, server: str, model: str, models: Sequence[str] = ()
) -> VlaError:
    """In our own words: what a server writes may hold a key, and would be spoken to a person.

    models: those that the server says it has, where the name may have been refused.
    """
    model = line(model, 80)
    if error.failure is Failure.SILENT:
        return VlaError(
            Code.PLANNING_TIMEOUT,
            f"The language model at {server} did not begin to answer in time.",
        )
    if error.failure is Failure.UNREACHABLE:
        text = f"The language model at {server} can't be reached."
    elif error.failure is Failure.CUT:
        text = f"The connection to the language model at {server} was lost."
    elif error.status in (401, 403):
        text = f"The language model at {server} does not accept the key."
    elif is_about_model(error) and models and model not in models:
        named = ", ".join(f"'{line(name, 80)}'" for name in models[:MOST_NAMES])
        more = f" and {len(models) - MOST_NAMES} more" if len(models) > MOST_NAMES else ""
        text = (
            f"The server {server} has no model '{model}'. It has {named}{more}; name one with 'llm.model', "
            "or with --model for ./vla plan."
        )
    elif error.status == 404:
        text = f"The server {server} does not know the model '{model}', or the address is wrong."
    elif error.status == 429:
        spent = not is_passing(error)
        why = "has no credit left" if spent else "is busy"
        text = f"The language model at {server} {why}."
    elif error.status >= 500:
        text = f"The language model at {server} failed with status {error.status}."
    else:
        text = f"The language model at {server} refused the request with status {error.status}."
    return VlaError(Code.PLANNER_UNAVAILABLE, text)


def retry_after_s(value: str | None) -> float | None:
    """The header Retry-After: seconds, or a date (RFC 9110, 10.2.3). None where it can't be read."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time.time()
        except (ValueError, TypeError, OverflowError):
            return None
    return max(seconds, 0.0) if seconds == seconds else None
