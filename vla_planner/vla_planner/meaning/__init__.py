# SPDX-License-Identifier: Apache-2.0
"""What a parsed command means in one scene: references, corrections, ellipsis, answers."""
