# SPDX-License-Identifier: Apache-2.0
"""Messages of vla_interfaces <-> plain data, in pairs; a test round-trips every pair."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from builtin_interfaces.msg import Duration, Time
from geometry_msgs.msg import Point, Pose, PoseWithCovariance, Quaternion, Vector3
from rcl_interfaces.msg import Parameter, ParameterValue
from rcl_interfaces.msg import ParameterType as RosParameterType
from vla_interfaces import msg as vla_msg

from vla_common.contracts.outcomes import Code, Result, VlaError
from vla_common.contracts.plausible import wrong_object, wrong_place
from vla_common.contracts.scene import Place, PlaceKind, Scene, SceneObject
from vla_common.contracts.skills import (
    Argument,
    Condition,
    ObjectRef,
    ParameterType,
    Plan,
    RiskTier,
    SkillParameter,
    SkillSpec,
    Step,
    StepRecord,
)
from vla_common.language.foreign_text import line
from vla_common.language.foreign_text import name as clean_name

# --- time and geometry ------------------------------------------------------------------------------


def time_to_msg(seconds: float) -> Time:
    nanoseconds = round(seconds * 1e9)
    return Time(sec=nanoseconds // 1_000_000_000, nanosec=nanoseconds % 1_000_000_000)


def time_from_msg(message: Time | Duration) -> float:
    """Seconds, from a Time or a Duration."""
    return float(message.sec + message.nanosec * 1e-9)


def duration_to_msg(seconds: float) -> Duration:
    nanoseconds = round(max(0.0, seconds) * 1e9)
    return Duration(sec=nanoseconds // 1_000_000_000, nanosec=nanoseconds % 1_000_000_000)


def yaw_to_quaternion(yaw: float) -> Quaternion:
    return Quaternion(x=0.0, y=0.0, z=math.sin(yaw / 2), w=math.cos(yaw / 2))


def yaw_from_quaternion(q: Quaternion) -> float:
    """Rotation about z, in (-pi, pi]."""
    return math.atan2(2.0 * (q.w * q.z + q.x * q.y), 1.0 - 2.0 * (q.y * q.y + q.z * q.z))


def pose_to_msg(position: tuple[float, float, float], yaw: float = 0.0) -> Pose:
    x, y, z = (float(value) for value in position)
    return Pose(position=Point(x=x, y=y, z=z), orientation=yaw_to_quaternion(yaw))


def pose_from_msg(message: Pose) -> tuple[tuple[float, float, float], float]:
    """Position (m) and yaw (rad)."""
    p = message.position
    return (p.x, p.y, p.z), yaw_from_quaternion(message.orientation)


# --- outcomes ---------------------------------------------------------------------------------------


def outcome_to_msg(result: Result) -> Any:
    return vla_msg.Outcome(code=int(result.code), message=result.message)


def outcome_from_msg(message: Any) -> Result:
    """A code that this version does not know becomes INTERNAL_ERROR with the number in the sentence."""
    try:
        code = Code(message.code)
    except ValueError:
        return Result(
            Code.INTERNAL_ERROR, f"Unknown outcome code {message.code}: {message.message}"
        )
    if code is not Code.OK and not message.message:
        return Result(code, code.name.replace("_", " ").capitalize() + ".")
    return Result(code, message.message)


# --- objects, places, scenes ------------------------------------------------------------------------


def object_ref_to_msg(ref: ObjectRef) -> Any:
    return vla_msg.ObjectRef(
        label=ref.label,
        attributes=list(ref.attributes),
        place=ref.place,
        relation=ref.relation,
        reference=list(ref.reference),
        quantity=ref.quantity,
        id=ref.id,
    )


def object_ref_from_msg(message: Any) -> ObjectRef:
    return ObjectRef(
        label=message.label,
        attributes=tuple(message.attributes),
        place=message.place,
        relation=message.relation,
        reference=tuple(message.reference),
        quantity=message.quantity,
        id=message.id,
    )


def scene_object_to_msg(item: SceneObject) -> Any:
    pose = PoseWithCovariance(pose=pose_to_msg(item.position, item.yaw))
    if item.covariance:
        pose.covariance = [float(value) for value in item.covariance]
    x, y, z = (float(value) for value in item.size)
    return vla_msg.SceneObject(
        id=item.id,
        label=item.label,
        color=item.color,
        attributes=list(item.attributes),
        confidence=float(item.confidence),
        pose=pose,
        size=Vector3(x=x, y=y, z=z),
        place=item.place,
        first_seen=time_to_msg(item.first_seen_s),
        last_seen=time_to_msg(item.last_seen_s),
        visible=item.visible,
        held=item.held,
    )


def scene_object_from_msg(message: Any) -> SceneObject:
    position, yaw = pose_from_msg(message.pose.pose)
    covariance = tuple(float(value) for value in message.pose.covariance)
    return SceneObject(
        id=message.id,
        label=message.label,
        position=position,
        color=message.color,
        attributes=tuple(message.attributes),
        confidence=message.confidence,
        yaw=yaw,
        size=(message.size.x, message.size.y, message.size.z),
        covariance=covariance if any(covariance) else (),
        place=message.place,
        first_seen_s=time_from_msg(message.first_seen),
        last_seen_s=time_from_msg(message.last_seen),
        visible=message.visible,
        held=message.held,
    )


def place_to_msg(place: Place) -> Any:
    return vla_msg.Place(
        name=place.name,
        aliases=list(place.aliases),
        kind=int(place.kind),
        pose=pose_to_msg(place.position, place.yaw),
        size=Vector3(x=float(place.size[0]), y=float(place.size[1]), z=float(place.position[2])),
        keep_out=place.keep_out,
    )


def place_from_msg(message: Any) -> Place:
    position, yaw = pose_from_msg(message.pose)
    return Place(
        name=message.name,
        kind=PlaceKind(message.kind),
        position=position,
        yaw=yaw,
        size=(message.size.x, message.size.y),
        aliases=tuple(message.aliases),
        keep_out=message.keep_out,
    )


def scene_to_msg(scene: Scene, frame_id: str = "map") -> Any:
    message = vla_msg.Scene(
        objects=[scene_object_to_msg(item) for item in scene.objects],
        places=[place_to_msg(place) for place in scene.places],
    )
    message.header.frame_id = frame_id
    message.header.stamp = time_to_msg(scene.stamp_s)
    if scene.robot is not None:
        x, y, yaw = scene.robot
        message.robot_known, message.robot = True, pose_to_msg((x, y, 0.0), yaw)
    return message


def scene_from_msg(message: Any) -> Scene:
    """Errors: INVALID_REQUEST for a place or an object that can't be; ValueError for a kind that no version knows."""
    robot = None
    if message.robot_known:
        position, yaw = pose_from_msg(message.robot)
        robot = (position[0], position[1], yaw)
    objects = tuple(scene_object_from_msg(item) for item in message.objects)
    places = tuple(place_from_msg(place) for place in message.places)
    for kind, wrong, name in (
        *(("object", wrong_object(item), item.id) for item in objects),
        *(("place", wrong_place(place), place.name) for place in places),
    ):
        if wrong:
            raise VlaError(Code.INVALID_REQUEST, f"The {kind} '{name[:60]}' of the scene {wrong}.")
    return Scene(
        objects=objects,
        places=places,
        stamp_s=time_from_msg(message.header.stamp),
        robot=robot,
    )


# --- skills -----------------------------------------------------------------------------------------


def skill_to_msg(spec: SkillSpec) -> Any:
    return vla_msg.Skill(
        name=spec.name,
        description=spec.description,
        parameters=[_skill_parameter_to_msg(parameter) for parameter in spec.parameters],
        resources=sorted(spec.resources),
        risk_tier=int(spec.risk_tier),
        available=spec.available,
        unavailable_reason=spec.unavailable_reason,
        phrases=list(spec.phrases),
    )


def skill_from_msg(message: Any) -> SkillSpec:
    return SkillSpec(
        name=message.name,
        description=message.description,
        parameters=tuple(_skill_parameter_from_msg(parameter) for parameter in message.parameters),
        resources=frozenset(message.resources),
        risk_tier=RiskTier(message.risk_tier),
        available=message.available,
        unavailable_reason=message.unavailable_reason,
        phrases=tuple(message.phrases),
    )


def _skill_parameter_to_msg(parameter: SkillParameter) -> Any:
    has_range = parameter.minimum is not None or parameter.maximum is not None
    return vla_msg.SkillParameter(
        name=parameter.name,
        type=int(parameter.type),
        description=parameter.description,
        unit=parameter.unit,
        required=parameter.required,
        has_range=has_range,
        minimum=-math.inf if parameter.minimum is None else float(parameter.minimum),
        maximum=math.inf if parameter.maximum is None else float(parameter.maximum),
        choices=list(parameter.choices),
        one_of=parameter.one_of,
    )


def _skill_parameter_from_msg(message: Any) -> SkillParameter:
    def bound(value: float) -> float | None:
        return value if message.has_range and math.isfinite(value) else None

    return SkillParameter(
        name=message.name,
        type=ParameterType(message.type),
        description=message.description,
        unit=message.unit,
        required=message.required,
        minimum=bound(message.minimum),
        maximum=bound(message.maximum),
        choices=tuple(message.choices),
        one_of=message.one_of,
    )


# --- steps and plans --------------------------------------------------------------------------------


def step_to_msg(step: Step) -> Any:
    parameters: list[Any] = []
    for name, value in step.arguments.items():
        parameters.extend(_argument_to_parameters(name, value))
    return vla_msg.Step(
        skill=step.skill,
        arguments=parameters,
        with_previous=step.with_previous,
        only_if=int(step.only_if),
    )


def step_from_msg(message: Any) -> Step:
    """Errors: INVALID_ARGUMENT for value types that no argument has and for a condition that does not exist."""
    arguments: dict[str, Any] = {}
    objects: dict[str, dict[str, Any]] = {}
    for parameter in message.arguments:
        value = _value_from_msg(parameter)
        name, dot, key = parameter.name.partition(".")
        if dot:
            objects.setdefault(name, {})[key] = value
        else:
            arguments[name] = value
    for name, keys in objects.items():
        if name in arguments:
            raise VlaError(Code.INVALID_ARGUMENT, f"The argument '{name}' is given twice.")
        arguments[name] = ObjectRef.from_json(keys)
    try:
        only_if = Condition(message.only_if)
    except ValueError:
        raise VlaError(
            Code.INVALID_ARGUMENT,
            f"A step has the condition {message.only_if}, which does not exist.",
        ) from None
    return Step(message.skill, arguments, message.with_previous, only_if)


def _argument_to_parameters(name: str, value: Argument) -> list[Any]:
    if isinstance(value, ObjectRef):
        # The label is always there, so that "any object" is not the same as no argument.
        keys = {"label": value.label, **value.to_json()}
        return [_parameter(f"{name}.{key}", item) for key, item in keys.items()]
    return [_parameter(name, value)]


def _parameter(name: str, value: Any) -> Any:
    t = RosParameterType
    if isinstance(value, bool):
        content = ParameterValue(type=t.PARAMETER_BOOL, bool_value=value)
    elif isinstance(value, int):
        content = ParameterValue(type=t.PARAMETER_INTEGER, integer_value=value)
    elif isinstance(value, float):
        content = ParameterValue(type=t.PARAMETER_DOUBLE, double_value=value)
    elif isinstance(value, str):
        content = ParameterValue(type=t.PARAMETER_STRING, string_value=value)
    elif isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value):
        content = ParameterValue(type=t.PARAMETER_STRING_ARRAY, string_array_value=list(value))
    elif isinstance(value, (list, tuple)):
        content = ParameterValue(
            type=t.PARAMETER_DOUBLE_ARRAY, double_array_value=[float(item) for item in value]
        )
    else:
        raise VlaError(
            Code.INVALID_ARGUMENT,
            f"The argument '{name}' has a type that can't be sent: {type(value).__name__}.",
        )
    return Parameter(name=name, value=content)


def _value_from_msg(parameter: Any) -> Any:
    value, t = parameter.value, RosParameterType
    readers: dict[int, Callable[[], Any]] = {
        t.PARAMETER_BOOL: lambda: value.bool_value,
        t.PARAMETER_INTEGER: lambda: value.integer_value,
        t.PARAMETER_DOUBLE: lambda: value.double_value,
        t.PARAMETER_STRING: lambda: value.string_value,
        t.PARAMETER_STRING_ARRAY: lambda: tuple(value.string_array_value),
        t.PARAMETER_DOUBLE_ARRAY: lambda: tuple(value.double_array_value),
    }
    reader = readers.get(value.type)
    if reader is None:
        raise VlaError(
            Code.INVALID_ARGUMENT,
            f"The argument '{parameter.name}' has no usable value (type {value.type}).",
        )
    return reader()


def plan_to_msg(plan: Plan) -> Any:
    return vla_msg.Plan(
        command=plan.command,
        steps=[step_to_msg(step) for step in plan.steps],
        planner=plan.planner,
        summary=plan.summary,
        prompt_tokens=plan.prompt_tokens,
        completion_tokens=plan.completion_tokens,
        repairs=plan.repairs,
        trace_id=plan.trace_id,
    )


def plan_from_msg(message: Any) -> Plan:
    return Plan(
        command=line(message.command),
        steps=tuple(step_from_msg(step) for step in message.steps),
        planner=message.planner,
        summary=message.summary,
        prompt_tokens=message.prompt_tokens,
        completion_tokens=message.completion_tokens,
        repairs=message.repairs,
        trace_id=clean_name(message.trace_id),
    )


def step_record_to_msg(record: StepRecord) -> Any:
    return vla_msg.StepResult(
        index=record.index,
        skill=record.skill,
        state=record.state,
        outcome=outcome_to_msg(record.result),
        verified=record.verified,
        duration=duration_to_msg(record.duration_s),
        answer=record.answer,
    )


def step_record_from_msg(message: Any) -> StepRecord:
    return StepRecord(
        index=message.index,
        skill=clean_name(message.skill),
        result=outcome_from_msg(message.outcome),
        state=message.state,
        verified=message.verified,
        duration_s=time_from_msg(message.duration),
        answer=message.answer,
    )
