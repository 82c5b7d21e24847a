# SPDX-License-Identifier: Apache-2.0
"""`vla say`: give a command to the running system, watch it, answer its questions, cancel it with Ctrl-C."""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from vla_bringup.cli.plan_command import describe_step
from vla_bringup.client.ros.system_client import SystemClient, command_goal
from vla_bringup.commands.command_run import Policy
from vla_common.contracts.cancellation import CancelToken
from vla_common.contracts.outcomes import VlaError
from vla_common.language.foreign_text import MAX_PARAGRAPH, line
from vla_common.language.halt_phrases import Wish, wanted
from vla_common.machine.terminal import print_json
from vla_common.ros.conversions import outcome_from_msg, plan_from_msg


def main(arguments: argparse.Namespace) -> int:
    """Exit code 0 when the command was carried out, 1 when not. Errors: VlaError."""
    if not 0 <= arguments.priority <= 255:
        print("vla say: --priority has to be from 0 to 255.", file=sys.stderr)
        return 2
    goal = command_goal(
        arguments.command,
        dry_run=arguments.dry_run,
        confirmed=arguments.yes,
        priority=arguments.priority,
        policy=_policy(arguments),
    )
    token = CancelToken()
    # Whoever ends this, with Ctrl-C, kill or by closing the terminal, wants nothing to go on unseen.
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # On a thread: a signal handler must not take locks that the interrupted code may hold.
        signal.signal(ending, lambda *_: threading.Thread(target=token.cancel).start())
    stop_at_once(arguments.command, arguments.namespace)
    with SystemClient(arguments.namespace) as client:
        story = Story(client, quiet=arguments.json)
        result = client.execute(goal, story.tell, token)
    outcome = outcome_from_msg(result.outcome)
    if arguments.json:
        steps = [step.to_json() for step in plan_from_msg(result.plan).steps]
        report = {
            "command": arguments.command,
            "outcome": {"code": int(outcome.code), "message": outcome.message},
            "answer": result.answer,
            "steps": steps,
            "trace_id": result.trace_id,
        }
        print_json(report)
    else:
        for sentence in story.last_words(result.answer, outcome.message):
            print(line(sentence, MAX_PARAGRAPH))
    return 0 if outcome.ok else 1


def stop_at_once(command: str, namespace: str) -> None:
    """Words that stop go the way of `./vla stop` first, which takes milliseconds; the discovery of nodes takes seconds.

    The command goes on as usual, so that it is answered and on record; a stop twice is a stop.
    """
    script = Path(os.environ.get("VLA_ROOT", "")) / "vla"
    if wanted(command).wish is not Wish.REST or not script.is_file():
        return
    try:
        subprocess.Popen(
            [str(script), "stop", "--namespace", namespace],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        pass  # the usual way is still there


def _policy(arguments: argparse.Namespace) -> Policy:
    if arguments.replace:
        return Policy.REPLACE
    return Policy.REFUSE if arguments.refuse else Policy.DEFAULT


def _at_the_terminal() -> bool:
    """Whether somebody can type an answer: a process in the background would be stopped for trying to read."""
    if sys.stdin is None or not sys.stdin.isatty():
        return False
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except OSError:
        return False


class Questions:
    """Puts each question to whoever sits at the terminal and sends the answer; elsewhere says how to answer."""

    def __init__(
        self, client: SystemClient, out: Any = None, indent: str = "     ", shell: str = ""
    ) -> None:
        """shell: what another shell has to set to reach the system."""
        self._client = client
        self._shell = shell
        self._out = out
        self._indent = indent
        self._asked = ""

    def hear(self, message: Any) -> None:
        """One message of feedback."""
        if not message.question:
            self._asked = ""
        elif message.question_id != self._asked:
            self._asked = message.question_id
            self._ask(message)

    def _ask(self, message: Any) -> None:
        choices = f" ({', '.join(map(line, message.choices))})" if message.choices else ""
        terminal = _at_the_terminal()
        example = shlex.quote(line(message.choices[0])) if message.choices else "..."
        command = f"{self._shell}./vla answer --question {line(message.question_id)} {example}"
        hint = "" if terminal else f"  Answer with: {command}"
        out = self._out or sys.stdout
        question = line(message.question, MAX_PARAGRAPH)
        print(f"{self._indent}{question}{choices}{hint}", file=out, flush=True)
        if terminal:
            # Feedback goes on meanwhile, and so does the question's time limit.
            arguments = (message.trace_id, message.question_id)
            threading.Thread(target=self._read, args=arguments, daemon=True).start()

    def _read(self, trace_id: str, question_id: str) -> None:
        answer = sys.stdin.readline()
        while answer.isspace():  # an empty line is no answer
            answer = sys.stdin.readline()
        if not answer:
            return
        try:
            taken = self._client.answer(answer.strip(), trace_id, question_id=question_id)
        except VlaError as error:
            taken = error.result
        if not taken.ok:
            print(taken.message, file=sys.stderr)


class Story:
    """Prints the progress, each sentence once."""

    def __init__(self, client: SystemClient, quiet: bool) -> None:
        self._quiet = quiet
        self._said = ""
        self._end = ""
        self._questions = Questions(client, sys.stderr if quiet else None)

    def tell(self, message: Any) -> None:
        """One message of feedback."""
        self._questions.hear(message)
        if self._quiet or message.question:
            return
        for number, step in enumerate(plan_from_msg(message.plan).steps, 1):
            print("  " + describe_step(number, step.to_json()), flush=True)
        if message.progress >= 1.0:
            self._end = message.message  # the result may say the same once more
        elif message.message and message.message != self._said:
            self._said = message.message
            said = line(message.message, MAX_PARAGRAPH)
            print(f"{message.progress * 100:3.0f} %  {said}", flush=True)

    def last_words(self, answer: str, outcome: str) -> list[str]:
        """What is printed at the end: each sentence once, the outcome last."""
        end = outcome or "Done."
        before = (self._end, answer)
        return [*dict.fromkeys(text for text in before if text and text != end), end]
