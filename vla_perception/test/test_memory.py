# SPDX-License-Identifier: Apache-2.0
"""What is remembered over several looks: ids, merging, forgetting, and what the hand holds."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from vla_common.contracts.scene import Place, PlaceKind
from vla_perception.config import VisionConfig
from vla_perception.detect.backends import make_detector
from vla_perception.memory.scene_memory import SceneMemory, Snapshot
from vla_perception.pipeline import look
from vla_testing.perception.synthetic import (
    TABLE,
    Solid,
    camera_at,
    frame_of,
    on_table,
    standard_things,
)

CONFIG = VisionConfig(backend="colour")
DETECTOR = make_detector(CONFIG)
CUP = (0.075, 0.075, 0.09)
BALL = (0.066, 0.066, 0.066)


class Watcher:
    """Looks and remembers; the clock is counted in looks."""

    def __init__(self, **kwargs: int) -> None:
        self.memory = SceneMemory(**kwargs)
        self.count = 0

    def look(self, things, **kwargs):
        self.count += 1
        frame = frame_of(things, stamp_s=float(self.count), seed=self.count, **kwargs)
        self.memory.update(look(frame, DETECTOR, (TABLE,), CONFIG), frame)
        return self.objects()

    def objects(self):
        return {item.id: item for item in self.memory.objects()}

    def only(self):
        (item,) = self.memory.objects()
        return item


def test_ids_stay_while_the_robot_moves():
    watcher = Watcher()
    things = standard_things()
    ids = set(watcher.look(things))
    assert len(ids) == len(things)
    for y in (-0.4, 0.0, 0.4):
        seen = watcher.look(things, camera=camera_at(-0.05, y, 1.3, (1.2, 0.0, 0.7)))
        assert set(seen) == ids
        assert all(item.visible for item in seen.values())


def test_several_looks_are_merged_into_a_better_position():
    watcher = Watcher()
    cup = on_table("cup", "red", 1.2, 0.1, CUP)
    for _ in range(6):
        watcher.look([cup], noise_m=0.003)
    item = watcher.only()
    assert math.dist(item.position, cup.position) < 0.008
    assert (item.label, item.color, item.place, item.last_seen_s) == ("cup", "red", "table", 6.0)


def test_what_is_out_of_view_is_kept_but_not_visible():
    watcher = Watcher()
    cup = on_table("cup", "red", 1.2, 0.1, CUP)
    watcher.look([cup])
    for _ in range(5):
        watcher.look([cup], camera=camera_at(-0.05, 0.0, 1.3, (0.5, -2.0, 0.7)))
    item = watcher.only()
    assert not item.visible and item.last_seen_s == 1.0


def test_what_was_taken_away_is_forgotten_after_enough_looks():
    watcher = Watcher(misses=3)
    watcher.look([on_table("cup", "red", 1.2, 0.1, CUP)])
    assert len(watcher.look([])) == 1
    assert len(watcher.look([])) == 1
    assert watcher.look([]) == {}


def test_one_impatient_look_is_enough_to_forget():
    watcher = Watcher()
    watcher.look([on_table("cup", "red", 1.2, 0.1, CUP)])
    frame = frame_of([], stamp_s=2.0)
    watcher.memory.update([], frame, patient=False)
    assert watcher.objects() == {}


def test_what_something_nearer_hides_is_not_forgotten():
    watcher = Watcher()
    ball = on_table("ball", "yellow", 1.45, 0.0, (0.054, 0.054, 0.054))
    first = watcher.look([ball])
    wall = on_table("box", "blue", 1.15, 0.0, (0.05, 0.30, 0.25))
    for _ in range(5):
        known = watcher.look([ball, wall])
    assert set(first) <= set(known)
    assert not known[next(iter(first))].visible


def test_a_thing_that_was_moved_keeps_its_id():
    watcher = Watcher()
    (identifier,) = watcher.look([on_table("cup", "red", 1.15, 0.3, CUP)])
    moved = on_table("cup", "red", 1.3, -0.2, CUP)
    known = watcher.look([moved])
    assert list(known) == [identifier]
    assert math.dist(known[identifier].position, moved.position) < 0.02


def test_two_of_a_kind_stay_two():
    watcher = Watcher()
    pair = [on_table("ball", "yellow", 1.2, y, BALL) for y in (-0.06, 0.06)]
    ids = set(watcher.look(pair))
    assert len(ids) == 2
    for _ in range(3):
        assert set(watcher.look(pair)) == ids


def test_what_the_hand_holds_is_at_no_place_and_not_forgotten():
    watcher = Watcher(misses=1)
    (identifier,) = watcher.look([on_table("cup", "red", 1.2, 0.1, CUP)])
    watcher.memory.hold(identifier, (0.5, 0.0, 0.9))
    for _ in range(3):
        watcher.look([])
        watcher.memory.hold(identifier, (0.6, 0.0, 0.9))
    item = watcher.only()
    assert (item.id, item.held, item.place) == (identifier, True, "")
    assert item.position == (0.6, 0.0, 0.9)


def test_what_was_forgotten_before_the_grasp_was_reported_comes_back_in_the_hand():
    watcher = Watcher(misses=1)
    (identifier,) = watcher.look([on_table("cup", "red", 1.2, 0.1, CUP)])
    assert watcher.look([]) == {}
    watcher.memory.hold(identifier, (0.5, 0.0, 0.9))
    item = watcher.only()
    assert (item.id, item.held, item.label, item.color) == (identifier, True, "cup", "red")


def test_what_the_hand_lets_go_has_the_same_id_where_it_is_seen_again():
    watcher = Watcher()
    (identifier,) = watcher.look([on_table("cup", "red", 1.2, 0.1, CUP)])
    watcher.memory.hold(identifier, (0.6, 0.0, 0.9))
    watcher.look([])
    watcher.memory.hold("")
    put = on_table("cup", "red", 1.3, -0.4, CUP)
    known = watcher.look([put])
    assert list(known) == [identifier]
    assert (known[identifier].held, known[identifier].place, known[identifier].visible) == (
        False,
        "table",
        True,
    )


def test_what_was_let_go_over_a_bin_is_taken_to_be_in_it_until_it_is_seen():
    watcher = Watcher()
    (identifier,) = watcher.look([on_table("cup", "red", 1.2, 0.1, CUP)])
    bin_ = Place("bin", PlaceKind.CONTAINER, (0.0, -2.0, 0.3), 0.0, (0.3, 0.3))
    watcher.memory.hold(identifier, (0.0, -2.0, 0.4), (TABLE, bin_))
    watcher.memory.hold("", None, (TABLE, bin_))
    item = watcher.only()
    assert (item.place, item.visible, item.held) == ("bin", False, False)
    assert item.position[2] < 0.1, "at the bottom, where the hand's height says nothing"


def test_what_is_seen_where_it_was_put_before_the_release_is_reported_keeps_its_id():
    watcher = Watcher()
    (identifier,) = watcher.look([on_table("cup", "red", 1.2, 0.1, CUP)])
    watcher.memory.hold(identifier, (0.6, 0.0, 0.9))
    put = on_table("cup", "red", 1.3, -0.4, CUP)
    assert len(watcher.look([put])) == 2
    watcher.memory.hold("")
    item = watcher.only()
    assert (item.id, item.held, item.place) == (identifier, False, "table")
    assert math.dist(item.position, put.position) < 0.02


def test_a_glimpse_of_something_unknown_is_not_remembered():
    watcher = Watcher()
    frame = frame_of([on_table("cup", "red", 1.2, 0.1, CUP)])
    (sighting,) = look(frame, DETECTOR, (TABLE,), CONFIG)
    part = replace(sighting, label_score=0.2, detection=replace(sighting.detection, truncated=True))
    watcher.memory.update([part], frame)
    assert watcher.objects() == {}


def test_size_words_come_from_comparison():
    watcher = Watcher()
    small = on_table("ball", "yellow", 1.15, 0.2, (0.054, 0.054, 0.054))
    large = on_table("ball", "red", 1.15, -0.2, (0.08, 0.08, 0.08))
    watcher.look([small])
    assert watcher.only().attributes == ()
    watcher.look([small, large])
    words = {item.color: item.attributes for item in watcher.memory.objects()}
    assert words == {"yellow": ("small",), "red": ("large",)}


def test_a_partial_look_does_not_spoil_the_position():
    watcher = Watcher()
    ball = on_table("ball", "yellow", 1.35, 0.05, BALL)
    watcher.look([ball])
    before = watcher.only().position
    blocker = on_table("box", "blue", 1.15, 0.0, (0.06, 0.09, 0.11))
    for _ in range(4):
        watcher.look([ball, blocker])
    yellow = next(item for item in watcher.memory.objects() if item.color == "yellow")
    assert math.dist(yellow.position, before) < 0.003
    assert yellow.visible


@pytest.mark.parametrize(("partly_hidden", "most_m"), [(True, 1e-9), (False, 0.021)])
def test_sightings_a_little_off_are_averaged_and_partial_ones_do_not_count(partly_hidden, most_m):
    watcher = Watcher()
    frame = frame_of([on_table("cup", "red", 1.2, 0.1, CUP)])
    (sighting,) = look(frame, DETECTOR, (TABLE,), CONFIG)
    watcher.memory.update([sighting], frame)
    before = watcher.only().position
    x, y, z = before
    off = replace(sighting.location, position=(x + 0.028, y, z))
    seen_so = replace(sighting.detection, truncated=partly_hidden)
    watcher.memory.update([replace(sighting, location=off, detection=seen_so)], frame)
    assert math.dist(watcher.only().position, before) <= most_m


def test_a_jump_is_believed_at_once():
    watcher = Watcher()
    watcher.look([on_table("cup", "red", 1.2, 0.1, CUP)])
    pushed = on_table("cup", "red", 1.2, 0.145, CUP)
    watcher.look([pushed])
    assert math.dist(watcher.only().position, pushed.position) < 0.012


def test_a_new_map_does_not_put_down_what_is_held():
    watcher = Watcher()
    (identifier,) = watcher.look([on_table("cup", "red", 1.2, 0.1, CUP)])
    watcher.memory.hold(identifier)
    watcher.memory.replace_places([TABLE])
    assert watcher.only().place == ""


def test_a_wrong_label_is_outvoted():
    watcher = Watcher()
    cup = on_table("cup", "red", 1.2, 0.1, CUP)
    watcher.look([cup])
    watcher.look([cup])
    frame = frame_of([cup], stamp_s=3.0)
    (sighting,) = look(frame, DETECTOR, (TABLE,), CONFIG)
    watcher.memory.update([replace(sighting, label="block", label_score=0.6)], frame)
    assert watcher.only().label == "cup"


def test_the_oldest_goes_when_there_are_too_many():
    watcher = Watcher(max_objects=2)
    watcher.look([on_table("cup", "red", 1.15, 0.3, CUP)])
    far = {"camera": camera_at(-0.05, -0.4, 1.3, (1.2, -0.5, 0.7))}
    watcher.look(
        [
            on_table("ball", "yellow", 1.15, -0.3, BALL),
            on_table("box", "blue", 1.2, -0.5, (0.05, 0.05, 0.05)),
        ],
        **far,
    )
    assert {item.color for item in watcher.memory.objects()} == {"yellow", "blue"}


def test_a_fragment_of_a_known_thing_is_not_a_second_thing():
    watcher = Watcher()
    bowl = on_table("cup", "orange", 1.25, 0.1, (0.16, 0.16, 0.06))
    frame = frame_of([bowl])
    (whole,) = look(frame, DETECTOR, (TABLE,), CONFIG)
    shifted = tuple(v + d for v, d in zip(whole.position, (0.05, 0.0, 0.0), strict=True))
    fragment = replace(whole, label="block", location=replace(whole.location, position=shifted))
    watcher.memory.update([whole, fragment], frame)
    assert len(watcher.memory.objects()) == 1


def test_places_are_named_anew_when_the_map_changes():
    watcher = Watcher()
    watcher.look([on_table("cup", "red", 1.2, 0.1, CUP)])
    desk = Place("desk", PlaceKind.SURFACE, TABLE.position, 0.0, TABLE.size)
    watcher.memory.replace_places([desk])
    assert watcher.only().place == "desk"


@pytest.mark.parametrize("distance_m", [0.02, 0.045])
def test_small_errors_of_the_map_do_not_make_a_second_object(distance_m):
    watcher = Watcher()
    watcher.look([on_table("cup", "red", 1.2, 0.1, CUP)])
    assert len(watcher.look([on_table("cup", "red", 1.2 + distance_m, 0.1, CUP)])) == 1


def test_forgetting_everything():
    watcher = Watcher()
    watcher.look([Solid("ball", "red", (1.2, 0.0, 0.733), BALL)])
    watcher.memory.forget()
    assert watcher.objects() == {}


BOWL = on_table("cup", "orange", 1.45, 0.1, (0.16, 0.16, 0.06))
FAR = {"camera": camera_at(-1.6, 0.0, 1.3, (1.2, 0.0, 0.7))}


def shifted(sighting, x_m: float, **changes):
    """The sighting with its middle elsewhere, called a block."""
    x, y, z = sighting.position
    location = replace(sighting.location, position=(x + x_m, y, z))
    return replace(sighting, location=location, label="block", **changes)


def bowl_known() -> tuple[Watcher, object]:
    watcher = Watcher()
    frame = frame_of([BOWL])
    (whole,) = look(frame, DETECTOR, (TABLE,), CONFIG)
    watcher.memory.update([whole], frame)
    return watcher, whole


def test_a_part_of_it_seen_from_afar_is_no_second_thing():
    watcher, whole = bowl_known()
    far = frame_of([BOWL], stamp_s=2.0, **FAR)
    ids = watcher.memory.update([shifted(whole, 0.10)], far)
    assert ids == {0: "object_1"} and watcher.only().visible


def test_two_parts_of_it_seen_from_afar_have_its_id():
    watcher, whole = bowl_known()
    far = frame_of([BOWL], stamp_s=2.0, **FAR)
    ids = watcher.memory.update([shifted(whole, -0.05), shifted(whole, 0.09)], far)
    assert ids == {0: "object_1", 1: "object_1"}
    assert math.dist(watcher.only().position, BOWL.position) < 0.06, "of the nearer part"


@pytest.mark.parametrize("other_color", [False, True])
def test_what_is_plainly_beside_it_is_another_thing(other_color):
    watcher, whole = bowl_known()
    frame = frame_of([BOWL], stamp_s=2.0, **(FAR if other_color else {}))
    beside = shifted(whole, 0.10, color="blue" if other_color else whole.color)
    watcher.memory.update([whole, beside], frame)
    assert len(watcher.memory.objects()) == 2


def test_the_older_id_survives_when_two_entries_turn_out_to_be_one_thing():
    _, whole = bowl_known()
    x, y, z = whole.position
    partial = replace(whole.detection, truncated=True)
    start = SceneMemory()
    # Nothing of this picture says that something is gone.
    frame = frame_of([], camera=camera_at(-0.05, 0.0, 1.3, (0.5, -2.0, 0.7)))
    part = replace(
        whole, detection=partial, location=replace(whole.location, position=(x - 0.16, y, z))
    )
    (first,) = start.update([part], frame).values()
    (second,) = start.update([whole], frame).values()
    assert first != second and len(start.objects()) == 2
    # Bit by bit the part turns out to lie where the whole is.
    for step in range(16):
        place = replace(part.location, position=(x - 0.16 + 0.01 * step, y, z))
        ids = start.update([replace(part, location=place), whole], frame)
        if len(start.objects()) == 1:
            break
    assert [item.id for item in start.objects()] == [first]
    assert set(ids.values()) == {first}, "what is published names no id that is gone"


@pytest.mark.parametrize(("camera", "left"), [({}, 0), (FAR, 1)])
def test_what_is_only_a_few_pixels_wide_is_not_said_to_be_gone(camera, left):
    watcher = Watcher()
    watcher.look([on_table("box", "blue", 1.2, 0.1, (0.035, 0.035, 0.05))])
    for _ in range(4):
        watcher.look([], **camera)
    assert len(watcher.objects()) == left


def test_numbers_that_an_earlier_run_has_used_are_not_used_again():
    watcher = Watcher()
    watcher.memory.restore(Snapshot(next_number=50), 1.0)
    assert list(watcher.look([on_table("cup", "red", 1.2, 0.1, CUP)])) == ["object_50"]


NEAR_WALL = {"camera": camera_at(1.6, 1.4, 1.3, (3.0, 1.4, 1.0))}
FAR_WALL = {"camera": camera_at(0.6, 1.4, 1.3, (3.0, 1.4, 1.0))}


@pytest.mark.parametrize(("camera", "left"), [(NEAR_WALL, 0), (FAR_WALL, 1)])
def test_a_piece_of_wall_that_was_taken_for_a_thing_is_found_out_from_near_by(camera, left):
    watcher, whole = bowl_known()
    wall = replace(whole, location=replace(whole.location, position=(2.99, 1.4, 1.0)))
    watcher.memory.forget()
    watcher.memory.update([wall], frame_of([], **camera))
    for _ in range(5):
        assert len(watcher.look([], **camera)) == 1
    for _ in range(3):
        watcher.look([], **camera)
    assert len(watcher.objects()) == left


def test_what_is_seen_as_part_of_another_thing_is_not_forgotten():
    watcher, whole = bowl_known()
    frame = frame_of([BOWL], stamp_s=2.0)
    other = shifted(whole, 0.5, color="blue")
    for _ in range(8):
        watcher.memory.update([other], frame)
    assert {item.color for item in watcher.memory.objects()} == {"orange", "blue"}
