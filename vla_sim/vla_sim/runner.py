# SPDX-License-Identifier: Apache-2.0
"""The thread that owns the simulation and the renderer.

Decides when physics steps, when pictures are made, and carries requests in and results out. Nobody else may touch the
simulation: other threads hand over functions with :meth:`SimRunner.submit`, which run between two batches of steps, and
read :attr:`SimRunner.state`, an immutable snapshot. The GL context lives and dies in this thread.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from vla_common.contracts.outcomes import Code, Result, VlaError
from vla_sim.sensors.camera import Picture, Renderer, make_renderer
from vla_sim.sensors.noise import NoiseModel
from vla_sim.sensors.render_backend import Backend
from vla_sim.simulation import Finished, RobotState, Simulation
from vla_sim.world import mjcf

BATCH_STEPS = 5
"""Steps between two looks at the requests: 20 ms, which is also the odometry's period (50 Hz)."""
LAG_LIMIT_S = 0.25
"""Farther behind than this the clock is moved instead of running after it."""
CALL_TIMEOUT_S = 10.0
SCAN_RATE_HZ = 10.0
OVERVIEW_RATE_HZ = 2.0
OVERVIEW_SIZE = (640, 480)

T = TypeVar("T")


class Listener(Protocol):
    """Gets what the robot sends. All methods are called in the runner's thread and must be quick."""

    def on_state(self, state: RobotState) -> None:
        """50 times a simulated second."""
        ...

    def on_motion(self, states: Sequence[RobotState], began_s: float) -> None:
        """Every step of one batch; began_s: when the batch began, by time.monotonic()."""
        ...

    def on_camera(self, state: RobotState, picture: Picture) -> None:
        """A picture of the head's camera, taken at this state."""
        ...

    def on_scan(self, state: RobotState, ranges: NDArray[np.float32]) -> None:
        """Ranges of the distance sensor, taken at this state."""
        ...

    def on_overview(self, state: RobotState, picture: Picture) -> None:
        """A picture of the overview camera."""
        ...

    def on_finished(self, finished: Finished) -> None:
        """Something the robot did has ended."""
        ...

    def on_failure(self, error: BaseException) -> None:
        """The thread has ended with an error."""
        ...

    def on_lag(self, lag_s: float) -> None:
        """The machine is too slow for the wanted pace; so much time was given up."""
        ...

    def wants_motion(self) -> bool:
        """Whether anybody looks at every single step."""
        ...

    def wants_camera(self) -> bool:
        """Whether anybody looks at the head's camera."""
        ...

    def wants_scan(self) -> bool:
        """Whether anybody listens to the distance sensor."""
        ...

    def wants_overview(self) -> bool:
        """Whether anybody looks at the overview camera."""
        ...


@dataclass(frozen=True)
class RunnerConfig:
    """Pace and pictures."""

    speed: float = 1.0
    camera_size: tuple[int, int] = (320, 240)
    camera_rate_hz: float = 10.0
    backend: Backend = Backend.EGL
    viewer: bool = False


class SimRunner:
    """Runs a simulation in a thread of its own."""

    def __init__(
        self,
        make: Callable[[], Simulation],
        config: RunnerConfig,
        noise: NoiseModel | None,
        listener: Listener,
    ) -> None:
        self._make = make
        self._config = config
        self._noise = noise
        self._listener = listener
        self._requests: queue.SimpleQueue[tuple[Callable[[Simulation], Any], Future[Any]]] = (
            queue.SimpleQueue()
        )
        self._lock = threading.Lock()
        self._ended = False
        self._stop = threading.Event()
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._main, name="physics", daemon=True)
        self._state: RobotState | None = None
        self._sim: Simulation | None = None
        self._renderer: Renderer | None = None
        self._viewer: Any = None
        self.real_time_factor = 0.0
        """Simulated seconds per second of stepping and drawing, without waiting; a running mean."""

    @property
    def state(self) -> RobotState:
        """The newest snapshot."""
        if self._state is None:
            raise VlaError(Code.NOT_READY, "the simulation is not running yet")
        return self._state

    def start(self, timeout_s: float = 30.0) -> None:
        """Build the world and begin to step; returns when it runs.

        Raises:
            VlaError: what building it complained about.
        """
        self._thread.start()
        if not self._ready.wait(timeout_s):
            raise VlaError(Code.NOT_READY, f"the simulation did not start within {timeout_s:.0f} s")
        if self._failure is not None:
            if isinstance(self._failure, VlaError):
                raise self._failure
            raise VlaError(
                Code.INTERNAL_ERROR, f"the simulation did not start: {self._failure!r}"
            ) from self._failure

    def close(self, timeout_s: float = 5.0) -> None:
        """End the thread; requests still waiting fail with SHUTTING_DOWN."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def submit(self, function: Callable[[Simulation], T]) -> Future[T]:
        """Run a function on the simulation between two batches."""
        future: Future[T] = Future()
        with self._lock:
            if not self._ended:
                self._requests.put((function, future))
                return future
        future.set_exception(VlaError(Code.SHUTTING_DOWN, "the simulation has ended"))
        return future

    def call(self, function: Callable[[Simulation], T], timeout_s: float = CALL_TIMEOUT_S) -> T:
        """As :meth:`submit`, and wait for the result.

        Raises:
            VlaError: NOT_READY after the timeout, or what the function raised.
        """
        try:
            return self.submit(function).result(timeout_s)
        except TimeoutError as error:
            raise VlaError(
                Code.NOT_READY, f"the simulation did not answer within {timeout_s:.0f} s"
            ) from error

    def replace(self, make: Callable[[], Simulation], timeout_s: float = 30.0) -> None:
        """Put a new world in place of the present one; what the robot was doing ends as STOPPED.

        Raises:
            VlaError: when the new world cannot be built; the old one then stays.
        """

        def swap(old: Simulation) -> None:
            new = make()
            # Time never runs back: buffers of transforms and message filters would drop everything.
            new.continue_from(old.time_s)
            ended = Result(Code.STOPPED, "the simulation was reset")
            finished = Finished(
                ended if old.navigator.busy else None,
                ended if old.manipulator.busy else None,
                ended if old.head.busy else None,
            )
            self._close_renderer()
            self._sim = new
            self._open_renderer()
            self._listener.on_finished(finished)

        self.call(swap, timeout_s)

    # The thread.

    def _main(self) -> None:
        try:
            self._sim = self._make()
            self._open_renderer()
            self._state = self._sim.state
            self._ready.set()
            self._loop()
        except BaseException as error:
            self._failure = error
            if self._ready.is_set():
                self._listener.on_failure(error)
        finally:
            self._ready.set()
            self._stop.set()
            with self._lock:
                self._ended = True
            self._refuse_requests()
            self._close_renderer()

    def _loop(self) -> None:
        batch_s = BATCH_STEPS * mjcf.TIMESTEP_S
        due = time.monotonic()
        rate_hz = self._config.camera_rate_hz
        camera_due_s = overview_due_s = scan_due_s = -1.0
        while not self._stop.is_set():
            begin = time.monotonic()
            self._run_requests()
            sim = self._sim
            assert sim is not None
            steps: list[RobotState] | None = [] if self._listener.wants_motion() else None
            for _ in range(BATCH_STEPS):
                finished = sim.step()
                if steps is not None:
                    steps.append(sim.state)
                if finished.navigation or finished.manipulation or finished.head:
                    self._listener.on_finished(finished)
            state = self._state = sim.state
            self._listener.on_state(state)
            if steps is not None:
                self._listener.on_motion(steps, begin)
            if state.time_s >= scan_due_s - 1e-6:
                scan_due_s = max(scan_due_s, state.time_s - batch_s / 2) + 1.0 / SCAN_RATE_HZ
                if self._listener.wants_scan():
                    self._listener.on_scan(state, sim.scan())
            if state.time_s >= camera_due_s - 1e-6:
                camera_due_s = max(camera_due_s, state.time_s - batch_s / 2) + 1.0 / rate_hz
                if self._listener.wants_camera() and not sim.faults.camera_dropout:
                    picture = self._draw(mjcf.HEAD_CAMERA, self._config.camera_size)
                    self._listener.on_camera(
                        state, self._noise.apply(picture) if self._noise else picture
                    )
            if state.time_s >= overview_due_s - 1e-6:
                overview_due_s = state.time_s + 1.0 / OVERVIEW_RATE_HZ
                if self._listener.wants_overview():
                    self._listener.on_overview(
                        state, self._draw(mjcf.OVERVIEW_CAMERA, OVERVIEW_SIZE)
                    )
            if self._viewer is not None:
                self._viewer.sync()
            now = time.monotonic()
            self.real_time_factor += 0.02 * (
                batch_s / max(now - begin, 1e-6) - self.real_time_factor
            )
            due = self._pace(due, now, batch_s)

    def _pace(self, due: float, now: float, batch_s: float) -> float:
        """Wait until the next batch is due; returns when that is."""
        if self._config.speed <= 0.0:
            return now
        due += batch_s / self._config.speed
        if due > now:
            self._stop.wait(due - now)
        elif now - due > LAG_LIMIT_S:
            self._listener.on_lag(now - due)
            due = now
        return due

    def _draw(self, camera: str, size: tuple[int, int]) -> Picture:
        assert self._renderer is not None and self._sim is not None
        return self._renderer.render(self._sim.data, camera, *size)

    def _open_renderer(self) -> None:
        assert self._sim is not None
        self._renderer = make_renderer(self._sim.model, self._config.backend)
        if self._config.viewer:
            import mujoco.viewer

            self._viewer = mujoco.viewer.launch_passive(
                self._sim.model, self._sim.data, show_left_ui=False, show_right_ui=False
            )

    def _close_renderer(self) -> None:
        renderer, self._renderer = self._renderer, None
        viewer, self._viewer = self._viewer, None
        if viewer is not None:
            viewer.close()
        if renderer is not None:
            renderer.close()

    def _run_requests(self) -> None:
        while True:
            try:
                function, future = self._requests.get_nowait()
            except queue.Empty:
                return
            if not future.set_running_or_notify_cancel():
                continue
            try:
                assert self._sim is not None
                future.set_result(function(self._sim))
            except Exception as error:
                future.set_exception(error)

    def _refuse_requests(self) -> None:
        while True:
            try:
                _, future = self._requests.get_nowait()
            except queue.Empty:
                return
            if future.set_running_or_notify_cancel():
                future.set_exception(VlaError(Code.SHUTTING_DOWN, "the simulation has ended"))
