# SPDX-License-Identifier: Apache-2.0
"""The gate: whether a plan does what the command says, whoever made the plan."""
