"""From a type definition to the Python class."""

from __future__ import annotations

import importlib
from typing import Any

from rosidl_parser.definition import NamespacedType


def import_message_from_namespaced_type(message_type: NamespacedType) -> Any:
    """The class of a message, service or action.

    Raises ModuleNotFoundError or AttributeError when it does not exist.
    """
    module = importlib.import_module(".".join(message_type.namespaces))
    if message_type.name.endswith("_FeedbackMessage"):
        action = getattr(module, message_type.name.removesuffix("_FeedbackMessage"))
        return action.Impl.FeedbackMessage
    return getattr(module, message_type.name)
