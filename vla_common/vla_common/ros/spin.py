# SPDX-License-Identifier: Apache-2.0
"""The main function of every node: spin until SIGINT or SIGTERM, let go in order, exit with 0.

The executor spins on a thread of its own so that the main thread can take signals while the ROS context is
still valid: a node that drives gets to send its last zero velocity.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import rclpy
from rclpy.exceptions import InvalidHandle
from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor
from rclpy.logging import get_logger
from rclpy.signals import SignalHandlerOptions

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.machine.lease import Lease
from vla_common.machine.private_files import be_private
from vla_common.machine.process_watch import LAUNCH, named, watch_end
from vla_common.ros.logger import CleanLogger, clean_python_logging

SHUTDOWN_TIMEOUT_S = 2.0
SWITCH_INTERVAL_S = 0.0005
EXIT_TIMEOUT_S = 30.0
MOST_FAILURES = 100
"""So many failed callbacks within a second are the end of the node."""


def spin_on(executor: Any) -> None:
    """Spin until the executor or its context is shut down, also when a callback fails.

    A lifecycle transition destroys entities while the executor may be building its wait set out of them; rclpy
    then raises InvalidHandle out of spin, although nothing is wrong.
    """
    failed_at: deque[float] = deque(maxlen=MOST_FAILURES)
    while True:
        try:
            executor.spin()
            return
        except ExternalShutdownException:
            return
        except Exception as error:
            if not executor.context.ok() or executor._is_shutdown:
                return  # it ended in the middle of it
            if not isinstance(error, InvalidHandle):
                # A defect in one callback, perhaps set off by a malformed message, must not take down a node that
                # others rely on for a stop.
                CleanLogger(get_logger("spin")).error(
                    f"a callback failed:\n{traceback.format_exc()}"
                )
                failed_at.append(time.monotonic())
                if len(failed_at) == MOST_FAILURES and failed_at[-1] - failed_at[0] < 1.0:
                    raise  # nothing works any more


def answer_always(node: Any) -> None:
    """From now on a request that breaks a service of the node gets an empty answer instead of none at all.

    rclpy's own services (parameters, lifecycle) raise on values that no version knows.
    """
    for service in node.services:
        if not getattr(service.callback, "answers_always", False):
            service.callback = _guarded(node, service.callback)


def _guarded(node: Any, callback: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def answer(request: Any, response: Any) -> Any:
        try:
            return callback(request, response)
        except Exception:
            CleanLogger(node.get_logger()).error(f"a request failed:\n{traceback.format_exc()}")
            outcome = getattr(response, "outcome", None)
            if outcome is not None:  # left alone it would say OK
                outcome.code = int(Code.INTERNAL_ERROR)
                outcome.message = "A defect; the log has the trace."
            return response

    answer.answers_always = True  # type: ignore[attr-defined]
    return answer


def _make(factories: Sequence[Callable[[], Any]], nodes: list[Any], leases: list[Lease]) -> bool:
    """Fill the lists; False when one can't be made, and then the reason has been told and the others are gone."""
    try:
        for factory in factories:
            node = factory()
            nodes.append(node)
            if not hasattr(node, "lease") and (lease := lease_of(node)) is not None:
                leases.append(lease)  # kept for as long as the process lives
    except VlaError as error:
        # What can be told in a sentence is no defect: another one of its name runs, or a parameter is wrong.
        print(f"{error}", file=sys.stderr, flush=True)
        for node in nodes:
            node.destroy_node()
        return False
    return True


def run(
    factories: Callable[[], Any] | Sequence[Callable[[], Any]],
    args: list[str] | None = None,
    threads: int = 8,
) -> int:
    """Run one node, or several in one process, until told to end; returns the exit code.

    A node may have `begin`, called when its callbacks work; what it returns is closed after the node's own `close`.
    """
    if callable(factories):
        factories = [factories]
    # Not an Event: its lock may be held by this very thread when a signal comes, and `set` would wait for it forever.
    over, begin_end = os.pipe()
    os.set_blocking(begin_end, False)
    failures: list[BaseException] = []

    def end(*_: object) -> None:
        # A terminal sends Ctrl-C to the whole group and launch passes it on: the second one must not kill a
        # process that is on its way out with exit code 0.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        os.write(begin_end, b".")

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    # Callbacks hand over from thread to thread; a thread that computes gives way sooner than after 5 ms.
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    clean_python_logging()
    be_private()  # journals, memories, logs
    rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    executor = MultiThreadedExecutor(num_threads=threads)
    nodes: list[Any] = []
    leases: list[Lease] = []
    if not _make(factories, nodes, leases):
        rclpy.try_shutdown()
        return 1
    for node in nodes:
        answer_always(node)
        if hasattr(node, "end_process"):
            node.end_process = lambda: os.write(begin_end, b".")
        executor.add_node(node)

    def work() -> None:
        try:
            spin_on(executor)
        except BaseException as error:
            failures.append(error)
            raise
        finally:
            os.write(begin_end, b".")

    spinner = threading.Thread(target=work, name="executor", daemon=True)
    spinner.start()
    launch = named(LAUNCH)
    if launch is not None:

        def orphaned() -> None:
            get_logger("spin").error("the launch of this node is gone; it ends")
            os.write(begin_end, b".")

        watch_end(launch, orphaned)
    begun = [node.begin() for node in nodes if hasattr(node, "begin")]
    os.read(over, 1)
    # Whatever hangs on the way out: say where, and be gone. A thread of C's, which no lock of Python's can hold up.
    faulthandler.dump_traceback_later(EXIT_TIMEOUT_S, exit=True)
    failures += _close(nodes)
    for thing in begun:
        if thing is not None:
            thing.close()
    executor.shutdown(timeout_sec=SHUTDOWN_TIMEOUT_S)
    for node in nodes:
        node.destroy_node()
    rclpy.try_shutdown()
    spinner.join(SHUTDOWN_TIMEOUT_S)
    return 1 if failures else 0


def _close(nodes: Sequence[Any]) -> list[BaseException]:
    """Close the nodes, the last one first; returns what went wrong, which has been logged."""
    failures: list[BaseException] = []
    for node in reversed(nodes):
        close = getattr(node, "close", None)
        if close is not None:
            try:
                close()
            except Exception as error:
                failures.append(error)
                CleanLogger(node.get_logger()).error(f"while closing: {error!r}")
    return failures


def lease_of(node: Any) -> Lease | None:
    """The name of a node, for this process alone; None where nobody can tell. Errors: CONFLICT: it runs already."""
    try:
        return Lease.take(node.context.get_domain_id(), node.get_fully_qualified_name())
    except OSError as error:
        node.get_logger().warning(f"it can't be told whether this node runs twice: {error}")
        return None


def main(*factories: Callable[[], Any], threads: int = 8) -> None:
    """As `run`, and leaves the process with the exit code."""
    sys.exit(run(list(factories), threads=threads))
