# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""Errors of the transform library. Every one of them is a `TransformException`."""


class TransformException(Exception):
    """A transform could not be computed."""


class ConnectivityException(TransformException):
    """Both frames are known, but no chain of transforms joins them."""


class LookupException(TransformException):
    """A frame is not known, or the frames form a loop."""


class ExtrapolationException(TransformException):
    """The frames are joined, but not at the time asked for."""


class InvalidArgumentException(TransformException):
    """A frame name that can never be valid, such as an empty one."""


class TimeoutException(TransformException):
    """A transform did not become available in time."""
