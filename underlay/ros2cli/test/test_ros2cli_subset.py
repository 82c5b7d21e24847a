# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""What only the underlay promises; not for upstream."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Ros2, Running

helpers = pytest.importorskip("ros2cli.helpers", reason="not the underlay's")
if not hasattr(helpers, "Verb"):
    pytest.skip("not the underlay's", allow_module_level=True)
Start = Callable[..., Running]
ROOT = Path(__file__).resolve().parents[3]


def named_commands() -> set[tuple[str, ...]]:
    """Command and verb of each `ros2 ...` in the documents of the workspace."""
    found = set()
    for path in [*ROOT.glob("*.md"), *ROOT.glob("[!.]*/**/*.md"), *ROOT.glob("docker/[!.]*")]:
        if "underlay" in path.parts or path.name == "CHANGELOG.md" or not path.is_file():
            continue
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            if "ros2cli/" in line or "with a ROS distribution" in line:
                continue
            for command, verb in re.findall(r"\bros2[ \"',]+([a-z]+)[ \"',]+([a-z_-]*)", line):
                found.add((command,) if command in ("launch", "run") else (command, verb))
    return found


def test_the_documents_name_commands() -> None:
    assert ("launch",) in named_commands()
    assert ("action", "send_goal") in named_commands()


@pytest.mark.parametrize("words", sorted(named_commands()), ids=" ".join)
def test_each_command_that_a_document_names_is_here(ros2: Ros2, words: tuple[str, ...]) -> None:
    done = ros2(*words, "--help")
    assert (done.returncode, done.stderr) == (0, ""), " ".join(words)


@pytest.mark.parametrize(
    "words", [["bag", "play", "x"], ["doctor"], ["topic", "pub", "/x"], ["pkg", "create", "x"]]
)
def test_commands_outside_the_subset_say_so(ros2: Ros2, words: list[str]) -> None:
    done = ros2(*words)
    assert done.returncode == 1
    assert "outside the subset" in done.stderr


def test_a_launch_file_outside_the_subset_says_so(ros2: Ros2, tmp_path: Path) -> None:
    path = tmp_path / "system.launch.xml"
    path.write_text("<launch/>")
    done = ros2("launch", "--show-args", str(path))
    assert done.returncode == 1
    assert "outside the subset" in done.stderr


@pytest.mark.usefixtures("graph")
def test_ctrl_c_cancels_the_goal(ros2: Ros2, start: Start) -> None:
    goal = start(
        "action", "send_goal", "-f", "/cli/drive", "nav2_msgs/action/NavigateToPose",
        "{behavior_tree: wait}",
    )  # fmt: skip
    goal.wait_for("distance_remaining: 1.5")
    assert goal.end() == signal.SIGINT
    said = [line for line in goal.lines if line.startswith("Cancel") or "Goal c" in line]
    assert said == ["Canceling goal...", "Goal canceled."]
    ended = ros2(
        "topic", "echo", "--once", "/cli/ended", "std_msgs/msg/String", "--field", "data",
        "--qos-durability", "transient_local", "--qos-reliability", "reliable",
    )  # fmt: skip
    assert ended.stdout == "wait\n---\n"
