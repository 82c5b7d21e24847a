# SPDX-License-Identifier: Apache-2.0
"""The journal: what was asked of the robot and what became of it, on disk before it takes effect."""
