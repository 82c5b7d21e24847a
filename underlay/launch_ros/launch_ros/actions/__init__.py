"""The actions of the subset."""

from launch.outside_subset import missing_names

from .lifecycle_node import LifecycleNode
from .node import Node
from .scope import (
    PushROSNamespace,
    PushRosNamespace,
    SetParameter,
    SetParametersFromFile,
    SetRemap,
    SetROSLogDir,
    SetUseSimTime,
)

__all__ = [
    "LifecycleNode",
    "Node",
    "PushROSNamespace",
    "PushRosNamespace",
    "SetParameter",
    "SetParametersFromFile",
    "SetROSLogDir",
    "SetRemap",
    "SetUseSimTime",
]

__getattr__ = missing_names(
    __name__,
    [
        "ComposableNodeContainer",
        "LifecycleTransition",
        "LoadComposableNodes",
        "ROSTimer",
        "RosTimer",
    ],
)
