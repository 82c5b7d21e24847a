# SPDX-License-Identifier: Apache-2.0
"""`vla demo`: one command from a cold start to a verdict by the simulator's ground truth."""

from __future__ import annotations

import argparse
import os
import queue
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vla_interfaces.action import ExecuteCommand
from vla_interfaces.msg import ExecutionState, SystemStatus

from vla_bringup.cli import demo_filmstrip
from vla_bringup.cli.plan_command import describe_step
from vla_bringup.cli.ros.say_command import Questions
from vla_bringup.cli.verdict import Check, Truth, judge
from vla_bringup.client.system_process import SystemProcess, own_domain, run_folder
from vla_bringup.commands.command_pipeline import CommandPhase
from vla_common.contracts.outcomes import Code, Result, VlaError
from vla_common.contracts.skills import Plan
from vla_common.language.foreign_text import MAX_PARAGRAPH, line
from vla_common.machine.terminal import print_json
from vla_common.ros.conversions import outcome_from_msg, plan_from_msg
from vla_common.ros.qos import LATCHED

DEFAULT_COMMAND = "Go to the table, find a red object, and pick it up"
START_TIMEOUT_S = 90.0
COMMAND_TIMEOUT_S = 600.0
PICTURE_TIMEOUT_S = 1.5
HEARING_TIMEOUT_S = 60.0
READY = (SystemStatus.IDLE, SystemStatus.DEGRADED)
CAPTIONS = {"go_to": "arrived", "find": "found"}
"""Steps whose end is worth a picture; the hand tells the rest."""


@dataclass
class DemoReport:
    """How one demo went. ok: by ground truth. Times in seconds."""

    command: str
    seed: int
    ok: bool
    outcome: Result
    checks: list[Check]
    started_s: float
    command_s: float
    exit_code: int
    folder: str
    heard: str = ""
    confidence: float = 0.0
    answer: str = ""

    def to_json(self) -> dict[str, Any]:
        return {
            **asdict(self),
            "outcome": {"code": int(self.outcome.code), "message": self.outcome.message},
        }


class Demo:
    """Prints as it goes; `quiet` only collects."""

    def __init__(
        self,
        command: str,
        seed: int,
        speed: float,
        world: str,
        pictures: bool,
        quiet: bool,
        voice: bool = False,
    ) -> None:
        """voice: the command is spoken, by espeak-ng into a file that takes the place of the microphone."""
        self.command = command
        self.voice = voice
        self.seed = seed
        self.arguments = {
            "seed": str(seed),
            "speed": f"{speed:g}" if speed != 1.0 else "",
            "world": world,
        }
        self.pictures = pictures
        self.quiet = quiet
        self.folder = run_folder("demo")
        self._begin = time.monotonic()

    def run(self) -> DemoReport:
        domain = own_domain()
        os.environ["ROS_DOMAIN_ID"] = str(domain)
        from vla_bringup.client.ros.system_client import SystemClient

        self._say(
            f"Starting the system with the simulator (world {self.seed}, ROS domain {domain}) ..."
        )
        report = DemoReport(
            self.command,
            self.seed,
            False,
            Result(Code.NOT_READY, "Not started."),
            [],
            0.0,
            0.0,
            -1,
            str(self.folder),
        )
        if self.voice:
            from vla_bringup.client.ros.spoken_command_client import write_command

            sound = self.folder / "command.wav"
            try:
                write_command(self.command, sound)
            except VlaError as error:
                report.outcome = error.result
                self._say(str(error))
                return report
            self.arguments |= {"speech": "true", "audio_file": str(sound)}
        process = SystemProcess(self.arguments, self.folder / "launch.log", domain)
        try:
            with SystemClient() as client:
                status = client.wait_for_status(
                    lambda s: s.state in READY, START_TIMEOUT_S, process.ended
                )
                report.started_s = time.monotonic() - self._begin
                if status is None:
                    report.outcome = Result(Code.NOT_READY, "The system did not get ready.")
                    self._say(
                        f"The system did not get ready. The end of its log:\n{process.log_tail()}"
                    )
                else:
                    self._say(f"{status.message}")
                    self._spoken(client, report) if self.voice else self._command(client, report)
        except VlaError as error:
            report.outcome = error.result
            self._say(f"{error}\nThe end of the log:\n{process.log_tail()}")
        finally:
            report.exit_code = process.end()
        if report.exit_code != 0:
            report.checks.append(
                Check("the system ends cleanly", False, f"exit code {report.exit_code}")
            )
            report.ok = False
        return report

    def _command(self, client: Any, report: DemoReport) -> None:
        from vla_bringup.client.ros.truth_client import truth_from_msg

        album = _Album(client) if self.pictures else None
        before = truth_from_msg(client.ground_truth())
        if album:
            album.take("start")
        self._say(f'Command: "{self.command}"')
        steps: list[Any] = []
        seen: dict[str, Any] = {"step": 0, "message": ""}

        shell = f"ROS_DOMAIN_ID={os.environ['ROS_DOMAIN_ID']} "
        questions = Questions(client, sys.stderr if self.quiet else None, " " * 13, shell)

        def on_feedback(message: ExecuteCommand.Feedback) -> None:
            questions.hear(message)
            if message.question:
                return
            if message.plan.steps and not steps:
                plan = plan_from_msg(message.plan)
                steps.extend(plan.steps)
                self._show_plan(plan)
            for step in steps[seen["step"] : message.step_index]:
                if album and step.skill in CAPTIONS:
                    album.take_later(CAPTIONS[step.skill])
            seen["step"] = max(seen["step"], message.step_index)
            if message.message and message.message != seen["message"]:
                seen["message"] = message.message
                where = (
                    f"[{message.step_index + 1}/{message.step_count}] "
                    if message.stage == CommandPhase.EXECUTING
                    else ""
                )
                self._say(f"  {where}{line(message.message, MAX_PARAGRAPH)}")

        mark = time.monotonic()
        goal = ExecuteCommand.Goal(command=self.command, source="demo")
        result = client.execute(goal, on_feedback, timeout_s=COMMAND_TIMEOUT_S)
        report.command_s = time.monotonic() - mark
        report.outcome = outcome_from_msg(result.outcome)
        for record in result.results:
            mark_text = "verified" if record.verified else "not verified"
            outcome = outcome_from_msg(record.outcome)
            self._say(f"  step {record.index + 1} {record.skill}: {outcome.code.name}, {mark_text}")
        report.answer = result.answer
        if report.answer:
            self._say(f"  The answer: {report.answer}")
        self._judge(client, report, plan_from_msg(result.plan), before, album)

    def _spoken(self, client: Any, report: DemoReport) -> None:
        """The same, heard: the system takes the command from the transcript, nobody hands it over."""
        from vla_bringup.client.ros.spoken_command_client import SpokenCommand
        from vla_bringup.client.ros.truth_client import truth_from_msg

        shell = f"ROS_DOMAIN_ID={os.environ['ROS_DOMAIN_ID']} "

        def on_message(text: str, is_question: bool) -> None:
            hint = f"  Answer with: {shell}./vla answer ..." if is_question else ""
            self._say(f"  {text}{hint}")

        album = _Album(client) if self.pictures else None
        spoken = SpokenCommand(
            client, on_message, self._show_plan, lambda heard: self._say(f"Heard:  {heard}")
        )
        before = truth_from_msg(client.ground_truth())
        if album:
            album.take("start")
        self._say(f'Spoken: "{self.command}" ({self.folder / "command.wav"})')
        mark = time.monotonic()
        heard = spoken.wait_heard(HEARING_TIMEOUT_S)
        report.heard, report.confidence = heard.text, heard.confidence
        if not heard.result.ok:
            report.outcome = heard.result
            self._say(f"It is not carried out: {heard.result}")
            return
        report.outcome = spoken.wait_end(COMMAND_TIMEOUT_S)
        report.command_s = time.monotonic() - mark
        self._judge(client, report, spoken.plan or Plan(""), before, album)

    def _show_plan(self, plan: Plan) -> None:
        lines = [f"Plan by '{plan.planner}':"]
        for number, step in enumerate(plan.steps, 1):
            lines.append(" " * 13 + describe_step(number, step.to_json()))
        self._say("\n".join(lines))

    def _judge(
        self, client: Any, report: DemoReport, plan: Plan, before: Truth, album: _Album | None
    ) -> None:
        """What the system says, and what ground truth says of it."""
        from vla_bringup.client.ros.truth_client import truth_from_msg

        if album:
            album.take_later("end")
            album.save(self.folder / "strip.png")
        after = truth_from_msg(client.ground_truth())
        self._say(f"The system says: {report.outcome if not report.outcome.ok else 'done'}")
        report.checks = judge(plan.steps, before, after)
        report.ok = (
            report.outcome.ok and bool(plan.steps) and all(check.ok for check in report.checks)
        )

    def _say(self, text: str) -> None:
        """Called by several threads: one write for each, so that lines stay whole."""
        if not self.quiet:
            sys.stdout.write(f"[{time.monotonic() - self._begin:6.1f} s] {text}\n")
            sys.stdout.flush()


class _Album:
    """Collects the moments of the strip on a thread of its own, so that feedback is not held up."""

    def __init__(self, client: Any) -> None:
        from rclpy.callback_groups import MutuallyExclusiveCallbackGroup

        from vla_bringup.client.ros.image_client import NewestImage

        self._view = NewestImage(client.node, "annotated_image", client.group)
        self._room = NewestImage(client.node, "sim/overview/image_raw", client.group)
        self._moments: list[demo_filmstrip.Moment] = []
        self._captions: queue.Queue[str | None] = queue.Queue()
        self._holding = False
        # One at a time, in the order in which they were sent.
        client.node.create_subscription(
            ExecutionState,
            "execution_state",
            self._on_state,
            LATCHED,
            callback_group=MutuallyExclusiveCallbackGroup(),
        )
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _on_state(self, message: ExecutionState) -> None:
        if message.holding != self._holding:
            self._holding = message.holding
            self.take_later("grasped" if message.holding else "released")

    def take(self, caption: str) -> None:
        view = self._view.take(PICTURE_TIMEOUT_S)
        self._moments.append(
            demo_filmstrip.Moment(caption, view, self._room.take(PICTURE_TIMEOUT_S))
        )

    def take_later(self, caption: str) -> None:
        self._captions.put(caption)

    def save(self, path: Path) -> None:
        self._captions.put(None)
        self._thread.join(30.0)
        if any(moment.view is not None or moment.room is not None for moment in self._moments):
            demo_filmstrip.save(self._moments, path)

    def _work(self) -> None:
        while (caption := self._captions.get()) is not None:
            self.take(caption)


def main(arguments: argparse.Namespace) -> int:
    """Exit code 0 only when ground truth agrees with every check."""
    demo = Demo(
        arguments.command or DEFAULT_COMMAND,
        arguments.seed,
        arguments.speed,
        arguments.world,
        pictures=not arguments.no_pictures,
        quiet=arguments.json,
        voice=arguments.voice,
    )
    report = demo.run()
    if arguments.json:
        print_json(report.to_json())
        return 0 if report.ok else 1
    print("\nVerdict by the simulator's ground truth:")
    for check in report.checks:
        print(f"  {'yes' if check.ok else 'NO '}  {check.what} ({check.found})")
    if not report.outcome.ok:
        print(f"  NO   the command was carried out ({report.outcome})")
    picture = demo.folder / "strip.png"
    if picture.is_file():
        print(f"Pictures: {picture}")
    print("Success." if report.ok else f"Failed. Log: {demo.folder / 'launch.log'}")
    sys.stdout.flush()
    return 0 if report.ok else 1
