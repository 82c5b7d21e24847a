# SPDX-License-Identifier: Apache-2.0
"""What pytest does for all tests of this package."""

from vla_common.unit_tests_only import pytest_configure

__all__ = ["pytest_configure"]
