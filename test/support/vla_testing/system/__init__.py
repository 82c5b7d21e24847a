# SPDX-License-Identifier: Apache-2.0
"""Systems and nodes of a test's own, and their true motion."""
