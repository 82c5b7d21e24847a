# SPDX-License-Identifier: Apache-2.0
"""What becomes of what somebody said: a command, an answer, or a stop."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from vla_bringup.commands.voice_commands import AskedQuestions, VoiceCommands
from vla_common.contracts.outcomes import OK, Code, Result


class FakeCommands:
    def __init__(self, question: str = "", taken: Result = OK) -> None:
        asked = SimpleNamespace(question=question, question_id="q1", trace_id="running")
        self.running = asked if question else None
        self.taken = taken
        self.submitted, self.answers = [], []

    def ticket(self) -> int:
        return 7

    def submit(self, command, outlet, invalid=OK, ticket=None) -> None:
        self.submitted.append((command.text, command.source, command.trace_id, ticket))

    def answer(self, trace_id, text, source, question_id, question="") -> Result:
        self.answers.append((trace_id, text, source, question_id))
        return self.taken


def take(commands, *arguments):
    VoiceCommands(commands, lambda work: work()).take(*arguments)
    return commands


def test_words_become_a_command_with_their_trace():
    commands = take(FakeCommands(), "go home", "trace")
    assert commands.submitted == [("go home", "voice", "trace", 7)] and not commands.answers


def test_an_open_question_is_answered_and_nothing_else_happens():
    commands = take(FakeCommands("Which one?"), "the red one", "trace", False, "q1")
    assert commands.answers == [("running", "the red one", "voice", "q1")]
    assert not commands.submitted


def test_a_question_that_was_answered_meanwhile_makes_a_command_of_it():
    closed = Result(Code.INVALID_REQUEST, "That question is not open.")
    commands = take(FakeCommands("Which one?", closed), "go home", "trace", False, "q1")
    assert [entry[0] for entry in commands.submitted] == ["go home"]


def test_words_from_before_the_question_are_no_answer_to_it():
    commands = take(FakeCommands("Shall I do it?"), "yes", "trace", False, "")
    assert not commands.answers
    assert [entry[0] for entry in commands.submitted] == ["yes"]


@pytest.mark.parametrize(
    ("began_s", "answered"), [(9.9, ""), (0.0, ""), (10.0, "q1"), (12.0, "q1")]
)
def test_the_question_that_was_open_when_somebody_began_to_speak(began_s, answered):
    questions = AskedQuestions()
    questions.asked("q0", 5.0)
    questions.asked("q1", 10.0)
    assert questions.open_at(began_s) == answered


def test_before_anything_was_asked_nothing_is_answered():
    assert AskedQuestions().open_at(10.0) == ""


@pytest.mark.parametrize("question", ["", "Which one?"])
def test_a_stop_word_is_a_stop_whatever_it_is_called_and_whatever_is_asked(question):
    commands = take(FakeCommands(question), "alto", "trace", True)
    assert [entry[0] for entry in commands.submitted] == ["stop"] and not commands.answers


@pytest.mark.parametrize("text", ["stop right now", "emergency stop", "cancel that"])
def test_a_stop_does_not_wait_behind_what_waits_for_the_disk(text):
    commands, later = FakeCommands(), []
    VoiceCommands(commands, later.append).take(text, "trace")
    assert [entry[0] for entry in commands.submitted] == [text] and not later
