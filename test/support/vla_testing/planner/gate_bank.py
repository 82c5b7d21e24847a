# SPDX-License-Identifier: Apache-2.0
"""The bank of commands with right and wrong plans: reading it, and what the planner makes of each pair.

Shared by the tests and `./vla eval gate`. A row:
  say        the command; scene, holding, previous as in commands.yaml
  right      plans that have to pass unasked
  wrong      plans that have to be asked about or refused

A plan is its steps, parted by ";":
  move 1 forward | turn 90 (degrees) | turn 1.57r (radians) | wait 5 | say some words
  go table | go {cup red} | goxy 1 1.5 90 | look left | look @table | look {cup red}
  find THING | pick THING | count THING | describe | describe @table | put on shelf | put next_to {bowl} | give THING me
A THING is a label and qualities, then "@place", "x2" or "xall", "~relation", "#id"; "_" stands for a blank. "?found"
and "?not" at the end of a step are its condition.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from vla_common.contracts.skills import Argument, Condition, ObjectRef, Step
from vla_planner.config import PlannerConfig
from vla_planner.core.backend import PlanRequest, Proposal
from vla_planner.core.grammar_backend import RulesBackend
from vla_planner.core.planning import Planner, PlanningOutcome
from vla_testing.planner.fixtures import CATALOGS, SCENES

SEEN, HELD_OUT = "gate_bank", "gate_bank_heldout"
_FOLDER = Path(__file__).parents[4] / "vla_planner" / "test"
_KEYS = {"say", "right", "wrong", "scene", "holding", "previous"}


@dataclass(frozen=True)
class Pair:
    """A command and a plan that somebody proposes for it. right: whether it has to pass unasked."""

    bank: str
    section: str
    say: str
    text: str
    steps: tuple[Step, ...]
    right: bool
    scene: str = "room"
    holding: str = ""
    previous: str = ""


def load(bank: str) -> list[Pair]:
    """All pairs of a bank. Errors: ValueError for a row that is not written right."""
    pairs: list[Pair] = []
    section = ""
    for entry in yaml.safe_load((_FOLDER / f"{bank}.yaml").read_text("utf-8")):
        if set(entry) == {"section"}:
            section = entry["section"]
            continue
        if unknown := set(entry) - _KEYS:
            raise ValueError(f"{entry.get('say')!r}: unknown keys {sorted(unknown)}")
        for right in (True, False):
            for text in entry.get("right" if right else "wrong", []):
                pairs.append(
                    Pair(
                        bank,
                        section,
                        entry["say"],
                        text,
                        steps_of(text),
                        right,
                        entry.get("scene", "room"),
                        entry.get("holding", ""),
                        entry.get("previous", ""),
                    )
                )
    return pairs


class Proposing:
    """A backend that proposes the same steps whatever it is asked."""

    name = "proposing"
    repairs = False
    partial = False
    configured = True

    def __init__(self, steps: Sequence[Step]) -> None:
        self.steps = tuple(steps)

    def propose(self, request: PlanRequest) -> Proposal:
        return Proposal(self.steps)

    def facts(self) -> dict[str, str]:
        return {}

    def close(self) -> None:
        """There is nothing to let go of."""


def outcome(pair: Pair, rules: Planner, answers: Sequence[tuple[str, str]] = ()) -> PlanningOutcome:
    """What the planner says to the pair's plan."""
    situation: dict[str, Any] = {"scene": SCENES[pair.scene], "skills": CATALOGS[""]}
    previous = rules.plan(pair.previous, **situation).plan if pair.previous else None
    planner = Planner(
        PlannerConfig(backends=("proposing",)),
        backends={"proposing": lambda *_: Proposing(pair.steps)},
    )
    return planner.plan(
        pair.say,
        **situation,
        holding=bool(pair.holding),
        held_label=pair.holding,
        previous=previous,
        answers=answers,
    )


def rules_planner() -> Planner:
    return Planner(
        PlannerConfig(backends=("rules",)), backends={"rules": lambda c, _: RulesBackend(c)}
    )


# --- notation ---------------------------------------------------------------------------------------


def steps_of(text: str) -> tuple[Step, ...]:
    """Errors: ValueError."""
    return tuple(_step(part.strip()) for part in text.split(";"))


def _step(text: str) -> Step:
    condition = Condition.ALWAYS
    for mark, meant in (("?found", Condition.FOUND), ("?not", Condition.NOT_FOUND)):
        if text.endswith(mark):
            text, condition = text[: -len(mark)].strip(), meant
    verb, _, rest = text.partition(" ")
    words = rest.split()
    arguments: dict[str, Argument]
    if verb == "move":
        arguments = {"distance": float(words[0]), "direction": words[1]}
    elif verb == "turn":
        radians = words[0].endswith("r")
        value = float(words[0].rstrip("r"))
        arguments = {"angle": round(value if radians else math.radians(value), 6)}
    elif verb == "wait":
        arguments = {"duration": float(words[0])}
    elif verb == "say":
        arguments = {"text": rest}
    elif verb == "goxy":
        x, y, heading = (float(word) for word in words)
        return Step("go_to", {"pose": (x, y, round(math.radians(heading), 6))}, False, condition)
    elif verb == "go":
        return Step("go_to", _target(rest), False, condition)
    elif verb == "look":
        return Step("look_at", _target(rest, "direction"), False, condition)
    elif verb == "put":
        target = _target(rest.partition(" ")[2])
        arguments = {"relation": words[0], **{f"target_{k}": v for k, v in target.items()}}
        return Step("place", arguments, False, condition)
    elif verb == "describe":
        arguments = _target(rest) if rest else {}
    elif verb == "give":
        arguments = {"object": _thing(words[:-1]), "person": words[-1]}
        return Step("hand_over", arguments, False, condition)
    elif verb == "count":
        arguments = _counted(words)
    elif verb in ("find", "pick"):
        arguments = {"object": _thing(words)}
    else:
        raise ValueError(f"no step: {text!r}")
    return Step(verb, arguments, False, condition)


def _counted(words: list[str]) -> dict[str, Argument]:
    places = [word[1:].replace("_", " ") for word in words if word.startswith("@")]
    thing = _thing([word for word in words if not word.startswith("@")])
    return {"object": thing, **({"place": places[0]} if places else {})}


def _target(text: str, otherwise: str = "place") -> dict[str, Argument]:
    if text.startswith("{"):
        return {"object": _thing(text.strip("{}").split())}
    if text.startswith("@"):
        return {"place": text[1:].replace("_", " ")}
    return {otherwise: text.replace("_", " ")}


def _thing(words: Sequence[str]) -> ObjectRef:
    label, *rest = [word.replace("_", " ") for word in words]
    more: dict[str, Any] = {}
    attributes = []
    for word in rest:
        if word[0] == "@":
            more["place"] = word[1:]
        elif word[0] == "x" and (word[1:].isdecimal() or word == "xall"):
            more["quantity"] = word[1:]
        elif word[0] == "~":
            more["relation"] = word[1:]
        elif word[0] == "#":
            more["id"] = word[1:].replace(" ", "_")
        else:
            attributes.append(word)
    return ObjectRef("" if label == "object" else label, tuple(attributes), **more)
