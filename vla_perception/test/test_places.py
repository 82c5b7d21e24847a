# SPDX-License-Identifier: Apache-2.0
"""At which place an object is, and files of places."""

from __future__ import annotations

import pytest

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.scene import Place, PlaceKind
from vla_perception.memory.places import load_places, place_of

TABLE = Place("table", PlaceKind.SURFACE, (1.0, 0.0, 0.7), 0.5, (0.6, 1.2))
BIN = Place("bin", PlaceKind.CONTAINER, (0.0, 2.0, 0.3), 0.0, (0.3, 0.3))
TRAY = Place("tray", PlaceKind.CONTAINER, (1.0, 0.0, 0.75), 0.0, (0.3, 0.3))
SPOT = Place("rug", PlaceKind.AREA, (-1.0, 0.0, 0.0), 0.0, (1.0, 1.0))
ALL = (TABLE, BIN, TRAY, SPOT)


@pytest.mark.parametrize(
    ("position", "height", "wanted"),
    [
        ((1.0, 0.4, 0.74), 0.08, "table"),
        ((1.0, 0.0, 0.74), 0.08, "tray"),
        ((1.0, 0.4, 0.95), 0.08, "table"),  # stacked
        ((1.0, 0.4, 1.40), 0.08, ""),  # in the air
        ((1.0, 0.4, 0.30), 0.08, ""),  # below the table
        ((0.0, 2.0, 0.05), 0.06, "bin"),
        ((0.0, 2.0, 0.33), 0.18, "bin"),  # sticks out
        ((0.0, 2.0, 0.60), 0.06, ""),  # above it
        ((-1.2, 0.3, 0.03), 0.06, "rug"),
        ((-3.0, 0.3, 0.03), 0.06, ""),
    ],
)
def test_place_of(position, height, wanted):
    assert place_of(position, height, ALL) == wanted


def test_a_turned_table_covers_its_own_corners_only():
    x, y = TABLE.to_map(0.28, 0.58)
    assert place_of((x, y, 0.74), 0.08, (TABLE,)) == "table"
    x, y = TABLE.to_map(0.34, 0.58)
    assert place_of((x, y, 0.74), 0.08, (TABLE,)) == ""


def test_unnamed_surfaces_are_no_place():
    assert (
        place_of(
            (1.0, 0.0, 0.74),
            0.08,
            (Place("", PlaceKind.SURFACE, (1.0, 0.0, 0.7), 0.0, (1.0, 1.0)),),
        )
        == ""
    )


GOOD = """
places:
  - {name: Table, kind: surface, position: [1.0, 2, 0.7], yaw: 0.1, size: [0.6, 1.2], aliases: [Desk]}
  - {name: bin, kind: container, position: [0, 0, 0.3], size: [0.3, 0.3], keep_out: false}
"""


def test_a_file_of_places(tmp_path):
    path = tmp_path / "places.yaml"
    path.write_text(GOOD)
    table, bin_ = load_places(path)
    assert table == Place("table", PlaceKind.SURFACE, (1.0, 2.0, 0.7), 0.1, (0.6, 1.2), ("desk",))
    assert (bin_.kind, bin_.keep_out) == (PlaceKind.CONTAINER, False)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (None, "can't be read"),
        ("places: [", "can't be read"),
        ("[]", "no list"),
        ("places: {}", "no list"),
        ("places: [{kind: surface}]", "no name"),
        ("places: [{name: a, position: [0, 0], size: [1, 1]}]", "position"),
        ("places: [{name: a, position: [0, 0, .nan], size: [1, 1]}]", "position"),
        ("places: [{name: a, position: [0, 0, 1], size: [0, 1]}]", "positive"),
        ("places: [{name: a, kind: sky, position: [0, 0, 1], size: [1, 1]}]", "kind"),
        ("places: [{name: a, position: [1.0e+300, 0, 1], size: [1, 1]}]", "farther"),
        ("places: [{name: a, position: [0, 0, 1], size: [1.0e+9, 1]}]", "large"),
        (f"places: [{{name: {'a' * 300}, position: [0, 0, 1], size: [1, 1]}}]", "characters"),
        (f"places: [{{name: a, position: [0, 0, {'9' * 400}], size: [1, 1]}}]", "position"),
        ("places: &a [*a]", "no name"),
        ("places: [{name: a, colour: red, position: [0, 0, 1], size: [1, 1]}]", "colour"),
        ("places: [{name: a, aliases: b, position: [0, 0, 1], size: [1, 1]}]", "aliases"),
        (
            "places: [{name: a, position: [0, 0, 1], size: [1, 1]}, {name: A, position: [0, 0, 1], size: [1, 1]}]",
            "twice",
        ),
    ],
)
def test_a_wrong_file_says_what_is_wrong(tmp_path, text, word):
    path = tmp_path / "places.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(VlaError) as caught:
        load_places(path)
    assert caught.value.code is Code.INVALID_CONFIG
    assert word in caught.value.message
