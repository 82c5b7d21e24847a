# SPDX-License-Identifier: Apache-2.0
"""What `./vla say` prints: each sentence once, and the outcome last."""

import time

import pytest
from vla_interfaces.action import ExecuteCommand

from vla_bringup.cli.ros.say_command import Story, stop_at_once
from vla_bringup.client.ros.system_client import check_namespace
from vla_common.contracts.outcomes import VlaError


def message(text, progress):
    return ExecuteCommand.Feedback(message=text, progress=progress)


@pytest.mark.parametrize(
    ("last", "answer", "outcome", "printed"),
    [
        ("The drive would be too far.", "", "The drive would be too far.", 1),
        ("I have the cup.", "", "", 2),
        ("I see a cup.", "I see a cup.", "", 2),
        ("", "I see a cup.", "", 2),
        ("", "", "", 1),
    ],
)
def test_each_sentence_is_printed_once(capsys, last, answer, outcome, printed):
    story = Story(None, quiet=False)
    story.tell(message("Looking.", 0.2))
    story.tell(message(last, 1.0))
    shown = capsys.readouterr().out
    assert "Looking." in shown and "100 %" not in shown
    words = story.last_words(answer, outcome)
    assert words[-1] == (outcome or "Done.")
    assert len(words) == len(set(words)) == printed


@pytest.mark.parametrize(
    ("command", "stops"), [("please stop right now", True), ("turn left", False)]
)
def test_words_that_stop_take_the_way_without_discovery(tmp_path, monkeypatch, command, stops):
    told = tmp_path / "told"
    script = tmp_path / "vla"
    script.write_text(f'#!/bin/sh\necho "$@" > {told}.new && mv {told}.new {told}\n')
    script.chmod(0o755)
    monkeypatch.setenv("VLA_ROOT", str(tmp_path))
    stop_at_once(command, "robot_2")
    deadline_s = time.monotonic() + 20.0
    while stops and not told.exists() and time.monotonic() < deadline_s:
        time.sleep(0.01)
    assert told.exists() is stops
    if stops:
        assert told.read_text() == "stop --namespace robot_2\n"


@pytest.mark.parametrize("namespace", ["bad name!", "a//b", "1a", "a/", "x\n"])
def test_what_is_no_namespace_is_a_sentence(namespace):
    with pytest.raises(VlaError, match="no namespace"):
        check_namespace(namespace)


def test_usual_namespaces_pass():
    for namespace in ("", "/", "vla", "/vla", "a/b_2"):
        check_namespace(namespace)
