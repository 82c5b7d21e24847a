# SPDX-License-Identifier: Apache-2.0
"""Base class of all stage nodes: a lifecycle node whose transitions answer truthfully and which shows its pulse.

A stage overrides `configure`, `activate`, `deactivate` and `cleanup` (no arguments, no results). They raise to
fail: VlaError means FAILURE with its sentence in the log, anything else means ERROR with the traceback.
What `configure` and `activate` create on the node (publishers, timers, ...) is destroyed by the reverse
transition, so a stage has to undo only what is not a ROS entity.
"""

from __future__ import annotations

import threading
import traceback
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn

from vla_common.contracts.outcomes import OK, Code, Result, VlaError
from vla_common.machine.work_loops import WorkLoops
from vla_common.ros.graph.wiring import mismatches
from vla_common.ros.heartbeat import HeartbeatPublisher
from vla_common.ros.logger import CleanLogger
from vla_common.ros.parameters import NodeParameters
from vla_common.ros.spin import answer_always
from vla_common.ros.subscription_node import SubscriptionNode

DIAGNOSTICS_PERIOD_S = 1.0
FINAL_WORDS_S = 0.3
"""Until the process of a finalized node ends: the answer to whoever asked for it goes out first."""
_Entities = list[tuple[Any, str, Any]]
"""node, kind and entity"""
_KINDS = ("publishers", "subscriptions", "timers", "services", "clients", "waitables")


class VlaLifecycleNode(LifecycleNode):
    """Publishes `<name>/heartbeat` (vla_interfaces/Heartbeat, 4 Hz, see `heartbeat`) and its health on /diagnostics
    (diagnostic_msgs/DiagnosticArray, 1 Hz).

    Parameters: the groups it is given, declared from their dataclasses.
    """

    def __init__(
        self, name: str, groups: Mapping[str, type[Any]] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(name, **kwargs)
        self._settings = NodeParameters(
            self,
            groups or {},
            f"when '{name}' is configured: put it into the parameter file and start it again, "
            "or deactivate and clean it up first",
            self.live_parameters,
            self._apply_parameters,
        )
        self._group_names = list(groups or {})
        self._configs: dict[str, Any] = {}
        self._streams: SubscriptionNode | None = None
        self._cli_args = tuple(kwargs.get("cli_args") or ())
        self._built: _Entities = []
        self._opened: _Entities = []
        self._health: Result = OK
        instance = uuid.uuid4().hex
        self._facts: dict[str, str] = {"instance": instance}
        self.end_process: Callable[[], None] | None = None
        """Ends the process in order; set by `vla_common.ros.spin`."""
        self.active = False
        """True between activate and deactivate: rclpy gates only lifecycle publishers, the rest asks this."""
        self.reentrant = ReentrantCallbackGroup()
        """For callbacks that may run beside others, such as actions and services that wait."""
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self.create_timer(
            DIAGNOSTICS_PERIOD_S,
            self._every_second,
            callback_group=self.reentrant,
            clock=Clock(clock_type=ClockType.STEADY_TIME),
        )
        self.loops = WorkLoops()
        """For work that must not take forever: while some of it is overdue, the node shows no pulse."""
        self._wiring: Result = OK
        self._pulse = HeartbeatPublisher(self, instance, self.reentrant, self.loops, self._well)

    live_parameters: tuple[str, ...] = ()
    """Parameters ("group.name") that `apply` can change while the node is configured; others are refused then."""

    def get_logger(self) -> Any:
        return CleanLogger(super().get_logger())

    # --- for stages ---------------------------------------------------------------------------------

    def configure(self) -> None:
        """Build what the stage needs; nothing works yet."""

    def activate(self) -> None:
        """Start working."""

    def deactivate(self) -> None:
        """Stop working; the reverse of activate."""

    def cleanup(self) -> None:
        """Let go of what configure built."""

    def apply(self, configs: Mapping[str, Any]) -> None:
        """From now on work with these groups, all others as before. Raises to refuse them."""
        raise VlaError(Code.INVALID_CONFIG, "Nothing can be changed while the node is configured.")

    def _apply_parameters(self, configs: Mapping[str, Any]) -> None:
        self.apply(configs)
        self._configs.update(configs)

    def config(self, group: str) -> Any:
        """The checked parameters of a group, as read by the last configure."""
        return self._configs[group]

    @property
    def streams(self) -> Any:
        """The companion node for topics that come many times a second; see `vla_common.ros.subscription_node`.

        It lives from its first use in configure until the node is cleaned up.
        """
        if self._streams is None:
            self._streams = SubscriptionNode(self, self._cli_args)
        return self._streams.node

    def report_health(self, result: Result, **facts: Any) -> None:
        """What the diagnostics say from now on; facts are shown beside it (backend, latency, ...)."""
        self._health = result
        self._facts.update({key: str(value) for key, value in facts.items()})

    # --- transitions --------------------------------------------------------------------------------

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        del state

        def work() -> None:
            self._configs = {name: self._settings.read(name) for name in self._group_names}
            self._built = self._collect(self.configure)
            answer_always(self)
            self._health = OK

        answer = self._transition("configure", work)
        if answer is not TransitionCallbackReturn.SUCCESS:
            self._settings.free()
            self._destroy(self._built)
            self._close_streams()
        return answer

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        def work() -> None:
            self._opened = self._collect(self.activate)
            answer_always(self)
            super(VlaLifecycleNode, self).on_activate(state)
            self.active = True

        answer = self._transition("activate", work)
        if answer is not TransitionCallbackReturn.SUCCESS:
            self._destroy(self._opened)
        return answer

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        def work() -> None:
            self.active = False
            try:
                self.deactivate()
            finally:
                super(VlaLifecycleNode, self).on_deactivate(state)
                self._destroy(self._opened)

        return self._transition("deactivate", work)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        del state
        return self._transition("clean up", self._release)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        del state
        answer = self._transition("shut down", self._let_go)
        if answer is not TransitionCallbackReturn.ERROR:
            self._finalized()
        return answer

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """After an ERROR: let go of everything, so that the node can be configured again."""
        del state
        answer = self._transition("recover", self._let_go)
        if answer is not TransitionCallbackReturn.SUCCESS:
            self._finalized()
        return answer

    def _finalized(self) -> None:
        """From this state no transition leads back: the process ends, so that whoever started it starts it again."""
        self.get_logger().error("finalized; this process ends, and has to be started again")
        if self.end_process is not None:
            end = threading.Timer(FINAL_WORDS_S, self.end_process)
            end.daemon = True
            end.start()

    def close(self) -> None:
        """Whatever state the node is in: stop working and let go of everything. Safe to call twice."""
        self._let_go()

    def _let_go(self) -> None:
        if self.active:
            self.active = False
            try:
                self.deactivate()
            finally:
                self._destroy(self._opened)
        self._release()

    def _release(self) -> None:
        if not self._configs:
            return
        try:
            self.cleanup()
        finally:
            self._destroy(self._built)
            self._close_streams()
            self._settings.free()
            self._configs = {}

    def _close_streams(self) -> None:
        streams, self._streams = self._streams, None
        if streams is not None:
            streams.close()

    def _transition(self, name: str, work: Callable[[], None]) -> TransitionCallbackReturn:
        try:
            work()
        except VlaError as error:
            self._health = error.result
            self.get_logger().error(f"can't {name}: {error}")
            self._tell()
            return TransitionCallbackReturn.FAILURE
        except Exception:
            self._health = Result(
                Code.INTERNAL_ERROR, f"An unexpected error in '{name}'; the log has the trace."
            )
            self.get_logger().error(f"can't {name}:\n{traceback.format_exc()}")
            self._tell()
            return TransitionCallbackReturn.ERROR
        self._tell()
        return TransitionCallbackReturn.SUCCESS

    def _entities(self) -> _Entities:
        nodes = [self] if self._streams is None else [self, self._streams.node]
        return [
            (node, kind, entity)
            for node in nodes
            for kind in _KINDS
            for entity in getattr(node, kind)
        ]

    def _collect(self, work: Callable[[], None]) -> _Entities:
        """Run `work`; what it created on the nodes. What it created before it failed is destroyed."""
        before = {id(entity) for _, _, entity in self._entities()}

        def new() -> _Entities:
            return [item for item in self._entities() if id(item[2]) not in before]

        try:
            work()
        except BaseException:
            self._destroy(new())
            raise
        return new()

    def _destroy(self, entities: _Entities) -> None:
        for node, kind, entity in entities:
            if kind == "waitables":
                # Action servers and clients; the events of publishers and subscriptions go with those.
                destroy = getattr(entity, "destroy", None)
                if destroy is not None:
                    destroy()
            else:
                getattr(node, f"destroy_{kind[:-1]}")(entity)
        entities.clear()

    def _well(self) -> Result:
        """What is wrong here, or else with those that it has to do with."""
        return self._wiring if self._health.ok else self._health

    def _look_at_wiring(self) -> None:
        nodes = [self] if self._streams is None else [self, self._streams.node]
        try:
            found = mismatches(*nodes) if self._configs else []
        except (
            Exception
        ) as error:  # an entity that goes while it is looked at, the context that ends
            self.get_logger().debug(f"looking at the types of names: {error!r}")
            return
        wrong = Result(Code.NOT_READY, " ".join(found[:3])) if found else OK
        if wrong.message != self._wiring.message and found:
            self.get_logger().error(wrong.message)
        self._wiring = wrong

    def _tell(self) -> None:
        """The health, at once and not only when the next one is due."""
        self._diagnose()
        self._pulse.beat()

    def _every_second(self) -> None:
        self._look_at_wiring()
        self._diagnose()

    def _diagnose(self) -> None:
        health = self._well()
        status = DiagnosticStatus(
            level=DiagnosticStatus.OK if health.ok else DiagnosticStatus.ERROR,
            name=self.get_fully_qualified_name(),
            message=health.message or ("active" if self.active else "not active"),
            hardware_id="",
            values=[KeyValue(key="code", value=str(int(health.code)))]
            + [KeyValue(key=key, value=value) for key, value in self._facts.items()],
        )
        message = DiagnosticArray(status=[status])
        message.header.stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(message)
