# SPDX-License-Identifier: Apache-2.0
"""Reads from the ROS graph who serves and publishes given names; `ownership` says who of them is a stranger.

Endpoints of services are those of the DDS topics of their requests. A middleware that keeps services in another way is
asked node by node.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from vla_common.machine.ownership import (
    Endpoint,
    Kind,
    Ownership,
    OwnName,
    Stranger,
    process_may_live,
)

UNNAMED = ("", "_NODE_NAME_UNKNOWN_", "_CREATED_BY_BARE_DDS_APP_")
"""What rmw calls the node of an endpoint that has not said its name, or never will."""
FAST_DDS = b"\x01\x0f"
"""First bytes of the identities that Fast DDS gives; two of the host and two of the process id follow."""


class NameWatch:
    """Thread-safe; `look` asks the middleware's own tables (about 0.15 ms for each name) and waits for nobody."""

    def __init__(
        self, node: Any, names: Sequence[OwnName], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """node: whose graph is read, and whose namespace and remappings hold for the names."""
        self._node = node
        self._names = tuple(names)
        self._clock = clock
        self._lock = threading.Lock()
        self._ownership = Ownership(node.get_namespace())
        self._pid_max = _pid_max()
        self._own = b""

    def look(self) -> tuple[Stranger, ...]:
        """Who is a stranger at this moment."""
        with self._lock:
            seen = {name: self.endpoints(name) for name in self._names}
            return self._ownership.update(seen, self._clock())

    def endpoints(self, name: OwnName) -> tuple[Endpoint, ...]:
        """Who serves or publishes this name now."""
        node = self._node
        if name.kind is Kind.TOPIC:
            infos = node.get_publishers_info_by_topic(node.resolve_topic_name(name.name))
            return self._named(infos)
        service = name.name if name.kind is Kind.SERVICE else f"{name.name}/_action/send_goal"
        service = node.resolve_service_name(service)
        infos = node.get_subscriptions_info_by_topic(f"rq{service}Request", no_mangle=True)
        if infos or not node.count_services(service):
            return self._named(infos)
        return self._asked_node_by_node(service)

    def _named(self, infos: Sequence[Any]) -> tuple[Endpoint, ...]:
        """Whether one is gone matters, and is looked up, only where there are several."""
        found = []
        for info in infos:
            unnamed = info.node_name in UNNAMED
            process = bytes(info.endpoint_gid)[:12]
            found.append(
                Endpoint(
                    "" if unnamed else _join(info.node_namespace, info.node_name),
                    process,
                    len(infos) > 1 and self._is_gone(process),
                )
            )
        return tuple(found)

    def _is_gone(self, process: bytes) -> bool:
        """Whether no process of this machine can be the one behind this identity."""
        self._own = self._own or self._own_process()
        if not self._own or process[:4] != self._own[:4]:
            return False
        low_bits = int.from_bytes(process[4:6], "little")
        return not process_may_live(
            low_bits, lambda pid: os.path.exists(f"/proc/{pid}"), self._pid_max
        )

    def _own_process(self) -> bytes:
        """The identity of this process, known by one of its publishers; empty when it is not one of Fast DDS."""
        low_bits = (os.getpid() & 0xFFFF).to_bytes(2, "little")
        for info in self._node.get_publishers_info_by_topic("/parameter_events"):
            process = bytes(info.endpoint_gid)[:12]
            if process[:2] == FAST_DDS and process[4:6] == low_bits:
                return process
        return b""

    def _asked_node_by_node(self, service: str) -> tuple[Endpoint, ...]:
        found = []
        for name, namespace in self._node.get_node_names_and_namespaces():
            try:
                served = self._node.get_service_names_and_types_by_node(name, namespace)
            except (
                Exception
            ):  # it has gone since; rclpy's NodeNameNonExistentError and the middleware's own
                continue
            if any(given == service for given, _ in served):
                full = _join(namespace, name)
                found.append(Endpoint(full, full.encode()))
        return tuple(found)


def _join(namespace: str, name: str) -> str:
    return f"{namespace.rstrip('/')}/{name}"


def _pid_max() -> int:
    try:
        return int(Path("/proc/sys/kernel/pid_max").read_text())
    except (OSError, ValueError):
        return 1 << 22
