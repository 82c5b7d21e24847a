# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""A package with an executable that says what it was given, and running launch descriptions."""

from __future__ import annotations

import json
import os
import sys
import tempfile

# Before launch is imported: upstream makes its log directory then.
os.environ.setdefault("ROS_LOG_DIR", tempfile.mkdtemp(prefix="launch_ros_test_log_"))

import pytest
from launch import LaunchDescription, LaunchService
from launch.event_handlers import OnProcessIO
from launch_ros.actions import Node

PACKAGE = "launch_ros_test_package"
SHOW_ARGUMENTS = f"""#!{sys.executable}
import json, sys, yaml
files = [sys.argv[i + 1] for i, word in enumerate(sys.argv) if word == "--params-file"]
contents = [yaml.load(open(file), yaml.UnsafeLoader) for file in files]
print(json.dumps({{"argv": sys.argv[1:], "files": contents}}))
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Returns the prefix of an installed package with an executable `show_arguments`."""
    prefix = tmp_path / "install"
    index = prefix / "share" / "ament_index" / "resource_index" / "packages"
    index.mkdir(parents=True)
    (index / PACKAGE).touch()
    (prefix / "share" / PACKAGE).mkdir()
    executable = prefix / "lib" / PACKAGE / "show_arguments"
    executable.parent.mkdir(parents=True)
    executable.write_text(SHOW_ARGUMENTS)
    executable.chmod(0o755)
    paths = [str(prefix), os.environ.get("AMENT_PREFIX_PATH", "")]
    monkeypatch.setenv("AMENT_PREFIX_PATH", os.pathsep.join(filter(None, paths)))
    return prefix


@pytest.fixture
def launched(package):
    """Returns a function that runs nodes; it returns the exit code and what each node got."""

    def run(*nodes):
        texts = {}

        def on_stdout(event):
            texts[event.action] = texts.get(event.action, "") + event.text.decode()

        service = LaunchService()
        service.context.register_event_handler(OnProcessIO(on_stdout=on_stdout))
        service.include_launch_description(LaunchDescription(list(nodes)))
        return service.run(), [json.loads(texts[node]) if node in texts else None for node in nodes]

    return run


@pytest.fixture
def given_to(launched):
    """Returns a function that runs a Node with options and returns what the process got."""

    def run(**options):
        node = Node(package=PACKAGE, executable="show_arguments", **options)
        code, (got,) = launched(node)
        assert code == 0
        return got

    return run
