# SPDX-License-Identifier: Apache-2.0
"""Reports, progress and status of the state manager as messages."""

from __future__ import annotations

from typing import Any

from vla_interfaces.action import ExecuteCommand
from vla_interfaces.msg import ComponentStatus, QueuedCommand, StageTimes, SystemStatus

from vla_bringup.commands.command_pipeline import CommandReport, Progress, Times
from vla_bringup.commands.command_run import Command, CommandRun
from vla_bringup.supervision.supervision import Supervision
from vla_bringup.supervision.system_state import SystemFacts, explain, system_state
from vla_common.language.foreign_text import line
from vla_common.ros.conversions import (
    duration_to_msg,
    outcome_to_msg,
    plan_to_msg,
    step_record_to_msg,
)


def times_to_msg(times: Times) -> StageTimes:
    return StageTimes(
        queued=duration_to_msg(times.queued),
        perceiving=duration_to_msg(times.perceiving),
        planning=duration_to_msg(times.planning),
        confirming=duration_to_msg(times.confirming),
        executing=duration_to_msg(times.executing),
        total=duration_to_msg(times.total),
    )


def report_to_msg(report: CommandReport, trace_id: str) -> ExecuteCommand.Result:
    message = ExecuteCommand.Result(
        outcome=outcome_to_msg(report.result),
        results=[step_record_to_msg(record) for record in report.records],
        times=times_to_msg(report.times),
        trace_id=trace_id,
        answer=report.answer,
    )
    if report.plan is not None:
        message.plan = plan_to_msg(report.plan)
    return message


def progress_to_msg(progress: Progress, trace_id: str) -> ExecuteCommand.Feedback:
    message = ExecuteCommand.Feedback(
        stage=int(progress.stage),
        step_index=progress.step_index,
        step_count=progress.step_count,
        message=progress.message,
        progress=float(progress.fraction),
        trace_id=trace_id,
        question=progress.question,
        question_id=progress.question_id,
        choices=list(progress.choices),
    )
    if progress.plan is not None:
        message.plan = plan_to_msg(progress.plan)
    return message


def command_from_msg(request: ExecuteCommand.Goal, key: bytes, trace_id: str) -> Command:
    return Command(
        key=key,
        trace_id=trace_id,
        text=request.command,
        source=line(request.source, 40) or "text",
        priority=request.priority,
        policy=request.policy,
        dry_run=request.dry_run,
        confirmed=request.confirmed,
    )


def queued_to_msg(run: CommandRun, accepted: Any) -> QueuedCommand:
    command = run.command
    return QueuedCommand(
        trace_id=command.trace_id,
        command=command.text,
        source=command.source,
        priority=command.priority,
        accepted=accepted,
    )


def status_to_msg(facts: SystemFacts, supervision: Supervision) -> SystemStatus:
    """State and components; whoever calls adds the rest."""
    state = system_state(facts)
    return SystemStatus(
        state=int(state),
        message=explain(state, facts.components),
        components=[
            ComponentStatus(
                name=component.name,
                lifecycle_state=int(supervision.by_name[component.name].state),
                required=component.required,
                healthy=component.active and not component.reason,
                reason=component.reason,
                restarts=supervision.by_name[component.name].restarts,
                cpu_percent=-1.0,
                memory_mb=-1.0,
            )
            for component in facts.components
        ],
        degraded=[
            f"{component.name}: {component.reason}"
            for component in facts.components
            if component.reason and (component.active or not component.required)
        ],
    )
