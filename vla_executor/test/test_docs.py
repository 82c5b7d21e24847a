# SPDX-License-Identifier: Apache-2.0
"""The README says what the code says."""

from __future__ import annotations

from pathlib import Path

from vla_common.configuration.config import reference_table
from vla_executor.config import GROUPS
from vla_executor.skills.skill import base_catalog

PACKAGE = Path(__file__).resolve().parent.parent
README = (PACKAGE / "README.md").read_text(encoding="utf-8")


def test_the_table_of_parameters_is_current() -> None:
    begin, end = "<!-- parameters: begin -->\n", "<!-- parameters: end -->"
    table = README[README.index(begin) + len(begin) : README.index(end)]
    assert table == reference_table(GROUPS), "put the output of reference_table(GROUPS) there"


def test_every_skill_is_in_the_readme() -> None:
    for spec in base_catalog():
        assert f"`{spec.name}`" in README
