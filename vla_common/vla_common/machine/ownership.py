# SPDX-License-Identifier: Apache-2.0
"""Who serves and publishes the names of the system, and who of them has no business to.

A ROS domain is open: any node may serve `make_plan` or publish `transcript`, and a client can't choose who answers.
It can be seen, though, and whoever relies on a name can refuse to as long as a stranger is there. What is seen in the
graph comes in as endpoints (`name_watch` reads them); what follows is left to who asks. Times are seconds of a steady
clock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

UNNAMED_S = 1.0
"""An endpoint is found before the node that it belongs to has said its name; after so long it has none."""
TWIN_SETTLE_S = 0.5
"""A second node of the same name is one when it is still there after so long."""
GONE_S = 10.0
"""A killed node stays in the graph until its lease runs out; what is there for longer lives, whatever /proc says."""


class Kind(Enum):
    """What stands behind a name."""

    SERVICE = "service"
    ACTION = "action"
    TOPIC = "topic"


@dataclass(frozen=True)
class OwnName:
    """A name that belongs to some nodes. name: relative to the namespace, or absolute.

    owners: node names, relative to the namespace, or absolute ("/camera/driver").
    """

    name: str
    kind: Kind
    owners: tuple[str, ...]

    @property
    def verb(self) -> str:
        return "publishes" if self.kind is Kind.TOPIC else "serves"


@dataclass(frozen=True)
class Endpoint:
    """One server or publisher. node: "/vla/planner", empty when it has not said its name.

    process: tells processes apart (with DDS the participant); gone: its process is known to have ended.
    """

    node: str
    process: bytes
    gone: bool = False


@dataclass(frozen=True)
class Stranger:
    """Somebody who uses a name that belongs to another."""

    name: OwnName
    node: str
    sentence: str


class Ownership:
    """Keeps what was seen since when. Not thread-safe: one `update` at a time."""

    def __init__(self, namespace: str) -> None:
        self._namespace = "/" + namespace.strip("/")
        self._since_s: dict[tuple[str, str, bytes], float] = {}
        self._gone_since_s: dict[tuple[str, str, bytes], float] = {}

    def update(
        self, seen: Mapping[OwnName, Sequence[Endpoint]], now_s: float
    ) -> tuple[Stranger, ...]:
        """Those who are strangers now, by name and node."""
        found: list[Stranger] = []
        present: set[tuple[str, str, bytes]] = set()
        for name, endpoints in seen.items():
            ages: dict[Endpoint, float] = {}
            gone: dict[Endpoint, float] = {}
            for endpoint in endpoints:
                key = (name.name, endpoint.node, endpoint.process)
                present.add(key)
                ages[endpoint] = now_s - self._since_s.setdefault(key, now_s)
                if endpoint.gone:
                    gone[endpoint] = now_s - self._gone_since_s.setdefault(key, now_s)
                else:
                    self._gone_since_s.pop(key, None)
            found += self._strangers(name, ages, gone)
        self._since_s = {key: at for key, at in self._since_s.items() if key in present}
        self._gone_since_s = {key: at for key, at in self._gone_since_s.items() if key in present}
        return tuple(found)

    def _strangers(
        self, name: OwnName, ages: Mapping[Endpoint, float], gone: Mapping[Endpoint, float]
    ) -> list[Stranger]:
        owners = {self.absolute(owner) for owner in name.owners}
        by_node: dict[str, list[Endpoint]] = {}
        for endpoint in ages:
            by_node.setdefault(endpoint.node, []).append(endpoint)
        found = []
        for node, endpoints in sorted(by_node.items()):
            oldest_s = max(ages[endpoint] for endpoint in endpoints)
            if node in owners:
                if self._twins(endpoints, ages, gone):
                    found.append(
                        Stranger(name, node, f"'{name.name}' has two owners: {node} runs twice.")
                    )
            elif node:
                whose = " or ".join(name.owners) or "nobody"
                found.append(
                    Stranger(
                        name,
                        node,
                        f"{node} {name.verb} '{name.name}', which belongs to {whose}.",
                    )
                )
            elif oldest_s >= UNNAMED_S:
                found.append(
                    Stranger(
                        name,
                        "",
                        f"Something that is no ROS node {name.verb} '{name.name}'.",
                    )
                )
        return found

    def _twins(
        self,
        endpoints: Sequence[Endpoint],
        ages: Mapping[Endpoint, float],
        gone: Mapping[Endpoint, float],
    ) -> bool:
        """Whether two processes claim the name; one that was killed stays in the graph for a while."""
        living = {
            endpoint.process for endpoint in endpoints if gone.get(endpoint, GONE_S) >= GONE_S
        }
        youngest_s = min(ages[endpoint] for endpoint in endpoints)
        return len(living) > 1 and youngest_s >= TWIN_SETTLE_S

    def absolute(self, node: str) -> str:
        """The node's full name."""
        if node.startswith("/"):
            return node
        return f"{self._namespace.rstrip('/')}/{node}"


def process_may_live(low_bits: int, is_process: Callable[[int], bool], pid_max: int) -> bool:
    """Whether some process has a number that ends in these 16 bits: all that a DDS identity tells of it."""
    return any(is_process(pid) for pid in range(low_bits, pid_max + 1, 1 << 16) if pid)
