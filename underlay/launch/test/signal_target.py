# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""A launch of two processes, run by test_launch_signals.py; arguments choose what they do."""

import argparse
import sys

from launch import LaunchDescription, LaunchService
from launch.actions import ExecuteProcess, SetLaunchConfiguration

CHILD = """
import os, signal, sys, time
ignored = sys.argv[1].split(",")
def stop(number, frame):
    name = signal.Signals(number).name
    os.write(1, f"child {os.getpid()} got {name}\\n".encode())  # the signal may come in the middle of a print
    if name not in ignored:
        sys.exit(0)
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, stop)
print("child", os.getpid(), "ready", flush=True)
while True:
    signal.pause()
"""

parser = argparse.ArgumentParser()
parser.add_argument("--noninteractive", action="store_true")
parser.add_argument("--ignored", default="")
parser.add_argument("--sigterm-timeout", default="60")
parser.add_argument("--sigkill-timeout", default="60")
options = parser.parse_args()

service = LaunchService(noninteractive=options.noninteractive)
service.include_launch_description(
    LaunchDescription(
        [
            SetLaunchConfiguration("sigterm_timeout", options.sigterm_timeout),
            SetLaunchConfiguration("sigkill_timeout", options.sigkill_timeout),
            *(
                ExecuteProcess(
                    cmd=[sys.executable, "-S", "-c", CHILD, options.ignored],
                    name="c",
                    output="screen",
                )
                for _ in range(2)
            ),
        ]
    )
)
sys.exit(service.run())
