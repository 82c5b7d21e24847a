# SPDX-License-Identifier: Apache-2.0
"""What the person is told before anything moves: every step, every amount, every condition."""

from __future__ import annotations

import pytest

from vla_testing.planner.fixtures import PLUGINS, SCENE
from vla_testing.planner.plan_notation import PLANNER

SENTENCES = [
    ("go to the table and find a red object", "I will go to the table and look for the red object at the table."),
    ("turn left, then right 45 degrees", "I will turn left 90 degrees and turn right 45 degrees."),
    ("if there is a bottle on the table, turn left, otherwise wait. Say hi.",
     "I will look for the bottle at the table; if I see that, I will turn left 90 degrees; if I don't, I will wait "
     '5 s; then I will say "hi".'),
    ("put all the red cups on the shelf",
     "I will pick up all red cups, one at a time, go to the shelf and put it on the shelf."),
    ("find the nearest cup", "I will look for the nearest cup."),
    ("find the cup between the bowl and the red ball", "I will look for the cup between the bowl and the red ball."),
    ("turn left and say hi at the same time", 'I will turn left 90 degrees and say "hi" at the same time.'),
    ("count the cups on the table", "I will count all cups at the table."),
    ("go to x 1 y 2 facing 90 degrees", "I will go to x 1.00, y 2.00, facing 90 degrees."),
    ("polish the red cup for 5 seconds", "I will polish (duration 5.0, object the red cup at the table)."),
]  # fmt: skip


@pytest.mark.parametrize(("command", "sentence"), SENTENCES, ids=[row[0] for row in SENTENCES])
def test_summary(command, sentence):
    assert PLANNER.plan(command, SCENE, PLUGINS).plan.summary == sentence
