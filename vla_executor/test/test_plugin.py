# SPDX-License-Identifier: Apache-2.0
"""A skill that no package of the workspace has: found in a process of its own, listed with its phrases, carried out."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import distributions
from typing import Any

import pytest

from vla_common.contracts.outcomes import Code
from vla_common.contracts.skills import Step
from vla_executor.skills.skill import ENTRY_POINT_GROUP, load_skills
from vla_testing import skill_plugin
from vla_testing.executor.bench import SKILLS, Bench, room


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """With the plug-in, as an entry point from its own folder."""
    monkeypatch.syspath_prepend(str(skill_plugin.FOLDER))
    (nodding,) = distributions(path=[str(skill_plugin.FOLDER)])
    made = Bench(room())
    made.runner.registry = load_skills(nodding.entry_points.select(group=ENTRY_POINT_GROUP))
    yield made
    sys.modules.pop("nodding", None)


def test_no_package_of_the_workspace_has_it() -> None:
    assert skill_plugin.SKILL not in SKILLS.specs


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ({}, Code.OK, ["I nodded by 0.3 m."]),
        ({"depth": 0.5, "place": "desk", "manner": "politely"}, Code.OK, ["I nodded politely by 0.5 m."]),
        ({"depth": 2.0}, Code.INVALID_ARGUMENT, []),
        ({"manner": "madly"}, Code.INVALID_ARGUMENT, []),
        ({"place": "moon"}, Code.UNKNOWN_PLACE, []),
    ],
)  # fmt: skip
def test_it_runs(bench: Bench, arguments: dict[str, Any], code: Code, said: list[str]) -> None:
    assert bench.runner.registry.problems == ()
    assert bench.code((skill_plugin.SKILL, arguments)) is code
    assert bench.robot.said == said
    heads = [call for call in bench.robot.calls if call.name == "point_head"]
    assert len(heads) == (2 if said else 0)


@pytest.mark.parametrize("there", [True, False])
def test_a_process_finds_it_on_its_path(there: bool) -> None:
    program = (
        "from vla_executor.skills.skill import load_skills; s = load_skills(); "
        f"print(s.problems, s.specs['{skill_plugin.SKILL}'].phrases if '{skill_plugin.SKILL}' in s.specs else None)"
    )
    environment = {**os.environ, **(skill_plugin.environment() if there else {})}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip() == f"() {skill_plugin.PHRASES if there else None}", done.stderr


@pytest.mark.ros
def test_an_executor_that_has_it_lists_it_and_carries_it_out() -> None:
    pytest.importorskip("mujoco")
    from vla_testing.executor.ros_world import FIRST_DOMAIN
    from vla_testing.system.node_processes import processes

    nodes = {
        "vla_sim.ros.sim_node": ("sim.seed:=3", "sim.render_backend:=raycast"),
        "vla_executor.ros.executor_node": (),
    }
    with processes(nodes, FIRST_DOMAIN + 4, skill_plugin.environment()) as client:
        client.activate("executor")
        listed = client.skills()
        assert tuple(listed[skill_plugin.SKILL].phrases) == skill_plugin.PHRASES
        assert listed[skill_plugin.SKILL].available
        assert listed["turn"].available and listed["greet"].available is False
        step = Step(skill_plugin.SKILL, {"depth": 0.4, "manner": "politely"})
        result = client.carry_out(step, Step("say", {"text": "x"}))
        assert result.outcome.code == Code.OK, result.outcome
        assert [record.skill for record in result.results] == [skill_plugin.SKILL, "say"]
