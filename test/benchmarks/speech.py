# SPDX-License-Identifier: Apache-2.0
"""`./vla bench speech`: how soon what was said has an effect, in real time and with the real nodes.

Transcript: from the end of speech to the message, against a bare call of the same recogniser on the same samples in the
same run; the node runs in this process. Stop: from the end of a stop word to the first zero velocity at the simulator,
with the whole system and a robot that drives. The voices are espeak-ng's.
"""

from __future__ import annotations

import argparse
import random
import sys
import threading
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import rclpy
from rclpy.executors import MultiThreadedExecutor
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.node import Node
from rclpy.parameter import Parameter
from vla_interfaces.msg import Transcript

from vla_bringup.client.system_process import own_domain, run_folder
from vla_common.contracts.outcomes import Code, VlaError
from vla_common.ros import qos
from vla_common.ros.conversions import time_from_msg
from vla_common.ros.spin import spin_on
from vla_speech.listening.assembly import Parts, make_parts
from vla_speech.recognition.recognizer import F32, Recognition, Recognizer
from vla_speech.ros.speech_node import SpeechNode
from vla_testing.corpus import spoken_corpus
from vla_testing.corpus.played_microphone import PlayedMicrophone, own_sound_config
from vla_testing.corpus.spoken_corpus import EVALUATION_SEED, Kind
from vla_testing.measuring import append_json, percentile, row, verdict
from vla_testing.system.motion_watch import MotionWatch
from vla_testing.system.moving import END_S, MODES, Mover, Received, make_worlds
from vla_testing.system.own_system import OwnSystem

TARGET_RATIO = 1.1
TARGET_STOP_S = 0.5
HEARD_S = 30.0
STILL_S = 10.0


class Recording:
    """A recogniser that keeps the samples of its newest final call, and passes everything on."""

    def __init__(self, inner: Recognizer) -> None:
        self.inner = inner
        self.name, self.languages = inner.name, inner.languages
        self.offers_partials = inner.offers_partials
        self.samples: F32 | None = None

    def transcribe(self, samples: F32, partial: bool = False) -> Recognition:
        if not partial:
            self.samples = samples
        return self.inner.transcribe(samples, partial)

    def set_vocabulary(self, vocabulary: Any) -> None:
        self.inner.set_vocabulary(vocabulary)

    def cancel(self) -> None:
        self.inner.cancel()


class OwnSpeech:
    """The speech node in this process, with a microphone and somebody who reads its transcripts."""

    def __init__(self, backend: str) -> None:
        self.context = rclpy.context.Context()
        rclpy.init(context=self.context, domain_id=own_domain())
        self.recording: Recording | None = None
        self._arrived = threading.Condition()
        self._transcripts: list[tuple[float, Transcript]] = []
        overrides = [Parameter("speech.backend", value=backend)]
        self.node = SpeechNode(
            self._make, namespace="bench", context=self.context, parameter_overrides=overrides
        )
        self.other = Node("other", namespace="bench", context=self.context)
        self.other.create_subscription(Transcript, "transcript", self._on_transcript, qos.COMMAND)
        self._executor = MultiThreadedExecutor(num_threads=4, context=self.context)
        for node in (self.node, self.other):
            self._executor.add_node(node)
        threading.Thread(target=spin_on, args=(self._executor,), daemon=True).start()
        for step in (self.node.trigger_configure, self.node.trigger_activate):
            if step() is not TransitionCallbackReturn.SUCCESS:
                raise VlaError(Code.NOT_READY, "The speech node can't start; see its log.")
        self.hangover_s: float = self.node.config("speech").hangover_s

    def _make(self, *arguments: Any) -> Parts:
        parts = make_parts(*arguments)
        self.recording = Recording(parts.recognizer)
        return replace(parts, recognizer=self.recording)

    def _on_transcript(self, message: Transcript) -> None:
        if message.is_final:
            with self._arrived:
                self._transcripts.append((time.time(), message))
                self._arrived.notify_all()

    def next_final(self, timeout_s: float) -> tuple[float, Transcript] | None:
        """When it came, and what it says."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: bool(self._transcripts), timeout_s):
                return None
            return self._transcripts.pop(0)

    def forget(self) -> None:
        with self._arrived:
            self._transcripts.clear()

    def close(self) -> None:
        self.node.close()
        self._executor.shutdown(timeout_sec=5.0)
        rclpy.try_shutdown(context=self.context)


@dataclass(frozen=True)
class Utterance:
    """Seconds. delay_s: from the end of speech, as the node saw it, to the message here; true_delay_s: from its end."""

    text: str
    heard: str
    delay_s: float
    true_delay_s: float
    bare_s: float


def transcripts(backend: str, count: int, folder: Path) -> tuple[str, float, list[Utterance]]:
    """Name of the recogniser, hangover, one record for each utterance that came out in one piece."""
    speech = OwnSpeech(backend)
    found: list[Utterance] = []
    try:
        assert speech.recording is not None
        recognizer = speech.recording
        with PlayedMicrophone(speech.other) as microphone:
            for clip in spoken_corpus.clips(EVALUATION_SEED, Kind.COMMAND, count):
                speech.forget()
                played = microphone.say(clip)
                played.wait(HEARD_S)
                heard = speech.next_final(HEARD_S)
                if heard is None or recognizer.samples is None:
                    continue
                at_s, message = heard
                if speech.next_final(1.0) is not None:
                    continue  # in two pieces
                begin = time.perf_counter()
                recognizer.inner.transcribe(recognizer.samples)
                bare_s = time.perf_counter() - begin
                one = Utterance(
                    clip.text,
                    message.text,
                    at_s - time_from_msg(message.speech_end),
                    at_s - played.ended_at_s,
                    bare_s,
                )
                found.append(one)
                append_json(folder / "transcripts.jsonl", asdict(one))
        return recognizer.name, speech.hangover_s, found
    finally:
        speech.close()


@dataclass(frozen=True)
class Stop:
    """Seconds since the end of the stop word's voice. None: it did not happen."""

    mode: str
    word: str
    told_s: float | None
    still_s: float | None
    problem: str = ""
    skipped: bool = False


class StopBench:
    """Says stop words to a system whose robot moves."""

    def __init__(self, system: OwnSystem, microphone: PlayedMicrophone, folder: Path) -> None:
        client = system.client
        self._microphone = microphone
        self._watch = MotionWatch(client)
        self._received = Received(client)
        self._mover = Mover(client, self._watch, make_worlds(folder))
        self._random = random.Random(0)
        self._watch.check()

    def trial(self, number: int, clip: spoken_corpus.Clip) -> Stop:
        """Never raises; what went wrong is in `problem`."""
        mode = MODES[number % 2]  # driving by velocity, and navigating
        try:
            run = self._mover.moving(mode, number // 2, self._random)
        except VlaError as error:
            return Stop(mode.name, clip.text, None, None, str(error), skipped=True)
        try:
            self._received.start(time.time(), mode.arm)
            played = self._microphone.say(clip)
            wrapped = run.wait(END_S)
            played.wait(HEARD_S)
            still_at_s = self._watch.until_still(played.ended_at_s, STILL_S)
        except VlaError as error:
            return Stop(mode.name, clip.text, None, None, str(error))
        told_s = self._received.at_s
        if wrapped is not None and wrapped.result.outcome.code == Code.OK:
            return Stop(mode.name, clip.text, None, None, "not stopped: the command was done")
        if wrapped is None or wrapped.result.outcome.code != Code.STOPPED:
            return Stop(mode.name, clip.text, None, None, "the command was not stopped")
        end_s = played.ended_at_s
        return Stop(
            mode.name,
            clip.text,
            None if told_s is None else told_s - end_s,
            None if still_at_s is None else still_at_s - end_s,
            "" if told_s is not None and still_at_s is not None else "no stop was seen",
        )


def stops(count: int, folder: Path) -> list[Stop]:
    trials: list[Stop] = []
    arguments = {"seed": "0", "speech": "true", "config_file": own_sound_config(folder)}
    with OwnSystem(folder, arguments) as system, PlayedMicrophone(system.client.node) as microphone:
        system.wait_until_ready()
        bench = StopBench(system, microphone, folder)
        for number, clip in enumerate(spoken_corpus.clips(EVALUATION_SEED, Kind.STOP, count)):
            trials.append(bench.trial(number, clip))
            append_json(folder / "stops.jsonl", asdict(trials[-1]))
            if trials[-1].problem:
                print(f"stop {number}, '{clip.text}': {trials[-1].problem}", flush=True)
    return trials


def ratios(found: list[Utterance], hangover_s: float) -> list[float]:
    """What the way through the node takes, hangover apart, against the bare call."""
    return [(one.delay_s - hangover_s) / one.bare_s for one in found if one.bare_s > 0.0]


def milliseconds(values: list[float | None]) -> list[float]:
    return [1000.0 * value for value in values if value is not None]


def transcript_report(
    name: str, hangover_s: float, found: list[Utterance]
) -> list[tuple[str, bool]]:
    print(f"\n{name}, hangover {1000 * hangover_s:.0f} ms")
    print(row("bare call of the recogniser", milliseconds([one.bare_s for one in found]), "ms"))
    as_heard, truly = [one.delay_s for one in found], [one.true_delay_s for one in found]
    print(row("end of speech, as heard, to transcript", milliseconds(as_heard), "ms"))
    print(row("true end of speech to transcript", milliseconds(truly), "ms"))
    ratio = percentile(ratios(found, hangover_s), 0.5) if found else float("inf")
    return [
        (
            f"end of speech to transcript, less the hangover, against the bare call: median ratio "
            f"{ratio:.2f} <= {TARGET_RATIO:g}",
            ratio <= TARGET_RATIO,
        )
    ]


def stop_report(trials: list[Stop]) -> list[tuple[str, bool]]:
    tried = [trial for trial in trials if not trial.skipped]
    good = [trial for trial in tried if not trial.problem]
    told = [trial.told_s for trial in good if trial.told_s is not None]
    print(f"\nstop words, {len(tried)} said to a moving robot, {len(good)} stopped it")
    print(row("end of the word to first zero or cancel", milliseconds(list(told)), "ms"))
    print(row("end of the word to standing still", milliseconds([t.still_s for t in good]), "ms"))
    p95 = percentile(told, 0.95) if told else float("inf")
    return [
        (
            f"end of a stop word to zero velocity, p95: {1000 * p95:.0f} <= {1000 * TARGET_STOP_S:.0f} ms",
            p95 <= TARGET_STOP_S,
        ),
        (
            f"stop words that stopped the robot: {len(good)} of {len(tried)}, at least 95 %",
            bool(tried) and len(good) >= 0.95 * len(tried),
        ),
    ]


def main() -> int:
    arguments = parse()
    folder = run_folder("bench-speech")
    checks: list[tuple[str, bool]] = []
    if arguments.utterances:
        try:
            checks += transcript_report(
                *transcripts(arguments.recognizer, arguments.utterances, folder)
            )
        except VlaError as error:
            print(error, file=sys.stderr)
            return 2
    if arguments.stops:
        checks += stop_report(stops(arguments.stops, folder))
    print(f"All trials: {folder}")
    for what, ok in checks:
        print(verdict(what, ok))
    return 0 if all(ok for _, ok in checks) else 1


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="vla bench speech", description=__doc__)
    parser.add_argument("--utterances", type=int, default=42, help="commands that are heard")
    parser.add_argument("--stops", type=int, default=40, help="stop words to a moving robot")
    parser.add_argument(
        "--recogniser", default="auto", choices=("auto", "pocketsphinx", "faster_whisper")
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
