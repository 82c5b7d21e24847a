# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""The verbs of `ros2 param`."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

from ros2cli.helpers import Result, Verb

_LABELS = {
    0: "Parameter not set.",
    1: "Boolean value is:",
    2: "Integer value is:",
    3: "Double value is:",
    4: "String value is:",
    5: "Byte values are:",
    6: "Boolean values are:",
    7: "Integer values are:",
    8: "Double values are:",
    9: "String values are:",
}
"""Parameter type -> what stands before its value."""

_TYPES = (
    "not set",
    *("boolean", "integer", "double", "string"),
    *("byte array", "boolean array", "integer array", "double array", "string array"),
)
"""Parameter type -> its name in a description."""


def _list_arguments(parser: ArgumentParser) -> None:
    from ros2cli.node import add_node_name

    add_node_name(parser, nargs="?")


def _list(args: Namespace) -> Result:
    from rcl_interfaces.srv import ListParameters
    from ros2cli.node import graph

    with graph(args) as node:
        one = args.node_name and [node.expect_node(args.node_name)]
        lost = []
        for name in one or node.settled(node.node_names):
            try:
                answer = node.call(
                    ListParameters, f"{name}/list_parameters", ListParameters.Request()
                )
            except RuntimeError as error:
                print(f"{name}: {error}", file=sys.stderr)
                lost.append(name)
                continue
            if answer.result.names and not one:
                print(f"{name}:")
            for parameter in sorted(answer.result.names):
                print(f"  {parameter}")
    if lost:
        return f"The list is incomplete: the parameters of {', '.join(lost)} are missing"
    return 0


def _get_arguments(parser: ArgumentParser) -> None:
    from ros2cli.node import add_node_name

    add_node_name(parser)
    parser.add_argument("parameter_name", help="parameter")
    parser.add_argument("--hide-type", action="store_true", help="show the value only")


def _get(args: Namespace) -> Result:
    from rcl_interfaces.srv import GetParameters
    from rclpy.parameter import parameter_value_to_python
    from ros2cli.node import graph

    with graph(args) as node:
        name = node.expect_node(args.node_name)
        request = GetParameters.Request(names=[args.parameter_name])
        values = node.call(GetParameters, f"{name}/get_parameters", request).values
    if not values:
        return "Parameter not set"
    value = parameter_value_to_python(values[0])
    if args.hide_type:
        print(value)
    else:
        print(_LABELS[values[0].type], *([] if value is None else [value]))
    return 0


def _describe_arguments(parser: ArgumentParser) -> None:
    from ros2cli.node import add_node_name

    add_node_name(parser)
    parser.add_argument("parameter_names", nargs="+", help="parameters")


def _describe(args: Namespace) -> Result:
    from rcl_interfaces.srv import DescribeParameters
    from ros2cli.node import graph

    with graph(args) as node:
        name = node.expect_node(args.node_name)
        request = DescribeParameters.Request(names=args.parameter_names)
        answer = node.call(DescribeParameters, f"{name}/describe_parameters", request)
    for found in answer.descriptors:
        print(f"Parameter name: {found.name}\n  Type: {_TYPES[found.type]}")
        if found.description:
            print(f"  Description: {found.description}")
        print("  Constraints:")
        if found.read_only:
            print("    Read only: true")
        for limits in [*found.floating_point_range, *found.integer_range][:1]:
            print(f"    Min value: {limits.from_value}\n    Max value: {limits.to_value}")
            if limits.step:
                print(f"    Step: {limits.step}")
        if found.additional_constraints:
            print(f"    Additional constraints: {found.additional_constraints}")
    return 0


def _set_arguments(parser: ArgumentParser) -> None:
    from ros2cli.node import add_node_name

    add_node_name(parser)
    parser.add_argument("parameter_name", help="parameter")
    parser.add_argument("value", help="value, as YAML")


def _set(args: Namespace) -> Result:
    from rcl_interfaces.msg import Parameter
    from rcl_interfaces.srv import SetParameters
    from rclpy.parameter import get_parameter_value
    from ros2cli.node import graph

    with graph(args) as node:
        name = node.expect_node(args.node_name)
        parameter = Parameter(name=args.parameter_name, value=get_parameter_value(args.value))
        request = SetParameters.Request(parameters=[parameter])
        (result,) = node.call(SetParameters, f"{name}/set_parameters", request).results
    said = "Set parameter successful" if result.successful else "Setting parameter failed"
    said += f": {result.reason}" if result.reason else ""
    # As upstream, a refused value does not change the exit status.
    print(said, file=sys.stdout if result.successful else sys.stderr)
    return 0


VERBS = {
    "describe": Verb("Show type and limits of parameters", _describe, _describe_arguments),
    "get": Verb("Show the value of a parameter", _get, _get_arguments),
    "list": Verb("List parameters", _list, _list_arguments),
    "set": Verb("Set a parameter", _set, _set_arguments),
}
