# SPDX-License-Identifier: Apache-2.0
"""A voice for tests."""
