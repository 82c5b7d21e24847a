"""ROS image messages to NumPy images and back (subset of upstream's cv_bridge)."""

from typing import NoReturn

from cv_bridge.core import CvBridge, CvBridgeError

__all__ = ["CvBridge", "CvBridgeError"]

_OUTSIDE_SUBSET = ("cvtColorForDisplay", "cvtColor2", "getCvType", "boost")


def __getattr__(name: str) -> NoReturn:
    outside = " is outside the subset of this underlay" if name in _OUTSIDE_SUBSET else ""
    raise AttributeError(f"module 'cv_bridge' has no attribute '{name}'{outside}")
