# SPDX-License-Identifier: Apache-2.0
"""What follows from strangers at our names, and from the age of what was heard."""

from __future__ import annotations

import math

import pytest

from vla_bringup.supervision.ros.name_guard import SERVED, fresh, sentences
from vla_common.machine.ownership import Kind, OwnName, Stranger


@pytest.mark.parametrize("age_s", [0.0, 0.2, 4.9, -0.5])
def test_what_was_just_said_counts(age_s):
    assert fresh(age_s, 5.0).ok


@pytest.mark.parametrize("age_s", [5.1, 3600.0, 1.8e9, -5.1, -1e9, math.inf, math.nan])
def test_what_is_old_or_from_a_future_or_of_no_time_does_not(age_s):
    result = fresh(age_s, 5.0)
    assert not result.ok and "transcript_max_age" in result.message


def test_every_name_is_there_once():
    assert len({name.name for name in SERVED}) == len(SERVED) >= 10


def test_each_thing_is_said_once():
    name = OwnName("stop", Kind.SERVICE, ("executor",))
    strangers = [
        Stranger(name, "a", "One."),
        Stranger(name, "b", "Two."),
        Stranger(name, "a", "One."),
    ]
    assert sentences(strangers) == "One. Two."
    assert sentences([]) == ""
