# SPDX-License-Identifier: Apache-2.0
"""Pictures of random worlds with the truth about what is in them, for `perception`.

Decides where the robot stands and looks, and which objects of a picture count as in view. Everything runs in this
process without ROS. Only this module and `perception_drive` know the simulator.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from vla_common.contracts.scene import Place, PlaceKind
from vla_perception.config import VisionConfig
from vla_perception.rgbd.frame import Intrinsics, RgbdFrame, Transform, make_frame

IN_VIEW_SHARE = 0.5
"""Of an object's outline that must be in the picture with nothing before it, to count as in view."""
MIN_PIXELS = 25


@dataclass(frozen=True)
class Truth:
    """An object as it is. seen: the share of its outline that is in view; pixels: of its whole outline."""

    name: str
    label: str
    color: str
    position: tuple[float, float, float]
    size: tuple[float, float, float]
    place: str
    seen: float
    pixels: float

    @property
    def in_view(self) -> bool:
        return self.seen >= IN_VIEW_SHARE and self.pixels >= MIN_PIXELS


@dataclass(frozen=True)
class Look:
    """One picture with its truth."""

    seed: int
    target: str
    frame: RgbdFrame
    places: tuple[Place, ...]
    hand: Transform | None
    truth: tuple[Truth, ...]


class OpenWorld:
    """A simulated world that pictures are taken of."""

    def __init__(self, seed: int, width: int, height: int, renderer: str = "auto") -> None:
        from vla_sim.sensors.render_backend import select_backend

        # MuJoCo picks its GL library when it is imported.
        chosen, _ = select_backend(renderer)
        from vla_sim.sensors import camera
        from vla_sim.sensors.noise import NoiseConfig, NoiseModel
        from vla_sim.simulation import Simulation
        from vla_sim.world.world_generator import generate_world

        self.seed = seed
        self.size = (width, height)
        self.simulation = Simulation(generate_world(seed))
        self._renderer = camera.make_renderer(self.simulation.model, chosen)
        self._noise = NoiseModel(NoiseConfig(), seed)
        self.places = tuple(
            Place(
                p.name, PlaceKind.CONTAINER if p.is_container else PlaceKind.SURFACE, (p.x_m, p.y_m, p.height_m),
                p.yaw_rad, (p.size_x_m, p.size_y_m),
            )
            for p in self.simulation.world.places
        )  # fmt: skip

    def picture(self, target: str, error: Transform | None = None) -> Look:
        """What the camera sees now, with the simulator's noise. error: of where the robot believes to be in the map."""
        import mujoco

        mujoco.mj_forward(self.simulation.model, self.simulation.data)
        clean = self._renderer.render(self.simulation.data, "head", *self.size)
        return _look(self, self._noise.apply(clean), clean, target, error)

    def close(self) -> None:
        self._renderer.close()

    def __enter__(self) -> OpenWorld:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def looks(
    seeds: Iterable[int], width: int, height: int, *, containers: bool, renderer: str = "auto"
) -> Iterator[Look]:
    """Pictures of every piece of furniture of every world, or of every container with an object put into it."""
    for seed in seeds:
        rng = np.random.default_rng(seed)
        with OpenWorld(seed, width, height, renderer) as world:
            if containers:
                _fill_containers(world.simulation, rng)
            for place in world.simulation.world.places:
                if place.is_container == containers:
                    stand(world.simulation, place, rng)
                    yield world.picture(place.name)


def _fill_containers(simulation: Any, rng: np.random.Generator) -> None:
    """Drop one object that fits into each container, and let it come to rest."""
    small = [o for o in simulation.world.objects if o.kind in ("block", "ball", "cup", "bottle")]
    for container, thing in zip(
        [p for p in simulation.world.places if p.is_container], small, strict=False
    ):
        reach = (container.size_x_m / 2 - 0.10, container.size_y_m / 2 - 0.10)
        x, y = container.to_map(
            float(rng.uniform(-reach[0], reach[0])), float(rng.uniform(-reach[1], reach[1]))
        )
        simulation.move_object(thing.name, x, y, 0.12, float(rng.uniform(-3, 3)))
    simulation.run(1.5)


def stand(simulation: Any, place: Any, rng: np.random.Generator) -> None:
    """Put the robot 0.8 to 2.0 m before a place, looking at it about as the head controller would."""
    from vla_sim.robot import kinematics
    from vla_sim.robot import robot_model as robot

    nearest = max(0.8, place.size_y_m / 2 + robot.BASE_RADIUS_M + 0.08)
    farthest = 1.3 if place.is_container else 2.0
    world = simulation.world
    for _ in range(50):
        x, y = place.to_map(
            float(rng.uniform(-0.3, 0.3)) * place.size_x_m, -float(rng.uniform(nearest, farthest))
        )
        free = all(
            math.hypot(
                *(
                    max(abs(c) - s / 2, 0.0)
                    for c, s in zip(
                        other.to_local(x, y), (other.size_x_m, other.size_y_m), strict=True
                    )
                )
            )
            > robot.BASE_RADIUS_M
            for other in world.places
        )
        if free and abs(x) < world.room_x_m / 2 - 0.3 and abs(y) < world.room_y_m / 2 - 0.3:
            break
    yaw = math.atan2(place.y_m - y, place.x_m - x) + float(rng.uniform(-0.15, 0.15))
    c, s = math.cos(yaw), math.sin(yaw)
    dx, dy = place.x_m - x, place.y_m - y
    pan, tilt = kinematics.look_at(c * dx + s * dy, -s * dx + c * dy, place.height_m)
    values = {
        "base_x": x, "base_y": y, "base_yaw": yaw,
        "head_pan": pan + float(rng.uniform(-0.05, 0.05)), "head_tilt": tilt + float(rng.uniform(-0.08, 0.05)),
    }  # fmt: skip
    for name, value in values.items():
        simulation.data.joint(name).qpos[0] = value


def _look(world: OpenWorld, picture: Any, clean: Any, target: str, error: Transform | None) -> Look:
    from vla_sim.robot import frames
    from vla_sim.robot import robot_model as robot
    from vla_sim.robot.frames import OPTICAL_ROTATION
    from vla_sim.sensors import camera

    simulation = world.simulation
    positions = simulation._read().positions
    pose = simulation.real_pose()
    half = pose.yaw_rad / 2
    base = Transform.from_quaternion(
        (pose.x_m, pose.y_m, 0.0), (0.0, 0.0, math.sin(half), math.cos(half))
    )
    link = frames.camera_transform(positions)
    head = chain(base, Transform.from_quaternion(link.translation, link.rotation))
    optical = chain(head, Transform.from_quaternion((0.0, 0.0, 0.0), OPTICAL_ROTATION))
    grip = frames.gripper_transform(positions)
    hand = chain(base, Transform.from_quaternion(grip.translation, grip.rotation))
    height, width = picture.depth_m.shape
    k = camera.intrinsics(robot.CAMERA_FOVY_RAD, width, height)
    intrinsics = Intrinsics(k.fx, k.fy, k.cx, k.cy, width, height)
    config = VisionConfig()
    depths: dict[str, Any] = {"min_depth_m": config.min_depth_m, "max_depth_m": config.max_depth_m}
    frame = make_frame(picture.rgb, picture.depth_m, intrinsics, optical, 1.0, base, **depths)
    truth = tuple(_truth(item, frame, clean.depth_m) for item in simulation.objects())
    if error is not None:
        base, optical, hand = (chain(error, known) for known in (base, optical, hand))
        frame = make_frame(picture.rgb, picture.depth_m, intrinsics, optical, 1.0, base, **depths)
    return Look(world.seed, target, frame, world.places, hand, truth)


def chain(parent: Transform, child: Transform) -> Transform:
    return Transform(
        parent.rotation @ child.rotation, parent.rotation @ child.translation + parent.translation
    )


def _truth(item: Any, frame: RgbdFrame, depth: Any) -> Truth:
    """How much of an object is in view: points of its middle plane that face the camera, tested against clean depth."""
    width, high = item.size[1], item.size[2]
    center = np.array(item.position)
    eye = frame.camera.translation
    sight = center[:2] - eye[:2]
    sight /= max(float(np.hypot(*sight)), 1e-6)
    side = np.array([-sight[1], sight[0]])
    across, up = np.meshgrid(
        np.linspace(-0.45, 0.45, 7) * width, np.linspace(-0.45, 0.45, 7) * high
    )
    points = np.column_stack(
        [
            center[0] + side[0] * across.ravel(),
            center[1] + side[1] * across.ravel(),
            center[2] + up.ravel(),
        ]
    )
    pixels, depths = frame.project(points)
    h, w = frame.shape
    seen = 0
    for (x, y), expected in zip(pixels, depths, strict=True):
        if not (math.isfinite(x) and 0 <= round(x) < w and 0 <= round(y) < h):
            continue
        there = float(depth[round(y), round(x)])
        seen += not there < expected - width / 2 - 0.02
    distance = float(frame.project(center[None, :])[1][0])
    pixel = max(distance, 0.05) / frame.intrinsics.fx
    return Truth(
        item.spec.name, item.spec.kind, item.spec.color, item.position, item.size, item.place,
        seen / len(points), width * high / pixel**2,
    )  # fmt: skip
