# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""Processes: their output, their ends, and how they are stopped. Holds for upstream's launch as well."""

import os
import re
import signal
import subprocess
import sys
import threading

import pytest
from launch import LaunchDescription, LaunchService
from launch.actions import ExecuteProcess, OpaqueFunction, SetLaunchConfiguration, Shutdown
from launch.event_handlers import OnProcessExit, OnProcessIO, OnShutdown

# A process that says when it is ready and what signal it got; SIGINT ends it well. Not by print: the signal may come
# while the other print is still at work.
PATIENT = """
import os, signal, sys
def stop(number, frame):
    os.write(1, f"got {signal.Signals(number).name}\\n".encode())
    sys.exit(0 if number == signal.SIGINT else 7)
signal.signal(signal.SIGINT, stop)
signal.signal(signal.SIGTERM, stop)
print("ready", flush=True)
while True:
    signal.pause()
"""
DEAF = PATIENT.replace("SIGINT, stop", "SIGINT, signal.SIG_IGN")
STUBBORN = DEAF.replace("SIGTERM, stop", "SIGTERM, signal.SIG_IGN")


def python(code, name="p", **options):
    return ExecuteProcess(cmd=[sys.executable, "-S", "-c", code], name=name, **options)


def test_output_exit_code_and_details(launched):
    process = ExecuteProcess(
        cmd=[sys.executable, "-c", "import sys; print(1); print(2, file=sys.stderr); sys.exit(3)"]
    )
    assert process.process_details is None
    record = launched(
        [
            process,
            python("pass", "b"),
            ExecuteProcess(cmd=["no_such_executable_anywhere"], name="missing"),
        ]
    )
    name = os.path.basename(sys.executable)
    assert record.return_code == 0
    assert record.exit_codes == {name: [3], "b": [0]}
    assert record.stdout == {name: "1\n"}
    assert record.stderr == {name: "2\n"}
    assert sorted(record.started) == sorted([name, "b"])
    assert process.process_details["cmd"][0] == sys.executable
    assert process.process_details["pid"] > 0
    assert process.return_code == 3


def test_required_process_stops_the_system(launched):
    waiting = python(PATIENT, "waiting")
    failing = python("raise SystemExit(1)", "failing", on_exit=[Shutdown(reason="it has ended")])
    record = launched([waiting], watch={waiting: [failing]}, noninteractive=True)
    assert record.return_code == 0
    assert record.exit_codes == {"waiting": [0], "failing": [1]}
    assert "got SIGINT" in record.stdout["waiting"]


def test_on_exit_function_sees_the_exit_code(launched):
    codes = []
    launched(
        [
            python(
                "raise SystemExit(4)", on_exit=lambda event, context: codes.append(event.returncode)
            )
        ]
    )
    assert codes == [4]


def test_respawn_until_the_limit(launched):
    record = launched(
        [python("raise SystemExit(2)", respawn=True, respawn_max_retries=2, respawn_delay=0.01)]
    )
    assert record.exit_codes == {"p": [2, 2, 2]}
    assert record.started == ["p", "p", "p"]


def test_no_respawn_at_shutdown(launched):
    process = python(PATIENT, respawn=True)
    record = launched([process], watch={process: [Shutdown()]}, noninteractive=True)
    assert record.exit_codes == {"p": [0]}


def test_respawn_delay_does_not_hold_up_shutdown(launched):
    record = launched(
        [python("raise SystemExit(1)", respawn=True, respawn_delay=1000.0, on_exit=[Shutdown()])]
    )
    assert record.exit_codes == {"p": [1]}


def test_escalation(launched):
    """SIGINT, SIGTERM after one time and SIGKILL after the sum of both, each set for one or for all."""
    deaf = python(DEAF, "deaf")
    stubborn = python(STUBBORN, "stubborn", sigterm_timeout="0.1", sigkill_timeout="0.1")
    entities = [SetLaunchConfiguration("sigterm_timeout", "0.2"), deaf]
    record = launched(
        entities, watch={deaf: [stubborn], stubborn: [Shutdown()]}, noninteractive=True
    )
    assert record.exit_codes == {"deaf": [7], "stubborn": [-signal.SIGKILL]}
    assert record.return_code == 0


def test_shutdown_reasons(launched):
    def reasons_of(*entities):
        found = []
        service = LaunchService()
        handler = OnShutdown(on_shutdown=lambda event, context: found.append(event.reason))
        service.context.register_event_handler(handler)
        service.include_launch_description(LaunchDescription(list(entities)))
        assert service.run() == 0
        return found

    assert reasons_of() == ["idle"]
    assert reasons_of(Shutdown(reason="enough")) == ["enough"]


def test_wrong_uses_are_refused(launched):
    with pytest.raises(TypeError):
        OnProcessExit(on_exit=["talker"])
    process = python("pass")
    assert launched([process, process]).return_code == 1
    assert launched([python("pass", output="everywhere")]).return_code == 1


OUTPUT_TARGET = """
import sys
from launch import LaunchDescription, LaunchService
from launch.actions import ExecuteProcess
code = "import os; os.write(1, b'to stdout\\\\n'); os.write(2, b'to stderr\\\\n'); os.write(1, b'end \\\\xff')"
service = LaunchService()
service.include_launch_description(LaunchDescription([
    ExecuteProcess(cmd=[sys.executable, "-S", "-c", code], name=output, output=output)
    for output in ("screen", "log", "both")
]))
sys.exit(service.run())
"""


def test_output_configuration(tmp_path):
    result = subprocess.run(
        [sys.executable, "-c", OUTPUT_TARGET],
        env={**os.environ, "ROS_LOG_DIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    assert result.returncode == 0

    def lines(text):
        return sorted(re.sub(r"-\d+\]", "]", line) for line in re.findall(r"\[.*\] to std.*", text))

    assert lines(result.stdout) == [
        *("[both] to stderr", "[both] to stdout", "[log] to stderr"),
        *("[screen] to stderr", "[screen] to stdout"),
    ]
    (log_dir,) = (path for path in tmp_path.iterdir() if not path.is_symlink())
    assert (tmp_path / "latest").resolve() == log_dir
    assert f"All log files can be found below {log_dir}" in result.stdout
    assert lines((log_dir / "launch.log").read_text()) == [
        *("[both] to stderr", "[both] to stdout", "[log] to stderr", "[log] to stdout"),
    ]
    # Although the line has no end, and its last byte is no text.
    assert "[screen] end \ufffd" in re.sub(r"-\d+\]", "]", result.stdout)


def test_service_can_be_stopped_from_another_thread():
    process = python(PATIENT)
    service = LaunchService(noninteractive=True)
    ready = threading.Event()
    service.context.register_event_handler(
        OnProcessIO(on_stdout=lambda event: ready.set() if b"ready" in event.text else None)
    )
    service.include_launch_description(LaunchDescription([process]))
    thread = threading.Thread(target=lambda: (ready.wait(30), service.shutdown()))
    thread.start()
    assert service.run(shutdown_when_idle=False) == 0
    thread.join(30)
    assert process.return_code == 0


def test_an_action_may_return_nothing(launched):
    assert launched([OpaqueFunction(function=lambda context: None)]).return_code == 0
