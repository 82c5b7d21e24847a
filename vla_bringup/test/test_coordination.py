# SPDX-License-Identifier: Apache-2.0
"""Queue, system state, supervision, stop words, parameter files: pure."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vla_bringup.commands.command_queue import CommandQueue
from vla_bringup.launching import config_check
from vla_bringup.supervision.state_table import REQUESTS, TABLE, Event, refusal
from vla_bringup.supervision.supervision import (
    MAX_FAILURES,
    Component,
    LifecycleState,
    Limits,
    Supervision,
    Transition,
)
from vla_bringup.supervision.system_state import (
    Activity,
    ComponentFacts,
    SystemFacts,
    SystemState,
    explain,
    system_state,
    takes_commands,
)
from vla_common.contracts.outcomes import Code, VlaError
from vla_common.language.consent import is_yes
from vla_common.language.halt_phrases import is_halt_command

# --- queue ------------------------------------------------------------------------------------------


def test_order_is_kept_and_one_runs_at_a_time():
    queue = CommandQueue(5)
    for key in "abc":
        queue.put(key, key.upper())
    assert queue.start_next() == "A"
    assert queue.start_next() is None
    queue.finish("a")
    assert queue.start_next() == "B"


def test_full_means_refused_and_says_so():
    queue = CommandQueue(2)
    queue.put("running", 0)
    queue.start_next()
    queue.put("b", 1)
    queue.put("c", 2)
    with pytest.raises(VlaError) as caught:
        queue.put("d", 3)
    assert caught.value.code is Code.QUEUE_FULL
    queue.finish("running")
    queue.start_next()
    queue.put("d", 3)
    assert len(queue) == 2


@pytest.mark.parametrize("started", [False, True])
def test_one_key_is_taken_once(started):
    queue = CommandQueue(5)
    queue.put("a", 1)
    if started:
        queue.start_next()
    with pytest.raises(VlaError) as caught:
        queue.put("a", 1)
    assert caught.value.code is Code.DUPLICATE


def test_higher_priority_runs_first_and_equal_ones_in_order():
    queue = CommandQueue(9)
    for key, priority in (("a", 0), ("b", 5), ("c", 0), ("d", 5), ("e", 255)):
        queue.put(key, key, priority)
    assert queue.waiting() == ["e", "b", "d", "a", "c"]
    started = []
    while (item := queue.start_next()) is not None:
        started.append(item)
        queue.finish(item)
    assert started == ["e", "b", "d", "a", "c"]
    assert not queue.busy


def test_removed_and_drained_entries_never_run():
    queue = CommandQueue(5)
    for key in "abc":
        queue.put(key, key)
    assert queue.remove("b") == "b"
    assert queue.remove("b") is None
    assert queue.drain() == ["a", "c"]
    assert queue.start_next() is None


def test_only_the_running_entry_can_finish():
    queue = CommandQueue(5)
    queue.put("a", 1)
    with pytest.raises(KeyError):
        queue.finish("a")


@given(
    st.lists(st.sampled_from(["put", "start", "finish", "remove", "drain"]), max_size=60),
    st.integers(1, 4),
)
def test_nothing_is_lost_and_the_bound_holds(actions, size):
    queue, counter, entered, left, running = (
        CommandQueue(size),
        itertools.count(),
        set(),
        set(),
        None,
    )
    waiting: list[int] = []
    for action in actions:
        if action == "put":
            key = next(counter)
            try:
                queue.put(key, key)
                entered.add(key)
                waiting.append(key)
            except VlaError as error:
                assert error.code is Code.QUEUE_FULL  # noqa: PT017
        elif action == "start":
            item = queue.start_next()
            assert item == (waiting.pop(0) if running is None and waiting else None)
            running = item if item is not None else running
        elif action == "finish" and running is not None:
            queue.finish(running)
            left.add(running)
            running = None
        elif action == "remove" and waiting:
            left.add(queue.remove(waiting.pop()))
        elif action == "drain":
            left.update(queue.drain())
            waiting.clear()
        assert len(queue) == len(waiting) <= size + 1
    assert entered == left | set(waiting) | ({running} if running is not None else set())


# --- state ------------------------------------------------------------------------------------------

UP = ComponentFacts("executor", True, True)
STARTING = ComponentFacts("executor", True, False)
DEAD = ComponentFacts("executor", True, False, True)
NO_EYES = ComponentFacts("perception", False, False, True)
EYES_LATER = ComponentFacts("perception", False, False)


def facts(**changes):
    base = {
        "wanted": True,
        "shutting_down": False,
        "stopped": False,
        "paused": False,
        "activity": Activity.NONE,
        "components": (UP,),
    }
    return SystemFacts(**{**base, **changes})


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, SystemState.IDLE),
        ({"wanted": False}, SystemState.INACTIVE),
        ({"components": (STARTING,)}, SystemState.STARTING),
        ({"components": (DEAD,)}, SystemState.FAULT),
        ({"components": (UP, NO_EYES)}, SystemState.DEGRADED),
        ({"components": (UP, EYES_LATER)}, SystemState.STARTING),
        ({"activity": Activity.PLANNING}, SystemState.PLANNING),
        ({"activity": Activity.EXECUTING}, SystemState.EXECUTING),
        ({"activity": Activity.EXECUTING, "paused": True}, SystemState.EXECUTING),
        ({"activity": Activity.EXECUTING, "components": (UP, NO_EYES)}, SystemState.EXECUTING),
        ({"paused": True}, SystemState.PAUSED),
        ({"stopped": True}, SystemState.STOPPED),
        ({"stopped": True, "activity": Activity.EXECUTING}, SystemState.STOPPED),
        ({"stopped": True, "components": (DEAD,)}, SystemState.STOPPED),
        ({"shutting_down": True, "stopped": True}, SystemState.SHUTTING_DOWN),
    ],
)
def test_system_state(changes, state):
    assert system_state(facts(**changes)) is state


def test_every_combination_has_a_state_and_a_sentence():
    flags = itertools.product((False, True), repeat=4)
    components = (UP, STARTING, DEAD, NO_EYES, EYES_LATER)
    for (wanted, down, stopped, paused), activity, item in itertools.product(
        flags, Activity, components
    ):
        state = system_state(
            facts(
                wanted=wanted,
                shutting_down=down,
                stopped=stopped,
                paused=paused,
                activity=activity,
                components=(item,),
            )
        )
        assert explain(state, (item,)).endswith((".", "STARTUP."))
        # Whatever else holds: stopped, going down, not started or broken never takes a command.
        if stopped or down or not wanted or item in (DEAD, STARTING):
            assert not takes_commands(state)


def after(vector, event):
    """What an event does to the facts; None when it can't happen or is refused there. Vector: wanted, shutting
    down, stopped, paused, activity, required component, optional component ("up", "starting", "failed").
    """
    wanted, down, stopped, paused, activity, required, optional = vector
    state = state_of(vector)
    closed = state in (SystemState.INACTIVE, SystemState.SHUTTING_DOWN)

    def again(component):
        return "starting" if component == "failed" else component

    table = {
        Event.STARTUP: None if down else (True, down, stopped, paused, activity, again(required), again(optional)),
        Event.SHUTDOWN: (wanted, True, stopped, paused, activity, required, optional),
        Event.DOWN: (False, False, stopped, paused, Activity.NONE, "starting", "starting") if down else None,
        Event.PAUSE: None if closed else (wanted, down, stopped, True, activity, required, optional),
        Event.RESUME: None if closed else (wanted, down, stopped, False, activity, required, optional),
        Event.STOP: (wanted, down, True, paused, activity, required, optional),
        Event.RESET: None if down else (wanted, down, False, paused, activity, required, optional),
        Event.PLAN: (wanted, down, stopped, paused, Activity.PLANNING, required, optional)
        if state in (SystemState.IDLE, SystemState.DEGRADED) or activity is Activity.EXECUTING
        else None,
        Event.EXECUTE: (wanted, down, stopped, paused, Activity.EXECUTING, required, optional)
        if activity is Activity.PLANNING
        else None,
        Event.END: (wanted, down, stopped, paused, Activity.NONE, required, optional)
        if activity is not Activity.NONE
        else None,
        Event.REQUIRED_UP: (wanted, down, stopped, paused, activity, "up", optional)
        if wanted and not down
        else None,
        Event.REQUIRED_LOST: (wanted, down, stopped, paused, activity, "failed", optional)
        if required == "up"
        else None,
        Event.OPTIONAL_UP: (wanted, down, stopped, paused, activity, required, "up")
        if wanted and not down
        else None,
        Event.OPTIONAL_LOST: (wanted, down, stopped, paused, activity, required, "failed")
        if wanted and optional != "failed"
        else None,
    }  # fmt: skip
    return table[event]


def state_of(vector):
    wanted, down, stopped, paused, activity, required, optional = vector
    components = [
        ComponentFacts(name, is_required, how == "up", how == "failed")
        for name, is_required, how in (
            ("executor", True, required),
            ("perception", False, optional),
        )
    ]
    return system_state(SystemFacts(wanted, down, stopped, paused, activity, components))


def test_the_table_lists_exactly_what_can_happen():
    start = (False, False, False, False, Activity.NONE, "starting", "starting")
    seen, to_do, found = {start}, [start], {}
    while to_do:
        vector = to_do.pop()
        for event in Event:
            then = after(vector, event)
            if then is None:
                continue
            found.setdefault((state_of(vector), event), set()).add(state_of(then))
            if then not in seen:
                seen.add(then)
                to_do.append(then)
    assert len(seen) > 200
    assert found == {key: set(states) for key, states in TABLE.items()}
    assert {state for state, _ in TABLE} == set(SystemState)


@pytest.mark.parametrize("state", SystemState)
@pytest.mark.parametrize("request_", REQUESTS)
def test_requests_are_taken_or_refused_with_a_reason(state, request_):
    refused = refusal(state, request_)
    closed = state in (SystemState.INACTIVE, SystemState.SHUTTING_DOWN)
    expected = (request_ in (Event.PAUSE, Event.RESUME) and closed) or (
        request_ in (Event.STARTUP, Event.RESET) and state is SystemState.SHUTTING_DOWN
    )
    assert refused.ok is not expected
    if expected:
        assert request_.value in refused.message
    # Stop and shutdown are never refused.
    assert request_ not in (Event.STOP, Event.SHUTDOWN) or refused.ok


# --- supervision ------------------------------------------------------------------------------------


LIMITS = Limits(hang_timeout_s=6.0, startup_timeout_s=60.0, max_restarts=2, restart_window_s=100.0)


def supervision(*states):
    names = ("perception", "planner", "executor")
    items = [Component(name, name != "perception", LIMITS) for name in names]
    for item, state in zip(items, states, strict=True):
        if state is not None:
            item.pulse(0.0, "1", "")
            item.state = state
    return Supervision(items)


U, INA, A = LifecycleState.UNCONFIGURED, LifecycleState.INACTIVE, LifecycleState.ACTIVE


@pytest.mark.parametrize(
    ("states", "up", "expected"),
    [
        ((U, U, U), True, ("perception", Transition.CONFIGURE)),
        ((INA, U, U), True, ("perception", Transition.ACTIVATE)),
        ((A, U, U), True, ("planner", Transition.CONFIGURE)),
        ((A, INA, INA), True, ("planner", Transition.ACTIVATE)),
        ((A, A, A), True, None),
        ((None, U, U), True, ("planner", Transition.CONFIGURE)),
        ((A, None, U), True, None),
        ((A, A, A), False, ("executor", Transition.DEACTIVATE)),
        ((A, A, INA), False, ("executor", Transition.CLEANUP)),
        ((A, A, U), False, ("planner", Transition.DEACTIVATE)),
        ((A, A, None), False, ("planner", Transition.DEACTIVATE)),
        ((U, U, U), False, None),
    ],
)
def test_order_of_transitions(states, up, expected):
    step = supervision(*states).next_transition(up, 1.0)
    assert (None if step is None else (step[0].name, step[1])) == expected


def test_failures_back_off_and_are_bounded():
    group = supervision(U, A, A)
    perception = group.components[0]
    now = 0.0
    waits = []
    for _ in range(MAX_FAILURES):
        assert group.next_transition(True, now) is not None
        perception.transition_ended(False, now)
        assert group.next_transition(True, now) is None
        waits.append(perception.retry_at_s - now)
        now = perception.retry_at_s
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0]
    assert group.next_transition(True, now + 100.0) is None
    assert "Given up after 5 failed transitions" in perception.facts(now).reason
    perception.pulse(now + 100.0, "2", "")
    perception.state = U
    assert group.next_transition(True, now + 100.0) == (perception, Transition.CONFIGURE)


def test_a_restart_is_noticed_and_counted():
    component = Component("planner", True)
    assert component.pulse(0.0, "1", "") is False
    component.state = A
    assert component.pulse(1.0, "1", "") is False
    assert component.state is A
    assert component.pulse(2.0, "2", "") is True
    assert component.state is LifecycleState.UNKNOWN
    assert component.restarts == 1


def test_a_lost_component_has_failed_and_says_why():
    component = supervision(A, A, A).by_name["planner"]
    assert component.facts(4.0).active
    component.lost(4.0, "Its process has ended.")
    lost = component.facts(4.0)
    assert (lost.active, lost.failed, lost.reason) == (False, True, "Its process has ended.")
    component.pulse(5.0, "2", "")
    component.state = A
    assert component.facts(5.0).active


def test_without_an_optional_component_that_comes_back_the_rest_goes_on():
    group = supervision(A, A, A)
    assert all(facts.active for facts in group.facts(0.0))
    perception = group.by_name["perception"]
    perception.lost(1.0, "Its process has ended.")
    perception.pulse(2.0, "2", "")  # there again, and not configured yet
    (first, *_) = group.facts(2.0)
    assert (first.active, first.failed) == (False, True)
    planner = group.by_name["planner"]
    planner.lost(1.0, "Its process has ended.")
    planner.pulse(2.0, "2", "")
    assert not group.facts(2.0)[1].failed, "a required one is starting again"


def test_too_many_restarts_are_given_up_loudly_until_startup():
    group = supervision(A, A, A)
    planner = group.by_name["planner"]
    for number in range(LIMITS.max_restarts):
        planner.lost(float(number), "Its process has ended.")
        planner.pulse(number + 0.5, f"r{number}", "")
        planner.state = U
        assert group.next_transition(True, number + 0.5) == (planner, Transition.CONFIGURE)
    planner.pulse(50.0, "one too many", "")
    planner.state = U
    assert group.next_transition(True, 50.0) is None
    facts = planner.facts(50.0)
    assert (facts.active, facts.failed) == (False, True)
    assert facts.reason == "Given up after 3 restarts within 100 s; STARTUP tries again."
    planner.wanted(60.0)
    assert group.next_transition(True, 60.0) == (planner, Transition.CONFIGURE)


def test_restarts_long_ago_do_not_count():
    planner = supervision(A, A, A).by_name["planner"]
    for number in range(10):
        planner.pulse(number * 60.0, f"r{number}", "")
    assert planner.restarts == 10
    assert not planner.given_up


def test_what_hangs_is_ended_once_and_only_after_a_while():
    group = supervision(A, A, A)
    planner = group.by_name["planner"]
    planner.lost(10.0, "Its process is suspended.")
    assert group.hung(16.0) == []
    assert group.hung(16.1) == [planner]
    planner.killed = True
    assert group.hung(20.0) == []
    planner.pulse(21.0, "2", "")
    planner.lost(22.0, "No pulse.")
    assert group.hung(30.0) == [planner]


def test_what_has_never_been_there_has_failed_only_after_a_while():
    component = Component("planner", True, LIMITS)
    component.wanted(0.0)
    assert component.facts(59.0).failed is False
    late = component.facts(60.1)
    assert late.failed
    assert late.reason == "Has not started within 60 s."
    assert Supervision([component]).hung(1000.0) == []


def test_all_down_counts_only_what_lives():
    assert not supervision(A, U, U).all_down()
    assert not supervision(U, INA, U).all_down()
    assert supervision(U, U, None).all_down()
    group = supervision(U, A, U)
    group.by_name["planner"].lost(1.0, "Its process has ended.")
    assert group.all_down()


# --- stop words -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        "stop",
        "STOP!",
        "Stop, please.",
        "stop stop stop",
        "robot, halt",
        "Don’t move!",
        "do not move",
        "freeze",
    ],
)
def test_stop(command):
    assert is_halt_command(command)


@pytest.mark.parametrize(
    "command",
    [
        "",
        "don't stop",
        "go to the bus stop",
        "never stop",
        "move",
        "non stop",
        "please",
        "stopping",
    ],
)
def test_not_stop(command):
    assert not is_halt_command(command)


# --- consent ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        "yes",
        "Yes!",
        " YES, please. ",
        "ok",
        "okay robot",
        "do it",
        "go ahead",
        "yes, go ahead",
        "sure, thank you",
    ],
)
def test_a_clear_yes(answer):
    assert is_yes(answer)


@pytest.mark.parametrize(
    "answer",
    [
        "", " ", "please", "no", "yes no", "no yes", "not ok", "yes but wait", "maybe", "don't do it", "yes if you can",
        "I said yes to the other one", "yes " * 20, "ye", "yesterday", "\x00", "oui",
    ],
)  # fmt: skip
def test_everything_else_means_no(answer):
    assert not is_yes(answer)


# --- parameter files --------------------------------------------------------------------------------


def write(tmp_path, text):
    path = tmp_path / "config.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "/**:\n  ros__parameters:\n    integration: {command_queue_size: 0}",
            "integration.command_queue_size",
        ),
        ("/**:\n  ros__parameters:\n    integration: {comand_queue_size: 5}", "Did you mean"),
        ("/**:\n  ros__parameters:\n    integratoin: {command_queue_size: 5}", "Did you mean"),
        ("/**:\n  ros__parameters: 5", "ros__parameters"),
        ("[1, 2]", "no node names"),
        ("a: [", "not valid YAML"),
    ],
)
def test_bad_parameter_files(tmp_path, text, sentence):
    with pytest.raises(VlaError, match=sentence) as caught:
        config_check.check_file(write(tmp_path, text))
    assert caught.value.code is Code.INVALID_CONFIG


def test_a_missing_parameter_file(tmp_path):
    with pytest.raises(VlaError, match="can't be read"):
        config_check.check_file(tmp_path / "none.yaml")


def test_the_shipped_parameter_file_is_right():
    from pathlib import Path

    values = config_check.check_file(Path(__file__).parents[1] / "config" / "vla_system.yaml")
    assert values["integration.command_queue_size"] == 10
