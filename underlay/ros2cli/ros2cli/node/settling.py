"""When a look at the graph is complete enough to be printed.

There is no daemon that has known the graph for long, and discovery says nothing when it is through: on a busy machine
participants come in over seconds. Decides by what has come so far: nothing new for a while that grows with the load of
the machine, and nothing there of which a part is known to be missing.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass

QUIET_S = 1.0
"""Nothing new for so long, on a machine whose cores are free. Announcements come every few tenths of a second."""
MOST_BUSY = 4.0
"""The quiet time grows with the load per core, up to this factor."""
EMPTY_S = 3.0
"""An empty graph is looked at for at least this long."""
LONGEST_S = 12.0
PERIOD_S = 0.1


@dataclass(frozen=True)
class Glimpse:
    """The graph at one moment. seen: all of it, to be compared; empty: nobody else is there.

    missing: what is known to be there and has not come, in words; "" for nothing.
    """

    seen: Hashable
    empty: bool
    missing: str = ""


def quiet_s(load_per_core: float) -> float:
    """How long nothing new has to come."""
    return QUIET_S * min(max(load_per_core, 1.0), MOST_BUSY)


def settle(
    look: Callable[[], Glimpse],
    now_s: Callable[[], float],
    wait: Callable[[float], None],
    quiet: float = QUIET_S,
) -> str:
    """Look until the graph has settled; returns what may be missing all the same, "" for nothing.

    now_s: a clock that only goes forward; wait: lets time pass, seconds.
    """
    begin_s = changed_s = now_s()
    last = look()
    while True:
        time_s = now_s()
        still = time_s - changed_s >= (max(quiet, EMPTY_S) if last.empty else quiet)
        if still and not last.missing:
            return ""
        if time_s - begin_s >= LONGEST_S:
            return last.missing or "new nodes and topics still come"
        wait(PERIOD_S)
        glimpse = look()
        if glimpse.seen != last.seen:
            changed_s = now_s()
        last = glimpse
