# SPDX-License-Identifier: Apache-2.0
"""Planners in the whole system: a language model on a real socket, its faults, questions and what was wanted before."""

import atexit
import os
import tempfile
import threading
from pathlib import Path

import pytest
import yaml
from action_msgs.msg import GoalStatus
from ament_index_python.packages import get_package_share_directory
from vla_interfaces.msg import Outcome

from vla_bringup.cli.verdict import judge
from vla_common.ros.conversions import plan_from_msg
from vla_testing import skill_plugin
from vla_testing.planner import fake_openai
from vla_testing.system.system_case import LONG_S, SystemCase

SEED = 3
KEY = "sk-system-test-key-that-nobody-sees"
SERVER = fake_openai.FakeOpenAi(fake_openai.error(500))
atexit.register(SERVER.close)
# Before the launch: the nodes inherit it.
os.environ.update(OPENAI_BASE_URL=SERVER.url, OPENAI_API_KEY=KEY, **skill_plugin.environment())

RED_AT_TABLE = {"attributes": ["red"], "place": "table"}

pytestmark = pytest.mark.system


def says(*answers):
    """What the model answers from now on."""
    SERVER.answers[:] = answers


def parameters():
    """The system's own file, but for a server that is asked again at once after it has failed."""
    share = Path(get_package_share_directory("vla_bringup"))
    content = yaml.safe_load((share / "config" / "vla_system.yaml").read_text("utf-8"))
    content["/**"]["ros__parameters"]["llm"]["rest_s"] = 0.0
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", delete=False) as file:
        yaml.safe_dump(content, file)
    atexit.register(os.unlink, file.name)
    return file.name


class TestPlanning(SystemCase):
    seed = SEED

    @classmethod
    def launch_arguments(cls):
        return {"seed": str(SEED), "speed": "2", "config_file": parameters()}

    def run_with_notices(self, command, **options):
        """The result, and everything that was told meanwhile."""
        told = []
        result = self.client.execute(
            self.goal(command, **options), lambda m: told.append(m.message), timeout_s=LONG_S
        )
        return result, told

    def assert_nothing_moved(self, before):
        after = self.truth()
        for a, b in zip(before.pose, after.pose, strict=True):
            self.assertAlmostEqual(a, b, places=3)
        self.assertEqual(before.held, after.held)

    def test_a_model_plans_and_without_an_answer_the_grammar(self):
        says(
            fake_openai.calls(
                ("go_to", {"place": "table"}),
                ("find", {"object": RED_AT_TABLE}),
                ("pick", {"object": RED_AT_TABLE}),
            )
        )
        before = self.truth()
        result = self.execute("I would so love to have that red thing over at the table")
        self.assertEqual(result.outcome.code, Outcome.OK, result.outcome.message)
        self.assertEqual(result.plan.planner, "openai")
        self.assertGreater(result.plan.prompt_tokens, 0)
        for check in judge(plan_from_msg(result.plan).steps, before, self.truth()):
            self.assertTrue(check.ok, f"{check.what}: {check.found}")
        body = SERVER.bodies[-1]
        functions = {tool["function"]["name"] for tool in body["tools"]}
        self.assertTrue({"go_to", "find", "pick", "place", "move"} <= functions)
        self.assertNotIn("hand_over", functions)  # this robot can't
        self.assertNotIn(KEY, str(body))
        # Without an answer the grammar plans, and the person is told.
        says(fake_openai.error(401, "wrong key"))
        before = self.truth()
        self.assertTrue(before.held)
        result, told = self.run_with_notices("put it on the side table")
        self.assertEqual(result.outcome.code, Outcome.OK, result.outcome.message)
        self.assertEqual(result.plan.planner, "rules")
        self.assertTrue(any("Planned by 'rules'" in text for text in told), told)
        self.assertFalse(any(KEY in text for text in told))
        where = {item.id: item.place for item in self.truth().objects}
        self.assertEqual(where[before.held], "side table")

    def test_a_hostile_model_moves_nothing(self):
        before = self.truth()
        says(
            fake_openai.calls(("move", {"distance": 1e308, "direction": "forward"})),
            fake_openai.calls(("shell", {"command": "reboot"})),
            fake_openai.calls(("go_to", {"pose": ["NaN", 0, 0]})),
        )
        result = self.execute("dance for me like nobody is watching")
        self.assertNotEqual(result.outcome.code, Outcome.OK)
        self.assertTrue(result.outcome.message)
        self.assertEqual(list(result.results), [])
        self.assert_nothing_moved(before)

    def test_cancel_while_the_model_thinks(self):
        says(fake_openai.silent())
        before = self.truth()
        count = len(SERVER.requests)
        run = self.client.start(self.goal("think about it"))
        while len(SERVER.requests) == count:
            SERVER.wait_for_request()
        request = SERVER.requests[-1]
        wrapped = run.cancel(60.0)
        self.assertEqual(wrapped.status, GoalStatus.STATUS_CANCELED)
        self.assertEqual(wrapped.result.outcome.code, Outcome.CANCELED)
        self.assertTrue(request.closed.wait(LONG_S), "the request went on")
        self.assert_nothing_moved(before)

    def ask_and_answer(self, command, answer):
        """The result and the question, answered as the person would."""
        asked = threading.Event()
        questions = []

        def on_feedback(message):
            if message.question and not asked.is_set():
                questions.append(message)
                asked.set()

        run = self.client.start(self.goal(command), on_feedback)
        self.assertTrue(asked.wait(LONG_S), "nothing was asked")
        self.assertTrue(self.client.answer(answer, questions[0].trace_id).ok)
        result = run.wait(LONG_S).result
        self.assertEqual(result.trace_id, questions[0].trace_id)
        return result, questions[0]

    def test_the_model_asks(self):
        question = {"question": "Which way do you mean?", "choices": ["left", "right"]}
        says(
            fake_openai.calls(("ask_person", question)),
            fake_openai.calls(("turn", {"angle": -0.3})),  # "a bit", and no more
        )
        before = self.truth()
        result, asked = self.ask_and_answer("would you turn a bit over there", "right, please")
        self.assertEqual(result.outcome.code, Outcome.OK, result.outcome.message)
        self.assertEqual(asked.question, "Which way do you mean?")
        self.assertEqual(list(asked.choices), ["left", "right"])
        self.assertIn("right, please", str(SERVER.bodies[-1]["messages"]))
        for check in judge(plan_from_msg(result.plan).steps, before, self.truth()):
            self.assertTrue(check.ok, f"{check.what}: {check.found}")

    def test_the_grammar_asks_and_again_repeats(self):
        says(fake_openai.hangs_up())
        before = self.truth()
        result, asked = self.ask_and_answer("turn 40 degrees", "left")
        self.assertEqual(result.outcome.code, Outcome.OK, result.outcome.message)
        self.assertIn("left", list(asked.choices))
        for check in judge(plan_from_msg(result.plan).steps, before, self.truth()):
            self.assertTrue(check.ok, f"{check.what}: {check.found}")
        result = self.execute("turn right")
        self.assertEqual(result.outcome.code, Outcome.OK, result.outcome.message)
        before = self.truth()
        result = self.execute("again")
        self.assertEqual(result.outcome.code, Outcome.OK, result.outcome.message)
        steps = plan_from_msg(result.plan).steps
        self.assertEqual([step.skill for step in steps], ["turn"])
        self.assertLess(steps[0].arguments["angle"], 0.0)
        for check in judge(steps, before, self.truth()):
            self.assertTrue(check.ok, f"{check.what}: {check.found}")

    def test_a_skill_that_only_the_executor_knows_is_planned_and_done(self):
        says(fake_openai.calls(("nod", {"depth": 0.4, "manner": "politely"})))
        result = self.execute("show me with a nod that you agree")
        self.assertEqual(result.outcome.code, Outcome.OK, result.outcome.message)
        self.assertEqual([step.skill for step in result.results], [skill_plugin.SKILL])
        function = next(
            tool["function"]
            for tool in SERVER.bodies[-1]["tools"]
            if tool["function"]["name"] == skill_plugin.SKILL
        )
        self.assertEqual(function["parameters"]["properties"]["depth"]["maximum"], 0.6)
        says(fake_openai.hangs_up())
        result = self.execute("please nod your head twice")
        self.assertEqual(result.outcome.code, Outcome.OK, result.outcome.message)
        self.assertEqual(result.plan.planner, "rules")
        self.assertEqual([step.skill for step in result.results], [skill_plugin.SKILL] * 2)
