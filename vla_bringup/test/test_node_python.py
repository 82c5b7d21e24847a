# SPDX-License-Identifier: Apache-2.0
"""What only the nodes' interpreter has is asked of that interpreter, not of the one that runs `ros2 launch`."""

import sys

import pytest

from vla_bringup.launching.ros import node_python


def script(folder, first_line):
    path = folder / "node"
    path.write_text(f"{first_line}\nimport sys\n")
    return path


def program(folder, text, name="python-of-the-nodes"):
    path = folder / name
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return str(path)


def test_the_first_line_of_a_script_names_its_interpreter(tmp_path, monkeypatch):
    other = program(tmp_path, "exit 0\n")
    assert node_python.interpreter_of(script(tmp_path, f"#!{other}")) == other
    assert node_python.interpreter_of(script(tmp_path, f"#!{other} -s")) == other
    monkeypatch.setenv("PATH", str(tmp_path))
    line = "#!/usr/bin/env -S python-of-the-nodes"
    assert node_python.interpreter_of(script(tmp_path, line)) == other


@pytest.mark.parametrize("line", ["", "#!", "#!/none/python", "import os"])
def test_without_one_it_is_this_interpreter(tmp_path, line):
    assert node_python.interpreter_of(script(tmp_path, line)) == sys.executable
    assert node_python.interpreter_of(tmp_path / "none") == sys.executable


def test_the_other_interpreter_is_asked(tmp_path):
    other = program(tmp_path, "echo a warning; echo '\"There is no microphone.\"'\n")
    assert node_python.ask(other, "any.module", "function") == "There is no microphone."


def test_it_really_runs_the_function_there(tmp_path):
    other = program(tmp_path, f'exec {sys.executable} "$@"\n')
    assert node_python.ask(other, "os.path", "basename", "/a/b c") == "b c"
    assert node_python.ask(sys.executable, "os.path", "basename", "/a/b") == "b"


@pytest.mark.parametrize(
    ("text", "words"),
    [("echo no module >&2; exit 1\n", "no module"), ("exit 0\n", "printed nothing")],
)
def test_one_that_can_not_answer_is_named(tmp_path, text, words):
    other = program(tmp_path, text)
    said = node_python.ask(other, "m", "f")
    assert words in said and other in said


def test_the_launch_file_asks_for_the_devices_in_this_way():
    from pathlib import Path

    text = (Path(__file__).parents[1] / "launch" / "vla_system.launch.py").read_text()
    assert "vla_speech.audio.devices import" not in text
    assert text.count("node_python.ask(") == 1
