"""ROS parameters out of config dataclasses (see `vla_common.config`).

Values are not held to their ranges when they are declared, since a node that dies while it is constructed
can't say why; they are checked when the node is configured, and whenever somebody sets one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from rcl_interfaces.msg import ParameterDescriptor, SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter

from vla_common.config import Setting, from_values, settings_of, unknown_key
from vla_common.outcomes import VlaError

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

    def __init__(self, node: Node, groups: Mapping[str, type[Any]]) -> None:
        self._node = node
        self._groups = dict(groups)
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
        return from_values(config, group, values)

    def _other_clock(self, value: Any) -> bool:
        has = self._node.has_parameter("use_sim_time")
        return has and value != self._node.get_parameter("use_sim_time").value

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
        for parameter in parameters:
            if parameter.name == "use_sim_time" and self._other_clock(parameter.value):
                return SetParametersResult(successful=False, reason=OTHER_CLOCK)
            group, _, name = parameter.name.partition(".")
            config = self._groups.get(group)
            entry = settings_of(config).get(name) if config else None
            if entry is None:
                continue
            default, info = entry
            try:
                info.check(parameter.name, parameter.value, default)
            except VlaError as error:
                return SetParametersResult(successful=False, reason=error.message)
        return SetParametersResult(successful=True)
