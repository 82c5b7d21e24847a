# SPDX-License-Identifier: Apache-2.0
"""Scenes and catalogues for the planner's tests and evaluation, without the executor."""

from __future__ import annotations

import dataclasses
import math

from vla_common.contracts.scene import Place, PlaceKind, Scene, SceneObject
from vla_common.contracts.skills import ParameterType, RiskTier, SkillParameter, SkillSpec

P = ParameterType
RELATIONS = ("on", "in", "next_to", "left_of", "right_of", "behind", "in_front_of")


def parameter(name, kind, unit="", low=None, high=None, choices=(), one_of="", required=True):
    return SkillParameter(name, kind, "", unit, required, low, high, tuple(choices), one_of)


OBJECT = parameter("object", P.OBJECT)
PERSON = parameter("person", P.STRING)
ONE_PLACE = parameter("place", P.PLACE, one_of="target")
ONE_OBJECT = parameter("object", P.OBJECT, one_of="target")
NO_PEOPLE = "This robot does not see people."


# What each skill needs of the robot, as the executor's own have it: decides what may run at the same time.
RESOURCES = {
    "move": "base",
    "turn": "base",
    "go_to": "base head",
    "find": "base head",
    "pick": "base arm head gripper",
    "place": "base arm head gripper",
    "hand_over": "base arm head gripper speaker",
    "look_at": "base head",
    "say": "speaker",
    "count": "base head speaker",
    "describe": "base head speaker",
    "follow": "base head",
    "guide": "base head speaker",
    "greet": "base head speaker",
    "ask": "speaker",
    "polish": "base arm head gripper",
    "wave": "arm",
    "tilt": "head",
    "sing": "speaker",
}


def skill(name, *parameters, tier=RiskTier.AUTO, reason="", phrases=()):
    resources = frozenset(RESOURCES.get(name, "").split())
    return SkillSpec(
        name, name, parameters, resources, tier, not reason, reason, phrases=tuple(phrases)
    )


SKILLS = (
    skill(
        "move",
        parameter("distance", P.FLOAT, "m", -5.0, 5.0),
        parameter("direction", P.STRING, choices=("forward", "backward", "left", "right")),
    ),
    skill("turn", parameter("angle", P.FLOAT, "rad", -6.2832, 6.2832)),
    skill("go_to", ONE_PLACE, ONE_OBJECT, parameter("pose", P.POSE, one_of="target")),
    skill("find", OBJECT),
    skill("pick", OBJECT),
    skill(
        "place",
        parameter("relation", P.STRING, choices=RELATIONS),
        parameter("target_place", P.PLACE, one_of="target"),
        parameter("target_object", P.OBJECT, one_of="target"),
    ),
    skill("hand_over", OBJECT, PERSON, reason=NO_PEOPLE),
    skill(
        "look_at",
        ONE_OBJECT,
        ONE_PLACE,
        parameter(
            "direction",
            P.STRING,
            choices=("left", "right", "up", "down", "ahead"),
            one_of="target",
        ),
    ),
    skill("say", parameter("text", P.STRING)),
    skill("wait", parameter("duration", P.FLOAT, "s", 0.0, 300.0)),
    skill("count", OBJECT, parameter("place", P.PLACE, required=False)),
    skill(
        "describe",
        parameter("place", P.PLACE, required=False),
        parameter("object", P.OBJECT, required=False),
    ),
    skill("follow", PERSON, reason=NO_PEOPLE),
    skill("guide", PERSON, parameter("place", P.PLACE), reason=NO_PEOPLE),
    skill("greet", PERSON, reason=NO_PEOPLE),
    skill(
        "ask", parameter("question", P.STRING), reason="This robot does not take spoken answers."
    ),
)

PLACES = (
    Place("table", PlaceKind.SURFACE, (0.0, 2.0, 0.7), size=(1.2, 0.6)),
    Place("shelf", PlaceKind.SURFACE, (2.0, 0.0, 0.8), size=(0.4, 0.9)),
    Place("side table", PlaceKind.SURFACE, (-2.0, 0.0, 0.5), size=(0.5, 0.5), aliases=("stand",)),
    Place("bin", PlaceKind.CONTAINER, (0.0, -2.0, 0.3), size=(0.3, 0.3)),
    Place("box", PlaceKind.CONTAINER, (1.0, -2.0, 0.2), size=(0.4, 0.3)),
    Place("corner", PlaceKind.AREA, (3.0, 3.0, 0.0), size=(0.5, 0.5), keep_out=False),
)


def seen(name, label, color, place, **more):
    return SceneObject(name, label, (1.0, 1.0, 0.8), color, place=place, **more)


EMPTY = Scene(places=PLACES)
"""Places only: nothing was seen yet."""

SCENE = Scene(
    objects=(
        seen("cup_1", "cup", "red", "table"),
        seen("cup_2", "cup", "blue", "shelf"),
        seen("block_1", "block", "green", "table"),
        seen("bowl_1", "bowl", "white", "side table"),
        seen("ball_1", "ball", "yellow", ""),
        seen("bottle_1", "bottle", "green", "shelf", attributes=("small",)),
        seen("bottle_2", "bottle", "green", "shelf", attributes=("large",)),
    ),
    places=PLACES,
)


def placed(name, label, color, place, x, y, *attributes):
    """A thing with a position that tells left from right."""
    return SceneObject(name, label, (x, y, 0.8), color, place=place, attributes=attributes)


TWINS = Scene(
    objects=(
        placed("cup_1", "cup", "red", "table", -0.3, 2.0),
        placed("cup_2", "cup", "red", "table", 0.3, 2.0),
        placed("bowl_1", "bowl", "white", "side table", -2.0, 0.0),
    ),
    places=PLACES,
    robot=(0.0, 1.0, math.pi / 2),
)
"""Two cups that only sides tell apart: the robot faces the table, cup_1 is on its left, cup_2 on its right."""

BLIND = dataclasses.replace(TWINS, robot=None)
"""The same, but nobody knows where the robot stands: nothing tells the cups apart."""

MANY = Scene(
    objects=(
        placed("cup_1", "cup", "red", "table", -0.4, 2.0),
        placed("cup_2", "cup", "red", "shelf", 2.0, 0.2),
        placed("block_1", "block", "green", "table", -0.2, 2.0),
        placed("block_2", "block", "green", "table", 0.0, 2.0),
        placed("block_3", "block", "green", "table", 0.2, 2.0),
        placed("ball_1", "ball", "red", "", -1.0, -1.0),
        placed("ball_2", "ball", "blue", "", 1.0, -1.0),
        placed("ball_3", "ball", "yellow", "", 1.5, -1.0),
        placed("bowl_1", "bowl", "white", "side table", -2.0, 0.0),
    ),
    places=PLACES,
    robot=(0.0, 1.0, math.pi / 2),
)
"""Red cups that only places tell apart, three green blocks in a row (block_1 left, block_3 right), balls that colours
tell apart."""

ODD = Scene(
    objects=(
        placed("a", "wine glass", "", "table", -0.4, 2.0),
        placed("b", "sports ball", "orange", "shelf", 2.0, 0.2),
        placed("c", "teddy bear", "brown", "side table", -2.0, 0.0),
        placed("d", "flurb", "purple", "table", 0.2, 2.0),
        placed("e", "box", "red", "table", 0.4, 2.0),
        placed("f", "cup and then turn left", "", "table", 0.5, 2.0),
        placed("g", "remote", "black", "shelf", 2.0, 0.0),
        placed("h", "orange", "orange", "side table", -2.1, 0.0),
    ),
    places=PLACES,
)
"""Things that perception labelled with other words than people's; a box that is a thing, and one that is a place."""

ROOMS = Scene(
    objects=(
        placed("cup_1", "cup", "red", "kitchen counter", 0.0, 4.0),
        placed("bottle_1", "bottle", "green", "dining table", 3.0, 0.0),
        placed("book_1", "book", "blue", "desk", -3.0, 0.0),
    ),
    places=(
        Place(
            "kitchen counter", PlaceKind.SURFACE, (0.0, 4.0, 0.9), aliases=("counter", "worktop")
        ),
        Place("dining table", PlaceKind.SURFACE, (3.0, 0.0, 0.7), aliases=("table",)),
        Place("desk", PlaceKind.SURFACE, (-3.0, 0.0, 0.7), aliases=("writing desk",)),
        Place("station 2", PlaceKind.SURFACE, (3.0, -3.0, 0.7)),
        Place("drawer", PlaceKind.CONTAINER, (-3.0, 1.0, 0.5), aliases=("top drawer",)),
        Place("living room", PlaceKind.AREA, (5.0, 5.0, 0.0), aliases=("lounge",), keep_out=False),
        Place("dock", PlaceKind.AREA, (0.0, 0.0, 0.0), aliases=("home",), keep_out=False),
    ),
    robot=(0.0, 0.0, 0.0),
)
"""Another map: places with aliases, of two words, with a number; no bin."""

KITCHEN = Scene(
    objects=(
        seen("glass_1", "glass", "", "cupboard"),
        seen("dish_1", "dish", "white", "table"),
        seen("bowl_1", "bowl", "white", "table"),
        seen("coke_1", "coke", "red", "table"),
        seen("bottle_1", "water bottle", "blue", "shelf"),
        seen("mug_1", "mug", "green", "table"),
        seen("phone_1", "cell_phone", "black", "table"),
    ),
    places=(
        *PLACES,
        Place("bookshelf", PlaceKind.SURFACE, (2.0, 2.0, 0.8)),
        Place("cupboard", PlaceKind.CONTAINER, (2.0, 3.0, 0.8)),
    ),
)
"""Things that are called as people call them, where the lexicon knows those words as others for something else."""

SCENES = {
    "kitchen": KITCHEN,
    "room": SCENE,
    "empty": EMPTY,
    "twins": TWINS,
    "blind": BLIND,
    "many": MANY,
    "odd": ODD,
    "rooms": ROOMS,
}

ALL_AVAILABLE = tuple(
    dataclasses.replace(spec, available=True, unavailable_reason="") for spec in SKILLS
)

PLUGINS = (
    *ALL_AVAILABLE,
    skill(
        "polish",
        ONE_OBJECT,
        ONE_PLACE,
        parameter("duration", P.FLOAT, "s", 1.0, 120.0, required=False),
        parameter("cloth", P.STRING, choices=("soft", "rough"), required=False),
        phrases=("polish", "wipe down", "give a shine to"),
    ),
    skill("wave", parameter("hand", P.STRING, choices=("left", "right"), required=False)),
    skill("tilt", parameter("angle", P.FLOAT, "rad", -0.6, 0.6), phrases=("tilt your head",)),
    skill("announce", parameter("text", P.STRING), phrases=("announce", "make an announcement")),
    skill("recharge", phrases=("recharge", "charge yourself", "plug yourself in")),
    skill("sing", parameter("text", P.STRING, required=False), reason="The loudspeaker is off."),
)
"""Skills that the planner's own vocabulary does not know, beside the usual ones."""

CATALOGS = {"": SKILLS, "all": ALL_AVAILABLE, "plugins": PLUGINS}
