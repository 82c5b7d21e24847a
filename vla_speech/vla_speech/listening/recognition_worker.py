# SPDX-License-Identifier: Apache-2.0
"""Recognition on a thread of its own: final utterances in order, partial ones only when nothing better is to be done.

A partial transcript is ended when the utterance is over, so that it never delays the final one. Deciding what is
carried out is left to `judging`.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from vla_common.contracts.outcomes import Code, Result, VlaError
from vla_speech.listening.segmenter import Utterance
from vla_speech.recognition.recognizer import F32, Recognition, Recognizer, Vocabulary

WAITING = 4
"""Utterances that may wait; more come only when the recogniser is slower than people speak."""
JOIN_TIMEOUT_S = 10.0


@dataclass(frozen=True)
class _Partial:
    samples: F32
    context: Any


class RecognitionWorker:
    """on_final(utterance, context, recognition, took_s) and on_partial(context, recognition) come from its thread.

    context: whatever belongs to an utterance. busy: wraps each piece of work.
    """

    def __init__(
        self,
        recognizer: Recognizer,
        on_final: Callable[[Utterance, Any, Recognition, float], None],
        on_partial: Callable[[Any, Recognition], None],
        on_problem: Callable[[str], None] = lambda sentence: None,
        busy: Callable[[], AbstractContextManager[None]] = nullcontext,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._recognizer = recognizer
        self._on_final, self._on_partial, self._on_problem = on_final, on_partial, on_problem
        self._busy, self._clock = busy, clock
        self._finals: queue.Queue[tuple[Utterance, Any] | None] = queue.Queue()
        self._lock = threading.Lock()
        self._partial: _Partial | None = None
        self._in_partial = False
        self._vocabulary: Vocabulary | None = None
        self._over = False
        self._thread = threading.Thread(target=self._work, name="hearing", daemon=True)
        self._thread.start()

    def final(self, utterance: Utterance, context: Any) -> None:
        """Recognise it; a partial one in progress is ended first."""
        with self._lock:
            self._partial = None
            if self._in_partial:
                self._recognizer.cancel()
        if self._finals.qsize() >= WAITING:
            self._on_final(utterance, context, _too_slow(), 0.0)
            return
        self._finals.put((utterance, context))

    def partial(self, samples: F32, context: Any) -> None:
        """Recognise it when there is time; a newer one takes its place."""
        if not self._recognizer.offers_partials or not self._finals.empty():
            return
        with self._lock:
            self._partial = _Partial(samples, context)
        self._wake()

    def set_vocabulary(self, vocabulary: Vocabulary) -> None:
        """From the next utterance on."""
        with self._lock:
            self._vocabulary = vocabulary
        self._wake()

    def close(self) -> bool:
        """False when the thread did not end in time."""
        self._over = True
        self._recognizer.cancel()
        self._wake()
        self._thread.join(JOIN_TIMEOUT_S)
        return not self._thread.is_alive()

    def _wake(self) -> None:
        self._finals.put(None)

    def _work(self) -> None:
        while True:
            item = self._finals.get()
            if self._over:
                return
            with self._busy():
                self._change_vocabulary()
                if item is not None:
                    self._do_final(*item)
                else:
                    self._do_partial()

    def _change_vocabulary(self) -> None:
        with self._lock:
            vocabulary, self._vocabulary = self._vocabulary, None
        if vocabulary is None:
            return
        try:
            self._recognizer.set_vocabulary(vocabulary)
        except Exception as error:  # the old words stay
            self._on_problem(f"The recogniser can't take the new words: {error}")

    def _do_final(self, utterance: Utterance, context: Any) -> None:
        begin_s = self._clock()
        recognition = self._transcribe(utterance.samples, False)
        self._on_final(utterance, context, recognition, self._clock() - begin_s)

    def _do_partial(self) -> None:
        with self._lock:
            partial, self._partial = self._partial, None
            if partial is None:
                return
            self._in_partial = True
        try:
            recognition = self._transcribe(partial.samples, True)
        finally:
            with self._lock:
                self._in_partial = False
        if recognition.result.ok and recognition.text:
            self._on_partial(partial.context, recognition)

    def _transcribe(self, samples: F32, partial: bool) -> Recognition:
        """Whatever goes wrong is an answer too."""
        try:
            return self._recognizer.transcribe(samples, partial)
        except VlaError as error:
            return Recognition("", 0.0, result=error.result)
        except Exception as error:
            self._on_problem(f"The recogniser failed: {type(error).__name__}: {error}")
            return Recognition(
                "",
                0.0,
                result=Result(
                    Code.INTERNAL_ERROR, "The recogniser failed; the log has the reason."
                ),
            )


def _too_slow() -> Recognition:
    return Recognition(
        "",
        0.0,
        result=Result(
            Code.SPEECH_NOTHING_HEARD,
            "I could not keep up with what was said; please say it again.",
        ),
    )
