# SPDX-License-Identifier: Apache-2.0
"""That another author's package of the same name is told apart, and that the list leaves nothing out that is used."""

from __future__ import annotations

import re
import sys
import types
from pathlib import Path

import pytest

from vla_bringup.launching.foreign_interfaces import NEEDED, lacking

UNDERLAY = Path(__file__).resolve().parents[2] / "underlay"
AUDIO = "audio_common_msgs.msg"


def fields(path: Path) -> set[str]:
    lines = (line.split("#")[0].split() for line in path.read_text().splitlines())
    return {words[1] for words in lines if len(words) >= 2 and "=" not in words[1]}


def test_everything_that_the_underlay_stands_in_for_is_checked() -> None:
    for path in UNDERLAY.glob("*/msg/*.msg"):
        named = NEEDED[f"{path.parents[1].name}.msg"][path.stem]
        assert set(named) == fields(path), path
    actions = {
        f"{path.parents[1].name}.action/{path.stem}" for path in UNDERLAY.glob("*/action/*.action")
    }
    assert actions == {
        f"{m}/{t}" for m, entry in NEEDED.items() if m.endswith(".action") for t in entry
    }


@pytest.mark.ros
def test_here_nothing_is_lacking() -> None:
    assert lacking() == ""


def stand_in(monkeypatch: pytest.MonkeyPatch, **content: object) -> None:
    module = types.ModuleType(AUDIO)
    module.__file__ = "/opt/ros/other/audio_common_msgs/msg/__init__.py"
    vars(module).update(content)
    monkeypatch.setitem(sys.modules, "audio_common_msgs", types.ModuleType("audio_common_msgs"))
    monkeypatch.setitem(sys.modules, AUDIO, module)


def message(*names: str) -> type:
    return type(
        "M", (), {"get_fields_and_field_types": staticmethod(lambda: dict.fromkeys(names, "x"))}
    )


def test_a_package_of_another_author_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, AudioData=message("data"))
    said = lacking([AUDIO])
    assert "msg/AudioDataStamped" in said and "/opt/ros/other" in said and "another author" in said


def test_a_type_with_other_fields_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, AudioData=message("data"), AudioDataStamped=message("header", "samples"))
    assert "no field 'audio'" in lacking([AUDIO])


def test_a_package_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, AUDIO, None)
    assert re.search(r"audio_common_msgs can't be imported", lacking([AUDIO]))
