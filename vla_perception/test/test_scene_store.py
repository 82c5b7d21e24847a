# SPDX-License-Identifier: Apache-2.0
"""The scene memory on disk: restarts, kills, damage, full disks, two owners, other people's files."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from vla_perception.memory import scene_store
from vla_perception.memory.known_object import Remembered
from vla_perception.memory.scene_memory import Snapshot
from vla_perception.memory.scene_store import MAX_MAPS, SPARE_NUMBERS, SceneStore, memory_path

HOME = "id home"


def remembered(number: int = 1, **changes) -> Remembered:
    values = {
        "id": f"object_{number}", "position": (1.2, 0.1, 0.745), "covariance": tuple(float(i) for i in range(36)),
        "yaw": 0.5, "size": (0.08, 0.07, 0.09), "place": "table", "first_seen_s": 1000.25, "last_seen_s": 2000.5,
        "score": 0.9, "labels": (("cup", 2.0), ("bowl", 0.1)), "colors": (("red", 1.5),), "whole": True,
        "yaw_known": True, "held": False,
    }  # fmt: skip
    return Remembered(**{**values, **changes})


def snapshot(*objects: Remembered, next_number: int = 7) -> Snapshot:
    return Snapshot(objects, next_number, 2000.5)


class Told(list):
    """What a person was told; `come` waits for the first sentence."""

    def __init__(self) -> None:
        super().__init__()
        self._changed = threading.Condition()

    def __call__(self, text: str) -> None:
        with self._changed:
            self.append(text)
            self._changed.notify_all()

    def come(self, count: int = 1) -> str:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self) >= count, 30.0), list(self)
        return self[count - 1]


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "vla" / "scene.sqlite"


def written(path: Path, told: Told, *saves: tuple[str, Snapshot]) -> None:
    """Each saved by a run of its own."""
    for map_id, what in saves:
        store = SceneStore(path, told)
        store.save(map_id, what)
        store.close()


def test_what_is_saved_comes_back_exactly(path, told):
    what = snapshot(remembered(1), remembered(6, held=True, place="", colors=(), whole=False))
    written(path, told, (HOME, what))
    store = SceneStore(path, told)
    kept = store.load(HOME)
    assert sorted(kept.objects, key=lambda o: o.id) == list(what.objects)
    assert (kept.next_number, kept.stamp_s) == (7, 2000.5)
    assert store.working and told == []
    store.close()


def test_each_map_has_its_own_memory_and_numbers_are_never_used_twice(path, told):
    written(path, told, (HOME, snapshot(remembered(1))), ("id work", snapshot(next_number=12)))
    store = SceneStore(path, told)
    assert [o.id for o in store.load(HOME).objects] == ["object_1"]
    assert store.load("id work").objects == () and store.load("id moon") == Snapshot(next_number=12)
    assert store.first_number == 12
    store.close()


def test_a_kill_before_anything_was_written_uses_no_number_twice(path, told):
    first = SceneStore(path, told)
    assert first._connection is not None
    first._connection.close()  # as the kernel does
    second = SceneStore(path, told)
    assert second.first_number == first.first_number + SPARE_NUMBERS
    second.close()


def test_what_is_no_more_known_is_no_more_kept(path, told):
    written(
        path, told, (HOME, snapshot(remembered(1), remembered(2))), (HOME, snapshot(remembered(2)))
    )
    store = SceneStore(path, told)
    assert [o.id for o in store.load(HOME).objects] == ["object_2"]
    store.close()


def test_maps_that_were_not_used_for_long_go(path, told):
    times = iter(range(100))
    for number in range(MAX_MAPS + 2):
        store = SceneStore(path, told, lambda: float(next(times)))
        store.save(f"id {number}", snapshot(remembered(number)))
        store.close()
    store = SceneStore(path, told)
    kept = [number for number in range(MAX_MAPS + 2) if store.load(f"id {number}").objects]
    assert kept == list(range(2, MAX_MAPS + 2))
    store.close()


KILLED = """
import os, signal, sys, time
from pathlib import Path
sys.path.insert(0, {here!r})
from test_scene_store import HOME, remembered, snapshot
from vla_perception.memory import scene_store
scene_store.WRITE_PERIOD_S = 0.0
store = scene_store.SceneStore(Path({path!r}), print)
print("number", store.first_number, flush=True)
for n in range(10**9):
    store.save(HOME, snapshot(*(remembered(i, last_seen_s=float(n)) for i in range(20)), next_number=7 + n % 5))
    if store._written and n % 100 == 0:
        print("writing", flush=True)
"""


def test_a_kill_in_the_middle_of_writing_loses_no_object_and_no_number(path, told):
    code = KILLED.format(here=str(Path(__file__).parent), path=str(path))
    numbers = []
    for _ in range(3):
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        numbers.append(int(process.stdout.readline().split()[1]))
        assert process.stdout.readline() == "writing\n"
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
    store = SceneStore(path, told)
    objects = store.load(HOME).objects
    assert len(objects) == 20 and len({o.last_seen_s for o in objects}) == 1, "one whole snapshot"
    assert numbers == sorted(set(numbers)) and store.first_number >= numbers[-1] + SPARE_NUMBERS
    assert told == []
    store.close()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: b"this is no database at all, " * 200,
        lambda data: data[:5000],
        lambda data: data[:100] + bytes(len(data) - 100),
        lambda data: data[: len(data) // 2] + b"\xff" * (len(data) - len(data) // 2),
    ],
    ids=["text", "cut off", "zeros", "second half"],
)
def test_a_damaged_file_is_set_aside_and_the_memory_is_empty(path, told, spoil):
    written(path, told, (HOME, snapshot(*(remembered(i) for i in range(50)))))
    damaged = spoil(path.read_bytes())
    path.write_bytes(damaged)
    store = SceneStore(path, told)
    assert store.load(HOME).objects == () and store.working
    assert "damaged" in told[0] and "scene.damaged-1.sqlite" in told[0] and len(told) == 1
    assert (path.parent / "scene.damaged-1.sqlite").read_bytes() == damaged, "nothing is deleted"
    store.save(HOME, snapshot(remembered(3)))
    store.close()
    again = SceneStore(path, told)
    assert [o.id for o in again.load(HOME).objects] == ["object_3"] and len(told) == 1
    again.close()


@pytest.mark.parametrize(
    ("application", "schema", "words"),
    [(0x1234, 1, "another program"), (scene_store.APPLICATION_ID, 99, "newer version")],
)
def test_a_file_of_somebody_else_is_left_alone(path, told, application, schema, words):
    path.parent.mkdir(parents=True)
    other = sqlite3.connect(path)
    other.executescript(
        f"CREATE TABLE t (x); PRAGMA application_id={application}; PRAGMA user_version={schema};"
    )
    other.close()
    before = path.read_bytes()
    store = SceneStore(path, told)
    assert words in told[0] and not store.working
    assert store.load(HOME) == Snapshot()
    store.save(HOME, snapshot(remembered(1)))
    store.close()
    assert path.read_bytes() == before and len(list(path.parent.iterdir())) == 1


def test_a_second_owner_is_told_and_spoils_nothing(path, told, monkeypatch):
    monkeypatch.setattr(scene_store, "BUSY_TIMEOUT_S", 0.05)
    first = SceneStore(path, told)
    second = SceneStore(path, told)
    assert "can't be used" in told[0] and "locked" in told[0] and not second.working
    second.save(HOME, snapshot(remembered(2)))
    second.close()
    first.save(HOME, snapshot(remembered(1)))
    first.close()
    store = SceneStore(path, told)
    assert [o.id for o in store.load(HOME).objects] == ["object_1"]
    store.close()


def test_a_folder_that_cannot_be_made_is_no_reason_to_stop(tmp_path, told):
    (tmp_path / "file").write_text("in the way")
    store = SceneStore(tmp_path / "file" / "scene.sqlite", told)
    assert "can't be used" in told[0] and store.load(HOME) == Snapshot()
    store.save(HOME, snapshot(remembered(1)))
    store.close()


def test_a_full_disk_is_told_once_and_the_rest_is_written_when_there_is_room(
    path, told, monkeypatch
):
    monkeypatch.setattr(scene_store, "WRITE_PERIOD_S", 0.0)
    monkeypatch.setattr(scene_store, "RETRY_S", 0.0)
    store = SceneStore(path, told)
    assert store._connection is not None
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count={pages}")
    many = [remembered(i) for i in range(200)]
    store.save(HOME, snapshot(*many))
    assert "full" in told.come()
    assert not store.working
    store.save(HOME, snapshot(*many[:150]))
    store._connection.execute("PRAGMA max_page_count=100000")
    store.save(HOME, snapshot(*many[:100]))
    assert "written again" in told.come(2)
    store.close()
    assert len(told) == 2
    again = SceneStore(path, told)
    assert len(again.load(HOME).objects) == 100
    again.close()


def test_saving_never_waits_and_only_the_newest_is_written(path, told, monkeypatch):
    monkeypatch.setattr(scene_store, "WRITE_PERIOD_S", 0.0)
    store = SceneStore(path, told)
    writes = []
    original = store._write
    monkeypatch.setattr(
        store, "_write", lambda m, s, last: (writes.append(s), original(m, s, last))
    )
    with store._io:  # the disk does not answer
        for number in range(1000):
            store.save(HOME, snapshot(remembered(number)))
    store.close()
    assert len(writes) <= 3 and writes[-1].objects[0].id == "object_999"
    again = SceneStore(path, told)
    assert [o.id for o in again.load(HOME).objects] == ["object_999"]
    again.close()


@pytest.mark.parametrize(
    "change",
    [
        {"position": [1.0, 2.0]}, {"position": [1.0, 2.0, None]}, {"covariance": []}, {"labels": []},
        {"labels": [["cup", "many"]]}, {"id": "cup"}, {"size": "large"}, {"last_seen_s": None}, {"yaw": 1e400},
    ],
    ids=str,
)  # fmt: skip
def test_entries_that_make_no_sense_are_left_out(path, told, change):
    written(path, told, (HOME, snapshot(remembered(1), remembered(2))))
    file = sqlite3.connect(path)
    (body,) = file.execute("SELECT body FROM objects WHERE id = 'object_1'").fetchone()
    file.execute(
        "UPDATE objects SET body = ? WHERE id = 'object_1'",
        (json.dumps({**json.loads(body), **change}),),
    )
    file.commit()
    file.close()
    store = SceneStore(path, told)
    assert [o.id for o in store.load(HOME).objects] == ["object_2"]
    assert "1 of 2 objects" in told[0]
    store.close()


def test_what_is_not_finite_is_never_written(path, told):
    bad = remembered(1, position=(float("nan"), 0.0, 0.0))
    written(path, told, (HOME, snapshot(bad, remembered(2))))
    store = SceneStore(path, told)
    assert [o.id for o in store.load(HOME).objects] == ["object_2"] and told == []
    store.close()


@pytest.mark.parametrize(
    ("file", "namespace", "environment", "wanted"),
    [
        ("", "/vla", {"ROS_HOME": "/r"}, "/r/vla/vla/scene.sqlite"),
        ("", "/", {"HOME": "/h"}, "/h/.ros/vla/scene.sqlite"),
        ("", "/a/../b/", {"ROS_HOME": "", "HOME": "/h"}, "/h/.ros/vla/a/b/scene.sqlite"),
        ("/data/memory.db", "/vla", {}, "/data/memory.db"),
    ],
)
def test_where_the_file_is(file, namespace, environment, wanted):
    assert memory_path(file, namespace, environment) == Path(wanted)


@pytest.mark.parametrize(
    "body",
    [
        "[" * 15_000, "9" * 5000, "null", "[]", '{"id": "object_1"}', "x" * 10**6, b"\x00\xff",
        json.dumps({**scene_store.asdict(remembered(1)), "size": [0.1, -5.0, 0.1]}),
        json.dumps({**scene_store.asdict(remembered(1)), "position": [1e300, 0.0, 0.0]}),
        json.dumps({**scene_store.asdict(remembered(1)), "yaw": 10**400}),
        json.dumps({**scene_store.asdict(remembered(1)), "id": "object_" + "9" * 5000}),
        json.dumps({**scene_store.asdict(remembered(1)), "labels": [["cup", 1e308], ["bowl", 1e308]]}),
    ],
)  # fmt: skip
def test_an_entry_that_makes_no_sense_is_left_out_and_the_others_are_kept(path, told, body):
    written(path, told, (HOME, snapshot(remembered(1), remembered(2))))
    with sqlite3.connect(path) as now:
        now.execute("UPDATE objects SET body = ? WHERE id = 'object_1'", (body,))
    now.close()
    store = SceneStore(path, told)
    assert [one.id for one in store.load(HOME).objects] == ["object_2"]
    assert "1 of 2" in told[-1]
    store.close()


@pytest.mark.parametrize("number", [2**63 - 1, -5, "many", 1.5e300])
def test_a_next_number_that_is_none_is_damage(path, told, number):
    written(path, told, (HOME, snapshot(remembered(1))))
    with sqlite3.connect(path) as now:
        now.execute("UPDATE numbers SET next = ?", (number,))
    now.close()
    store = SceneStore(path, told)
    assert store.working and store.first_number == 1 and "damaged" in told[-1]
    store.save(HOME, snapshot(remembered(1)))
    store.close()
    assert len(SceneStore(path, told).load(HOME).objects) == 1


def test_what_can_not_be_is_not_written_and_keeps_nothing_else_from_it(path, told):
    bad = remembered(2, position=(1e300, 0.0, 0.0))
    written(
        path,
        told,
        (HOME, snapshot(remembered(1), bad, remembered(3, labels=()), next_number=10**30)),
    )
    store = SceneStore(path, told)
    assert [one.id for one in store.load(HOME).objects] == ["object_1"]
    store.close()
