"""Pure modules stay pure, parameters name their keys, and the README lists them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from vla_common.config import from_values, reference_table
from vla_common.outcomes import Code, VlaError
from vla_speech.config import GROUPS
from vla_speech.languages import CODES

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "vla_speech").glob("*.py"))
ROS_SIDE = {"conversions.py", "audio_qos.py"}
ROS = {"rclpy", "std_msgs", "std_srvs", "audio_common_msgs", "vla_interfaces", "builtin_interfaces"}  # fmt: skip


def imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


@pytest.mark.parametrize(
    "path",
    [p for p in MODULES if p.name not in ROS_SIDE and not p.stem.endswith("_node")],
    ids=lambda p: p.name,
)
def test_pure_modules_import_no_ros(path):
    assert not {name.split(".")[0] for name in imports(path)} & ROS


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.name)
def test_no_other_stage_is_imported(path):
    others = {"vla_planner", "vla_perception", "vla_executor", "vla_sim", "vla_bringup"}
    assert not {name.split(".")[0] for name in imports(path)} & others


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
