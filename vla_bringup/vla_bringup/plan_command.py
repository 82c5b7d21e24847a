"""`vla plan`: command to plan without any ROS process."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from vla_common.foreign_text import MAX_PARAGRAPH, line
from vla_common.outcomes import Code, VlaError
from vla_common.scene import Place, PlaceKind, Scene, SceneObject


def scene_of_world(path: str) -> Scene:
    """The places of a world file and its objects, as if perception had seen them; "" is the default world, unseen.

    Errors: INVALID_REQUEST for a file that is no world.
    """
    from vla_sim.world_generator import generate_world
    from vla_sim.world_spec import WorldError, load_world

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
    return SceneObject(item.name, item.kind, position, item.colour, (item.size,), place=place)


def main(arguments: argparse.Namespace) -> int:
    """Exit code 0 when every command got a plan, 1 otherwise."""
    from vla_executor.skills import base_catalogue
    from vla_planner.config import PlannerConfig
    from vla_planner.planning import Planner

    scene = scene_of_world(arguments.world)
    skills = tuple(base_catalogue())
    config = PlannerConfig()
    if arguments.planner:
        config = replace(config, backends=(arguments.planner,))
    planner = Planner(config)
    failed = False
    for command in _commands(arguments.command):
        outcome = _plan(planner, command, scene, skills, arguments.answer or ())
        failed = failed or not outcome.result.ok
        if arguments.json:
            print(json.dumps(_as_json(command, outcome), ensure_ascii=False), flush=True)
        else:
            print(_as_text(command, outcome), flush=True)
    return 1 if failed else 0


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
    steps = outcome.plan.steps if outcome.plan else ()
    out: dict[str, Any] = {
        "command": command,
        "outcome": {"code": int(outcome.result.code), "message": outcome.result.message},
        "steps": [step.to_json() for step in steps],
    }
    if outcome.question:
        out["question"], out["choices"] = outcome.question, list(outcome.choices)
    return out


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
