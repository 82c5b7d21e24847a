# SPDX-License-Identifier: Apache-2.0
"""The source of sound: a microphone, or a file that is played like one.

Subscribes: status (vla_interfaces/SystemStatus, latched), where a file waits for the system.
Publishes: audio (audio_common_msgs/AudioDataStamped, mono S16LE at 16 kHz), audio_info (audio_common_msgs/AudioInfo,
latched), and /diagnostics with the levels.
Parameters: group `audio`, see `config`.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
from audio_common_msgs.msg import AudioDataStamped, AudioInfo
from rclpy.clock import Clock, ClockType
from vla_interfaces.msg import SystemStatus

from vla_common.contracts.outcomes import OK, Code, Result, VlaError
from vla_common.ros import qos, spin
from vla_common.ros.lifecycle import VlaLifecycleNode
from vla_speech.audio.capture import Capture, CaptureRules
from vla_speech.audio.microphone import Microphone
from vla_speech.audio.samples import level_of
from vla_speech.audio.source import Source
from vla_speech.audio.wav_source import FileSource
from vla_speech.config import AUDIO_GROUPS, AudioConfig
from vla_speech.recognition.recognizer import F32, SAMPLE_RATE_HZ
from vla_speech.ros import audio_qos
from vla_speech.ros.conversions import audio_to_msg, info_to_msg

LEVEL_PERIOD_S = 1.0
CLIPPED_SHARE = 0.01
LOG_PERIOD_S = 30.0
READY = (SystemStatus.IDLE, SystemStatus.DEGRADED)


def open_source(config: AudioConfig) -> Source:
    """The source that the parameters name. Errors: SPEECH_NO_DEVICE, SPEECH_BAD_AUDIO."""
    if config.file:
        return FileSource(
            config.file,
            config.block_s,
            config.file_speed,
            config.file_delay_s,
            config.after_file,
        )
    return Microphone(config.device, config.block_s)


class AudioSourceNode(VlaLifecycleNode):
    """See the module. opener: makes the source out of the parameters; tests bring their own."""

    def __init__(self, opener: Any = open_source, **kwargs: Any) -> None:
        super().__init__("audio_source", AUDIO_GROUPS, **kwargs)
        self._opener = opener
        self._capture: Capture | None = None
        self._lock = threading.Lock()
        self._recent: list[F32] = []
        self._result = OK

    # --- transitions --------------------------------------------------------------------------------

    def configure(self) -> None:
        self._config: AudioConfig = self.config("audio")
        if self._config.file and not Path(self._config.file).expanduser().is_file():
            raise VlaError(
                Code.INVALID_CONFIG,
                f"Parameter 'audio.file' names {self._config.file}, which is not there.",
            )

    def activate(self) -> None:
        c = self._config
        self._audio = self.create_publisher(AudioDataStamped, "audio", audio_qos.AUDIO)
        self._info = self.create_publisher(AudioInfo, "audio_info", qos.LATCHED)
        self._info.publish(info_to_msg())
        self._heard = not (c.file and c.wait_for_listener)
        rules = CaptureRules(c.retry_s, c.retry_max_s, 0.0 if c.file else c.stall_s, c.gain_db)
        self._capture = Capture(self._open, rules, self._on_block, self._on_health, self._may_read)
        self._ready = not c.wait_for_system
        self.create_subscription(SystemStatus, "status", self._on_status, qos.LATCHED)
        self.create_timer(LEVEL_PERIOD_S, self._show, clock=Clock(clock_type=ClockType.STEADY_TIME))
        self._capture.start()

    def deactivate(self) -> None:
        capture, self._capture = self._capture, None
        if capture is not None and not capture.stop():
            self.get_logger().error("the source of sound did not end in time")

    def _on_status(self, message: SystemStatus) -> None:
        self._ready = self._ready or message.state in READY

    # --- from the thread of the capture -------------------------------------------------------------

    def _open(self) -> Source:
        source: Source = self._opener(self._config)
        if isinstance(source, FileSource):
            source.may_begin = lambda: self._ready
        return source

    def _may_read(self) -> bool:
        self._heard = self._heard or self._audio.get_subscription_count() > 0
        return self._heard

    def _on_block(self, samples: F32) -> None:
        capture = self._capture
        if capture is None:
            return
        # Paced by a steady clock, stamped on the clock of ROS, simulated or not.
        at_s = self.get_clock().now().nanoseconds * 1e-9 - len(samples) / SAMPLE_RATE_HZ
        self._audio.publish(audio_to_msg(samples, max(0.0, at_s), capture.source_name[:100]))
        with self._lock:
            self._recent.append(samples)

    def _on_health(self, result: Result) -> None:
        if result.ok and self._capture is not None:
            self.get_logger().info(f"listens to '{self._capture.source_name}'")
        elif not result.ok:
            self.get_logger().warning(result.message, throttle_duration_sec=LOG_PERIOD_S)
        self._result = result
        self.report_health(result)

    # --- levels -------------------------------------------------------------------------------------

    def _show(self) -> None:
        with self._lock:
            recent, self._recent = self._recent, []
        capture = self._capture
        if capture is None:
            return
        level = level_of(np.concatenate(recent)) if recent else level_of(np.zeros(0, np.float32))
        if level.clipped > CLIPPED_SHARE:
            self.get_logger().warning(
                f"{100 * level.clipped:.0f} % of the samples are at full scale: the microphone is too loud",
                throttle_duration_sec=LOG_PERIOD_S,
            )
        self.report_health(
            self._result,
            source=capture.source_name,
            rms_db=f"{level.rms_db:.1f}",
            peak_db=f"{level.peak_db:.1f}",
            clipped=f"{level.clipped:.3f}",
            losses=capture.losses,
        )


def main() -> None:
    """Entry point of the console script."""
    spin.main(AudioSourceNode)


if __name__ == "__main__":
    main()
