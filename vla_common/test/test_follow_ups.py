# SPDX-License-Identifier: Apache-2.0
"""Which commands go on from the one before."""

from __future__ import annotations

import pytest

from vla_common.language.follow_ups import corrects, repeats


@pytest.mark.parametrize(
    "command",
    [
        "no, the blue one", "No!", "I meant the shelf", "i mean right", "Sorry, the other one",
        "not that one, the red cup",
        "actually go to the table", "or rather the box", "make that two meters", "please no", "Nope, left",
    ],
)  # fmt: skip
def test_corrections(command):
    assert corrects(command) and not repeats(command)


@pytest.mark.parametrize(
    "command",
    [
        "", "...", "go to the table", "nothing", "note the time", "norway", "wait",
        "find the cup, no, the ball", "now turn left",
        "I meander", "north",
    ],
)  # fmt: skip
def test_no_corrections(command):
    assert not corrects(command)


@pytest.mark.parametrize(
    "command", ["again", "Do that again, please.", "once more", "and again", "repeat that"]
)
def test_repetitions(command):
    assert repeats(command) and not corrects(command)


@pytest.mark.parametrize(
    "command",
    ["", "turn left again", "against the wall", "repeat after me", "go again to the table"],
)
def test_no_repetitions(command):
    assert not repeats(command)
