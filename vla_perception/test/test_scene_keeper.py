# SPDX-License-Identifier: Apache-2.0
"""What is taken up after a restart, of which map, and what is forgotten with another map."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vla_common.contracts.outcomes import Code
from vla_common.contracts.scene import Place, PlaceKind
from vla_common.contracts.skills import ObjectRef
from vla_perception.config import VisionConfig
from vla_perception.detect.backends import make_detector
from vla_perception.memory.scene_keeper import SceneKeeper, map_key
from vla_perception.memory.scene_memory import SceneMemory
from vla_perception.memory.scene_store import SceneStore
from vla_perception.pipeline import look
from vla_testing.perception.synthetic import TABLE, Solid, camera_at, frame_of, on_table

CONFIG = VisionConfig(backend="colour")
DETECTOR = make_detector(CONFIG)
CUP = on_table("cup", "red", 1.2, 0.1, (0.075, 0.075, 0.09))
BALL = on_table("ball", "yellow", 1.2, -0.2, (0.066, 0.066, 0.066))
SHELF = Place("shelf", PlaceKind.SURFACE, (-1.0, 2.0, 0.9), 0.0, (0.4, 0.8))
AWAY = camera_at(-0.05, 0.0, 1.3, (0.5, -2.0, 0.7))


class Run:
    """One run of the node's decisions; the clock stands at `now_s`."""

    def __init__(self, path: Path | None, now_s: float = 1e9) -> None:
        self.told: list[str] = []
        self.now_s = now_s
        store = SceneStore(path, self.told.append) if path is not None else None
        memory = SceneMemory(first_number=store.first_number if store else 1)
        self.keeper = SceneKeeper(memory, store, lambda: self.now_s, self.told.append)

    def look(self, things: list[Solid], **kwargs) -> dict[str, object]:
        self.now_s += 1.0
        frame = frame_of(things, stamp_s=self.now_s, **kwargs)
        self.keeper.saw(look(frame, DETECTOR, self.keeper.places, CONFIG), frame, None)
        return self.known()

    def known(self) -> dict[str, object]:
        return {item.id: item for item in self.keeper.known().objects}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "scene.sqlite"


def seen_and_ended(path: Path, map_id: str = "home", things=(CUP, BALL)) -> dict:
    run = Run(path)
    run.keeper.set_map([TABLE], map_id)
    known = run.look(list(things))
    run.keeper.close()
    return known


@pytest.mark.parametrize("map_id", ["home", ""])
def test_after_a_restart_it_is_known_where_things_were_and_since_when(path, map_id):
    before = seen_and_ended(path, map_id)
    run = Run(path, now_s=1e9 + 5000)
    assert run.known() == {}, "nothing before it is clear which map this is"
    run.keeper.set_map([TABLE], map_id)
    after = run.known()
    assert set(after) == set(before) and len(after) == 2
    for name, item in after.items():
        assert item == replace(before[name], visible=False)
        assert item.last_seen_s == item.first_seen_s == 1e9 + 1
    scene, found = run.keeper.answer(ObjectRef(label="cup", place="table"))
    assert [o.color for o in found] == ["red"] and scene.stamp_s == 1e9 + 1
    assert not run.keeper.looked, "the memory of a look is no look"
    run.keeper.close()


def test_what_is_seen_again_keeps_its_id_and_what_is_not_there_is_forgotten(path):
    before = seen_and_ended(path)
    (cup,) = [name for name, item in before.items() if item.label == "cup"]
    run = Run(path, now_s=1e9 + 5000)
    run.keeper.set_map([TABLE], "home")
    known = run.look([CUP])
    assert known[cup].visible and known[cup].last_seen_s == run.now_s
    assert known[cup].first_seen_s == 1e9 + 1
    for _ in range(CONFIG.memory_misses):
        known = run.look([CUP])
    assert list(known) == [cup], "looked at and not there"
    run.keeper.close()


def test_new_things_get_ids_that_no_run_has_used(path):
    before = seen_and_ended(path)
    gone = Run(path)
    gone.keeper.set_map([TABLE], "home")
    for _ in range(CONFIG.memory_misses):
        assert len(gone.look([])) == 2 or gone.known() == {}
    gone.keeper.close()
    run = Run(path)
    run.keeper.set_map([TABLE], "home")
    assert run.known() == {}
    assert not set(run.look([CUP, BALL])) & set(before)
    run.keeper.close()


@pytest.mark.parametrize(
    ("map_id", "places"),
    [("work", [TABLE]), ("", [TABLE]), ("", [SHELF]), ("temporary 1", [TABLE]), ("", [])],
)
def test_another_map_knows_nothing_of_it(path, map_id, places):
    seen_and_ended(path)
    run = Run(path)
    run.keeper.set_map(places, map_id)
    assert run.known() == {} and run.keeper.known().stamp_s == 0.0
    run.keeper.close()
    back = Run(path)
    back.keeper.set_map([TABLE], "home")
    assert len(back.known()) == 2, "and it does that map no harm"
    back.keeper.close()


def test_a_world_that_never_comes_back_leaves_nothing(path):
    seen_and_ended(path, "temporary sim 1")
    run = Run(path)
    run.keeper.set_map([TABLE], "temporary sim 1")
    assert run.known() == {}
    run.keeper.close()


@pytest.mark.parametrize("store", [True, False])
def test_a_map_that_changes_to_another_takes_what_was_known_with_it(path, store):
    run = Run(path if store else None)
    run.keeper.set_map([TABLE], "temporary 1")
    first = run.look([CUP])
    run.keeper.set_map([TABLE], "temporary 2")
    assert run.known() == {} and not run.keeper.looked
    assert any("another one" in text for text in run.told)
    assert not set(run.look([CUP])) & set(first), "another world, another cup"
    run.keeper.close()


def test_a_map_that_changes_back_is_remembered(path):
    run = Run(path)
    run.keeper.set_map([TABLE], "home")
    known = run.look([CUP])
    run.keeper.close()
    run = Run(path)
    run.keeper.set_map([SHELF], "work")
    run.keeper.set_map([TABLE], "home")
    assert set(run.known()) == set(known)
    run.keeper.close()


def test_a_map_that_is_edited_is_the_same_room(path):
    run = Run(path)
    run.keeper.set_map([TABLE])
    known = run.look([CUP])
    run.keeper.set_map([TABLE, SHELF])
    assert set(run.known()) == set(known)
    run.keeper.set_map([])
    assert set(run.known()) == set(known), "no list of places is no other room"
    run.keeper.close()
    run = Run(path)
    run.keeper.set_map([TABLE, SHELF])
    assert set(run.known()) == set(known)
    run.keeper.close()


def test_what_was_seen_before_the_map_was_known_stays_and_is_not_there_twice(path):
    before = seen_and_ended(path)
    run = Run(path, now_s=1e9 + 100)
    early = run.look([CUP])
    run.keeper.set_map([TABLE], "home")
    known = run.known()
    assert len(known) == 2
    # Under the id that it has had since then; the one of a moment ago goes.
    (cup,) = set(known) - {name for name, item in before.items() if item.label == "ball"}
    assert (
        cup in before
        and cup not in early
        and known[cup].visible
        and known[cup].first_seen_s == 1e9 + 1
    )
    assert {item.color for item in known.values()} == {item.color for item in before.values()}
    run.keeper.close()


def test_stamps_of_a_clock_that_was_wrong_do_not_lie_in_the_future(path):
    seen_and_ended(path)
    run = Run(path, now_s=5e8)
    run.keeper.set_map([TABLE], "home")
    assert {item.last_seen_s for item in run.known().values()} == {5e8}
    assert run.keeper.known().stamp_s == 5e8
    run.keeper.close()


def test_what_the_hand_held_is_put_down_unless_it_is_still_held(path):
    for still in (True, False):
        run = Run(path)
        run.keeper.set_map([TABLE], "home")
        run.look([CUP])
        (cup,) = [name for name, item in run.known().items() if item.label == "cup"]
        run.keeper.hold(cup)
        run.look([], camera=AWAY)
        run.keeper.close()
        run = Run(path)
        if still:
            run.keeper.hold(cup)
        run.keeper.set_map([TABLE], "home")
        item = run.known()[cup]
        assert (item.held, item.visible) == (still, False)
        assert item.place == ("" if still else "table")
        run.keeper.hold("")
        run.keeper.close()


def test_a_store_that_does_not_work_changes_nothing_else(tmp_path):
    (tmp_path / "file").write_text("in the way")
    run = Run(tmp_path / "file" / "scene.sqlite")
    run.keeper.set_map([TABLE], "home")
    (item,) = run.look([CUP]).values()
    assert math.dist(item.position, CUP.position) < 0.015
    run.keeper.close()


@pytest.mark.parametrize(
    "change",
    [
        {"position": (1.35, 0.0, 0.7)}, {"position": (1.3, 0.0, 0.8)}, {"size": (0.7, 1.3)}, {"yaw": 0.2},
        {"name": "desk"}, {"kind": PlaceKind.CONTAINER},
    ],
    ids=str,
)  # fmt: skip
def test_places_tell_maps_apart(change):
    assert map_key("", [replace(TABLE, **change), SHELF]) != map_key("", [TABLE, SHELF])


def test_the_order_of_places_and_rounding_tell_no_maps_apart():
    close = replace(TABLE, position=(1.3 + 1e-5, -1e-9, 0.7))
    assert map_key("", [SHELF, close]) == map_key("", [TABLE, SHELF]) != ""
    assert map_key("", []) == ""
    assert map_key("a", []) != map_key("b", [])


def test_a_map_does_not_lose_all_its_places_at_once(path):
    run = Run(path)
    run.keeper.set_map([TABLE], "home")
    known = run.look([CUP, BALL])
    run.keeper.set_map([], "home")
    run.keeper.set_map([])
    assert run.keeper.places == (TABLE,) and run.known() == known
    assert "empty" in run.told[-1]
    run.keeper.set_map([], "a hall without furniture")
    assert run.keeper.places == () and run.known() == {}


def gray(frame):
    return replace(frame, rgb=np.repeat(frame.rgb[:, :, :1], 3, axis=2), colored=False)


def looked_at_in_gray(things=(CUP, BALL)) -> Run:
    run = Run(None)
    run.keeper.set_map([TABLE])
    frame = gray(frame_of(list(things), stamp_s=run.now_s))
    run.keeper.saw(look(frame, DETECTOR, run.keeper.places, CONFIG), frame, None)
    return run


@pytest.mark.parametrize(
    "ref",
    [
        ObjectRef(label="cup", attributes=("red",)),
        ObjectRef(attributes=("gray",)),
        ObjectRef(label="ball", relation="right_of", reference=("red cup",)),
    ],
)
def test_that_nothing_is_red_is_not_said_after_a_gray_picture(ref):
    run = looked_at_in_gray()
    assert run.keeper.answer(ref)[1] == []
    doubt = run.keeper.color_doubt(ref)
    assert doubt.code is Code.BAD_IMAGE and "can't tell colours" in doubt.message


@pytest.mark.parametrize(
    "ref",
    [
        ObjectRef(label="cup"),
        ObjectRef(label="banana", attributes=("red",)),
        ObjectRef(label="cup", attributes=("heavy",)),
        ObjectRef(label="cup", attributes=("red",), place="shelf"),
    ],
)
def test_what_is_not_about_colors_is_answered_after_a_gray_picture(ref):
    assert looked_at_in_gray().keeper.color_doubt(ref).ok


def test_a_color_that_was_seen_before_is_still_known_in_a_gray_picture():
    run = Run(None)
    run.keeper.set_map([TABLE])
    run.look([CUP, BALL])
    frame = gray(frame_of([CUP, BALL], stamp_s=run.now_s + 1.0))
    run.keeper.saw(look(frame, DETECTOR, run.keeper.places, CONFIG), frame, None)
    ref = ObjectRef(label="cup", attributes=("red",))
    assert len(run.keeper.answer(ref)[1]) == 1 and run.keeper.color_doubt(ref).ok
    assert run.keeper.color_doubt(ObjectRef(attributes=("blue",))).ok
