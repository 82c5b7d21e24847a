"""The error for files that cannot be loaded as launch files."""

from __future__ import annotations

from collections.abc import Sequence


class InvalidLaunchFileError(Exception):
    """Carries what was wrong with a launch file."""

    def __init__(
        self, extension: str = "", *, likely_errors: Sequence[BaseException] | None = None
    ) -> None:
        self._likely_errors = list(likely_errors or ())
        if extension and self._likely_errors:
            causes = "\n".join(
                f" - {type(error).__name__}: {error}" for error in self._likely_errors
            )
            message = f"cannot load the launch file of format [{extension}]:\n{causes}"
        else:
            message = "The launch file may have a syntax error, or its format is unknown"
        super().__init__(message)
        if self._likely_errors:
            self.__cause__ = self._likely_errors[0]
