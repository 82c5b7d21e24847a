# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""Finding interfaces by name. Holds for upstream's package as well."""

from __future__ import annotations

from pathlib import Path

import pytest
from lifecycle_msgs.srv import GetState
from rosidl_runtime_py import get_interface_path
from rosidl_runtime_py.utilities import get_action, get_message, get_service
from std_msgs.msg import String


def test_paths() -> None:
    path = Path(get_interface_path("std_msgs/msg/String"))
    assert path.name == "String.msg"
    assert path.is_file()
    assert get_interface_path("lifecycle_msgs/srv/GetState").endswith("srv/GetState.srv")


@pytest.mark.parametrize("name", ["String", "std_msgs//String", "std_msgs/../String"])
def test_malformed_names(name: str) -> None:
    with pytest.raises(ValueError, match=name.split("/")[0]):
        get_interface_path(name)


@pytest.mark.parametrize("name", ["no_such_package/msg/String", "std_msgs/msg/NoSuch"])
def test_unknown_names(name: str) -> None:
    with pytest.raises(LookupError):
        get_interface_path(name)


def test_classes() -> None:
    assert get_message("std_msgs/msg/String") is get_message("std_msgs/String") is String
    assert get_service("lifecycle_msgs/GetState") is GetState


@pytest.mark.parametrize(
    ("function", "name", "error"),
    [
        (get_message, "no_such_package/msg/String", ModuleNotFoundError),
        (get_message, "std_msgs/msg/NoSuch", AttributeError),
        (get_message, "lifecycle_msgs/srv/GetState", ValueError),
        (get_service, "std_msgs/msg/String", ValueError),
        (get_action, "std_msgs/msg/String", ValueError),
    ],
)
def test_no_such_class(function, name: str, error: type[Exception]) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(error):
        function(name)
