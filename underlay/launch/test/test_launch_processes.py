import os
import re
import signal
import subprocess
import sys
import threading

import pytest
from launch import LaunchDescription, LaunchService
from launch.actions import (
    EmitEvent,
    ExecuteProcess,
    LogInfo,
    OpaqueFunction,
    RegisterEventHandler,
    SetLaunchConfiguration,
    Shutdown,
    TimerAction,
    UnregisterEventHandler,
)
from launch.conditions import IfCondition
from launch.event_handlers import (
    OnExecutionComplete,
    OnProcessExit,
    OnProcessIO,
    OnProcessStart,
    OnShutdown,
)
from launch.events import Shutdown as ShutdownEvent
from launch.events import matches_action
from launch.events.process import ShutdownProcess, SignalProcess, matches_name
from launch.substitutions import LaunchConfiguration, LocalSubstitution

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
STUBBORN = """
import signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
while True:
    signal.pause()
"""


def python(code, name="p", **options):
    return ExecuteProcess(cmd=[sys.executable, "-c", code], name=name, **options)


def when_ready(process, *entities):
    """Return a handler that visits entities when the process has written `ready`."""

    def on_stdout(event):
        return list(entities) if b"ready" in event.text else None

    return RegisterEventHandler(OnProcessIO(target_action=process, on_stdout=on_stdout))


def test_output_and_exit_code(launched):
    record = launched(
        [
            python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)", "a"),
            python("pass", "b"),
        ]
    )
    assert record.return_code == 0
    assert record.exit_codes == {"a": [3], "b": [0]}
    assert record.stdout == {"a": "out\n"}
    assert record.stderr == {"a": "err\n"}
    assert sorted(record.started) == ["a", "b"]


def test_names_and_details(launched):
    process = ExecuteProcess(cmd=[sys.executable, "-c", "pass"])
    assert process.process_details is None
    record = launched([process])
    assert list(record.exit_codes) == [os.path.basename(sys.executable)]
    details = process.process_details
    assert details["cmd"] == [sys.executable, "-c", "pass"] == process.cmd
    assert details["name"] == process.name
    assert details["pid"] > 0
    assert process.return_code == 0


def test_command_cwd_and_environment(launched, tmp_path, monkeypatch):
    monkeypatch.setenv("LAUNCH_TEST_INHERITED", "i")
    show = (
        "import os; print(os.getcwd(), os.environ.get('LAUNCH_TEST_INHERITED'), "
        "os.environ.get('LAUNCH_TEST_ADDED'))"
    )
    record = launched(
        [
            SetLaunchConfiguration("x", str(tmp_path)),
            python(
                show,
                "added",
                cwd=LaunchConfiguration("x"),
                additional_env={"LAUNCH_TEST_ADDED": ["a", LaunchConfiguration("x")]},
            ),
            python(show, "replaced", env={"LAUNCH_TEST_ADDED": "only"}),
        ]
    )
    assert record.stdout["added"].split() == [str(tmp_path), "i", f"a{tmp_path}"]
    assert record.stdout["replaced"].split() == [os.getcwd(), "None", "only"]


def test_shell(launched):
    record = launched([ExecuteProcess(cmd=["echo one; echo", "two"], shell=True, name="s")])
    assert record.stdout == {"s": "one\ntwo\n"}


def test_prefix(launched):
    record = launched([python("print(1)", prefix="env LAUNCH_TEST_PREFIX=1")])
    assert record.exit_codes == {"p": [0]}


@pytest.mark.parametrize("emulate_tty", [False, True])
def test_terminal(launched, emulate_tty):
    code = "import sys; print(sys.stdout.isatty(), sys.stderr.isatty())"
    record = launched([python(code, emulate_tty=emulate_tty)])
    line_end = "\r\n" if emulate_tty else "\n"
    assert record.stdout["p"] == f"{emulate_tty} {emulate_tty}{line_end}"


def test_missing_executable_does_not_stop_the_others(launched):
    record = launched(
        [ExecuteProcess(cmd=["no_such_executable_anywhere"], name="missing"), python("pass", "ok")]
    )
    assert record.return_code == 0
    assert record.exit_codes == {"ok": [0]}


def test_condition_keeps_a_process_out(launched):
    record = launched([python("pass", "no", condition=IfCondition("false")), python("pass", "yes")])
    assert record.started == ["yes"]


def test_one_after_the_other(launched):
    first, second = python("print(1)", "first"), python("print(2)", "second")
    order = []
    record = launched(
        [
            RegisterEventHandler(OnProcessExit(target_action=first, on_exit=[second])),
            RegisterEventHandler(
                OnProcessStart(
                    target_action=lambda action: action is second,
                    on_start=lambda event, context: order.append(event.action),
                )
            ),
            first,
        ]
    )
    assert record.exit_codes == {"first": [0], "second": [0]}
    assert record.started == ["first", "second"]
    assert order == [second]


def test_on_exit_of_the_process_itself(launched, note):
    record = launched(
        [python("import sys; sys.exit(4)", on_exit=[note("code", LocalSubstitution("event.pid"))])]
    )
    assert record.return_code == 0
    assert int(note["code"]) > 0


def test_on_exit_function_sees_the_exit_code(launched):
    codes = []
    launched([python("exit(4)", on_exit=lambda event, context: codes.append(event.returncode))])
    assert codes == [4]


def test_required_process_stops_the_system(launched):
    waiting = python(PATIENT, "waiting")
    record = launched(
        [
            waiting,
            when_ready(waiting, python("exit(1)", "failing", on_exit=[Shutdown()])),
            python(PATIENT, "other"),
        ],
        noninteractive=True,
    )
    assert record.return_code == 0
    assert record.exit_codes["waiting"] == [0]
    assert record.exit_codes["failing"] == [1]
    assert "got SIGINT" in record.stdout["waiting"]


def test_respawn_until_the_limit(launched):
    record = launched([python("exit(2)", respawn=True, respawn_max_retries=2, respawn_delay=0.01)])
    assert record.exit_codes == {"p": [2, 2, 2]}
    assert record.started == ["p", "p", "p"]


def test_respawn_by_substitution_and_not_at_shutdown(launched):
    process = python(PATIENT, respawn=LaunchConfiguration("again"))
    record = launched(
        [SetLaunchConfiguration("again", "true"), process, when_ready(process, Shutdown())],
        noninteractive=True,
    )
    assert record.exit_codes == {"p": [0]}


def test_respawn_delay_does_not_hold_up_shutdown(launched):
    record = launched(
        [
            python("exit(1)", respawn=True, respawn_delay=1000.0),
            RegisterEventHandler(OnProcessExit(on_exit=[Shutdown()])),
        ]
    )
    assert record.exit_codes == {"p": [1]}


def test_signal_event(launched):
    process = python(PATIENT)
    sigterm = SignalProcess(signal_number=signal.SIGTERM, process_matcher=matches_action(process))
    record = launched([process, when_ready(process, EmitEvent(event=sigterm))])
    assert record.exit_codes == {"p": [7]}
    assert sigterm.signal_name == "SIGTERM"


def test_shutdown_event_for_one_process(launched):
    one, other = python(PATIENT, "one"), python(PATIENT, "other")

    def stop(action):
        def emit(context):
            name = action.process_details["name"]
            return [EmitEvent(event=ShutdownProcess(process_matcher=matches_name(name)))]

        return OpaqueFunction(function=emit)

    record = launched(
        [
            other,
            when_ready(other, one),
            when_ready(one, stop(one)),
            RegisterEventHandler(OnProcessExit(target_action=one, on_exit=[stop(other)])),
        ]
    )
    assert record.exit_codes == {"one": [0], "other": [0]}


def test_escalation_to_sigkill(launched):
    process = python(STUBBORN, sigterm_timeout="0.2", sigkill_timeout="0.2")
    record = launched([process, when_ready(process, Shutdown())], noninteractive=True)
    assert record.exit_codes == {"p": [-signal.SIGKILL]}
    assert record.return_code == 0


def test_escalation_to_sigterm_by_configuration(launched):
    code = PATIENT.replace(
        "signal.signal(signal.SIGINT, stop)", "signal.signal(signal.SIGINT, signal.SIG_IGN)"
    )
    process = python(code)
    record = launched(
        [
            SetLaunchConfiguration("sigterm_timeout", "0.2"),
            process,
            when_ready(process, Shutdown()),
        ],
        noninteractive=True,
    )
    assert record.exit_codes == {"p": [7]}


def test_timer_fires_and_is_cancelled_by_shutdown(launched, note):
    record = launched(
        [
            TimerAction(period=0.01, actions=[note("soon", LaunchConfiguration("x")), Shutdown()]),
            TimerAction(period=1000.0, actions=[note("late", LaunchConfiguration("x"))]),
            SetLaunchConfiguration("x", "value"),
        ]
    )
    assert record.return_code == 0
    assert note == {"soon": "value"}


def test_shutdown_handlers_and_reason(launched):
    reasons = []
    record = launched(
        [
            RegisterEventHandler(
                OnShutdown(on_shutdown=lambda event, context: reasons.append(event.reason))
            ),
            EmitEvent(event=ShutdownEvent(reason="enough")),
        ]
    )
    assert record.return_code == 0
    assert reasons == ["enough"]


def test_idle_shutdown_is_announced(launched, note):
    handler = OnShutdown(on_shutdown=[note("reason", LocalSubstitution("event.reason"))])
    launched([RegisterEventHandler(handler)])
    assert note == {"reason": "idle"}


def test_handlers_can_be_unregistered_and_handle_once(launched):
    calls = []
    first = OnProcessExit(on_exit=lambda event, context: calls.append("removed"))
    once = OnProcessExit(on_exit=lambda event, context: calls.append("once"), handle_once=True)
    a, b = python("pass", "a"), python("pass", "b")
    launched(
        [
            RegisterEventHandler(first),
            UnregisterEventHandler(first),
            RegisterEventHandler(once),
            RegisterEventHandler(OnProcessExit(target_action=a, on_exit=[b])),
            a,
        ]
    )
    assert calls == ["once"]


def test_execution_complete(launched, note):
    action = LogInfo(msg=["to the log"])
    handler = OnExecutionComplete(
        target_action=action, on_completion=[note("done", LaunchConfiguration("x", default="y"))]
    )
    launched([RegisterEventHandler(handler), action])
    assert note == {"done": "y"}


def test_locals_last_as_long_as_the_event(launched):
    seen = []

    def extend(event, context):
        context.extend_locals({"for_now": 1})
        context.extend_globals({"for_good": 2})
        seen.append(dict(context.get_locals_as_dict()))

    def look(event, context):
        assert context.locals.event is event
        seen.append(dict(context.get_locals_as_dict()))

    process = python("pass")
    launched(
        [
            RegisterEventHandler(OnProcessStart(target_action=process, on_start=extend)),
            RegisterEventHandler(OnProcessExit(target_action=process, on_exit=look)),
            process,
        ]
    )
    during, after = seen
    assert (during.get("for_now"), during.get("for_good")) == (1, 2)
    assert (after.get("for_now"), after.get("for_good")) == (None, 2)


def test_wrong_targets_are_refused():
    with pytest.raises(TypeError):
        OnProcessExit(target_action="talker", on_exit=[])
    with pytest.raises(TypeError):
        OnProcessExit(on_exit=["talker"])
    with pytest.raises(RuntimeError):
        EmitEvent(event="shutdown")


def test_executing_twice_fails(launched):
    process = python("pass")
    assert launched([process, process]).return_code == 1


OUTPUT_TARGET = """
import sys
from launch import LaunchDescription, LaunchService
from launch.actions import ExecuteProcess
code = "import sys; print('to stdout'); print('to stderr', file=sys.stderr); print('end', end='')"
service = LaunchService()
service.include_launch_description(LaunchDescription([
    ExecuteProcess(cmd=[sys.executable, "-c", code], name=output, output=output)
    for output in ("screen", "log", "both", "own_log")
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
    own = {re.sub(r"-\d+", "", path.name): path.read_text() for path in log_dir.glob("own_log*")}
    assert set(own) == {"own_log.log", "own_log-stdout.log", "own_log-stderr.log"}
    assert "to stdout" in own["own_log-stdout.log"]
    assert "to stdout" not in own["own_log-stderr.log"]
    assert own["own_log.log"].count("to std") == 2
    assert "[screen] end" in re.sub(r"-\d+\]", "]", result.stdout)  # although the line has no end


def test_wrong_output_configuration_fails(launched):
    assert launched([python("pass", output="everywhere")]).return_code == 1


def test_unfinished_and_broken_output_is_kept():
    code = r"import os; os.write(1, b'no end \xff'); os.write(1, 'ü'.encode()[:1])"
    process = python(code, cached_output=True)
    service = LaunchService()
    service.include_launch_description(LaunchDescription([process]))
    assert service.run() == 0
    assert process.get_stdout().startswith("no end \ufffd")
    assert process.get_stderr() == ""


def test_service_can_be_stopped_from_another_thread():
    process = python(PATIENT)
    service = LaunchService(noninteractive=True)
    ready = threading.Event()
    service.include_launch_description(
        LaunchDescription(
            [process, when_ready(process, OpaqueFunction(function=lambda context: ready.set()))]
        )
    )
    thread = threading.Thread(target=lambda: (ready.wait(30), service.shutdown()))
    thread.start()
    assert service.run(shutdown_when_idle=False) == 0
    thread.join(30)
    assert process.return_code == 0
