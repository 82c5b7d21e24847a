"""Conditions for actions."""

from __future__ import annotations

import warnings
from collections.abc import Iterable

from .condition import Condition
from .launch_context import LaunchContext
from .some_substitutions_type import SomeSubstitutionsType
from .substitution import Substitution
from .utilities import normalize_to_list_of_substitutions, perform_substitutions

__all__ = [
    "IfCondition",
    "InvalidConditionExpressionError",
    "LaunchConfigurationEquals",
    "LaunchConfigurationNotEquals",
    "UnlessCondition",
    "evaluate_condition_expression",
]


class InvalidConditionExpressionError(ValueError):
    """A condition's text is neither true/1 nor false/0."""

    def __init__(
        self,
        expression: str,
        unexpanded_expression: Iterable[Substitution],
        valid_expressions: Iterable[str],
    ) -> None:
        came_from = " + ".join(sub.describe() for sub in unexpanded_expression)
        super().__init__(
            f"a condition must be one of [{', '.join(valid_expressions)}], got '{expression}' "
            f"from {came_from}"
        )


def evaluate_condition_expression(
    context: LaunchContext, expression: Iterable[Substitution]
) -> bool:
    """Return the truth of the text of `expression`, case and spaces apart."""
    expression = list(expression)
    text = perform_substitutions(context, expression).strip().lower()
    if text in ("true", "1"):
        return True
    if text in ("false", "0"):
        return False
    raise InvalidConditionExpressionError(text, expression, ("true", "1", "false", "0"))


class IfCondition(Condition):
    """Holds when the text is true or 1; anything but true, 1, false, 0 raises."""

    def __init__(self, predicate_expression: SomeSubstitutionsType) -> None:
        self._expression = normalize_to_list_of_substitutions(predicate_expression)
        super().__init__(predicate=self._holds)

    def _holds(self, context: LaunchContext) -> bool:
        return evaluate_condition_expression(context, self._expression)


class UnlessCondition(IfCondition):
    """Holds when IfCondition does not."""

    def _holds(self, context: LaunchContext) -> bool:
        return not super()._holds(context)


class LaunchConfigurationEquals(Condition):
    """Holds when a launch configuration has a value; expecting None means it is not set."""

    def __init__(
        self, launch_configuration_name: str, expected_value: SomeSubstitutionsType | None
    ) -> None:
        warnings.warn(
            f"{type(self).__name__} is deprecated, use IfCondition with EqualsSubstitution or "
            "NotEqualsSubstitution",
            UserWarning,
            stacklevel=2,
        )
        self._name = launch_configuration_name
        self._expected = (
            None if expected_value is None else normalize_to_list_of_substitutions(expected_value)
        )
        super().__init__(predicate=self._holds)

    def _holds(self, context: LaunchContext) -> bool:
        value = context.launch_configurations.get(self._name)
        if self._expected is None:
            return value is None
        return value is not None and value == perform_substitutions(context, self._expected)


class LaunchConfigurationNotEquals(LaunchConfigurationEquals):
    """Holds when LaunchConfigurationEquals does not."""

    def _holds(self, context: LaunchContext) -> bool:
        return not super()._holds(context)
