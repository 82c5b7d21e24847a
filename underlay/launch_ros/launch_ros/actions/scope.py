"""Actions that hold for all nodes after them, until the end of the group they are in."""

from __future__ import annotations

import os
from typing import Any

from launch import Action, LaunchContext, LaunchDescriptionEntity, SomeSubstitutionsType
from launch.substitutions import SubstitutionFailure
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions

from ..names import check_namespace, make_namespace_absolute, prefix_namespace
from ..parameters import evaluate_parameter_dict, normalize_parameter_dict
from ..ros_adapters import get_ros_node

Entities = list[LaunchDescriptionEntity]


def _append(context: LaunchContext, configuration: str, items: list[Any]) -> None:
    """Add to a list among the launch configurations without changing an outer scope's list."""
    before = context.launch_configurations.get(configuration, [])
    context.launch_configurations[configuration] = [*before, *items]


class PushROSNamespace(Action):
    """Puts the nodes after it into a namespace, below the one that already holds."""

    def __init__(self, namespace: SomeSubstitutionsType, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.namespace = normalize_to_list_of_substitutions(namespace)

    def execute(self, context: LaunchContext) -> Entities | None:
        """Set it; SubstitutionFailure when the result is no valid namespace."""
        pushed = perform_substitutions(context, self.namespace)
        previous = context.launch_configurations.get("ros_namespace")
        namespace = make_namespace_absolute(prefix_namespace(previous, pushed)) or "/"
        try:
            check_namespace(namespace)
        except Exception as error:  # rclpy's exceptions, which are not imported for this
            raise SubstitutionFailure(
                f"invalid namespace '{namespace}', made of '{previous}' and '{pushed}': {error}"
            ) from error
        context.launch_configurations["ros_namespace"] = namespace
        return None


PushRosNamespace = PushROSNamespace


class SetParameter(Action):
    """Sets a parameter of the nodes after it; their own parameters come later and win."""

    def __init__(self, name: SomeSubstitutionsType, value: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.name = normalize_to_list_of_substitutions(name)
        self.value = value
        self._parameters = normalize_parameter_dict({tuple(self.name): value})

    def execute(self, context: LaunchContext) -> Entities | None:
        """Set it."""
        values = evaluate_parameter_dict(context, self._parameters)
        _append(context, "global_params", list(values.items()))
        return None


class SetParametersFromFile(Action):
    """Gives a parameter file to the nodes after it."""

    def __init__(self, filename: SomeSubstitutionsType, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._filename = normalize_to_list_of_substitutions(filename)

    def execute(self, context: LaunchContext) -> Entities | None:
        """Set it."""
        _append(context, "global_params", [perform_substitutions(context, self._filename)])
        return None


class SetRemap(Action):
    """Remaps a name for the nodes after it."""

    def __init__(
        self, src: SomeSubstitutionsType, dst: SomeSubstitutionsType, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.src = normalize_to_list_of_substitutions(src)
        self.dst = normalize_to_list_of_substitutions(dst)

    def execute(self, context: LaunchContext) -> Entities | None:
        """Set it."""
        pair = (
            perform_substitutions(context, self.src),
            perform_substitutions(context, self.dst),
        )
        _append(context, "ros_remaps", [pair])
        return None


class SetROSLogDir(Action):
    """Sets the log directory of the nodes after it, relative to the one that holds."""

    def __init__(self, new_log_dir: SomeSubstitutionsType, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.log_dir = normalize_to_list_of_substitutions(new_log_dir)

    def execute(self, context: LaunchContext) -> Entities | None:
        """Set it."""
        current = os.environ.get("ROS_LOG_DIR")
        if not current:
            from rclpy.logging import get_logging_directory

            current = str(get_logging_directory())
        new = perform_substitutions(context, self.log_dir)
        context.environment["ROS_LOG_DIR"] = os.path.join(current, new)
        return None


class SetUseSimTime(Action):
    """Makes launch's own node use simulated time; it does not concern launched nodes."""

    def __init__(self, value: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.value = value

    def execute(self, context: LaunchContext) -> Entities | None:
        """Set the parameter."""
        from rclpy.parameter import Parameter

        parameter = Parameter("use_sim_time", Parameter.Type.BOOL, self.value)  # type: ignore[no-untyped-call]
        (result,) = get_ros_node(context).set_parameters([parameter])
        if not result.successful:
            raise RuntimeError(f"cannot set use_sim_time of launch: {result.reason}")
        return None
