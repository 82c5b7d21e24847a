"""When the base counts as standing still: slow enough for long enough, by fresh odometry."""

from __future__ import annotations

from vla_executor.config import ExecutorConfig
from vla_executor.robot import Odometry


def is_slow(odometry: Odometry, config: ExecutorConfig) -> bool:
    velocity = odometry.velocity
    return (
        velocity.speed_mps <= config.still_linear_mps
        and abs(velocity.wz_radps) <= config.still_angular_radps
    )


class StandstillDetector:
    """Fed with one sample after the other; a gap or a NaN is not standing still."""

    def __init__(self, config: ExecutorConfig) -> None:
        self._config = config
        self._since_s: float | None = None
        self._last_s: float | None = None

    def update(self, odometry: Odometry) -> bool:
        """True once the base has been slow for `still_time_s`."""
        gap = 0.0 if self._last_s is None else odometry.stamp_s - self._last_s
        self._last_s = odometry.stamp_s
        if not is_slow(odometry, self._config) or gap < 0.0 or gap > LONGEST_GAP_S:
            self._since_s = None
            return False
        if self._since_s is None:
            self._since_s = odometry.stamp_s
        return odometry.stamp_s - self._since_s >= self._config.still_time_s


LONGEST_GAP_S = 1.0
"""Between two samples farther apart anything may have happened."""
