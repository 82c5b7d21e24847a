"""Finding interfaces by name and by package."""

from __future__ import annotations

from pathlib import Path

import pytest
from lifecycle_msgs.srv import GetState
from rosidl_parser.definition import NamespacedType
from rosidl_runtime_py import (
    get_action_interfaces,
    get_interface_packages,
    get_interface_path,
    get_interfaces,
    get_message_interfaces,
    get_service_interfaces,
    import_message_from_namespaced_type,
)
from rosidl_runtime_py.utilities import (
    get_action,
    get_interface,
    get_message,
    get_namespaced_type,
    get_service,
    is_action,
    is_message,
    is_service,
)
from std_msgs.msg import String


def test_packages() -> None:
    assert {"std_msgs", "lifecycle_msgs"} <= set(get_interface_packages())
    assert "msg/String" in get_message_interfaces()["std_msgs"]
    assert "srv/GetState" in get_service_interfaces(["lifecycle_msgs"])["lifecycle_msgs"]
    assert set(get_interfaces(["lifecycle_msgs"])["lifecycle_msgs"]) >= {
        "msg/State",
        "srv/GetState",
    }
    assert "std_msgs" not in get_action_interfaces()
    assert get_interfaces(["ament_index_python"]) == {}
    with pytest.raises(LookupError):
        get_interfaces(["no_such_package"])


def test_paths() -> None:
    path = Path(get_interface_path("std_msgs/msg/String"))
    assert path.name == "String.msg"
    assert path.is_file()
    assert get_interface_path("lifecycle_msgs/srv/GetState").endswith("srv/GetState.srv")
    assert get_interface_path("std_msgs/msg/String.idl").endswith("String.idl")


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
    assert get_interface("std_msgs/msg/String") is String
    assert (is_message(String), is_service(String), is_action(String)) == (True, False, False)
    assert (is_message(GetState), is_service(GetState)) == (False, True)
    assert get_namespaced_type("a/msg/B") == NamespacedType(["a", "msg"], "B")
    kind = NamespacedType(["std_msgs", "msg"], "String")
    assert import_message_from_namespaced_type(kind) is String


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
