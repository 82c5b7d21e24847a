# SPDX-License-Identifier: Apache-2.0
"""What becomes of what somebody said: an answer to the open question, a stop, or a command.

Only accepted final transcripts come here; what is accepted was decided where it was heard. Knows no ROS.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from typing import Protocol

from vla_bringup.commands.command_pipeline import Progress
from vla_bringup.commands.command_run import Command, CommandRun, Ending, ResultSink
from vla_common.contracts.outcomes import OK, Result
from vla_common.language.halt_phrases import is_halt_command as wants_rest

SOURCE = "voice"
STOP = "stop"


class Commands(Protocol):
    """The coordinator, as it is needed here."""

    @property
    def running(self) -> CommandRun | None: ...

    def ticket(self) -> int: ...

    def submit(
        self, command: Command, outlet: ResultSink, invalid: Result = OK, ticket: int | None = None
    ) -> None: ...

    def answer(
        self, trace_id: str, text: str, source: str, question_id: str, question: str = ""
    ) -> Result: ...


class VoiceOutlet:
    """A command that nobody waits for: its person hears of it through the feedback."""

    def start(self, job: Callable[[], Ending]) -> None:
        threading.Thread(target=job, name="voice command", daemon=True).start()

    def progress(self, progress: Progress) -> None:
        pass


class AskedQuestions:
    """Which question was open when somebody began to speak. Times in seconds of one clock."""

    def __init__(self) -> None:
        self._last = ("", 0.0)

    def asked(self, question_id: str, at_s: float) -> None:
        self._last = (question_id, at_s)

    def open_at(self, at_s: float) -> str:
        """Its id; empty when none had been asked by then. Whether it is still open is left to who takes the answer."""
        question_id, asked_s = self._last
        return question_id if at_s >= asked_s else ""


class VoiceCommands:
    """later: runs what may wait for the disk, one after the other."""

    def __init__(self, commands: Commands, later: Callable[[Callable[[], None]], object]) -> None:
        self._commands, self._later = commands, later

    def take(self, text: str, trace_id: str, is_stop: bool = False, question_id: str = "") -> None:
        """Does not wait. is_stop: the robot was already told to stop; this is for the record and the answer.

        question_id: of the question that was open when the person began to speak. Words from before a question are
        no answer to it.
        """
        commands = self._commands
        if is_stop:
            # Whatever word was configured for it, here it is called by its name.
            commands.submit(self._command(STOP, trace_id), VoiceOutlet())
            return
        running = commands.running
        if running is not None and running.question and question_id:
            if commands.answer(running.trace_id, text, SOURCE, question_id).ok:
                return
        ticket = commands.ticket()
        command = self._command(text, trace_id)
        if wants_rest(text):  # waits for nothing
            commands.submit(command, VoiceOutlet(), OK, ticket)
            return
        self._later(lambda: commands.submit(command, VoiceOutlet(), OK, ticket))

    def _command(self, text: str, trace_id: str) -> Command:
        return Command(key=uuid.uuid4().bytes, trace_id=trace_id, text=text, source=SOURCE)
