# SPDX-License-Identifier: Apache-2.0
"""The physics thread: requests, pace, pictures, replacement, failure, end."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from vla_common.contracts.outcomes import Code, VlaError
from vla_sim.faults import Faults
from vla_sim.robot.base_control import Pose2D
from vla_sim.robot.manipulation import Operation, Target
from vla_sim.runner import LAG_LIMIT_S, RunnerConfig, SimRunner
from vla_sim.sensors.camera import Picture
from vla_sim.sensors.render_backend import Backend
from vla_sim.simulation import Finished, RobotState, Simulation
from vla_sim.world.world_generator import generate_world

TIMEOUT_S = 30.0


class Recorder:
    """A listener that notes everything and wakes who waits for it."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.states: list[RobotState] = []
        self.camera: list[tuple[RobotState, Picture]] = []
        self.scans: list[tuple[RobotState, Any]] = []
        self.overview: list[Picture] = []
        self.steps: list[Sequence[RobotState]] = []
        self.finished: list[Finished] = []
        self.failures: list[BaseException] = []
        self.threads: set[str] = set()
        self.watching = True

    def _note(self, where: list[Any], what: Any) -> None:
        with self.changed:
            self.threads.add(threading.current_thread().name)
            where.append(what)
            self.changed.notify_all()

    def on_state(self, state: RobotState) -> None:
        self._note(self.states, state)

    def on_camera(self, state: RobotState, picture: Picture) -> None:
        self._note(self.camera, (state, picture))

    def on_scan(self, state: RobotState, ranges: Any) -> None:
        self._note(self.scans, (state, ranges))

    def on_overview(self, state: RobotState, picture: Picture) -> None:
        self._note(self.overview, picture)

    def on_finished(self, finished: Finished) -> None:
        self._note(self.finished, finished)

    def on_failure(self, error: BaseException) -> None:
        self._note(self.failures, error)

    def on_lag(self, lag_s: float) -> None:
        pass

    def wants_camera(self) -> bool:
        return self.watching

    def on_motion(self, states: Sequence[RobotState], began_s: float) -> None:
        self._note(self.steps, states)

    def wants_motion(self) -> bool:
        return True

    def wants_scan(self) -> bool:
        return self.watching

    def wants_overview(self) -> bool:
        return self.watching

    def wait(self, condition: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(condition, TIMEOUT_S)


def make(seed: int = 1) -> Simulation:
    return Simulation(generate_world(seed), Faults(seed=seed))


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def runner(recorder: Recorder, backend: Backend) -> Iterator[SimRunner]:
    runner = SimRunner(make, RunnerConfig(0.0, (64, 48), 10.0, backend), None, recorder)
    runner.start()
    yield runner
    runner.close()


def test_states_and_pictures_come_at_their_rates(runner: SimRunner, recorder: Recorder) -> None:
    recorder.wait(lambda: len(recorder.states) > 150)
    runner.close()
    times = [s.time_s for s in recorder.states[:150]]
    assert times[-1] - times[0] == pytest.approx(149 * 0.02)
    frames = [s.time_s for s, _ in recorder.camera]
    gaps = [b - a for a, b in itertools.pairwise(frames)]
    assert gaps == pytest.approx([0.1] * len(gaps), abs=1e-6)
    assert recorder.camera[0][1].rgb.shape == (48, 64, 3)
    assert recorder.overview
    steps = [s.time_s for batch in recorder.steps for s in batch][:500]
    assert steps[-1] - steps[0] == pytest.approx(499 * 0.004)
    scans = [s.time_s for s, _ in recorder.scans]
    assert [b - a for a, b in itertools.pairwise(scans)] == pytest.approx(
        [0.1] * (len(scans) - 1), abs=1e-6
    )
    assert len(scans) > 20
    assert recorder.threads == {"physics"}


def test_no_picture_without_a_viewer_or_with_a_broken_camera(
    runner: SimRunner, recorder: Recorder
) -> None:
    recorder.wait(lambda: len(recorder.camera) > 0)
    runner.call(lambda sim: sim.faults.set("camera_dropout", 1.0))
    count, states = len(recorder.camera), len(recorder.states)
    recorder.wait(lambda: len(recorder.states) > states + 40)
    assert len(recorder.camera) <= count + 1
    runner.call(lambda sim: sim.faults.set("camera_dropout", 0.0))
    recorder.wait(lambda: len(recorder.camera) > count + 2)
    recorder.watching = False
    runner.call(lambda sim: None)
    count, states = len(recorder.camera), len(recorder.states)
    recorder.wait(lambda: len(recorder.states) > states + 40)
    assert len(recorder.camera) <= count + 1


def test_requests_run_in_the_physics_thread_and_errors_come_back(runner: SimRunner) -> None:
    assert runner.call(lambda sim: threading.current_thread().name) == "physics"
    with pytest.raises(ZeroDivisionError):
        runner.call(lambda sim: 1 // 0)
    assert runner.call(lambda sim: sim.world.seed) == 1


def test_results_are_handed_out_once(runner: SimRunner, recorder: Recorder) -> None:
    assert runner.call(lambda sim: sim.start_manipulation(Operation.STOW, Target(0, 0, 0))).ok
    recorder.wait(lambda: bool(recorder.finished))
    states = len(recorder.states)
    recorder.wait(lambda: len(recorder.states) > states + 20)
    assert [f.manipulation.ok for f in recorder.finished if f.manipulation] == [True]


def test_a_new_world_ends_what_was_going_on(runner: SimRunner, recorder: Recorder) -> None:
    goal = Pose2D(0.0, 0.0, 3.0)
    assert runner.call(lambda sim: sim.start_navigation(goal)).ok
    recorder.wait(lambda: recorder.states[-1].time_s > 1.0)
    runner.replace(lambda: make(2))
    recorder.wait(lambda: bool(recorder.finished))
    ended = recorder.finished[0].navigation
    assert ended is not None and ended.code is Code.STOPPED
    assert runner.call(lambda sim: sim.world.seed) == 2
    count = len(recorder.camera)
    recorder.wait(lambda: len(recorder.camera) > count + 3)
    assert recorder.camera[-1][1].rgb.std() > 1, "the new world is drawn"
    times = [s.time_s for s in recorder.states]
    assert times == sorted(times), "time never runs back"


def test_a_world_that_cannot_be_built_leaves_the_old_one(runner: SimRunner) -> None:
    def broken() -> Simulation:
        raise VlaError(Code.INVALID_CONFIG, "no such world")

    with pytest.raises(VlaError, match="no such world"):
        runner.replace(broken)
    assert runner.call(lambda sim: sim.world.seed) == 1


def test_a_broken_start_is_said(recorder: Recorder, backend: Backend) -> None:
    def broken() -> Simulation:
        raise VlaError(Code.INVALID_CONFIG, "no such world")

    runner = SimRunner(broken, RunnerConfig(backend=backend), None, recorder)
    with pytest.raises(VlaError, match="no such world"):
        runner.start()


def test_a_dying_thread_is_reported(runner: SimRunner, recorder: Recorder) -> None:
    def sabotage(sim: Simulation) -> None:
        sim.model = None  # type: ignore[assignment]

    runner.call(sabotage)
    recorder.wait(lambda: bool(recorder.failures))
    with pytest.raises(VlaError) as refused:
        runner.call(lambda sim: None)
    assert refused.value.code is Code.SHUTTING_DOWN


def test_after_closing_requests_are_refused_at_once(runner: SimRunner) -> None:
    runner.close()
    with pytest.raises(VlaError, match="ended"):
        runner.call(lambda sim: None)


def test_real_time_is_kept(recorder: Recorder, backend: Backend) -> None:
    """At twice real time, simulated time never gets ahead of twice the clock."""
    runner = SimRunner(make, RunnerConfig(2.0, (64, 48), 10.0, backend), None, recorder)
    runner.start()
    begin, first = time.monotonic(), runner.state.time_s
    recorder.wait(lambda: len(recorder.states) >= 200)
    elapsed = time.monotonic() - begin
    simulated = recorder.states[199].time_s - first
    runner.close()
    # What it was behind with at the beginning it may make up for.
    assert simulated <= 2.0 * (elapsed + LAG_LIMIT_S) + 0.1


@pytest.mark.parametrize(
    ("fault", "value", "says"),
    [
        ("grasp_failure", 1.5, "between 0 and 1"),
        ("grasp_failure", float("nan"), "between"),
        ("camera_dropout", 0.5, "0 or 1"),
        ("odometry_drift", -2.0, "between -1 and 1"),
        ("gremlins", 1.0, "unknown fault 'gremlins'"),
    ],
)
def test_wrong_faults_are_refused(fault: str, value: float, says: str) -> None:
    faults = Faults()
    with pytest.raises(VlaError, match=says):
        faults.set(fault, value)
    assert faults == Faults()


def test_grasp_failures_come_with_their_probability() -> None:
    faults = Faults(grasp_failure=0.3, seed=1)
    share = sum(faults.grasp_slips() for _ in range(2000)) / 2000
    assert 0.25 < share < 0.35
    assert not any(Faults().grasp_slips() for _ in range(100))


@pytest.mark.parametrize(
    ("name", "pose"),
    [
        ("nobody", (0.0, 0.0, 1.0, 0.0)),
        ("red_cup", (9.0, 0.0, 1.0, 0.0)),
        ("red_cup", (0.0, 0.0, float("nan"), 0.0)),
    ],
)
def test_objects_are_moved_only_where_they_can_be(
    name: str, pose: tuple[float, float, float, float]
) -> None:
    simulation = make(1)
    with pytest.raises(VlaError) as refused:
        simulation.move_object(name, *pose)
    assert refused.value.code is Code.INVALID_REQUEST


def test_a_moved_object_is_elsewhere() -> None:
    simulation = make(1)
    name = simulation.world.objects[0].name
    simulation.move_object(name, 0.0, 0.0, 0.2, 0.5)
    simulation.run(1.0)
    truth = simulation.objects()[0]
    assert truth.place == "" and truth.position[2] < 0.1
