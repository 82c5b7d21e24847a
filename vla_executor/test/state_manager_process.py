# SPDX-License-Identifier: Apache-2.0
"""Something with the pulse of a state manager, in a process of its own: for the tests to suspend."""

from __future__ import annotations

from vla_common.ros.lifecycle import VlaLifecycleNode
from vla_common.ros.spin import main

main(lambda: VlaLifecycleNode("state_manager"))
