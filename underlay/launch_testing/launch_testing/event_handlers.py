"""Handlers for the output of processes under test."""

from __future__ import annotations

from typing import Any

from launch import SomeEntitiesType
from launch.actions import ExecuteProcess
from launch.event_handlers import OnProcessIO
from launch.events.process import ProcessIO

__all__ = ["StdoutReadyListener"]


class StdoutReadyListener(OnProcessIO):
    """Visits entities when a process writes a text to stdout, such as its being ready."""

    def __init__(
        self,
        *,
        target_action: ExecuteProcess | None = None,
        ready_txt: str,
        actions: SomeEntitiesType,
    ) -> None:
        self._ready_text = ready_txt
        self._actions = actions
        super().__init__(target_action=target_action, on_stdout=self._look)

    def _look(self, event: ProcessIO) -> SomeEntitiesType | None:
        found = self._ready_text in event.text.decode(errors="replace")
        return self._actions if found else None

    def describe(self) -> tuple[str, list[Any]]:
        """Return a text for people and the entities, so that a ReadyToTest is found there."""
        return super().describe()[0], list(self._actions)  # type: ignore[arg-type]
