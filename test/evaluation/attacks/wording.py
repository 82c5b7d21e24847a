# SPDX-License-Identifier: Apache-2.0
"""Words that must stop the robot, words that must not, and words of which nothing may get lost. No ROS."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from attack_case import Attack, Context

from vla_common.contracts.outcomes import Code
from vla_common.contracts.scene import Place, PlaceKind, Scene
from vla_common.language.halt_phrases import Wish, is_halt_command, wanted
from vla_planner.config import LlmConfig, PlannerConfig
from vla_planner.core.catalog import offline_catalog
from vla_planner.core.planning import Planner, PlanningOutcome

CORPUS = Path(__file__).parents[3] / "vla_common" / "test" / "stop_phrases.yaml"
SHOUTED = (
    "stop",
    "stop please stop",
    "stop right now",
    "stop driving",
    "stop everything",
    "cancel that",
)
HUGE = (
    "stop " * 100_000, "please " * 100_000 + "stop", "stop and " * 100_000, "cancel and stop " * 100_000,
    "s t o p " * 100_000, "st" + "o" * 10**6 + "p",
)  # fmt: skip
SWALLOWED = (
    "say hello and open the door", "say hello open the door", "say hello. open the door", "say hi then fly away",
    "say good morning and frobnicate the cup", "say hello & dance", "say hello and please unlock the door",
)  # fmt: skip


def phrases(kind: str) -> list[Any]:
    halves = yaml.safe_load(CORPUS.read_text("utf-8"))
    return [phrase for half in halves.values() for phrase in half[kind]]


@functools.lru_cache(maxsize=1)
def planner() -> Planner:
    return Planner(PlannerConfig(backends=("rules",)), LlmConfig())


def planned(text: str) -> PlanningOutcome:
    room = Scene(places=(Place("table", PlaceKind.SURFACE, (2.0, 0.0, 0.7)),))
    return planner().plan(text, room, offline_catalog())


def wrong(texts: list[str], is_wrong: Callable[[str], bool]) -> str:
    found = [text[:40] for text in texts if is_wrong(text)]
    return f"{len(found)} of {len(texts)}: {'; '.join(found[:10])}" if found else ""


def missed(_: Context) -> str:
    return wrong(phrases("rest"), lambda text: wanted(text).wish is not Wish.REST)


def missed_around(_: Context) -> str:
    around = ("hey robot {} please", "{0} {0} {0}", "{}!!!", "OK {}, thank you")
    texts = [frame.format(text.strip()) for text in phrases("rest") for frame in around]
    return wrong(texts, lambda text: not is_halt_command(text))


def mentioned(_: Context) -> str:
    return wrong(phrases("neither"), is_halt_command)


def lost(_: Context) -> str:
    rows = [(text, left) for text, left in phrases("mixed") if wanted(text).left_out != left]
    return "; ".join(text for text, _ in rows)


def huge(_: Context) -> str:
    return wrong(list(HUGE), lambda text: not is_halt_command(text))


def queued(_: Context) -> str:
    """What the planner answers with its sentence on stopping has to be a stop before it comes to a planner."""
    frames = (
        "{}",
        "please {}",
        "could you {}",
        "{} and {}",
        "turn left and {}",
        "if there is a cup, {}",
    )
    texts = [
        f.format(text, text) for text in (*SHOUTED, "halt", "quit", "shut down") for f in frames
    ]

    def waits(text: str) -> bool:
        result = planned(text).result
        says_so = result.code is Code.NOT_POSSIBLE and "not part of a plan" in result.message
        return says_so and not is_halt_command(text)

    return wrong(texts, waits)


def swallowed(_: Context) -> str:
    return wrong(list(SWALLOWED), lambda text: planned(text).result.ok)


def attacks() -> list[Attack]:
    tried = {
        "a stop in other words": missed,
        "a stop with politeness, marks and repetitions": missed_around,
        "words that only mention stopping": mentioned,
        "a stop and something else, which is lost silently": lost,
        "a stop that is very long": huge,
        "a stop that waits until it is planned": queued,
        "a command behind what is to be said": swallowed,
    }
    return [Attack("words", name, run) for name, run in tried.items()]
