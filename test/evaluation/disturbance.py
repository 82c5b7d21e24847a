# SPDX-License-Identifier: Apache-2.0
"""Builds disturbance.c and holds its switches: message loss and delay, clock jumps."""

from __future__ import annotations

import mmap
import shutil
import struct
import subprocess
from pathlib import Path

LAYOUT = struct.Struct("@iiiiq")
SOURCE = Path(__file__).with_name("disturbance.c")
MAX_JUMP_S = 9.0e9
"""What a 64-bit count of nanoseconds can take."""


def build(folder: Path) -> Path | None:
    """The library, or None where there is no C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return None
    library = folder / "disturbance.so"
    subprocess.run(
        [compiler, "-O2", "-Wall", "-shared", "-fPIC", "-o", library, SOURCE, "-ldl", "-lpthread"],
        check=True,
        capture_output=True,
        timeout=60.0,
    )
    return library


class Disturbance:
    """Switches for all processes that were started with `environment`."""

    def __init__(self, folder: Path, library: Path) -> None:
        path = folder / "disturbance.switches"
        path.write_bytes(bytes(LAYOUT.size))
        self.environment = {"LD_PRELOAD": str(library), "VLA_DISTURBANCE": str(path)}
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), LAYOUT.size)
        self._network = (0, 0, 0)
        self.clock_s = 0.0

    def network(self, loss: float = 0.0, delay_s: float = 0.0, jitter_s: float = 0.0) -> None:
        """Of all datagrams the share `loss` is lost, the others come later by delay_s to delay_s + jitter_s."""
        self._network = (round(loss * 1e6), round(delay_s * 1e6), round(jitter_s * 1e6))
        self._write()

    def jump(self, by_s: float) -> None:
        """The time of day leaps; jumps add up."""
        self.clock_s = max(-MAX_JUMP_S, min(MAX_JUMP_S, self.clock_s + by_s))
        self._write()

    def calm(self) -> None:
        """No loss and no delay any more; the clock stays where it is."""
        self.network()

    def _write(self) -> None:
        self._memory[:] = LAYOUT.pack(*self._network, 0, round(self.clock_s * 1e9))

    def close(self) -> None:
        self._memory.close()
