# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""The verbs of `ros2 service`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from ros2cli.helpers import Result, Verb, filled, interface_class


def _list_arguments(parser: ArgumentParser) -> None:
    from ros2cli.node import add_arguments

    add_arguments(parser)
    parser.add_argument(
        "--include-hidden-services", action="store_true", help="show hidden ones too"
    )
    parser.add_argument("-t", "--show-types", action="store_true", help="show types as well")


def _list(args: Namespace) -> Result:
    from rclpy.topic_or_service_is_hidden import topic_or_service_is_hidden
    from ros2cli.node import graph

    with graph(args) as node:
        services = node.settled(node.get_service_names_and_types)
    for name, types in services:
        if args.include_hidden_services or not topic_or_service_is_hidden(name):
            print(f"{name} [{', '.join(types)}]" if args.show_types else name)
    return 0


def _call_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("service_name", help="service, such as '/add_two_ints'")
    parser.add_argument("service_type", help="type, such as 'std_srvs/srv/Trigger'")
    parser.add_argument("values", nargs="?", default="{}", help="YAML, such as '{a: 1, b: 2}'")


def _call(args: Namespace) -> Result:
    from ros2cli.node import GraphNode
    from rosidl_runtime_py.utilities import get_service

    service_type = interface_class(get_service, args.service_type, "service")
    request = filled(service_type.Request(), args.values)
    with GraphNode() as node:
        client = node.create_client(service_type, args.service_name)
        if not client.service_is_ready():
            print("waiting for service to become available...")
            client.wait_for_service()
        print(f"requester: making request: {request!r}\n")
        future = client.call_async(request)
        response = node.result_of(future, f"service '{args.service_name}'", None)
        print(f"response:\n{response!r}\n")
    return 0


VERBS = {
    "call": Verb("Call a service", _call, _call_arguments),
    "list": Verb("List services", _list, _list_arguments),
}
