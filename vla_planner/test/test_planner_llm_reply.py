# SPDX-License-Identifier: Apache-2.0
"""Answers of a model: what they mean, and a code and a sentence for each that can't be read."""

from __future__ import annotations

import json

import pytest

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.skills import Condition, ParameterType, Step
from vla_planner.core.backend import AmbiguousError
from vla_planner.llm.reply import MAX_ARGUMENTS, Call, steps_of_calls, steps_of_text
from vla_planner.llm.tools import build
from vla_planner.llm.transport.stream import MAX_LINE, Assembler, CutStreamError, Usage
from vla_testing.planner.fixtures import SCENE, SKILLS, parameter, skill

TOOLS = build(SKILLS, [place.name for place in SCENE.places])
FINISH = ("finish_plan", "{}")


def read(*calls, tools=TOOLS, before=0):
    made = [
        Call(f"c{n}", name, args if isinstance(args, str) else json.dumps(args))
        for n, (name, args) in enumerate(calls)
    ]
    return steps_of_calls(made, tools, before)


def refusal(act, *args, **more):
    with pytest.raises(VlaError) as caught:
        act(*args, **more)
    assert len(caught.value.message) > 10 and caught.value.message.endswith(".")
    assert len(caught.value.message) < 400 and caught.value.message.isprintable()
    return caught.value.code


def test_calls_become_steps():
    steps, complete = read(
        ("find", {"object": {"label": "cup", "attributes": ["red"], "place": None}}),
        ("say", {"text": "there", "only_if": "found", "with_previous": None}),
        ("turn", {"angle": 1, "with_previous": True}),
        FINISH,
    )
    assert complete
    assert steps == [
        Step("find", {"object": {"label": "cup", "attributes": ["red"]}}),
        Step("say", {"text": "there"}, False, Condition.FOUND),
        Step("turn", {"angle": 1}, True),
    ]


def test_without_the_end_it_goes_on():
    assert read(("turn", {"angle": 1})) == ([Step("turn", {"angle": 1})], False)
    assert read(FINISH, before=1) == ([], True)


def test_names_of_the_model_become_those_of_the_catalog():
    odd = skill("wink & nod", parameter("how often", ParameterType.INTEGER))
    steps, _ = read(("wink___nod", {"how_often": 2}), tools=build([odd], []))
    assert steps == [Step("wink & nod", {"how often": 2})]


def test_a_question_and_refusals():
    with pytest.raises(AmbiguousError) as caught:
        read(("ask_person", {"question": "Which cup?", "choices": ["red cup", "blue cup"]}))
    assert caught.value.question == "Which cup?"
    assert caught.value.choices == ("red cup", "blue cup")
    for kind, code in (
        ("not_understood", Code.NOT_UNDERSTOOD),
        ("not_possible", Code.NOT_POSSIBLE),
    ):
        assert refusal(read, ("refuse", {"kind": kind, "reason": "I can't do that."})) is code


THING = {"label": "cup"}
BAD_CALLS = [
    ([FINISH], Code.INVALID_PLAN),
    ([("turn", {"angle": 1}), FINISH, ("turn", {"angle": 1})], Code.INVALID_PLAN),
    ([("turn", {"angle": 1}), ("finish_plan", {"x": 1})], Code.INVALID_PLAN),
    ([("fly", {})], Code.UNKNOWN_SKILL),
    ([("", {})], Code.UNKNOWN_SKILL),
    ([("__class__", {})], Code.UNKNOWN_SKILL),
    ([("greet", {"person": "me"})], Code.UNKNOWN_SKILL),
    ([("turn\ud800", {})], Code.UNKNOWN_SKILL),
    ([("turn", "{")], Code.INVALID_PLAN),
    ([("turn", "[]")], Code.INVALID_PLAN),
    ([("turn", "null")], Code.INVALID_PLAN),
    ([("turn", '{"angle": NaN}')], Code.INVALID_PLAN),
    ([("turn", '{"angle": -Infinity}')], Code.INVALID_PLAN),
    ([("turn", '{"angle": 1e999}')], Code.INVALID_PLAN),
    ([("turn", '{"angle": ' + "1" * 5000 + "}")], Code.INVALID_PLAN),
    ([("turn", '{"angle": 1, "angle": 2}')], Code.INVALID_PLAN),
    ([("find", '{"object": {"label": "a", "label": "b"}}')], Code.INVALID_PLAN),
    ([("turn", '{"angle": 1} {"angle": 2}')], Code.INVALID_PLAN),
    ([("say", {"text": "x" * MAX_ARGUMENTS})], Code.INVALID_PLAN),
    ([("say", '{"text": "\\ud800"}')], Code.INVALID_PLAN),
    ([("say", '{"text": "\\u0000"}')], Code.INVALID_PLAN),
    ([("turn", '{"angle": ' + "[" * 3000 + "]" * 3000 + "}")], Code.INVALID_PLAN),
    ([("turn", "[" * 7000)], Code.INVALID_PLAN),
    ([("turn", '{"angle": ' + "[" * 40 + "]" * 40 + "}")], Code.INVALID_PLAN),
    ([("turn", {"angle": 1, "speed": 9})], Code.INVALID_ARGUMENT),
    ([("turn", {"angle": 1, "only_if": "maybe"})], Code.INVALID_ARGUMENT),
    ([("turn", {"angle": 1, "with_previous": "yes"})], Code.INVALID_ARGUMENT),
    ([("turn", {"angle": {"value": 1}})], Code.INVALID_ARGUMENT),
    ([("turn", {"angle": [1] * 9})], Code.INVALID_ARGUMENT),
    ([("find", {"object": "cup"})], Code.INVALID_ARGUMENT),
    ([("find", {"object": {**THING, "colour": "red"}})], Code.INVALID_ARGUMENT),
    ([("find", {"object": {**THING, "attributes": "red"}})], Code.INVALID_ARGUMENT),
    ([("find", {"object": {**THING, "attributes": ["red"] * 9}})], Code.INVALID_ARGUMENT),
    ([("find", {"object": {**THING, "attributes": [1]}})], Code.INVALID_ARGUMENT),
    ([("find", {"object": {**THING, "relation": "inside_of"}})], Code.INVALID_ARGUMENT),
    ([("find", {"object": {**THING, "quantity": "many"}})], Code.INVALID_ARGUMENT),
    ([("find", {"object": {"label": "x" * 65}})], Code.INVALID_ARGUMENT),
    ([("turn", {"angle": 1}), ("refuse", {"kind": "not_possible", "reason": ""})], Code.INVALID_PLAN),
    ([("refuse", {"kind": "because", "reason": "no"})], Code.INVALID_PLAN),
    ([("refuse", {"kind": "not_possible", "reason": 5})], Code.INVALID_PLAN),
    ([("refuse", {"kind": "not_possible", "reason": "", "plan": []})], Code.INVALID_PLAN),
    ([("ask_person", {"question": " ", "choices": []})], Code.INVALID_PLAN),
    ([("ask_person", {"question": "x", "choices": [1]})], Code.INVALID_PLAN),
    ([("ask_person", {"question": "x", "choices": [str(n) for n in range(99)]})], Code.INVALID_PLAN),
]  # fmt: skip


@pytest.mark.parametrize(("calls", "code"), BAD_CALLS)
def test_calls_that_cant_be_read(calls, code):
    assert refusal(read, *calls) is code


def plan(*steps, **more):
    return json.dumps({"outcome": "plan", "steps": list(steps), **more})


TURN = {"skill": "turn", "arguments": {"angle": 1}}


def test_a_plan_in_one_text():
    nulls = {"question": None, "choices": None, "kind": None, "reason": None}
    full = {**TURN, "only_if": "always", "with_previous": False}
    wanted = [Step("turn", {"angle": 1})]
    assert steps_of_text(plan(full, **nulls), TOOLS, 30) == wanted
    assert steps_of_text(plan(TURN), TOOLS, 30) == wanted
    assert steps_of_text(f"```json\n{plan(TURN)}\n```\n", TOOLS, 30) == wanted
    with pytest.raises(AmbiguousError):
        steps_of_text('{"outcome": "ask", "question": "Which?", "choices": null}', TOOLS, 30)


BAD_TEXTS = [
    ("", Code.INVALID_PLAN),
    ("Sure! I will turn.", Code.INVALID_PLAN),
    (plan(TURN) + " or " + plan(TURN, TURN), Code.INVALID_PLAN),
    ("[]", Code.INVALID_PLAN),
    ("{}", Code.INVALID_PLAN),
    (plan(), Code.INVALID_PLAN),
    (plan(TURN, note="x"), Code.INVALID_PLAN),
    (plan({**TURN, "note": "x"}), Code.INVALID_PLAN),
    (plan(5), Code.INVALID_PLAN),
    (plan({"skill": 5}), Code.INVALID_PLAN),
    (plan({"skill": "turn", "arguments": [1]}), Code.INVALID_PLAN),
    (plan({"skill": "turn", "arguments": {"angle": 1, "only_if": "found"}}), Code.INVALID_ARGUMENT),
    (plan({"skill": "fly", "arguments": {}}), Code.UNKNOWN_SKILL),
    ('{"outcome": "dance"}', Code.INVALID_PLAN),
    ('{"outcome": "refuse", "steps": [1], "kind": "not_possible"}', Code.INVALID_PLAN),
    ('{"outcome": "refuse", "kind": "not_possible", "reason": "no way"}', Code.NOT_POSSIBLE),
    ('{"outcome": "refuse"}', Code.INVALID_PLAN),
    (plan(*[TURN] * 10_000), Code.INVALID_PLAN),
    (plan(*[{"skill": "turn"}] * 5_000), Code.TOO_MANY_STEPS),
    ("[" * 100_000, Code.INVALID_PLAN),
]


@pytest.mark.parametrize(("text", "code"), BAD_TEXTS)
def test_texts_that_cant_be_read(text, code):
    if code is Code.NOT_POSSIBLE:
        with pytest.raises(VlaError, match="no way"):
            steps_of_text(text, TOOLS, 30)
        return
    assert refusal(steps_of_text, text, TOOLS, 30) is code


# --- the stream -------------------------------------------------------------------------------------


def fed(*parts, max_calls=31, size=None):
    assembler = Assembler(max_calls)
    data = b"".join(parts)
    step = size or len(data) or 1
    for start in range(0, len(data), step):
        assembler.feed(data[start : start + step])
    return assembler.finish()


def event(value, end=b"\n\n"):
    return b"data: " + (value if isinstance(value, bytes) else json.dumps(value).encode()) + end


def delta(finish=None, **delta):
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def call(index=0, ident=None, name=None, arguments=None):
    return delta(
        tool_calls=[
            {"index": index, "id": ident, "function": {"name": name, "arguments": arguments}}
        ]
    )


DONE = event(b"[DONE]")
GOOD = (
    event(delta(role="assistant", content=None)),
    event(call(0, "a", "turn", "")),
    event(call(0, None, None, '{"an')),
    event(call(0, None, None, 'gle":1}')),
    event(call(1, "b", "finish_plan", "")),
    event(delta("tool_calls")),
    event({"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3}}),
    DONE,
)


@pytest.mark.parametrize("size", [None, 1, 2, 3, 17])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_fragments_of_any_size(size, line_end):
    reply = fed(*[part.replace(b"\n", line_end) for part in GOOD], size=size)
    assert reply.calls == (Call("a", "turn", '{"angle":1}'), Call("b", "finish_plan", ""))
    assert reply.usage == Usage(7, 3)
    assert reply.finish == "tool_calls"


def test_habits_of_other_servers():
    same_index = fed(
        event(call(0, "a", "turn", '{"angle":1}')),
        event(call(0, "b", "finish_plan", "{}")),
        DONE,
    )
    assert [c.name for c in same_index.calls] == ["turn", "finish_plan"]
    name_repeated = fed(event(call(0, "a", "turn", "{")), event(call(0, "a", "turn", "}")), DONE)
    assert name_repeated.calls == (Call("a", "turn", "{}"),)
    as_object = delta(tool_calls=[{"function": {"name": "turn", "arguments": {"angle": 1}}}])
    assert fed(event(as_object), DONE).calls[0].arguments == '{"angle": 1}'
    assert fed(b": comment\n\n", event(delta("stop", content="x"))).text == "x"


@pytest.mark.parametrize(
    "parts", [(), GOOD[:3], (b"data: {}",), (event({"error": {"message": "overloaded"}}),)]
)
def test_what_ends_in_the_middle_is_cut(parts):
    with pytest.raises(CutStreamError):
        fed(*parts)


UNREADABLE = Code.PLANNER_UNAVAILABLE
BAD_STREAMS = [
    (event(b"{"), UNREADABLE),
    (event(b"[]"), UNREADABLE),
    (event(b"\xff\xfe"), UNREADABLE),
    (event(b"[" * 100_000), UNREADABLE),
    (event({"choices": 5}), UNREADABLE),
    (event({"choices": [5]}), UNREADABLE),
    (event(delta(content=5)), UNREADABLE),
    (event(delta(tool_calls=5)), UNREADABLE),
    (event(delta(tool_calls=[5])), UNREADABLE),
    (event(call(index="0", name="x")), UNREADABLE),
    (event(call(name=5)), UNREADABLE),
    (event(call(name="x" * 200)), Code.UNKNOWN_SKILL),
    (event(call(name="say", arguments="x" * (MAX_ARGUMENTS + 1))), Code.INVALID_PLAN),
    (event(delta(content="x" * 300_000)), Code.INVALID_PLAN),
    (b"data: " + b"x" * (MAX_LINE + 1), Code.INVALID_PLAN),
    (b"".join(event(call(n, f"c{n}", "turn", "{}")) for n in range(40)), Code.TOO_MANY_STEPS),
]


@pytest.mark.parametrize(("data", "code"), BAD_STREAMS)
def test_streams_that_cant_be_read(data, code):
    assert refusal(fed, data) is code


NEGATIVE = {"prompt_tokens": -1, "completion_tokens": 1}
TRUTH = {"prompt_tokens": True, "completion_tokens": 1}


@pytest.mark.parametrize("usage", [None, 5, {}, NEGATIVE, TRUTH])
def test_usage_that_says_nothing_counts_as_none(usage):
    assert fed(event({"choices": [], "usage": usage}), DONE).usage is None
