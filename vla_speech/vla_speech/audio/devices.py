# SPDX-License-Identifier: Apache-2.0
"""Whether this machine has a microphone and a sound card, for whoever decides whether to start what needs them."""

from __future__ import annotations

from typing import Any

from vla_common.contracts.outcomes import VlaError
from vla_speech.audio.microphone import find_device, load_backend


def why_no_microphone(device: str = "", backend: Any = None) -> str:
    """One sentence; empty when there is one. device: as audio.device."""
    return _why_none(device, "max_input_channels", "There is no microphone.", backend)


def why_no_sound_card(device: str = "", backend: Any = None) -> str:
    """One sentence; empty when there is one. device: as speaker.device."""
    return _why_none(device, "max_output_channels", "There is no sound card.", backend)


def _why_none(device: str, channels: str, sentence: str, backend: Any) -> str:
    try:
        found = [dict(entry) for entry in (backend or load_backend()).query_devices()]
        if channels == "max_input_channels":
            find_device(found, device, -1)
        elif not any(entry[channels] > 0 for entry in found):
            return sentence
    except VlaError as error:
        return error.message
    except Exception as error:  # PortAudio has errors of its own
        return f"{sentence} ({' '.join(str(error).split())[:100]})"
    return ""
