# SPDX-License-Identifier: Apache-2.0
"""Whether somebody speaks, for each 32 ms of sound: the Silero model that comes with faster-whisper's wheel.

Only the probability is told here; what makes an utterance of it is `segmenter`.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.machine.quiet_libraries import keep_libraries_quiet
from vla_speech.audio.samples import level_of
from vla_speech.recognition.recognizer import F32, SAMPLE_RATE_HZ

FRAME = 512
"""Samples that the model looks at in one go."""
FRAME_S = FRAME / SAMPLE_RATE_HZ
_CONTEXT = 64
"""Samples of the frame before that the model wants in front."""
_STATE = (1, 1, 128)


class VoiceActivity(Protocol):
    """Keeps what it needs of the frames before."""

    def probability(self, frame: F32) -> float:
        """frame: (FRAME,) float32. 0..1."""
        ...

    def reset(self) -> None:
        """What comes next has nothing to do with what was."""
        ...


class SileroVad:
    """The real one, with its state carried from frame to frame. Errors: SPEECH_NO_MODEL."""

    def __init__(self) -> None:
        self._session = _session(_model_file())
        self.reset()

    def reset(self) -> None:
        self._h = np.zeros(_STATE, np.float32)
        self._c = np.zeros(_STATE, np.float32)
        self._input = np.zeros((1, _CONTEXT + FRAME), np.float32)

    def probability(self, frame: F32) -> float:
        self._input[0, :_CONTEXT] = self._input[0, FRAME:]
        self._input[0, _CONTEXT:] = frame
        out, self._h, self._c = self._session.run(
            None, {"input": self._input, "h": self._h, "c": self._c}
        )
        return float(np.asarray(out).reshape(-1)[0])


class LevelVad:
    """The fake: whatever is loud is speech."""

    def __init__(self, threshold_db: float = -40.0) -> None:
        self._threshold_db = threshold_db

    def reset(self) -> None:
        pass

    def probability(self, frame: F32) -> float:
        return 1.0 if level_of(frame).rms_db > self._threshold_db else 0.0


def _model_file() -> Path:
    """The model in the wheel, without importing the wheel's package, which takes much more memory."""
    spec = importlib.util.find_spec("faster_whisper")
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        found = sorted(Path(folder).glob("assets/silero_vad*.onnx"))
        if found:
            return found[-1]
    raise VlaError(
        Code.SPEECH_NO_MODEL,
        "The voice activity model is missing; it comes with: pip install faster-whisper==1.2.1",
    )


def _session(path: Path) -> Any:
    keep_libraries_quiet()
    try:
        import onnxruntime
    except ImportError as error:
        raise VlaError(
            Code.SPEECH_NO_MODEL,
            f"The voice activity model needs onnxruntime ({error}): pip install onnxruntime",
        ) from None
    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = options.intra_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(
            str(path), providers=["CPUExecutionProvider"], sess_options=options
        )
    except Exception as error:
        raise VlaError(
            Code.SPEECH_NO_MODEL, f"The voice activity model {path} can't be loaded: {error}."
        ) from None
