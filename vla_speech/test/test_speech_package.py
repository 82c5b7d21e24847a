# SPDX-License-Identifier: Apache-2.0
"""Parameters name their keys, and the README lists them."""

from __future__ import annotations

from pathlib import Path

import pytest

from vla_common.configuration.config import from_values, reference_table
from vla_common.contracts.outcomes import Code, VlaError
from vla_speech.config import GROUPS
from vla_speech.recognition.languages import CODES

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("group", list(GROUPS))
def test_the_readme_has_the_current_parameters(group):
    rows = reference_table({group: GROUPS[group]}).splitlines()[2:]
    text = (ROOT / "README.md").read_text()
    assert [row for row in rows if row not in text] == []


@pytest.mark.parametrize(
    ("group", "name", "value"),
    [
        ("speech", "backend", "magic"),
        ("speech", "hangover_s", 0.0),
        ("whisper", "sample_rate", 8000),
        ("whisper", "confidence_threshold", 1.5),
        ("audio", "after_file", "music"),
        ("audio", "device", True),
        ("audio", "device", 1.5),
        ("whisper", "language", "xx"),
        ("whisper", "language", ""),
        ("whisper", "language", "english or german"),
    ],
)
def test_values_out_of_range_name_their_key(group, name, value):
    with pytest.raises(VlaError) as caught:
        from_values(GROUPS[group], group, {name: value})
    assert caught.value.code is Code.INVALID_CONFIG and f"{group}.{name}" in caught.value.message


@pytest.mark.parametrize(
    ("group", "name", "written", "meant"),
    [
        ("whisper", "language", "EN", "en"),
        ("whisper", "language", " De ", "de"),
        ("whisper", "language", "en-US", "en"),
        ("whisper", "language", "pt_BR", "pt"),
        ("whisper", "language", "English", "en"),
        ("whisper", "language", "AUTO", "auto"),
        ("whisper", "language", "yue", "yue"),
        ("audio", "device", 1, "1"),
        ("audio", "device", 0, "0"),
        ("audio", "device", "usb", "usb"),
        ("speaker", "device", 2, "2"),
    ],
)
def test_values_as_people_write_them_are_what_they_mean(group, name, written, meant):
    assert getattr(from_values(GROUPS[group], group, {name: written}), name) == meant


def test_norwegian_without_quotes_is_told_about_quotes():
    with pytest.raises(VlaError) as caught:
        from_values(GROUPS["whisper"], "whisper", {"language": False})
    assert "quotes" in caught.value.message


def test_the_codes_are_those_of_the_library():
    tokenizer = pytest.importorskip("faster_whisper.tokenizer")
    assert set(tokenizer._LANGUAGE_CODES) == CODES
