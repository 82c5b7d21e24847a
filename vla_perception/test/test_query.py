# SPDX-License-Identifier: Apache-2.0
"""Which objects fit which words."""

from __future__ import annotations

import pytest

from vla_common.contracts.scene import Place, PlaceKind, SceneObject
from vla_common.contracts.skills import ObjectRef
from vla_perception.memory.query import find

TABLE = Place("table", PlaceKind.SURFACE, (1.5, 0.0, 0.7), 0.0, (0.8, 1.4), ("desk",))
BIN = Place("bin", PlaceKind.CONTAINER, (0.0, 2.0, 0.3), 0.0, (0.3, 0.3))
CUP = (0.08, 0.08, 0.09)


def thing(name, label, color, x, y, z=0.745, size=CUP, **kwargs):
    kwargs.setdefault("place", "table")
    kwargs.setdefault("visible", True)
    return SceneObject(name, label, (x, y, z), color=color, size=size, **kwargs)


OBJECTS = (
    thing("red_cup", "cup", "red", 1.3, 0.3),
    thing("blue_cup", "cup", "blue", 1.5, -0.2),
    thing("ball", "ball", "red", 1.35, 0.0, 0.73, (0.06, 0.06, 0.06), attributes=("small",)),
    thing("big_ball", "ball", "green", 1.7, 0.4, 0.75, (0.10, 0.10, 0.10), attributes=("large",)),
    thing("bowl", "bowl", "white", 1.6, 0.0, 0.73, (0.16, 0.16, 0.06)),
    thing("block_in_bowl", "block", "blue", 1.61, 0.01, 0.74, (0.04, 0.04, 0.04)),
    thing("lower", "block", "yellow", 1.25, -0.5, 0.73, (0.06, 0.06, 0.06)),
    thing("upper", "block", "red", 1.25, -0.5, 0.78, (0.04, 0.04, 0.04)),
    thing(
        "trash", "bottle", "green", 0.0, 2.0, 0.1, (0.06, 0.06, 0.18), place="bin", visible=False
    ),
)
ROBOT = (0.0, 0.0)


@pytest.mark.parametrize(
    ("ref", "wanted"),
    [
        (ObjectRef(label="cup"), ["red_cup", "blue_cup"]),
        (ObjectRef(label="mug", attributes=("Red",)), ["red_cup"]),
        (ObjectRef(attributes=("red",)), ["red_cup", "ball", "upper"]),
        (ObjectRef(label="object", attributes=("green",)), ["big_ball", "trash"]),
        (ObjectRef(label="ball", attributes=("big",)), ["big_ball"]),
        (ObjectRef(label="ball", attributes=("little",)), ["ball"]),
        (ObjectRef(label="bowl", attributes=("small",)), ["bowl"]),
        (ObjectRef(label="cup", attributes=("purple",)), []),
        (ObjectRef(label="banana"), []),
        (ObjectRef(place="bin"), ["trash"]),
        (ObjectRef(label="cup", place="desk"), ["red_cup", "blue_cup"]),
        (ObjectRef(place="moon"), []),
        (ObjectRef(id="bowl"), ["bowl"]),
        (ObjectRef(id="nothing"), []),
        (ObjectRef(label="block", relation="in", reference=("bowl",)), ["block_in_bowl"]),
        (ObjectRef(label="block", relation="in", reference=("the white bowl",)), ["block_in_bowl"]),
        (ObjectRef(relation="on", reference=("yellow block",)), ["upper"]),
        (ObjectRef(relation="under", reference=("red block",)), ["lower"]),
        (ObjectRef(label="bottle", relation="in", reference=("bin",)), ["trash"]),
        (ObjectRef(label="cup", relation="on", reference=("table",)), ["red_cup", "blue_cup"]),
        (ObjectRef(label="ball", relation="next_to", reference=("red cup",)), ["ball", "big_ball"]),
        (ObjectRef(label="cup", relation="left_of", reference=("red ball",)), ["red_cup"]),
        (ObjectRef(label="cup", relation="right_of", reference=("red ball",)), ["blue_cup"]),
        (ObjectRef(label="bowl", relation="behind", reference=("red ball",)), ["bowl"]),
        (ObjectRef(label="ball", relation="in_front_of", reference=("bowl",)), ["ball"]),
        (ObjectRef(label="ball", relation="between", reference=("red cup", "blue cup")), ["ball"]),
        (ObjectRef(label="cup", relation="nearest"), ["red_cup", "blue_cup"]),
        (ObjectRef(label="cup", relation="farthest"), ["blue_cup", "red_cup"]),
        (ObjectRef(label="cup", relation="nearest", reference=("yellow block",)), ["blue_cup", "red_cup"]),
        (ObjectRef(label="ball", relation="largest"), ["big_ball", "ball"]),
        (ObjectRef(label="ball", relation="smallest"), ["ball", "big_ball"]),
        (ObjectRef(label="cup", relation="leftmost"), ["red_cup", "blue_cup"]),
        (ObjectRef(label="cup", relation="rightmost"), ["blue_cup", "red_cup"]),
        (ObjectRef(label="cup", relation="tallest"), ["red_cup", "blue_cup"]),
        (ObjectRef(relation="tallest", place="bin"), ["trash"]),
        (ObjectRef(label="block", relation="nearest", reference=("red block",)), ["lower", "block_in_bowl"]),
        (ObjectRef(label="block", relation="nearest", reference=("block",)), ["lower", "upper", "block_in_bowl"]),
        (ObjectRef(label="cup", relation="farthest", reference=("ball",)), ["red_cup", "blue_cup"]),
        (ObjectRef(label="ball", relation="nearest", reference=("bin",)), ["big_ball", "ball"]),
        (ObjectRef(label="cup", relation="nearest", reference=("hat",)), []),
        (ObjectRef(label="cup", relation="next_to", reference=("red object",)), ["blue_cup", "red_cup"]),
        (ObjectRef(label="ball", relation="next_to", reference=("red cup", "white bowl")), ["ball", "big_ball"]),
        (ObjectRef(label="ball", relation="next_to", reference=("red cup", "yellow block")), []),
        (ObjectRef(label="ball", relation="between", reference=("the red cup", "a blue object")), ["ball"]),
        (ObjectRef(label="ball", relation="between", reference=("red cup",)), []),
        (ObjectRef(label="ball", relation="between", reference=("red cup", "hat")), []),
        (ObjectRef(label="cup", relation="next_to", reference=("red", "ball")), []),
        (ObjectRef(label="cup", relation="orbiting", reference=("bowl",)), []),
        (ObjectRef(label="cup", relation="on", reference=()), []),
    ],
    ids=lambda value: value.describe() or value.id if isinstance(value, ObjectRef) else "",
)  # fmt: skip
def test_words_choose(ref, wanted):
    found = [item.id for item in find(ref, OBJECTS, (TABLE, BIN), ROBOT)]
    ordered = ref.relation in (
        "nearest",
        "farthest",
        "largest",
        "smallest",
        "tallest",
        "leftmost",
        "rightmost",
        "next_to",
    )
    assert found == wanted if ordered else sorted(found) == sorted(wanted)


def test_an_empty_reference_fits_everything():
    assert len(find(ObjectRef(), OBJECTS, (TABLE, BIN), ROBOT)) == len(OBJECTS)


def test_quantity_is_left_to_the_caller():
    assert len(find(ObjectRef(label="cup", quantity="one"), OBJECTS)) == 2


def test_best_is_in_view_then_certain_then_near():
    near = thing("near", "cup", "red", 0.5, 0.0, confidence=0.6)
    sure = thing("sure", "cup", "red", 2.0, 0.0, confidence=0.95)
    gone = thing("gone", "cup", "red", 0.2, 0.0, visible=False)
    twin = thing("twin", "cup", "red", 1.0, 0.0, confidence=0.95)
    found = find(ObjectRef(label="cup"), (gone, near, sure, twin), (), ROBOT)
    assert [item.id for item in found] == ["twin", "sure", "near", "gone"]


def test_sides_turn_with_the_observer():
    from_behind = find(
        ObjectRef(label="cup", relation="left_of", reference=("red ball",)),
        OBJECTS,
        (TABLE,),
        (3.0, 0.0),
    )
    assert [item.id for item in from_behind] == ["blue_cup"]


def test_without_an_observer_sides_are_not_known():
    assert (
        find(ObjectRef(label="cup", relation="left_of", reference=("red ball",)), OBJECTS, (TABLE,))
        == []
    )
    assert find(ObjectRef(label="cup", relation="nearest"), OBJECTS, (TABLE,)) == []


def test_a_thing_is_not_next_to_itself():
    found = find(
        ObjectRef(label="cup", relation="next_to", reference=("cup",)), OBJECTS[:1], (TABLE,), ROBOT
    )
    assert found == []


def test_a_kind_may_have_several_words():
    ball = thing("tennis", "tennis ball", "yellow", 1.3, 0.3)
    cup = thing("cup", "cup", "red", 1.4, 0.3)
    for phrase in ("tennis ball", "yellow tennis ball", "the yellow object"):
        found = find(ObjectRef(relation="next_to", reference=(phrase,)), (ball, cup))
        assert [item.id for item in found] == ["cup"], phrase
    assert find(ObjectRef(relation="next_to", reference=("red tennis ball",)), (ball, cup)) == []


@pytest.mark.parametrize(
    ("phrase", "wanted"),
    [("red block", ["white"]), ("block", ["red_1", "red_2", "white"]), ("white block", ["red_1", "red_2"])],
)  # fmt: skip
def test_the_nearest_to_one_of_its_own_kind(phrase, wanted):
    blocks = (
        thing("white", "block", "white", 0.5, 0.0),
        thing("red_1", "block", "red", 1.5, 0.0),
        thing("red_2", "block", "red", 1.6, 0.0),
    )
    ref = ObjectRef(label="block", relation="nearest", reference=(phrase,))
    assert [item.id for item in find(ref, blocks, (), ROBOT)] == wanted
