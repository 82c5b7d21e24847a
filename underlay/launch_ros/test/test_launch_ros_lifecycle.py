import sys
from pathlib import Path

import pytest
from launch.actions import EmitEvent, OpaqueFunction, RegisterEventHandler, Shutdown, TimerAction
from launch.events import matches_action
from launch_ros.actions import LifecycleNode, SetUseSimTime
from launch_ros.event_handlers import OnStateTransition
from launch_ros.events import matches_node_name
from launch_ros.events.lifecycle import ChangeState, StateTransition
from launch_ros.ros_adapters import get_ros_adapter
from lifecycle_msgs.msg import Transition

PROCESS = str(Path(__file__).with_name("lifecycle_process.py"))


def change(matcher, transition_id):
    return EmitEvent(event=ChangeState(lifecycle_node_matcher=matcher, transition_id=transition_id))


def test_transitions_are_asked_for_and_heard(launched):
    node = LifecycleNode(
        executable=sys.executable, arguments=[PROCESS], name="a", namespace="b", output="screen"
    )
    heard = []

    def hear(context):
        event = context.locals.event
        assert isinstance(event, StateTransition)
        assert event.action is node
        heard.append((event.transition, event.start_state, event.goal_state))

    code, _ = launched(
        [
            TimerAction(period=60.0, actions=[Shutdown(reason="took too long")]),
            RegisterEventHandler(OnStateTransition(entities=[OpaqueFunction(function=hear)])),
            RegisterEventHandler(
                OnStateTransition(
                    target_lifecycle_node=node,
                    start_state="configuring",
                    goal_state="inactive",
                    entities=[change(matches_node_name("/b/a"), Transition.TRANSITION_ACTIVATE)],
                )
            ),
            RegisterEventHandler(
                OnStateTransition(
                    target_lifecycle_node=node, goal_state="active", entities=[Shutdown()]
                )
            ),
            node,
            change(matches_action(node), Transition.TRANSITION_CONFIGURE),
        ]
    )
    assert code == 0
    states = [(start, goal) for _, start, goal in heard]
    assert ("configuring", "inactive") in states
    assert ("activating", "active") in states


def test_name_and_namespace_are_needed():
    with pytest.raises(TypeError):
        LifecycleNode(executable=sys.executable, name="a")
    with pytest.raises(TypeError):
        LifecycleNode(executable=sys.executable, namespace="a")


def test_unknown_transition_is_refused():
    with pytest.raises(ValueError, match="transition_id"):
        ChangeState(lifecycle_node_matcher=lambda _: True, transition_id=12345)


def test_handler_needs_a_lifecycle_node():
    with pytest.raises(RuntimeError):
        OnStateTransition(target_lifecycle_node="a", entities=[])


def test_use_sim_time_of_launch(launched):
    values = []

    def look(context):
        node = get_ros_adapter(context).ros_node
        values.append(node.get_parameter("use_sim_time").value)

    code, _ = launched([SetUseSimTime(True), OpaqueFunction(function=look)])
    assert code == 0
    assert values == [True]
