# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""Running launch descriptions in the test process and looking at what happened."""

from __future__ import annotations

import os
import tempfile

# Before launch is imported: upstream makes its log directory then.
os.environ.setdefault("ROS_LOG_DIR", tempfile.mkdtemp(prefix="launch_test_log_"))

from dataclasses import dataclass, field

import pytest
from launch import LaunchDescription, LaunchService
from launch.actions import OpaqueFunction
from launch.event_handlers import OnProcessExit, OnProcessIO, OnProcessStart


@dataclass
class Record:
    """What happened in one launch; processes go by the name they were given."""

    return_code: int = -1
    started: list[str] = field(default_factory=list)
    exit_codes: dict[str, list[int]] = field(default_factory=dict)
    stdout: dict[str, str] = field(default_factory=dict)
    stderr: dict[str, str] = field(default_factory=dict)


def plain_name(event) -> str:
    """The name without the number that launch adds."""
    return event.process_name.rpartition("-")[0]


@pytest.fixture
def launched():
    """Returns a function that runs entities until nothing is left to do.

    Args:
        watch: maps actions to entities that are visited once the process has written `ready`.
    """

    def run(entities, *, arguments=None, watch=None, **service_options) -> Record:
        record = Record()
        watch = dict(watch or {})

        def on_stdout(event):
            name = plain_name(event)
            record.stdout[name] = record.stdout.get(name, "") + event.text.decode()
            return watch.get(event.action) if b"ready" in event.text else None

        def on_stderr(event):
            name = plain_name(event)
            record.stderr[name] = record.stderr.get(name, "") + event.text.decode()

        def on_exit(event, _):
            record.exit_codes.setdefault(plain_name(event), []).append(event.returncode)

        service = LaunchService(**service_options)
        for handler in (
            OnProcessStart(on_start=lambda e, _: record.started.append(plain_name(e))),
            OnProcessExit(on_exit=on_exit),
            OnProcessIO(on_stdout=on_stdout, on_stderr=on_stderr),
        ):
            service.context.register_event_handler(handler)
        service.context.launch_configurations.update(arguments or {})
        service.include_launch_description(LaunchDescription(list(entities)))
        record.return_code = service.run()
        return record

    return run


@pytest.fixture
def note():
    """Returns an action factory that notes a substitution's text, and the notes by key."""

    class Notes(dict):
        def __call__(self, key, substitution):
            def write(context):
                self[key] = context.perform_substitution(substitution)

            return OpaqueFunction(function=write)

    return Notes()
