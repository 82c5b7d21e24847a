# SPDX-License-Identifier: Apache-2.0
"""What asking the language model costs, counted per day, and caps that can't be overshot.

Before a request the most that it may cost is booked; afterwards the difference is given back. What a process booked
before it crashed stays booked. Two processes may share the file: every change is made under a lock, and the file is
replaced whole. A file that can't be read is kept aside; where there are caps, nothing more is asked on that day,
because nobody knows what was spent.

No command waits for a disk that hangs: the file is touched in threads of their own, never in two at once.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import logging
import math
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.machine.private_files import make_folder, open_private

LOCK_S = 2.0
"""Longest wait for the disk, or for somebody else who holds the file, before a request."""
SETTLE_S = 0.5
"""The same after a request: what was booked then stays booked, or is settled later, and the command goes on."""
POLL_S = 0.005
"""How often a waiting thread looks whether it was canceled."""
MAX_FILE_BYTES = 10_000
MAX_COMMANDS = 64
"""Commands whose cost is remembered."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DayUsage:
    """One day's sum. estimated_tokens: those that no server counted; damaged: an earlier record was lost."""

    day: str
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    estimated_tokens: int = 0
    cost_usd: float = 0.0
    damaged: bool = False

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True)
class Terms:
    """Caps (0: none) and prices."""

    tokens_per_day: int = 0
    usd_per_day: float = 0.0
    usd_per_million_prompt: float = 0.0
    usd_per_million_completion: float = 0.0

    @property
    def capped(self) -> bool:
        return bool(self.tokens_per_day or self.usd_per_day)

    def cost_usd(self, prompt_tokens: int, completion_tokens: int) -> float:
        return (
            prompt_tokens * self.usd_per_million_prompt
            + completion_tokens * self.usd_per_million_completion
        ) / 1e6


@dataclass(frozen=True)
class Reservation:
    """What was booked for one request, on which day. in_memory: not in the file, which could not be used."""

    day: str
    prompt_tokens: int
    completion_tokens: int
    in_memory: bool = False


def check_command(cap: int, spent: int, more: int) -> None:
    """In tokens, for one command; cap 0: none. Errors: BUDGET_EXCEEDED."""
    if cap and spent + more > cap:
        raise VlaError(
            Code.BUDGET_EXCEEDED,
            f"The {cap} tokens a command for the language model don't suffice: {spent} are spent, and this request "
            f"may take {more}.",
        )


@dataclass(frozen=True)
class Spent:
    """On one command so far."""

    tokens: int = 0
    requests: int = 0
    cost_usd: float = 0.0

    def plus(self, tokens: int, cost_usd: float, requests: int = 0) -> Spent:
        return Spent(self.tokens + tokens, self.requests + requests, self.cost_usd + cost_usd)


@dataclass(frozen=True)
class CommandCaps:
    """What one command may take at most; 0: no cap."""

    tokens: int = 0
    requests: int = 0
    usd: float = 0.0

    def check(self, spent: Spent, tokens: int, cost_usd: float) -> None:
        """For one request more. Errors: BUDGET_EXCEEDED."""
        check_command(self.tokens, spent.tokens, tokens)
        if self.requests and spent.requests >= self.requests:
            raise VlaError(
                Code.BUDGET_EXCEEDED,
                f"The language model was asked {spent.requests} times for this command, and that is all it may be "
                "('llm.max_requests_per_command').",
            )
        if self.usd and spent.cost_usd + cost_usd > self.usd + 1e-9:
            raise VlaError(
                Code.BUDGET_EXCEEDED,
                f"The {self.usd:g} USD a command for the language model don't suffice: {spent.cost_usd:.4f} are "
                f"spent, and this request may cost {cost_usd:.4f} ('llm.max_cost_per_command_usd').",
            )


class CommandLog:
    """What commands have cost that may go on: with an answer to a question, or after a failed step."""

    def __init__(self) -> None:
        self._spent: OrderedDict[tuple[object, ...], Spent] = OrderedDict()
        self._lock = threading.Lock()

    def note(self, key: tuple[object, ...], spent: Spent) -> None:
        with self._lock:
            self._spent[key] = spent
            self._spent.move_to_end(key)
            while len(self._spent) > MAX_COMMANDS:
                self._spent.popitem(last=False)

    def of(self, key: tuple[object, ...]) -> Spent:
        with self._lock:
            return self._spent.get(key, Spent())


def usage_path(setting: str, environ: Mapping[str, str]) -> Path:
    """Of the parameter `llm.usage_file`, still without the day."""
    if setting:
        return Path(setting).expanduser()
    home = environ.get("ROS_HOME", "")
    return (Path(home) if home else Path.home() / ".ros") / "vla" / "llm_usage.json"


def utc_day() -> str:
    return time.strftime("%Y-%m-%d", time.gmtime())


def _never() -> bool:
    return False


class Ledger:
    """path: as of `usage_path`; day: today's date. Thread-safe and safe between processes."""

    def __init__(self, path: Path, terms: Terms, day: Callable[[], str] = utc_day) -> None:
        self._path = path
        self._terms = terms
        self._day = day
        self._file_lock = threading.Lock()
        """Held by whoever touches the file; for ever where the disk hangs."""
        self._lock = threading.Lock()
        """For what is below; nobody waits while holding it."""
        self._fallback = DayUsage("")
        """Counts in memory where the file can't be used and there is no cap."""
        self._last: DayUsage | VlaError | None = None

    def last(self) -> DayUsage | None:
        """Today's sum as last seen by this process, at once; None: not seen yet.

        Errors: BUDGET_EXCEEDED where the file could not be used and there are caps.
        """
        with self._lock:
            last = self._last
        if isinstance(last, VlaError):
            raise VlaError(last.code, last.message)
        return last if last is not None and last.day == self._day() else None

    def today(self) -> DayUsage:
        """Today's sum; waits for the file. Errors: BUDGET_EXCEEDED where it can't be used and there are caps."""
        return self._change(self._day(), lambda usage: usage, LOCK_S)[0]

    def reserve(
        self,
        prompt_tokens: int,
        completion_tokens: int,
        left_s: float = math.inf,
        canceled: Callable[[], bool] = _never,
    ) -> Reservation:
        """Book the most that a request may take. left_s: longest wait, where it is less than LOCK_S.

        Errors: BUDGET_EXCEEDED, CANCELED. A disk that was given up may still book it when it comes back: rather too
        much than too little.
        """
        booked = Reservation(self._day(), prompt_tokens, completion_tokens)
        _, in_memory = self._change(
            booked.day, lambda usage: self._booked(usage, booked), min(LOCK_S, left_s), canceled
        )
        return replace(booked, in_memory=in_memory)

    def _booked(self, usage: DayUsage, booked: Reservation) -> DayUsage:
        """The sum with the reservation. Errors: BUDGET_EXCEEDED."""
        terms = self._terms
        if terms.capped and usage.damaged:
            raise VlaError(
                Code.BUDGET_EXCEEDED,
                "The record of today's usage of the language model was damaged, so its caps can't be kept and it is "
                f"not asked again today. What was left of the record is beside '{self.file(usage.day)}'.",
            )
        after = _plus(usage, booked.prompt_tokens, booked.completion_tokens, terms, calls=1)
        if terms.tokens_per_day and after.tokens > terms.tokens_per_day:
            raise VlaError(
                Code.BUDGET_EXCEEDED,
                f"The {terms.tokens_per_day} tokens a day for the language model don't suffice: {usage.tokens} are "
                f"spent, and this request may take {after.tokens - usage.tokens}.",
            )
        if terms.usd_per_day and after.cost_usd > terms.usd_per_day + 1e-9:
            raise VlaError(
                Code.BUDGET_EXCEEDED,
                f"The {terms.usd_per_day:g} USD a day for the language model don't suffice: {usage.cost_usd:.4f} are "
                f"spent, and this request may cost {after.cost_usd - usage.cost_usd:.4f}.",
            )
        return after

    def settle(
        self, booked: Reservation, prompt_tokens: int, completion_tokens: int, estimated: bool
    ) -> None:
        """What it really was. Never raises: what can't be written stays booked."""

        def settled(usage: DayUsage) -> DayUsage:
            more = prompt_tokens + completion_tokens if estimated else 0
            return replace(
                _plus(
                    usage,
                    prompt_tokens - booked.prompt_tokens,
                    completion_tokens - booked.completion_tokens,
                    self._terms,
                ),
                estimated_tokens=usage.estimated_tokens + more,
            )

        if booked.in_memory:
            self._change_memory(booked.day, settled)
            return
        try:
            self._change(booked.day, settled, SETTLE_S, settling=True)
        except VlaError as error:
            _log.warning("usage of the language model not settled: %s", error.message)

    def file(self, day: str) -> Path:
        return self._path.with_name(f"{self._path.stem}-{day}{self._path.suffix or '.json'}")

    def _change(
        self,
        day: str,
        change: Callable[[DayUsage], DayUsage],
        wait_s: float,
        canceled: Callable[[], bool] = _never,
        settling: bool = False,
    ) -> tuple[DayUsage, bool]:
        """The day's sum after a change, and whether that is in memory only.

        settling: giving back need not survive a power failure, and is made even when nobody waits for it any more.
        Errors: BUDGET_EXCEEDED, CANCELED, and what `change` raises.
        """
        try:
            usage = self._change_file(day, change, wait_s, canceled, settling)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            if settling:
                _log.warning("usage of the language model not settled: %s", reason)
                return DayUsage(day), False
            if self._terms.capped:
                problem = VlaError(
                    Code.BUDGET_EXCEEDED,
                    "The usage of the language model can't be recorded, so its caps can't be kept: "
                    f"{reason} ('{self.file(day)}').",
                )
                with self._lock:
                    self._last = problem
                raise problem from None
            _log.warning("usage of the language model is counted in memory only: %s", reason)
            return self._change_memory(day, change), True
        return usage, False

    def _change_memory(self, day: str, change: Callable[[DayUsage], DayUsage]) -> DayUsage:
        with self._lock:
            usage = self._fallback if self._fallback.day == day else DayUsage(day)
            self._last = self._fallback = change(usage)
            return self._fallback

    def _change_file(
        self,
        day: str,
        change: Callable[[DayUsage], DayUsage],
        wait_s: float,
        canceled: Callable[[], bool],
        settling: bool,
    ) -> DayUsage:
        """Errors: OSError, also when it took longer than wait_s; CANCELED, and what `change` raises."""
        end_s = time.monotonic() + wait_s
        while not self._file_lock.acquire(timeout=POLL_S):
            _go_on(end_s, canceled)
        given_up, done = threading.Event(), threading.Event()
        outcome: list[DayUsage | Exception] = []

        def work() -> None:
            try:
                with _locked(self.file(day).with_suffix(".lock"), end_s):
                    usage = self._read(day)
                    after = change(usage)
                    if given_up.is_set() and not settling:
                        raise _too_late()
                    if after != usage:
                        _write(self.file(day), after, durable=not settling)
                if day == self._day():
                    with self._lock:
                        self._last = after
                outcome.append(after)
            except Exception as error:
                outcome.append(error)
            finally:
                self._file_lock.release()
                done.set()

        # Nothing interrupts a thread that waits for a disk, so it is not the one of a command.
        threading.Thread(target=work, name="llm_usage", daemon=True).start()
        try:
            while not done.wait(POLL_S):
                _go_on(end_s, canceled)
        except BaseException:
            given_up.set()
            raise
        if isinstance(outcome[0], Exception):
            raise outcome[0]
        return outcome[0]

    def _read(self, day: str) -> DayUsage:
        path = self.file(day)
        try:
            with path.open("rb") as source:
                data = source.read(MAX_FILE_BYTES + 1)
        except FileNotFoundError:
            return DayUsage(day)
        try:
            return _from_json(data, day)
        except (ValueError, TypeError, RecursionError):
            aside = path.with_suffix(f".damaged-{time.time_ns()}")
            os.replace(path, aside)
            _log.error("the record of usage '%s' was damaged; it is kept as '%s'", path, aside)
            usage = DayUsage(day, damaged=True)
            _write(path, usage)
            return usage


def _plus(
    usage: DayUsage, prompt_tokens: int, completion_tokens: int, terms: Terms, calls: int = 0
) -> DayUsage:
    cost = usage.cost_usd + terms.cost_usd(prompt_tokens, completion_tokens)
    return replace(
        usage,
        calls=usage.calls + calls,
        prompt_tokens=max(0, usage.prompt_tokens + prompt_tokens),
        completion_tokens=max(0, usage.completion_tokens + completion_tokens),
        cost_usd=max(0.0, round(cost, 9)),
    )


def _from_json(data: bytes, day: str) -> DayUsage:
    """Errors: ValueError, TypeError for anything that this module has not written."""
    if len(data) > MAX_FILE_BYTES:
        raise ValueError("too long")
    value = json.loads(data)
    if not isinstance(value, dict) or set(value) != {field.name for field in fields(DayUsage)}:
        raise ValueError("other keys")
    usage = DayUsage(**value)
    counts = (usage.calls, usage.prompt_tokens, usage.completion_tokens, usage.estimated_tokens)
    if usage.day != day or type(usage.damaged) is not bool:
        raise ValueError("other values")
    if not all(type(n) is int and n >= 0 for n in counts):
        raise ValueError("counts that are none")
    if type(usage.cost_usd) not in (int, float) or not 0 <= usage.cost_usd < math.inf:
        raise ValueError("a cost that is none")
    return usage


def _write(path: Path, usage: DayUsage, durable: bool = True) -> None:
    new = path.with_suffix(f".{os.getpid()}.new")
    with open(open_private(new), "w", encoding="utf-8") as out:
        out.truncate()
        json.dump(asdict(usage), out)
        out.flush()
        if durable:
            os.fsync(out.fileno())
    os.replace(new, path)


def _go_on(end_s: float, canceled: Callable[[], bool]) -> None:
    """Errors: CANCELED; OSError when the time is over."""
    if canceled():
        raise VlaError(Code.CANCELED, "Planning was canceled.")
    if time.monotonic() > end_s:
        raise _too_late()


def _too_late() -> OSError:
    return OSError(errno.ETIMEDOUT, "the file is in use or the disk does not answer")


@contextlib.contextmanager
def _locked(path: Path, end_s: float) -> Iterator[None]:
    """Errors: OSError, also when somebody else holds it until then (monotonic)."""
    make_folder(path.parent)
    with open(open_private(path), "a") as handle:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end_s:
                    raise _too_late() from None
                time.sleep(POLL_S)
        yield
