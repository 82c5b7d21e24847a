# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""From the name of an interface to its class."""

from __future__ import annotations

import importlib
from typing import Any

from rosidl_parser.definition import NamespacedType


def import_message_from_namespaced_type(message_type: NamespacedType) -> Any:
    """The class of a message, service or action.

    Raises:
        ModuleNotFoundError: when there is no such package.
        AttributeError: when the package has no such interface.
    """
    return getattr(importlib.import_module(".".join(message_type.namespaces)), message_type.name)


def _get(identifier: str, kind: str, parts: tuple[str, ...]) -> Any:
    *namespaces, name = identifier.split("/")
    if len(namespaces) == 1:
        namespaces.append(kind)
    found = import_message_from_namespaced_type(NamespacedType(namespaces, name))
    if not all(hasattr(found, part) for part in parts):
        raise ValueError(f"'{identifier}' is no {kind}")
    return found


def get_message(identifier: str) -> Any:
    """Class of a message, such as `std_msgs/msg/String`; `msg` may be left out.

    Raises:
        ModuleNotFoundError, AttributeError, ValueError: when there is no such message.
    """
    return _get(identifier, "msg", ("SLOT_TYPES",))


def get_service(identifier: str) -> Any:
    """Class of a service; `srv` may be left out.

    Raises:
        ModuleNotFoundError, AttributeError, ValueError: when there is no such service.
    """
    return _get(identifier, "srv", ("Request", "Response"))


def get_action(identifier: str) -> Any:
    """Class of an action; `action` may be left out.

    Raises:
        ModuleNotFoundError, AttributeError, ValueError: when there is no such action.
    """
    return _get(identifier, "action", ("Goal", "Result", "Feedback"))
