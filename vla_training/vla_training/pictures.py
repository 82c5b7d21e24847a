# SPDX-License-Identifier: Apache-2.0
"""Pictures to learn from: the simulator's rooms under other lights, with labels from its segmentation.

Decides what a detector is shown: rooms by seed, objects where they stand in the rooms and where else they may lie
(touching, stacked, tipped over, in containers, on the floor, in the hand), things that have no name, colours and lights
beyond the simulator's own, and where the robot looks from. A box is that of the visible pixels. Training rooms, those
that choose the epoch, and those that measure have seeds of their own.

Imports MuJoCo: for training and measuring only, never for the running system.
"""

from __future__ import annotations

import colorsys
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

CLASSES = ("cup", "bottle", "block", "ball", "bowl")
TRAINING_SEEDS = range(1000)
VALIDATION_SEEDS = range(15000, 16000)
TEST_SEEDS = range(20000, 30000)
WIDTH, HEIGHT = 640, 480
MIN_SHARE = 0.3
"""Of an object's outline that must show, to count."""
MIN_PIXELS = 80
"""Of an object that must show at 640 x 480, to count: 20 at 320 x 240."""
IGNORED = -1
LABELS = "labels.npz"
_SPARE_TURNS = 60


@dataclass(frozen=True)
class LabeledImage:
    """rgb: (h, w, 3) uint8, without noise. boxes: (n, 4) float32 x0, y0, x1, y1 in pixels. classes: (n,) int, an index
    into `CLASSES`, or `IGNORED` where too little of an object shows to ask for it. shares: (n,) of the outline that
    shows.
    """

    seed: int
    rgb: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    classes: NDArray[np.int64]
    shares: NDArray[np.float32]


def pictures(
    seeds: Sequence[int], per_world: int, *, plain: bool = False, backend: str = "auto"
) -> Iterator[LabeledImage]:
    """`per_world` views of each room. plain: colours and lights as the simulator has them.

    Errors: RuntimeError where there is no OpenGL, because the ray caster has no segmentation.
    """
    from vla_sim.sensors.render_backend import Backend, select_backend

    chosen, why = select_backend(backend)
    if chosen is Backend.RAYCAST:
        raise RuntimeError(f"Pictures to learn from need OpenGL: {why}.")
    import mujoco

    from vla_sim.sensors import camera
    from vla_sim.world import mjcf

    for seed in seeds:
        rng = np.random.default_rng([seed, 77])
        world = _world(seed, rng)
        xml = mjcf.world_xml(world).replace(
            "</worldbody>", _unnamed_things(world, rng) + "</worldbody>"
        )
        model = mujoco.MjModel.from_xml_string(xml)
        data = mujoco.MjData(model)
        renderer = camera.GlRenderer(model)
        try:
            for _ in range(per_world):
                _dress(model, world, rng, plain)
                _pose_objects(model, data, world, rng)
                _pose_robot(data, world, rng)
                mujoco.mj_forward(model, data)
                picture = renderer.render(data, mjcf.HEAD_CAMERA, WIDTH, HEIGHT)
                seen = renderer.geom_ids(data, mjcf.HEAD_CAMERA, WIDTH, HEIGHT)
                boxes, classes, shares = _labels(model, data, world, seen)
                yield LabeledImage(seed, picture.rgb, boxes, classes, shares)
        finally:
            renderer.close()


def write_set(folder: Path, shots: Iterable[LabeledImage], say: Callable[[str], None]) -> int:
    """Pictures as PNG files with one file of labels, written last: a folder with it is complete. Returns how many."""
    folder.mkdir(parents=True, exist_ok=True)
    entries: dict[str, NDArray[Any]] = {}
    count = 0
    for count, shot in enumerate(shots, start=1):
        cv2.imwrite(str(folder / f"{count - 1:05d}.png"), shot.rgb[:, :, ::-1])
        rows = np.concatenate(
            [shot.boxes, shot.classes[:, None].astype(np.float32), shot.shares[:, None]], axis=1
        )
        entries[f"{count - 1:05d}_{shot.seed}"] = rows
        if count % 200 == 0:
            say(f"{count} pictures")
    np.savez_compressed(folder / LABELS, **entries)  # type: ignore[arg-type]
    return count


def read_set(folder: Path) -> list[LabeledImage]:
    """What `write_set` wrote. Errors: OSError where it is not there or not complete."""
    out = []
    with np.load(folder / LABELS) as labels:
        for key in sorted(labels.files):
            name, seed = key.split("_")
            picture = cv2.imread(str(folder / f"{name}.png"))
            if picture is None:
                raise OSError(f"{folder / name}.png is missing or damaged")
            rows = labels[key]
            out.append(
                LabeledImage(
                    int(seed), np.ascontiguousarray(picture[:, :, ::-1]), rows[:, :4].astype(np.float32),
                    rows[:, 4].astype(np.int64), rows[:, 5].astype(np.float32),
                )
            )  # fmt: skip
    return out


def _world(seed: int, rng: np.random.Generator) -> Any:
    """The room of a seed with more objects than it has by itself, in places where people leave things."""
    from vla_sim.world.shapes import object_shape
    from vla_sim.world.world_generator import generate_world
    from vla_sim.world.world_spec import COLORS, ObjectSpec

    world = generate_world(seed)
    taken = [(o.x_m, o.y_m, o.z_m, object_shape(o.kind, o.size).extent_m) for o in world.objects]
    more = []
    for index in range(int(rng.integers(4, 11))):
        kind, size = str(rng.choice(CLASSES)), str(rng.choice(["small", "large"]))
        shape = object_shape(kind, size)
        spot = _free_spot(world, shape.extent_m, taken, rng)
        if spot is None:
            continue
        x, y, z = spot
        taken.append((x, y, z + shape.height_m / 2, shape.extent_m))
        more.append(
            ObjectSpec(
                f"spare_{index}", kind, str(rng.choice(list(COLORS))), size, x, y, z + shape.height_m / 2,
                float(rng.uniform(-math.pi, math.pi)),
            )
        )  # fmt: skip
    return replace(world, objects=(*world.objects, *more))


def _anywhere(world: Any, extent_m: float, rng: np.random.Generator) -> tuple[float, float, float]:
    """A spot on furniture (often), in a container, or on the floor; x, y and the height of what is below."""
    what = rng.random()
    if what < 0.15:
        return (
            float(rng.uniform(-0.45, 0.45)) * world.room_x_m,
            float(rng.uniform(-0.45, 0.45)) * world.room_y_m,
            0.0,
        )
    inside = what < 0.32
    places = [p for p in world.places if p.is_container == inside]
    place = places[int(rng.integers(len(places)))]
    reach = [max(0.0, s / 2 - extent_m - 0.01) for s in (place.size_x_m, place.size_y_m)]
    x, y = place.to_map(*(float(rng.uniform(-r, r)) for r in reach))
    return x, y, 0.018 if inside else place.height_m


def _free_spot(
    world: Any,
    extent_m: float,
    taken: Sequence[tuple[float, float, float, float]],
    rng: np.random.Generator,
) -> tuple[float, float, float] | None:
    """As `_anywhere`, but touching nothing of what is taken (x, y, z, extent); None where that is not found."""
    for _ in range(20):
        x, y, z = _anywhere(world, extent_m, rng)
        if _clear(x, y, z, extent_m, taken):
            return x, y, z
    return None


def _clear(
    x: float,
    y: float,
    z: float,
    extent_m: float,
    taken: Sequence[tuple[float, float, float, float]],
) -> bool:
    return all(
        abs(z - other_z) > 0.3 or math.hypot(x - other_x, y - other_y) > extent_m + wide
        for other_x, other_y, other_z, wide in taken
    )


def _unnamed_things(world: Any, rng: np.random.Generator) -> str:
    """Fixed geoms that are none of the classes: books, plates, cans, sticks, eggs, parcels."""
    from vla_sim.world.shapes import object_shape

    taken = [(o.x_m, o.y_m, o.z_m, object_shape(o.kind, o.size).extent_m) for o in world.objects]
    text = ""
    for _ in range(int(rng.integers(2, 8))):
        spot = _free_spot(world, 0.08, taken, rng)
        if spot is None:
            continue
        x, y, z = spot
        yaw = float(rng.uniform(-math.pi, math.pi))
        kind = int(rng.integers(6))
        size: tuple[float, ...]
        if kind == 0:
            size = (rng.uniform(0.06, 0.13), rng.uniform(0.05, 0.09), rng.uniform(0.005, 0.02))
            shape, half = "box", size[2]
        elif kind == 1:
            size = (rng.uniform(0.06, 0.12), rng.uniform(0.003, 0.008))
            shape, half = "cylinder", size[1]
        elif kind == 2:
            size = (rng.uniform(0.03, 0.05), rng.uniform(0.05, 0.08))
            shape, half = "cylinder", size[1]
        elif kind == 3:
            size = (rng.uniform(0.006, 0.012), rng.uniform(0.06, 0.12))
            shape, half = "capsule", size[0]
        elif kind == 4:
            size = (rng.uniform(0.05, 0.08), rng.uniform(0.02, 0.03), rng.uniform(0.02, 0.03))
            shape, half = "ellipsoid", size[2]
        else:
            size = (rng.uniform(0.02, 0.12), rng.uniform(0.08, 0.14), rng.uniform(0.08, 0.14))
            shape, half = "box", size[2]
        turn = f'euler="1.5708 0 {yaw:.4f}"' if kind == 3 else f'euler="0 0 {yaw:.4f}"'
        sizes = " ".join(f"{v:.4f}" for v in size)
        color = " ".join(f"{v:.3f}" for v in _color(rng))
        text += (
            f'<geom class="look" type="{shape}" size="{sizes}" pos="{x:.4f} {y:.4f} {z + half:.4f}" {turn} '
            f'rgba="{color} 1"/>'
        )
    return text


def _color(rng: np.random.Generator) -> tuple[float, float, float]:
    return colorsys.hsv_to_rgb(
        float(rng.random()), float(rng.random() ** 0.6), float(rng.uniform(0.08, 1.0))
    )


def _dress(model: Any, world: Any, rng: np.random.Generator, plain: bool) -> None:
    """Colours and lights for one picture; the model's own are kept the first time."""
    if not hasattr(world, "_own"):
        lights = (
            model.light_diffuse,
            model.light_pos,
            model.vis.headlight.ambient,
            model.vis.headlight.diffuse,
        )
        own = tuple(np.array(v) for v in (*lights, model.geom_rgba, model.mat_rgba))
        object.__setattr__(world, "_own", own)
    diffuse, position, ambient, frontal, colors, materials = world._own
    model.light_diffuse[:], model.light_pos[:] = diffuse, position
    model.vis.headlight.ambient[:], model.vis.headlight.diffuse[:] = ambient, frontal
    model.geom_rgba[:], model.mat_rgba[:] = colors, materials
    if plain or rng.random() < 0.25:
        return
    tint = rng.uniform(0.88, 1.0, 3)
    model.light_diffuse[:] *= rng.uniform(0.3, 1.7, (len(diffuse), 1)) * tint
    model.light_pos[:] += rng.uniform(-0.8, 0.8, position.shape) * (1.0, 1.0, 0.3)
    model.vis.headlight.ambient[:] = ambient * rng.uniform(0.6, 1.4)
    model.vis.headlight.diffuse[:] = frontal * rng.uniform(0.0, 2.5)
    if rng.random() < 0.5:
        model.mat_rgba[:, :3] *= rng.uniform(0.6, 1.6, (len(materials), 3))
    objects = {model.body(thing.name).id for thing in world.objects}
    wild = rng.random() < 0.5
    for body in range(model.nbody):
        first, count = int(model.body_geomadr[body]), int(model.body_geomnum[body])
        if count == 0:
            continue
        geoms = slice(first, first + count)
        if body in objects:
            if wild and rng.random() < 0.6:
                model.geom_rgba[geoms, :3] = _color(rng)
            else:
                model.geom_rgba[geoms, :3] *= rng.uniform(0.75, 1.2)
        elif wild:
            model.geom_rgba[geoms, :3] *= rng.uniform(0.6, 1.8) * rng.uniform(0.85, 1.15, 3)
    np.clip(model.geom_rgba, 0.0, 1.0, out=model.geom_rgba)


def _pose_objects(model: Any, data: Any, world: Any, rng: np.random.Generator) -> None:
    """Objects as the room has them; some moved next to or onto others, or tipped over."""
    from vla_sim.world.shapes import object_shape

    for thing in world.objects:
        half = thing.yaw_rad / 2
        data.joint(thing.name).qpos[:] = (
            thing.x_m, thing.y_m, thing.z_m, math.cos(half), 0.0, 0.0, math.sin(half),
        )  # fmt: skip
    for thing in world.objects:
        chance = rng.random()
        shape = object_shape(thing.kind, thing.size)
        joint = data.joint(thing.name)
        if chance < 0.15:
            other = world.objects[int(rng.integers(len(world.objects)))]
            where = data.joint(other.name).qpos
            wide = object_shape(other.kind, other.size)
            gap = (shape.width_m + wide.width_m) / 2 + float(rng.uniform(0.0, 0.02))
            angle = float(rng.uniform(-math.pi, math.pi))
            bottom = where[2] - wide.height_m / 2
            x, y = where[0] + gap * math.cos(angle), where[1] + gap * math.sin(angle)
            around = [
                (*data.joint(o.name).qpos[:3], object_shape(o.kind, o.size).width_m / 2)
                for o in world.objects
                if o.name not in (thing.name, other.name)
            ]
            if _clear(x, y, bottom, shape.width_m / 2, around):
                joint.qpos[:3] = (x, y, bottom + shape.height_m / 2)
        elif chance < 0.20 and thing.kind in ("block", "cup", "ball"):
            other = world.objects[int(rng.integers(len(world.objects)))]
            if other.name != thing.name and other.kind in ("block", "bowl"):
                wide = object_shape(other.kind, other.size)
                lift = wide.height_m / 2 if other.kind == "block" else -wide.height_m / 2 + 0.012
                where = data.joint(other.name).qpos
                joint.qpos[:3] = (where[0], where[1], where[2] + lift + shape.height_m / 2)
        elif chance < 0.26 and thing.kind in ("cup", "bottle"):
            bottom = joint.qpos[2] - shape.height_m / 2
            yaw = float(rng.uniform(-math.pi, math.pi)) / 2
            lying = math.sqrt(0.5)
            joint.qpos[2] = bottom + shape.width_m / 2
            joint.qpos[3:] = (
                lying * math.cos(yaw), -lying * math.sin(yaw), lying * math.cos(yaw), lying * math.sin(yaw),
            )  # fmt: skip


def _pose_robot(data: Any, world: Any, rng: np.random.Generator) -> None:
    """Before a piece of furniture, looking at it or past it; the arm stowed, or anywhere, sometimes with a thing."""
    from vla_sim.robot import kinematics
    from vla_sim.robot import robot_model as robot

    place = world.places[int(rng.integers(len(world.places)))]
    for _ in range(_SPARE_TURNS):
        if rng.random() < 0.92:
            near = place.size_y_m / 2 + robot.BASE_RADIUS_M + 0.05
            far = near + 0.4 if place.is_container else 2.1
            distance = near + max(0.0, far - near) * float(rng.random()) ** 1.4
            x, y = place.to_map(float(rng.uniform(-0.6, 0.6)) * place.size_x_m, -distance)
        else:
            x = float(rng.uniform(-0.4, 0.4)) * world.room_x_m
            y = float(rng.uniform(-0.4, 0.4)) * world.room_y_m
        locals_ = [(p, p.to_local(x, y)) for p in world.places]
        clear = all(
            math.hypot(max(abs(lx) - p.size_x_m / 2, 0.0), max(abs(ly) - p.size_y_m / 2, 0.0))
            > robot.BASE_RADIUS_M
            for p, (lx, ly) in locals_
        )
        if clear and abs(x) < world.room_x_m / 2 - 0.3 and abs(y) < world.room_y_m / 2 - 0.3:
            break
    yaw = math.atan2(place.y_m - y, place.x_m - x) + float(rng.normal(0.0, 0.25))
    target = (place.x_m, place.y_m, place.height_m)
    if rng.random() < 0.5:
        thing = world.objects[int(rng.integers(len(world.objects)))]
        target = tuple(float(v) for v in data.joint(thing.name).qpos[:3])  # type: ignore[assignment]
    c, s = math.cos(yaw), math.sin(yaw)
    dx, dy = target[0] - x, target[1] - y
    pan, tilt = kinematics.look_at(c * dx + s * dy, -s * dx + c * dy, target[2])
    stowed = rng.random() < 0.6
    values = {
        "base_x": x, "base_y": y, "base_yaw": yaw,
        "head_pan": pan + float(rng.normal(0.0, 0.12)), "head_tilt": tilt + float(rng.normal(0.0, 0.10)),
    }  # fmt: skip
    arm = {j.name: j.rest for j in robot.ARM_JOINTS}
    if not stowed:
        arm = {j.name: float(rng.uniform(j.lower, j.upper)) for j in robot.ARM_JOINTS}
        arm["shoulder_yaw"] = float(np.clip(rng.normal(0.0, 0.5), -1.5, 1.5))
        arm["wrist_pitch"] = float(rng.choice([math.pi / 2, 0.0, rng.uniform(0.0, math.pi / 2)]))
    extension, jaw = arm.pop("extension"), arm.pop("jaw")
    values.update(arm)
    values.update(
        {
            f"stage{i}": extension / robot.EXTENSION_STAGES
            for i in range(1, robot.EXTENSION_STAGES + 1)
        }
    )
    values.update({"finger_left": jaw / 2, "finger_right": jaw / 2})
    for name, value in values.items():
        data.joint(name).qpos[0] = value
    if rng.random() < 0.2:
        posture = kinematics.ArmPosture(
            arm["lift"], arm["shoulder_yaw"], extension, arm["wrist_pitch"], arm["wrist_roll"]
        )
        grip = kinematics.forward(posture)
        held = world.objects[int(rng.integers(len(world.objects)))]
        data.joint(held.name).qpos[:3] = (
            x + c * grip.x_m - s * grip.y_m, y + s * grip.x_m + c * grip.y_m, grip.z_m,
        )  # fmt: skip


def _labels(
    model: Any, data: Any, world: Any, seen: NDArray[np.int32]
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.float32]]:
    """Boxes of the visible pixels of every object of which any show."""
    owner = np.append(np.asarray(model.geom_bodyid), -1)[seen]
    boxes, classes, shares = [], [], []
    for thing in world.objects:
        mine = owner == model.body(thing.name).id
        pixels = int(np.count_nonzero(mine))
        if pixels == 0:
            continue
        rows, columns = np.nonzero(mine.any(axis=1))[0], np.nonzero(mine.any(axis=0))[0]
        whole = _outline_area(model, data, thing.name, seen.shape)
        share = min(1.0, pixels / max(whole, 1.0))
        boxes.append((columns[0], rows[0], columns[-1] + 1, rows[-1] + 1))
        good = share >= MIN_SHARE and pixels >= MIN_PIXELS
        classes.append(CLASSES.index(thing.kind) if good else IGNORED)
        shares.append(share)
    return (
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array(classes, np.int64),
        np.array(shares, np.float32),
    )


def _outline_area(model: Any, data: Any, name: str, shape: tuple[int, ...]) -> float:
    """Pixels that an object would cover with nothing before it, also beyond the picture's edge: its convex outline."""
    from vla_sim.world import mjcf

    camera = model.camera(mjcf.HEAD_CAMERA).id
    body = model.body(name).id
    points = []
    for geom in range(
        model.body_geomadr[body], model.body_geomadr[body] + model.body_geomnum[body]
    ):
        if model.geom_group[geom] != mjcf.VISUAL_GROUP:
            continue
        local = _geom_points(model, geom)
        rotation = np.asarray(data.geom_xmat[geom]).reshape(3, 3)
        points.append(local @ rotation.T + data.geom_xpos[geom])
    cloud = np.concatenate(points) - data.cam_xpos[camera]
    cloud = cloud @ np.asarray(data.cam_xmat[camera]).reshape(3, 3)
    if float(cloud[:, 2].max()) > -0.05:
        return float(np.prod(shape))
    focal = shape[0] / 2 / math.tan(math.radians(float(model.cam_fovy[camera])) / 2)
    flat = (cloud[:, :2] / -cloud[:, 2:]) * focal
    return float(cv2.contourArea(cv2.convexHull(flat.astype(np.float32))))


def _geom_points(model: Any, geom: int) -> NDArray[np.float64]:
    """Points on a geom's surface, in its own frame."""
    import mujoco

    kind, size = int(model.geom_type[geom]), np.asarray(model.geom_size[geom])
    if kind == mujoco.mjtGeom.mjGEOM_MESH:
        mesh = int(model.geom_dataid[geom])
        first, count = int(model.mesh_vertadr[mesh]), int(model.mesh_vertnum[mesh])
        vertices: NDArray[np.float64] = np.asarray(model.mesh_vert)[first : first + count]
        return vertices
    corners = np.array([(a, b, c) for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)], np.float64)
    if kind == mujoco.mjtGeom.mjGEOM_BOX:
        return np.asarray(corners * size, np.float64)
    turns = np.linspace(0, 2 * math.pi, 12, endpoint=False)
    rise = np.linspace(-math.pi / 2, math.pi / 2, 7)
    ball = np.array(
        [
            (math.cos(r) * math.cos(t), math.cos(r) * math.sin(t), math.sin(r))
            for r in rise
            for t in turns
        ]
    )
    ball *= size[0]
    if kind == mujoco.mjtGeom.mjGEOM_CAPSULE:
        return np.concatenate([np.add(ball, (0, 0, size[1])), np.subtract(ball, (0, 0, size[1]))])
    return np.asarray(ball, np.float64)
