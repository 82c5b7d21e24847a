# SPDX-License-Identifier: Apache-2.0
"""The reference pages hold what the code says: parameters, launch arguments, interfaces, outcome codes."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from vla_bringup.config import GROUPS
from vla_common.configuration.config import reference_table
from vla_common.contracts.outcomes import Code

WORKSPACE = Path(__file__).resolve().parents[2]
README = WORKSPACE / "vla_bringup" / "README.md"
INTERFACES = WORKSPACE / "vla_interfaces"
BEGIN, END = "<!-- parameters: begin -->", "<!-- parameters: end -->"


def launch_arguments() -> dict[str, str]:
    """Name -> description of every argument of the launch file."""
    path = WORKSPACE / "vla_bringup" / "launch" / "vla_system.launch.py"
    spec = importlib.util.spec_from_file_location("vla_system_launch", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {argument.name: argument.description for argument in module.arguments()}


def test_the_parameters_are_current():
    """When this fails, put the output of reference_table(GROUPS) between the two comments of the README."""
    text = README.read_text(encoding="utf-8")
    assert text.count(BEGIN) == text.count(END) == 1
    table = text.split(BEGIN)[1].split(END)[0].strip()
    assert table == reference_table(GROUPS).strip()


@pytest.mark.ros  # the launch file needs the launch packages
def test_every_launch_argument_is_explained():
    listed = re.findall(r"^\| `(\w+)` \| .* \|$", README.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(launch_arguments()) <= set(listed)


def test_every_interface_is_listed():
    text = (INTERFACES / "README.md").read_text(encoding="utf-8")
    files = [
        *INTERFACES.glob("*/*.msg"),
        *INTERFACES.glob("*/*.srv"),
        *INTERFACES.glob("*/*.action"),
    ]
    assert len(files) > 20
    assert [path.stem for path in files if f"`{path.stem}`" not in text] == []


def test_the_outcome_codes_are_current():
    text = (INTERFACES / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| `([A-Z_]+)` \| .+ \|$", text, re.MULTILINE)
    assert [(int(number), name) for number, name in rows] == [
        (int(code), code.name) for code in Code
    ]
