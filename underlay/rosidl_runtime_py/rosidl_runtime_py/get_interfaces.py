"""Which interfaces the packages of this installation define, and where their files are."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from ament_index_python import get_resource, get_resources, has_resource


def get_interface_packages() -> dict[str, str]:
    """Packages that define interfaces, with the prefix each is installed in."""
    return dict(get_resources("rosidl_interfaces"))


def _find(
    package_names: Collection[str], kind: str = "", suffixes: tuple[str, ...] = ()
) -> dict[str, list[str]]:
    """Names (such as `msg/String`) by package, of one kind (`msg`, ...) or of all.

    Names with an underscore are parts of services and actions, not interfaces of their own.
    """
    found: dict[str, list[str]] = {}
    for package in package_names or get_interface_packages():
        if not has_resource("packages", package):
            raise LookupError(f"Unknown package '{package}'")
        if not has_resource("rosidl_interfaces", package):
            continue
        files = [
            line for line in get_resource("rosidl_interfaces", package)[0].splitlines() if line
        ]
        names = {
            file.rsplit(".", 1)[0]: None
            for file in files
            if "_" not in file
            and (not kind or (file.startswith(f"{kind}/") and file.endswith(suffixes)))
        }
        if names:
            found[package] = list(names)
    return found


def get_interfaces(package_names: Collection[str] = ()) -> dict[str, list[str]]:
    """All interfaces of the packages (of every package when none is named).

    Raises LookupError for an unknown package.
    """
    return _find(package_names)


def get_message_interfaces(package_names: Collection[str] = ()) -> dict[str, list[str]]:
    """As `get_interfaces`, messages only."""
    return _find(package_names, "msg", (".idl", ".msg"))


def get_service_interfaces(package_names: Collection[str] = ()) -> dict[str, list[str]]:
    """As `get_interfaces`, services only."""
    return _find(package_names, "srv", (".idl", ".srv"))


def get_action_interfaces(package_names: Collection[str] = ()) -> dict[str, list[str]]:
    """As `get_interfaces`, actions only."""
    return _find(package_names, "action", (".idl", ".action"))


def get_interface_path(interface_name: str) -> str:
    """File that defines an interface, such as `std_msgs/msg/String`.

    Raises ValueError for a malformed name and LookupError for an unknown one.
    """
    parts = interface_name.split("/")
    if len(parts) < 2 or not all(parts) or ".." in parts:
        raise ValueError(
            f"Invalid name '{interface_name}'. Expected a package, a kind and a name, "
            "as in 'std_msgs/msg/String'"
        )
    prefix = has_resource("packages", parts[0])
    if not prefix:
        raise LookupError(f"Unknown package '{parts[0]}'")
    path = Path(str(prefix), "share", interface_name)
    candidates = [path]
    if "." not in parts[-1]:
        candidates = [path.with_name(f"{path.name}.{end}") for end in (parts[-2], "idl")]
    for candidate in candidates:
        if candidate.exists():
            return str(candidate)
    raise LookupError(f"Could not find the interface '{candidates[-1]}'")
