# SPDX-License-Identifier: Apache-2.0
"""`./vla plan`: its parameter file and model, complete JSON, and every encoding and byte."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from vla_bringup.cli import main as cli
from vla_bringup.cli import plan_command
from vla_common.contracts.outcomes import Code, VlaError

KEYS = {
    *(
        "command",
        "outcome",
        "steps",
        "summary",
        "planner",
        "notice",
        "question",
        "choices",
        "repairs",
    ),
    *("prompt_tokens", "completion_tokens"),
}


@pytest.fixture(autouse=True)
def no_model(monkeypatch, tmp_path):
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_KEY_FILE", "VLA_CONFIG_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ROS_HOME", str(tmp_path))


def planned(capsys, *words):
    code = cli.main(["plan", "--json", *words])
    return code, json.loads(capsys.readouterr().out)


def test_json_is_complete_whatever_comes_of_the_command(capsys):
    code, plan = planned(capsys, "turn left")
    assert code == 0 and set(plan) == KEYS
    assert plan["outcome"] == {"code": 0, "name": "OK", "message": ""}
    assert plan["planner"] == "rules" and plan["summary"].startswith("I will turn")
    code, asked = planned(capsys, "turn 90 degrees")
    assert code == 1 and set(asked) == KEYS
    assert asked["outcome"]["name"] == "AMBIGUOUS" and asked["question"] and asked["choices"]
    code, refused = planned(capsys, "colourless green ideas")
    assert code == 1 and set(refused) == KEYS
    assert refused["steps"] == [] and refused["outcome"]["name"] == "NOT_UNDERSTOOD"


def test_a_notice_and_the_planner_are_in_the_json(capsys, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")  # nobody is there
    code, plan = planned(capsys, "turn left")
    assert code == 0 and plan["planner"] == "rules"
    assert "127.0.0.1:9 can't be reached" in plan["notice"]


def test_the_parameter_file_is_read(tmp_path, monkeypatch, capsys):
    file = tmp_path / "my.yaml"
    file.write_text(
        "/**:\n  ros__parameters:\n    planner: {default_distance_m: 0.25}\n    llm: {model: mine, max_tokens: 77}\n"
    )
    monkeypatch.setenv("VLA_CONFIG_PATH", str(file))
    planner, llm = plan_command.configured(str(file))
    assert (planner.default_distance_m, llm.model, llm.max_tokens) == (0.25, "mine", 77)
    _, plan = planned(capsys, "move forward")
    assert plan["steps"][0]["arguments"]["distance"] == 0.25
    file.write_text("/**:\n  ros__parameters:\n    llm: {modell: mine}\n")
    with pytest.raises(VlaError) as caught:
        plan_command.configured(str(file))
    assert caught.value.code is Code.INVALID_CONFIG and "llm.model" in caught.value.message
    assert cli.main(["plan", "turn left"]) == 1 and "llm.modell" in capsys.readouterr().err


@pytest.mark.parametrize("words", [("--model", "x"), ("--planner", "openai")])
def test_a_model_that_was_asked_for_and_is_not_set_up_is_said(capsys, words):
    assert cli.main(["plan", "turn left", *words]) == 1
    out, errors = capsys.readouterr()
    assert out == "" and "PLANNER_UNAVAILABLE" in errors and "OPENAI_BASE_URL" in errors


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
@pytest.mark.parametrize("as_json", [False, True])
def test_output_survives_every_encoding_and_input_every_byte(encoding, as_json):
    paths = os.pathsep.join(p for p in sys.path if p)
    environ = {k: v for k, v in os.environ.items() if not k.startswith("OPENAI_")}
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "vla_bringup.cli.main",
            "plan",
            *(["--json"] if as_json else []),
            "-",
        ],
        input="größer\n日本\n".encode() + b"\xff\xfe\x1b[2J\n" + b"turn left\n",
        capture_output=True,
        env={**environ, "PYTHONIOENCODING": encoding, "PYTHONPATH": paths},
        timeout=120,
    )
    assert done.returncode == 1 and b"Traceback" not in done.stderr, done.stderr
    lines = done.stdout.decode(encoding).splitlines()
    if as_json:
        commands = [json.loads(line)["command"] for line in lines]
        assert len(commands) == 4 and commands[3] == "turn left"
        assert commands[0] == "größer" or encoding != "utf-8"
    else:
        assert "> turn left" in lines and "\x1b" not in done.stdout.decode(encoding)


def test_a_command_with_bytes_that_are_no_text_is_refused_and_not_a_trace(capsys):
    code, refused = planned(capsys, os.fsdecode(b"turn l\xe9ft"))
    assert code == 1 and refused["command"] == "turn l\ufffdft"
