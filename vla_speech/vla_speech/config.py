# SPDX-License-Identifier: Apache-2.0
"""The parameters of speech: groups `audio` (source), `speech` (listening), `whisper` (that recogniser), `speaker`."""

from __future__ import annotations

from dataclasses import dataclass

from vla_common.configuration.config import setting
from vla_common.language.halt_phrases import SPOTTED
from vla_speech.recognition.languages import language_code


@dataclass(frozen=True)
class AudioConfig:
    """Group `audio`: where the sound comes from."""

    file: str = setting(
        "", "WAV or FLAC file that is played as if it were a microphone; empty: the microphone."
    )
    device: str = setting(
        "",
        "Microphone: a part of its name, or its number; empty: the system's default.",
        or_number=True,
    )
    block_s: float = setting(0.032, "Sound in one message.", unit="s", minimum=0.005, maximum=0.5)
    file_speed: float = setting(
        1.0, "How fast a file is played; 1: in real time.", minimum=0.1, maximum=100.0
    )
    file_delay_s: float = setting(
        0.5,
        "Silence before a file begins, counted from when somebody listens.",
        unit="s",
        minimum=0.0,
        maximum=600.0,
    )
    after_file: str = setting(
        "silence",
        "What comes after the end of a file.",
        choices=("silence", "nothing", "again"),
    )
    wait_for_listener: bool = setting(
        True, "A file waits until somebody subscribes, so that its beginning is heard."
    )
    wait_for_system: bool = setting(
        False, "A file begins when the system is ready for commands; until then there is silence."
    )
    gain_db: float = setting(
        0.0, "Added to the level of the source.", unit="dB", minimum=-40.0, maximum=60.0
    )
    retry_s: float = setting(
        1.0,
        "First pause before a lost microphone is tried again; it doubles up to retry_max_s.",
        unit="s",
        minimum=0.05,
        maximum=60.0,
    )
    retry_max_s: float = setting(
        10.0, "Longest pause between tries.", unit="s", minimum=0.05, maximum=600.0
    )
    stall_s: float = setting(
        2.0,
        "A microphone that delivers nothing for so long counts as lost and is opened again.",
        unit="s",
        minimum=0.2,
        maximum=60.0,
    )


@dataclass(frozen=True)
class SpeechConfig:
    """Group `speech`: when somebody speaks, what is made of it."""

    backend: str = setting(
        "auto",
        "The recogniser; auto: faster_whisper when a model is on this machine, else pocketsphinx.",
        choices=("auto", "faster_whisper", "pocketsphinx"),
    )
    vad_threshold: float = setting(
        0.5, "Speech begins above this probability of the voice activity model.", minimum=0.05, maximum=0.99
    )  # fmt: skip
    vad_release: float = setting(
        0.35, "Speech ends below this probability.", minimum=0.01, maximum=0.99
    )
    pre_roll_s: float = setting(
        0.3, "Sound before the first voice that belongs to the utterance.", unit="s", minimum=0.0, maximum=2.0
    )  # fmt: skip
    hangover_s: float = setting(
        0.6, "Silence that ends an utterance.", unit="s", minimum=0.1, maximum=5.0
    )
    min_speech_s: float = setting(
        0.15, "Less voice than this is a click, not an utterance.", unit="s", minimum=0.0, maximum=2.0
    )  # fmt: skip
    max_utterance_s: float = setting(
        20.0, "Longer utterances are cut off and not carried out.", unit="s", minimum=1.0, maximum=30.0
    )  # fmt: skip
    partial_interval_s: float = setting(
        0.5,
        "Time between partial transcripts while somebody speaks; 0: none.",
        unit="s",
        minimum=0.0,
        maximum=10.0,
    )
    stall_s: float = setting(
        0.5,
        "Sound that stays away for so long ends an utterance.",
        unit="s",
        minimum=0.1,
        maximum=10.0,
    )
    no_audio_s: float = setting(
        3.0, "Without sound for so long, the health says so.", unit="s", minimum=0.5, maximum=60.0
    )
    stop_words: tuple[str, ...] = setting(
        SPOTTED,
        "What stops the robot at once when it is said alone, also while the robot speaks; empty: nothing does.",
    )
    stop_pause_s: float = setting(
        0.13,
        "Silence after a stop word that shows that nothing more follows.",
        unit="s",
        minimum=0.03,
        maximum=1.0,
    )
    stop_threshold: float = setting(
        0.5,
        "How sure the spotter of stop words has to be; less: more false stops, fewer missed ones.",
        minimum=0.0,
        maximum=1.0,
    )
    tail_s: float = setting(
        0.4,
        "How long after the robot has spoken nothing but stop words is heard.",
        unit="s",
        minimum=0.0,
        maximum=5.0,
    )
    wake_word: str = setting(
        "", "Commands count only after this word, such as 'computer' or 'hey robot'; empty: always."
    )
    wake_timeout_s: float = setting(
        8.0, "How long commands count after the wake word.", unit="s", minimum=1.0, maximum=600.0
    )
    push_to_talk: bool = setting(
        False, "Commands count only while the service push_to_talk is set; stop words always do."
    )
    hot_words: tuple[str, ...] = setting(
        (), "Words that are expected beside those of the scene and the skills, such as names."
    )


@dataclass(frozen=True)
class WhisperConfig:
    """Group `whisper`: the recogniser faster_whisper; the threshold holds for every recogniser."""

    model_size: str = setting(
        "base",
        "A size (tiny, tiny.en, base, small, medium, large-v3, ...), a repository of the hub, or a folder.",
    )
    sample_rate: int = setting(
        16000,
        "Samples per second that recognisers get; sound of other rates is converted.",
        unit="Hz",
        minimum=16000,
        maximum=16000,
    )
    confidence_threshold: float = setting(
        0.5, "Transcripts below are shown but not carried out.", minimum=0.0, maximum=1.0
    )
    language: str = setting(
        "en",
        "One of Whisper's languages (en, de, ..., or its English name), or 'auto': found out for each utterance.",
        read=language_code,
    )
    device: str = setting(
        "auto", "Where the model runs; auto: CUDA where there is one.", choices=("auto", "cpu", "cuda")
    )  # fmt: skip
    compute_type: str = setting(
        "auto",
        "Arithmetic of the model; auto: float16 on CUDA, int8 on the CPU.",
        choices=("auto", "int8", "int8_float16", "float16", "float32"),
    )
    beam_size: int = setting(1, "Hypotheses that are followed.", minimum=1, maximum=10)
    threads: int = setting(
        1, "Threads on the CPU; 0: as many as it has cores.", minimum=0, maximum=64
    )
    initial_prompt: str = setting(
        "",
        "Text that is taken for the sentences before; empty: some commands in English, else none.",
    )
    guided: bool = setting(
        True,
        "English is held to the words of this world and its usual commands; false: hot words only make them likelier.",
    )
    commands_only: bool = setting(
        True,
        "What is heard and neither a usual command nor worded as one is shown, not carried out; false: it goes to the "
        "planner, for a language model. Without guidance everything does.",
    )
    model_folder: str = setting("", "Where models are kept; empty: the hub's cache (HF_HOME).")


@dataclass(frozen=True)
class SpeakerConfig:
    """Group `speaker`: what is said aloud, and with which voice."""

    backend: str = setting(
        "auto",
        "What speaks; auto: espeak-ng through the sound card where there is one, else nothing does.",
        choices=("auto", "espeak", "file", "none"),
    )
    voice: str = setting(
        "en-us", "Voice of espeak-ng, with a variant if wanted: en-gb-x-rp, en-us+f3."
    )
    words_per_minute: int = setting(165, "How fast it speaks.", minimum=80, maximum=450)
    pitch: int = setting(50, "How high it speaks.", minimum=0, maximum=99)
    volume: float = setting(1.0, "How loud it speaks.", minimum=0.0, maximum=2.0)
    device: str = setting(
        "",
        "Sound card: a part of its name, or its number; empty: the system's default.",
        or_number=True,
    )
    folder: str = setting(
        "", "Where the backend 'file' puts what is said, one WAV file for each sentence."
    )
    queue_size: int = setting(
        6, "Sentences that wait at most; the least urgent go.", minimum=1, maximum=100
    )
    stale_s: float = setting(
        8.0,
        "Information that has waited for so long is left out when there is something newer to say.",
        unit="s",
        minimum=0.0,
        maximum=600.0,
    )


AUDIO_GROUPS = {"audio": AudioConfig}
SPEECH_GROUPS = {"speech": SpeechConfig, "whisper": WhisperConfig}
SPEAKER_GROUPS = {"speaker": SpeakerConfig}
GROUPS = {**AUDIO_GROUPS, **SPEECH_GROUPS, **SPEAKER_GROUPS}
"""Those of all nodes of the package."""
