# SPDX-License-Identifier: Apache-2.0
"""The simulated robot: dimensions, limits and its MJCF description.

Decides every number that belongs to the machine itself, so that kinematics, control, navigation and the
reference page agree. It does not decide how the robot moves; see ``kinematics``, ``base_control`` and
``arm_motion``.

The machine is a round holonomic base with a mast behind its centre. A carriage runs up the front of the mast and
carries shoulder yaw, a four-stage telescope, wrist pitch, wrist roll and a parallel jaw. A pan-tilt head with an
RGB-D camera sits on top of the mast. Frames follow REP 103: x forward, y left, z up, base_link on the floor at
the centre of the base.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

# Base
BASE_RADIUS_M = 0.24
BASE_HEIGHT_M = 0.13
MAX_LINEAR_SPEED_MPS = 0.5
MAX_ANGULAR_SPEED_RADPS = 1.2
MAX_LINEAR_ACCELERATION_MPS2 = 0.8
MAX_ANGULAR_ACCELERATION_RADPS2 = 2.5

# Arm
MAST_X_M = -0.19
SHOULDER_X_M = -0.08
LIFT_MIN_M = 0.17
LIFT_MAX_M = 1.22
SHOULDER_LIMIT_RAD = 1.9
TUBE_LENGTH_M = 0.24
"""Shoulder axis to wrist pitch axis with the telescope fully in."""
EXTENSION_STAGES = 4
STAGE_TRAVEL_M = 0.19
EXTENSION_MAX_M = EXTENSION_STAGES * STAGE_TRAVEL_M
PITCH_MIN_RAD = -0.35
PITCH_MAX_RAD = 1.8
ROLL_LIMIT_RAD = 3.2
HAND_LENGTH_M = 0.185
"""Wrist pitch axis to the grasp centre between the pads: the telescope passes over an 18 cm bottle that stands in front
of the smallest block."""
FINGER_TIP_M = 0.015
"""How far the fingers reach beyond the grasp centre."""
PALM_CLEARANCE_M = 0.055
"""Grasp centre back to the palm: an object may stick up that far between the fingers."""
FINGER_THICKNESS_M = 0.016
FINGER_WIDTH_M = 0.030
JAW_MAX_M = 0.12
"""Greatest opening between the two pads."""
GRASP_MAX_WIDTH_M = 0.10
"""Widest object accepted: leaves 10 mm for error on each side."""
GRIP_FORCE_N = 25.0
"""Force of each finger."""

# Head
HEAD_HEIGHT_M = 1.27
HEAD_TILT_AXIS_Z_M = 0.02
"""Tilt axis above the pan joint's origin at HEAD_HEIGHT_M."""
CAMERA_OFFSET_X_M = 0.06
CAMERA_OFFSET_Z_M = 0.03
PAN_LIMIT_RAD = 1.6
TILT_MIN_RAD = -0.6
TILT_MAX_RAD = 1.2
HEAD_REST_PAN_RAD = 0.0
HEAD_REST_TILT_RAD = 0.55
CAMERA_FOVY_RAD = math.radians(56.0)

# Distance sensor, in the middle of the base
SCAN_HEIGHT_M = 0.03
"""Above the floor: meets the smallest block that lies there."""
SCAN_RAYS = 360
SCAN_STEP_RAD = 2.0 * math.pi / SCAN_RAYS
SCAN_START_RAD = -math.pi
SCAN_RANGE_MIN_M = 0.2
SCAN_RANGE_MAX_M = 8.0

# Reach of `manipulate` with the hand pointing down, for the grasp centre in base_link; test_kinematics holds it true.
WORKSPACE_X_MIN_M = 0.40
WORKSPACE_Y_MAX_M = 0.40
WORKSPACE_Z_MIN_M = 0.02
"""The finger tips are then 5 mm above the floor."""
WORKSPACE_Z_MAX_M = LIFT_MAX_M - HAND_LENGTH_M


def workspace_x_max(y_m: float) -> float:
    """How far ahead the hand reaches at a sideways offset, metres: 0.92 straight ahead, 0.84 at 0.40 m."""
    reach = TUBE_LENGTH_M + EXTENSION_MAX_M
    return SHOULDER_X_M + math.sqrt(reach * reach - y_m * y_m)


STOW_LIFT_M = 0.66


@dataclass(frozen=True)
class JointSpec:
    """One actuated joint: limits of position, speed and acceleration in SI units."""

    name: str
    lower: float
    upper: float
    max_speed: float
    max_acceleration: float
    rest: float


ARM_JOINTS: tuple[JointSpec, ...] = (
    JointSpec("lift", LIFT_MIN_M, LIFT_MAX_M, 0.40, 1.2, STOW_LIFT_M),
    JointSpec("shoulder_yaw", -SHOULDER_LIMIT_RAD, SHOULDER_LIMIT_RAD, 1.2, 3.0, 0.0),
    JointSpec("extension", 0.0, EXTENSION_MAX_M, 0.45, 1.2, 0.0),
    JointSpec("wrist_pitch", PITCH_MIN_RAD, PITCH_MAX_RAD, 2.0, 6.0, math.pi / 2),
    JointSpec("wrist_roll", -ROLL_LIMIT_RAD, ROLL_LIMIT_RAD, 2.5, 8.0, 0.0),
    JointSpec("jaw", 0.0, JAW_MAX_M, 0.15, 1.0, 0.04),
)
HEAD_JOINTS: tuple[JointSpec, ...] = (
    JointSpec("head_pan", -PAN_LIMIT_RAD, PAN_LIMIT_RAD, 1.5, 5.0, HEAD_REST_PAN_RAD),
    JointSpec("head_tilt", TILT_MIN_RAD, TILT_MAX_RAD, 1.5, 5.0, HEAD_REST_TILT_RAD),
)

ARM_KP_KV: dict[str, tuple[float, float]] = {
    "lift": (9000.0, 420.0),
    "shoulder_yaw": (1800.0, 80.0),
    "extension": (9000.0, 190.0),
    "wrist_pitch": (220.0, 6.0),
    "wrist_roll": (120.0, 3.0),
    "jaw": (1500.0, 40.0),
    "head_pan": (30.0, 1.5),
    "head_tilt": (30.0, 1.5),
}
"""Servo stiffness and damping per joint; for the telescope, of each stage."""

# Base servos: stiff enough to hold 5 mm against the arm, soft enough for the 4 ms step.
BASE_KP = 36000.0
BASE_KV = 2500.0
BASE_FORCE_N = 320.0
YAW_KP = 9000.0
YAW_KV = 330.0
YAW_TORQUE_NM = 140.0

_DARK = "0.16 0.17 0.19 1"
_GRAY = "0.45 0.47 0.50 1"
_LIGHT = "0.74 0.76 0.78 1"
_TEAL = "0.10 0.30 0.34 1"
_PAD = "0.08 0.08 0.09 1"


def robot_body_xml() -> str:
    """MJCF of the robot's body tree, to be placed in the worldbody.

    Collision geoms have contype 2 and conaffinity 1: they touch the world but never each other.
    """
    tube = TUBE_LENGTH_M
    stages = ""
    closing = ""
    parent_x = 0.0
    for stage in range(1, EXTENSION_STAGES + 1):
        half_y = 0.034 - 0.0045 * stage
        half_z = 0.030 - 0.0040 * stage
        length = STAGE_TRAVEL_M + 0.03
        # The front end of every stage lies flush (plus 1 mm a stage, against z-fighting) with the tube's.
        front = tube - 0.022 + 0.001 * stage
        stages += (
            f'<body name="stage{stage}" pos="{parent_x} 0 0" gravcomp="1">'
            f'<joint name="stage{stage}" type="slide" axis="1 0 0" range="0 {STAGE_TRAVEL_M}" armature="0.5"/>'
            f'<geom class="robot" type="box" size="{length / 2} {half_y} {half_z}" '
            f'pos="{front - length / 2} 0 0" mass="0.25" rgba="{_LIGHT if stage % 2 else _GRAY}"/>'
        )
        closing += "</body>"
    palm_x = HAND_LENGTH_M - PALM_CLEARANCE_M
    finger_length = PALM_CLEARANCE_M + FINGER_TIP_M
    finger_x = palm_x + finger_length / 2
    pad_half = 0.002
    fingers = ""
    for side, sign in (("left", 1), ("right", -1)):
        back = FINGER_THICKNESS_M / 2 - pad_half
        fingers += (
            f'<body name="finger_{side}" pos="0 0 0" gravcomp="1">'
            f'<joint name="finger_{side}" type="slide" axis="0 {sign} 0" range="0 {JAW_MAX_M / 2}" '
            f'armature="0.05"/>'
            f'<geom class="robot" type="box" size="{finger_length / 2} {back} {FINGER_WIDTH_M / 2}" '
            f'pos="{finger_x} {sign * (2 * pad_half + back)} 0" mass="0.05" rgba="{_TEAL}"/>'
            f'<geom class="pad" name="pad_{side}" type="box" '
            f'size="{finger_length / 2 - 0.001} {pad_half} {FINGER_WIDTH_M / 2 - 0.001}" '
            f'pos="{finger_x} {sign * pad_half} 0" mass="0.01" rgba="{_PAD}"/>'
            f"</body>"
        )
    hand = (
        f'<body name="wrist" pos="{tube} 0 0" gravcomp="1">'
        f'<joint name="wrist_pitch" type="hinge" axis="0 1 0" range="{PITCH_MIN_RAD} {PITCH_MAX_RAD}" '
        f'armature="0.02"/>'
        f'<geom class="robot" type="sphere" size="0.022" mass="0.15" rgba="{_DARK}"/>'
        f'<body name="hand" gravcomp="1">'
        f'<joint name="wrist_roll" type="hinge" axis="1 0 0" range="{-ROLL_LIMIT_RAD} {ROLL_LIMIT_RAD}" '
        f'armature="0.01"/>'
        f'<geom class="robot" type="cylinder" fromto="0.015 0 0 {palm_x - 0.02} 0 0" size="0.020" '
        f'mass="0.1" rgba="{_GRAY}"/>'
        f'<geom class="robot" type="box" size="0.012 0.070 0.020" pos="{palm_x - 0.012} 0 0" mass="0.2" '
        f'rgba="{_DARK}"/>'
        f'<site name="grip" pos="{HAND_LENGTH_M} 0 0" size="0.004" group="5"/>'
        f"{fingers}</body></body>"
    )
    mast_top = HEAD_HEIGHT_M - 0.03
    return f"""
<body name="base" pos="0 0 0">
  <joint name="base_x" type="slide" axis="1 0 0"/>
  <joint name="base_y" type="slide" axis="0 1 0"/>
  <joint name="base_yaw" type="hinge" axis="0 0 1"/>
  <geom class="robot" name="base" type="cylinder" size="{BASE_RADIUS_M} {(BASE_HEIGHT_M - 0.02) / 2}"
        pos="0 0 {(BASE_HEIGHT_M + 0.02) / 2}" mass="28" rgba="{_DARK}"/>
  <geom class="robot_visual" type="cylinder" size="{BASE_RADIUS_M - 0.03} 0.003" pos="0 0 {BASE_HEIGHT_M + 0.002}"
        rgba="{_LIGHT}"/>
  <geom class="robot_visual" type="box" size="0.012 0.045 0.006" pos="0.185 0 {BASE_HEIGHT_M + 0.008}"
        rgba="{_TEAL}"/>
  <geom class="robot" type="box" size="0.020 0.030 {(mast_top - BASE_HEIGHT_M) / 2}"
        pos="{MAST_X_M} 0 {(mast_top + BASE_HEIGHT_M) / 2}" mass="4" rgba="{_GRAY}"/>
  <body name="head_pan" pos="{MAST_X_M} 0 {HEAD_HEIGHT_M}" gravcomp="1">
    <joint name="head_pan" type="hinge" axis="0 0 1" range="{-PAN_LIMIT_RAD} {PAN_LIMIT_RAD}" armature="0.01"/>
    <geom class="robot_visual" type="cylinder" size="0.028 0.012" pos="0 0 -0.012" mass="0.1" rgba="{_DARK}"/>
    <body name="head_tilt" pos="0 0 {HEAD_TILT_AXIS_Z_M}" gravcomp="1">
      <joint name="head_tilt" type="hinge" axis="0 1 0" range="{TILT_MIN_RAD} {TILT_MAX_RAD}"
             armature="0.01"/>
      <geom class="robot_visual" type="box" size="0.022 0.014 0.022" pos="0.008 0 0.006" mass="0.05" rgba="{_DARK}"/>
      <geom class="robot_visual" type="box" size="0.022 0.062 0.018"
            pos="{CAMERA_OFFSET_X_M - 0.027} 0 {CAMERA_OFFSET_Z_M}" mass="0.2" rgba="{_LIGHT}"/>
      <site name="camera" pos="{CAMERA_OFFSET_X_M} 0 {CAMERA_OFFSET_Z_M}" size="0.004" group="5"/>
      <camera name="head" pos="{CAMERA_OFFSET_X_M} 0 {CAMERA_OFFSET_Z_M}" xyaxes="0 -1 0 0 0 1"
              fovy="{math.degrees(CAMERA_FOVY_RAD)}"/>
    </body>
  </body>
  <body name="carriage" pos="{SHOULDER_X_M} 0 0" gravcomp="1">
    <joint name="lift" type="slide" axis="0 0 1" range="{LIFT_MIN_M} {LIFT_MAX_M}" armature="1"/>
    <geom class="robot" type="box" size="{(SHOULDER_X_M - MAST_X_M - 0.02) / 2} 0.026 0.022"
          pos="{(MAST_X_M + 0.02 - SHOULDER_X_M) / 2} 0 0" mass="1.5" rgba="{_DARK}"/>
    <body name="shoulder" gravcomp="1">
      <joint name="shoulder_yaw" type="hinge" axis="0 0 1"
             range="{-SHOULDER_LIMIT_RAD} {SHOULDER_LIMIT_RAD}" armature="0.05"/>
      <geom class="robot" type="cylinder" size="0.036 0.034" mass="0.4" rgba="{_DARK}"/>
      <geom class="robot" type="box" size="{(tube - 0.022) / 2} 0.034 0.030" pos="{(tube - 0.022) / 2} 0 0"
            mass="0.5" rgba="{_GRAY}"/>
      {stages}{hand}{closing}
    </body>
  </body>
</body>"""


def robot_default_xml() -> str:
    """MJCF default classes used by :func:`robot_body_xml`."""
    return """
<default class="robot">
  <geom group="2" contype="2" conaffinity="1" friction="0.4 0.005 0.0001" solref="0.01 1"/>
</default>
<default class="robot_visual"><geom group="2" contype="0" conaffinity="0" mass="0"/></default>
<default class="pad">
  <geom group="2" contype="2" conaffinity="1" condim="4" priority="1" friction="1.5 0.05 0.0001"
        solref="0.008 1" solimp="0.95 0.99 0.001"/>
</default>"""


def robot_actuator_xml() -> str:
    """MJCF tendon, equality and actuator sections. Actuator names equal joint names; the jaw drives its tendon."""
    stage_actuators = "".join(
        f'<position name="stage{i}" joint="stage{i}" {_gains("extension")} forcerange="-90 90"/>'
        for i in range(1, EXTENSION_STAGES + 1)
    )
    grip = 2.0 * GRIP_FORCE_N
    return f"""
<tendon>
  <fixed name="jaw"><joint joint="finger_left" coef="1"/><joint joint="finger_right" coef="1"/></fixed>
</tendon>
<equality>
  <joint name="jaw_symmetry" joint1="finger_left" joint2="finger_right" polycoef="0 1 0 0 0" solref="0.008 1"/>
</equality>
<actuator>
  <position name="base_x" joint="base_x" kp="{BASE_KP}" kv="{BASE_KV}" forcerange="{-BASE_FORCE_N} {BASE_FORCE_N}"/>
  <position name="base_y" joint="base_y" kp="{BASE_KP}" kv="{BASE_KV}" forcerange="{-BASE_FORCE_N} {BASE_FORCE_N}"/>
  <position name="base_yaw" joint="base_yaw" kp="{YAW_KP}" kv="{YAW_KV}"
            forcerange="{-YAW_TORQUE_NM} {YAW_TORQUE_NM}"/>
  <position name="lift" joint="lift" {_gains("lift")} forcerange="-90 160"/>
  <position name="shoulder_yaw" joint="shoulder_yaw" {_gains("shoulder_yaw")} forcerange="-60 60"/>
  {stage_actuators}
  <position name="wrist_pitch" joint="wrist_pitch" {_gains("wrist_pitch")} forcerange="-15 15"/>
  <position name="wrist_roll" joint="wrist_roll" {_gains("wrist_roll")} forcerange="-8 8"/>
  <position name="jaw" tendon="jaw" {_gains("jaw")} forcerange="{-grip / 2} {grip / 2}"/>
  <position name="head_pan" joint="head_pan" {_gains("head_pan")}/>
  <position name="head_tilt" joint="head_tilt" {_gains("head_tilt")}/>
</actuator>"""


def _gains(joint: str) -> str:
    kp, kv = ARM_KP_KV[joint]
    return f'kp="{kp}" kv="{kv}"'
