# SPDX-License-Identifier: Apache-2.0
"""Parameters of the monitor: what it watches, and the limits of its health rules."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from vla_bringup.monitor.measurements import STAGES
from vla_common.configuration.config import setting
from vla_common.contracts.outcomes import Code, VlaError


@dataclass(frozen=True)
class MonitorConfig:
    """Group `monitor`. Errors: INVALID_CONFIG for an entry of a list that can't be read."""

    topics: tuple[str, ...] = setting(
        (
            "odom 5",
            "joint_states 5",
            "scan 2",
            "camera/color/camera_info 1",
            "camera/depth/image_raw 1",
            "detections_3d 0.2",
            "scene",
            "execution_state",
        ),
        "Topics that are watched, each with the least rate in Hz; without a rate it is shown and never judged",
    )
    rate_window: float = setting(
        5.0, "Time over which the rate of a topic is taken", unit="s", minimum=1.0, maximum=60.0
    )
    topic_max_age: float = setting(
        3.0,
        "Longest silence of a topic with a least rate; three of its periods when that is longer",
        unit="s",
        minimum=0.5,
        maximum=600.0,
    )
    disk_free_min: float = setting(
        500.0,
        "Least free disk where journal and logs are written",
        unit="MB",
        minimum=0.0,
        maximum=1e7,
    )
    memory_max: float = setting(
        90.0, "Most memory of the machine in use", unit="%", minimum=1.0, maximum=100.0
    )
    cpu_max: float = setting(
        95.0, "Most CPU of the machine in use, of all cores", unit="%", minimum=1.0, maximum=100.0
    )
    cpu_max_time: float = setting(
        30.0, "How long the CPU may be above its limit", unit="s", minimum=0.0, maximum=3600.0
    )
    node_memory_max: float = setting(
        2000.0, "Most resident memory of one node", unit="MB", minimum=10.0, maximum=1e6
    )
    node_growth_max: float = setting(
        100.0,
        "Most steady growth of one node's resident memory",
        unit="MB/h",
        minimum=1.0,
        maximum=1e5,
    )
    node_growth_window: float = setting(
        1800.0,
        "How long a node's memory has to grow without a pause to be noticed",
        unit="s",
        minimum=60.0,
        maximum=86400.0,
    )
    stages: tuple[str, ...] = setting(
        ("perceiving 3", "planning 15"),
        "Stages of a command that are judged, each with the longest usual time in s",
    )

    topic_min_rates_hz: Mapping[str, float | None] = field(init=False, repr=False, compare=False)
    """From `topics`: name -> least rate, None for topics that are only shown."""
    stage_limits_s: Mapping[str, float] = field(init=False, repr=False, compare=False)
    """From `stages`: name -> longest usual time."""

    def __post_init__(self) -> None:
        # The dataclass is frozen; both are no more than `topics` and `stages` in another form.
        rates = _entries("monitor.topics", self.topics)
        limits = _entries("monitor.stages", self.stages)
        for name, limit in limits.items():
            if name not in STAGES or limit is None:
                raise VlaError(
                    Code.INVALID_CONFIG,
                    f"'{name}' in parameter 'monitor.stages' has to be one of {', '.join(STAGES)},"
                    " followed by seconds.",
                )
        object.__setattr__(self, "topic_min_rates_hz", rates)
        object.__setattr__(self, "stage_limits_s", {k: v for k, v in limits.items() if v})

    def topic_max_silence_s(self, name: str) -> float:
        """How long a judged topic may be silent."""
        rate_hz = self.topic_min_rates_hz.get(name)
        return max(self.topic_max_age, 3.0 / rate_hz) if rate_hz else self.topic_max_age


def _entries(key: str, entries: Iterable[object]) -> dict[str, float | None]:
    """'name' and 'name number' as name -> number. Errors: INVALID_CONFIG."""
    out: dict[str, float | None] = {}
    for entry in entries:
        words = str(entry).split()
        try:
            number = float(words[1]) if len(words) == 2 else None
        except ValueError:
            number = math.nan
        wrong = number is not None and not (math.isfinite(number) and number > 0.0)
        if wrong or len(words) not in (1, 2) or words[0] in out:
            raise VlaError(
                Code.INVALID_CONFIG,
                f"'{str(entry)[:80]}' in parameter '{key}' has to be a name that comes once,"
                " and perhaps a number above 0 after it.",
            )
        out[words[0]] = number
    return out


GROUPS = {"monitor": MonitorConfig}
