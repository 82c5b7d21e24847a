# SPDX-License-Identifier: Apache-2.0
"""`vla plan`: command to plan without any ROS process."""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.scene import Place, PlaceKind, Scene, SceneObject
from vla_common.language.foreign_text import MAX_PARAGRAPH, line
from vla_common.machine.terminal import print_json


def scene_of_world(path: str) -> Scene:
    """The places of a world file and its objects, as if perception had seen them; "" is the default world, unseen.

    Errors: INVALID_REQUEST for a file that is no world.
    """
    from vla_sim.world.world_generator import generate_world
    from vla_sim.world.world_spec import WorldError, load_world

    try:
        world = load_world(Path(path)) if path else generate_world(0)
    except (OSError, WorldError) as error:
        raise VlaError(Code.INVALID_REQUEST, f"{path} can't be used as a world: {error}.") from None
    places = tuple(
        Place(
            place.name,
            PlaceKind.CONTAINER if place.is_container else PlaceKind.SURFACE,
            (place.x_m, place.y_m, place.height_m),
            place.yaw_rad,
            (place.size_x_m, place.size_y_m),
        )
        for place in world.places
    )
    objects = tuple(_seen(item, places) for item in world.objects) if path else ()
    return Scene(objects, places)


def _seen(item: Any, places: tuple[Place, ...]) -> SceneObject:
    position = (item.x_m, item.y_m, item.z_m)
    place = next((place.name for place in places if place.covers(item.x_m, item.y_m)), "")
    return SceneObject(item.name, item.kind, position, item.color, (item.size,), place=place)


def main(arguments: argparse.Namespace) -> int:
    """Exit code 0 when every command got a plan, 1 otherwise."""
    from vla_executor.skills.skill import base_catalog
    from vla_planner.core.planning import Planner

    scene = scene_of_world(arguments.world)
    skills = tuple(base_catalog())
    config, llm = configured(os.environ.get("VLA_CONFIG_PATH", ""))
    if arguments.planner:
        config = replace(config, backends=(arguments.planner,))
    if arguments.model:
        llm = replace(llm, model=arguments.model)
    planner = Planner(config, llm)
    wanted = arguments.model or arguments.planner == "openai"
    if wanted and not any(b.name == "openai" and b.configured for b in planner.backends):
        raise VlaError(Code.PLANNER_UNAVAILABLE, _why_no_model(planner))
    failed = False
    for command in _commands(arguments.command):
        outcome = _plan(planner, command, scene, skills, arguments.answer or ())
        failed = failed or not outcome.result.ok
        if arguments.json:
            print_json(_as_json(command, outcome))
        else:
            print(_as_text(command, outcome), flush=True)
    return 1 if failed else 0


def configured(path: str) -> tuple[Any, Any]:
    """The groups `planner` and `llm` of a parameter file, checked; "": as they come. Errors: INVALID_CONFIG."""
    from vla_bringup.launching.config_check import check_file
    from vla_common.configuration.config import from_values
    from vla_planner.config import LlmConfig, PlannerConfig

    values = check_file(path) if path else {}

    def group(kind: type[Any], name: str) -> Any:
        start = name + "."
        own = {key[len(start) :]: v for key, v in values.items() if key.startswith(start)}
        return from_values(kind, name, own)

    return group(PlannerConfig, "planner"), group(LlmConfig, "llm")


def _why_no_model(planner: Any) -> str:
    told = [str(b.status) for b in planner.backends if b.name == "openai"]
    return told[0] if told else "'planner.backends' does not name 'openai'."


def _plan(planner: Any, command: str, scene: Scene, skills: Any, answers: Sequence[str]) -> Any:
    """The outcome once every question got its answer, or the first question without one."""
    given: list[tuple[str, str]] = []
    outcome = planner.plan(command, scene, skills)
    for answer in answers:
        if not outcome.question:
            break
        given.append((outcome.question, answer))
        outcome = planner.plan(command, scene, skills, answers=given)
    return outcome


def _commands(command: str) -> list[str] | Any:
    """The one command, or with "-" those of standard input, answered as they come."""
    return (line.rstrip("\n") for line in sys.stdin) if command == "-" else [command]


def _as_json(command: str, outcome: Any) -> dict[str, Any]:
    """Every key is always there, empty where it does not apply. notice: what else the person is told."""
    plan, result = outcome.plan, outcome.result
    return {
        "command": command,
        "outcome": {
            "code": int(result.code),
            "name": result.code.name,
            "message": result.message,
        },
        "steps": [step.to_json() for step in plan.steps] if plan else [],
        "summary": plan.summary if plan else "",
        "planner": plan.planner if plan else "",
        "notice": outcome.notice,
        "question": outcome.question,
        "choices": list(outcome.choices),
        "repairs": plan.repairs if plan else 0,
        "prompt_tokens": plan.prompt_tokens if plan else 0,
        "completion_tokens": plan.completion_tokens if plan else 0,
    }


def _as_text(command: str, outcome: Any) -> str:
    lines = [f"> {command}"]
    if not outcome.result.ok:
        lines.append(f"  {outcome.result}")
    if outcome.notice:
        lines.append(f"  {outcome.notice}")
    if outcome.plan:
        lines += [
            f"  {describe_step(index, step.to_json())}"
            for index, step in enumerate(outcome.plan.steps, 1)
        ]
    return "\n".join(lines)


def describe_step(number: int, step: dict[str, Any]) -> str:
    """One step on one line: 2. pick object={label: cup}, or 3. if found: say text=hello."""
    arguments = " ".join(
        f"{name}={_said(name, value)}" for name, value in step["arguments"].items()
    )
    when = f"if {step['only_if'].replace('_', ' ')}: " if "only_if" in step else ""
    together = "at the same time: " if step.get("with_previous") else ""
    return line(f"{number}. {when}{together}{step['skill']} {arguments}", MAX_PARAGRAPH)


def _said(name: str, value: Any) -> str:
    """As people write it: angles in degrees."""
    if name == "angle" and isinstance(value, (int, float)):
        return f"{math.degrees(value):.4g} degrees"
    if name == "pose" and isinstance(value, list) and len(value) == 3:
        return f"[{value[0]:g}, {value[1]:g}, {math.degrees(value[2]):.4g} degrees]"
    return _short(value)


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_short(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        listed = ", ".join(str(item) for item in value)
        return listed if len(value) == 1 else f"[{listed}]"
    return f"{value:g}" if isinstance(value, float) else str(value)
