"""A stand-in for the launch_testing package of ROS 2 Jazzy, for the subset in README.md."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from launch.outside_subset import missing_names

from . import tools
from .io_handler import ActiveIoHandler, IoHandler
from .parametrize import parametrize
from .proc_info_handler import ActiveProcInfoHandler, ProcInfoHandler
from .ready_to_test_action_timeout import ready_to_test_action_timeout

__all__ = [
    "ActiveIoHandler",
    "ActiveProcInfoHandler",
    "IoHandler",
    "ProcInfoHandler",
    "parametrize",
    "post_shutdown_test",
    "ready_to_test_action_timeout",
    "tools",
]

__getattr__ = missing_names(__name__, ["ReadyAggregator", "legacy"])

TestClass = TypeVar("TestClass", bound=type)


def post_shutdown_test() -> Callable[[TestClass], TestClass]:
    """Decorate a test class: it is run when all processes have ended."""

    def decorate(test_class: TestClass) -> TestClass:
        if not isinstance(test_class, type):
            raise TypeError("post_shutdown_test decorates test classes")
        test_class.__post_shutdown_test__ = True  # type: ignore[attr-defined]
        return test_class

    return decorate
