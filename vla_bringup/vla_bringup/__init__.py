# SPDX-License-Identifier: Apache-2.0
"""State manager, launch configuration and command-line tool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vla_common.public_names import public

if TYPE_CHECKING:
    from vla_bringup.client.ros.image_client import NewestImage as NewestImage
    from vla_bringup.client.ros.system_client import SystemClient as SystemClient
    from vla_bringup.client.ros.system_client import command_goal as command_goal

__all__ = [
    "NewestImage",
    "SystemClient",
    "command_goal",
]

__getattr__ = public(
    __name__,
    {
        "NewestImage": "vla_bringup.client.ros.image_client",
        "SystemClient": "vla_bringup.client.ros.system_client",
        "command_goal": "vla_bringup.client.ros.system_client",
    },
)
