"""Names of nodes and namespaces: how they are joined and which are valid."""

from __future__ import annotations

import re

_TOKEN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SURELY_VALID_LENGTH = 200  # rmw's limit is a little above; longer names are checked by rclpy


def is_root_namespace(ns: str) -> bool:
    """Return whether `ns` is `/`."""
    return ns == "/"


def is_namespace_absolute(ns: str) -> bool:
    """Return whether `ns` begins with a slash."""
    return ns.startswith("/")


def make_namespace_absolute(ns: str | None) -> str | None:
    """Return `ns` with a slash in front; None stays None."""
    return ns if ns is None or is_namespace_absolute(ns) else f"/{ns}"


def prefix_namespace(base_ns: str | None, ns: str | None) -> str | None:
    """Return `ns` below `base_ns`, or `ns` alone when it is absolute; None if both are None."""
    if ns is None:
        combined = base_ns
    elif not base_ns or is_namespace_absolute(ns):
        combined = ns
    else:
        combined = f"{base_ns.rstrip('/')}/{ns}"
    if combined is None or is_root_namespace(combined):
        return combined
    return combined.rstrip("/")


def check_node_name(name: str) -> None:
    """Raise rclpy's InvalidNodeNameException unless `name` can be a node's name.

    rclpy, which takes long to import, is asked only about names that look wrong.
    """
    if len(name) > _SURELY_VALID_LENGTH or not _TOKEN.fullmatch(name):
        from rclpy.validate_node_name import validate_node_name

        validate_node_name(name)


def check_namespace(namespace: str) -> None:
    """Raise rclpy's InvalidNamespaceException unless `namespace` is valid and absolute."""
    tokens = namespace.split("/")
    simple = namespace == "/" or (tokens[0] == "" and all(map(_TOKEN.fullmatch, tokens[1:])))
    if len(namespace) > _SURELY_VALID_LENGTH or not simple:
        from rclpy.validate_namespace import validate_namespace

        validate_namespace(namespace)
