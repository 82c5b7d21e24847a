# SPDX-License-Identifier: Apache-2.0
"""Makes the synthetic pictures importable for all tests here."""

import sys
from pathlib import Path

from vla_common.unit_tests_only import pytest_configure as pytest_configure

sys.path.insert(0, str(Path(__file__).parent))
