# SPDX-License-Identifier: Apache-2.0
"""Cameras: geometry against the model, the two ways of drawing against each other, noise."""

from __future__ import annotations

import math
import os
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import mujoco
import numpy as np
import pytest

from vla_sim.render import standing_pose
from vla_sim.robot import frames
from vla_sim.robot import robot_model as robot
from vla_sim.sensors import camera
from vla_sim.sensors.camera import GlRenderer, Picture, Renderer
from vla_sim.sensors.noise import NoiseConfig, NoiseModel
from vla_sim.sensors.picture_file import write_png
from vla_sim.sensors.raycaster import RayRenderer
from vla_sim.sensors.render_backend import Backend, BackendError, probe, select_backend
from vla_sim.simulation import Simulation
from vla_sim.world import mjcf
from vla_sim.world.world_generator import generate_world
from vla_sim.world.world_spec import COLORS

WIDTH, HEIGHT = 320, 240


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    """The robot stands before the table, head at rest, and sees everything on it."""
    simulation = Simulation(generate_world(1))
    pose = standing_pose(simulation.world, "table", 0.9)
    values = (pose.x_m, pose.y_m, pose.yaw_rad)
    for index, value in zip(simulation._base_qpos, values, strict=True):
        simulation.data.qpos[index] = value
    mujoco.mj_forward(simulation.model, simulation.data)
    return simulation


@pytest.fixture(params=["gl", "rays"])
def renderer(
    request: pytest.FixtureRequest, simulation: Simulation, backend: Backend
) -> Iterator[Renderer]:
    if request.param == "gl" and backend is Backend.RAYCAST:
        pytest.skip("no OpenGL on this machine")
    made = GlRenderer(simulation.model) if request.param == "gl" else RayRenderer(simulation.model)
    yield made
    made.close()


def project(
    simulation: Simulation, point: tuple[float, float, float]
) -> tuple[float, float, float]:
    """Pixel and depth of a map point, computed as a client would: frames and camera_info."""
    pose = simulation.real_pose()
    base = frames.rotation_matrix(frames.axis_rotation("z", pose.yaw_rad))
    local = base.T @ (np.array(point) - (pose.x_m, pose.y_m, 0.0))
    transform = frames.camera_transform(simulation.state.positions)
    rotation = frames.quaternion_multiply(transform.rotation, frames.OPTICAL_ROTATION)
    optical = frames.rotation_matrix(rotation).T @ (local - np.array(transform.translation))
    k = camera.intrinsics(robot.CAMERA_FOVY_RAD, WIDTH, HEIGHT)
    x, y, z = (float(v) for v in optical)
    return k.fx * x / z + k.cx, k.fy * y / z + k.cy, z


def test_objects_appear_where_frames_and_intrinsics_say(
    simulation: Simulation, renderer: Renderer
) -> None:
    picture = renderer.render(simulation.data, "head", WIDTH, HEIGHT)
    assert picture.rgb.shape == (HEIGHT, WIDTH, 3) and picture.rgb.dtype == np.uint8
    assert picture.depth_m.shape == (HEIGHT, WIDTH) and picture.depth_m.dtype == np.float32
    seen = 0
    for truth in simulation.objects():
        if truth.place != "table":
            continue
        u, v, z = project(simulation, truth.position)
        column, row = round(u), round(v)
        assert 0 <= column < WIDTH and 0 <= row < HEIGHT, "the head at rest sees the whole table"
        # The surface lies in front of the middle by no more than the object's radius.
        depth = float(picture.depth_m[row, column])
        assert z - 0.07 < depth < z + 0.005
        pixel = picture.rgb[row, column].astype(float)
        color = np.array(COLORS[truth.spec.color])
        if truth.spec.color != "white":
            assert np.argmax(pixel) == np.argmax(color)
        seen += 1
    assert seen >= 2


def test_edges_of_a_block_are_at_the_right_pixel(
    backend: Backend, renderer: Renderer, simulation: Simulation
) -> None:
    """Half a pixel of offset in the intrinsics would show here: the outline of the table top."""
    table = simulation.world.place("table")
    picture = renderer.render(simulation.data, "head", WIDTH, HEIGHT)
    for side in (-0.25, 0.25):
        x, y = table.to_map(side, -table.size_y_m / 2)
        u, v, z = project(simulation, (x, y, table.height_m))
        column = round(u)
        depth = picture.depth_m[:, column]
        # Below the edge the front of the board and then the floor: the depth jumps right under the board.
        board = project(simulation, (x, y, table.height_m - 0.036))[1]
        first_floor = next(r for r in range(int(v), HEIGHT) if depth[r] > z + 0.2)
        assert first_floor == pytest.approx(board, abs=2.0)


def test_sides_of_the_table_are_at_the_right_pixel(
    renderer: Renderer, simulation: Simulation
) -> None:
    table = simulation.world.place("table")
    picture = renderer.render(simulation.data, "head", WIDTH, HEIGHT)
    checked = 0
    for side in (-1, 1):
        # Halfway down the front of the board; beyond its end one sees the floor, much farther away.
        x, y = table.to_map(side * table.size_x_m / 2, -table.size_y_m / 2)
        u, v, z = project(simulation, (x, y, table.height_m - 0.018))
        if not 4 < u < WIDTH - 4:
            continue
        beyond = picture.depth_m[round(v)] > z + 0.3
        columns = np.flatnonzero(beyond[WIDTH // 2 :] if side > 0 else beyond[: WIDTH // 2])
        edge = columns[0] + WIDTH // 2 if side > 0 else columns[-1]
        assert edge == pytest.approx(u, abs=2.0)
        checked += 1
    assert checked == 2


def test_gl_and_rays_agree(simulation: Simulation, backend: Backend) -> None:
    if backend is Backend.RAYCAST:
        pytest.skip("no OpenGL on this machine")
    gl = GlRenderer(simulation.model)
    a = gl.render(simulation.data, "head", WIDTH, HEIGHT)
    gl.close()
    b = RayRenderer(simulation.model).render(simulation.data, "head", WIDTH, HEIGHT)
    both = np.isfinite(a.depth_m) & np.isfinite(b.depth_m)
    assert both.mean() > 0.97
    error = np.abs(a.depth_m - b.depth_m)[both]
    assert np.median(error) < 0.004
    assert (error < 0.03).mean() > 0.95


def test_the_stowed_arm_is_not_in_the_picture(simulation: Simulation, renderer: Renderer) -> None:
    picture = renderer.render(simulation.data, "head", WIDTH, HEIGHT)
    assert np.nanmin(picture.depth_m) > 0.6


def test_the_overview_shows_room_and_robot(simulation: Simulation, renderer: Renderer) -> None:
    picture = renderer.render(simulation.data, mjcf.OVERVIEW_CAMERA, 320, 240)
    assert picture.rgb.std() > 20
    assert 2.0 < np.nanmin(picture.depth_m) < 7.0


def test_the_geoms_in_the_picture_are_those_that_rays_hit(
    simulation: Simulation, backend: Backend
) -> None:
    if backend is Backend.RAYCAST:
        pytest.skip("no OpenGL on this machine")
    model, data = simulation.model, simulation.data
    renderer = GlRenderer(model)
    try:
        before = renderer.render(data, "head", WIDTH, HEIGHT)
        ids = renderer.geom_ids(data, "head", WIDTH, HEIGHT)
        after = renderer.render(data, "head", WIDTH, HEIGHT)
    finally:
        renderer.close()
    assert ids.shape == (HEIGHT, WIDTH) and ids.min() >= -1 and ids.max() < model.ngeom
    assert np.array_equal(before.rgb, after.rgb)  # drawing numbers leaves nothing behind
    k = camera.intrinsics(robot.CAMERA_FOVY_RAD, WIDTH, HEIGHT)
    camera_id = model.camera("head").id
    origin, turn = (
        np.array(data.cam_xpos[camera_id]),
        np.array(data.cam_xmat[camera_id]).reshape(3, 3),
    )
    groups = np.zeros(6, np.uint8)
    groups[list(camera.ROBOT_GROUPS)] = 1
    hit, seen, same = np.zeros(1, np.int32), set(), 0
    pixels = [(x, y) for x in range(4, WIDTH, 13) for y in range(4, HEIGHT, 13)]
    for x, y in pixels:
        ray = turn @ np.array([(x - k.cx) / k.fx, -(y - k.cy) / k.fy, -1.0])
        mujoco.mj_ray(model, data, origin, ray / np.linalg.norm(ray), groups, 1, -1, hit, None)
        same += int(ids[y, x]) == int(hit[0])
        seen.add(int(ids[y, x]))
    assert same / len(pixels) > 0.97 and len(seen) > 8


def test_a_forgotten_renderer_is_noticed(simulation: Simulation, backend: Backend) -> None:
    if backend is Backend.RAYCAST:
        pytest.skip("no OpenGL on this machine")
    first = GlRenderer(simulation.model)
    try:
        with pytest.raises(RuntimeError, match="close"):
            GlRenderer(simulation.model)
    finally:
        first.close()


def flat(depth_m: float = 1.0, gray: int = 128) -> Picture:
    return Picture(
        np.full((HEIGHT, WIDTH, 3), gray, np.uint8), np.full((HEIGHT, WIDTH), depth_m, np.float32)
    )


SILENT = NoiseConfig(depth_sigma_m=0.0, color_sigma=0.0, exposure_sigma=0.0, edge_holes=0.0)


def test_no_noise_changes_nothing() -> None:
    picture = NoiseModel(SILENT, 0).apply(flat())
    assert (picture.rgb == 128).all() and (picture.depth_m == 1.0).all()


@pytest.mark.parametrize("distance", [1.0, 2.0, 4.0])
def test_depth_noise_grows_with_the_square(distance: float) -> None:
    config = NoiseConfig(0.002, 0.0, 0.0, 0.0)
    noisy = NoiseModel(config, 1).apply(flat(distance)).depth_m
    assert float(noisy.std()) == pytest.approx(0.002 * distance**2, rel=0.1)
    assert float(noisy.mean()) == pytest.approx(distance, abs=0.001)


def test_color_noise_and_exposure() -> None:
    noisy = NoiseModel(NoiseConfig(0.0, 4.0, 0.0, 0.0), 1).apply(flat()).rgb
    assert float(noisy.std()) == pytest.approx(4.0, rel=0.1)
    assert float(noisy.mean()) == pytest.approx(128.0, abs=0.5)
    model = NoiseModel(NoiseConfig(0.0, 0.0, 0.1, 0.0), 1)
    means = [float(model.apply(flat()).rgb.mean()) for _ in range(300)]
    assert 4.0 < float(np.std(means)) < 25.0
    steps = np.abs(np.diff(means))
    assert float(np.median(steps)) < float(np.std(means)), "it wanders, it does not flicker"


def test_holes_are_at_edges_only() -> None:
    picture = flat()
    picture.depth_m[:, 100:] = 2.0
    holes = np.isnan(NoiseModel(NoiseConfig(0.0, 0.0, 0.0, 0.5), 1).apply(picture).depth_m)
    assert 0.3 * HEIGHT < holes[:, 100].sum() < 0.7 * HEIGHT
    holes[:, 100] = False
    assert not holes.any()


@pytest.mark.parametrize("distance", [0.1, 9.0])
def test_out_of_range_has_no_depth(distance: float) -> None:
    assert np.isnan(NoiseModel(SILENT, 0).apply(flat(distance)).depth_m).all()


def test_same_seed_same_noise() -> None:
    a, b, c = (NoiseModel(NoiseConfig(), seed).apply(flat()) for seed in (3, 3, 4))
    assert (a.rgb == b.rgb).all()
    assert not (a.rgb == c.rgb).all()


def test_unknown_backend_is_refused() -> None:
    with pytest.raises(BackendError, match="known are auto, egl, osmesa, raycast"):
        select_backend("vulkan")


def test_a_backend_that_breaks_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vla_sim.sensors.render_backend._PROBE", "import os; os.abort()")
    assert probe(Backend.EGL)
    assert probe(Backend.RAYCAST) == ""
    before = dict(os.environ)
    with pytest.raises(BackendError, match="libegl1"):
        select_backend("egl")
    assert dict(os.environ) == before


def test_auto_falls_back_to_rays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "vla_sim.sensors.render_backend.probe",
        lambda b: "" if b is Backend.RAYCAST else "no driver",
    )
    monkeypatch.setattr("vla_sim.sensors.render_backend._set_environment", lambda b: None)
    chosen, reason = select_backend("auto")
    assert chosen is Backend.RAYCAST
    assert "egl does not work (no driver)" in reason


def test_picture_files_are_png(tmp_path: Path) -> None:
    rgb = np.arange(4 * 3 * 3, dtype=np.uint8).reshape(4, 3, 3)
    path = tmp_path / "a.png"
    write_png(path, rgb)
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", data[16:24])
    assert (width, height) == (3, 4)
    start = data.index(b"IDAT") + 4
    size = struct.unpack(">I", data[start - 8 : start - 4])[0]
    rows = np.frombuffer(zlib.decompress(data[start : start + size]), np.uint8).reshape(4, 10)
    assert (rows[:, 1:].reshape(4, 3, 3) == rgb).all()
    with pytest.raises(ValueError, match="uint8"):
        write_png(path, rgb.astype(np.float32))


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--seed", "2", "--at", "shelf", "--camera", "head", "--backend", "raycast"], 0),
        (["--seed", "2", "--at", "sofa"], 1),
        (["--world", "missing.yaml"], 1),
        (["--backend", "vulkan"], 1),
    ],
)
def test_render_command(tmp_path: Path, arguments: list[str], code: int) -> None:
    out = tmp_path / "world.png"
    size = ["--width", "160", "--height", "120"]
    done = subprocess.run(
        [sys.executable, "-m", "vla_sim.render", "--out", str(out), *size, *arguments],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    assert out.exists() == (code == 0)
    if code:
        assert len(done.stderr.strip().splitlines()) == 1, "a sentence, no traceback"


def test_camera_of_the_model_has_the_stated_field_of_view(simulation: Simulation) -> None:
    fovy = float(simulation.model.cam_fovy[simulation.model.camera("head").id])
    assert math.radians(fovy) == pytest.approx(robot.CAMERA_FOVY_RAD)
