# SPDX-License-Identifier: Apache-2.0
"""From a command in words to a validated plan."""
