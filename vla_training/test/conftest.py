# SPDX-License-Identifier: Apache-2.0
"""`colcon test` runs unit tests only."""

from vla_common.unit_tests_only import pytest_configure as pytest_configure
