"""Events from processes and requests to them."""

from __future__ import annotations

import signal as signals
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..event import Event
from ..utilities import ensure_argument_type

if TYPE_CHECKING:
    from ..actions import ExecuteLocal

__all__ = [
    "ProcessExited",
    "ProcessIO",
    "ProcessStarted",
    "ProcessStderr",
    "ProcessStdin",
    "ProcessStdout",
    "ProcessTargetedEvent",
    "RunningProcessEvent",
    "ShutdownProcess",
    "SignalProcess",
    "matches_executable",
    "matches_name",
    "matches_pid",
]

ProcessMatcher = Callable[["ExecuteLocal"], bool]


def _detail_matcher(accepts: Callable[[dict[str, Any]], bool]) -> ProcessMatcher:
    def matches(action: ExecuteLocal) -> bool:
        return action.process_details is not None and accepts(action.process_details)

    return matches


def matches_pid(pid: int) -> ProcessMatcher:
    """Return a matcher for the process with this pid."""
    return _detail_matcher(lambda details: bool(details.get("pid") == pid))


def matches_name(name: str) -> ProcessMatcher:
    """Return a matcher for the process of this full name, such as `talker-1`."""
    return _detail_matcher(lambda details: bool(details["name"] == name))


def matches_executable(executable: str) -> ProcessMatcher:
    """Return a matcher for processes whose executable's path ends so."""
    return _detail_matcher(lambda details: bool(details["cmd"][0].endswith(executable)))


class RunningProcessEvent(Event):
    """Something about one process."""

    name = "launch.events.process.RunningProcessEvent"

    def __init__(
        self,
        *,
        action: ExecuteLocal,
        name: str,
        cmd: list[str],
        cwd: str | None,
        env: dict[str, str] | None,
        pid: int,
    ) -> None:
        self.action = action
        self.process_name = name
        self.cmd = cmd
        self.cwd = cwd
        self.env = env
        self.pid = pid

    @property
    def execute_process_action(self) -> ExecuteLocal:
        """The action, under its older name."""
        return self.action


class ProcessStarted(RunningProcessEvent):
    """A process has started."""

    name = "launch.events.process.ProcessStarted"


class ProcessExited(RunningProcessEvent):
    """A process has ended; `returncode` is negative when a signal ended it."""

    name = "launch.events.process.ProcessExited"

    def __init__(self, *, returncode: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.returncode = returncode


class ProcessIO(RunningProcessEvent):
    """A piece of a process's input or output, as bytes."""

    name = "launch.events.process.ProcessIO"

    def __init__(self, *, text: bytes, fd: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.text = text
        self.from_stdin = fd == 0
        self.from_stdout = fd == 1
        self.from_stderr = fd == 2


class ProcessStdin(ProcessIO):
    """Input for a process."""

    name = "launch.events.process.ProcessStdin"

    def __init__(self, *, text: bytes, **kwargs: Any) -> None:
        super().__init__(text=text, fd=0, **kwargs)


class ProcessStdout(ProcessIO):
    """Output of a process on its standard output."""

    name = "launch.events.process.ProcessStdout"

    def __init__(self, *, text: bytes, **kwargs: Any) -> None:
        super().__init__(text=text, fd=1, **kwargs)


class ProcessStderr(ProcessIO):
    """Output of a process on its standard error."""

    name = "launch.events.process.ProcessStderr"

    def __init__(self, *, text: bytes, **kwargs: Any) -> None:
        super().__init__(text=text, fd=2, **kwargs)


class ProcessTargetedEvent(Event):
    """A request to the processes that a matcher accepts."""

    name = "launch.events.process.ProcessTargetedEvent"

    def __init__(self, *, process_matcher: ProcessMatcher) -> None:
        self.process_matcher = process_matcher


class ShutdownProcess(ProcessTargetedEvent):
    """The process is to stop: SIGINT, later SIGTERM, later SIGKILL."""

    name = "launch.events.process.ShutdownProcess"


class SignalProcess(ProcessTargetedEvent):
    """The process is to get a signal, given as a `signal.Signals` or by its name."""

    name = "launch.events.process.SignalProcess"

    def __init__(
        self, *, signal_number: str | signals.Signals, process_matcher: ProcessMatcher
    ) -> None:
        super().__init__(process_matcher=process_matcher)
        ensure_argument_type(
            signal_number, (str, signals.Signals), "signal_number", "SignalProcess"
        )
        self.signal = signal_number

    @property
    def signal_name(self) -> str:
        """The signal's name, such as `SIGINT`."""
        return self.signal if isinstance(self.signal, str) else self.signal.name
