# SPDX-License-Identifier: Apache-2.0
"""Says one sentence after the other on a thread of its own, and falls silent when it is told to.

The order is decided in `speaking`, the sound is made by `voice`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from vla_common.contracts.outcomes import OK, Code, Result, VlaError
from vla_speech.voice.speaking import Sentence, SentenceQueue
from vla_speech.voice.voice import Voice

END_S = 5.0


class Talker:
    """on_speaking: called with True before sound comes out and with False when there is none any more; on_result: after
    each sentence. Both on the talker's thread.
    """

    def __init__(
        self,
        voice: Voice,
        queue: SentenceQueue,
        clock: Callable[[], float],
        on_speaking: Callable[[bool], None],
        on_result: Callable[[Sentence, Result, bool], None] = lambda sentence, result, whole: None,
    ) -> None:
        self._voice, self._queue, self._clock = voice, queue, clock
        self._on_speaking, self._on_result = on_speaking, on_result
        self._changed = threading.Condition()
        self._cut = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="talker", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def add(self, sentence: Sentence) -> None:
        with self._changed:
            if self._queue.add(sentence):
                self._cut.set()
            self._changed.notify_all()

    def silence(self, since_s: float) -> None:
        """See `SentenceQueue.silence`; sound ends at once."""
        with self._changed:
            if self._queue.silence(since_s):
                self._cut.set()

    def close(self) -> bool:
        """Cuts off what is being said; whether it ended in time."""
        with self._changed:
            self._closed = True
            self._cut.set()
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join(END_S)
        return not self._thread.is_alive()

    def _next(self) -> Sentence | None:
        """The sentence to say now, or None when it is time to end. Waits with `speaking` false."""
        speaking = self._queue.current is not None
        while True:
            with self._changed:
                self._queue.done()
                if self._closed:
                    sentence = None
                else:
                    sentence = self._queue.take(self._clock())
                    self._cut.clear()
                if sentence is None and not speaking and not self._closed:
                    self._changed.wait()
                    continue
            if sentence is not None:
                if not speaking:
                    self._on_speaking(True)
                return sentence
            if speaking:
                self._on_speaking(False)
                speaking = False
            if self._closed:
                return None

    def _work(self) -> None:
        while (sentence := self._next()) is not None:
            result, whole = OK, False
            try:
                whole = self._voice.say(sentence.text, self._cut.is_set)
            except VlaError as error:
                result = error.result
            except Exception as error:  # a defect in one sentence must not end the voice
                result = Result(Code.INTERNAL_ERROR, f"The voice failed: {error!r}.")
            self._on_result(sentence, result, whole)
