# SPDX-License-Identifier: Apache-2.0
"""The evaluation of attacks: what it collects, and that a broken attack is seen as one."""

from pathlib import Path

import attack
from attack_case import Attack, Context

FOLDER = Path(attack.__file__).parent


def test_names_are_unique_and_kinds_are_named():
    found = attack.collect(FOLDER)
    assert all(a.kind and a.name for a in found)


def test_an_attack_that_raises_is_broken():
    def fail(_: Context) -> str:
        raise RuntimeError("no such thing")

    broke = attack.attempt(Attack("kind", "raises", fail), Context(FOLDER, None))
    assert "no such thing" in broke


def test_the_table_counts_held_and_broken():
    held, broken = Attack("a", "x", lambda _: ""), Attack("a", "y", lambda _: "moved")
    lines = attack.table([(held, ""), (broken, "moved")]).splitlines()
    assert lines[1].split() == ["a", "2", "1", "1"]
    assert lines[-1].split() == ["all", "2", "1", "1"]


def test_live_attacks_are_grouped_by_their_arguments():
    one = Attack("a", "1", lambda _: "", {})
    two = Attack("a", "2", lambda _: "", {"composed": "true"})
    three = Attack("a", "3", lambda _: "", {})
    assert attack.groups([one, two, three]) == [[one, three], [two]]
