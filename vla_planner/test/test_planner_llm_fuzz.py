# SPDX-License-Identifier: Apache-2.0
"""Thousands of malformed and hostile answers: none becomes a plan that must not be, each has a code and a sentence.

Good answers are changed as values, as events and as bytes, by a generator with a seed. All of them go through the
parser and the planner, a part of them over a real socket.
"""

from __future__ import annotations

import copy
import json
import math
import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.skills import ObjectRef, ParameterType
from vla_planner.config import LlmConfig, PlannerConfig
from vla_planner.core.backend import PlanRequest
from vla_planner.core.planning import MAX_REPAIRS, Planner
from vla_planner.core.validator import validate
from vla_planner.gate import gate
from vla_planner.gate.gate import Held, Verdict
from vla_planner.llm.openai_backend import OpenAiBackend
from vla_planner.llm.reply import steps_of_text
from vla_planner.llm.tools import build
from vla_planner.llm.transport.budget import DayUsage
from vla_planner.llm.transport.retry import Failure, RequestError
from vla_planner.llm.transport.stream import Assembler, CutStreamError
from vla_testing.planner.fake_openai import FakeOpenAi, call_chunks, delta, raw_events
from vla_testing.planner.fixtures import SCENE, SKILLS

DAY = DayUsage("2026-03-01")
ANSWERS = 4000
OVER_SOCKET = 200
MAX_STEPS = 30
CODES = {
    Code.INVALID_PLAN, Code.UNKNOWN_SKILL, Code.INVALID_ARGUMENT, Code.UNKNOWN_PLACE, Code.TOO_MANY_STEPS,
    Code.NOT_POSSIBLE, Code.NOT_UNDERSTOOD, Code.AMBIGUOUS, Code.PLANNER_UNAVAILABLE, Code.SKILL_UNAVAILABLE,
}  # fmt: skip
CUP = {"label": "cup", "attributes": ["red"], "place": "table"}
GOOD = [
    [("go_to", {"place": "table"}), ("pick", {"object": CUP})],
    [("find", {"object": {"label": "cup", "quantity": "2"}}), ("say", {"text": "I see them"})],
    [
        ("find", {"object": {"label": "bottle", "place": "shelf"}}),
        ("pick", {"object": {"label": "bottle", "place": "shelf"}, "only_if": "found"}),
        ("say", {"text": "No bottle.", "only_if": "not_found"}),
    ],
    [("move", {"distance": 1.5, "direction": "forward"}), ("turn", {"angle": -1.57})],
    [("go_to", {"pose": [1.5, 2.0, 1.57]}), ("wait", {"duration": 5}), ("describe", {})],
    [
        ("pick", {"object": CUP}),
        ("place", {"relation": "in", "target_place": "box"}),
    ],
]
NAMES = ["fly", "stop", "__import__", "os.system", "hand_over", "pick", "place", "refuse", "ask_person",
         "finish_plan", "", "go_to\n", "GO_TO", "go_to ", "x" * 100, "\ud800", "eval", "wait"]  # fmt: skip
VALUES = [None, True, False, 0, -1, 1e308, -1e308, 5e-324, 2**63, 10**30, "", "moon", "table", "__class__", "x" * 500,
          "rm -rf /", "\u202e", "\x00", "\ud83d", [], [[]], {}, {"a": {"b": {}}}, [1, 2], [1, 2, 3], [1e308] * 3,
          {"label": "ghost"}, {"id": "cup_1"}, {"id": "../.."}, {"label": 5}, {"quantity": "-1"},
          CUP, "found"]  # fmt: skip
NOT_JSON = [
    "NaN",
    "Infinity",
    "-Infinity",
    "1e999",
    "0x10",
    "01",
    "'a'",
    "1" * 400,
    "[" * 200,
    "{",
    "undefined",
]


class Hostile:
    """Answers in the form of bytes on the wire. The same seed gives the same answers."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def _value(self):
        return copy.deepcopy(self._random.choice(VALUES))

    def answer(self, tools: bool) -> bytes:
        pick = self._random
        steps = [(name, json.loads(json.dumps(args))) for name, args in pick.choice(GOOD)]
        for _ in range(pick.choice((0, 1, 1, 2, 3))):
            steps = self._other_steps(steps)
        chunks = self._calls(steps) if tools else self._text(steps)
        if pick.random() < 0.15:
            chunks = self._other_chunks(chunks)
        data = b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks)
        if pick.random() < 0.95:
            data += b"data: [DONE]\n\n"
        return self._other_bytes(data) if pick.random() < 0.1 else data

    def _other_steps(self, steps):
        pick = self._random
        at = pick.randrange(len(steps)) if steps else 0
        what = pick.randrange(8)
        if not steps or what == 0:
            return [*steps, (pick.choice(NAMES), self._value())]
        name, args = steps[at]
        if what == 1:
            steps[at] = (pick.choice(NAMES), args)
        elif what == 2:
            steps[at] = (name, self._value())
        elif what == 3:
            return (steps * pick.choice((0, 2, 11, 40)))[:60]
        elif what == 4:
            return steps[:at] + steps[at + 1 :]
        elif what == 5:
            return pick.sample(steps, len(steps))
        elif isinstance(args, dict):
            key = pick.choice(
                [*args, "only_if", "with_previous", "object", "place", "evil", "", "angle"]
            )
            args[key] = self._value()
            if isinstance(args.get("object"), dict) and pick.random() < 0.5:
                inner = pick.choice(
                    ["label", "attributes", "place", "relation", "reference", "quantity", "id", "x"]
                )
                args["object"][inner] = self._value()
        return steps

    def _json(self, value) -> str:
        """As text, at times with something in it that is no JSON, or a key twice."""
        pick = self._random
        text = json.dumps(value)
        if pick.random() < 0.08:
            text = text.replace(
                pick.choice(["1.5", "5", '"cup"', '"table"', "{}", "true"]),
                pick.choice(NOT_JSON),
                1,
            )
        if pick.random() < 0.05 and text.startswith("{"):
            text = '{"place": "moon", ' + text[1:]
        return text

    def _calls(self, steps):
        pick = self._random
        steps = list(steps) if pick.random() < 0.1 else [*steps, ("finish_plan", {})]
        named = [(name, self._json(args)) for name, args in steps]
        return call_chunks(
            *named,
            finish=pick.choice(("tool_calls",) * 9 + ("length",)),
            size=pick.choice((7, 40, 500)),
        )

    def _text(self, steps):
        pick = self._random
        made = [{"skill": name, "arguments": args} for name, args in steps]
        for step in made:
            if isinstance(step["arguments"], dict):
                for key in ("only_if", "with_previous"):
                    if key in step["arguments"] and pick.random() < 0.8:
                        step[key] = step["arguments"].pop(key)
        plan = {"outcome": "plan", "steps": made}
        if pick.random() < 0.2:
            plan[pick.choice(["outcome", "steps", "question", "kind", "evil"])] = pick.choice(
                VALUES
            )
        text = self._json(plan)
        text = pick.choice(
            (text,) * 8 + (f"```json\n{text}\n```", f"Here you are: {text}", text[: len(text) // 2])
        )
        return [delta(text[:20]), delta(text[20:]), delta(finish="stop")]

    def _other_chunks(self, chunks):
        pick = self._random
        at = pick.randrange(len(chunks))
        what = pick.randrange(6)
        if what == 0:
            return chunks[:at] + chunks[at + 1 :]
        if what == 1:
            return chunks[:at] + [chunks[at]] * 3 + chunks[at:]
        if what == 2:
            return pick.sample(chunks, len(chunks))
        if what == 3:
            return [*chunks[:at], {"error": {"message": "rm -rf /"}}, *chunks[at:]]
        if what == 4:
            return [
                *chunks[:at],
                pick.choice([5, [], {}, {"choices": self._value()}]),
                *chunks[at:],
            ]
        part = {pick.choice(["content", "refusal", "tool_calls", "function_call"]): self._value()}
        return [*chunks[:at], {"choices": [{"delta": part}]}, *chunks[at:]]

    def _other_bytes(self, data: bytes) -> bytes:
        pick = self._random
        at = pick.randrange(len(data))
        to = min(len(data), at + pick.choice((1, 3, 50, 5000)))
        noise = bytes(pick.randrange(256) for _ in range(pick.choice((1, 1, 8))))
        return pick.choice(
            [
                data[:at],
                data[:at] + data[to:],
                data[:at] + noise + data[at + 1 :],
                data[:to] + data[at:],
                noise + data,
            ]
        )


class Replies:
    """In place of the client: hands over bytes as they would come from the socket.

    raised: how many answers were refused before there was a reply, by code, or "cut".
    """

    def __init__(self, source) -> None:
        self._source = source
        self.asked = 0
        self.raised = Counter()

    def ask(self, body, limits, canceled):
        self.asked += 1
        data = self._source("tools" in body)
        assembler = Assembler(limits.calls, limits.events)
        try:
            for start in range(0, len(data), 1000):
                assembler.feed(data[start : start + 1000])
            return assembler.finish()
        except CutStreamError as error:
            self.raised["cut"] += 1
            raise RequestError(Failure.CUT, text=error.text) from None
        except VlaError as error:
            self.raised[error.code] += 1
            raise

    def close(self):
        pass


@pytest.fixture
def backend_for(tmp_path):
    made = []

    def backend(url, mode):
        config = LlmConfig(
            rest_s=0.0,
            mode=mode,
            max_retries=0,
            usage_file=str(tmp_path / "usage.json"),
            timeout_s=60.0,
        )
        environ = {"OPENAI_BASE_URL": url}
        made.append(OpenAiBackend(PlannerConfig(timeout_s=300.0), config, environ))
        return made[-1]

    yield backend
    for one in made:
        one.close()


def planner_of(backend):
    return Planner(
        PlannerConfig(backends=("openai",), max_steps=MAX_STEPS, timeout_s=300.0),
        LlmConfig(),
        {"openai": lambda *_: backend},
    )


def let_through(planner, monkeypatch):
    """Without the gate, which would hold nearly all of it: here it is about reading and validating."""
    monkeypatch.setattr(planner._gate, "hold", lambda *_: Verdict(Held.PASSES))
    monkeypatch.setattr(gate, "check_sums", lambda *_: None)


def check(outcome):
    """Whatever came: a plan that may be, or a code with a sentence. Returns the code."""
    result = outcome.result
    if not result.ok:
        assert result.code in CODES, result
        assert outcome.plan is None
        assert result.message.strip() and result.message.isprintable() and len(result.message) < 900
        return result.code
    steps = outcome.plan.steps
    assert validate(steps, SKILLS, SCENE, max_steps=MAX_STEPS) == steps
    by_name = {spec.name: spec for spec in SKILLS}
    assert 0 < len(steps) <= MAX_STEPS
    # The same again in other words, so that a mistake of the validator shows.
    for step in steps:
        spec = by_name[step.skill]
        assert spec.available
        given = {parameter.name: parameter for parameter in spec.parameters}
        for name, value in step.arguments.items():
            check_value(given[name], value)
    return result.code


def check_value(parameter, value):
    places = {place.name for place in SCENE.places} | {"stand"}
    if parameter.type is ParameterType.FLOAT:
        assert type(value) is float or type(value) is int
        assert math.isfinite(value) and parameter.minimum <= value <= parameter.maximum
    elif parameter.type is ParameterType.PLACE:
        assert value.lower().replace("_", " ").strip() in places
    elif parameter.type is ParameterType.OBJECT:
        assert isinstance(value, ObjectRef)
        assert value.place == "" or value.place.lower().replace("_", " ").strip() in places
        assert value.id in {"", *(item.id for item in SCENE.objects)}
    elif parameter.type is ParameterType.POSE:
        assert len(value) == 3 and all(map(math.isfinite, value))
    elif parameter.choices:
        assert value in parameter.choices
    else:
        assert isinstance(value, str)
        value.encode("utf-8")


@pytest.mark.parametrize("mode", ["tools", "json_schema"])
def test_hostile_answers_through_the_planner(backend_for, monkeypatch, mode):
    hostile = Hostile(seed=7)
    backend = backend_for("http://127.0.0.1:9/v1", mode)
    replies = Replies(hostile.answer)
    backend._client.close()
    backend._client = replies
    # The file of usage is another test's; writing it thousands of times takes longer than all the rest.
    monkeypatch.setattr(
        backend._ledger, "_change", lambda day, change, *_, **__: (change(DAY), False)
    )
    planner = planner_of(backend)
    let_through(planner, monkeypatch)
    codes = Counter()
    while replies.asked < ANSWERS // 2:
        before = replies.asked
        codes[check(planner.plan("do something", SCENE, SKILLS))] += 1
        assert replies.asked - before <= (MAX_REPAIRS + 1) * (MAX_STEPS + 1)
    # Some answers stay good, and the others fail for many reasons: the generator does its work.
    assert codes[Code.OK] > 20 and len(codes) >= 6, codes
    assert codes[Code.OK] < sum(codes.values()) * 0.9
    # Streams are refused for both reasons, those that were cut and garbage, and most are read.
    assert set(replies.raised) <= {"cut", *CODES}, replies.raised
    assert min(replies.raised["cut"], replies.raised[Code.PLANNER_UNAVAILABLE]) > 20, replies.raised
    assert sum(replies.raised.values()) < replies.asked * 0.5, replies.raised


def test_hostile_answers_move_nothing_where_no_motion_was_asked_for(backend_for, monkeypatch):
    backend = backend_for("http://127.0.0.1:9/v1", "tools")
    backend._client.close()
    backend._client = Replies(Hostile(seed=13).answer)
    monkeypatch.setattr(
        backend._ledger, "_change", lambda day, change, *_, **__: (change(DAY), False)
    )
    planner = planner_of(backend)
    for command in ("say hello", "do not pick up the red cup", "what do you see?") * 40:
        outcome = planner.plan(command, SCENE, SKILLS)
        if outcome.plan is not None:
            assert not {step.skill for step in outcome.plan.steps} & {
                "move",
                "turn",
                "go_to",
                "pick",
                "place",
            }


def test_hostile_answers_over_a_socket(backend_for, monkeypatch):
    hostile = Hostile(seed=11)

    def model(body):
        return raw_events(hostile.answer("tools" in body))

    codes = Counter()
    with FakeOpenAi(model) as server:
        planner = planner_of(backend_for(server.url, "tools"))
        let_through(planner, monkeypatch)
        while len(server.requests) < OVER_SOCKET:
            codes[check(planner.plan("do something", SCENE, SKILLS))] += 1
    assert codes[Code.OK] > 2 and len(codes) >= 5, codes


TOOLS = build(SKILLS, [place.name for place in SCENE.places])
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=150)
@given(st.lists(JSON, max_size=3), st.sampled_from(["plan", "ask", "refuse", "x"]), JSON)
def test_any_json_is_read_or_refused(steps, outcome, other):
    text = json.dumps({"outcome": outcome, "steps": steps, "question": other, "kind": other})
    try:
        for step in steps_of_text(text, TOOLS, 30):
            assert step.skill in {spec.name for spec in SKILLS}
    except VlaError:
        pass  # with a code and a sentence: nothing else may come


@settings(max_examples=150)
@given(
    st.lists(
        st.binary(max_size=60) | st.sampled_from([b"data: ", b"\n\n", b'{"choices":[', b"]}"]),
        max_size=12,
    )
)
def test_any_bytes_are_an_answer_or_a_refusal(parts):
    assembler = Assembler(5)
    try:
        for part in parts:
            assembler.feed(part)
        assembler.finish()
    except (VlaError, CutStreamError):
        pass


def test_a_request_can_be_made_of_any_hostile_scene():
    """Labels, names and ids of any characters: the prompt is valid JSON, and nothing raises."""
    from vla_common.contracts.scene import Place, PlaceKind, Scene, SceneObject
    from vla_planner.llm import prompt as llm_prompt

    pick = random.Random(5)
    pool = 'aB3 _-\n\x00"<>\\{}\u202e\ud800é杯😀'
    for _ in range(200):
        word = lambda: "".join(pick.choice(pool) for _ in range(pick.randrange(40)))  # noqa: E731
        number = lambda: pick.choice([0.0, 1.5, math.nan, math.inf, -1e308])  # noqa: E731
        spot = (number(), number(), number())
        scene = Scene(
            (SceneObject(word(), word(), spot, word(), (word(), word()), place=word()),),
            (Place(word(), PlaceKind.AREA, spot, aliases=(word(),)),),
            number(),
            spot,
        )
        request = PlanRequest(word(), scene, SKILLS, True, word(), answers=((word(), word()),))
        prompt = llm_prompt.make(request)
        json.loads(prompt.data)
        sent = json.dumps(prompt.messages(PlannerConfig(), request, "tools"), ensure_ascii=False)
        sent.encode("utf-8")
        for item in prompt.data, json.dumps(prompt.tools.tools):
            assert "\x00" not in item and "\u202e" not in item
