# SPDX-License-Identifier: Apache-2.0
"""Which languages Whisper knows, how people write their names in a parameter file, and what each is written in."""

from __future__ import annotations

AUTO = "auto"
CODES = frozenset(
    "af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he hi hr ht hu hy id "  # noqa: SIM905
    "is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si "
    "sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo zh yue".split()
)
"""ISO 639-1, with the few of Whisper's own."""
_NAMES = {
    "english": "en", "german": "de", "french": "fr", "spanish": "es", "italian": "it", "portuguese": "pt",
    "dutch": "nl", "polish": "pl", "czech": "cs", "danish": "da", "swedish": "sv", "norwegian": "no",
    "finnish": "fi", "hungarian": "hu", "romanian": "ro", "turkish": "tr", "greek": "el", "russian": "ru",
    "ukrainian": "uk", "arabic": "ar", "hebrew": "he", "hindi": "hi", "chinese": "zh", "japanese": "ja",
    "korean": "ko", "nb": "no", "jv": "jw", "cmn": "zh", "eng": "en", "deu": "de", "ger": "de",
}  # fmt: skip
_LATIN = frozenset(
    "af az br bs ca cs cy da de en es et eu fi fo fr gl ha haw hr ht hu id is it jw la lb ln lt lv mg mi ms mt nl nn "  # noqa: SIM905
    "no oc pl pt ro sk sl sn so sq su sv sw tk tl tr uz vi yo".split()
)
_LATIN_LEADS = frozenset((*range(0xC2, 0xCA), 0xE1, 0xE2))
"""First bytes of the letters of these languages in UTF-8, of Vietnamese ones, and of typographic signs."""


def language_code(text: str) -> str:
    """Whisper's code of what somebody wrote: "EN", "en-US" and "English" are "en". Errors: ValueError."""
    plain = text.strip().lower()
    for wanted in (plain, plain.replace("_", "-").partition("-")[0]):
        code = _NAMES.get(wanted, wanted)
        if code in CODES or code == AUTO:
            return code
    raise ValueError(
        "a language that Whisper knows, by its ISO 639-1 code such as en or de, or 'auto'"
    )


def is_latin(language: str) -> bool:
    """Whether the language is written in Latin letters, and in no others."""
    return language in _LATIN


def is_foreign(piece: bytes) -> bool:
    """Whether a piece of UTF-8, perhaps cut within a character, has a letter that no Latin language is written with."""
    return any(byte >= 0xC0 and byte not in _LATIN_LEADS for byte in piece)
