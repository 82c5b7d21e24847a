# SPDX-License-Identifier: Apache-2.0
"""`vla history`: what the robot was asked to do and what became of it, out of the journal; needs no running system."""

from __future__ import annotations

import argparse
import dataclasses
import os
import re
import sys
import time
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from vla_bringup.cli.plan_command import describe_step
from vla_bringup.commands.command_run import TOLD
from vla_bringup.journal.config import journal_path
from vla_bringup.journal.database import is_owned
from vla_bringup.journal.reader import (
    CommandDetails,
    CommandRecord,
    EventEntry,
    JournalReader,
    StepEntry,
)
from vla_common.configuration.parameter_file import load
from vla_common.contracts.outcomes import Code, VlaError
from vla_common.language.foreign_text import line as _plain
from vla_common.language.foreign_text import to_json
from vla_common.machine.terminal import writes_everything

WIDTH = 100
STATES = ("PENDING", "RUNNING", "SUCCEEDED", "FAILED", "CANCELED", "SKIPPED")
"""In the order of vla_interfaces/StepResult."""
_UNITS = {"s": 1, "min": 60, "m": 60, "h": 3600, "d": 86400}


def main(arguments: argparse.Namespace) -> int:
    """Exit code 0 also for an empty journal; 1 when there is none, or no such command. Errors: VlaError."""
    path = find_journal(arguments.file, arguments.namespace, os.environ)
    reader = JournalReader(path)
    if not reader.exists:
        print(f"There is no journal {path}: no command was ever accepted there.", file=sys.stderr)
        return 1
    since = parse_since(arguments.since, time.time()) if arguments.since else None
    lines: list[str]
    if arguments.trace_id:
        details = reader.details(arguments.trace_id)
        lines = (
            [_as_json(details)]
            if arguments.json
            else describe(details, _live_state(details.record, path))
        )
    elif arguments.events:
        events = reader.events(arguments.limit, since)
        lines = [_as_json(event) for event in events] if arguments.json else event_lines(events)
    else:
        records = reader.commands(arguments.limit, since, arguments.failed)
        states = [_live_state(record, path) for record in records]
        lines = (
            [_as_json(record) for record in records] if arguments.json else table(records, states)
        )
    for problem in reader.problems:
        print(problem, file=sys.stderr)
    for line in lines:
        print(line)
    if not lines:
        what = "events" if arguments.events else "commands"
        chosen = " that fit" if since is not None or arguments.failed else ""
        print(f"There are no {what}{chosen} in the journal {path}.", file=sys.stderr)
    return 0


def find_journal(file: str, namespace: str, environment: Mapping[str, str]) -> Path:
    """`file`; else journal.file of the parameter file VLA_CONFIG_PATH; else the one of the namespace.

    Errors: INVALID_CONFIG for a parameter file that can't be read.
    """
    config = environment.get("VLA_CONFIG_PATH", "")
    if not file and config:
        file = str(load(config).get("journal.file", ""))
    return journal_path(file, namespace, environment)


def parse_since(text: str, now: float) -> float:
    """Seconds since the epoch of "30min" (ago), "2h", "3d", or of a local date or time in ISO form.

    Errors: INVALID_REQUEST.
    """
    ago = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|m|min|h|d)", text.strip())
    if ago:
        return now - float(ago[1]) * _UNITS[ago[2]]
    try:
        return datetime.fromisoformat(text.strip()).timestamp()
    except (ValueError, OverflowError):
        raise VlaError(
            Code.INVALID_REQUEST,
            f"'{text[:40]}' is no time; write 30min, 2h, 3d, or a date such as 2026-05-31.",
        ) from None


def _live_state(record: CommandRecord, path: Path) -> str:
    """What to show in place of an outcome."""
    if record.code is not None:
        return record.outcome
    if not is_owned(path):
        return "UNFINISHED"  # its process is gone, and none has come since to mark it
    return "WAITING" if record.started_at is None else "RUNNING"


def table(records: list[CommandRecord], states: list[str]) -> list[str]:
    """One line for each, in columns, at most WIDTH wide, under the day it was accepted."""
    if not records:
        return []
    outcome = max(len("outcome"), *map(len, states))
    source = min(10, max(len("source"), *(_width(_plain(record.source)) for record in records)))
    trace = _distinct(records)

    def line(when: str, name: str, state: str, took: str, who: str, what: str) -> str:
        who = _pad(_fit(who, source), source)
        return _fit(f"{when:8}  {name:{trace}}  {state:{outcome}}  {took:>7}  {who}  {what}", WIDTH)

    lines = [line("time", "trace", "outcome", "took", "source", "command")]
    today = ""
    for record, state in zip(records, states, strict=True):
        day, _, clock = local(record.accepted_at).partition(" ")
        if day != today:
            lines.append(day)
            today = day
        what = ("(dry run) " if record.dry_run else "") + _plain(record.command)
        took = duration(record.duration_s)
        lines.append(line(clock, record.trace_id[:trace], state, took, _plain(record.source), what))
    return lines


def _distinct(records: list[CommandRecord]) -> int:
    """Characters of the trace ids that have to be shown to tell these apart."""
    length = 8
    while length < 36 and len({record.trace_id[:length] for record in records}) < len(records):
        length += 1
    return length


def describe(details: CommandDetails, state: str) -> list[str]:
    """Everything about one command."""
    record = details.record
    outcome = f"{state} ({record.code})" if record.code is not None else state
    if record.message:
        outcome += f": {_plain(record.message)}"
    marks = [f"priority {record.priority}"] if record.priority else []
    marks += ["dry run"] if record.dry_run else []
    marks += ["agreed beforehand"] if record.confirmed else []
    lines = [
        f"command   {_plain(record.command)}",
        f"trace     {record.trace_id}",
        f"source    {', '.join([_plain(record.source) or 'unknown', *marks])}",
        f"accepted  {local(record.accepted_at, True)}",
    ]
    if record.started_at is not None:
        lines.append(f"started   {local(record.started_at, True)}")
    if record.ended_at is not None:
        took = f", after {duration(record.duration_s)}" if record.duration_s is not None else ""
        ended = "marked" if record.code == Code.INTERRUPTED else "ended "
        lines.append(f"{ended}    {local(record.ended_at, True)}{took}")
    lines.append(f"outcome   {outcome}")
    lines += [f"told      {_plain(event.text)}" for event in details.events if event.kind == TOLD]
    times = [f"{name} {duration(value)}" for name, value in record.times.items() if value]
    if times:
        lines.append(f"times     {', '.join(times)}")
    for entry in details.plans:
        again = f" {entry.attempt + 1}" if len(details.plans) > 1 else ""
        by = f" by {_plain(entry.plan['planner'])}" if entry.plan.get("planner") else ""
        lines += ["", f"plan{again}{by}: {_plain(entry.plan.get('summary', ''))}".rstrip(": ")]
        steps = {step.index: step for step in details.steps if step.attempt == entry.attempt}
        lines += _step_lines(entry.plan.get("steps", ()), steps, record.code is not None)
    if details.events:
        lines += ["", "events", *("  " + line for line in event_lines(list(details.events)))]
    return lines


def _step_lines(planned: Any, steps: dict[int, StepEntry], over: bool) -> list[str]:
    """What became of each planned step, before the step itself, which may be long."""
    lines = []
    for index, step in enumerate(planned):
        text = _plain(describe_step(index + 1, step))
        entry = steps.get(index)
        if entry is None:
            state, took, verified = "not begun", "", ""
        elif entry.ended_at is None:
            state, took, verified = "end unknown" if over else _state(entry), "", ""
        else:
            state, took = _state(entry), duration(entry.duration_s)
            verified = "verified" if entry.verified else ""
        lines.append(f"  {state:11}  {took:>7}  {verified:8}  {text}")
        if entry is not None and entry.code:
            lines.append(f"{'':37}{entry.outcome} ({entry.code}): {_plain(entry.message)}")
    return lines


def _state(entry: StepEntry) -> str:
    return STATES[entry.state] if 0 <= entry.state < len(STATES) else f"state {entry.state}"


def event_lines(events: list[EventEntry]) -> list[str]:
    """One line for each: time, kind, text; not shortened."""
    kind = max((_width(_plain(event.kind)) for event in events), default=0)
    return [
        f"{local(event.at)}  {_pad(_plain(event.kind), kind)}  {_plain(event.text)}"
        for event in events
    ]


def local(at: float, precise: bool = False) -> str:
    """A time of day here: 2026-05-31 14:05:09."""
    try:
        when = datetime.fromtimestamp(at)
    except (OverflowError, OSError, ValueError):
        return "unknown"
    return when.strftime("%Y-%m-%d %H:%M:%S") + (
        f".{when.microsecond // 1000:03d}" if precise else ""
    )


def duration(seconds: float | None) -> str:
    """0.34 s, 12.3 s, 5m 03s, 2h 05m; "-" when unknown."""
    if seconds is None:
        return "-"
    if seconds < 9.995:
        return f"{seconds:.2f} s"
    if seconds < 99.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02d}s"
    return f"{whole // 3600}h {whole // 60 % 60:02d}m"


def _as_json(item: Any) -> str:
    content = dataclasses.asdict(item)
    return to_json(content, ascii_only=not writes_everything())


def _width(text: str) -> int:
    """Columns on a terminal."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def _pad(text: str, width: int) -> str:
    return text + " " * max(0, width - _width(text))


def _fit(text: str, width: int) -> str:
    """Cut to so many columns, with an ellipsis."""
    if _width(text) <= width:
        return text.rstrip()
    while text and _width(text) > width - 1:
        text = text[:-1]
    return text.rstrip() + "…"
