"""The verbs of `ros2 param`."""

from __future__ import annotations

import re
import sys
from argparse import ArgumentParser, Namespace
from typing import Any

from ros2cli.helpers import unsigned_int
from ros2cli.verb import Result, Verb
from ros2node.command import add_node_name

# Parameter type -> (name in descriptions, label before its value).
_TYPES = {
    0: ("not set", "Parameter not set."),
    1: ("boolean", "Boolean value is:"),
    2: ("integer", "Integer value is:"),
    3: ("double", "Double value is:"),
    4: ("string", "String value is:"),
    5: ("byte array", "Byte values are:"),
    6: ("boolean array", "Boolean values are:"),
    7: ("integer array", "Integer values are:"),
    8: ("double array", "Double values are:"),
    9: ("string array", "String values are:"),
}


def _add_node_arguments(parser: ArgumentParser) -> None:
    from ros2cli.node.strategy import add_arguments

    add_arguments(parser)
    add_node_name(parser)
    parser.add_argument(
        "--timeout", metavar="N", type=unsigned_int, default=1, help="seconds to wait for it (1)"
    )


class _Target:
    """The node of the command line, with its parameter services. For a `with` block."""

    def __init__(self, args: Namespace) -> None:
        from ros2cli.node.strategy import NodeStrategy
        from ros2node.api import get_absolute_node_name

        self._args = args
        self.name = get_absolute_node_name(args.node_name) or ""
        self.node = NodeStrategy(args)

    def __enter__(self) -> _Target:
        return self

    def __exit__(self, *error: Any) -> None:
        self.node.__exit__(*error)

    def connect(self) -> None:
        """Wait for the node and for its services. Raises RuntimeError."""
        from ros2node.api import wait_for_node

        args = self._args
        if not wait_for_node(self.node, self.name, args.include_hidden_nodes, args.timeout):
            raise RuntimeError("Node not found")
        self.client = self.client_of(self.name)

    def client_of(self, name: str) -> Any:
        """Parameter client of a node. Raises RuntimeError."""
        from rclpy.parameter_client import AsyncParameterClient

        client = AsyncParameterClient(self.node.node, name)
        if not client.wait_for_services(timeout_sec=5.0):
            raise RuntimeError(
                f"Wait for service timed out waiting for parameter services for node {name}"
            )
        return client

    def answer(self, future: Any, name: str = "") -> Any:
        """Response of a request to a node, the one of the command line for "". Raises RuntimeError."""
        return self.node.wait_for_result(
            future, f"the parameter services of node {name or self.name}"
        )


def _list_arguments(parser: ArgumentParser) -> None:
    from ros2cli.node.strategy import add_arguments

    add_arguments(parser)
    add_node_name(parser, nargs="?")
    parser.add_argument("--filter", help="regular expression that names must match")
    parser.add_argument("--param-prefixes", nargs="+", default=[], help="prefixes of the names")
    parser.add_argument("--param-type", action="store_true", help="show types as well")


def _list(args: Namespace) -> Result:
    from ros2node.api import get_node_names

    def names_of_nodes() -> list[str]:
        found = get_node_names(node=target.node, include_hidden_nodes=args.include_hidden_nodes)
        names = sorted({name.full_name for name in found})
        return [name for name in names if name == target.name] if target.name else names

    with _Target(args) as target:
        if not target.name:
            target.node.settle()
        nodes = target.node.find(names_of_nodes) if target.name else names_of_nodes()
        if target.name and not nodes:
            return "Node not found"
        lost = []
        for name in nodes:
            try:
                _print_parameters(target, name, args)
            except RuntimeError as error:
                print(f"{name}: {error}", file=sys.stderr)
                lost.append(name)
    if lost:
        return f"The list is incomplete: the parameters of {', '.join(lost)} are missing"
    return 0


def _print_parameters(target: _Target, node_name: str, args: Namespace) -> None:
    client = target.client_of(node_name)
    response = target.answer(client.list_parameters(prefixes=args.param_prefixes), node_name)
    names = sorted(
        name for name in response.result.names if not args.filter or re.match(args.filter, name)
    )
    if names and not args.node_name:
        print(f"{node_name}:")
    kinds: dict[str, str] = {}
    if names and args.param_type:
        described = target.answer(client.describe_parameters(names), node_name)
        kinds = {found.name: _TYPES[found.type][0] for found in described.descriptors}
    for name in names:
        print(f"  {name} (type: {kinds.get(name, 'unknown')})" if args.param_type else f"  {name}")


def _get_arguments(parser: ArgumentParser) -> None:
    _add_node_arguments(parser)
    parser.add_argument("parameter_name", help="parameter")
    parser.add_argument("--hide-type", action="store_true", help="show the value only")


def _get(args: Namespace) -> Result:
    from rclpy.parameter import parameter_value_to_python

    with _Target(args) as target:
        target.connect()
        values = target.answer(target.client.get_parameters([args.parameter_name])).values
    if not values:
        return "Parameter not set"
    _, label = _TYPES[values[0].type]
    value = parameter_value_to_python(values[0])
    if args.hide_type:
        print(value)
    elif value is None:
        print(label)
    else:
        print(label, value)
    return 0


def _set_arguments(parser: ArgumentParser) -> None:
    _add_node_arguments(parser)
    parser.add_argument("parameter_name", help="parameter")
    parser.add_argument("value", help="value, as YAML")


def _set(args: Namespace) -> Result:
    from rcl_interfaces.msg import Parameter
    from rclpy.parameter import get_parameter_value

    parameter = Parameter(name=args.parameter_name, value=get_parameter_value(args.value))
    return _set_one(args, parameter, "Set parameter successful", "Setting parameter failed")


def _delete_arguments(parser: ArgumentParser) -> None:
    _add_node_arguments(parser)
    parser.add_argument("parameter_name", help="parameter")


def _delete(args: Namespace) -> Result:
    from rcl_interfaces.msg import Parameter  # a parameter without value is deleted

    parameter = Parameter(name=args.parameter_name)
    return _set_one(args, parameter, "Deleted parameter successfully", "Deleting parameter failed")


def _set_one(args: Namespace, parameter: Any, done: str, failed: str) -> Result:
    with _Target(args) as target:
        target.connect()
        (result,) = target.answer(target.client.set_parameters([parameter])).results
    _print_outcome(result, done, failed)
    return 0


def _print_outcome(result: Any, done: str, failed: str) -> None:
    """As upstream, a refused value is said on standard error and does not change the status."""
    text = done if result.successful else failed
    text += f": {result.reason}" if result.reason else ""
    print(text, file=sys.stdout if result.successful else sys.stderr)


def _describe_arguments(parser: ArgumentParser) -> None:
    _add_node_arguments(parser)
    parser.add_argument("parameter_names", nargs="+", help="parameters")


def _describe(args: Namespace) -> Result:
    with _Target(args) as target:
        target.connect()
        answer = target.answer(target.client.describe_parameters(args.parameter_names))
    for found in answer.descriptors:
        print(f"Parameter name: {found.name}")
        print(f"  Type: {_TYPES[found.type][0]}")
        if found.description:
            print(f"  Description: {found.description}")
        print("  Constraints:")
        if found.read_only:
            print("    Read only: true")
        for limits in [*found.floating_point_range, *found.integer_range][:1]:
            print(f"    Min value: {limits.from_value}")
            print(f"    Max value: {limits.to_value}")
            if limits.step:
                print(f"    Step: {limits.step}")
        if found.additional_constraints:
            print(f"    Additional constraints: {found.additional_constraints}")
    return 0


def _dump(args: Namespace) -> Result:
    import yaml
    from rclpy.parameter import parameter_value_to_python

    with _Target(args) as target:
        target.connect()
        names = sorted(target.answer(target.client.list_parameters()).result.names)
        values = target.answer(target.client.get_parameters(names)).values if names else []
    parameters: dict[str, Any] = {}
    for name, value in zip(names, values, strict=True):
        *groups, last = name.split(".")
        place = parameters
        for group in groups:
            place = place.setdefault(group, {})
        plain = parameter_value_to_python(value)
        place[last] = list(plain) if hasattr(plain, "typecode") else plain
    tree = {target.name: {"ros__parameters": parameters}}
    print(yaml.safe_dump(tree, default_flow_style=False, allow_unicode=True))
    return 0


def _load_arguments(parser: ArgumentParser) -> None:
    _add_node_arguments(parser)
    parser.add_argument("parameter_file", help="parameter file (YAML)")
    parser.add_argument(
        "--no-use-wildcard", action="store_true", help="leave out what the file says for '/**'"
    )


def _load(args: Namespace) -> Result:
    import yaml
    from rclpy.parameter import parameter_dict_from_yaml_file

    use_wildcard = not args.no_use_wildcard
    with _Target(args) as target:
        target.connect()
        try:
            # As upstream, all sections of the file are taken, whatever node they name.
            chosen = parameter_dict_from_yaml_file(args.parameter_file, use_wildcard)
        except (OSError, RuntimeError, AttributeError, yaml.YAMLError) as error:
            return f"The parameter file cannot be loaded: {error}"
        parameters = list(chosen.values())
        results = target.answer(target.client.set_parameters(parameters)).results
    for parameter, result in zip(parameters, results, strict=True):
        said = f"Set parameter {parameter.name}"
        _print_outcome(result, f"{said} successful", f"{said} failed")
    return 0


VERBS = {
    "delete": Verb("Delete a parameter", _delete, _delete_arguments),
    "describe": Verb("Show description and limits of parameters", _describe, _describe_arguments),
    "dump": Verb("Show all parameters of a node as YAML", _dump, _add_node_arguments),
    "get": Verb("Show the value of a parameter", _get, _get_arguments),
    "list": Verb("List parameters", _list, _list_arguments),
    "load": Verb("Set the parameters of a file", _load, _load_arguments),
    "set": Verb("Set a parameter", _set, _set_arguments),
}
