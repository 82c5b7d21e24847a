# SPDX-License-Identifier: Apache-2.0
"""A goal of the action execute_command as the outlet of a command."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vla_bringup.commands.command_pipeline import Progress
from vla_bringup.commands.command_run import Ending
from vla_bringup.commands.publish_queue import PublishQueue
from vla_bringup.ros.conversions import progress_to_msg, report_to_msg
from vla_common.ros.clients.calls import is_canceling

TOLD_TIMEOUT_S = 2.0
"""How long the end of a goal waits for what was said before it."""


class GoalResultSink:
    """Implements `command_run.Outlet`; the job runs on a thread of the node's executor."""

    def __init__(
        self, handle: Any, trace_id: str, log: Callable[[str], None], outbox: PublishQueue
    ) -> None:
        self._handle = handle
        self._trace_id = trace_id
        self._log = log
        self._outbox = outbox

    def start(self, job: Callable[[], Ending]) -> None:
        handle = self._handle

        def run(_: Any) -> Any:
            return self._finish(job())

        try:
            handle.execute(run)
        except Exception:
            # rclpy looks whether the goal is being canceled and then moves it on, in two steps; a cancel in
            # between makes the second one fail.
            if not handle.is_cancel_requested:
                raise
            handle._action_server.notify_execute(handle, run)

    def progress(self, progress: Progress) -> None:
        self._outbox.post(lambda: self._publish(progress))

    def _publish(self, progress: Progress) -> None:
        try:
            self._handle.publish_feedback(progress_to_msg(progress, self._trace_id))
        except Exception as error:  # the goal may have ended in the meantime
            self._log(f"feedback came too late: {error!r}")

    def _finish(self, ending: Ending) -> Any:
        handle, report = self._handle, ending.report
        self._outbox.flush(TOLD_TIMEOUT_S)  # feedback of a goal comes before its end
        try:
            if ending.canceled and is_canceling(handle):
                handle.canceled()
            elif report.result.ok:
                handle.succeed()
            else:
                handle.abort()
        except Exception as error:
            # While the node goes down nobody is left to be told; the command has ended, and that is on record.
            self._log(f"the end of a goal could not be told: {error!r}")
        return report_to_msg(report, self._trace_id)
