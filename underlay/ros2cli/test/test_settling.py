"""When a look at the graph is complete: with a graph that is told, in time that is counted."""

from __future__ import annotations

import pytest

settling = pytest.importorskip("ros2cli.node.settling")  # upstream has a daemon in its place
Glimpse = settling.Glimpse


class Graph:
    """What is there to see from which second on: (time, number of nodes, what is missing)."""

    def __init__(self, *story: tuple[float, int, str]) -> None:
        self.story = story
        self.time_s = 100.0

    def look(self) -> object:
        passed = self.time_s - 100.0
        _, count, missing = [one for one in self.story if one[0] <= passed + 1e-9][-1]
        return Glimpse(count, count == 0, missing)

    def now_s(self) -> float:
        return self.time_s

    def wait(self, seconds: float) -> None:
        self.time_s += seconds

    def settle(self, quiet: float = settling.QUIET_S) -> tuple[str, float, int]:
        missing = settling.settle(self.look, self.now_s, self.wait, quiet)
        return missing, self.time_s - 100.0, self.look().seen  # type: ignore[attr-defined]


def test_a_graph_that_is_there_at_once_takes_the_quiet_time() -> None:
    missing, took_s, seen = Graph((0.0, 5, "")).settle()
    assert (missing, seen) == ("", 5) and took_s == pytest.approx(settling.QUIET_S, abs=0.11)


def test_what_comes_late_is_waited_for() -> None:
    story = [(0.0, 0, ""), (0.4, 2, ""), (1.2, 3, ""), (1.9, 5, "")]
    assert Graph(*story).settle()[0::2] == ("", 5)


def test_a_busy_machine_is_waited_for_longer() -> None:
    story = [(0.0, 2, ""), (2.5, 5, "")]
    assert Graph(*story).settle()[2] == 2
    assert Graph(*story).settle(settling.quiet_s(3.0))[2] == 5
    assert (
        settling.quiet_s(0.1) == settling.QUIET_S and settling.quiet_s(99.0) == 4 * settling.QUIET_S
    )


def test_an_empty_graph_is_looked_at_longer() -> None:
    missing, took_s, _ = Graph((0.0, 0, "")).settle()
    assert missing == "" and took_s >= settling.EMPTY_S
    assert Graph((0.0, 0, ""), (2.5, 4, "")).settle()[2] == 4


def test_what_is_known_to_be_missing_is_waited_for_and_then_told() -> None:
    assert Graph((0.0, 2, "a node"), (6.0, 3, "")).settle()[0::2] == ("", 3)
    missing, took_s, _ = Graph((0.0, 2, "a node")).settle()
    assert missing == "a node" and took_s == pytest.approx(settling.LONGEST_S, abs=0.11)


def test_a_graph_that_never_rests_comes_to_an_end_and_says_so() -> None:
    story = [(0.5 * index, index, "") for index in range(1000)]
    missing, took_s, _ = Graph(*story).settle()
    assert "still come" in missing and took_s == pytest.approx(settling.LONGEST_S, abs=0.11)
