# SPDX-License-Identifier: Apache-2.0
"""Habits of models on servers of one's own: thoughts, fences, sentences around a plan, calls without numbers."""

from __future__ import annotations

import json

import pytest

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.skills import Step
from vla_planner.llm.reply import Call, steps_of_calls, steps_of_text
from vla_planner.llm.tools import build
from vla_planner.llm.transport.stream import Assembler
from vla_planner.llm.wrapping import plan_in, without_thoughts
from vla_testing.planner.fixtures import SKILLS

TOOLS = build(SKILLS, ["table", "shelf"])
DONE = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}


def plan(angle=1.0):
    step = {
        "skill": "turn",
        "arguments": {"angle": angle},
        "only_if": "always",
        "with_previous": False,
    }
    return json.dumps({"outcome": "plan", "steps": [step]})


DRAFT = 'Perhaps {"outcome": "plan", "steps": []}, or 3 m? \'Hm, {x}\' " ...\n'
GOOD = plan()
WRAPPED = [
    GOOD,
    f"  {GOOD}\n",
    f"<think>{DRAFT}</think>{GOOD}",
    f"<think>\n\n</think>\n\n{GOOD}",
    f"{DRAFT}</think>\n{GOOD}",
    f"<thinking>{DRAFT}</thinking>\n```json\n{GOOD}\n```",
    f"<THINK>{DRAFT}</THINK>Here you are: {GOOD}",
    f"<think>{DRAFT}</think><think>{DRAFT}</think>{GOOD}",
    f"[THINK]{DRAFT}[/THINK]{GOOD}",
    f"◁think▷{DRAFT}◁/think▷{GOOD}",
    f"<|channel|>analysis<|message|>{DRAFT}<|end|><|start|>assistant<|channel|>final<|message|>{GOOD}",
    f"<|begin_of_thought|>{DRAFT}<|end_of_thought|>{GOOD}",
    f"<reasoning>{DRAFT}</reasoning>{GOOD}",
    f"<scratchpad>{DRAFT}</scratchpad>{GOOD}",
    f"```json\n{GOOD}\n```",
    f"```JSON\n{GOOD}\n```",
    f"```\n{GOOD}\n```",
    f"Sure! Here is the plan:\n```json\n{GOOD}\n```\nLet me know {{if}} it helps.",
    f"The plan is {GOOD}",
    f"{GOOD}\n\nThis turns the robot.",
    f"{GOOD}\n{GOOD}",
    f"<think>I turn.\n{GOOD}",
    f"<think>I turn.\n```json\n{GOOD}\n```\n",
]


@pytest.mark.parametrize("text", WRAPPED)
def test_what_stands_around_a_plan_is_left_out(text):
    assert steps_of_text(text, TOOLS, 30) == [Step("turn", {"angle": 1.0})]


NOT_A_PLAN = [
    f"<think>{plan(3.0)} No, rather {plan(1.0)}",  # thoughts without an end, two drafts
    f"<think>{plan(3.0)} is wrong, I can't do that.",  # a draft that was given up
    f"<think>{GOOD}</think>",
    f"<think>{GOOD}</think>I can't do that.",
    f"{plan(1.0)} or {plan(2.0)}",
    f"[{GOOD}]",
    GOOD.replace('"', "'"),
    GOOD[:-1],
    GOOD.replace('"outcome"', '"result"'),
    GOOD.replace("1.0", "NaN"),
    GOOD.replace('"angle": 1.0', '"angle": 1.0, "angle": 2.0'),
    f"Here: {GOOD.replace('1.0', 'NaN')}",
    f"Here: {GOOD[:-1]}",
    "{" * 200_000,
    '{"' * 60_000,
    "<think>" * 20_000,
    "",
    "   ",
]


@pytest.mark.parametrize("text", NOT_A_PLAN, ids=range(len(NOT_A_PLAN)))
def test_what_is_no_single_plan_stays_none(text):
    with pytest.raises(VlaError) as caught:
        steps_of_text(text, TOOLS, 30)
    assert caught.value.code is Code.INVALID_PLAN
    assert caught.value.message.isprintable() and len(caught.value.message) < 400


def test_thoughts_are_no_answer():
    assert without_thoughts("<think>a</think> b ") == "b"
    assert without_thoughts("a</think>b<think>c") == "b"
    assert without_thoughts("I think that {x} < 3") == "I think that {x} < 3"
    assert plan_in("no plan at all") == "no plan at all"


# --- calls ------------------------------------------------------------------------------------------


def answered(*deltas, key="delta"):
    assembler = Assembler(40)
    for delta in deltas:
        assembler.chunk(
            json.dumps({"choices": [{"index": 0, key: delta, "finish_reason": None}]}).encode()
        )
    assembler.chunk(json.dumps(DONE).encode())
    return assembler.finish()


def piece(name=None, arguments=None, **more):
    function = {
        key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None
    }
    return {"tool_calls": [{"type": "function", "function": function, **more}]}


TURN = '{"angle": 1.0}'
EXPECTED = [("turn", 1.0), ("turn", 2.0), ("go_to", "table")]
THREE = (
    ("turn", {"angle": 1.0}),
    ("turn", {"angle": 2.0}),
    ("go_to", {"place": "table"}),
    ("finish_plan", {}),
)


def streams():
    """The same three steps in every habit of numbering that is known."""
    as_text = [(name, json.dumps(value)) for name, value in THREE]
    yield "index 0", [piece(n, a, index=0) for n, a in as_text]
    yield "no index", [piece(n, a) for n, a in as_text]
    yield "null", [piece(n, a, index=None, id=None) for n, a in as_text]
    yield "ids, no index", [piece(n, a, id=f"c{i}") for i, (n, a) in enumerate(as_text)]
    yield "ids, index 0", [piece(n, a, id=f"c{i}", index=0) for i, (n, a) in enumerate(as_text)]
    yield "one id", [piece(n, a, id="x", index=i) for i, (n, a) in enumerate(as_text)]
    yield "objects", [piece(n, a, index=0) for n, a in THREE]
    yield "old", [{"function_call": {"name": n, "arguments": a}} for n, a in as_text]
    together = [call for n, a in as_text for call in piece(n, a, index=0)["tool_calls"]]
    yield "one chunk, index 0", [{"tool_calls": together}]
    bare = [{"function": {"name": n, "arguments": a}} for n, a in THREE]
    yield "one chunk, bare", [{"tool_calls": bare}]
    for index in ({"index": 0}, {}, {"index": None}):
        parts = []
        for n, a in as_text:
            parts += [piece(n, "", **index)]
            parts += [piece(None, a[i : i + 4], **index) for i in range(0, len(a), 4)]
        yield f"in pieces, {index}", parts
        again = [piece(n, a[i : i + 4], **index) for n, a in as_text for i in range(0, len(a), 4)]
        yield f"name in every piece, {index}", again


@pytest.mark.parametrize(("habit", "deltas"), list(streams()), ids=lambda item: str(item)[:30])
def test_calls_are_told_apart_whatever_their_numbers(habit, deltas):
    calls = answered(*deltas).calls
    steps, complete = steps_of_calls(calls, TOOLS, 0)
    assert complete
    assert [(s.skill, *s.arguments.values()) for s in steps] == EXPECTED


def test_a_whole_message_has_whole_calls():
    calls = [{"function": {"name": n, "arguments": a}, "index": 0, "id": "x"} for n, a in THREE]
    reply = answered({"content": None, "tool_calls": calls}, key="message")
    assert [call.name for call in reply.calls] == [name for name, _ in THREE]


def test_numbered_calls_keep_their_order_also_when_they_arrive_in_turns():
    reply = answered(
        piece("turn", '{"an', index=1, id="b"),
        piece("go_to", "{", index=0, id="a"),
        piece(None, 'gle": 1.0}', index=1),
        piece(None, "}", index=0),
    )
    assert reply.calls == (Call("a", "go_to", "{}"), Call("b", "turn", '{"angle": 1.0}'))


# --- contents and thoughts --------------------------------------------------------------------------


def test_a_content_in_parts_is_one_text():
    reply = answered(
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]},
        {"content": [{"type": "text", "text": GOOD[:9]}, {"type": "text", "text": GOOD[9:]}]},
    )
    assert reply.text == GOOD and reply.thoughts == 2


@pytest.mark.parametrize(
    "content", [[5], [{"type": "image_url"}], [{"type": "text", "text": 5}], {"a": 1}]
)
def test_a_content_that_is_no_text_cant_be_read(content):
    with pytest.raises(VlaError) as caught:
        answered({"content": content})
    assert caught.value.code is Code.PLANNER_UNAVAILABLE


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning", "thinking"])
def test_thoughts_of_their_own_are_a_beginning_and_no_text(field):
    assembler = Assembler(9)
    assert not assembler.begun
    assembler.chunk(json.dumps({"choices": [{"delta": {field: "hm"}}]}).encode())
    assert assembler.begun and assembler.characters == 0
    assembler.chunk(json.dumps({"choices": [{"delta": {"content": GOOD}}]}).encode())
    assembler.chunk(json.dumps(DONE).encode())
    reply = assembler.finish()
    assert (reply.text, reply.thoughts) == (GOOD, 2)
    assert reply.characters == len(GOOD) + 2


def test_thoughts_have_an_end():
    assembler = Assembler(9, 10**9)
    chunk = json.dumps({"choices": [{"delta": {"reasoning": "x" * 10_000}}]}).encode()
    for _ in range(100):
        assembler.chunk(chunk)
    with pytest.raises(VlaError) as caught:
        assembler.chunk(chunk)
    assert caught.value.code is Code.INVALID_PLAN
