# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""What runs the tests: which jobs there are, which run side by side, and what is said of them."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SPEC = importlib.util.spec_from_file_location("run_tests", ROOT / "test" / "run_tests.py")
run_tests = importlib.util.module_from_spec(SPEC)
sys.modules["run_tests"] = run_tests
SPEC.loader.exec_module(run_tests)
Job, Done = run_tests.Job, run_tests.Done


def job(group, name="x", number=1):
    return Job(group, name, (), number)


class Scripted(run_tests.Runner):  # type: ignore[name-defined]
    """Jobs that are Python programs, given by their name."""

    programs: dict[str, str] = {}

    def command(self, job):
        return [sys.executable, "-c", self.programs[job.name]]


def ran(tmp_path, programs, lanes=4.0):
    """What became of each program, by its name: what is said of it, and its output."""
    found = {}
    runner = Scripted(
        lanes, tmp_path, (), lambda done, out: found.update({done.job.name: (done, out)})
    )
    runner.programs = programs
    runner.run([job("ros", name) for name in programs])
    return found


def test_every_test_file_of_the_workspace_belongs_to_a_job():
    jobs = run_tests.find_jobs(ROOT)
    paths = [ROOT / argument for item in jobs for argument in item.arguments if "test" in argument]
    for file in ROOT.glob("[!.]*/**/test_*.py"):
        if "test" in file.relative_to(ROOT).parts[:-1]:
            assert any(file == path or path in file.parents for path in paths), file


@pytest.mark.parametrize(
    ("words", "chosen", "rest"),
    [
        ([], run_tests.GROUPS, ()),
        (["all"], run_tests.GROUPS, ()),
        (["ros"], ("ros",), ()),
        (["unit", "-k", "stop words"], ("unit",), ("-k", "stop words")),
        (["-x", "--lanes", "3"], run_tests.GROUPS, ("-x",)),
        (["unit", "system/launch", "--pdb"], ("unit", "system/launch"), ("--pdb",)),
    ],
)
def test_words_are_groups_and_the_rest_is_for_pytest(words, chosen, rest):
    request = run_tests.parse(words, 2)
    assert (request.jobs, request.pytest) == (tuple(chosen), rest)


@pytest.mark.parametrize(
    "words", [["units"], ["--lanes", "0"], ["--repeat", "0"], ["--lanes", "x"]]
)
def test_what_makes_no_sense_ends_with_code_2(words):
    with pytest.raises(SystemExit) as end:
        run_tests.parse(words, 2)
    assert end.value.code == 2


def test_single_jobs_are_named_in_short():
    jobs = run_tests.find_jobs(ROOT)
    titles = [item.title for item in run_tests.select(jobs, ("unit/planner", "system/launch"))]
    assert titles == ["unit vla_planner", "system test_launch"]
    assert run_tests.select(jobs, ("unit/nothing",)) == []


def test_the_longest_come_first_by_what_was_measured():
    jobs = [job("unit", "a"), job("unit", "b"), job("system", "c")]
    order = run_tests.longest_first(jobs, {"unit a": 500.0, "unit b": 1.0})
    assert [item.name for item in order] == ["a", "c", "b"]


@pytest.mark.parametrize(
    ("running", "fits"),
    [
        ([], True),
        ([job("unit", "a")], True),
        ([job("ros", "a"), job("ros", "b")], True),
        ([job("system", "a")], False),
        ([job("ros", "a"), job("ros", "b"), job("ros", "c")], False),
    ],
)
def test_what_runs_side_by_side_fits_the_cores(running, fits):
    waiting = [job("unit", "z")]
    assert (run_tests.next_job(waiting, running, 2.0) is not None) == fits


def test_a_smaller_job_goes_before_one_that_does_not_fit():
    waiting = [job("system", "large"), job("ros", "small")]
    chosen = run_tests.next_job(waiting, [job("unit")], 2.0)
    assert chosen is not None
    assert chosen.name == "small"


def test_a_job_that_never_fits_runs_alone():
    assert run_tests.next_job([job("system")], [], 1.0) is not None
    assert run_tests.next_job([job("system")], [job("ros", "y")], 1.0) is None


def test_repetitions_of_one_job_follow_each_other():
    first, second = job("ros", "a"), job("ros", "a", 2)
    assert run_tests.next_job([second], [first], 8.0) is None


def test_jobs_share_no_domain_no_home_and_no_pipes_and_no_key(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    show = (
        "import os; print(*(os.environ.get(n) for n in "
        "('ROS_DOMAIN_ID', 'ROS_HOME', 'VLA_RUNTIME_DIR', 'OPENAI_API_KEY')))"
    )
    found = ran(tmp_path, {"a": show, "b": show})
    first, second = (out.decode().split() for _, out in found.values())
    assert first[3] == second[3] == "None"
    assert all(one != other for one, other in zip(first[:3], second[:3], strict=True))


def test_what_pytest_says_is_what_is_told(tmp_path):
    found = ran(tmp_path, {"good": "", "none": "exit(5)", "bad": "print('why'); exit(1)"})
    status = {name: (done.status, done.failed) for name, (done, _) in found.items()}
    assert status == {
        "good": ("passed", False),
        "none": ("no tests", False),
        "bad": ("FAILED", True),
    }
    assert found["bad"][1] == b"why\n"


def test_a_job_whose_time_is_over_may_clean_up_and_has_failed(tmp_path, monkeypatch):
    monkeypatch.setitem(run_tests.LIMIT_S, "ros", 0.0)
    program = """
import signal, sys
try:
    print("waits", flush=True)
    signal.pause()
except KeyboardInterrupt:
    print("cleans up")
    sys.exit(0)
"""
    # It may be told before it has begun to listen; it has failed then as well.
    done, _ = ran(tmp_path, {"slow": program})["slow"]
    assert done.failed
    assert done.status == "OUT OF TIME"


def test_nothing_outlives_a_run_that_is_interrupted(tmp_path):
    """The output says who runs; once it is there, Ctrl-C comes."""

    class Interrupted(Scripted):
        def _wait(self):
            while not (text := (tmp_path / "1" / "output").read_text().strip()):
                pass
            self.pid = int(text)
            raise KeyboardInterrupt

    runner = Interrupted(1.0, tmp_path)
    runner.programs = {"x": "import os, signal; print(os.getpid(), flush=True); signal.pause()"}
    with pytest.raises(KeyboardInterrupt):
        runner.run([job("ros", "x")])
    with pytest.raises(ProcessLookupError):
        os.kill(runner.pid, 0)


def test_the_summary_counts_what_failed():
    done = [
        Done(job("ros", "a"), 0, 2.0, 1.0),
        Done(job("ros", "a", 2), 1, 2.0, 1.0),
        Done(job("unit", "b"), 0, 3.0, 3.0),
    ]
    text = run_tests.summary(done, 5.0, 2.0)
    assert "FAILED 1 of 2 times" in text
    assert text.index("unit b") < text.index("ros a")
    assert "total" in text and "5 s of processor time, 2 lanes" in text


def test_failed_tests_are_read_from_the_output_of_pytest():
    out = b"...\nFAILED a/test_b.py::test_c[x] - assert 1\nERROR a/test_d.py\n1 failed\n"
    assert run_tests.failed_tests(out) == ["a/test_b.py::test_c[x]", "a/test_d.py"]
