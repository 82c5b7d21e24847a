# SPDX-License-Identifier: Apache-2.0
"""The ROS side of vla_common: conversions in pairs, parameters, lifecycle, waiting."""

from __future__ import annotations

import threading

import pytest
import rclpy
from rclpy.context import Context
from rclpy.executors import MultiThreadedExecutor
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from rclpy.task import Future
from std_srvs.srv import Trigger
from vla_interfaces import msg as vla_msg

from vla_common.configuration.config import setting
from vla_common.contracts.outcomes import OK, Code, Result, VlaError
from vla_common.contracts.scene import Place, PlaceKind, Scene, SceneObject
from vla_common.contracts.skills import (
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
from vla_common.ros import conversions, lifecycle, parameters
from vla_common.ros.clients import calls

pytestmark = pytest.mark.ros

REF = ObjectRef("cup", ("red", "small"), "table", "next_to", ("blue box",), "2", "cup_1")
OBJECT = SceneObject(
    id="cup_1",
    label="cup",
    position=(1.0, -2.0, 0.75),
    color="red",
    attributes=("small",),
    confidence=0.5,
    yaw=0.5,
    size=(0.07, 0.08, 0.1),
    covariance=tuple(float(i) for i in range(36)),
    place="table",
    first_seen_s=3.25,
    last_seen_s=12.5,
    visible=True,
    held=True,
)
PLACE = Place(
    "side table", PlaceKind.CONTAINER, (1.0, 2.0, 0.5), 0.25, (0.6, 0.4), ("stand",), False
)
SKILL = SkillSpec(
    "move",
    "Drive",
    (
        SkillParameter("distance", ParameterType.FLOAT, "How far", "m", True, -5.0, 5.0),
        SkillParameter(
            "direction",
            ParameterType.STRING,
            "Which way",
            required=False,
            choices=("forward", "left"),
        ),
        SkillParameter("place", ParameterType.PLACE, "Where", required=False, one_of="target"),
    ),
    frozenset({"base", "arm"}),
    RiskTier.CONFIRM,
    False,
    "No wheels.",
    ("roll", "go rolling"),
)
STEPS = (
    Step("pick", {"object": REF}),
    Step("find", {"object": ObjectRef()}),
    Step("move", {"distance": 1.5, "direction": "left", "times": 3, "slow": True}),
    Step("go_to", {"pose": (1.0, 2.0, 0.5)}),
    Step("say", {"text": "on my way"}, with_previous=True),
    Step("pick", {"object": ObjectRef("cup", quantity="all")}, only_if=Condition.FOUND),
    Step("wait", {"duration": 1.0}, only_if=Condition.NOT_FOUND),
)
PAIRS = [
    (
        Result(Code.GRASP_FAILED, "It slipped."),
        conversions.outcome_to_msg,
        conversions.outcome_from_msg,
    ),
    (OK, conversions.outcome_to_msg, conversions.outcome_from_msg),
    (REF, conversions.object_ref_to_msg, conversions.object_ref_from_msg),
    (ObjectRef(), conversions.object_ref_to_msg, conversions.object_ref_from_msg),
    (OBJECT, conversions.scene_object_to_msg, conversions.scene_object_from_msg),
    (
        SceneObject("a", "ball", (0.0, 0.0, 0.0)),
        conversions.scene_object_to_msg,
        conversions.scene_object_from_msg,
    ),
    (PLACE, conversions.place_to_msg, conversions.place_from_msg),
    (
        Scene((OBJECT,), (PLACE,), 7.25, (1.0, -2.0, 0.5)),
        conversions.scene_to_msg,
        conversions.scene_from_msg,
    ),
    (Scene((OBJECT,), (PLACE,), 7.25), conversions.scene_to_msg, conversions.scene_from_msg),
    (SKILL, conversions.skill_to_msg, conversions.skill_from_msg),
    (
        Plan("pick it", STEPS, "rules", "I pick it.", 10, 20, 1, "t"),
        conversions.plan_to_msg,
        conversions.plan_from_msg,
    ),
    (
        StepRecord(2, "pick", Result(Code.GRASP_FAILED, "No."), 3, True, 1.5, "I see it."),
        conversions.step_record_to_msg,
        conversions.step_record_from_msg,
    ),
    *[(step, conversions.step_to_msg, conversions.step_from_msg) for step in STEPS],
]


@pytest.mark.parametrize(
    ("value", "to_msg", "from_msg"), PAIRS, ids=lambda item: type(item).__name__
)
def test_pairs_round_trip(value, to_msg, from_msg):
    # Through the wire format, so that fields of the wrong type show.
    from rclpy.serialization import deserialize_message, serialize_message

    message = to_msg(value)
    back = from_msg(deserialize_message(serialize_message(message), type(message)))
    assert _approximately(back) == _approximately(value)


def test_a_condition_that_does_not_exist_is_refused():
    message = conversions.step_to_msg(STEPS[0])
    message.only_if = 3
    with pytest.raises(VlaError, match="condition 3"):
        conversions.step_from_msg(message)


def _approximately(value):
    """Rounds floats, which lose a little as float32 and through quaternions."""
    if isinstance(value, float):
        return round(value, 5)
    if isinstance(value, (tuple, list)):
        return tuple(_approximately(item) for item in value)
    if hasattr(value, "__dataclass_fields__"):
        return (
            type(value).__name__,
            *tuple(_approximately(getattr(value, name)) for name in value.__dataclass_fields__),
        )
    if isinstance(value, dict):
        return {key: _approximately(item) for key, item in value.items()}
    return value


def test_codes_are_those_of_the_message():
    in_message = {
        name: value
        for name, value in vars(vla_msg.Outcome.__class__).items()
        if name == "_Metaclass_Outcome__constants"
    }
    constants = in_message["_Metaclass_Outcome__constants"]
    assert {code.name: int(code) for code in Code} == constants


def test_unknown_code_is_an_internal_error_that_names_it():
    result = conversions.outcome_from_msg(vla_msg.Outcome(code=999, message="?"))
    assert result.code is Code.INTERNAL_ERROR
    assert "999" in result.message


def test_argument_given_twice_is_refused():
    message = conversions.step_to_msg(Step("pick", {"object": REF}))
    message.arguments.extend(conversions.step_to_msg(Step("pick", {"object": "cup"})).arguments)
    with pytest.raises(VlaError, match="twice"):
        conversions.step_from_msg(message)


def test_argument_without_a_value_is_refused():
    message = conversions.step_to_msg(Step("wait", {"duration": 1.0}))
    message.arguments[0].value.type = 0
    with pytest.raises(VlaError, match="duration"):
        conversions.step_from_msg(message)


# --- parameters and lifecycle -----------------------------------------------------------------------

from dataclasses import dataclass  # noqa: E402


@dataclass(frozen=True)
class Limits:
    speed: float = setting(0.5, "Top speed", unit="m/s", minimum=0.0, maximum=2.0)
    backends: tuple[str, ...] = setting(("rules",), "In order")


@pytest.fixture
def context():
    context = Context()
    rclpy.init(context=context)
    yield context
    rclpy.shutdown(context=context)


class Stage(lifecycle.VlaLifecycleNode):
    """Builds a publisher, opens a timer; fails where it is told to."""

    def __init__(self, context, fail=None, **overrides):
        super().__init__(
            "stage",
            {"limits": Limits},
            context=context,
            parameter_overrides=[
                Parameter("limits." + name.replace("__", "."), value=value)
                for name, value in overrides.items()
            ],
        )
        self.fail = fail
        self.calls: list[str] = []

    def _step(self, name):
        self.calls.append(name)
        if self.fail == name:
            raise VlaError(Code.SPEECH_NO_MODEL, "The model is missing.")
        if self.fail == name + "!":
            raise KeyError(name)

    def configure(self):
        self.create_publisher(vla_msg.Outcome, "built", 1)
        self._step("configure")

    def activate(self):
        self.create_timer(1.0, lambda: None)
        self._step("activate")

    def deactivate(self):
        self._step("deactivate")

    def cleanup(self):
        self._step("cleanup")


def entities(node):
    return sum(
        len(list(getattr(node, kind)))
        for kind in ("publishers", "timers", "services", "subscriptions")
    )


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        ({"speed": 3.0}, "'limits.speed' has to be at most 2 m/s"),
        ({"speed": "fast"}, "'limits.speed' has to be a finite number"),
        ({"speeed": 1.0}, "Did you mean 'limits.speed'"),
    ],
)
def test_bad_parameters_fail_configure_with_the_key(context, overrides, sentence):
    node = Stage(context, **overrides)
    assert node.trigger_configure() is TransitionCallbackReturn.FAILURE
    assert sentence in node._health.message
    assert node.calls == []


def test_whole_number_is_fine_for_a_float(context):
    node = Stage(context, speed=1)
    node.trigger_configure()
    assert node.config("limits") == Limits(speed=1.0)


def test_setting_a_parameter_out_of_range_is_refused(context):
    node = Stage(context)
    answer = node.set_parameters([Parameter("limits.speed", value=9.0)])[0]
    assert not answer.successful
    assert "at most 2" in answer.reason
    assert node.set_parameters([Parameter("limits.speed", value=1.0)])[0].successful


def test_a_parameter_that_is_in_use_is_refused_with_when_it_would_count(context):
    node = Stage(context)
    assert node.trigger_configure() is TransitionCallbackReturn.SUCCESS
    before = node.config("limits").speed
    answer = node.set_parameters([Parameter("limits.speed", value=0.7)])[0]
    assert not answer.successful
    assert "'limits.speed' takes effect only when" in answer.reason
    assert node.get_parameter("limits.speed").value == before
    assert node.set_parameters([Parameter("limits.speed", value=before)])[0].successful
    node.trigger_cleanup()
    assert node.set_parameters([Parameter("limits.speed", value=0.7)])[0].successful
    node.trigger_configure()
    assert node.config("limits").speed == 0.7


def test_a_live_parameter_takes_effect_or_is_refused_by_the_node(context):
    class Live(Stage):
        live_parameters = ("limits.speed",)
        applied: list = []

        def apply(self, configs):
            if configs["limits"].speed > 1.5:
                raise VlaError(Code.RESOURCE_BUSY, "Not now.")
            self.applied.append(configs["limits"].speed)

    node = Live(context)
    node.trigger_configure()
    assert node.set_parameters([Parameter("limits.speed", value=0.7)])[0].successful
    assert (node.config("limits").speed, node.applied) == (0.7, [0.7])
    answer = node.set_parameters([Parameter("limits.speed", value=1.6)])[0]
    assert (answer.successful, answer.reason) == (False, "Not now.")
    assert node.config("limits").speed == 0.7


def test_transitions_create_and_destroy_exactly_their_own(context):
    node = Stage(context)
    at_start = entities(node)
    assert node.trigger_configure() is TransitionCallbackReturn.SUCCESS
    configured = entities(node)
    assert configured == at_start + 1
    assert not node.active
    node.trigger_activate()
    assert node.active
    assert entities(node) == configured + 1
    node.trigger_deactivate()
    assert not node.active
    assert entities(node) == configured
    node.trigger_cleanup()
    assert entities(node) == at_start
    assert node.calls == ["configure", "activate", "deactivate", "cleanup"]


@pytest.mark.parametrize(
    ("fail", "answer", "code"),
    [
        ("configure", TransitionCallbackReturn.FAILURE, Code.SPEECH_NO_MODEL),
        ("configure!", TransitionCallbackReturn.ERROR, Code.INTERNAL_ERROR),
    ],
)
def test_failed_configure_says_why_and_leaves_nothing(context, fail, answer, code):
    node = Stage(context, fail=fail)
    at_start = entities(node)
    assert node.on_configure(None) is answer
    assert node._health.code is code
    assert entities(node) == at_start


def test_failed_activate_leaves_the_configured_state(context):
    node = Stage(context, fail="activate")
    node.on_configure(None)
    configured = entities(node)
    assert node.on_activate(None) is TransitionCallbackReturn.FAILURE
    assert not node.active
    assert entities(node) == configured


def test_close_twice_from_active(context):
    node = Stage(context)
    node.on_configure(None)
    node.on_activate(None)
    node.close()
    node.close()
    assert node.calls == ["configure", "activate", "deactivate", "cleanup"]


# --- waiting ----------------------------------------------------------------------------------------


def test_wait_for_ends_when_the_token_is_canceled():
    token, future = calls.CancelToken(), Future()
    waiting = threading.Thread(target=calls.wait_for, args=(future, 60.0, token))
    waiting.start()
    token.cancel()
    waiting.join(30.0)
    assert not waiting.is_alive()


def test_wait_for_sees_a_future_that_is_already_done():
    future = Future()
    future.set_result(1)
    assert calls.wait_for(future, 0.0)


def test_token_keeps_the_first_reason():
    token = calls.CancelToken()
    token.cancel(Code.STOPPED)
    token.cancel(Code.CANCELED)
    with pytest.raises(VlaError) as caught:
        token.raise_if_canceled()
    assert caught.value.code is Code.STOPPED


def test_late_callback_runs_at_once():
    token, seen = calls.CancelToken(), []
    token.cancel()
    token.add_callback(lambda: seen.append(1))
    assert seen == [1]


def test_call_reports_a_missing_service_and_returns_an_answer(context):
    node = rclpy.create_node("caller", context=context)
    client = node.create_client(Trigger, "work")
    with pytest.raises(VlaError) as caught:
        calls.call(client, Trigger.Request(), 0.05)
    assert caught.value.code is Code.COMPONENT_FAILED
    assert "work" in caught.value.message

    def answer(_, response):
        response.message = "done"
        return response

    node.create_service(Trigger, "work", answer)
    executor = MultiThreadedExecutor(context=context)
    executor.add_node(node)
    spinner = threading.Thread(target=executor.spin, daemon=True)
    spinner.start()
    try:
        assert calls.call(client, Trigger.Request(), 30.0).message == "done"
    finally:
        executor.shutdown()
        spinner.join(30.0)


def test_every_group_is_declared_with_unit_and_range(context):
    node = Stage(context)
    descriptor = node.describe_parameter("limits.speed")
    assert descriptor.description == "Top speed"
    assert descriptor.additional_constraints == "unit: m/s; minimum: 0; maximum: 2"
    assert parameters.settings_of(Limits)["speed"][0] == 0.5
