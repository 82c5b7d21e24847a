"""`$(var name)` and the like in parameter files.

Decides which of upstream's substitutions are known in files; an unknown one is an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from launch.outside_subset import OutsideSubsetError
from launch.substitution import Substitution
from launch.substitutions import (
    EnvironmentVariable,
    FindExecutable,
    LaunchConfiguration,
    PythonExpression,
    TextSubstitution,
    ThisLaunchFile,
    ThisLaunchFileDir,
)

from .substitutions import ExecutableInPackage, FindPackagePrefix, FindPackageShare

_KNOWN: dict[str, Callable[..., Substitution]] = {
    "var": lambda name, default=None: LaunchConfiguration(name, default=default),
    "env": lambda name, default=None: EnvironmentVariable(name, default_value=default),
    "eval": lambda expression: PythonExpression(expression),
    "filename": ThisLaunchFile,
    "dirname": ThisLaunchFileDir,
    "find-exec": lambda name: FindExecutable(name=name),
    "find-pkg-prefix": FindPackagePrefix,
    "find-pkg-share": FindPackageShare,
    "exec-in-pkg": lambda executable, package: ExecutableInPackage(executable, package),
}

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
# As upstream: a "$" behind a backslash begins nothing, however many backslashes there are.
_PLAIN = re.compile(r"(?:[^$]|\$(?!\()|(?<=\\)\$)+")
_PLAIN_IN_ARGUMENT = re.compile(r"(?:\\\S|\$(?!\()|[^$\\\s'\")])+")
_ESCAPED = re.compile(r"\\(.)")


class _Reader:
    """Reads a text from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def template(self) -> list[Substitution]:
        """Read to the end: text and substitutions."""
        parts: list[Substitution] = []
        while self._at < len(self._text):
            parts += self._substitution() or self._plain(_PLAIN)
        return parts

    def _substitution(self) -> list[Substitution]:
        """Read `$(name argument ...)`, if there is one here."""
        if not self._take("$("):
            return []
        match = _NAME.match(self._text, self._at)
        name = match.group() if match else ""
        self._at += len(name)
        arguments = []
        while self._take(" "):
            arguments.append(self._argument())
        if not self._take(")"):
            raise self._error("a ')' is missing")
        if name not in _KNOWN:
            raise OutsideSubsetError(
                f"'$({name} ...)' in a parameter file is unknown or outside the subset of this "
                f"underlay, known are {', '.join(_KNOWN)}"
            )
        try:
            return [_KNOWN[name](*arguments)]
        except TypeError as error:
            raise self._error(f"'$({name} ...)' has the wrong number of arguments") from error

    def _argument(self) -> list[Substitution]:
        for quote in ("'", '"'):
            if self._take(quote):
                return self._quoted(quote)
        parts: list[Substitution] = []
        while self._at < len(self._text) and self._text[self._at] not in " )":
            parts += self._substitution() or self._plain(_PLAIN_IN_ARGUMENT)
        return parts

    def _quoted(self, quote: str) -> list[Substitution]:
        plain = re.compile(rf"(?:\\.|\$(?!\()|[^$\\{quote}])+", re.DOTALL)
        parts: list[Substitution] = []
        while not self._take(quote):
            if self._at >= len(self._text):
                raise self._error(f"a {quote} is missing")
            parts += self._substitution() or self._plain(plain)
        return parts or [TextSubstitution(text="")]

    def _plain(self, pattern: re.Pattern[str]) -> list[Substitution]:
        match = pattern.match(self._text, self._at)
        if match is None:
            raise self._error(f"{self._text[self._at]!r} is not expected here")
        self._at = match.end()
        return [TextSubstitution(text=_ESCAPED.sub(r"\1", match.group()))]

    def _take(self, expected: str) -> bool:
        found = self._text.startswith(expected, self._at)
        self._at += len(expected) if found else 0
        return found

    def _error(self, reason: str) -> ValueError:
        return ValueError(f"line {self._text.count(chr(10), 0, self._at) + 1}: {reason}")


def parse_substitutions(text: str) -> list[Substitution]:
    """Return text and substitutions in order; a backslash stands for what follows it."""
    return _Reader(text).template()
