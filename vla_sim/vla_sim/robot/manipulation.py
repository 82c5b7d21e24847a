# SPDX-License-Identifier: Apache-2.0
"""Pick, place, stow and release as state machines that are stepped.

Decides the order of the arm's movements, what counts as a grasp (the measured opening of the jaw, as on a real
gripper: no ground truth), when to give up, and how to hold still on cancel. It does not move joints itself: set points
go to ``arm_motion``; it does not know the map: goals are in base_link.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from enum import IntEnum

from vla_common.contracts.outcomes import OK, Code, Result
from vla_sim.robot import grasp
from vla_sim.robot import robot_model as robot
from vla_sim.robot.arm_motion import ArmMotion, posture_targets
from vla_sim.robot.grasp import GraspPlan
from vla_sim.robot.kinematics import ArmPosture, Unreachable

HELD_WIDTH_M = 0.008
"""A closed jaw this wide or wider has something in it. The thinnest graspable part, a bottle's neck, is 31 mm."""
STILL_SPEED = 0.02
"""Every arm joint slower than this (m/s or rad/s) counts as standing still."""
STILL_TIME_S = 0.10
LOWERING_SPEED = 0.35
CONTACT_ERROR_M = 0.004
"""Lift servo error that means contact while lowering: 36 N."""
SETTLE_TIME_S = 0.15
CLOSE_TIME_S = 0.45
MOVE_TIMEOUT_S = 12.0
ARRIVED_TOLERANCE = {
    "lift": 0.006, "shoulder_yaw": 0.02, "extension": 0.010, "wrist_pitch": 0.04, "wrist_roll": 0.06, "jaw": 0.02,
}  # fmt: skip


class Operation(IntEnum):
    """Numbers of vla_interfaces/action/Manipulate."""

    PICK = 0
    PLACE = 1
    STOW = 2
    RELEASE = 3


class Phase(IntEnum):
    """Numbers of the feedback of vla_interfaces/action/Manipulate."""

    APPROACHING = 0
    GRASPING = 1
    LIFTING = 2
    LOWERING = 3
    RELEASING = 4
    RETRACTING = 5
    STOWING = 6


@dataclass(frozen=True)
class Target:
    """A pose and an extent in base_link; the extent along the pose's own axes. Metres, radians."""

    x_m: float
    y_m: float
    z_m: float
    yaw_rad: float = 0.0
    size_x_m: float = 0.0
    size_y_m: float = 0.0
    size_z_m: float = 0.0


@dataclass(frozen=True)
class ArmState:
    """What the arm's sensors say: positions by joint name, the greatest joint speed (jaw apart), the jaw's opening."""

    time_s: float
    positions: Mapping[str, float]
    max_speed: float
    jaw_width_m: float


@dataclass(frozen=True)
class Progress:
    """For feedback: what is being done and how far it is, 0 to 1."""

    phase: Phase
    fraction: float


class _Failed(Exception):
    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.result = Result(code, message)


Steps = Generator[None, None, None]


class Manipulator:
    """One manipulation at a time: :meth:`start`, then :meth:`step` every control step until it returns a result."""

    def __init__(self, motion: ArmMotion, slips: Callable[[], bool] = lambda: False) -> None:
        """Args:
        motion: set points of the arm.
        slips: asked once per grasp; true makes it slip out while lifting (fault injection).
        """
        self._motion = motion
        self._slips = slips
        self._run: Steps | None = None
        self._state: ArmState | None = None
        self._canceled = False
        self._still_since_s: float | None = None
        self._bottom_offset_m = 0.0
        self.progress = Progress(Phase.STOWING, 0.0)

    @property
    def busy(self) -> bool:
        """Whether an operation runs."""
        return self._run is not None

    def holding(self, state: ArmState) -> bool:
        """Whether the jaw was closed on something, by its opening."""
        closed = self._motion.axes["jaw"].target < HELD_WIDTH_M
        return closed and state.jaw_width_m >= HELD_WIDTH_M

    def start(self, operation: Operation, target: Target, state: ArmState) -> Result:
        """Begin an operation.

        Returns:
            OK when it runs now; otherwise why it was refused, without any movement.
        """
        if self.busy:
            return Result(Code.RESOURCE_BUSY, "the arm is busy with another operation")
        numbers = (
            target.x_m,
            target.y_m,
            target.z_m,
            target.yaw_rad,
            target.size_x_m,
            target.size_y_m,
            target.size_z_m,
        )
        if not all(math.isfinite(n) for n in numbers):
            return Result(Code.INVALID_REQUEST, "the target contains NaN or infinity")
        holding = self.holding(state)
        self._state = state
        try:
            if operation is Operation.PICK:
                if holding:
                    return Result(Code.PRECONDITION_FAILED, "the gripper already holds something")
                self._run = self._pick(grasp.plan_pick(target))
            elif operation is Operation.PLACE:
                if not holding:
                    return Result(Code.PRECONDITION_FAILED, "the gripper holds nothing to put down")
                self._run = self._place(*self._plan_place(target, state))
            elif operation is Operation.STOW:
                self._run = self._stow_only()
            else:
                self._run = self._release_only()
        except grasp.CannotGrasp as error:
            return Result(Code.GRASP_FAILED, str(error))
        except Unreachable as error:
            return Result(Code.UNREACHABLE, f"the arm does not reach the target: {error}")
        self._canceled = False
        self._still_since_s = None
        return OK

    def cancel(self) -> None:
        """Stop the arm where it is; the jaw keeps its grip. :meth:`step` reports CANCELED once it stands still."""
        if self.busy and not self._canceled:
            self._canceled = True
            self._motion.hold_arm()

    def step(self, state: ArmState) -> Result | None:
        """Advance; returns the result when the operation has ended, else None."""
        if self._run is None:
            return None
        self._state = state
        if self._canceled:
            if not self._standing_still(state):
                return None
            self._run = None
            return Result(Code.CANCELED, "canceled; the arm holds still")
        try:
            next(self._run)
        except StopIteration:
            self._run = None
            return OK
        except _Failed as failure:
            self._run = None
            self._motion.hold_arm()
            return failure.result
        return None

    def _standing_still(self, state: ArmState) -> bool:
        if state.max_speed > STILL_SPEED:
            self._still_since_s = None
            return False
        if self._still_since_s is None:
            self._still_since_s = state.time_s
        return state.time_s - self._still_since_s >= STILL_TIME_S

    # The operations. Each yield waits for the next control step.

    def _pick(self, plans: tuple[GraspPlan, ...]) -> Steps:
        plan = plans[0]
        # An open jaw first: it may have been left closed by a failed grasp.
        self._report(Phase.APPROACHING, 0.02)
        self._motion.go({"jaw": plan.opening_m})
        yield from self._rise(plan.above.lift_m)
        for attempt, plan in enumerate(plans):
            self._report(Phase.APPROACHING, 0.15)
            yield from self._move({**posture_targets(plan.above), "jaw": plan.opening_m})
            self._report(Phase.GRASPING, 0.35)
            blocked = yield from self._lower(plan.grasp)
            if not blocked:
                break
            # A handle, most likely. Nothing has been squeezed yet, so that another direction is worth a try.
            yield from self._rise(plan.above.lift_m)
            if attempt == len(plans) - 1:
                yield from self._withdraw(plan.above.lift_m)
                raise _Failed(
                    Code.GRASP_FAILED, "the hand touched something before it was around the object"
                )
        yield from self._close()
        width = self._now.jaw_width_m
        if width < HELD_WIDTH_M:
            yield from self._withdraw(plan.above.lift_m)
            raise _Failed(
                Code.GRASP_FAILED, f"the jaw closed on nothing (opening {width * 1000:.0f} mm)"
            )
        self._bottom_offset_m = plan.bottom_offset_m
        self._report(Phase.LIFTING, 0.6)
        if self._slips():
            yield from self._slip(plan)
        yield from self._move({"lift": plan.above.lift_m})
        self._check_held("while lifting")
        self._report(Phase.RETRACTING, 0.75)
        yield from self._retract(0.9)
        self._check_held("on the way back")

    def _plan_place(self, target: Target, state: ArmState) -> tuple[ArmPosture, ArmPosture]:
        """Postures above the target and at it."""
        offset = self._bottom_offset_m
        z = target.z_m + offset + grasp.PLACE_GAP_M
        low = grasp.best_posture(target.x_m, target.y_m, z, None)
        travel_z = min(z + grasp.PLACE_TRAVEL_M, robot.LIFT_MAX_M - robot.HAND_LENGTH_M)
        if travel_z < z + 0.03:
            raise Unreachable("there is no room above the target to come in from")
        return grasp.best_posture(target.x_m, target.y_m, travel_z, None), low

    def _place(self, above: ArmPosture, low: ArmPosture) -> Steps:
        self._report(Phase.APPROACHING, 0.02)
        yield from self._rise(above.lift_m)
        self._report(Phase.APPROACHING, 0.2)
        yield from self._move(posture_targets(above))
        if not self.holding(self._now):
            yield from self._retract(0.8)
            raise _Failed(Code.PLACE_FAILED, "the object slipped out of the gripper on the way")
        self._report(Phase.LOWERING, 0.45)
        yield from self._lower(low)
        if not self.holding(self._now):
            yield from self._withdraw(above.lift_m)
            raise _Failed(Code.PLACE_FAILED, "the object slipped out of the gripper while lowering")
        yield from self._wait(SETTLE_TIME_S)
        self._report(Phase.RELEASING, 0.6)
        yield from self._open()
        self._report(Phase.RETRACTING, 0.7)
        yield from self._move({"lift": above.lift_m})
        yield from self._retract(0.8)

    def _stow_only(self) -> Steps:
        held = self.holding(self._now)
        self._report(Phase.RETRACTING, 0.05)
        if self._now.positions["extension"] > 0.03:
            yield from self._rise(self._now.positions["lift"] + grasp.PLACE_TRAVEL_M)
        yield from self._retract(0.4)
        if held:
            self._check_held("while stowing")

    def _release_only(self) -> Steps:
        self._report(Phase.RELEASING, 0.1)
        yield from self._open()

    # Pieces of operations.

    def _rise(self, lift_m: float) -> Steps:
        """Lift first, straight up, never down, so that nothing beside the arm is swept away."""
        wanted = min(max(lift_m, self._now.positions["lift"]), robot.LIFT_MAX_M)
        yield from self._move({"lift": wanted})

    def _retract(self, fraction: float) -> Steps:
        """Telescope in, arm ahead, then down to the stow height."""
        yield from self._move({"extension": 0.0})
        self._report(Phase.STOWING, fraction)
        rest = {
            spec.name: spec.rest for spec in robot.ARM_JOINTS if spec.name not in ("jaw", "lift")
        }
        yield from self._move(rest)
        yield from self._move({"lift": robot.STOW_LIFT_M})
        self._report(Phase.STOWING, 1.0)

    def _withdraw(self, lift_m: float) -> Steps:
        """Leave a failed attempt: open, up, back."""
        self._report(Phase.RETRACTING, 0.7)
        yield from self._open()
        yield from self._rise(lift_m)
        yield from self._retract(0.9)

    def _lower(self, posture: ArmPosture) -> Generator[None, None, bool]:
        """Go down to a posture; true when contact stopped it early. The lift then rests where it is."""
        targets = posture_targets(posture)
        axis = self._motion.axes["lift"]
        self._motion.go(targets, LOWERING_SPEED)
        started_s = self._now.time_s
        while not self._motion.done(targets):
            if axis.position - self._now.positions["lift"] < -CONTACT_ERROR_M:
                axis.velocity = 0.0
                axis.position = self._now.positions["lift"]
                axis.go(axis.position)
                return True
            self._check_time(started_s, "lowering")
            yield
        yield from self._wait(SETTLE_TIME_S)
        return False

    def _close(self) -> Steps:
        self._motion.go({"jaw": 0.0})
        yield from self._until_set_points_rest(("jaw",))
        yield from self._wait(CLOSE_TIME_S)

    def _open(self) -> Steps:
        """Open by as much as frees the object without sweeping its neighbours away."""
        width = self._now.jaw_width_m
        self._motion.axes["jaw"].position = width
        self._motion.go({"jaw": min(robot.JAW_MAX_M, width + grasp.JAW_MARGIN_M)})
        self._bottom_offset_m = 0.0
        yield from self._until_set_points_rest(("jaw",))
        yield from self._wait(SETTLE_TIME_S)

    def _slip(self, plan: GraspPlan) -> Steps:
        """The injected fault: lose the object a little above the surface."""
        yield from self._move({"lift": plan.grasp.lift_m + 0.03})
        self._motion.axes["jaw"].position = self._now.jaw_width_m
        self._motion.go({"jaw": plan.opening_m})
        yield from self._until_set_points_rest(("jaw",))
        yield from self._wait(0.3)
        yield from self._move({"lift": plan.above.lift_m})
        yield from self._close()

    def _check_held(self, when: str) -> None:
        if not self.holding(self._now):
            width = self._now.jaw_width_m
            raise _Failed(
                Code.GRASP_FAILED, f"the object slipped out {when} (opening {width * 1000:.0f} mm)"
            )

    def _move(self, targets: Mapping[str, float]) -> Steps:
        """Move joints and wait until they have measurably arrived."""
        self._motion.go(targets)
        started_s = self._now.time_s
        while True:
            yield
            if self._motion.done(targets):
                wrong = [
                    name
                    for name in targets
                    if abs(self._now.positions[name] - self._motion.axes[name].target)
                    > ARRIVED_TOLERANCE[name]
                ]
                if not wrong:
                    return
            self._check_time(started_s, "moving")

    def _until_set_points_rest(self, names: tuple[str, ...]) -> Steps:
        started_s = self._now.time_s
        while not self._motion.done(names):
            self._check_time(started_s, "moving the jaw")
            yield

    def _wait(self, duration_s: float) -> Steps:
        until_s = self._now.time_s + duration_s
        while self._now.time_s < until_s:
            yield

    def _check_time(self, started_s: float, what: str) -> None:
        if self._now.time_s - started_s > MOVE_TIMEOUT_S:
            raise _Failed(
                Code.EXECUTION_FAILED,
                f"the arm is stuck: {what} took more than {MOVE_TIMEOUT_S:.0f} s",
            )

    @property
    def _now(self) -> ArmState:
        assert self._state is not None
        return self._state

    def _report(self, phase: Phase, fraction: float) -> None:
        self.progress = Progress(phase, fraction)
