# SPDX-License-Identifier: Apache-2.0
"""Language models and their servers with habits of their own, and answers that must not become a plan."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from attack_case import Attack, Context

from vla_common.contracts.outcomes import Code
from vla_common.contracts.scene import Place, PlaceKind, Scene
from vla_planner.config import LlmConfig, PlannerConfig
from vla_planner.core.catalog import offline_catalog
from vla_planner.core.planning import Planner, PlanningOutcome
from vla_planner.llm.openai_backend import OpenAiBackend

SCENE = Scene((), (Place("table", PlaceKind.SURFACE, (1.0, 0.0, 0.7)),))
PLAN = json.dumps(
    {"outcome": "plan", "steps": [{"skill": "go_to", "arguments": {"place": "table"}}]}
)
AWAY = PLAN.replace("table", "bin")


def _planned(context: Context, answer: Any, **llm: Any) -> PlanningOutcome:
    from vla_testing.planner.fake_openai import FakeOpenAi

    with FakeOpenAi(answer) as server:
        environ = {"OPENAI_BASE_URL": server.url, "ROS_HOME": str(context.folder)}
        config = LlmConfig(**{"timeout_s": 20.0, "rest_s": 0.0, **llm})
        planner = PlannerConfig(backends=("openai",), timeout_s=60.0)
        backend = OpenAiBackend(planner, config, environ)
        try:
            return Planner(planner, config, {"openai": lambda *_: backend}).plan(
                "go to the table", SCENE, offline_catalog()
            )
        finally:
            backend.close()


def _good(answer: Callable[[], Any], **llm: Any) -> Callable[[Context], str]:
    def run(context: Context) -> str:
        outcome = _planned(context, answer(), **llm)
        return "" if outcome.plan and outcome.plan.planner == "openai" else str(outcome.result)

    return run


def _none(answer: Callable[[], Any], *words: str, **llm: Any) -> Callable[[Context], str]:
    def run(context: Context) -> str:
        outcome = _planned(context, answer(), **llm)
        if outcome.plan is not None:
            return f"became a plan: {outcome.plan.steps}"
        missing = [word for word in words if word not in outcome.result.message]
        return (
            f"{outcome.result} lacks {missing}"
            if missing or outcome.result.code is Code.INTERNAL_ERROR
            else ""
        )

    return run


def _text(content: str, **more: Any) -> Callable[[], Any]:
    def answer() -> Any:
        from vla_testing.planner.fake_openai import text

        return text(content, **more)

    return answer


def _calls(*deltas: dict[str, Any]) -> Callable[[], Any]:
    def answer() -> Any:
        from vla_testing.planner.fake_openai import delta, events

        return events(*[delta(**part) for part in deltas], delta(finish="tool_calls"))

    return answer


def _piece(name: str, arguments: Any, **more: Any) -> dict[str, Any]:
    return {"tool_calls": [{"function": {"name": name, "arguments": arguments}, **more}]}


def _error(status: int, words: str) -> Callable[[], Any]:
    def answer() -> Any:
        from vla_testing.planner.fake_openai import error

        return error(status, words)

    return answer


def attacks() -> list[Attack]:
    kind = "odd models"
    go, end = ("go_to", {"place": "table"}), ("finish_plan", {})
    as_text = {"mode": "json_schema"}
    good: dict[str, Callable[[Context], str]] = {
        "thoughts before the plan": _good(_text(f"<think>Not {AWAY}.</think>\n{PLAN}"), **as_text),
        "thoughts without a beginning": _good(_text(f"Not {AWAY}.</think>{PLAN}"), **as_text),
        "a fence and a greeting": _good(_text(f"Sure!\n```json\n{PLAN}\n```\nBye"), **as_text),
        "calls that all have index 0": _good(
            _calls(*[_piece(n, json.dumps(a), index=0) for n, a in (go, end)])
        ),
        "calls without index": _good(_calls(*[_piece(n, json.dumps(a)) for n, a in (go, end)])),
        "calls with null and objects": _good(
            _calls(*[_piece(n, a, index=None) for n, a in (go, end)])
        ),
        "thoughts in a field of their own": _good(
            _calls(
                {"reasoning_content": "hm " * 2000},
                *[_piece(n, json.dumps(a), index=i) for i, (n, a) in enumerate((go, end))],
            )
        ),
        "a content in parts": _good(
            _calls({"content": [{"type": "text", "text": PLAN}]}), **as_text
        ),
    }
    none = {
        "a draft in thoughts without an end": _none(_text(f"<think>{PLAN}, no, wrong."), **as_text),
        "nothing but thoughts": _none(_text(f"<think>{PLAN}</think>"), **as_text),
        "two plans": _none(_text(f"{PLAN} or {AWAY}"), "several plans", **as_text),
        "a cut off plan": _none(_text(PLAN[:40], finish="length"), "cut off"),
        "a prompt that is too long": _none(
            _error(400, "request (5000 tokens) exceeds the available context size (512 tokens)"),
            "512",
            "larger context",
        ),
        "an unknown model": _none(_error(404, "model not found"), "does not know the model"),
    }
    return [
        *[Attack(kind, f"{name} is understood", run) for name, run in good.items()],
        *[Attack(kind, f"{name} is refused", run) for name, run in none.items()],
    ]
