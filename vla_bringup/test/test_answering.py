# SPDX-License-Identifier: Apache-2.0
"""What the person asked to know is in the result, whichever skill found it out."""

from __future__ import annotations

import json

import pytest
from vla_interfaces.action import ExecuteCommand
from vla_interfaces.msg import Outcome

from vla_bringup.cli.main import _parser
from vla_bringup.cli.ros import say_command
from vla_bringup.commands.answering import MAX_ANSWER, answer_of, unsaid
from vla_bringup.commands.command_pipeline import CommandReport
from vla_bringup.ros.conversions import report_to_msg
from vla_common.contracts.outcomes import OK
from vla_common.contracts.skills import Condition, ObjectRef, Plan, Step, StepRecord

CUP = ObjectRef("cup", place="table")
FIND = Step("find", {"object": CUP})
COUNT = Step("count", {"object": ObjectRef("cup"), "place": "table"})
SAY = Step("say", {"text": "hello"})
SEEN = "The cup is at the table."


def told(steps, *answers):
    plan = Plan("", tuple(steps))
    records = [
        StepRecord(i, step.skill, answer=answer)
        for i, (step, answer) in enumerate(zip(steps, answers, strict=False))
    ]
    return answer_of(plan, records), unsaid(plan, records)


@pytest.mark.parametrize(
    ("steps", "answers", "answer", "aloud"),
    [
        ([COUNT], ["I see two cups at the table."], "I see two cups at the table.", ""),
        ([SAY], ["hello"], "hello", ""),
        ([FIND], [SEEN], SEEN, SEEN),
        ([FIND, SAY], [SEEN, "hello"], f"{SEEN} hello", SEEN),
        # Looked for in order to do something with it.
        ([FIND, Step("pick", {"object": CUP})], [SEEN, ""], "", ""),
        ([FIND, Step("pick", {"object": ObjectRef("cup")})], [SEEN, ""], "", ""),
        ([FIND, Step("describe", {"object": CUP})], [SEEN, "I see a cup."], "I see a cup.", ""),
        ([FIND, Step("say", {"text": "no"}, only_if=Condition.NOT_FOUND)], [SEEN, "no"], "no", ""),
        # Done with something else.
        ([FIND, Step("pick", {"object": ObjectRef("box")})], [SEEN, ""], SEEN, SEEN),
        ([COUNT, COUNT], ["Two.", "Two."], "Two.", ""),
        ([COUNT], [], "", ""),
        ([Step("move", {"distance": 1.0})], [""], "", ""),
    ],
)
def test_the_answer_is_what_was_found_out_for_the_person(steps, answers, answer, aloud):
    assert told(steps, *answers) == (answer, aloud)


def test_an_answer_has_an_end():
    answer, _ = told([SAY], "x" * (MAX_ANSWER + 1))
    assert len(answer) == MAX_ANSWER


def test_what_was_told_before_a_plan_failed_is_kept():
    plan = Plan("", (COUNT,))
    report = CommandReport(
        OK, plan, (StepRecord(0, "count", answer="Two."),), told_before="I see a box."
    )
    assert report_to_msg(report, "t").answer == "I see a box. Two."


class Client:
    """Ends every command at once, with an answer."""

    answer = "I see two cups at the table."

    def __init__(self, namespace):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def execute(self, goal, feedback, token):
        return ExecuteCommand.Result(outcome=Outcome(), answer=self.answer)


@pytest.mark.parametrize("answer", ["I see two cups at the table.", ""])
def test_say_prints_the_answer(monkeypatch, capsys, answer):
    monkeypatch.setattr(say_command, "SystemClient", Client)
    monkeypatch.setattr(Client, "answer", answer)
    monkeypatch.setattr(say_command.signal, "signal", lambda *_: None)
    assert say_command.main(_parser().parse_args(["say", "count the cups"])) == 0
    assert capsys.readouterr().out.splitlines() == [answer, "Done."][not answer :]
    assert say_command.main(_parser().parse_args(["say", "count the cups", "--json"])) == 0
    assert json.loads(capsys.readouterr().out)["answer"] == answer
