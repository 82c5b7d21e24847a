# SPDX-License-Identifier: Apache-2.0
"""Who is a stranger to a name, by what the graph shows and since when."""

from __future__ import annotations

import pytest

from vla_common.machine.ownership import (
    GONE_S,
    TWIN_SETTLE_S,
    UNNAMED_S,
    Endpoint,
    Kind,
    Ownership,
    OwnName,
    process_may_live,
)

PLAN = OwnName("make_plan", Kind.ACTION, ("planner",))
HEARD = OwnName("transcript", Kind.TOPIC, ("speech", "/elsewhere/ear"))
OURS = Endpoint("/vla/planner", b"one")
LATER_S = 100.0


def sentences(name, *steps):
    """What is said after the last of the steps, each of them a time and the endpoints seen then."""
    ownership = Ownership("vla")
    found = ()
    for now_s, endpoints in steps:
        found = ownership.update({name: endpoints}, now_s)
    return [stranger.sentence for stranger in found]


@pytest.mark.parametrize(
    ("name", "endpoints"),
    [
        (PLAN, []),
        (PLAN, [OURS]),
        (PLAN, [OURS, OURS]),
        (PLAN, [OURS, Endpoint("/vla/planner", b"one", True)]),
        (HEARD, [Endpoint("/vla/speech", b"a"), Endpoint("/elsewhere/ear", b"b")]),
    ],
)
def test_the_owners_are_no_strangers(name, endpoints):
    assert sentences(name, (0.0, endpoints), (LATER_S, endpoints)) == []


@pytest.mark.parametrize(
    ("name", "endpoint", "words"),
    [
        (PLAN, Endpoint("/other/evil", b"x"), ("/other/evil", "serves 'make_plan'", "planner")),
        (PLAN, Endpoint("/other/planner", b"x"), ("/other/planner", "planner")),
        (PLAN, Endpoint("/planner", b"x"), ("/planner",)),
        (HEARD, Endpoint("/vla/ear", b"x"), ("/vla/ear", "publishes 'transcript'", "speech")),
        (HEARD, Endpoint("/vla/speech2", b"x"), ("/vla/speech2",)),
    ],
)
def test_a_stranger_is_named_at_once(name, endpoint, words):
    for beside in ([], [OURS] if name is PLAN else []):
        (sentence,) = sentences(name, (0.0, [*beside, endpoint]))
        assert all(word in sentence for word in words)


def test_in_the_root_namespace_the_owner_is_there():
    ownership = Ownership("/")
    assert ownership.update({PLAN: [Endpoint("/planner", b"x")]}, 0.0) == ()
    assert ownership.update({PLAN: [Endpoint("/vla/planner", b"x")]}, 0.0)


def test_what_has_no_name_yet_gets_a_moment_to_say_it():
    unnamed = Endpoint("", b"x")
    assert sentences(PLAN, (0.0, [OURS, unnamed]), (0.9 * UNNAMED_S, [OURS, unnamed])) == []
    (sentence,) = sentences(PLAN, (0.0, [unnamed]), (UNNAMED_S, [unnamed]))
    assert "no ROS node" in sentence
    # It has said its name: its time without one counts no more.
    assert sentences(PLAN, (0.0, [unnamed]), (UNNAMED_S, [OURS])) == []


def test_a_second_node_of_the_same_name_is_noticed_when_it_stays():
    twin = Endpoint("/vla/planner", b"two")
    early, late = 0.9 * TWIN_SETTLE_S, TWIN_SETTLE_S
    assert sentences(PLAN, (0.0, [OURS, twin]), (early, [OURS, twin])) == []
    (sentence,) = sentences(PLAN, (0.0, [OURS, twin]), (late, [OURS, twin]))
    assert "/vla/planner" in sentence and "twice" in sentence
    # Its time begins when it comes, not with the first of the two.
    assert sentences(PLAN, (0.0, [OURS]), (LATER_S, [OURS, twin])) == []


def test_a_killed_process_is_no_twin_of_the_one_that_took_its_place_until_its_lease_must_have_ended():
    killed = Endpoint("/vla/planner", b"one", gone=True)
    new = Endpoint("/vla/planner", b"two")
    restart = [(0.0, [killed]), (1.0, [killed, new])]
    assert sentences(PLAN, *restart, (0.9 * GONE_S, [killed, new])) == []
    assert sentences(PLAN, *restart, (GONE_S, [killed, new])) != []


def test_who_leaves_and_comes_again_is_new():
    ownership = Ownership("vla")
    unnamed = Endpoint("", b"x")
    ownership.update({PLAN: [unnamed]}, 0.0)
    ownership.update({PLAN: []}, 1.0)
    assert ownership.update({PLAN: [unnamed]}, LATER_S) == ()


@pytest.mark.parametrize(
    ("low_bits", "pids", "lives"),
    [
        (5, {5}, True),
        (5, {5 + 65536}, True),
        (5, {5 + 3 * 65536}, True),
        (5, {6, 5 + 65535}, False),
        (0, {0}, False),
        (0, {65536}, True),
    ],
)
def test_the_end_of_a_process_number_stands_for_every_process_that_has_it(low_bits, pids, lives):
    assert process_may_live(low_bits, pids.__contains__, 4 * 65536) is lives


def test_one_that_lived_long_before_it_was_killed_is_no_twin():
    old, killed = Endpoint("/vla/planner", b"one"), Endpoint("/vla/planner", b"one", gone=True)
    new = Endpoint("/vla/planner", b"two")
    lived = ((0.0, [old]), (LATER_S, [old]))
    for after_s in (0.0, TWIN_SETTLE_S, 0.9 * GONE_S):
        steps = (*lived, (LATER_S + 1.0, [killed, new]), (LATER_S + 1.0 + after_s, [killed, new]))
        assert sentences(PLAN, *steps) == []
