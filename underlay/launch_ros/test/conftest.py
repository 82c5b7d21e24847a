"""A package with executables that say what they were given, and running launch descriptions."""

from __future__ import annotations

import os
import sys
import tempfile

# Before launch is imported: upstream makes its log directory then.
os.environ.setdefault("ROS_LOG_DIR", tempfile.mkdtemp(prefix="launch_ros_test_log_"))

import json

import pytest
from fake_package import PACKAGE
from launch import LaunchDescription, LaunchService
from launch.actions import RegisterEventHandler
from launch.event_handlers import OnProcessIO
from launch_ros.actions import Node

SHOW_ARGUMENTS = f"""#!{sys.executable}
import json, os, sys, yaml
files = [sys.argv[i + 1] for i, word in enumerate(sys.argv) if word == "--params-file"]
contents = [yaml.load(open(file), yaml.UnsafeLoader) for file in files]
print(json.dumps({{"argv": sys.argv[1:], "files": contents, "log": os.environ.get("ROS_LOG_DIR")}}))
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Return the prefix of an installed package with an executable `show_arguments`."""
    prefix = tmp_path / "install"
    (prefix / "share" / "ament_index" / "resource_index" / "packages").mkdir(parents=True)
    (prefix / "share" / "ament_index" / "resource_index" / "packages" / PACKAGE).touch()
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
    """Return a function that runs entities; it gives the exit code and what each node got."""

    def run(entities):
        texts = {}

        def on_stdout(event):
            texts[event.action] = texts.get(event.action, "") + event.text.decode()

        service = LaunchService()
        service.include_launch_description(
            LaunchDescription([RegisterEventHandler(OnProcessIO(on_stdout=on_stdout)), *entities])
        )
        return service.run(), {action: json.loads(text) for action, text in texts.items()}

    return run


@pytest.fixture
def given_to(launched):
    """Return a function that runs a Node with options and gives what the process got."""

    def run(*before, **options):
        node = Node(package=PACKAGE, executable="show_arguments", **options)
        code, got = launched([*before, node])
        assert code == 0
        return got[node]

    return run
