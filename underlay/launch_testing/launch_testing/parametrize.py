"""Launch tests that are run several times with different values."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

Description = Callable[..., Any]


def parametrize(
    argnames: str, argvalues: Iterable[Any]
) -> Callable[[Description], Callable[[], Iterator[tuple[Description, dict[str, Any]]]]]:
    """Decorate generate_test_description: it is called with, and launched for, each value.

    `argnames` are separated by commas; with several, each value is a tuple. The tests can take
    the values as arguments of the same names.
    """
    names = [name.strip() for name in argnames.split(",") if name.strip()]
    rows = [value if isinstance(value, tuple) else (value,) for value in argvalues]

    def decorate(
        function: Description,
    ) -> Callable[[], Iterator[tuple[Description, dict[str, Any]]]]:
        @functools.wraps(function)
        def descriptions() -> Iterator[tuple[Description, dict[str, Any]]]:
            for row in rows:
                arguments = dict(zip(names, row, strict=True))
                bound = functools.partial(function, **arguments)
                functools.update_wrapper(bound, function)
                yield bound, arguments

        descriptions.__parametrized__ = True  # type: ignore[attr-defined]
        return descriptions

    return decorate
