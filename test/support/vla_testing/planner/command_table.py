# SPDX-License-Identifier: Apache-2.0
"""The tables of commands: reading them, planning a row, and judging what came of it.

Shared by the tests, `./vla eval planner` and `./vla bench planner`. The format of a row is described at the head of
commands.yaml; what commands mean, in PLANS.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from vla_common.contracts.outcomes import Code
from vla_testing.planner.fixtures import CATALOGS, SCENES

if TYPE_CHECKING:
    from vla_planner.core.planning import Planner, PlanningOutcome

VISIBLE = ("commands", "commands_unseen", "commands_more")
HELD_OUT = ("commands_heldout",)
"""Never shown to whoever writes grammar and lexicon."""
FILES = VISIBLE + HELD_OUT
NEAR = 1e-4
MOST_QUESTIONS = 5

REFUSED, ASKED, PLANNED, COMPLETED = "refused", "asked", "planned", "completed"
"""What a row wants: a refusal, a question, a plan, a plan after answers."""

_FOLDER = Path(__file__).parents[4] / "vla_planner" / "test"
_KEYS = {
    "say", "plan", "code", "says", "says_any", "answers", "previous", "scene", "skills", "holding", "late",
}  # fmt: skip
_BESIDE_A_SKILL = {"only_if", "with_previous"}


@dataclass(frozen=True)
class Row:
    """One row of a table. steps: what `Step.to_json` has to give; codes: outcomes that are right in place of a plan."""

    table: str
    section: str
    number: int
    say: str
    steps: tuple[dict[str, Any], ...] = ()
    codes: tuple[Code, ...] = ()
    pieces: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    previous: str = ""
    scene: str = "room"
    skills: str = ""
    holding: str = ""

    @property
    def held_out(self) -> bool:
        return self.table in HELD_OUT

    @property
    def wants(self) -> str:
        if self.steps:
            return COMPLETED if self.answers else PLANNED
        return ASKED if Code.AMBIGUOUS in self.codes else REFUSED

    @property
    def situation(self) -> tuple[Any, ...]:
        """All that the outcome depends on."""
        return (self.say, self.scene, self.skills, self.holding, self.previous, self.answers)


def load(tables: Sequence[str] = FILES) -> list[Row]:
    """All rows of tables, in order. Errors: ValueError that names the row when one is not written right."""
    rows: list[Row] = []
    for table in tables:
        section = ""
        entries = yaml.safe_load((_FOLDER / f"{table}.yaml").read_text("utf-8"))
        for number, entry in enumerate(entries):
            if set(entry) == {"section"}:
                section = entry["section"]
                continue
            try:
                rows.append(_row(table, section, number, entry))
            except (KeyError, TypeError, ValueError) as error:
                raise ValueError(f"{table}, {entry.get('say')!r}: {error}") from error
    return rows


def _row(table: str, section: str, number: int, entry: Mapping[str, Any]) -> Row:
    if unknown := set(entry) - _KEYS:
        raise ValueError(f"unknown keys {sorted(unknown)}")
    if ("plan" in entry) == ("code" in entry):
        raise ValueError("either a plan or a code is wanted")
    if not section:
        raise ValueError("it stands in no section")
    codes = _several(entry.get("code", []))
    pieces = [entry["says"]] if "says" in entry else entry.get("says_any", [])
    scene, skills = entry.get("scene", "room"), entry.get("skills", "")
    if scene not in SCENES or skills not in CATALOGS:
        raise ValueError(f"unknown scene or skills: {scene!r}, {skills!r}")
    return Row(
        table,
        section,
        number,
        entry["say"],
        tuple(_step(step) for step in entry.get("plan", [])),
        tuple(Code[code] for code in codes),
        tuple(pieces),
        tuple(_several(entry.get("answers", []))),
        entry.get("previous", ""),
        scene,
        skills,
        entry.get("holding", ""),
    )


def _several(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(item, str) for item in values):
        raise ValueError(f"{value!r} has to be a text or a list of texts")
    return values


def _step(step: Mapping[str, Any]) -> dict[str, Any]:
    names = [key for key in step if key not in _BESIDE_A_SKILL]
    if len(names) != 1:
        raise ValueError(f"a step has one skill, not {names}")
    out = {"skill": names[0], "arguments": step[names[0]]}
    return {**out, **{key: step[key] for key in step if key in _BESIDE_A_SKILL}}


class TimedPlanner:
    """A planner that notes how long each command took. clock: nanoseconds."""

    def __init__(self, planner: Planner, clock: Callable[[], int]) -> None:
        self._planner = planner
        self._clock = clock
        self.times_ms: list[float] = []

    def plan(self, *args: Any, **more: Any) -> PlanningOutcome:
        begin = self._clock()
        outcome = self._planner.plan(*args, **more)
        self.times_ms.append((self._clock() - begin) / 1e6)
        return outcome


def plan(planner: Planner | TimedPlanner, row: Row) -> PlanningOutcome:
    """What the planner says to a row: to the command, or after the last of the row's answers."""
    situation: dict[str, Any] = {
        "scene": SCENES[row.scene],
        "skills": CATALOGS[row.skills],
        "holding": bool(row.holding),
        "held_label": "" if row.holding == "unknown" else row.holding,
    }
    if row.previous:
        # What the gripper holds now may have come from the command before.
        before = {**situation, "holding": False, "held_label": ""}
        situation["previous"] = planner.plan(row.previous, **before).plan
    outcome = planner.plan(row.say, **situation)
    answers: list[tuple[str, str]] = []
    for answer in row.answers[:MOST_QUESTIONS]:
        if outcome.result.code is not Code.AMBIGUOUS:
            break
        answers.append((outcome.question, answer))
        outcome = planner.plan(row.say, **situation, answers=tuple(answers))
    return outcome


def mistake(row: Row, outcome: PlanningOutcome) -> str:
    """What is wrong with an outcome, empty when it is the wanted one."""
    if row.steps:
        if outcome.plan is None:
            return f"refused: {outcome.result}"
        got = [step.to_json() for step in outcome.plan.steps]
        if not same(got, list(row.steps)):
            return f"planned: {got}"
        return ""
    if outcome.plan is not None:
        return f"planned: {[step.to_json() for step in outcome.plan.steps]}"
    if outcome.result.code not in row.codes:
        return f"refused otherwise: {outcome.result}"
    if row.pieces and not any(piece in outcome.result.message for piece in row.pieces):
        return f"refused with other words: {outcome.result}"
    if outcome.result.code is Code.AMBIGUOUS and not outcome.question:
        return "asked without a question"
    return ""


def same(one: Any, other: Any) -> bool:
    """Numbers hold to NEAR; the order of qualities ("big red", "red big") does not count."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return abs(one - other) < NEAR
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(
            sorted(one[key]) == sorted(other[key])
            if key == "attributes"
            else same(one[key], other[key])
            for key in one
        )
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)
