# SPDX-License-Identifier: Apache-2.0
"""ROS parameters out of config dataclasses (see `vla_common.configuration.config`).

Values are not held to their ranges when they are declared, since a node that dies while it is constructed
can't say why; they are checked when the node is configured, and whenever somebody sets one.
Setting one of a group that is in use takes effect at once where the node can do that; otherwise it is refused with the
sentence when it would: a value that is shown and does not count would be a lie.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from rcl_interfaces.msg import ParameterDescriptor, SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter

from vla_common.configuration.config import Setting, from_values, settings_of, unknown_key
from vla_common.contracts.outcomes import VlaError

T = TypeVar("T")


def _constraints(info: Setting) -> str:
    parts = [f"unit: {info.unit}"] if info.unit else []
    if info.minimum is not None:
        parts.append(f"minimum: {info.minimum:g}")
    if info.maximum is not None:
        parts.append(f"maximum: {info.maximum:g}")
    if info.choices:
        parts.append("one of: " + ", ".join(info.choices))
    return "; ".join(parts)


OTHER_CLOCK = (
    "'use_sim_time' can't be changed while the node runs: all that it knows has times of the other clock. Start it "
    "with the launch argument 'use_sim_time' or the parameter file."
)


class NodeParameters:
    """Declares the groups of a node and reads them back, checked."""

    def __init__(
        self,
        node: Node,
        groups: Mapping[str, type[Any]],
        when: str = "when the node starts: put it into the parameter file and start it again",
        live: Collection[str] = (),
        apply: Callable[[Mapping[str, Any]], None] = lambda configs: None,
    ) -> None:
        """when: says when a value takes effect that is in use already. live: names ("group.name") that may change in
        use; apply: gets the groups they are in, with the new values, and raises VlaError to refuse them.
        """
        self._node = node
        self._groups = dict(groups)
        self._when = when
        self._live = frozenset(live)
        self._apply = apply
        self._used: dict[str, Any] = {}
        for group, config in groups.items():
            for name, (default, info) in settings_of(config).items():
                descriptor = ParameterDescriptor(
                    description=info.description,
                    additional_constraints=_constraints(info),
                    dynamic_typing=True,  # a whole number in the file is fine for a float
                )
                value = list(default) if isinstance(default, tuple) else default
                node.declare_parameter(f"{group}.{name}", value, descriptor)
        node.add_on_set_parameters_callback(self._check_new_values)

    def read(self, group: str) -> Any:
        """The group as its config dataclass. Errors: INVALID_CONFIG."""
        self._refuse_unknown(group)
        config = self._groups[group]
        values = {}
        for name, (default, _) in settings_of(config).items():
            value = self._node.get_parameter(f"{group}.{name}").value
            # An empty list has no type in a parameter file and arrives as nothing at all.
            values[name] = () if value is None and isinstance(default, tuple) else value
        self._used[group] = used = from_values(config, group, values)
        return used

    def free(self) -> None:
        """Nothing is in use any more: what is set from now on counts when it is read the next time."""
        self._used.clear()

    def _other_clock(self, value: Any) -> bool:
        has = self._node.has_parameter("use_sim_time")
        return has and bool(value != self._node.get_parameter("use_sim_time").value)

    def given(self, group: str, config: type[T]) -> T:
        """Another node's group, as far as this node was given its values too: one parameter file is for all nodes.

        Errors: INVALID_CONFIG.
        """
        overrides = getattr(self._node, "_parameter_overrides", {})
        values = {}
        for key, parameter in overrides.items():
            where, _, name = key.partition(".")
            if where == group and name in settings_of(config):
                value = parameter.value
                values[name] = () if value is None else value
        return from_values(config, group, values)

    def _refuse_unknown(self, group: str) -> None:
        known = [f"{group}.{name}" for name in settings_of(self._groups[group])]
        # rclpy offers no public way to see values that were given but never declared.
        for key in getattr(self._node, "_parameter_overrides", {}):
            if key.startswith(group + ".") and key not in known:
                raise unknown_key(key, known)

    def _check_new_values(self, parameters: Sequence[Parameter]) -> SetParametersResult:
        changes: dict[str, dict[str, Any]] = {}
        for parameter in parameters:
            if parameter.name == "use_sim_time" and self._other_clock(parameter.value):
                return SetParametersResult(successful=False, reason=OTHER_CLOCK)
            group, _, name = parameter.name.partition(".")
            config = self._groups.get(group)
            entry = settings_of(config).get(name) if config else None
            if entry is None:
                continue
            default, info = entry
            value = (
                () if parameter.value is None and isinstance(default, tuple) else parameter.value
            )
            try:
                value = info.check(parameter.name, value, default)
            except VlaError as error:
                return SetParametersResult(successful=False, reason=error.message)
            used = self._used.get(group)
            if used is None or getattr(used, name) == value:
                continue
            if parameter.name not in self._live:
                reason = f"Parameter '{parameter.name}' takes effect only {self._when}."
                return SetParametersResult(successful=False, reason=reason)
            changes.setdefault(group, {})[name] = value
        if not changes:
            return SetParametersResult(successful=True)
        try:
            new = {group: replace(self._used[group], **values) for group, values in changes.items()}
            self._apply(new)
        except VlaError as error:
            return SetParametersResult(successful=False, reason=error.message)
        self._used.update(new)
        return SetParametersResult(successful=True)
