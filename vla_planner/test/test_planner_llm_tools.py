# SPDX-License-Identifier: Apache-2.0
"""What the model may answer with: made from whatever catalogue there is."""

from __future__ import annotations

import json
import re

import pytest

from vla_common.contracts.skills import ParameterType as P
from vla_common.contracts.skills import RiskTier
from vla_planner.llm.tools import CONTROL, build, legal_names
from vla_testing.planner.fixtures import SKILLS, parameter, skill

PLACES = ("table", "side table")
BUILT = build(SKILLS, PLACES)


def functions(toolset):
    return {tool["function"]["name"]: tool["function"] for tool in toolset.tools}


def test_every_usable_skill_is_a_function_and_no_other():
    usable = {spec.name for spec in SKILLS if spec.available}
    assert set(functions(BUILT)) == usable | set(CONTROL)
    assert {name for name, _ in BUILT.unavailable} == {s.name for s in SKILLS if not s.available}
    assert dict(BUILT.unavailable)["greet"] == "This robot does not see people."


def test_forbidden_skills_are_named_but_not_offered():
    toolset = build([skill("pick", tier=RiskTier.FORBID)], PLACES)
    assert set(functions(toolset)) == set(CONTROL)
    assert toolset.unavailable == (("pick", "It is forbidden here."),)


def test_a_number_has_type_range_and_unit_in_words():
    move = functions(BUILT)["move"]["parameters"]
    distance = move["properties"]["distance"]
    assert (distance["type"], distance["minimum"], distance["maximum"]) == ("number", -5.0, 5.0)
    assert "in m" in distance["description"] and "from -5 to 5" in distance["description"]
    assert move["properties"]["direction"]["enum"] == ["forward", "backward", "left", "right"]
    assert move["required"] == ["distance", "direction"]
    assert move["additionalProperties"] is False


def test_places_are_those_that_may_be_told():
    go_to = functions(BUILT)["go_to"]["parameters"]["properties"]
    assert go_to["place"]["enum"] == list(PLACES)
    assert go_to["object"]["properties"]["place"]["enum"] == list(PLACES)


def test_of_a_group_none_is_required_and_all_are_named():
    go_to = functions(BUILT)["go_to"]["parameters"]
    assert go_to["required"] == []
    for name in ("place", "object", "pose"):
        assert "exactly one of: place, object, pose" in go_to["properties"][name]["description"]


def test_without_places_what_needs_one_is_unavailable_and_the_rest_stays():
    toolset = build([*SKILLS, skill("tidy", parameter("place", P.PLACE))], ())
    go_to = functions(toolset)["go_to"]["parameters"]["properties"]
    assert "place" not in go_to and "object" in go_to
    assert ("tidy", "No places are known.") in toolset.unavailable
    assert "place" not in functions(toolset)["count"]["parameters"]["properties"]


def test_a_plug_in_with_odd_names_gets_legal_ones_and_is_read_back():
    odd = skill(
        "wink & nod!",
        parameter("how often", P.INTEGER, low=1, high=9),
        parameter("only_if", P.BOOL),
    )
    toolset = build([odd, skill("refuse"), skill("wink___nod_")], PLACES)
    names = [name for name in functions(toolset) if name not in CONTROL]
    assert names == ["wink___nod_", "refuse_2", "wink___nod__2"]
    assert toolset.functions["refuse_2"].skill.name == "refuse"
    first = toolset.functions["wink___nod_"]
    assert [(n, p.name) for n, p in first.parameters.items()] == [
        ("how_often", "how often"),
        ("only_if_2", "only_if"),
    ]


@pytest.mark.parametrize("name", ["", "ä" * 80, "9 lives", "-x", "a" * 200, "drop\ntable"])
def test_legal_names(name):
    legal = legal_names([name, name], ["skill"])
    assert len(set(legal)) == 2
    for text in legal:
        assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]{0,63}", text)


def objects_in(schema):
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield schema
        for value in schema.values():
            yield from objects_in(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from objects_in(value)


def test_the_plan_schema_is_strict_everywhere():
    """What servers with strict schemas demand of every object."""
    found = list(objects_in(BUILT.plan_schema))
    assert len(found) > 20
    for schema in found:
        assert schema["additionalProperties"] is False
        assert schema["required"] == list(schema["properties"])


def test_the_plan_schema_has_a_variant_for_each_way_to_name_a_target():
    steps = BUILT.plan_schema["properties"]["steps"]["items"]["anyOf"]
    ways = [
        set(step["properties"]["arguments"]["properties"])
        for step in steps
        if step["properties"]["skill"]["enum"] == ["go_to"]
    ]
    assert sorted(ways, key=sorted) == [{"object"}, {"place"}, {"pose"}]


def test_equal_input_gives_equal_text():
    again = build(list(SKILLS), list(PLACES))
    assert json.dumps(again.tools) == json.dumps(BUILT.tools)
    assert json.dumps(again.plan_schema) == json.dumps(BUILT.plan_schema)
