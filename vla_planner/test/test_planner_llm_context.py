# SPDX-License-Identifier: Apache-2.0
"""What a model takes in: overflows in the words of many servers, less detail, cut off answers, names of models."""

from __future__ import annotations

import json
import math

import pytest

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.scene import Scene
from vla_common.contracts.skills import Step
from vla_planner.config import LlmConfig, PlannerConfig
from vla_planner.core.backend import PlanRequest
from vla_planner.llm import prompt
from vla_planner.llm.context import ContextSize, Overflow, model_names, overflow, told_limit
from vla_planner.llm.openai_backend import OpenAiBackend
from vla_planner.llm.tools import BOUNDS, build, without_bounds
from vla_planner.llm.transport.traits import ServerTraits
from vla_testing.planner.fake_openai import FakeOpenAi, calls, delta, error, events, plan_text, text
from vla_testing.planner.fixtures import PLACES, SKILLS, seen

GO = ("go_to", {"place": "table"})
CROWD = Scene(
    tuple(seen(f"thing_{n}", "cup" if n else "spoon", "red", "table") for n in range(60)),
    PLACES,
)


@pytest.fixture
def make(tmp_path, monkeypatch):
    monkeypatch.setenv("ROS_HOME", str(tmp_path))
    made = []

    def backend(server, **llm):
        config = LlmConfig(**{"timeout_s": 20.0, "rest_s": 0.0, **llm})
        environ = {"OPENAI_BASE_URL": server.url, "ROS_HOME": str(tmp_path)}
        made.append(
            OpenAiBackend(PlannerConfig(timeout_s=60.0), config, environ, jitter=lambda: 0.0)
        )
        return made[-1]

    yield backend
    for backend_ in made:
        backend_.close()


def ask(backend, command="bring me the spoon", scene=CROWD):
    return backend.propose(PlanRequest(command, scene, SKILLS))


def refusal(backend, **more):
    with pytest.raises(VlaError) as caught:
        ask(backend, **more)
    assert caught.value.message.endswith(".") and caught.value.message.isprintable()
    return caught.value


TEXTS = [
    ("This model's maximum context length is 4096 tokens. However, you requested 4612 tokens (4112 in the "
     "messages, 500 in the completion). Please reduce the length of the messages or completion.", 4096, 4112),
    ("context_length_exceeded This model's maximum context length is 8192 tokens. However, your messages resulted in "
     "9001 tokens. Please reduce the length of the messages.", 8192, 9001),
    ("'max_tokens' or 'max_completion_tokens' is too large: 500. This model's maximum context length is 4096 tokens "
     "and your request has 4000 input tokens (500 > 4096 - 4000).", 4096, 4000),
    ("the request exceeds the available context size. try increasing the context size or enable context shift", 0, 0),
    ("request (4411 tokens) exceeds the available context size (4096 tokens), try increasing it", 4096, 4411),
    ("the request exceeds the available context size, try increasing it n_ctx 4096 n_prompt_tokens 4411", 4096, 4411),
    ("exceed_context_size_error", 0, 0),
    ("input length exceeds maximum context length", 0, 0),
    ("the input length exceeds the context length", 0, 0),
    ("Trying to keep the first 4411 tokens when context the overflows. However, the model is loaded with context "
     "length of only 4096 tokens, which is not enough.", 4096, 4411),
    ("Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 4411 `inputs` tokens and 500 "
     "`max_new_tokens`", 4096, 4411),
    ("Prompt contains 4411 tokens and 0 draft tokens, too large for model with 4096 maximum context length",
     4096, 4411),
    ("The input (4411 tokens) is longer than the model's context length (4096 tokens).", 4096, 4411),
    ("Requested token count exceeds the model's maximum context length of 4096 tokens.", 4096, 0),
    ("prompt is too long: 4411 tokens > 4096 maximum", 0, 0),
]  # fmt: skip


@pytest.mark.parametrize(("words", "limit", "asked"), TEXTS)
def test_an_overflow_is_known_by_the_words_of_many_servers(words, limit, asked):
    assert overflow(400, words) == Overflow(limit, asked)
    assert overflow(401, words) is None


@pytest.mark.parametrize(
    "words",
    [
        "", "tools is not supported", "max_tokens is too large: the maximum is 4096", "response_format: unknown schema",
        "temperature must be at most 1", "model 'x' not found", "invalid JSON schema: maxLength is not permitted",
        "The request was in the context of a closed account",
    ],
)  # fmt: skip
def test_other_refusals_are_no_overflow(words):
    assert overflow(400, words) is None


def test_what_servers_say_of_themselves():
    assert told_limit({"data": [{"id": "x", "max_model_len": 4096}]}, None, "y") == 4096
    two = {"data": [{"id": "x", "context_length": 1024}, {"id": "y", "context_length": 2048}]}
    assert told_limit(two, None, "y") == 2048 and told_limit(two, None, "z") == 0
    assert told_limit(None, {"default_generation_settings": {"n_ctx": 8192}}, "") == 8192
    for odd in (
        5,
        [],
        {"data": 5},
        {"data": [5, {"id": 5}]},
        {"data": [{"max_model_len": -1}]},
        {"data": [{"max_model_len": True}]},
    ):
        assert told_limit(odd, odd, "x") == 0
        assert model_names(odd) == []
    assert model_names(two) == ["x", "y"]


def test_a_limit_only_shrinks_and_a_silly_one_is_passed_over():
    size = ContextSize(8192)
    for limit in (0, -5, 10, 10**12, 9000):
        size.learn(limit)
        assert size.tokens == 8192
    size.learn(4096)
    assert size.tokens == 4096
    assert size.answer(500) == 500 and size.answer(5000) == 1365
    assert size.fits(3596, 500) and not size.fits(3597, 500)
    unknown = ContextSize(0)
    assert unknown.fits(math.inf, 500) and unknown.answer(500) == 500
    unknown.too_much(0)
    assert unknown.detail == 1


LLAMA = "request ({n} tokens) exceeds the available context size ({limit} tokens)"


def small(limit, text=LLAMA):
    """A server whose model takes in so many tokens, of three bytes each."""

    def model(body):
        tokens = len(json.dumps(body, ensure_ascii=False).encode()) // 3
        if tokens > limit:
            return error(400, text.format(n=tokens, limit=limit))
        return calls(GO, usage={"prompt_tokens": tokens, "completion_tokens": 9})

    return model


def objects_in(body):
    data = body["messages"][1]["content"].split("<<<DATA\n")[1].split("\nDATA>>>")[0]
    return json.loads(data)["objects"]


@pytest.mark.parametrize("words", [LLAMA, "input length exceeds maximum context length"])
def test_a_prompt_that_is_too_long_is_told_with_less_and_that_is_remembered(make, words):
    with FakeOpenAi(small(7000, words)) as server:
        backend = make(server)
        for _ in range(3):
            assert ask(backend).steps == (Step("go_to", {"place": "table"}),)
        told = [len(objects_in(body)) for body in server.bodies]
        assert told[0] == 60 and max(told[-2:]) < 60
        assert len(server.bodies) <= 6
        assert "thing_0" in {
            item["id"] for item in objects_in(server.bodies[-1])
        }  # the spoon, which was named


def test_a_context_that_is_known_is_never_overrun(make):
    with FakeOpenAi(small(7500)) as server:
        assert ask(make(server, context_tokens=7500)).steps
        assert len(server.bodies) == 1 and len(objects_in(server.bodies[0])) < 60


def test_a_server_is_asked_for_its_context_where_the_error_does_not_say(make):
    about = {"/v1/models": {"data": [{"id": "m", "max_model_len": 7000}]}}
    with FakeOpenAi(
        small(7000, "the request exceeds the available context size"), about=about
    ) as server:
        backend = make(server)
        assert ask(backend).steps
        assert server.looked == ["/v1/models", "/props"]
        assert backend._context.tokens == 7000


@pytest.mark.parametrize("words", [LLAMA, "input length exceeds maximum context length"])
@pytest.mark.parametrize("known", [0, 4096])
def test_where_functions_do_not_fit_a_schema_may(make, words, known):
    """As on llama.cpp with 4096 tokens: the schema is no part of what the model is told."""

    def model(body):
        told = {key: body[key] for key in ("messages", "tools") if key in body}
        tokens = len(json.dumps(told, ensure_ascii=False).encode()) // 3
        if tokens > 4096:
            return error(400, words.format(n=tokens, limit=4096))
        return plan_text(GO, usage={"prompt_tokens": tokens, "completion_tokens": 9})

    with FakeOpenAi(model) as server:
        backend = make(server, context_tokens=known)
        for _ in range(2):
            assert ask(backend).steps
        assert server.bodies[-1]["response_format"]["type"] == "json_schema"
        assert len(server.bodies) <= 7


def test_without_functions_and_schema_the_skills_are_told_in_words():
    request = PlanRequest("bring me the spoon", CROWD, SKILLS)
    made = prompt.make(request, prompt.DETAILS[-1])
    (system, _) = made.messages(PlannerConfig(), request, "json_object", brief=True)
    assert len(system["content"]) < 9_000
    for name, function in made.tools.functions.items():
        assert f"- {name}: " in system["content"]
        for key in function.parameters:
            assert f"{key} (" in system["content"]


def test_what_never_fits_is_said_with_what_would_help(make):
    with FakeOpenAi(small(512)) as server:
        caught = refusal(make(server))
        assert caught.code is Code.PLANNER_UNAVAILABLE
        for words in ("512", "tokens", "larger context", "--ctx-size", "--max-model-len"):
            assert words in caught.message
        assert len(server.bodies) <= 2 * len(prompt.DETAILS)


def test_each_detail_is_shorter_than_the_one_before_and_has_the_same_functions():
    request = PlanRequest("bring me the spoon", CROWD, SKILLS)
    made = [prompt.make(request, detail) for detail in prompt.DETAILS]
    sizes = [
        len(json.dumps([p.messages(PlannerConfig(), request, "tools"), p.tools.tools]))
        for p in made
    ]
    assert sizes == sorted(sizes, reverse=True) and len(set(sizes)) == len(sizes)
    assert len({tuple(p.tools.functions) for p in made}) == 1
    assert json.loads(made[-1].data)["objects_left_out"] == 55
    assert "objects_left_out" not in json.loads(made[0].data)


# --- answers without an end -------------------------------------------------------------------------


def used(tokens):
    return {"prompt_tokens": 900, "completion_tokens": tokens}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (text("{", finish="length", usage=used(500)), "cut off at 500 tokens ('llm.max_tokens')."),
        (text("{", finish="length", usage=used(240)), "cut off at 240 tokens by the limits of its server"),
        (text("{", finish="length", usage=None), "cut off before its end; it may have 500 tokens"),
        (events(delta(reasoning_content="hm " * 50), delta(finish="length"), usage=used(500)),
         "most of them were thoughts"),
    ],
)  # fmt: skip
def test_a_cut_off_answer_tells_the_true_number(make, answer, words):
    with FakeOpenAi(answer) as server:
        assert words in refusal(make(server)).message


def test_cut_off_answers_make_auto_go_on(make):
    def model(body):
        form = body.get("response_format", {}).get("type")
        return plan_text(GO) if form == "json_object" else text('{"outcome', finish="length")

    with FakeOpenAi(model) as server:
        backend = make(server)
        for _ in range(2):
            assert "cut off" in refusal(backend).message
        assert ask(backend).steps and ask(backend).steps


def test_when_no_mode_ends_the_first_is_tried_again():
    traits = ServerTraits("auto")
    seen_modes = []
    for _ in range(4):
        seen_modes.append(traits.mode)
        traits.cut_off(traits.mode)
    assert seen_modes == ["tools", "json_schema", "json_object", "tools"]
    fixed = ServerTraits("tools")
    fixed.cut_off("tools")
    assert fixed.mode == "tools"


# --- a schema with an end ---------------------------------------------------------------------------


def endless_parts(schema, path="plan"):
    """Texts, lists and numbers without a bound."""
    if isinstance(schema, list):
        return [
            found for n, item in enumerate(schema) for found in endless_parts(item, f"{path}[{n}]")
        ]
    if not isinstance(schema, dict):
        return []
    kind, found = schema.get("type"), []
    if kind == "string" and "enum" not in schema and "maxLength" not in schema:
        found.append(path)
    if kind == "array" and "maxItems" not in schema:
        found.append(path)
    if kind in ("number", "integer") and not {"minimum", "maximum"} <= set(schema):
        found.append(path)
    for key in ("properties", "$defs"):
        for name, item in schema.get(key, {}).items():
            found += endless_parts(item, f"{path}.{name}")
    for key in ("items", "anyOf"):
        found += endless_parts(schema.get(key), path)
    return found


def test_nothing_in_the_schemas_is_without_an_end():
    tools = build(SKILLS, [place.name for place in PLACES], 7)
    assert endless_parts(tools.plan_schema) == []
    for tool in tools.tools:
        assert endless_parts(tool["function"]["parameters"], tool["function"]["name"]) == []
    assert tools.plan_schema["properties"]["steps"]["maxItems"] == 7
    plain = json.dumps(without_bounds(tools.plan_schema))
    assert not any(f'"{key}"' in plain for key in BOUNDS)
    odd = {"properties": {"minimum": {"type": "number", "minimum": 3}}, "required": ["minimum"]}
    assert without_bounds(odd) == {
        "properties": {"minimum": {"type": "number"}},
        "required": ["minimum"],
    }


def test_a_server_that_takes_no_bounds_gets_the_schema_without(make):
    def model(body):
        if '"maxLength"' in json.dumps(body):
            return error(
                400,
                "Invalid schema for response_format 'plan': 'maxLength' is not permitted.",
                "response_format",
            )
        return plan_text(GO)

    with FakeOpenAi(model) as server:
        backend = make(server, mode="auto")
        backend._traits._mode = "json_schema"
        assert ask(backend).steps and ask(backend).steps
        assert len(server.bodies) == 3
        assert server.bodies[-1]["response_format"]["type"] == "json_schema"


# --- names of models --------------------------------------------------------------------------------

MODELS = {"/v1/models": {"data": [{"id": "qwen3:4b"}, {"id": "llama3\x1b[2J"}]}}


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (404, 'model "nothing-such" not found, try pulling it first'),
        (404, "The model `nothing-such` does not exist."),
        (400, "nothing-such is not a valid model ID"),
        (400, "model_not_found"),
        (404, "model 'tools-nothing-such' not found"),
    ],
)
def test_a_name_that_the_server_does_not_know_is_told_with_those_it_has(make, status, words):
    with FakeOpenAi(error(status, words), about=MODELS) as server:
        caught = refusal(
            make(server, model="tools-nothing-such" if "tools" in words else "nothing-such")
        )
        assert caught.code is Code.PLANNER_UNAVAILABLE
        for part in ("nothing-such", "'qwen3:4b'", "'llama3[2J'", "--model"):
            assert part in caught.message
        assert len(server.bodies) == 1


@pytest.mark.parametrize("about", [{}, {"/v1/models": {"data": [{"id": "gpt-4-turbo"}]}}])
def test_without_a_list_that_helps_the_sentence_is_as_before(make, about):
    with FakeOpenAi(error(404, "nothing here"), about=about) as server:
        assert "or the address is wrong" in refusal(make(server)).message


def test_many_names_are_cut(make):
    about = {"/v1/models": {"data": [{"id": f"m{n}"} for n in range(500)]}}
    with FakeOpenAi(error(404, "model not found"), about=about) as server:
        message = refusal(make(server)).message
        assert "'m7' and 492 more" in message and len(message) < 400
