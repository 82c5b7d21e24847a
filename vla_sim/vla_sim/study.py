# SPDX-License-Identifier: Apache-2.0
"""Measure the simulator: ``python -m vla_sim.study --seeds 8 --noise 0.01``.

Decides how picking and placing are scored: every object that the jaw can take, in every world, is driven to, picked
from its true pose plus noise, held for ten seconds, and put back; ground truth says whether it worked. ``--speed``
measures the pace of physics and pictures instead, by the clock and by CPU time: on a busy machine only the latter says
much. Output is for people and goes into the README.
"""

from __future__ import annotations

import argparse
import math
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vla_common.machine.terminal import tool
from vla_sim.robot.base_control import Pose2D
from vla_sim.robot.frames import quaternion_yaw
from vla_sim.robot.manipulation import Operation, Target
from vla_sim.sensors.render_backend import Backend, BackendError, select_backend
from vla_sim.world.world_generator import GRASPABLE_KINDS, generate_world

if TYPE_CHECKING:
    from vla_common.contracts.outcomes import Result
    from vla_sim.sensors.camera import Renderer
    from vla_sim.simulation import Simulation
    from vla_sim.world.ground_truth import ObjectTruth

HOLD_S = 10.0
TIMEOUT_S = 120.0


@dataclass
class Score:
    """Counts by name, and a line for each failure."""

    counts: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def note(self, what: str, worked: bool, detail: str) -> None:
        """Count one attempt."""
        self.counts[what] += 1
        if worked:
            self.counts[what + " ok"] += 1
        else:
            self.failures.append(f"{what}: {detail}")

    def lines(self) -> list[str]:
        """A table and the failures."""
        names = sorted(name for name in self.counts if not name.endswith(" ok"))
        table = [
            f"{name:28s} {self.counts[name + ' ok']:4d} / {self.counts[name]}" for name in names
        ]
        return [*table, *self.failures]


@tool
def main(arguments: list[str] | None = None) -> int:
    """The command; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m vla_sim.study", description="Measure the simulator."
    )
    parser.add_argument("--seeds", type=int, default=8, help="how many worlds")
    parser.add_argument("--first", type=int, default=0, help="seed of the first world")
    parser.add_argument(
        "--noise",
        type=float,
        default=0.0,
        help="grasp noise: standard deviation of x and y, metres",
    )
    parser.add_argument(
        "--hold", type=float, default=HOLD_S, help="seconds an object has to stay in the hand"
    )
    parser.add_argument("--speed", action="store_true", help="measure pace and memory instead")
    options = parser.parse_args(arguments)
    if options.speed:
        return measure_speed()
    score = Score()
    draw = random.Random(options.first)
    for seed in range(options.first, options.first + options.seeds):
        study_world(seed, options.noise, options.hold, draw, score)
        print(
            f"world {seed}: {score.counts['pick, all ok']} of {score.counts['pick, all']} picks so far",
            flush=True,
        )
    print("\n".join(score.lines()))
    return 0


def study_world(
    seed: int, noise_m: float, hold_s: float, draw: random.Random, score: Score
) -> None:
    """Pick, hold and put back every object of a world."""
    from vla_sim.simulation import Simulation

    simulation = Simulation(generate_world(seed))
    for spec in simulation.world.objects:
        thing = _truth(simulation, spec.name)
        if spec.kind not in GRASPABLE_KINDS or not thing.place:
            continue
        detail = f"seed {seed}, {spec.name}, {spec.size}"
        drive = simulation.start_navigation(_before(simulation, thing))
        drive = drive if not drive.ok else _finish(simulation, "navigation")
        score.note("drive to object", drive.ok, f"{detail}: {drive}")
        if not drive.ok:
            continue
        thing = _truth(simulation, spec.name)
        local = (
            simulation.real_pose()
            .inverse()
            .compose(Pose2D(thing.position[0], thing.position[1], quaternion_yaw(thing.rotation)))
        )
        target = Target(
            local.x_m + draw.gauss(0.0, noise_m), local.y_m + draw.gauss(0.0, noise_m),
            thing.position[2] + draw.gauss(0.0, noise_m / 2), local.yaw_rad, *thing.size,
        )  # fmt: skip
        result = _carry_out(simulation, Operation.PICK, target)
        simulation.run(hold_s if result.ok else 0.5)
        held = _truth(simulation, spec.name).held
        score.note(f"pick {spec.kind}", held and result.ok, f"{detail}: {result}")
        score.note("pick, all", held and result.ok, detail)
        score.note(
            "report agrees with truth", result.ok == held, f"{detail}: {result}, held {held}"
        )
        if not held:
            _carry_out(simulation, Operation.RELEASE, target)
            continue
        place = simulation.world.place(thing.place)
        down = Target(local.x_m, local.y_m, place.height_m, local.yaw_rad, *thing.size)
        result = _carry_out(simulation, Operation.PLACE, down)
        simulation.run(1.0)
        after = _truth(simulation, spec.name)
        stands = abs(after.position[2] - thing.position[2]) < 0.01
        worked = result.ok and after.place == thing.place and stands
        score.note(
            "place, upright on its place", worked, f"{detail}: {result}, now at {after.place!r}"
        )


def measure_speed() -> int:
    """Pace of physics, of pictures by backend, of both, and memory."""
    try:
        backend, _ = select_backend("auto")
    except BackendError as error:
        print(error, file=sys.stderr)
        return 1
    from vla_sim.sensors.camera import make_renderer
    from vla_sim.sensors.noise import NoiseConfig, NoiseModel
    from vla_sim.simulation import Simulation

    simulation = Simulation(generate_world(0))
    noise = NoiseModel(NoiseConfig(), 0)

    def frames(drawn: Renderer, count: int, size: tuple[int, int], pause_s: float = 0.0) -> None:
        for _ in range(count):
            simulation.run(pause_s)
            noise.apply(drawn.render(simulation.data, "head", *size))

    clock_s, cpu_s = _timed(simulation.run, 10.0)
    print(
        f"physics alone: {10 / clock_s:.1f} x real time by the clock, {10 / cpu_s:.1f} by CPU time"
    )
    for way in dict.fromkeys((backend, Backend.RAYCAST)):
        renderer = make_renderer(simulation.model, way)
        for size in ((160, 120), (320, 240), (640, 480)):
            frames(renderer, 1, size)
            clock_s, cpu_s = _timed(frames, renderer, 20, size)
            label = f"{way.value} {size[0]}x{size[1]}"
            print(f"{label}: {clock_s * 50:.1f} ms a frame by the clock, {cpu_s * 50:.1f} of CPU")
        clock_s, cpu_s = _timed(frames, renderer, 100, (320, 240), 0.1)
        label = f"{way.value} 320x240 at 10 Hz with physics"
        print(f"{label}: {10 / clock_s:.1f} x real time by the clock, {10 / cpu_s:.1f} by CPU time")
        renderer.close()
    print(
        f"memory of this process       {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:6.0f} MB"
    )
    return 0


def _timed(work: Callable[..., None], *arguments: Any) -> tuple[float, float]:
    """Seconds by the clock and of CPU, all threads together."""
    clock, cpu = time.perf_counter(), time.process_time()
    work(*arguments)
    return time.perf_counter() - clock, time.process_time() - cpu


def _truth(simulation: Simulation, name: str) -> ObjectTruth:
    return next(truth for truth in simulation.objects() if truth.spec.name == name)


def _before(simulation: Simulation, thing: ObjectTruth) -> Pose2D:
    """Half a metre from the object or 0.30 m from the edge of its place, whichever is farther."""
    place = simulation.world.place(thing.place)
    across, along = place.to_local(thing.position[0], thing.position[1])
    x, y = place.to_map(across, min(along - 0.5, -place.size_y_m / 2 - 0.30))
    return Pose2D(x, y, place.yaw_rad + math.pi / 2)


def _carry_out(simulation: Simulation, operation: Operation, target: Target) -> Result:
    started = simulation.start_manipulation(operation, target)
    return started if not started.ok else _finish(simulation, "manipulation")


def _finish(simulation: Simulation, what: str) -> Result:
    end_s = simulation.time_s + TIMEOUT_S
    while simulation.time_s < end_s:
        result: Result | None = getattr(simulation.step(), what)
        if result is not None:
            return result
    raise TimeoutError(f"{what} did not end within {TIMEOUT_S:.0f} simulated seconds")


if __name__ == "__main__":
    sys.exit(main())
