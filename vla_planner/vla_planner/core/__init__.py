# SPDX-License-Identifier: Apache-2.0
"""From a command to a validated plan: backends in order, validation, replanning, summary."""
