"""Marks on test descriptions and test methods."""

from __future__ import annotations

import functools
import inspect
import time
from collections.abc import Callable
from typing import Any, TypeVar

Description = TypeVar("Description", bound=Callable[..., object])


def keep_alive(test_description: Description) -> Description:
    """Keep the launch running although nothing is left to do, until the tests are done."""
    markers = test_description.__dict__.setdefault("__markers__", {})
    markers["keep_alive"] = True
    return test_description


def retry_on_failure(
    *, times: int, delay: float | None = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Run a test method up to `times` times, `delay` seconds apart, until no assertion fails."""
    if times <= 0:
        raise AssertionError("times must be positive")

    def decorate(method: Callable[..., Any]) -> Callable[..., Any]:
        if next(iter(inspect.signature(method).parameters), None) != "self":
            raise AssertionError("retry_on_failure decorates test methods")

        @functools.wraps(method)
        def retried(self: Any, *args: Any, **kwargs: Any) -> Any:
            for _ in range(times - 1):
                try:
                    return method(self, *args, **kwargs)
                except AssertionError:
                    if delay is not None:
                        time.sleep(delay)
            return method(self, *args, **kwargs)

        return retried

    return decorate
