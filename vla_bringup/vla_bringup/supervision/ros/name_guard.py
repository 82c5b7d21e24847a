# SPDX-License-Identifier: Apache-2.0
"""Keeps an eye on the names that the state manager relies on, and on those that it serves itself.

Decides what follows from a stranger (see `vla_common.machine.ownership`): whoever shares a server's name may answer in
its place, so that no command is taken and no stage is asked as long as it is there; whoever publishes `transcript`
may put words into a person's mouth, so that nothing that is heard is carried out. A stop is never refused.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from vla_common.contracts.outcomes import OK, Code, Result, VlaError
from vla_common.machine.ownership import Kind, OwnName, Stranger
from vla_common.ros.graph.name_watch import NameWatch

LOOK_PERIOD_S = 0.25
REMEMBERED_S = 5.0
"""Who publishes a transcript and is gone before the next look may still have been heard."""
STOP = "stop"
TRANSCRIPT = "transcript"

SERVED = (
    *(
        OwnName(name, Kind.SERVICE, ("state_manager",))
        for name in ("manage", "get_status", "answer")
    ),
    OwnName("execute_command", Kind.ACTION, ("state_manager",)),
    OwnName("make_plan", Kind.ACTION, ("planner",)),
    OwnName("execute_plan", Kind.ACTION, ("executor",)),
    *(OwnName(name, Kind.SERVICE, ("executor",)) for name in ("list_skills", STOP, "reset")),
    OwnName("execution_state", Kind.TOPIC, ("executor",)),
    OwnName("query_scene", Kind.SERVICE, ("perception",)),
)


def sentences(strangers: Sequence[Stranger]) -> str:
    """All that is wrong, each thing once; empty when nothing is."""
    return " ".join(dict.fromkeys(stranger.sentence for stranger in strangers))


def serving(strangers: Sequence[Stranger]) -> str:
    """What of it keeps commands from being taken."""
    return sentences([stranger for stranger in strangers if stranger.name in SERVED])


class NameGuard:
    """Looks on a thread of its own; `close` ends it. changed: called when there are other strangers than before."""

    def __init__(
        self,
        node: Any,
        transcript_sources: Sequence[str],
        components: Sequence[str] = (),
        changed: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """transcript_sources: node names, relative to the namespace or absolute, that may publish `transcript`.

        components: those whose pulses are listened to; who beats in their name is told, and nothing more.
        """
        self._log = node.get_logger()
        self._context = node.context
        self._changed = changed
        self._clock = clock
        pulses = [OwnName(f"{name}/heartbeat", Kind.TOPIC, (name,)) for name in components]
        self._servers = NameWatch(node, [*SERVED, *pulses])
        self._heard = OwnName(TRANSCRIPT, Kind.TOPIC, tuple(transcript_sources))
        self._ears = NameWatch(node, [self._heard])
        self._lock = threading.Lock()
        self._now: tuple[Stranger, ...] = ()
        self._speakers: dict[str, float] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="names", daemon=True)
        self._thread.start()

    @property
    def strangers(self) -> tuple[Stranger, ...]:
        """As of the last look."""
        return self._now

    def conflict(self) -> str:
        """Why no command may be taken and no stage be asked at this moment; empty when that is fine."""
        return serving(self.look())

    def check(self) -> None:
        """Errors: CONFLICT."""
        if conflict := self.conflict():
            raise VlaError(Code.CONFLICT, conflict)

    def stop_answer(self, result: Result) -> Result:
        """What an answer of the service `stop` is worth: anybody may have given it while a stranger serves it too."""
        shared = sentences([s for s in self.look() if s.name.name == STOP])
        if not result.ok or not shared:
            return result
        return Result(
            Code.STOP_UNCONFIRMED,
            f"The robot was told to stop, but who confirmed it is not known: {shared}",
        )

    def heard(self) -> str:
        """Why a transcript that has just come may be anybody's; empty when it is from a source that is known.

        An endpoint that has not said its name yet is not known either.
        """
        self.look()
        with self._lock:
            recent = [s for s, at in self._speakers.items() if self._clock() - at < REMEMBERED_S]
        if recent:
            return " ".join(recent)
        if any(not endpoint.node for endpoint in self._ears.endpoints(self._heard)):
            return f"Something that has not said its name publishes '{TRANSCRIPT}'."
        return ""

    def look(self) -> tuple[Stranger, ...]:
        """Who is a stranger now."""
        now = self._servers.look() + self._ears.look()
        with self._lock:
            before, self._now = self._now, now
            for stranger in now:
                if stranger.name.name == TRANSCRIPT:
                    self._speakers[stranger.sentence] = self._clock()
        if now != before:
            for stranger in now:
                if stranger not in before:
                    self._log.error(f"a name of ours is not ours alone: {stranger.sentence}")
            for stranger in before:
                if stranger not in now:
                    self._log.info(f"no longer so: {stranger.sentence}")
            self._changed()
        return now

    def close(self) -> None:
        self._over.set()
        self._thread.join(2.0)

    def _work(self) -> None:
        while not self._over.wait(LOOK_PERIOD_S):
            try:
                self.look()
            except Exception:
                if self._context.ok() and not self._over.is_set():
                    self._log.error(f"looking for strangers failed:\n{traceback.format_exc()}")


def fresh(age_s: float, max_age_s: float) -> Result:
    """Whether words of this age may still be carried out. A clock that runs ahead of ours proves nothing either."""
    if -max_age_s <= age_s <= max_age_s:
        return OK
    return Result(
        Code.SPEECH_BAD_AUDIO,
        f"What was heard is {abs(age_s):.0f} s {'old' if age_s > 0 else 'ahead of time'}, "
        f"more than {max_age_s:g} s (integration.transcript_max_age); I did nothing.",
    )
