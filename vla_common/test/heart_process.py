# SPDX-License-Identifier: Apache-2.0
"""A node with a pulse, for the tests: `heart_process.py HOST`; a line on standard input makes its work hang."""

from __future__ import annotations

import sys
import threading

from vla_common.ros.lifecycle import VlaLifecycleNode
from vla_common.ros.spin import main


class Heart(VlaLifecycleNode):
    def __init__(self) -> None:
        super().__init__("heart")
        if sys.argv[1]:
            self._pulse._message.host = sys.argv[1]
        threading.Thread(target=self._hang, daemon=True).start()

    def _hang(self) -> None:
        sys.stdin.readline()
        with self.loops.busy("look", 0.0):
            sys.stdin.readline()


main(Heart)
