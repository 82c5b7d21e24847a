"""The action that starts the tests."""

from __future__ import annotations

from collections.abc import Callable

from launch import Action, LaunchContext, LaunchDescriptionEntity
from launch.outside_subset import missing_names

__all__ = ["ReadyToTest"]

__getattr__ = missing_names(__name__, ["GTest", "PyTest", "Test"])


class ReadyToTest(Action):
    """Says that the system is up; a test description holds exactly one that is reached."""

    def __init__(self) -> None:
        super().__init__()
        self._callbacks: list[Callable[[], None]] = []

    def _add_callback(self, callback: Callable[[], None]) -> None:
        self._callbacks.append(callback)

    def execute(self, context: LaunchContext) -> list[LaunchDescriptionEntity] | None:
        """Start the tests."""
        for callback in self._callbacks:
            callback()
        return None
