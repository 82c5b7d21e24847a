"""From the name of an interface to its class."""

from __future__ import annotations

from typing import Any

from rosidl_parser.definition import NamespacedType

from rosidl_runtime_py.import_message import import_message_from_namespaced_type


def _namespaced(identifier: str, default_namespace: str = "") -> NamespacedType:
    *namespaces, name = identifier.split("/")
    if len(namespaces) == 1 and default_namespace:
        namespaces.append(default_namespace)
    return NamespacedType(namespaces, name)


def get_namespaced_type(identifier: str) -> NamespacedType:
    """Type definition of a full name, such as `std_msgs/msg/String`."""
    return _namespaced(identifier)


def get_message_namespaced_type(identifier: str) -> NamespacedType:
    """As `get_namespaced_type`; `msg` may be left out."""
    return _namespaced(identifier, "msg")


def get_service_namespaced_type(identifier: str) -> NamespacedType:
    """As `get_namespaced_type`; `srv` may be left out."""
    return _namespaced(identifier, "srv")


def get_action_namespaced_type(identifier: str) -> NamespacedType:
    """As `get_namespaced_type`; `action` may be left out."""
    return _namespaced(identifier, "action")


def is_message(interface: Any) -> bool:
    """Whether a class is a message."""
    return hasattr(interface, "SLOT_TYPES")


def is_service(interface: Any) -> bool:
    """Whether a class is a service."""
    return hasattr(interface, "Request") and hasattr(interface, "Response")


def is_action(interface: Any) -> bool:
    """Whether a class is an action."""
    return all(hasattr(interface, part) for part in ("Goal", "Result", "Feedback"))


def get_interface(identifier: str) -> Any:
    """Class of a full name. Raises ModuleNotFoundError, AttributeError or ValueError."""
    return import_message_from_namespaced_type(_namespaced(identifier))


def get_message(identifier: str) -> Any:
    """Class of a message. Raises ModuleNotFoundError, AttributeError or ValueError."""
    found = import_message_from_namespaced_type(get_message_namespaced_type(identifier))
    if not is_message(found):
        raise ValueError(f"'{identifier}' is not a message")
    return found


def get_service(identifier: str) -> Any:
    """Class of a service. Raises ModuleNotFoundError, AttributeError or ValueError."""
    found = import_message_from_namespaced_type(get_service_namespaced_type(identifier))
    if not is_service(found):
        raise ValueError(f"'{identifier}' is not a service")
    return found


def get_action(identifier: str) -> Any:
    """Class of an action. Raises ModuleNotFoundError, AttributeError or ValueError."""
    found = import_message_from_namespaced_type(get_action_namespaced_type(identifier))
    if not is_action(found):
        raise ValueError(f"'{identifier}' is not an action")
    return found
