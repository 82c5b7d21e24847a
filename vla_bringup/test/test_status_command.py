# SPDX-License-Identifier: Apache-2.0
"""What ./vla status prints and answers as JSON."""

from __future__ import annotations

import argparse
import json
from types import SimpleNamespace

import pytest

from vla_bringup.cli.ros import status_command
from vla_bringup.cli.ros.status_command import MIN_WIDTH, WIDTH, lines, status_to_json

NOW_S = 1_000_000.0


def stamp(seconds):
    return SimpleNamespace(sec=int(seconds), nanosec=round((seconds - int(seconds)) * 1e9))


def component(name, **values):
    default = {
        "lifecycle_state": 3,
        "required": True,
        "healthy": True,
        "reason": "",
        "restarts": 0,
        "pid": 4242,
        "cpu_percent": 12.34,
        "memory_mb": 81.26,
    }
    return SimpleNamespace(name=name, **{**default, **values})


def status(**values):
    """As a vla_interfaces/SystemStatus; everything is measured."""
    default = {
        "header": SimpleNamespace(stamp=stamp(NOW_S)),
        "state": 4,
        "message": "Carrying out a command.",
        "components": [component("planner"), component("executor", restarts=2)],
        "queue_length": 1,
        "queue_size": 10,
        "queue": [
            SimpleNamespace(
                trace_id="abc",
                command="go to the table",
                source="voice",
                priority=5,
                accepted=stamp(NOW_S - 12.5),
            )
        ],
        "active_trace_id": "def",
        "active_command": "pick up the red cup",
        "question": "The red or the blue cup?",
        "question_id": "1a2b3c4d",
        "degraded": ["perception: No pulse.", "The topic odom has been silent for 9 s."],
        "resources": [
            SimpleNamespace(name="arm", owner="step 2: pick"),
            SimpleNamespace(name="base", owner=""),
        ],
        "machine": SimpleNamespace(
            cpu_percent=41.04,
            memory_percent=5.0,
            disk_free_mb=81525.3,
            network_receive_kbps=-1.0,
            network_send_kbps=-1.0,
            process_count=95,
            nodes_memory_mb=498.8,
        ),
        "topics": [
            SimpleNamespace(name="odom", rate_hz=50.0, age_s=0.012),
            SimpleNamespace(name="scan", rate_hz=-1.0, age_s=-1.0),
        ],
        "latencies": [
            SimpleNamespace(stage="planning", count=7, p50=stamp(0.25), p95=stamp(1.5)),
        ],
    }
    return SimpleNamespace(**{**default, **values})


def unfilled():
    """From a state manager that fills in none of the new fields: zeros and empty lists."""
    machine = SimpleNamespace(**dict.fromkeys(vars(status().machine), 0))
    none = {"pid": 0, "cpu_percent": 0.0, "memory_mb": 0.0}
    return status(
        state=2,
        message="Ready for commands.",
        components=[component("planner", **none)],
        queue_length=0,
        queue=[],
        active_command="",
        question="",
        question_id="",
        degraded=[],
        resources=[],
        machine=machine,
        topics=[],
        latencies=[],
    )


def text(message, width=WIDTH):
    return lines(status_to_json(message), width)


def test_everything_is_in_the_json():
    data = json.loads(json.dumps(status_to_json(status())))
    assert data["state"] == "EXECUTING"
    assert data["components"][1] == {
        "name": "executor",
        "state": "ACTIVE",
        "required": True,
        "healthy": True,
        "reason": "",
        "restarts": 2,
        "pid": 4242,
        "cpu_percent": 12.3,
        "memory_mb": 81.3,
    }
    (waiting,) = data["queue"]["waiting"]
    assert waiting == {
        "trace_id": "abc",
        "command": "go to the table",
        "source": "voice",
        "priority": 5,
        "accepted_s": NOW_S - 12.5,
        "waiting_s": 12.5,
    }
    assert (data["queue"]["length"], data["queue"]["size"]) == (1, 10)
    assert data["resources"] == {"arm": "step 2: pick", "base": ""}
    assert data["machine"]["cpu_percent"] == 41.0
    assert data["machine"]["network_receive_kbps"] is None
    assert data["topics"] == [
        {"name": "odom", "rate_hz": 50.0, "age_s": 0.012},
        {"name": "scan", "rate_hz": None, "age_s": None},
    ]
    assert data["latencies"] == [{"stage": "planning", "count": 7, "p50_s": 0.25, "p95_s": 1.5}]
    assert len(data["degraded"]) == 2 and data["question"] and data["active_command"]
    assert data["question_id"] == "1a2b3c4d"


def test_the_text_says_it_all_aligned():
    assert text(status()) == [
        "EXECUTING: Carrying out a command.",
        "now       pick up the red cup",
        "question  The red or the blue cup?",
        "degraded  perception: No pulse.",
        "          The topic odom has been silent for 9 s.",
        "",
        "component  state   health  restarts     CPU  memory  reason",
        "planner    active  well           0  12.3 %   81 MB",
        "executor   active  well           2  12.3 %   81 MB",
        "",
        "queue     1 of 10",
        "          1  voice, priority 5, waits 12 s  go to the table",
        "held      arm by step 2: pick",
        "machine   CPU 41 %, memory 5 % (nodes 499 MB), disk free 82 GB, net -, 95 processes",
        "",
        "topic     rate       age",
        "odom   50.0 Hz    0.01 s",
        "scan         -  none yet",
        "",
        "stage        p50     p95  commands",
        "planning  0.25 s  1.50 s         7",
    ]


def test_what_nobody_measured_is_not_zero():
    data = status_to_json(unfilled())
    assert set(data["machine"].values()) == {None}
    assert data["components"][0]["cpu_percent"] is None
    assert data["components"][0]["pid"] is None
    assert text(unfilled()) == [
        "IDLE: Ready for commands.",
        "",
        "component  state   health  restarts  CPU  memory  reason",
        "planner    active  well           0    -       -",
        "",
        "queue     0 of 10",
        "held      nothing",
        "machine   not measured",
        "",
        "topics    not measured",
        "",
        "stages    no command has ended yet",
    ]


@pytest.mark.parametrize("width", [MIN_WIDTH, WIDTH])
def test_no_line_is_too_long(width):
    long = "word " * 60
    message = status(
        message=long,
        active_command=long,
        question=long,
        degraded=[long, long],
        components=[component("perception", reason=long, healthy=False, lifecycle_state=99)],
        topics=[SimpleNamespace(name="a/" * 80, rate_hz=1.0, age_s=4000.0)],
    )
    message.queue[0].command = long
    message.resources[0].owner = long
    shown = text(message, width)
    assert max(map(len, shown)) <= width
    assert "".join(shown).count("word") == 8 * 60


def test_waiting_is_told_by_the_clock_of_the_status():
    """Which is the simulated one where the system runs on it; and no clock makes it negative."""
    message = status(header=SimpleNamespace(stamp=stamp(100.0)))
    message.queue[0].accepted = stamp(97.0)
    assert "waits 3 s" in "\n".join(text(message))
    message.queue[0].accepted = stamp(101.0)
    assert status_to_json(message)["queue"]["waiting"][0]["waiting_s"] == 0.0


def test_states_of_a_newer_system_are_shown_as_numbers():
    assert status_to_json(status(state=77))["state"] == "77"


class FakeClient:
    def __init__(self, answers):
        self._answers = answers

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def status(self):
        answer = self._answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer


def run(monkeypatch, answers, **options):
    import vla_bringup.client.ros.system_client

    monkeypatch.setattr(
        vla_bringup.client.ros.system_client, "SystemClient", lambda _: FakeClient(answers)
    )
    monkeypatch.setattr(status_command, "WATCH_PERIOD_S", 0.0)
    arguments = {"namespace": "vla", "json": False, "watch": False, **options}
    return status_command.main(argparse.Namespace(**arguments))


@pytest.mark.ros  # the client needs ROS to be imported
def test_watch_prints_again_until_interrupted(monkeypatch, capsys):
    answers = [status(), status(state=2), KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        run(monkeypatch, answers, watch=True, json=True)
    printed = [json.loads(line)["state"] for line in capsys.readouterr().out.splitlines()]
    assert printed == ["EXECUTING", "IDLE"]


@pytest.mark.ros
def test_once_prints_once(monkeypatch, capsys):
    assert run(monkeypatch, [status()]) == 0
    assert capsys.readouterr().out.startswith("EXECUTING: Carrying out a command.\n")
