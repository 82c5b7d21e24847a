# SPDX-License-Identifier: Apache-2.0
"""The running world: MuJoCo state, the robot's controllers and what the robot can be asked to do.

Decides how controllers, physics, odometry and faults work together in one step. Everything here belongs to one thread;
``runner`` carries requests in and snapshots out. Time is simulated time from 0 and comes from the physics.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_common.contracts.outcomes import Code, Result, VlaError
from vla_sim.faults import Faults
from vla_sim.robot import robot_model as robot
from vla_sim.robot.arm_motion import ArmMotion
from vla_sim.robot.base_control import SILENCE_TIMEOUT_S, BaseController, Pose2D, Velocity
from vla_sim.robot.grid_planner import GridPlanner, KeepOut, Rectangle
from vla_sim.robot.head import Head
from vla_sim.robot.manipulation import ArmState, Manipulator, Operation, Target
from vla_sim.robot.navigation import BaseState, Navigator
from vla_sim.sensors.lidar import Lidar
from vla_sim.world import ground_truth, mjcf
from vla_sim.world.world_spec import WorldSpec

SETTLE_TIME_S = 1.2
SETTLED_SPEED = 0.05
MOVING_MPS = 0.03
MOVING_RADPS = 0.05
FOLDED_M = 0.03
"""Telescope farther out than this: not fit for driving."""


@dataclass(frozen=True)
class RobotState:
    """A snapshot of what the robot's sensors say, and of the simulated time.

    ``odometry`` is base_link in odom; ``map_from_odom`` what the localisation believes. Joint positions in m or rad.
    """

    time_s: float
    odometry: Pose2D
    map_from_odom: Pose2D
    velocity: Velocity
    positions: Mapping[str, float]
    speeds: Mapping[str, float]
    arm_speed: float
    holding: bool
    jaw_width_m: float

    @property
    def pose(self) -> Pose2D:
        """base_link in the map, as believed."""
        return self.map_from_odom.compose(self.odometry)


@dataclass(frozen=True)
class Finished:
    """Results of what ended in a step; None for what did not."""

    navigation: Result | None = None
    manipulation: Result | None = None
    head: Result | None = None


class Simulation:
    """One world with the robot in it. Not thread-safe."""

    def __init__(
        self,
        world: WorldSpec,
        faults: Faults | None = None,
        cmd_vel_timeout_s: float = SILENCE_TIMEOUT_S,
    ) -> None:
        """Args:
            cmd_vel_timeout_s: how long a velocity command holds when no other follows.

        Raises:
            VlaError: INVALID_CONFIG when the world cannot be simulated (objects that never come to rest).
        """
        self.world = world
        self.faults = faults or Faults()
        try:
            self.model = mujoco.MjModel.from_xml_string(mjcf.world_xml(world))
        except ValueError as error:
            raise VlaError(Code.INVALID_CONFIG, f"the world cannot be built: {error}") from error
        self.data = mujoco.MjData(self.model)
        self.motion = ArmMotion()
        self.manipulator = Manipulator(self.motion, self.faults.grasp_slips)
        self.navigator = Navigator(_planner(world))
        self.head = Head(self.motion)
        self.lidar = Lidar(self.model)
        start = Pose2D(world.start.x_m, world.start.y_m, world.start.yaw_rad)
        self.base = BaseController(start, cmd_vel_timeout_s)
        self._map_from_odom = start
        self._odometry = Pose2D()
        self._folding = False
        self._index()
        self._place_robot(start)
        self._real_before = start
        self._settle()
        self._state = self._read()

    # What the robot can be asked.

    @property
    def state(self) -> RobotState:
        """The newest snapshot."""
        return self._state

    @property
    def time_s(self) -> float:
        """Simulated time."""
        return float(self.data.time)

    def command_velocity(self, velocity: Velocity) -> None:
        """Take a velocity command. While navigating only zero counts: it ends the navigation.

        Raises:
            ValueError: on NaN or infinity.
        """
        if not velocity.is_finite:
            raise ValueError("the velocity command contains NaN or infinity")
        if self.navigator.busy:
            if velocity.is_zero:
                self.navigator.abort(Result(Code.STOPPED, "stopped by a zero velocity command"))
            return
        self.base.command(velocity, self.time_s)

    def start_navigation(self, goal: Pose2D) -> Result:
        """Drive to a pose in the map (as believed); an arm that reaches out is folded first."""
        if self.manipulator.busy:
            return Result(Code.RESOURCE_BUSY, "the arm is working; the base must not move now")
        started = self.navigator.start(goal, self._base_state())
        if started.ok and self._state.positions["extension"] > FOLDED_M:
            # A canceled grasp leaves the arm out over the furniture: swinging it round would sweep the table.
            self.manipulator.start(Operation.STOW, Target(0.0, 0.0, 0.0), self._arm_state())
            self._folding = True
        return started

    def keep_out(self, zones: KeepOut | None) -> None:
        """Cells of the map that ways of navigation leave out from the next goal on."""
        self.navigator.use(_planner(self.world, zones))

    def start_manipulation(self, operation: Operation, target: Target) -> Result:
        """Pick, place, stow or release; the target is in base_link."""
        if self.navigator.busy:
            return Result(Code.RESOURCE_BUSY, "the base is driving; the arm must not work now")
        v = self._state.velocity
        moving = math.hypot(v.vx_mps, v.vy_mps) > MOVING_MPS or abs(v.wz_radps) > MOVING_RADPS
        if moving and operation in (Operation.PICK, Operation.PLACE):
            return Result(Code.PRECONDITION_FAILED, "the base is moving; it must stand still first")
        return self.manipulator.start(operation, target, self._arm_state())

    def move_object(self, name: str, x_m: float, y_m: float, z_m: float, yaw_rad: float) -> None:
        """Put an object somewhere by hand (map frame, its middle).

        Raises:
            VlaError: INVALID_REQUEST for an unknown object or an impossible pose.
        """
        if name not in {thing.name for thing in self.world.objects}:
            raise VlaError(Code.INVALID_REQUEST, f"there is no object {name!r}")
        if not all(math.isfinite(v) for v in (x_m, y_m, z_m, yaw_rad)):
            raise VlaError(Code.INVALID_REQUEST, "the object's new pose contains NaN or infinity")
        if (
            abs(x_m) > self.world.room_x_m / 2
            or abs(y_m) > self.world.room_y_m / 2
            or not 0.0 <= z_m <= 2.4
        ):
            raise VlaError(Code.INVALID_REQUEST, "the object's new pose lies outside the room")
        joint = self.data.joint(name)
        joint.qpos[:] = (x_m, y_m, z_m, math.cos(yaw_rad / 2), 0.0, 0.0, math.sin(yaw_rad / 2))
        joint.qvel[:] = 0.0
        mujoco.mj_forward(self.model, self.data)

    # Stepping.

    def continue_from(self, time_s: float) -> None:
        """Let simulated time go on from a former world's."""
        self.data.time = time_s
        self._state = self._read()

    def step(self) -> Finished:
        """Advance by one time step (``mjcf.TIMESTEP_S``)."""
        dt = mjcf.TIMESTEP_S
        self.navigator.blocked = self.faults.navigation_blocked > 0
        navigation = manipulation = None
        if self._folding:
            self._fold()
        elif self.navigator.busy:
            velocity, navigation = self.navigator.step(self._base_state())
            self.base.command(velocity, self.time_s)
        elif self.manipulator.busy:
            manipulation = self.manipulator.step(self._arm_state())
        head = self.head.step(self.time_s, self._state.positions) if self.head.busy else None
        self.motion.step(dt)
        self._apply(dt)
        mujoco.mj_step(self.model, self.data)
        self._update_odometry()
        self._state = self._read()
        return Finished(navigation, manipulation, head)

    def run(self, duration_s: float) -> None:
        """Advance without asking for results; for tests and studies."""
        for _ in range(round(duration_s / mjcf.TIMESTEP_S)):
            self.step()

    # Truth, for verdicts, tests and sensors.

    def real_pose(self) -> Pose2D:
        """base_link in the map as it really is."""
        x, y, yaw = (float(self.data.qpos[i]) for i in self._base_qpos)
        return Pose2D(x, y, yaw)

    def scan(self) -> NDArray[np.float32]:
        """What the distance sensor sees now; see ``lidar``."""
        return self.lidar.scan(self.data, self.real_pose())

    def objects(self) -> list[ground_truth.ObjectTruth]:
        """All objects as they really are."""
        return ground_truth.objects_truth(self.model, self.data, self.world)

    # Inside.

    def _index(self) -> None:
        def qpos(name: str) -> int:
            return int(self.model.joint(name).qposadr[0])

        def qvel(name: str) -> int:
            return int(self.model.joint(name).dofadr[0])

        def ctrl(name: str) -> int:
            return int(self.model.actuator(name).id)

        base = ("base_x", "base_y", "base_yaw")
        self._base_qpos = [qpos(n) for n in base]
        self._base_qvel = [qvel(n) for n in base]
        self._base_ctrl = [ctrl(n) for n in base]
        single = ("lift", "shoulder_yaw", "wrist_pitch", "wrist_roll", "head_pan", "head_tilt")
        stages = [f"stage{i}" for i in range(1, robot.EXTENSION_STAGES + 1)]
        fingers = ["finger_left", "finger_right"]
        groups = {**{n: [n] for n in single}, "extension": stages, "jaw": fingers}
        self._joint_qpos = {n: [qpos(j) for j in js] for n, js in groups.items()}
        self._joint_qvel = {n: [qvel(j) for j in js] for n, js in groups.items()}
        self._joint_ctrl = {n: [ctrl(n)] for n in (*single, "jaw")}
        self._joint_ctrl["extension"] = [ctrl(s) for s in stages]

    def _place_robot(self, start: Pose2D) -> None:
        for index, value in zip(
            self._base_qpos, (start.x_m, start.y_m, start.yaw_rad), strict=True
        ):
            self.data.qpos[index] = value
        for name, indices in self._joint_qpos.items():
            for index in indices:
                self.data.qpos[index] = self.motion.axes[name].position / len(indices)

    def _settle(self) -> None:
        """Let everything come to rest before the robot's time begins."""
        for _ in range(round(SETTLE_TIME_S / mjcf.TIMESTEP_S)):
            self._apply(mjcf.TIMESTEP_S)
            mujoco.mj_step(self.model, self.data)
        for thing in self.world.objects:
            speed = float(np.abs(self.data.joint(thing.name).qvel).max())
            if speed > SETTLED_SPEED:
                raise VlaError(
                    Code.INVALID_CONFIG,
                    f"object {thing.name!r} does not come to rest ({speed:.2f} m/s)",
                )
        self.data.time = 0.0
        mujoco.mj_forward(self.model, self.data)
        self._real_before = self.real_pose()

    def _fold(self) -> None:
        """Fold the arm before a drive; its result goes to the drive."""
        self.base.command(Velocity(), self.time_s)
        if self.navigator.ending:
            self.manipulator.cancel()
        folded = self.manipulator.step(self._arm_state())
        if folded is not None:
            self._folding = False
            self.navigator.resume(self._base_state())
            if not folded.ok:
                self.navigator.abort(folded)

    def _apply(self, dt: float) -> None:
        ctrl = self.data.ctrl
        for index, value in zip(
            self._base_ctrl, self.base.step(self.time_s, dt, self.real_pose()), strict=True
        ):
            ctrl[index] = value
        for name, indices in self._joint_ctrl.items():
            value = self.motion.control(name) / len(indices)
            for index in indices:
                ctrl[index] = value

    def _update_odometry(self) -> None:
        real = self.real_pose()
        moved = self._real_before.inverse().compose(real)
        if self.faults.odometry_drift:
            way = math.hypot(moved.x_m, moved.y_m)
            moved = Pose2D(moved.x_m, moved.y_m + self.faults.odometry_drift * way, moved.yaw_rad)
        self._odometry = self._odometry.compose(moved)
        self._real_before = real

    def _read(self) -> RobotState:
        q, v = self.data.qpos, self.data.qvel
        positions = {n: float(sum(q[i] for i in js)) for n, js in self._joint_qpos.items()}
        speeds = {n: float(sum(v[i] for i in js)) for n, js in self._joint_qvel.items()}
        vx, vy, wz = (float(v[i]) for i in self._base_qvel)
        yaw = float(q[self._base_qpos[2]])
        cos, sin = math.cos(yaw), math.sin(yaw)
        velocity = Velocity(cos * vx + sin * vy, -sin * vx + cos * vy, wz)
        arm = ArmState(self.time_s, positions, 0.0, positions["jaw"])
        arm_speed = max(abs(speeds[s.name]) for s in robot.ARM_JOINTS if s.name != "jaw")
        return RobotState(
            self.time_s, self._odometry, self._map_from_odom, velocity, positions, speeds, arm_speed,
            self.manipulator.holding(arm), positions["jaw"],
        )  # fmt: skip

    def _base_state(self) -> BaseState:
        return BaseState(self._state.time_s, self._state.pose, self._state.velocity)

    def _arm_state(self) -> ArmState:
        s = self._state
        return ArmState(s.time_s, s.positions, s.arm_speed, s.jaw_width_m)


def _planner(world: WorldSpec, keep_out: KeepOut | None = None) -> GridPlanner:
    rectangles = [Rectangle(p.x_m, p.y_m, p.yaw_rad, p.size_x_m, p.size_y_m) for p in world.places]
    return GridPlanner(world.room_x_m, world.room_y_m, rectangles, keep_out)
