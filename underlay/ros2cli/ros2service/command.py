"""The verbs of `ros2 service`."""

from __future__ import annotations

import time
from argparse import ArgumentParser, Namespace
from typing import Any

from ros2cli import completion
from ros2cli.helpers import (
    add_values_arguments,
    fill,
    interface_class,
    positive_float,
    read_values,
)
from ros2cli.verb import Result, Verb


def arguments(parser: ArgumentParser) -> None:
    """What stands between `service` and its verb."""
    parser.add_argument(
        "--include-hidden-services", action="store_true", help="show hidden services as well"
    )


def _service_names(node: Any) -> list[str]:
    from ros2service.api import get_service_names

    return get_service_names(node=node)


def _add_name(parser: ArgumentParser) -> None:
    complete = completion.from_graph(_service_names)
    completion.add(parser, "service_name", complete, help="service, such as '/add_two_ints'")


def _add_hidden(parser: ArgumentParser) -> None:
    # As before the verb, but without a default, so that it counts in both places.
    parser.add_argument(
        "--include-hidden-services", action="store_true", default=None, help="show hidden ones too"
    )


def _services(args: Namespace) -> list[tuple[str, list[str]]]:
    from ros2cli.node.strategy import NodeStrategy

    from ros2service.api import get_service_names_and_types

    with NodeStrategy(args) as node:
        node.settle()
        hidden = bool(args.include_hidden_services)
        return get_service_names_and_types(node=node, include_hidden_services=hidden)


def _list_arguments(parser: ArgumentParser) -> None:
    from ros2cli.node.strategy import add_arguments

    add_arguments(parser)
    _add_hidden(parser)
    parser.add_argument("-t", "--show-types", action="store_true", help="show types as well")
    parser.add_argument("-c", "--count-services", action="store_true", help="show the number only")


def _list(args: Namespace) -> Result:
    services = _services(args)
    if args.count_services:
        print(len(services))
        return 0
    for name, types in services:
        print(f"{name} [{', '.join(types)}]" if args.show_types else name)
    return 0


def _find_arguments(parser: ArgumentParser) -> None:
    _add_hidden(parser)
    types = completion.from_table(completion.service_types)
    completion.add(parser, "service_type", types, help="type, such as 'std_srvs/srv/Trigger'")
    parser.add_argument("-c", "--count-services", action="store_true", help="show the number only")


def _find(args: Namespace) -> Result:
    found = [name for name, types in _services(args) if args.service_type in types]
    if args.count_services:
        print(len(found))
        return 0
    for name in found:
        print(name)
    return 0


def _info_arguments(parser: ArgumentParser) -> None:
    from ros2cli.node.strategy import add_arguments

    add_arguments(parser)
    _add_name(parser)


def _type(args: Namespace) -> Result:
    from ros2cli.node.strategy import NodeStrategy

    from ros2service.api import get_service_types

    with NodeStrategy(args) as node:
        types = get_service_types(node, args.service_name, args.include_hidden_services)
    for kind in types:
        print(kind)
    return 0 if types else 1


def _info(args: Namespace) -> Result:
    from ros2cli.node.strategy import NodeStrategy

    from ros2service.api import get_service_types

    name = args.service_name
    with NodeStrategy(args) as node:
        types = get_service_types(node, name, args.include_hidden_services)
        if not types:
            return f"Unknown service '{name}'"
        print(f"Type: {types[0] if len(types) == 1 else types}")
        print(f"Clients count: {node.count_clients(name)}")
        print(f"Services count: {node.count_services(name)}")
    return 0


def _call_arguments(parser: ArgumentParser) -> None:
    _add_name(parser)
    types = completion.from_table(completion.service_types)
    completion.add(parser, "service_type", types, help="type, such as 'std_srvs/srv/Trigger'")
    add_values_arguments(parser, "values", "{a: 1, b: 2}")
    parser.add_argument(
        "-r", "--rate", metavar="N", type=positive_float, help="call again and again, at N Hz"
    )


def _call(args: Namespace) -> Result:
    import rclpy
    from ros2cli.node.direct import DirectNode
    from rosidl_runtime_py.utilities import get_service

    service_type = interface_class(get_service, args.service_type, "service")
    request = service_type.Request()
    fill(request, read_values(args.values, args.stdin))
    with DirectNode(Namespace(spin_time=0.0)) as node:
        client = node.create_client(service_type, args.service_name)
        if not client.service_is_ready():
            print("waiting for service to become available...")
            client.wait_for_service()
        while rclpy.ok():
            print(f"requester: making request: {request!r}\n")
            due = time.monotonic() + (1.0 / args.rate if args.rate else 0.0)
            future = client.call_async(request)
            rclpy.spin_until_future_complete(node.node, future)
            if future.result() is None:
                return f"Exception while calling service: {future.exception()!r}"
            print(f"response:\n{future.result()!r}\n")
            if args.rate is None:
                break
            time.sleep(max(0.0, due - time.monotonic()))
    return 0


VERBS = {
    "call": Verb("Call a service", _call, _call_arguments),
    "find": Verb("List the services of a type", _find, _find_arguments),
    "info": Verb("Show type and ends of a service", _info, _info_arguments),
    "list": Verb("List services", _list, _list_arguments),
    "type": Verb("Show the type of a service", _type, _add_name),
}
