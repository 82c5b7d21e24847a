# SPDX-License-Identifier: Apache-2.0
"""Worlds: what every seed guarantees, and what a world file may not say."""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from vla_sim.simulation import Simulation
from vla_sim.world.ground_truth import place_of
from vla_sim.world.shapes import lathe, object_shape
from vla_sim.world.world_generator import (
    GRASPABLE_KINDS,
    MAX_OBJECTS,
    MIN_OBJECTS,
    OBJECT_GAP_M,
    generate_world,
)
from vla_sim.world.world_spec import WorldError, load_world, save_world, world_from_dict

SEEDS = range(60)


def test_same_seed_same_world() -> None:
    assert generate_world(7) == generate_world(7)
    assert generate_world(7) != generate_world(8)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_world_can_be_worked_in(seed: int) -> None:
    world = generate_world(seed)
    assert {p.name for p in world.places} == {"table", "shelf", "side table", "bin", "box"}
    assert MIN_OBJECTS <= len(world.objects) <= MAX_OBJECTS
    at = {o.name: place_of(world, (o.x_m, o.y_m, o.z_m), 0.0) for o in world.objects}
    assert any(
        o.color == "red" and o.kind in GRASPABLE_KINDS and at[o.name] == "table"
        for o in world.objects
    )
    assert set(at.values()) == {"table", "shelf", "side table"}
    for i, a in enumerate(world.objects):
        extent = object_shape(a.kind, a.size).extent_m
        place = world.place(at[a.name])
        x, y = place.to_local(a.x_m, a.y_m)
        assert abs(x) + extent < place.size_x_m / 2
        assert abs(y) + extent < place.size_y_m / 2
        # From 0.36 m in front of the free edge everything is within 0.85 m.
        assert y + place.size_y_m / 2 + 0.36 <= 0.85
        for b in world.objects[i + 1 :]:
            gap = math.dist((a.x_m, a.y_m), (b.x_m, b.y_m)) - extent
            assert gap - object_shape(b.kind, b.size).extent_m >= OBJECT_GAP_M - 1e-9


@pytest.mark.parametrize("seed", range(12))
def test_robot_can_drive_to_the_free_side_of_everything(seed: int) -> None:
    simulation = Simulation(generate_world(seed))
    world = simulation.world
    start = (world.start.x_m, world.start.y_m)
    for place in world.places:
        spot = place.to_map(0.0, -place.size_y_m / 2 - 0.36)
        assert len(simulation.navigator._planner.plan(start, spot)) >= 2


@pytest.mark.parametrize("seed", range(6))
def test_objects_stand_still_at_the_start(seed: int) -> None:
    simulation = Simulation(generate_world(seed))
    before = {t.spec.name: t.position for t in simulation.objects()}
    simulation.run(3.0)
    for truth in simulation.objects():
        assert math.dist(before[truth.spec.name], truth.position) < 0.003
        assert math.dist(truth.position, (truth.spec.x_m, truth.spec.y_m, truth.spec.z_m)) < 0.01


def test_world_file_round_trip(tmp_path: Path) -> None:
    world = generate_world(3)
    save_world(world, tmp_path / "world.yaml")
    assert load_world(tmp_path / "world.yaml") == world


def test_the_example_world_file_can_be_run() -> None:
    world = load_world(Path(__file__).parents[1] / "worlds" / "two_cups.yaml")
    simulation = Simulation(world)
    simulation.run(1.0)
    at = {t.spec.name: t.place for t in simulation.objects()}
    assert at == {"red_cup": "table", "blue_cup": "table", "green_block": "side table"}


def _raw() -> dict:
    raw = asdict(generate_world(1))
    raw["places"], raw["objects"] = list(raw["places"]), list(raw["objects"])
    return raw


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda r: r.update(color="red"), "unknown key 'color'"),
        (lambda r: r.pop("room_x_m"), "room_x_m is missing"),
        (lambda r: r.update(room_y_m=float("nan")), "room_y_m is missing or not a finite"),
        (lambda r: r.update(start=None), "start is missing"),
        (lambda r: r["places"][0].update(kind="sofa"), "kind 'sofa'"),
        (lambda r: r["places"][1].update(name="table"), "used twice"),
        (lambda r: r["objects"][0].update(color="pink"), "colour 'pink'"),
        (lambda r: r["objects"][0].update(size="huge"), "size 'huge'"),
        (lambda r: r["objects"][0].update(x_m=9.0), "outside the room"),
        (lambda r: r["objects"][0].update(x_m="here"), "x_m is missing or not"),
        (lambda r: r["objects"][0].update(name='a"><body'), "letters, digits"),
        (lambda r: r["objects"][0].update(weight=1.0), "unknown key 'weight'"),
        (lambda r: r.update(seed="secret"), "seed is not a whole number"),
        (lambda r: r.update(seed=10**40), "seed is not a whole number"),
        (lambda r: r.update(places=7), "places is not a list"),
        (lambda r: r.update(objects={"a": 1}), "objects is not a list"),
    ],
)
def test_wrong_world_files_are_refused(change, says: str) -> None:  # type: ignore[no-untyped-def]
    raw = _raw()
    change(raw)
    with pytest.raises(WorldError, match=says):
        world_from_dict(raw)


@pytest.mark.parametrize("text", ["[1, 2]", "a: [", "", "&a [*a]", "a: 2026-13-45", "[" * 3000])
def test_unreadable_world_files_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "world.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(WorldError):
        load_world(path)


def test_missing_world_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WorldError, match=r"none\.yaml"):
        load_world(tmp_path / "none.yaml")


@pytest.mark.parametrize("container", ["bin", "box"])
def test_containers_hold_what_falls_into_them(container: str) -> None:
    world = generate_world(2)
    place = world.place(container)
    ball = replace(
        world.objects[0], name="dropped", kind="ball", size="large",
        x_m=place.x_m, y_m=place.y_m, z_m=place.height_m + 0.05,
    )  # fmt: skip
    simulation = Simulation(replace(world, objects=(*world.objects[1:], ball)))
    simulation.run(2.0)
    truth = simulation.objects()[-1]
    assert truth.place == container
    assert truth.position[2] < place.height_m


def test_bowl_and_cup_hold_a_ball() -> None:
    world = generate_world(2)
    table = world.place("table")
    bowl = replace(world.objects[0], name="vessel", kind="bowl", size="large", x_m=table.x_m, y_m=table.y_m,
                   z_m=table.height_m + 0.032)  # fmt: skip
    ball = replace(bowl, name="inside", kind="ball", size="small", z_m=table.height_m + 0.12)
    simulation = Simulation(replace(world, objects=(bowl, ball)))
    simulation.run(2.0)
    inside = simulation.objects()[1].position
    vessel = simulation.objects()[0].position
    assert math.dist(inside[:2], vessel[:2]) < 0.04
    assert inside[2] < table.height_m + 0.06


def test_lathe_makes_closed_outward_facing_surfaces() -> None:
    vertices, faces = lathe([(1e-4, -0.5), (1.0, -0.5), (1.0, 0.5), (1e-4, 0.5)])
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    volume = float((a * __import__("numpy").cross(b, c)).sum() / 6)
    assert volume == pytest.approx(math.pi, rel=0.02)
