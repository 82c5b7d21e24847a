# SPDX-License-Identifier: Apache-2.0
"""Shared memory of dead processes is removed, that of living ones is not."""

from __future__ import annotations

import fcntl
import mmap
import os
import time
from pathlib import Path

import pytest

from vla_common.machine.shared_memory import NEW_S, clear_dead

SEGMENT = "fastrtps_c9ba64b92a3e5605"
FAMILY = (SEGMENT, SEGMENT + "_el", "fastrtps_port7411", "fastrtps_port7411_el",
          "sem.fastrtps_port7411_mutex")  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    for name in (*FAMILY, "sem.another", "fastrtps-notes.txt", "psm_1234"):
        path = tmp_path / name
        path.write_bytes(bytes(4096))
        os.utime(path, (1.0, 1.0))
    return tmp_path


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_what_is_nobodys_goes_and_what_is_no_business_of_ours_stays(folder):
    assert clear_dead(folder) == 5 * 4096
    assert names(folder) == {"sem.another", "fastrtps-notes.txt", "psm_1234"}


def test_what_is_mapped_stays_with_its_locks(folder):
    with (folder / SEGMENT).open("r+b") as file:
        mapped = mmap.mmap(file.fileno(), 4096)
    clear_dead(folder)
    assert {SEGMENT, SEGMENT + "_el"} <= names(folder)
    assert "fastrtps_port7411" not in names(folder)
    mapped.close()
    clear_dead(folder)
    assert SEGMENT not in names(folder)


def test_what_is_open_or_locked_stays(folder):
    with (folder / "fastrtps_port7411").open("rb"):
        clear_dead(folder)
        assert "sem.fastrtps_port7411_mutex" in names(folder)
    # Somebody in another container, whose processes are not seen.
    empty = folder / "proc"
    empty.mkdir()
    with (folder / "fastrtps_port7411_el").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        clear_dead(folder, proc=empty)
        assert "fastrtps_port7411" in names(folder)
    clear_dead(folder)
    assert "fastrtps_port7411" not in names(folder)


def test_what_is_new_stays(folder):
    path = folder / SEGMENT
    os.utime(path, (time.time() - NEW_S / 2, time.time() - NEW_S / 2))
    clear_dead(folder)
    assert path.exists()


def test_what_others_own_stays_and_links_are_not_followed(folder, monkeypatch):
    (folder / "fastrtps_1234").symlink_to(folder / "psm_1234")
    clear_dead(folder)
    assert (folder / "psm_1234").exists() and (folder / "fastrtps_1234").is_symlink()
    (folder / SEGMENT).touch()
    os.utime(folder / SEGMENT, (1.0, 1.0))
    uid = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: uid + 1)
    assert clear_dead(folder) == 0
    assert SEGMENT in names(folder)


def test_without_such_memory_nothing_happens(tmp_path):
    assert clear_dead(tmp_path / "missing") == clear_dead(tmp_path) == 0
