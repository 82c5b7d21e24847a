# SPDX-License-Identifier: Apache-2.0
"""What the gripper holds, by the newest word on it: the result of the arm's last operation, or what the jaw says since.

Between two operations things fall, people take them, and simulators are reset. While the arm works its own result
counts; after that the jaw has to say something else for a moment before it is believed, since its word may still be on
the way.
"""

from __future__ import annotations

from vla_executor.robot.robot import Grip

SETTLED_S = 0.3
"""For so long the jaw has to say something else than what is known; seconds of a steady clock."""


class Jaw:
    """Not thread-safe. grip: what is known."""

    def __init__(self) -> None:
        self.grip = Grip()
        self._other_since_s: float | None = None

    def operated(self, grip: Grip) -> None:
        """The arm has ended an operation, and measured."""
        self.grip = grip
        self._other_since_s = None

    def says(self, holding: bool, at_work: bool, now_s: float) -> bool:
        """The jaw has measured; true when that changes what is known. at_work: the arm operates."""
        if at_work or holding == self.grip.holding:
            self._other_since_s = None
            return False
        if self._other_since_s is None:
            self._other_since_s = now_s
        if now_s - self._other_since_s < SETTLED_S:
            return False
        self._other_since_s = None
        self.grip = Grip(holding, 0.0)
        return True
