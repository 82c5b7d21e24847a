# SPDX-License-Identifier: Apache-2.0
"""Draw a picture of a world: ``python -m vla_sim.render --seed 3 --out world.png``.

Decides what the command line offers; no ROS is needed. With ``--at`` the robot stands in front of a place.
"""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path

from vla_common.contracts.outcomes import VlaError
from vla_common.machine.terminal import tool
from vla_sim.robot.base_control import Pose2D
from vla_sim.sensors.render_backend import BackendError, select_backend
from vla_sim.world.world_generator import generate_world
from vla_sim.world.world_spec import StartSpec, WorldError, WorldSpec, load_world, save_world


def standing_pose(world: WorldSpec, place_name: str, distance_m: float) -> Pose2D:
    """In front of the free side of a place, facing it; ``distance_m`` from its edge to the base's axis."""
    place = world.place(place_name)
    x, y = place.to_map(0.0, -place.size_y_m / 2 - distance_m)
    return Pose2D(x, y, place.yaw_rad + math.pi / 2)


@tool
def main(arguments: list[str] | None = None) -> int:
    """The command; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m vla_sim.render", description="Draw a picture of a world."
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of a random world")
    parser.add_argument("--world", type=Path, help="YAML file of a world, instead of a seed")
    parser.add_argument("--out", type=Path, required=True, help="PNG file to write")
    parser.add_argument(
        "--camera", choices=("overview", "head"), default="overview", help="whose view"
    )
    parser.add_argument("--at", metavar="PLACE", help="put the robot in front of this place")
    parser.add_argument(
        "--distance", type=float, default=0.6, help="with --at: metres from the place's edge"
    )
    parser.add_argument("--width", type=int, default=960)
    parser.add_argument("--height", type=int, default=720)
    parser.add_argument("--backend", default="auto", help="auto, egl, osmesa or raycast")
    parser.add_argument("--save-world", type=Path, help="also write the world as a YAML file")
    options = parser.parse_args(arguments)
    try:
        backend, _ = select_backend(options.backend)
        world = load_world(options.world) if options.world else generate_world(options.seed)
        if options.at:
            pose = standing_pose(world, options.at, options.distance)
            world = WorldSpec(
                world.seed, world.room_x_m, world.room_y_m, StartSpec(pose.x_m, pose.y_m, pose.yaw_rad),
                world.places, world.objects,
            )  # fmt: skip
        if options.save_world:
            save_world(world, options.save_world)
        # Only now: MuJoCo picks its GL library when it is imported.
        from vla_sim.sensors.camera import make_renderer
        from vla_sim.sensors.picture_file import write_png
        from vla_sim.simulation import Simulation

        simulation = Simulation(world)
        renderer = make_renderer(simulation.model, backend)
        try:
            picture = renderer.render(
                simulation.data, options.camera, options.width, options.height
            )
        finally:
            renderer.close()
        write_png(options.out, picture.rgb)
    except KeyError as error:
        print(f"there is no place {error}", file=sys.stderr)
        return 1
    except (BackendError, WorldError, VlaError, OSError) as error:
        print(str(error), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
