"""What is accepted where a text or substitutions are expected."""

from __future__ import annotations

import collections.abc
from collections.abc import Iterable
from typing import Union

from .substitution import Substitution

SomeSubstitutionsType = Union[str, Substitution, Iterable[Union[str, Substitution]]]
SomeSubstitutionsType_types_tuple = (str, Substitution, collections.abc.Iterable)
