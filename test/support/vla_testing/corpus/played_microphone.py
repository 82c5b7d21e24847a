# SPDX-License-Identifier: Apache-2.0
"""A microphone that is played: publishes `audio` in real time, quiet until it is told to say something.

For tests and benchmarks that have to speak at a certain moment; a file that is played from the start can't.
"""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from ament_index_python.packages import get_package_share_directory
from audio_common_msgs.msg import AudioDataStamped, AudioInfo

from vla_common.ros import qos
from vla_speech.recognition.recognizer import F32
from vla_speech.ros import audio_qos
from vla_speech.ros.conversions import audio_to_msg, info_to_msg
from vla_speech.voice.espeak import Sound
from vla_speech.voice.voice import write_wav
from vla_testing.corpus.spoken_corpus import FLOOR_DB, RATE_HZ, Clip, white

BLOCK = 512
BLOCK_S = BLOCK / RATE_HZ


@dataclass
class Played:
    """A clip on its way. ended_at_s: time of day at which its voice was over, to the sample."""

    clip: Clip
    ended_at_s: float = 0.0
    _voice_over: threading.Event = field(default_factory=threading.Event)
    _all_over: threading.Event = field(default_factory=threading.Event)

    def wait_voice(self, timeout_s: float) -> bool:
        return self._voice_over.wait(timeout_s)

    def wait(self, timeout_s: float) -> bool:
        """Until its last sample is out."""
        return self._all_over.wait(timeout_s)


class PlayedMicrophone:
    """Publishes on a node of others, from a thread of its own. A context manager."""

    def __init__(self, node: Any, frame_id: str = "played") -> None:
        self._node, self._frame_id = node, frame_id
        self._audio = node.create_publisher(AudioDataStamped, "audio", audio_qos.AUDIO)
        self._info = node.create_publisher(AudioInfo, "audio_info", qos.LATCHED)
        self._info.publish(info_to_msg())
        self._clips: queue.Queue[Played] = queue.Queue()
        self._over = threading.Event()
        rng = np.random.default_rng(0)
        self._quiet = (white(50 * BLOCK, rng) * 10 ** (FLOOR_DB / 20)).astype(np.float32)
        self._thread = threading.Thread(target=self._work, name="microphone", daemon=True)
        self._thread.start()

    def say(self, clip: Clip) -> Played:
        """After what is being said; returns at once."""
        played = Played(clip)
        self._clips.put(played)
        return played

    def close(self) -> None:
        self._over.set()
        self._thread.join(5.0)

    def __enter__(self) -> PlayedMicrophone:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _work(self) -> None:
        next_s = time.monotonic() + BLOCK_S
        number = 0
        current: Played | None = None
        done = 0
        while not self._over.wait(max(0.0, next_s - time.monotonic())):
            if current is None:
                try:
                    current, done = self._clips.get_nowait(), 0
                except queue.Empty:
                    pass
            if current is None:
                start = number % 50 * BLOCK
                self._send(self._quiet[start : start + BLOCK])
            else:
                block = current.clip.samples[done : done + BLOCK]
                self._send(np.pad(block, (0, BLOCK - len(block))))
                now_s = time.time()
                end = round(current.clip.end_s * RATE_HZ)
                if done < end <= done + BLOCK:
                    # The block is out when its last sample would have been taken.
                    current.ended_at_s = now_s - (done + BLOCK - end) / RATE_HZ
                    current._voice_over.set()
                done += BLOCK
                if done >= len(current.clip.samples):
                    current._all_over.set()
                    current = None
            number += 1
            # A machine that was late catches up, as a sound card's buffer does.
            next_s += BLOCK_S

    def _send(self, samples: F32) -> None:
        now_s = self._node.get_clock().now().nanoseconds * 1e-9
        at_s = max(0.0, now_s - len(samples) / RATE_HZ)
        self._audio.publish(audio_to_msg(samples, at_s, self._frame_id))


def own_sound_config(folder: Path) -> str:
    """A parameter file in whose system no other source of sound is heard: what `PlayedMicrophone` plays comes alone."""
    source = Path(get_package_share_directory("vla_bringup")) / "config" / "vla_system.yaml"
    values = yaml.safe_load(source.read_text(encoding="utf-8"))
    silence = folder / "silence.wav"
    write_wav(silence, Sound(np.zeros(RATE_HZ // 10, np.float32), RATE_HZ))
    audio = {"file": str(silence), "after_file": "nothing", "wait_for_system": False}
    values["/**"]["ros__parameters"]["audio"] = audio
    path = folder / "own_sound.yaml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    return str(path)
