# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""A stand-in for a part of rosidl_runtime_py of ROS 2 Jazzy; not upstream's package. See README.md."""

from rosidl_runtime_py.convert import (
    get_message_slot_types,
    message_to_ordereddict,
    message_to_yaml,
)
from rosidl_runtime_py.get_interfaces import get_interface_path
from rosidl_runtime_py.set_message import set_message_fields

__all__ = [
    "get_interface_path",
    "get_message_slot_types",
    "message_to_ordereddict",
    "message_to_yaml",
    "set_message_fields",
]
