# SPDX-License-Identifier: Apache-2.0
"""Imports the packages before pytest names anything after their folders.

With `--import-mode=importlib`, `vla_executor/test/test_skills.py` is the module
`vla_executor.test.test_skills`. If the package were not imported yet, pytest would take the outer folder
`vla_executor` for it, which has no modules.
"""

import importlib
from pathlib import Path

for path in Path(__file__).parent.glob("vla_*/vla_*/__init__.py"):
    importlib.import_module(path.parent.name)
