# SPDX-License-Identifier: Apache-2.0
"""A second system of the same names does not start beside the first one."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from vla_common.machine.lease import Lease

pytestmark = pytest.mark.ros  # the launch file needs the launch packages
LAUNCH_FILE = Path(__file__).resolve().parents[1] / "launch" / "vla_system.launch.py"


@pytest.fixture
def launch_file(monkeypatch, tmp_path):
    monkeypatch.setenv("VLA_RUNTIME_DIR", str(tmp_path / "runtime"))
    spec = importlib.util.spec_from_file_location("vla_system_launch", LAUNCH_FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_launch_file_refuses_where_one_runs_and_nowhere_else(launch_file):
    launch_file.check_alone("3", "vla")
    lease = Lease.take(3, "/vla/state_manager")
    with pytest.raises(RuntimeError, match="/vla/state_manager runs already"):
        launch_file.check_alone("3", "vla")
    launch_file.check_alone("4", "vla")
    launch_file.check_alone("3", "other")
    launch_file.check_alone("3", "")
    lease.release()
    launch_file.check_alone("3", "vla")


def test_in_the_root_namespace_it_is_looked_for_there(launch_file):
    lease = Lease.take(3, "/state_manager")
    with pytest.raises(RuntimeError, match="/state_manager"):
        launch_file.check_alone("3", "")
    lease.release()
