# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""The actions of the subset."""

from ..outside_subset import missing_names
from .configuration import DeclareLaunchArgument, SetEnvironmentVariable, SetLaunchConfiguration
from .execute_process import ExecuteProcess
from .flow import IncludeLaunchDescription, LogInfo, OpaqueFunction, Shutdown

__all__ = [
    "DeclareLaunchArgument",
    "ExecuteProcess",
    "IncludeLaunchDescription",
    "LogInfo",
    "OpaqueFunction",
    "SetEnvironmentVariable",
    "SetLaunchConfiguration",
    "Shutdown",
]
__getattr__ = missing_names(__name__)
