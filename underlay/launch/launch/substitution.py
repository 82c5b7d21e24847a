# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""The base class of substitutions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Union

if TYPE_CHECKING:
    from .launch_context import LaunchContext


class Substitution:
    """A text that is known only while launching."""

    def describe(self) -> str:
        """Returns a text for people."""
        return f"{type(self).__name__}()"

    def perform(self, context: LaunchContext) -> str:
        """Returns the text in this context."""
        raise NotImplementedError


SomeSubstitutionsType = Union[str, Substitution, Iterable[Union[str, Substitution]]]
