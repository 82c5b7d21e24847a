"""Something with the pulse of a state manager, in a process of its own: for the tests to suspend."""

from __future__ import annotations

from vla_common.lifecycle import VlaLifecycleNode
from vla_common.spin import main

main(lambda: VlaLifecycleNode("state_manager"))
