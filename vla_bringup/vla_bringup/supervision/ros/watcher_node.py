# SPDX-License-Identifier: Apache-2.0
"""The node `watcher`: stands beside a process that all stages share, for what that process can't do when it hangs.

Started with `composed:=true`, where state manager and executor, who otherwise watch each other, hang together. When
their process is suspended, ended or without a pulse, the robot's goals are canceled and zero velocity is sent until it
stands; a process that still hangs after `integration.hang_timeout` is ended, so that launch starts it again. `./vla
stop` finds this node as well.

Subscribes: `executor/heartbeat`, `state_manager/heartbeat`; `odom` and the status of the robot's actions while it
stops. Publishes: zero on `cmd_vel`. Calls: `stop`, the cancel services of the robot's actions. Parameters: group
`integration`.
"""

from __future__ import annotations

import threading
from typing import Any

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node

from vla_bringup.config import IntegrationConfig
from vla_bringup.supervision.local_stop import LocalStop
from vla_bringup.supervision.ros.robot_client import RobotClient
from vla_common.machine.process_watch import LAUNCH, named
from vla_common.machine.processes import ProcessState, kill, process_state
from vla_common.machine.stop_channel import StopChannel
from vla_common.ros.clients.stop_channel_client import open_stop_channel
from vla_common.ros.heartbeat import HeartbeatMonitor
from vla_common.ros.parameters import NodeParameters
from vla_common.ros.spin import main as spin_main

WATCHED = ("executor", "state_manager")


class WatcherNode(Node):
    """Glue; when a pulse counts as lost is decided in `vla_common.ros.heartbeat`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("watcher", **kwargs)
        self.reentrant = ReentrantCallbackGroup()
        parameters = NodeParameters(self, {"integration": IntegrationConfig})
        self._config: IntegrationConfig = parameters.read("integration")
        self._lock = threading.Lock()
        self._lost: set[str] = set()
        self._over = threading.Event()
        self._robot = RobotClient(self, self, self._config.stop_timeout)
        self._pulses = HeartbeatMonitor(
            self,
            WATCHED,
            self._on_lost,
            self._on_back,
            timeout_s=self._config.heartbeat_timeout,
            group=self.reentrant,
        )

    def begin(self) -> StopChannel | None:
        """From now on `./vla stop` finds this process; see `vla_common.ros.spin`."""
        stop = LocalStop(
            self._robot.stop,
            lambda: False,  # it only knows that it has latched when the answer comes
            lambda: self._pulses.alive("executor"),
            self._robot.abandon,
            self._robot.wait_until_still,
            self._config.stop_timeout,
        )
        return open_stop_channel(self, "watcher", stop.latch, stop.confirm)

    def close(self) -> None:
        self._over.set()
        self._pulses.close()

    def _on_lost(self, name: str, reason: str) -> None:
        with self._lock:
            first = not self._lost
            self._lost.add(name)
        self.get_logger().error(f"the {name} is lost: {reason}")
        if first:
            threading.Thread(target=self._stand_in, name="stand in", daemon=True).start()

    def _on_back(self, name: str) -> None:
        with self._lock:
            self._lost.discard(name)

    def _gone(self) -> bool:
        with self._lock:
            return bool(self._lost) and not self._over.is_set()

    def _stand_in(self) -> None:
        """Stop the robot, and then end what hangs."""
        self._robot.abandon()
        missing = self._robot.wait_until_still(self._config.stop_timeout)
        if missing:
            self.get_logger().error(f"the robot may still be moving: {missing}")
        else:
            self.get_logger().warning("the robot was stopped and stands still")
        if self._over.wait(self._config.hang_timeout) or not self._gone():
            return
        launch = named(LAUNCH)
        for name in WATCHED:
            last = self._pulses.last(name)
            if last is None or self._pulses.alive(name):
                continue
            if kill(last.process, name, launch.pid if launch else 0):
                self.get_logger().error(f"{name} hangs; process {last.process.pid} was killed")
            elif process_state(last.process) is not ProcessState.GONE:
                self.get_logger().error(
                    f"{name} hangs, and process {last.process.pid} is not proven to be a node of ours: end it"
                )


def main() -> None:
    spin_main(WatcherNode, threads=4)


if __name__ == "__main__":
    main()
