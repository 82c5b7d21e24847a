"""What a verb of the command line is."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import dataclass

# 0 or None: done; a number: exit status; a text: an error, printed, with exit status 1.
Result = int | str | None


def no_arguments(_parser: ArgumentParser) -> None:
    """For verbs without arguments."""


@dataclass(frozen=True, slots=True)
class Verb:
    """`ros2 topic list` is the verb `list` of the command `topic`.

    `arguments` declares its arguments and `run` carries it out. Both import what is slow to import
    themselves, so that the start of one verb does not pay for the others.
    """

    summary: str
    run: Callable[[Namespace], Result]
    arguments: Callable[[ArgumentParser], None] = no_arguments
