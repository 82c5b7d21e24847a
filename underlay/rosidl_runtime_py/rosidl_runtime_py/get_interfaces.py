# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""Where the files are that define interfaces."""

from __future__ import annotations

from pathlib import Path

from ament_index_python import has_resource


def get_interface_path(interface_name: str) -> str:
    """File that defines an interface, such as `std_msgs/msg/String`.

    Raises:
        ValueError: for a malformed name.
        LookupError: for an unknown one.
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
