# SPDX-License-Identifier: Apache-2.0
"""Messages of sound and transcripts to plain data and back."""

from __future__ import annotations

from array import array
from typing import Any

from audio_common_msgs.msg import AudioData, AudioDataStamped, AudioInfo
from builtin_interfaces.msg import Duration
from std_msgs.msg import Header
from vla_interfaces.msg import Transcript as TranscriptMsg

from vla_common.ros.conversions import outcome_from_msg, outcome_to_msg, time_from_msg, time_to_msg
from vla_speech.audio.samples import AudioFormat, decode, encode, make_format
from vla_speech.listening.acceptance import Transcript
from vla_speech.recognition.recognizer import F32, SAMPLE_RATE_HZ

_LONGEST_S = 2.0**31 - 1


def audio_to_msg(samples: F32, at_s: float, frame_id: str) -> AudioDataStamped:
    """at_s: when the first sample was taken, seconds on the ROS clock."""
    data = array("B")
    data.frombytes(encode(samples))
    header = Header(stamp=time_to_msg(at_s), frame_id=frame_id)
    return AudioDataStamped(header=header, audio=AudioData(data=data))


def audio_from_msg(message: AudioDataStamped, form: AudioFormat) -> tuple[F32, float]:
    """Mono samples at the rate of the format, and the time of the first. Errors: SPEECH_BAD_AUDIO."""
    return decode(memoryview(message.audio.data).cast("B"), form), time_from_msg(
        message.header.stamp
    )


def info_to_msg() -> AudioInfo:
    """What `audio_to_msg` makes."""
    return AudioInfo(
        channels=1,
        sample_rate=SAMPLE_RATE_HZ,
        sample_format="S16LE",
        bitrate=16 * SAMPLE_RATE_HZ,
        coding_format="WAVE",
    )


def format_from_msg(message: AudioInfo) -> AudioFormat:
    """Errors: SPEECH_BAD_AUDIO."""
    return make_format(
        message.channels, message.sample_rate, message.sample_format, message.coding_format
    )


def transcript_to_msg(item: Transcript, header: Header) -> TranscriptMsg:
    """header: stamp of publication, frame_id of the source."""
    return TranscriptMsg(
        header=header,
        text=item.text,
        confidence=float(item.confidence),
        language=item.language,
        speech_start=time_to_msg(item.start_s),
        speech_end=time_to_msg(item.end_s),
        processing_time=_duration(item.processing_s),
        is_final=item.is_final,
        accepted=item.accepted,
        is_stop=item.is_stop,
        outcome=outcome_to_msg(item.result),
        trace_id=item.trace_id,
    )


def transcript_from_msg(message: Any) -> Transcript:
    """Errors: ValueError for an outcome that no version knows."""
    return Transcript(
        text=message.text,
        confidence=message.confidence,
        language=message.language,
        start_s=time_from_msg(message.speech_start),
        end_s=time_from_msg(message.speech_end),
        processing_s=time_from_msg(message.processing_time),
        is_final=message.is_final,
        accepted=message.accepted,
        is_stop=message.is_stop,
        result=outcome_from_msg(message.outcome),
        trace_id=message.trace_id,
    )


def _duration(seconds: float) -> Duration:
    whole_ns = int(min(max(seconds, 0.0), _LONGEST_S) * 1e9)
    return Duration(sec=whole_ns // 10**9, nanosec=whole_ns % 10**9)
