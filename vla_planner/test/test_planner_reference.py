# SPDX-License-Identifier: Apache-2.0
"""The README says what the code does."""

from __future__ import annotations

from pathlib import Path

from vla_common.configuration.config import reference_table
from vla_planner.config import GROUPS

PACKAGE = Path(__file__).parent.parent
README = (PACKAGE / "README.md").read_text(encoding="utf-8")


def test_parameter_table_is_current():
    begin = README.index("-->", README.index("<!-- parameters")) + len("-->\n")
    assert README[begin : README.index("<!-- end of parameters -->")] == reference_table(GROUPS)
