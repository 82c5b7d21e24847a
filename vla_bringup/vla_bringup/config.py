# SPDX-License-Identifier: Apache-2.0
"""Parameters of the state manager."""

from __future__ import annotations

from dataclasses import dataclass

from vla_bringup.journal.config import JournalConfig
from vla_bringup.monitor.config import MonitorConfig
from vla_common.configuration.config import setting


@dataclass(frozen=True)
class IntegrationConfig:
    """Group `integration`: how commands are queued and how the stages are brought up."""

    max_execution_time: float = setting(
        300.0,
        "Longest time for one command from its start to its end",
        unit="s",
        minimum=1.0,
        maximum=86400.0,
    )
    command_queue_size: int = setting(
        10, "Commands that may wait; one more is refused", minimum=1, maximum=1000
    )
    new_command_policy: str = setting(
        "queue",
        "What becomes of a command that comes while another runs: it waits, it takes the other's place, "
        "or it is refused; a command may say otherwise",
        choices=("queue", "replace", "refuse"),
    )
    confirmation_timeout: float = setting(
        30.0,
        "How long a question to the person waits; no answer means no",
        unit="s",
        minimum=1.0,
        maximum=600.0,
    )
    announce_pause: float = setting(
        1.0,
        "Pause between the announcement of a risky step and its start, to say stop in",
        unit="s",
        minimum=0.0,
        maximum=60.0,
    )
    feedback_interval: float = setting(
        2.0,
        "Longest silence towards the person while a command runs",
        unit="s",
        minimum=0.2,
        maximum=60.0,
    )
    autostart: bool = setting(True, "Bring the stages up at the start, without a call of manage")
    components: tuple[str, ...] = setting(
        ("perception", "planner", "executor"),
        "Lifecycle nodes in the order in which they are brought up",
    )
    optional_components: tuple[str, ...] = setting(
        ("perception",), "Those without which the system still works, in part"
    )
    heartbeat_timeout: float = setting(
        4.0,
        "A component whose work loop shows no pulse for longer counts as dead",
        unit="s",
        minimum=1.0,
        maximum=60.0,
    )
    hang_timeout: float = setting(
        6.0,
        "A lost component whose process still exists on this machine is killed after this time, so that launch "
        "starts it again",
        unit="s",
        minimum=1.0,
        maximum=600.0,
    )
    startup_timeout: float = setting(
        60.0,
        "A component that has not shown a pulse for this long after STARTUP counts as failed",
        unit="s",
        minimum=1.0,
        maximum=3600.0,
    )
    max_restarts: int = setting(
        5,
        "Restarts of one component within restart_window after which it is given up until STARTUP",
        minimum=0,
        maximum=1000,
    )
    restart_window: float = setting(
        120.0, "Time over which restarts are counted", unit="s", minimum=1.0, maximum=86400.0
    )
    transition_timeout: float = setting(
        20.0,
        "Longest time for one lifecycle transition of a component",
        unit="s",
        minimum=1.0,
        maximum=600.0,
    )
    stop_timeout: float = setting(
        8.0,
        "Longest wait for the robot to confirm that it stands still",
        unit="s",
        minimum=0.5,
        maximum=60.0,
    )
    max_questions: int = setting(
        3, "Questions about what one command means, before it is given up", minimum=0, maximum=10
    )
    context_timeout: float = setting(
        120.0,
        "How long what somebody wanted is remembered after its end, for 'no, the blue one' and 'again'; 0: not at all",
        unit="s",
        minimum=0.0,
        maximum=86400.0,
    )
    correction_replaces: bool = setting(
        True,
        "A command that begins like a correction ('no, the blue one') takes the place of those that the same source "
        "still wants, unless it has a policy of its own",
    )
    transcript_sources: tuple[str, ...] = setting(
        ("speech",),
        "Nodes whose transcripts are carried out, by name (`speech`, in the system's namespace) or full name "
        "(`/ear/whisper`); while another one publishes `transcript`, nothing that is heard is carried out",
    )
    transcript_max_age: float = setting(
        5.0,
        "A transcript with a stamp that is further away from now is not carried out, and one without a stamp neither",
        unit="s",
        minimum=0.5,
        maximum=60.0,
    )
    max_replans: int = setting(
        1, "New plans for one command after a failed step", minimum=0, maximum=10
    )
    planning_timeout: float = setting(
        30.0, "Longest time for one plan", unit="s", minimum=0.5, maximum=600.0
    )
    scene_timeout: float = setting(
        3.0, "Longest wait for what perception knows", unit="s", minimum=0.1, maximum=60.0
    )


GROUPS = {
    "integration": IntegrationConfig,
    "journal": JournalConfig,
    "monitor": MonitorConfig,
}
