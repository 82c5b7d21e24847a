# SPDX-License-Identifier: Apache-2.0
"""What a person wanted last, for commands that go on from it: "no, the blue one", "again", "put it on the shelf".

Keeps one command for each source, for a while after its end. What a command takes from it is the planner's to decide.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace

from vla_common.contracts.skills import Plan
from vla_common.language.follow_ups import corrects, repeats

MAX_SOURCES = 64
MAX_COMMAND_LENGTH = 1000


@dataclass
class DialogueTurn:
    """One command in a conversation.

    plan: its text and, once there are any, its steps; before: what the same source wanted before it.
    """

    plan: Plan
    before: Plan | None
    at_s: float

    def planned(self, plan: Plan) -> None:
        """The first plan for it; later ones are for the rest."""
        if not self.plan.steps:
            self.plan = replace(plan, command=self.plan.command)


class DialogueContext:
    """Thread-safe. keep_s: how long a command is remembered after its end; 0 remembers none. clock: steady seconds."""

    def __init__(self, keep_s: float, clock: Callable[[], float]) -> None:
        self._keep_s = keep_s
        self._clock = clock
        self._lock = threading.Lock()
        self._last: OrderedDict[str, DialogueTurn] = OrderedDict()

    def said(self, source: str, command: str) -> DialogueTurn:
        """A command was accepted: from now on it is the source's last, whatever becomes of it.

        A correction is kept together with what it corrects, so that it can be corrected again; of a repetition the
        command that it repeats.
        """
        now_s = self._clock()
        with self._lock:
            last = self._last.get(source)
            before = None
            if last is not None and now_s - last.at_s <= self._keep_s:
                before = last.plan
            if before is not None and repeats(command):
                command = before.command
            elif before is not None and corrects(command):
                command = f"{before.command.rstrip(' .!?,;')}, {command}"[-MAX_COMMAND_LENGTH:]
            remark = self._last[source] = DialogueTurn(Plan(command), before, now_s)
            self._last.move_to_end(source)
            while len(self._last) > MAX_SOURCES:
                self._last.popitem(last=False)
        return remark

    def ended(self, remark: DialogueTurn) -> None:
        """Its time begins anew: it may have taken long."""
        remark.at_s = self._clock()
