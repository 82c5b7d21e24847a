# SPDX-License-Identifier: Apache-2.0
"""How words sound, from the dictionary that comes with pocketsphinx's wheel.

Only the entries that are asked for are kept: the whole dictionary would take 60 MB in the decoder.
"""

from __future__ import annotations

import functools
import importlib.util
import re
from collections.abc import Iterable
from pathlib import Path

from vla_common.contracts.outcomes import Code, VlaError

INSTALL = "pip install pocketsphinx"
PHONES = (
    "AA", "AE", "AH", "AO", "AW", "AY", "B", "CH", "D", "DH", "EH", "ER", "EY", "F", "G", "HH", "IH", "IY", "JH",
    "K", "L", "M", "N", "NG", "OW", "OY", "P", "R", "S", "SH", "T", "TH", "UH", "UW", "V", "W", "Y", "Z", "ZH",
)  # fmt: skip
"""The sounds of the model, beside silence and noises."""


def model_folder() -> Path:
    """The folder with the acoustic model and the dictionary, in the wheel. Errors: SPEECH_NO_MODEL."""
    spec = importlib.util.find_spec("pocketsphinx")
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        found = Path(folder) / "model" / "en-us"
        if (found / "cmudict-en-us.dict").is_file():
            return found
    raise VlaError(
        Code.SPEECH_NO_MODEL, f"The recogniser pocketsphinx or its model is missing: {INSTALL}"
    )


def words_of(text: str) -> list[str]:
    """Lower-case words as the dictionary spells them: "Don't move!" -> don't, move."""
    return re.findall(r"[a-z']+", text.lower().replace("’", "'"))


def pronunciations(words: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """word -> its pronunciations ("S T AA P"), for those that can be told.

    A word that the dictionary lacks is tried as two words in one: "worktop" as "work" and "top".
    """
    known = _entries()
    out: dict[str, tuple[str, ...]] = {}
    for word in dict.fromkeys(words):
        found = known.get(word) or _of_two(word, known)
        if found:
            out[word] = found
    return out


def _of_two(word: str, known: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    for cut in range(3, len(word) - 2):
        first, second = known.get(word[:cut]), known.get(word[cut:])
        if first and second:
            return (f"{first[0]} {second[0]}",)
    return ()


@functools.lru_cache(maxsize=1)
def _entries() -> dict[str, tuple[str, ...]]:
    out: dict[str, tuple[str, ...]] = {}
    with open(model_folder() / "cmudict-en-us.dict", encoding="utf-8") as file:
        for line in file:
            word, _, sounds = line.strip().partition(" ")
            base = word.partition("(")[0]
            out[base] = (*out.get(base, ()), sounds)
    return out
