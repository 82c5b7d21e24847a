# SPDX-License-Identifier: Apache-2.0
"""One process for each node's name."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.machine.lease import Lease, conflict

HOLD = """
import sys
from pathlib import Path
from vla_common.machine.lease import Lease
lease = Lease.take(3, "/vla/state_manager", Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "runtime"


def take(folder, domain=3, node="/vla/state_manager"):
    return Lease.take(domain, node, folder, wait_s=0.0)


def test_the_second_one_is_refused_with_the_number_of_the_first(folder):
    lease = take(folder)
    with pytest.raises(VlaError) as caught:
        take(folder)
    assert caught.value.code is Code.CONFLICT
    for words in ("/vla/state_manager", "domain 3", str(os.getpid()), "namespace"):
        assert words in caught.value.message
    assert str(os.getpid()) in conflict(3, "/vla/state_manager", folder)
    lease.release()
    lease.release()
    assert conflict(3, "/vla/state_manager", folder) == ""
    take(folder).release()


@pytest.mark.parametrize(
    ("domain", "node"),
    [(4, "/vla/state_manager"), (3, "/other/state_manager"), (3, "/vla/executor"), (3, "/vla")],
)
def test_other_names_and_domains_are_free(folder, domain, node):
    lease = take(folder)
    assert conflict(domain, node, folder) == ""
    take(folder, domain, node).release()
    lease.release()


def test_a_killed_process_lets_go(folder):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(VlaError, match=str(holder.pid)):
            take(folder)
    finally:
        holder.kill()
        holder.communicate()
    take(folder).release()


def test_to_look_takes_nothing(folder):
    assert conflict(3, "/vla/executor", folder) == ""
    assert not folder.exists()


def test_a_link_in_its_place_is_not_followed(folder, tmp_path):
    take(folder).release()
    (path,) = folder.iterdir()
    other = tmp_path / "other"
    other.write_text("thesis")
    path.unlink()
    path.symlink_to(other)
    with pytest.raises(OSError, match="link"):
        take(folder)
    assert other.read_text() == "thesis"
    assert folder.stat().st_mode & 0o777 == 0o700
