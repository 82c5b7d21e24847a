# SPDX-License-Identifier: Apache-2.0
"""`./vla bench startup`: from the launch command to a system that takes commands, and from Ctrl-C to its end.

Also the memory of all nodes while they are idle, without the simulator.
"""

from __future__ import annotations

import argparse
import os
import sys
import time

import psutil
from vla_interfaces.msg import SystemStatus

from vla_bringup.client.system_process import SystemProcess, own_domain, run_folder
from vla_testing.measuring import percentile, row, verdict

READY_TARGET_S = 8.0
END_TARGET_S = 5.0
MEMORY_TARGET_MB = 600.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="vla bench startup", description=__doc__)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--composed", action="store_true")
    arguments = parser.parse_args()
    os.environ["ROS_DOMAIN_ID"] = str(own_domain())
    from vla_bringup.client.ros.system_client import SystemClient

    folder = run_folder("bench-startup")
    ready, ended, memory, codes = [], [], [], []
    for number in range(arguments.runs):
        # A client of its own for each run: the status is latched, and the last run's must not count.
        with SystemClient(name=f"bench_{number}") as client:
            begin = time.monotonic()
            process = SystemProcess(
                {"composed": "true" if arguments.composed else ""},
                folder / f"launch-{number}.log",
                int(os.environ["ROS_DOMAIN_ID"]),
            )
            status = client.wait_for_status(
                lambda s: s.state == SystemStatus.IDLE, 120.0, process.ended
            )
            if status is None:
                process.end()
                print(process.log_tail(), file=sys.stderr)
                return 1
            ready.append(time.monotonic() - begin)
            memory.append(idle_memory_mb(process.pid))
            begin = time.monotonic()
            codes.append(process.end())
            ended.append(time.monotonic() - begin)
    print(row("launch to IDLE", [1000 * value for value in ready], "ms"))
    print(row("Ctrl-C to end", [1000 * value for value in ended], "ms"))
    print(row("memory of the nodes, resident set", [rss for rss, _ in memory], "MB"))
    print(row("memory of the nodes, proportional set", [pss for _, pss in memory], "MB"))
    checks = [
        (f"launch to IDLE p95 < {READY_TARGET_S:g} s", percentile(ready, 0.95) < READY_TARGET_S),
        (f"Ctrl-C to end < {END_TARGET_S:g} s, always", max(ended) < END_TARGET_S),
        ("exit code 0, always", not any(codes)),
        (
            f"resident sets together < {MEMORY_TARGET_MB:g} MB",
            max(rss for rss, _ in memory) < MEMORY_TARGET_MB,
        ),
    ]
    for what, ok in checks:
        print(verdict(what, ok))
    return 0 if all(ok for _, ok in checks) else 1


def idle_memory_mb(launch_pid: int) -> tuple[float, float]:
    """Resident and proportional sets (MB) of all nodes together, without the simulator and the launch process."""
    rss = pss = 0.0
    for child in psutil.Process(launch_pid).children(recursive=True):
        if any("sim_node" in word for word in child.cmdline()):
            continue
        info = child.memory_full_info()
        rss += info.rss / 1e6
        pss += info.pss / 1e6
    return rss, pss


if __name__ == "__main__":
    sys.exit(main())
