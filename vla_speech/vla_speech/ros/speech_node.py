# SPDX-License-Identifier: Apache-2.0
"""The speech node: sound in, transcripts and stops out.

Subscribes: audio (audio_common_msgs/AudioDataStamped), audio_info (audio_common_msgs/AudioInfo, latched), speaking
(std_msgs/Bool, latched), scene (vla_interfaces/Scene, latched), places (vla_interfaces/PlaceArray, latched).
Publishes: transcript (vla_interfaces/Transcript), and /diagnostics.
Serves: push_to_talk (std_srvs/SetBool). Calls: stop, list_skills.
Parameters: groups `speech` and `whisper`, see `config`.
"""

from __future__ import annotations

import queue
import threading
import time
from typing import Any

from audio_common_msgs.msg import AudioDataStamped, AudioInfo
from rclpy.clock import Clock, ClockType
from std_msgs.msg import Bool, Header
from std_srvs.srv import SetBool
from vla_interfaces.msg import PlaceArray, Scene
from vla_interfaces.msg import Transcript as TranscriptMsg
from vla_interfaces.srv import ListSkills, Stop

from vla_common.contracts.outcomes import OK, Code, Result, VlaError
from vla_common.contracts.trace import new_trace_id, short
from vla_common.language.halt_phrases import Wish
from vla_common.ros import qos, spin
from vla_common.ros.conversions import (
    outcome_from_msg,
    place_from_msg,
    scene_object_from_msg,
    skill_from_msg,
)
from vla_common.ros.lifecycle import VlaLifecycleNode
from vla_speech.audio.samples import AudioFormat, Resampler, level_of
from vla_speech.audio.stream_time import StreamTime
from vla_speech.config import SPEECH_GROUPS
from vla_speech.listening import utterance_detector as listening
from vla_speech.listening.acceptance import Transcript, judge
from vla_speech.listening.assembly import Parts, make_parts
from vla_speech.listening.recognition_worker import RecognitionWorker
from vla_speech.listening.segmenter import Ending, Utterance
from vla_speech.listening.wake_word import Addressing
from vla_speech.recognition.recognizer import F32, SAMPLE_RATE_HZ, Recognition
from vla_speech.recognition.vocabulary import vocabulary_of
from vla_speech.ros import audio_qos, conversions
from vla_speech.stopping.spoken_stops import heard_wish

QUEUE_BLOCKS = 400
WATCH_PERIOD_S = 1.0
LOG_PERIOD_S = 10.0
STUCK_S = 20.0
"""Far more than listening or recognising takes for one piece, also on a busy machine."""
STUCK_RECOGNITION_S = 120.0


class SpeechNode(VlaLifecycleNode):
    """See the module. make: makes recogniser, voice activity and spotter by the parameters; tests bring their own."""

    def __init__(self, make: Any = make_parts, **kwargs: Any) -> None:
        super().__init__("speech", SPEECH_GROUPS, **kwargs)
        self._make = make
        self._listening: threading.Thread | None = None
        self._skills: tuple[Any, ...] = ()
        self._places: tuple[Any, ...] = ()
        self._objects: tuple[Any, ...] = ()

    # --- transitions --------------------------------------------------------------------------------

    def configure(self) -> None:
        self._speech, self._whisper = self.config("speech"), self.config("whisper")
        self._parts: Parts = self._make(self._speech, self._whisper, self.get_logger().warning)
        self.get_logger().info(f"recogniser: {self._parts.recognizer.name}. {self._parts.reason}")
        self._publisher = self.create_publisher(TranscriptMsg, "transcript", qos.COMMAND)
        self._stop = self.create_client(Stop, "stop", callback_group=self.reentrant)
        self._list = self.create_client(ListSkills, "list_skills", callback_group=self.reentrant)

    def activate(self) -> None:
        s, parts = self._speech, self._parts
        self._gate = listening.Gate(s.tail_s)
        self._addressing = Addressing(s.wake_word, s.wake_timeout_s, s.push_to_talk)
        self._listener = parts.make_listener()
        self._time = StreamTime()
        self._blocks: queue.Queue[tuple[F32, float, float] | None] = queue.Queue(QUEUE_BLOCKS)
        self._format, self._resampler = AudioFormat(), Resampler(SAMPLE_RATE_HZ)
        self._problem, self._lost_blocks, self._frame_id = OK, 0, ""
        self._heard_s = self._began_s = time.monotonic()
        self._trace_id = new_trace_id()
        self._level_db = -120.0
        self._asked_skills: Any = None
        self._counts = {"utterances": 0, "accepted": 0, "stops": 0}
        self._hearing = RecognitionWorker(
            parts.recognizer,
            self._on_final,
            self._on_partial,
            self.get_logger().error,
            lambda: self.loops.busy("recognition", STUCK_RECOGNITION_S),
        )
        self._over = threading.Event()
        self._listening = threading.Thread(target=self._listen, name="listening", daemon=True)
        self._listening.start()
        streams = self.streams
        streams.create_subscription(AudioDataStamped, "audio", self._on_audio, audio_qos.AUDIO)
        streams.create_subscription(AudioInfo, "audio_info", self._on_info, qos.LATCHED)
        self.create_subscription(Bool, "speaking", self._on_speaking, qos.LATCHED)
        self.create_subscription(Scene, "scene", self._on_scene, qos.LATCHED)
        self.create_subscription(PlaceArray, "places", self._on_places, qos.LATCHED)
        self.create_service(SetBool, "push_to_talk", self._on_push_to_talk)
        self.create_timer(
            WATCH_PERIOD_S, self._watch, clock=Clock(clock_type=ClockType.STEADY_TIME)
        )
        self.report_health(OK, backend=parts.recognizer.name, reason=parts.reason)

    def deactivate(self) -> None:
        self._over.set()
        thread, self._listening = self._listening, None
        if thread is not None:
            thread.join(STUCK_S)
        if not self._hearing.close():
            self.get_logger().error("a recognition did not end in time")

    def cleanup(self) -> None:
        del self._parts

    # --- sound, on the thread of the streams --------------------------------------------------------

    def _on_info(self, message: AudioInfo) -> None:
        try:
            form = conversions.format_from_msg(message)
        except VlaError as error:
            self._problem = error.result
            return
        if form != self._format:
            self._format, self._resampler = form, Resampler(form.rate_hz)
        self._problem = OK

    def _on_audio(self, message: AudioDataStamped) -> None:
        now_s = time.monotonic()
        if self._problem.code is Code.SPEECH_BAD_AUDIO and not self._problem.ok:
            return  # nobody knows how to read it
        try:
            samples, at_s = conversions.audio_from_msg(message, self._format)
        except VlaError as error:
            self.get_logger().warning(error.message, throttle_duration_sec=LOG_PERIOD_S)
            return
        self._frame_id = message.header.frame_id[:100]
        samples = self._resampler.feed(samples)
        try:
            self._blocks.put_nowait((samples, at_s, now_s))
        except queue.Full:
            self._lost_blocks += 1

    # --- listening, on its own thread ---------------------------------------------------------------

    def _listen(self) -> None:
        while not self._over.is_set():
            try:
                item = self._blocks.get(timeout=self._speech.stall_s)
            except queue.Empty:
                item = None
            with self.loops.busy("listening", STUCK_S):
                try:
                    self._take(item)
                except Exception as error:  # the next sound has to be heard as well
                    self.get_logger().error(f"listening failed: {type(error).__name__}: {error}")
                    self._listener = self._parts.make_listener()

    def _take(self, item: tuple[F32, float, float] | None) -> None:
        if item is None:
            events = self._listener.flush()
        else:
            samples, at_s, now_s = item
            if not len(samples):
                return
            self._heard_s, self._level_db = now_s, level_of(samples).rms_db
            start_s = self._time.add(len(samples), at_s, now_s)
            events = self._listener.feed(samples, start_s, self._gate.closed(now_s))
        for event in events:
            if isinstance(event, listening.StopHeard):
                self._on_stop_word(event)
            elif isinstance(event, listening.SpeechBegan):
                self._trace_id, self._began_s = new_trace_id(), self._heard_s
            elif isinstance(event, listening.PartialDue):
                context = (self._trace_id, event.start_s, event.until_s)
                self._hearing.partial(event.samples, context)
            else:
                # When it came, not when it was said: a file may be played faster than in real time.
                context = (self._trace_id, self._began_s, self._heard_s)
                self._hearing.final(event.utterance, context)

    def _on_stop_word(self, event: listening.StopHeard) -> None:
        self._call_stop(event.word)
        trace_id, self._trace_id = self._trace_id, new_trace_id()
        self._publish(
            Transcript(
                text=event.word, confidence=1.0, language="en", start_s=event.start_s, end_s=event.end_s,
                accepted=True, is_stop=True, trace_id=trace_id,
            )
        )  # fmt: skip

    def _call_stop(self, said: str) -> None:
        reason = f"somebody said '{said[:100]}'"
        if self._stop.service_is_ready():
            future = self._stop.call_async(Stop.Request(reason=reason))
            future.add_done_callback(self._after_stop)
        else:
            self.get_logger().error(f"{reason}, but there is nobody who could stop")
        self._counts["stops"] += 1

    def _after_stop(self, future: Any) -> None:
        result = outcome_from_msg(future.result().outcome)
        if not result.ok:
            self.get_logger().warning(f"the stop was called: {result}")

    # --- recognition, on the thread of hearing ------------------------------------------------------

    def _on_partial(self, context: tuple[str, float, float], recognition: Recognition) -> None:
        trace_id, start_s, until_s = context
        self._publish(
            Transcript(
                text=recognition.text, confidence=recognition.confidence, language=recognition.language,
                start_s=start_s, end_s=until_s, is_final=False, trace_id=trace_id,
            )
        )  # fmt: skip

    def _on_final(
        self,
        utterance: Utterance,
        context: tuple[str, float, float],
        recognition: Recognition,
        took_s: float,
    ) -> None:
        trace_id, began_s, heard_s = context
        threshold = self._whisper.confidence_threshold
        text, result = judge(
            recognition, utterance, threshold, self._addressing, (began_s, heard_s)
        )
        if result.ok and heard_wish(text) is Wish.REST:
            self._call_stop(text)  # nobody in between, as with a stop that was spotted
        self._counts["utterances"] += 1
        self._counts["accepted"] += result.ok
        self.report_health(
            self._state(),
            recognition_ms=f"{took_s * 1e3:.0f}",
            speech_s=f"{utterance.voiced_s:.1f}",
        )
        if utterance.ending is Ending.COVERED and not text:
            return
        self._publish(
            Transcript(
                text=text, confidence=recognition.confidence, language=recognition.language,
                start_s=utterance.start_s, end_s=utterance.end_s, accepted=result.ok, result=result,
                trace_id=trace_id,
            )
        )  # fmt: skip

    def _publish(self, item: Transcript) -> None:
        processing_s = max(0.0, time.monotonic() - self._time.steady(item.end_s))
        start_s, end_s = self._time.ros(item.start_s, item.end_s)
        message = conversions.transcript_to_msg(
            item.moved(start_s, end_s, processing_s),
            Header(stamp=self.get_clock().now().to_msg(), frame_id=self._frame_id),
        )
        self._publisher.publish(message)
        if item.is_final:
            log = "accepted" if item.accepted else f"not accepted: {item.result}"
            self.get_logger().info(
                f"[{short(item.trace_id)}] heard {item.text[:100]!r} ({item.confidence:.2f}), {log}"
            )

    # --- what is around -----------------------------------------------------------------------------

    def _on_speaking(self, message: Bool) -> None:
        self._gate.speaking(message.data, time.monotonic())

    def _on_scene(self, message: Scene) -> None:
        self._objects = tuple(scene_object_from_msg(item) for item in message.objects)
        if message.places:
            self._places = tuple(place_from_msg(item) for item in message.places)
        self._renew_vocabulary()

    def _on_places(self, message: PlaceArray) -> None:
        self._places = tuple(place_from_msg(item) for item in message.places)
        self._renew_vocabulary()

    def _renew_vocabulary(self) -> None:
        """The recogniser itself sees whether anything is new."""
        words = vocabulary_of(self._places, self._objects, self._skills, self._speech.hot_words)
        if words != getattr(self, "_words", None):
            self._words = words
            self._hearing.set_vocabulary(words)

    def _ask_skills(self) -> None:
        """Once, as soon as the executor is there; it does not change its skills while it runs."""
        if self._asked_skills is None and self._list.service_is_ready():
            self._asked_skills = future = self._list.call_async(ListSkills.Request())
            future.add_done_callback(self._on_skills)

    def _on_skills(self, future: Any) -> None:
        self._skills = tuple(skill_from_msg(item) for item in future.result().skills)
        if self._listening is not None:
            self._renew_vocabulary()

    def _on_push_to_talk(self, request: SetBool.Request, response: SetBool.Response) -> Any:
        self._addressing.push(request.data, time.monotonic())
        response.success = True
        response.message = "I am listening." if request.data else "Only stop words count now."
        if not self._speech.push_to_talk and not request.data:
            response.message = "I am listening as always: speech.push_to_talk is off."
        if not request.data:
            try:
                self._blocks.put_nowait(None)  # what was said until now is over
            except queue.Full:
                pass
        return response

    # --- health -------------------------------------------------------------------------------------

    def _state(self) -> Result:
        if not self._problem.ok:
            return self._problem
        silent_s = time.monotonic() - self._heard_s
        if silent_s > self._speech.no_audio_s:
            return Result(Code.SPEECH_NO_DEVICE, "No sound comes from the source of sound.")
        return OK

    def _watch(self) -> None:
        self._ask_skills()
        if self._lost_blocks:
            self.get_logger().warning(
                f"{self._lost_blocks} blocks of sound were lost: this machine is too slow",
                throttle_duration_sec=LOG_PERIOD_S,
            )
        self.report_health(
            self._state(),
            level_db=f"{self._level_db:.0f}",
            lost_blocks=self._lost_blocks,
            **self._counts,
        )


def main() -> None:
    """Entry point of the console script."""
    spin.main(SpeechNode)


if __name__ == "__main__":
    main()
