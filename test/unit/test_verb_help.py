# SPDX-License-Identifier: Apache-2.0
"""`./vla VERB --help` costs nothing: no set-up, no package, no ROS, and every verb has one."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from vla_bringup.cli import verb_help

ROOT = Path(__file__).parents[2]
VERBS = re.findall(r"^  ([a-z-]+) ", (ROOT / "vla").read_text().split("TXT")[1], re.MULTILINE)


@pytest.fixture
def bare(tmp_path):
    """The repository as after `git clone`: nothing is set up, and nobody has a HOME."""
    for name in ("vla", "setup"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
        copy(ROOT / name, tmp_path / name)
    for name in ("vla_bringup", "vla_common", "vla_perception", "test"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


def run(bare, *words):
    return subprocess.run(
        [bare / "vla", *words],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin"},
        stdin=subprocess.DEVNULL,
        timeout=60,
    )


def test_every_verb_of_the_entry_script_has_help_of_its_own_without_any_set_up(bare):
    assert len(VERBS) >= 17
    before = sorted(path.name for path in bare.iterdir())
    for verb in VERBS:
        done = run(bare, verb, "--help")
        assert done.returncode == 0, (verb, done.stderr)
        assert re.match(rf"usage: (\./)?vla {verb}\b", done.stdout, re.IGNORECASE), (
            verb,
            done.stdout,
        )
        assert done.stderr == "", verb
    assert sorted(path.name for path in bare.iterdir()) == before  # no .vla


@pytest.mark.parametrize(
    "words", [("plan", "x", "-h"), ("eval", "attack", "--help"), ("bench", "stop", "-h")]
)
def test_help_is_also_help_after_other_words(bare, words):
    done = run(bare, *words)
    assert (done.returncode, done.stderr) == (0, "")
    assert (
        "usage: vla " + " ".join(w for w in words if w not in ("x", "-h", "--help")) in done.stdout
    )


def test_what_there_is_not_is_said(bare):
    done = run(bare, "eval", "nothing-such", "--help")
    assert (
        done.returncode == 2 and "no eval 'nothing-such'" in done.stderr and "attack" in done.stdout
    )
    assert run(bare, "fly", "--help").returncode == 3


def test_arguments_of_a_script_are_read_out_of_its_source(capsys):
    assert verb_help.main(["eval", "attack"], ROOT) == 0
    shown = capsys.readouterr().out
    assert "--only ONLY" in shown and "only those that need no ROS" in shown
    for verb, folder in verb_help.FOLDERS.items():
        for name in verb_help._scripts(ROOT / "test" / folder):
            assert verb_help.main([verb, name], ROOT) == 0
            assert f"usage: vla {verb} {name}" in capsys.readouterr().out
