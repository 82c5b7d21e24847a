# SPDX-License-Identifier: Apache-2.0
"""Journals, logs and pipes of the systems under test are not those of whoever runs the tests.

`./vla test` gives every job folders of its own. Without it they are made here, before anything is launched: two state
managers can't share a journal.
"""

import os
import tempfile
from pathlib import Path

FOLDER = tempfile.TemporaryDirectory(prefix="vla-system-test-", ignore_cleanup_errors=True)
RUNTIME = Path(FOLDER.name) / "runtime"
RUNTIME.mkdir(mode=0o700)
os.environ.setdefault("ROS_HOME", FOLDER.name)
os.environ.setdefault("VLA_RUNTIME_DIR", str(RUNTIME))
