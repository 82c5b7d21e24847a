# SPDX-License-Identifier: Apache-2.0
"""Keeps a source of sound going: opens it, reads it, and opens it again when it is lost, with growing pauses.

Decides when a source counts as lost and how long to wait; what a source is, is `source`'s. Time comes in.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from vla_common.contracts.outcomes import OK, Code, Result, VlaError
from vla_speech.audio.source import Source
from vla_speech.recognition.recognizer import F32

READ_TIMEOUT_S = 0.1
JOIN_TIMEOUT_S = 5.0


@dataclass(frozen=True)
class CaptureRules:
    """Seconds and decibels; see `config.AudioConfig`. stall_s 0: a source may be silent for ever."""

    retry_s: float = 1.0
    retry_max_s: float = 10.0
    stall_s: float = 2.0
    gain_db: float = 0.0


class Capture:
    """`run` works until `stop`; `start` does so on a thread.

    on_block(samples): each block, from that thread. on_health(result): when it changes, and on every failed try.
    may_read: while it says no, the source is not opened.
    """

    def __init__(
        self,
        open_source: Callable[[], Source],
        rules: CaptureRules,
        on_block: Callable[[F32], None],
        on_health: Callable[[Result], None],
        may_read: Callable[[], bool] = lambda: True,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        self._open_source, self._rules = open_source, rules
        self._on_block, self._on_health = on_block, on_health
        self._may_read, self._clock = may_read, clock
        self._over = threading.Event()
        self._wait = wait if wait is not None else self._over.wait
        self._gain = np.float32(10.0 ** (rules.gain_db / 20.0))
        self._thread: threading.Thread | None = None
        self.source_name = ""
        self.losses = 0
        """How often the source could not be opened or was lost."""

    def start(self) -> None:
        self._thread = threading.Thread(target=self.run, name="capture", daemon=True)
        self._thread.start()

    def stop(self) -> bool:
        """False when the thread did not end in time."""
        self._over.set()
        if self._thread is None:
            return True
        self._thread.join(JOIN_TIMEOUT_S)
        return not self._thread.is_alive()

    def run(self) -> None:
        pause_s = self._rules.retry_s
        while not self._over.is_set():
            if not self._may_read():
                self._wait(READ_TIMEOUT_S)
                continue
            heard = 0
            try:
                source = self._open_source()
                self.source_name = source.name
                self._on_health(OK)
                try:
                    for heard in self._read(source):  # noqa: B007
                        pass
                finally:
                    source.close()
            except VlaError as error:
                failure = error.result
            except Exception as error:
                failure = Result(
                    Code.SPEECH_NO_DEVICE,
                    f"The source of sound failed: {type(error).__name__}: {' '.join(str(error).split())[:200]}",
                )
            else:
                return  # told to stop
            self.losses += 1
            self._on_health(failure)
            if heard:
                pause_s = self._rules.retry_s
            self._wait(pause_s)
            pause_s = min(2.0 * pause_s, self._rules.retry_max_s)

    def _read(self, source: Source) -> Iterator[int]:
        """Yields the number of blocks so far. Errors: SPEECH_NO_DEVICE when none came for too long."""
        last_s, blocks = self._clock(), 0
        while not self._over.is_set():
            samples = source.read(READ_TIMEOUT_S)
            now_s = self._clock()
            if len(samples):
                last_s, blocks = now_s, blocks + 1
                if self._gain != 1.0:
                    samples = np.clip(samples * self._gain, -1.0, 1.0)
                self._on_block(samples)
                yield blocks
            elif self._rules.stall_s and now_s - last_s > self._rules.stall_s:
                raise VlaError(
                    Code.SPEECH_NO_DEVICE,
                    f"The microphone '{source.name}' has delivered nothing for {self._rules.stall_s:g} s.",
                )
