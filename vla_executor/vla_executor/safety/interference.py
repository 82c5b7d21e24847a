# SPDX-License-Identifier: Apache-2.0
"""Motion that nobody here ordered, and others at names that only we should use: what is seen, and what is said of it.

In an open ROS domain anybody may drive the robot; that can't be prevented here, but it is seen. Orders are our own
velocity commands and goals, and goals that others have sent to the robot's navigation, as long as nothing is stopped.
After the last order the base may come to rest; once it has stood, any motion is somebody else's. Times are those of
odometry.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from vla_common.contracts.outcomes import OK, Code, Result
from vla_executor.config import ExecutorConfig
from vla_executor.robot.robot import Odometry, Velocity
from vla_executor.safety.standstill import PoseSpeed, slow

SEEN_AFTER_S = 0.15
"""Motion that is shorter is a jolt, or the noise of one sample."""
COMING_TO_REST_S = 2.0
"""A base that was ordered to move may brake for so long after the last order."""
MARGIN = 3.0
"""Motion is what is so many times faster than standing still."""
MOST_NAMES = 5


class MotionWatch:
    """Fed with odometry. Not thread-safe."""

    def __init__(self, config: ExecutorConfig) -> None:
        self._config = config
        self._speed = PoseSpeed()
        self._resting = True
        self._ordered_s = -math.inf
        self._since_s: float | None = None
        self._last_s = -math.inf
        self.fastest = Velocity()
        """Of the sample before: the speed that odometry says, or that of its pose, whichever is greater."""

    def update(self, odometry: Odometry, ordered: bool) -> bool:
        """Whether the base moves and nobody ordered it. ordered: somebody has, since the sample before."""
        if odometry.stamp_s < self._last_s:
            self._ordered_s, self._since_s = -math.inf, None  # the clock was set back
        self._last_s = odometry.stamp_s
        by_pose = self._speed.update(odometry)
        told = odometry.velocity
        self.fastest = fastest = Velocity(
            max(told.speed_mps, by_pose.vx_mps), 0.0, max(abs(told.wz_radps), by_pose.wz_radps)
        )
        if ordered:
            self._ordered_s, self._resting, self._since_s = odometry.stamp_s, False, None
            return False
        rested = slow(fastest, self._config)
        if rested or odometry.stamp_s - self._ordered_s > COMING_TO_REST_S:
            self._resting = True
        config = self._config
        moving = (
            fastest.vx_mps > MARGIN * config.still_linear_mps
            or fastest.wz_radps > MARGIN * config.still_angular_radps
        )
        if not (moving and self._resting):
            self._since_s = None
            return False
        if self._since_s is None:
            self._since_s = odometry.stamp_s
        return odometry.stamp_s - self._since_s >= SEEN_AFTER_S


def strange_publishers(nodes: Iterable[str], permitted: Iterable[str]) -> list[str]:
    """Who publishes `cmd_vel` and is not named as one that may. permitted: full names, or names without namespace."""
    known = set(permitted)
    return sorted(
        {node for node in nodes if node not in known and node.rpartition("/")[2] not in known}
    )


def judge(
    motion: Velocity | None,
    stopped: bool,
    publishers: Sequence[str],
    servers: Mapping[str, Sequence[str]],
    odometry: Sequence[str],
) -> Result:
    """What the health says. motion: that nobody ordered, None when there is none; publishers: strangers at `cmd_vel`;
    servers: by name, where there are several; odometry: who publishes it, where there are several.
    """
    said = []
    code = Code.RESOURCE_BUSY
    if motion is not None:
        how = f"{motion.vx_mps:.2f} m/s, {math.degrees(motion.wz_radps):.0f} degrees a second"
        if stopped:
            code = Code.STOP_UNCONFIRMED
            said.append(f"The robot moves although it is stopped ({how}): somebody else drives it.")
        else:
            said.append(f"The robot moves, and nobody here ordered it ({how}).")
    if publishers:
        said.append(
            f"{_names(publishers)} can drive the robot too, past every limit and every stop: "
            f"another publisher on 'cmd_vel' (executor.cmd_vel_sources names those that may)."
        )
    for name, nodes in sorted(servers.items()):
        said.append(f"'{name}' has several servers: {_names(nodes)}; who answers is chance.")
    if odometry:
        said.append(
            f"'odom' has several publishers: {_names(odometry)}; which one tells of this base is not known."
        )
    return Result(code, " ".join(said)) if said else OK


def _names(nodes: Sequence[str]) -> str:
    shown = [repr(node)[1:-1][:60] or "a nameless node" for node in nodes[:MOST_NAMES]]
    more = len(nodes) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
