# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""`ros2 pkg`."""
