# SPDX-License-Identifier: Apache-2.0
"""The command-line tool behind ./vla: talks to the running system, or starts one of its own."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from vla_common.contracts.outcomes import VlaError
from vla_common.language.foreign_text import line, whole
from vla_common.machine.private_files import be_private
from vla_common.machine.terminal import print_json, tool

MANAGE = ("startup", "pause", "resume", "reset", "shutdown", "cancel")


@tool
def main(argv: list[str] | None = None) -> int:
    """Exit codes: 0 done, 1 the answer is no, 2 wrong arguments, 130 interrupted."""
    arguments = _parser().parse_args(argv)
    for words in ("command", "answer"):
        # A byte that is no UTF-8 comes as half a character, which no message can hold.
        given = getattr(arguments, words, None)
        if isinstance(given, str):
            setattr(arguments, words, whole(given))
        elif isinstance(given, list):
            setattr(arguments, words, list(map(whole, given)))
    try:
        return int(arguments.run(arguments))
    except VlaError as error:
        if getattr(arguments, "json", False):
            print_json({"outcome": error_to_json(error)})
        else:
            print(f"{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader has gone; nothing is left to tell, also not while Python closes standard output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def error_to_json(error: VlaError) -> dict[str, Any]:
    return {"code": int(error.code), "name": error.code.name, "message": error.message}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="vla")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    demo = verbs.add_parser(
        "demo", help="start everything, carry out one command, judge by ground truth"
    )
    demo.add_argument("command", nargs="?", default="", help="what the robot is to do")
    demo.add_argument(
        "--seed", type=int, default=0, help="seed of the simulator's world (default 0)"
    )
    demo.add_argument("--world", default="", help="world file instead of a random world")
    demo.add_argument(
        "--speed", type=float, default=1.0, help="simulated seconds per second (default 1)"
    )
    demo.add_argument(
        "--voice",
        action="store_true",
        help="speak the command: synthesised, then heard through the audio source and the recogniser",
    )
    demo.add_argument("--no-pictures", action="store_true", help="save no picture strip")
    demo.add_argument(
        "--json", action="store_true", help="print one JSON object instead of the story"
    )
    demo.set_defaults(run=_demo)

    say = verbs.add_parser("say", help="give a command to the running system")
    say.add_argument("command")
    say.add_argument("--json", action="store_true", help="print the result as one JSON object")
    say.add_argument("--dry-run", action="store_true", help="plan and check only, nothing moves")
    say.add_argument("--yes", action="store_true", help="agree beforehand to steps that need it")
    say.add_argument(
        "--priority", type=int, default=0, metavar="0..255", help="higher runs first (default 0)"
    )
    policy = say.add_mutually_exclusive_group()
    policy.add_argument(
        "--replace", action="store_true", help="end whatever runs or waits, then run this"
    )
    policy.add_argument(
        "--refuse", action="store_true", help="do nothing when something runs or waits"
    )
    say.set_defaults(run=_say)

    answer = verbs.add_parser("answer", help="answer what the system asks, such as: yes")
    answer.add_argument("answer", help="where agreement is asked for, only a clear yes is one")
    answer.add_argument(
        "--question",
        default="",
        metavar="ID",
        help="which question, as `vla say` and `vla status` show it (default: the one that is open now)",
    )
    answer.add_argument("--json", action="store_true", help="print one JSON object")
    answer.set_defaults(run=_answer)

    manage = verbs.add_parser("manage", help="bring the system up or down, or hold it")
    manage.add_argument("request", choices=MANAGE, help="cancel: end every command")
    manage.add_argument("--json", action="store_true", help="print one JSON object")
    manage.set_defaults(run=_manage)

    plan = verbs.add_parser("plan", help="plan without any ROS process")
    plan.add_argument(
        "command", help="the command; - reads commands from standard input, one a line"
    )
    plan.add_argument("--json", action="store_true", help="one JSON object a line")
    plan.add_argument(
        "--world", default="", metavar="FILE", help="world file whose places and objects are known"
    )
    plan.add_argument(
        "--answer",
        action="append",
        metavar="TEXT",
        help="answer to a question that the command leaves open; once for each question",
    )
    plan.add_argument(
        "--planner",
        choices=("openai", "rules"),
        help="ask only this one (default: the language model where one is set up, else the grammar)",
    )
    plan.add_argument(
        "--model",
        default="",
        metavar="NAME",
        help="ask this language model (default: llm.model of the parameter file that VLA_CONFIG_PATH names)",
    )
    plan.set_defaults(run=_plan)

    for name, run, text in (
        ("stop", _stop, "stop all motion at once"),
        ("reset", _reset, "lift a stop"),
        ("status", _status, "what the running system is doing"),
    ):
        verb = verbs.add_parser(name, help=text)
        verb.add_argument("--json", action="store_true", help="print one JSON object")
        verb.set_defaults(run=run)
    verbs.choices["status"].add_argument(
        "--watch", action="store_true", help="print it again every second until Ctrl-C"
    )
    history = verbs.add_parser(
        "history", help="what the robot was asked to do and what became of it"
    )
    history.add_argument(
        "trace_id",
        nargs="?",
        default="",
        help="everything about this command; its beginning is enough",
    )
    history.add_argument("--limit", type=_count, default=20, help="how many (default 20)")
    history.add_argument("--failed", action="store_true", help="those that did not end with OK")
    history.add_argument(
        "--since", default="", metavar="TIME", help="30min, 2h, 3d, or a date such as 2026-05-31"
    )
    history.add_argument(
        "--events", action="store_true", help="what belongs to no command: stops, lost stages, ..."
    )
    history.add_argument("--json", action="store_true", help="one JSON object a line")
    history.add_argument(
        "--file", default="", help="journal file (default: that of the namespace, or journal.file)"
    )
    history.set_defaults(run=_history)
    doctor = verbs.add_parser("doctor", help="what this machine has and what is missing")
    doctor.set_defaults(run=_doctor)
    for verb in verbs.choices.values():
        verb.add_argument(
            "--namespace", default="vla", help="namespace of the system (default vla)"
        )
    return parser


def _demo(arguments: argparse.Namespace) -> int:
    from vla_bringup.cli.ros import demo

    return demo.main(arguments)


def _plan(arguments: argparse.Namespace) -> int:
    from vla_bringup.cli import plan_command

    return plan_command.main(arguments)


def _count(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 1_000_000:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 1 to 1000000")
    return int(text)


def _history(arguments: argparse.Namespace) -> int:
    from vla_bringup.cli import history_command

    return history_command.main(arguments)


def _doctor(_: argparse.Namespace) -> int:
    from vla_bringup.cli.ros import doctor

    return doctor.main()


def _say(arguments: argparse.Namespace) -> int:
    from vla_bringup.cli.ros import say_command

    return say_command.main(arguments)


def _simple(arguments: argparse.Namespace, outcome: Any, done: str) -> int:
    if arguments.json:
        print_json({"code": int(outcome.code), "message": outcome.message})
    else:
        print(str(outcome) if not outcome.ok else outcome.message or done)
    return 0 if outcome.ok else 1


def _stop(arguments: argparse.Namespace) -> int:
    from vla_bringup.cli import stop_command

    return stop_command.main(arguments)


def _answer(arguments: argparse.Namespace) -> int:
    from vla_bringup.client.ros.system_client import SystemClient

    with SystemClient(arguments.namespace) as client:
        question_id, asked = arguments.question, ""
        if not question_id:
            status = client.status()
            question_id, asked = status.question_id, status.question
        taken = client.answer(arguments.answer, question_id=question_id)
        done = f"The answer was taken, to: {line(asked)}" if asked else "The answer was taken."
        return _simple(arguments, taken, done)


def _manage(arguments: argparse.Namespace) -> int:
    from vla_bringup.client.ros.system_client import SystemClient, command_of

    with SystemClient(arguments.namespace) as client:
        outcome = client.manage(command_of(arguments.request), timeout_s=300.0)
    return _simple(arguments, outcome, "Done.")


def _reset(arguments: argparse.Namespace) -> int:
    from vla_bringup.client.ros.system_client import SystemClient

    with SystemClient(arguments.namespace) as client:
        return _simple(arguments, client.reset(), "The stop is lifted.")


def _status(arguments: argparse.Namespace) -> int:
    from vla_bringup.cli.ros import status_command

    return status_command.main(arguments)


if __name__ == "__main__":
    be_private()
    sys.exit(main())
