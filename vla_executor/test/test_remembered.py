# SPDX-License-Identifier: Apache-2.0
"""What perception only remembers, from before a restart for example, is looked at before anything is done with it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from vla_common.contracts.cancellation import CancelToken
from vla_common.contracts.outcomes import Code
from vla_common.contracts.scene import SceneObject
from vla_common.contracts.skills import ObjectRef
from vla_executor.robot.fake_robot import FakeRobot
from vla_executor.robot.robot import View
from vla_testing.executor.bench import BIN, CORNER, TABLE, Bench, thing

LONG_AGO_S = 5.0


@dataclass
class Forgetful(FakeRobot):
    """Perception goes on showing things that were taken away long ago."""

    remembered: list[SceneObject] = field(default_factory=list)

    def query_scene(
        self, ref: ObjectRef, fresh: bool, token: CancelToken, timeout_s: float
    ) -> View:
        view = super().query_scene(ref, fresh, token, timeout_s)
        old = [replace(o, visible=False, last_seen_s=LONG_AGO_S) for o in self.remembered]
        known = (*old, *view.scene.objects)
        found = tuple(self.find(ref, known, self.map_places, self.pose.xy))
        return replace(view, scene=replace(view.scene, objects=known), objects=found)


def bench_with(there: list[SceneObject], remembered: list[SceneObject]) -> Bench:
    return Bench(Forgetful(there, [TABLE, BIN, CORNER], remembered=remembered, time_s=1000.0))


CUP = thing("cup", 1.85, 0.3)
BALL = thing("ball", 1.80, -0.2, label="ball", color="green")
PLATE = thing("plate", 1.85, 0.2, label="bowl", color="white", size=(0.16, 0.16, 0.05))


def manipulations(bench: Bench) -> list[Any]:
    return [call for call in bench.robot.calls if call.name == "manipulate"]


def test_what_is_only_remembered_is_not_grasped() -> None:
    bench = bench_with([BALL], [CUP])
    code = bench.code(("pick", {"object": {"label": "cup"}}))
    assert code is Code.OBJECT_NOT_FOUND and manipulations(bench) == []
    looks = [call for call in bench.robot.calls if call.name == "query_scene" and call.detail[1]]
    assert looks, "it has looked"


def test_what_is_remembered_elsewhere_is_grasped_where_it_is_seen() -> None:
    old = replace(CUP, position=(1.85, -0.4, 0.76))
    bench = bench_with([CUP, BALL], [replace(old, id="cup_before")])
    assert bench.code(("pick", {"object": {"label": "cup"}})) is Code.OK
    operation, target = manipulations(bench)[0].detail
    assert target.position == pytest.approx(CUP.position), operation


@pytest.mark.parametrize("relation", ["in", "on", "next_to"])
def test_nothing_is_put_down_at_what_is_only_remembered(relation: str) -> None:
    bench = bench_with([CUP], [PLATE])
    target = {"relation": relation, "target_object": {"label": "bowl"}}
    code = bench.code(("pick", {"object": {"label": "cup"}}), ("place", target))
    assert code is Code.OBJECT_NOT_FOUND
    operations = [call.detail[0].name for call in manipulations(bench)]
    assert "PLACE" not in operations and "RELEASE" not in operations
