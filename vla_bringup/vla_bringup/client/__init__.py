# SPDX-License-Identifier: Apache-2.0
"""Clients of the running system, for tools, dashboards and tests."""
