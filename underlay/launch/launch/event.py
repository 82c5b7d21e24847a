# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""The base class of events."""


class Event:
    """Something that happened, or that is asked for."""

    name = "launch.Event"
