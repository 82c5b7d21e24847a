# SPDX-License-Identifier: Apache-2.0
"""Inverse kinematics and frames: against their inverses and against MuJoCo."""

from __future__ import annotations

import math

import mujoco
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vla_sim.robot import frames
from vla_sim.robot import robot_model as robot
from vla_sim.robot.kinematics import (
    ArmPosture,
    GripPose,
    Unreachable,
    forward,
    look_at,
    solve,
    wrap_angle,
    wrap_line,
)
from vla_sim.simulation import Simulation
from vla_sim.world.world_generator import generate_world


@given(
    st.floats(0.45, 0.85), st.floats(-0.2, 0.2), st.floats(0.05, 1.0), st.floats(-math.pi, math.pi)
)
def test_whole_workspace_is_reachable_from_above(x: float, y: float, z: float, yaw: float) -> None:
    if math.hypot(x - robot.SHOULDER_X_M, y) > robot.TUBE_LENGTH_M + robot.EXTENSION_MAX_M:
        return
    posture = solve(GripPose(x, y, z, math.pi / 2, yaw))
    back = forward(posture)
    assert (back.x_m, back.y_m, back.z_m) == pytest.approx((x, y, z), abs=1e-9)
    assert abs(wrap_line(back.jaw_yaw_rad - yaw)) < 1e-9
    assert abs(posture.wrist_roll_rad) <= math.pi / 2 + 1e-9


@pytest.mark.parametrize("y", [-robot.WORKSPACE_Y_MAX_M, 0.0, robot.WORKSPACE_Y_MAX_M])
@pytest.mark.parametrize("z", [robot.WORKSPACE_Z_MIN_M, robot.WORKSPACE_Z_MAX_M])
def test_stated_workspace_is_true(y: float, z: float) -> None:
    solve(GripPose(robot.WORKSPACE_X_MIN_M, y, z))
    solve(GripPose(robot.workspace_x_max(y), y, z))


@pytest.mark.parametrize(
    ("pose", "says"),
    [
        (GripPose(1.5, 0.0, 0.5), "telescope"),
        (GripPose(0.05, 0.0, 0.5), "telescope"),
        (GripPose(0.6, 0.0, 1.2), "lift"),
        (GripPose(0.6, 0.0, -0.05), "lift"),
        (GripPose(-0.6, 0.01, 0.5), "shoulder"),
        (GripPose(0.6, 0.0, 0.5, pitch_rad=2.5), "wrist"),
    ],
)
def test_what_is_out_of_reach_says_which_joint(pose: GripPose, says: str) -> None:
    with pytest.raises(Unreachable, match=says):
        solve(pose)


@given(st.floats(-50, 50))
def test_wrapping(angle: float) -> None:
    for wrapped in (wrap_angle(angle), wrap_line(angle)):
        assert math.isclose(math.cos(2 * wrapped), math.cos(2 * angle), abs_tol=1e-9)
    assert -math.pi <= wrap_angle(angle) <= math.pi
    assert -math.pi / 2 <= wrap_line(angle) <= math.pi / 2


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    return Simulation(generate_world(1))


@pytest.mark.parametrize(
    "posture",
    [
        ArmPosture(0.7, 0.0, 0.3, math.pi / 2, 0.0),
        ArmPosture(0.9, 0.4, 0.5, 1.0, 0.7),
        ArmPosture(0.5, -0.6, 0.1, 0.2, -1.2),
    ],
)
def test_frames_agree_with_the_model(simulation: Simulation, posture: ArmPosture) -> None:
    positions = {
        "lift": posture.lift_m, "shoulder_yaw": posture.shoulder_yaw_rad,
        "extension": posture.extension_m, "wrist_pitch": posture.wrist_pitch_rad,
        "wrist_roll": posture.wrist_roll_rad, "head_pan": 0.4, "head_tilt": 0.7, "jaw": 0.05,
    }  # fmt: skip
    data = mujoco.MjData(simulation.model)
    for name, indices in simulation._joint_qpos.items():
        for index in indices:
            data.qpos[index] = positions[name] / len(indices)
    for index, value in zip(simulation._base_qpos, (0.3, -0.4, 0.9), strict=True):
        data.qpos[index] = value
    mujoco.mj_forward(simulation.model, data)
    base = frames.rotation_matrix(frames.axis_rotation("z", 0.9))
    for site, transform in (
        ("grip", frames.gripper_transform(positions)),
        ("camera", frames.camera_transform(positions)),
    ):
        expected = np.array([0.3, -0.4, 0.0]) + base @ np.array(transform.translation)
        assert data.site(site).xpos == pytest.approx(expected, abs=1e-6)
        rotation = base @ frames.rotation_matrix(transform.rotation)
        assert data.site(site).xmat.reshape(3, 3) == pytest.approx(rotation, abs=1e-6)
    grip = forward(posture)
    assert frames.gripper_transform(positions).translation == pytest.approx(
        (grip.x_m, grip.y_m, grip.z_m)
    )


@given(st.floats(0.5, 4.0), st.floats(-1.5, 1.5), st.floats(0.0, 1.2))
def test_the_head_looks_where_it_is_told(x: float, y: float, z: float) -> None:
    pan, tilt = look_at(x, y, z)
    if abs(pan) >= robot.PAN_LIMIT_RAD or not robot.TILT_MIN_RAD < tilt < robot.TILT_MAX_RAD:
        return
    camera = frames.camera_transform({"head_pan": pan, "head_tilt": tilt})
    ray = np.array([x, y, z]) - np.array(camera.translation)
    local = frames.rotation_matrix(camera.rotation).T @ ray
    assert local[0] > 0
    assert abs(math.atan2(local[1], local[0])) < 1e-6
    assert abs(math.atan2(local[2], local[0])) < 1e-6
