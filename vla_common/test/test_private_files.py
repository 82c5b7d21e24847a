# SPDX-License-Identifier: Apache-2.0
"""Files of this user alone: how they are made, and which are left alone."""

from __future__ import annotations

import os
import stat

import pytest

from vla_common.machine.private_files import hide, make_folder, make_private, open_private


@pytest.fixture(autouse=True)
def open_umask():
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_and_its_new_folders_are_private_and_others_stay(tmp_path):
    tmp_path.chmod(0o755)
    folder = tmp_path / "a" / "b"
    make_folder(folder)
    make_folder(folder)
    make_private(folder / "file")
    assert [mode(path) for path in (tmp_path, folder.parent, folder)] == [0o755, 0o700, 0o700]
    assert mode(folder / "file") == 0o600


def test_an_older_file_is_made_private_and_keeps_what_is_in_it(tmp_path):
    path = tmp_path / "file"
    path.write_text("kept")
    path.chmod(0o664)
    hide(path)
    assert mode(path) == 0o600 and path.read_text() == "kept"
    hide(tmp_path / "missing")
    assert not (tmp_path / "missing").exists()


@pytest.mark.parametrize("kind", ["link", "dangling link", "second name", "pipe", "folder"])
def test_what_may_be_another_programs_is_refused_and_stays_as_it_is(tmp_path, kind):
    other, path = tmp_path / "other", tmp_path / "file"
    other.write_text("thesis")
    other.chmod(0o644)
    if kind == "link":
        path.symlink_to(other)
    elif kind == "dangling link":
        path.symlink_to(tmp_path / "nowhere")
    elif kind == "second name":
        os.link(other, path)
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    with pytest.raises(OSError, match=str(path)):
        open_private(path)
    assert (other.read_text(), mode(other)) == ("thesis", 0o644)
    assert not (tmp_path / "nowhere").exists()


def test_a_file_of_another_user_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.touch()
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    with pytest.raises(OSError, match="another user"):
        open_private(path)
