# SPDX-License-Identifier: Apache-2.0
"""Whose heartbeat counts, where anybody in the domain may send one: the first that is heard, until it is gone.

A message names a process, and somebody who watches may end that process: a name is believed only when the one that was
believed before is gone, and a process is ended only when it is proven to be one of ours (`processes.is_ours`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vla_common.machine.processes import ProcessIdentity, ProcessState

NEW_INSTANCE_S = 1.0
"""So long the old node has to be silent before a new one in its process is believed; a pulse comes every 0.25 s."""


@dataclass(frozen=True)
class Heard:
    """A node as its pulse names it. instance: changes with every start of the node."""

    instance: str
    process: ProcessIdentity


def believed(
    old: Heard,
    new: Heard,
    silent_s: float,
    lost: bool,
    state: Callable[[ProcessIdentity], ProcessState],
    ours: Callable[[ProcessIdentity], bool],
) -> bool:
    """Whether `new` is taken for the node that was `old` so far.

    silent_s: since the last pulse of the old one; lost: whether it counts as dead or hanging.
    """
    if new == old:
        return True
    if new.process == old.process:
        return new.instance != old.instance and (lost or silent_s >= NEW_INSTANCE_S)
    if new.instance == old.instance:
        return False  # no node moves to another process
    if state(old.process) is ProcessState.GONE:
        return True
    if ours(old.process):
        return False  # it still exists, suspended perhaps
    return lost or ours(new.process)
