# SPDX-License-Identifier: Apache-2.0
"""What is sent: the rules, then what is known as data, then the command.

Decides what the model gets to know, and in which form. The part that is the same for every command comes first, so
that a server can keep it; equal input gives equal text. Pictures, sound, keys and paths are never in it.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vla_common.contracts.scene import Place, Scene, SceneObject
from vla_common.contracts.skills import ObjectRef, Plan, Step, argument_to_json
from vla_planner.config import PlannerConfig
from vla_planner.core.backend import FailedPlan, PlanRequest
from vla_planner.llm.foreign_words import MAX_ALIASES, MAX_PLACE_WORDS, Sanitiser, is_plain
from vla_planner.llm.reply import Call
from vla_planner.llm.rules import how_to_answer, rules
from vla_planner.llm.strict_json import shown
from vla_planner.llm.tools import FINISH, MAX_STEPS, Toolset, build, in_words

MAX_OBJECTS = 60
MAX_PLACES = 60
MAX_TEXT = 200
_log = logging.getLogger(__name__)
Message = dict[str, Any]


@dataclass(frozen=True)
class Detail:
    """How much of what is known is told. whereabouts: where things are, seen from the robot, and since when."""

    objects: int = MAX_OBJECTS
    aliases: int = MAX_ALIASES
    whereabouts: bool = True
    brief: bool = False


DETAILS = (
    Detail(),
    Detail(objects=25),
    Detail(objects=12, aliases=2, whereabouts=False),
    Detail(objects=5, aliases=1, whereabouts=False, brief=True),
)
"""From all to what a small context still takes; what the command names is told first. The rules are always told."""


@dataclass(frozen=True)
class Prompt:
    """What one command needs. replaced: how many words of the scene could not be told."""

    data: str
    tools: Toolset
    replaced: int

    def messages(
        self, config: PlannerConfig, request: PlanRequest, mode: str, brief: bool = False
    ) -> list[Message]:
        """For a mode of answering: rules, data and command. brief: no schema in the prompt, but its words."""
        system = rules(config) + "\n" + how_to_answer(mode)
        if mode == "json_object" and brief:
            system += _skills_in_words(self.tools, arguments=True)
        elif mode == "json_object":
            system += "The JSON schema of an answer:\n" + _compact(self.tools.plan_schema) + "\n"
        elif mode == "json_schema":
            system += _skills_in_words(self.tools)
        if self.tools.unavailable:
            system += "Skills that can't be used now; a command that needs one is refused (not_possible):\n"
            system += "".join(f"- {name}: {why}\n" for name, why in self.tools.unavailable)
        command = _compact(request.command)
        user = f"<<<DATA\n{self.data}\nDATA>>>\nCOMMAND (a JSON text): {command}"
        return [{"role": "system", "content": system}, {"role": "user", "content": user}]


def make(request: PlanRequest, detail: Detail = DETAILS[0], max_steps: int = MAX_STEPS) -> Prompt:
    """The data and the functions of one command."""
    clean = Sanitiser()
    places = [
        place
        for place in request.scene.places[:MAX_PLACES]
        if is_plain(place.name, MAX_PLACE_WORDS) and place.name == place.name.lower()
    ]
    clean.replaced += len(request.scene.places) - len(places)
    data: dict[str, Any] = {
        "places": [_place(place, request.scene, clean, detail) for place in places],
        "objects": _objects(request, clean, detail),
        "gripper": _gripper(request, clean),
        **_robot(request.scene),
    }
    left_out = len(request.scene.objects) - len(data["objects"])
    if left_out > 0:
        data["objects_left_out"] = left_out
    if request.failure is not None:
        data["failed"] = _failed(request.failure, request.scene, clean)
    if request.previous is not None:
        data["previous"] = _plan(request.previous, request.scene, clean)
    if request.answers:
        data["answers"] = [
            {"asked": shown(asked, MAX_TEXT), "answered": shown(answered, MAX_TEXT)}
            for asked, answered in request.answers
        ]
    if clean.replaced:
        _log.warning(
            "%d words of the scene are not plain words and were not told to the language model",
            clean.replaced,
        )
    tools = build(request.skills, [p.name for p in places], max_steps, detail.brief)
    return Prompt(_compact(data), tools, clean.replaced)


def refused(answer: str, refusals: Sequence[str]) -> list[Message]:
    """What follows after an answer that was not accepted. answer: as it was, cut."""
    text = f"Your answer was refused: {shown(refusals[-1], 2 * MAX_TEXT)}"
    if len(refusals) > 1:
        earlier = " ".join(shown(refusal, MAX_TEXT) for refusal in refusals[:-1])
        text += f" (Earlier refusals: {earlier})"
    text += " Answer again, with the whole plan."
    before = [{"role": "assistant", "content": answer}] if answer else []
    return [*before, {"role": "user", "content": text}]


def noted(calls: Sequence[Call], steps: int) -> list[Message]:
    """Calls that were read, and their results, for a model that makes one call per answer. steps: until now."""
    ids = [f"call_{steps - len(calls) + n + 1}" for n in range(len(calls))]
    made = [
        {
            "id": ident,
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments or "{}"},
        }
        for ident, call in zip(ids, calls, strict=True)
    ]
    results = [
        {"role": "tool", "tool_call_id": ident, "content": f"Noted. Go on, or call {FINISH}."}
        for ident in ids
    ]
    return [{"role": "assistant", "content": None, "tool_calls": made}, *results]


def as_told(text: str, calls: Sequence[Call]) -> str:
    """An answer as one text, to be shown to the model again when it was refused."""
    listed = [f"{call.name} {call.arguments}" for call in calls]
    return shown("; ".join([text, *listed] if text else listed), 10 * MAX_TEXT)


def steps_json(steps: Sequence[Step]) -> str:
    return _compact([step.to_json() for step in steps])


def _compact(value: Any) -> str:
    """JSON in one line; "<" and ">" escaped, so that no text in it can end the block that it is in."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    text = text.encode("utf-8", "replace").decode("utf-8")
    return text.replace("<", "\\u003c").replace(">", "\\u003e")


def _skills_in_words(tools: Toolset, arguments: bool = False) -> str:
    """Names and meanings: in a schema alone some models don't see them. arguments: theirs as well."""
    lines = []
    for name, function in tools.functions.items():
        line = f"- {name}: {shown(function.skill.description, 120 if arguments else 300)}"
        if arguments:
            parts = [
                f"{key} ({in_words(parameter, function.group_of(parameter))})"
                for key, parameter in function.parameters.items()
            ]
            line += f" Arguments: {', '.join(parts) or 'none'}."
        lines.append(line + "\n")
    return "Skills:\n" + "".join(lines)


# --- the scene --------------------------------------------------------------------------------------


def _place(place: Place, scene: Scene, clean: Sanitiser, detail: Detail) -> dict[str, Any]:
    out: dict[str, Any] = {"name": place.name, "kind": place.kind.name.lower()}
    told = place.aliases[: detail.aliases]
    aliases = [name for alias in told if (name := clean.place(alias))]
    clean.replaced += len(place.aliases[MAX_ALIASES:])
    if aliases:
        out["aliases"] = aliases
    return {**out, **_where(place.position, scene)} if detail.whereabouts else out


def _objects(request: PlanRequest, clean: Sanitiser, detail: Detail) -> list[dict[str, Any]]:
    """What is held, what the command or an answer names, and then the nearest ones, in the order of their ids."""
    scene = request.scene
    said = " ".join(
        [request.command, *(answer for pair in request.answers for answer in pair)]
    ).lower()

    def rank(item: SceneObject) -> tuple[bool, int, float, str]:
        words = {word for word in (item.label, item.color, *item.attributes) if word}
        named = sum(word.lower() in said for word in words)
        return not item.held, -named, _distance(item, scene), item.id

    kept = sorted(scene.objects, key=rank)[: detail.objects]
    return [_object(item, scene, clean, detail) for item in sorted(kept, key=lambda item: item.id)]


def _distance(item: SceneObject, scene: Scene) -> float:
    x, y, _ = scene.robot or (0.0, 0.0, 0.0)
    distance = math.hypot(item.position[0] - x, item.position[1] - y)
    return distance if math.isfinite(distance) else math.inf


def _object(item: SceneObject, scene: Scene, clean: Sanitiser, detail: Detail) -> dict[str, Any]:
    out: dict[str, Any] = {"id": clean.id(item.id), "label": clean.label(item.label)}
    attributes = clean.words((item.color, *item.attributes))
    if attributes:
        out["attributes"] = attributes
    if item.place:
        out["place"] = clean.place(item.place)
    if item.held:
        out["held"] = True
    if detail.whereabouts:
        out.update(_where(item.position, scene))
        age_s = scene.stamp_s - item.last_seen_s
        if not item.visible and math.isfinite(age_s) and age_s >= 1.0:
            out["seen_s_ago"] = round(age_s)
    return {key: value for key, value in out.items() if value not in ("", [])}


def _where(position: tuple[float, float, float], scene: Scene) -> dict[str, float]:
    """As seen from the robot, to a decimetre."""
    if scene.robot is None or not all(map(math.isfinite, (*position, *scene.robot))):
        return {}
    x, y, yaw = scene.robot
    dx, dy = position[0] - x, position[1] - y
    ahead = math.cos(yaw) * dx + math.sin(yaw) * dy
    left = -math.sin(yaw) * dx + math.cos(yaw) * dy
    return {"ahead_m": round(ahead, 1) + 0.0, "left_m": round(left, 1) + 0.0}


def _robot(scene: Scene) -> dict[str, Any]:
    """Where the robot is in the map: "pose" arguments are in the map too."""
    if scene.robot is None or not all(map(math.isfinite, scene.robot)):
        return {}
    x, y, yaw = scene.robot
    return {
        "robot": {"x": round(x, 1) + 0.0, "y": round(y, 1) + 0.0, "yaw_rad": round(yaw, 2) + 0.0}
    }


def _gripper(request: PlanRequest, clean: Sanitiser) -> str:
    if not request.holding:
        return "empty"
    return "holds " + (clean.label(request.held_label) if request.held_label else "something")


# --- earlier plans ----------------------------------------------------------------------------------


def _plan(plan: Plan, scene: Scene, clean: Sanitiser) -> dict[str, Any]:
    return {
        "command": shown(plan.command, MAX_TEXT),
        "steps": [_step(step, scene, clean) for step in plan.steps],
    }


def _failed(failure: FailedPlan, scene: Scene, clean: Sanitiser) -> dict[str, Any]:
    return {
        **_plan(failure.plan, scene, clean),
        "failed_step": failure.step + 1,
        "code": failure.result.code.name,
        "why": _text(failure.result.message, scene),
    }


def _step(step: Step, scene: Scene, clean: Sanitiser) -> dict[str, Any]:
    arguments: Mapping[str, Any] = {
        name: _reference(value, clean)
        if isinstance(value, ObjectRef)
        else _text(value, scene)
        if isinstance(value, str)
        else argument_to_json(value)
        for name, value in step.arguments.items()
    }
    return {**step.to_json(), "arguments": arguments}


def _text(text: str, scene: Scene) -> str:
    """A text of our own, which may quote words of the scene that are not told as they are."""
    words = [
        w for item in scene.objects for w in (item.label, item.color, *item.attributes, item.id)
    ]
    words += [w for place in scene.places for w in (place.name, *place.aliases)]
    for word in words:
        if word and not is_plain(word, MAX_PLACE_WORDS):
            text = text.replace(word, "object")
    return shown(text, MAX_TEXT)


def _reference(ref: ObjectRef, clean: Sanitiser) -> dict[str, Any]:
    """An object in words, of which each is plain."""
    out = ref.to_json()
    for name in ("attributes", "reference"):
        if name in out:
            out[name] = clean.words(out[name])
    for name in ("label", "relation", "quantity"):
        if name in out:
            out[name] = clean.label(out[name])
    if ref.place:
        out["place"] = clean.place(ref.place)
    if ref.id:
        out["id"] = clean.id(ref.id)
    return out
