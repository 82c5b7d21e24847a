"""How long a launch test waits for its ReadyToTest action."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Description = TypeVar("Description", bound=Callable[..., object])


def ready_to_test_action_timeout(timeout: float) -> Callable[[Description], Description]:
    """Decorate generate_test_description: wait `timeout` seconds instead of 15."""

    def decorate(function: Description) -> Description:
        function.__ready_to_test_action_timeout__ = timeout  # type: ignore[attr-defined]
        return function

    return decorate
