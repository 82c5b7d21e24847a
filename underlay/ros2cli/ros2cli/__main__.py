# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""`python -m ros2cli` is `ros2`."""

import sys

from ros2cli.cli import main

sys.exit(main())
