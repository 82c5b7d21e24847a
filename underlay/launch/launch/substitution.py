"""The base class of everything whose text is only known while launching."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .launch_context import LaunchContext


class Substitution:
    """Stands for a text; `perform` gives it in a context."""

    def describe(self) -> str:
        """Return a text for people, possible without a context."""
        return f"{type(self).__name__}()"

    def perform(self, context: LaunchContext) -> str:
        """Return the text in `context`; subclasses say which errors they raise."""
        raise NotImplementedError(f"{type(self).__name__} does not define perform()")
