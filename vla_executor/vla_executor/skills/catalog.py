# SPDX-License-Identifier: Apache-2.0
"""What the base skills are called, what they take and what they need: data only.

The classes that carry them out name their entry here; a planner without a running executor plans
with this list. Whether a skill may run now is decided by the skill's `check` and by the guard.
"""

from __future__ import annotations

import math

from vla_common.contracts.skills import ParameterType, RiskTier, SkillParameter, SkillSpec

BASE = "base"
ARM = "arm"
HEAD = "head"
GRIPPER = "gripper"
SPEAKER = "speaker"
RESOURCES = (BASE, ARM, HEAD, GRIPPER, SPEAKER)

NO_PEOPLE = "This robot does not see people."
NO_ANSWERS = "This robot does not take spoken answers yet."

RELATIONS = ("on", "in", "next_to", "left_of", "right_of", "behind", "in_front_of")

_OBJECT = "which object, in words"


def _object(
    description: str = _OBJECT, *, one_of: str = "", required: bool = True
) -> SkillParameter:
    return SkillParameter(
        "object", ParameterType.OBJECT, description, one_of=one_of, required=required
    )


def _place(
    name: str = "place",
    description: str = "name of a place on the map",
    *,
    one_of: str = "",
    required: bool = True,
) -> SkillParameter:
    return SkillParameter(name, ParameterType.PLACE, description, one_of=one_of, required=required)


def _person() -> SkillParameter:
    return SkillParameter("person", ParameterType.STRING, "name of the person, or 'me'")


MOVE = SkillSpec(
    "move",
    "Drive straight for a distance.",
    (
        SkillParameter(
            "distance", ParameterType.FLOAT, "how far", unit="m", minimum=-5.0, maximum=5.0
        ),
        SkillParameter(
            "direction",
            ParameterType.STRING,
            "which way, seen from the robot; forward when left out",
            required=False,
            choices=("forward", "backward", "left", "right"),
        ),
    ),
    frozenset({BASE}),
)
TURN = SkillSpec(
    "turn",
    "Turn on the spot.",
    (
        SkillParameter(
            "angle",
            ParameterType.FLOAT,
            "how far; positive is left",
            unit="rad",
            minimum=-round(2 * math.pi, 4),
            maximum=round(2 * math.pi, 4),
        ),
    ),
    frozenset({BASE}),
)
GO_TO = SkillSpec(
    "go_to",
    "Drive to a place, to an object or to a pose of the map, around obstacles.",
    (
        _place(one_of="target"),
        _object(one_of="target"),
        SkillParameter(
            "pose", ParameterType.POSE, "x, y and yaw in the map", unit="m, m, rad", one_of="target"
        ),
    ),
    frozenset({BASE, HEAD}),
)
FIND = SkillSpec(
    "find",
    "Look for an object until it is seen, with a quantity until that many are; the following steps use what was found.",
    (_object(),),
    frozenset({BASE, HEAD}),
)
PICK = SkillSpec(
    "pick",
    "Go near an object, grasp it and lift it. The gripper has to be empty. With a quantity above one, this step and "
    "those up to the next 'place' or 'hand_over' are carried out once for each.",
    (_object(),),
    frozenset({BASE, ARM, HEAD, GRIPPER}),
)
PLACE = SkillSpec(
    "place",
    "Put down what the gripper holds.",
    (
        SkillParameter(
            "relation", ParameterType.STRING, "where, seen from the target", choices=RELATIONS
        ),
        _place("target_place", one_of="target"),
        SkillParameter("target_object", ParameterType.OBJECT, _OBJECT, one_of="target"),
    ),
    frozenset({BASE, ARM, HEAD, GRIPPER}),
)
HAND_OVER = SkillSpec(
    "hand_over",
    "Give an object to a person.",
    (_object(), _person()),
    frozenset({BASE, ARM, HEAD, GRIPPER, SPEAKER}),
    RiskTier.CONFIRM,
    available=False,
    unavailable_reason=NO_PEOPLE,
)
LOOK_AT = SkillSpec(
    "look_at",
    "Turn the camera, and the robot where needed, to an object, a place or a side.",
    (
        _object(one_of="target"),
        _place(one_of="target"),
        SkillParameter(
            "direction",
            ParameterType.STRING,
            "seen from the robot",
            choices=("left", "right", "up", "down", "ahead"),
            one_of="target",
        ),
    ),
    frozenset({BASE, HEAD}),
)
SAY = SkillSpec(
    "say",
    "Say a sentence.",
    (SkillParameter("text", ParameterType.STRING, "what to say"),),
    frozenset({SPEAKER}),
)
WAIT = SkillSpec(
    "wait",
    "Do nothing for a while.",
    (
        SkillParameter(
            "duration", ParameterType.FLOAT, "how long", unit="s", minimum=0.0, maximum=300.0
        ),
    ),
)
COUNT = SkillSpec(
    "count",
    "Count the objects that are seen, going to the place where needed, and say how many.",
    (
        _object("what to count, in words"),
        _place(description="where; from where the robot stands when left out", required=False),
    ),
    frozenset({BASE, HEAD, SPEAKER}),
)
DESCRIBE = SkillSpec(
    "describe",
    "Say what is seen, going there where needed; of place and object at most one, none: what is in view.",
    (
        _place(description="what to look at", required=False),
        _object(required=False),
    ),
    frozenset({BASE, HEAD, SPEAKER}),
)
FOLLOW = SkillSpec(
    "follow",
    "Drive behind a person.",
    (_person(),),
    frozenset({BASE, HEAD}),
    RiskTier.ANNOUNCE,
    available=False,
    unavailable_reason=NO_PEOPLE,
)
GUIDE = SkillSpec(
    "guide",
    "Lead a person to a place.",
    (_person(), _place()),
    frozenset({BASE, HEAD, SPEAKER}),
    RiskTier.ANNOUNCE,
    available=False,
    unavailable_reason=NO_PEOPLE,
)
GREET = SkillSpec(
    "greet",
    "Turn to a person and say hello.",
    (_person(),),
    frozenset({HEAD, SPEAKER}),
    available=False,
    unavailable_reason=NO_PEOPLE,
)
ASK = SkillSpec(
    "ask",
    "Ask a question and wait for the answer.",
    (SkillParameter("question", ParameterType.STRING, "what to ask"),),
    frozenset({SPEAKER}),
    available=False,
    unavailable_reason=NO_ANSWERS,
)

BASE_SKILLS = (
    MOVE,
    TURN,
    GO_TO,
    FIND,
    PICK,
    PLACE,
    HAND_OVER,
    LOOK_AT,
    SAY,
    WAIT,
    COUNT,
    DESCRIBE,
    FOLLOW,
    GUIDE,
    GREET,
    ASK,
)
