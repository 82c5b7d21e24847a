# SPDX-License-Identifier: Apache-2.0
"""Properties over generated commands: never an exception, never a motion that was not said."""

from __future__ import annotations

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from vla_common.contracts.outcomes import Code
from vla_planner.config import PlannerConfig
from vla_planner.core.planning import Planner
from vla_planner.grammar import lexicon, overlay
from vla_planner.grammar.splitting import clean, split
from vla_testing.planner import command_table
from vla_testing.planner.fixtures import EMPTY, PLUGINS, SCENE, SCENES, SKILLS

PLANNER = Planner(PlannerConfig())
LEXICON = lexicon.load()
ACCEPTED = [
    row.say
    for row in command_table.load(command_table.VISIBLE)
    if row.steps
    and row.scene in ("room", "")
    and not (row.skills or row.holding or row.answers or row.previous)
]
TALKING = ("say", "ask", "tell", "announce", "speak")
QUIET = [say for say in ACCEPTED if not any(word in say.lower() for word in TALKING)]
PHRASES = sorted(set(lexicon.iter_words(LEXICON)))
BY_CLASS = {}
for _first in LEXICON.phrases.values():
    for _parts, _candidate in _first:
        BY_CLASS.setdefault(_candidate.type, set()).add(" ".join(_parts))

CODES_OF_COMMANDS = {
    Code.OK, Code.NOT_UNDERSTOOD, Code.NOT_POSSIBLE, Code.AMBIGUOUS, Code.INVALID_PLAN, Code.INVALID_ARGUMENT,
    Code.UNKNOWN_PLACE, Code.TOO_MANY_STEPS, Code.SKILL_UNAVAILABLE, Code.EMPTY_COMMAND, Code.INVALID_REQUEST,
    Code.NOT_CONFIRMED,
}  # fmt: skip
NOISE = [
    "zorp",
    "1",
    "2.5",
    "90",
    "-",
    ",",
    ".",
    "'",
    '"',
    "red",
    "table",
    "and",
    "then",
    "the",
    "meters",
    "degrees",
]
words = st.lists(st.sampled_from(PHRASES + NOISE * 8), min_size=1, max_size=14).map(" ".join)
NEGATED = sorted(
    phrase
    for name in ("BE_NOT", "EXIST_NOT", "OTHERWISE", "FIX")
    for phrase in BY_CLASS[name]
    if "not" in phrase.split()
)
clauses = st.lists(st.sampled_from(QUIET), min_size=1, max_size=4)
glue = st.sampled_from(
    [
        " and ",
        ", ",
        " then ",
        ". ",
        "; ",
        " and then ",
        ", no, ",
        " or ",
        " otherwise ",
        " if ",
        ", wait, ",
        " at the same time ",
    ]
)
scenes = st.sampled_from([SCENE, EMPTY])
any_scene = st.sampled_from(list(SCENES.values()))
relaxed = settings(
    max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


def spoken(text):
    """The words of a command between blanks."""
    return " " + " ".join(word.text for word in split(clean(text))) + " "


def said(text, *classes):
    """Whether some phrase of these classes occurs in the command, as whole words."""
    plain = spoken(text)
    return any(f" {phrase} " in plain for name in classes for phrase in BY_CLASS[name])


def has_degrees(text):
    """Whether a number of 10 or more is said: alone, it can only be degrees."""
    pieces = [word.text for word in split(clean(text))]
    return any(LEXICON.numbers.read(pieces[start:])[1] >= 10 for start in range(len(pieces)))


def check(text, scene, **more):
    outcome = PLANNER.plan(text, scene, more.pop("skills", SKILLS), **more)
    assert outcome.result.code in CODES_OF_COMMANDS, str(outcome.result)
    assert outcome.result.ok == (outcome.plan is not None)
    if outcome.plan is None:
        assert outcome.result.message
        assert (outcome.result.code is Code.AMBIGUOUS) == bool(outcome.question)
        return outcome
    if not more:
        check_motions(text, scene, outcome.plan)
    return outcome


def check_motions(text, scene, plan):
    """Nothing moves that was not asked for by a word of the command."""
    known = overlay.of(LEXICON, scene)
    plain = spoken(text)
    carrying = said(text, "PICK", "PUT", "DROP", "BRING", "THROW", "HAND", "GO")
    for step in plan.steps:
        if step.skill == "move":
            assert said(text, "LINE", "SIDE", "BACK", "ADVANCE")
        elif step.skill == "turn":
            assert said(text, "SIDE", "AROUND", "ANGLE", "ABOUT_FACE") or has_degrees(text)
        elif step.skill == "go_to" and "place" in step.arguments:
            name = step.arguments["place"]
            named = any(f" {word} " in plain for word, to in known.places.items() if to == name)
            thrown = name == "bin" and said(text, "THROW")
            fetched = carrying and any(item.place == name for item in scene.objects)
            assert named or thrown or fetched or said(text, "THERE")
        elif step.skill in ("pick", "place", "hand_over"):
            assert carrying
        elif step.skill == "go_to":
            assert carrying or said(text, "APPROACH", "RETURN")


@given(words, scenes)
@relaxed
def test_word_salad_never_raises_and_never_moves_unasked(text, scene):
    check(text, scene)


@given(st.text(max_size=1100), scenes)
@relaxed
def test_any_text_at_all(text, scene):
    check(text, scene)


@given(clauses, glue, scenes)
@relaxed
def test_commands_in_a_row(parts, joint, scene):
    check(joint.join(part.rstrip(".!?") for part in parts), scene)


@given(st.sampled_from(QUIET), st.integers(min_value=0, max_value=40), scenes)
@relaxed
def test_a_word_that_nobody_knows_is_never_skipped(text, position, scene):
    pieces = text.split(" ")
    pieces.insert(min(position, len(pieces)), "zorp")
    outcome = check(" ".join(pieces), scene)
    assert not outcome.result.ok
    assert outcome.result.code in (
        Code.NOT_UNDERSTOOD,
        Code.UNKNOWN_PLACE,
        Code.AMBIGUOUS,
        Code.NOT_POSSIBLE,
        Code.INVALID_ARGUMENT,
    )


@given(st.sampled_from(QUIET), st.integers(min_value=0, max_value=40), scenes)
@relaxed
def test_a_no_anywhere_is_never_overheard(text, position, scene):
    pieces = text.split(" ")
    pieces.insert(min(position, len(pieces)), "not")
    negated = " ".join(pieces)
    if any(f" {phrase} " in spoken(negated) for phrase in NEGATED):
        return  # "if there is not a cup" is a condition, and meant
    assert not check(negated, scene).result.ok


@given(st.sampled_from(ACCEPTED), scenes)
@relaxed
def test_the_same_command_gives_the_same_plan(text, scene):
    first, second = (PLANNER.plan(text, scene, SKILLS) for _ in range(2))
    assert first == second


@given(
    st.floats(min_value=0.01, max_value=5.0).map(lambda value: round(value, 3)),
    st.sampled_from(["forward", "backward", "left", "right"]),
)
@relaxed
def test_the_amount_that_was_said_is_the_amount_driven(distance, direction):
    plan = PLANNER.plan(f"move {distance} meters {direction}", EMPTY, SKILLS).plan
    assert plan.steps[0].arguments == {"distance": distance, "direction": direction}


@given(words, any_scene)
@relaxed
def test_word_salad_with_the_skills_of_plug_ins_and_any_scene(text, scene):
    check(text, scene, skills=PLUGINS)


@given(clauses, glue, words, any_scene)
@relaxed
@example(["turn left"], ", no, ", "right", SCENE)
def test_a_command_after_another_never_raises(parts, joint, before, scene):
    previous = PLANNER.plan(parts[0], scene, SKILLS).plan
    for text in (before, "no, " + before, "again", "no" + joint + joint.join(parts)):
        check(text, scene, previous=previous)


@given(
    st.sampled_from([*QUIET, "pick up the cup", "move", "left", "put some cups in the box"]),
    st.lists(words, min_size=1, max_size=4),
    any_scene,
)
@relaxed
def test_answers_never_raise_and_end(text, answers, scene):
    given_so_far = []
    outcome = PLANNER.plan(text, scene, SKILLS)
    for answer in answers:
        if outcome.result.code is not Code.AMBIGUOUS:
            break
        given_so_far.append((outcome.question, answer))
        outcome = check(text, scene, answers=tuple(given_so_far))


@given(
    st.sampled_from(
        [
            "put {} in the box",
            "bring {} to the table",
            "throw away {}",
            "find {}",
            "pick up {}",
            "go to {}",
            "count {}",
        ]
    ),
    st.sampled_from(
        [
            "",
            "all the ",
            "two ",
            "both ",
            "every ",
            "some ",
            "the ",
            "a few ",
            "three of the ",
            "no ",
            "0 ",
            "99 ",
        ]
    ),
    st.sampled_from(
        [
            "cup",
            "cups",
            "red cups",
            "things",
            "boxes",
            "objects on the table",
            "cups next to the bowl",
            "nearest cups",
        ]
    ),
    any_scene,
)
@relaxed
def test_quantities_are_kept_or_asked_for(frame, number, thing, scene):
    outcome = check(frame.format(number + thing), scene)
    if outcome.plan is None or frame.startswith("count"):
        return
    several = number in ("all the ", "two ", "both ", "every ", "three of the ")
    several = several or (number == "the " and thing.split()[0].endswith("s"))
    quantities = {
        step.arguments["object"].quantity
        for step in outcome.plan.steps
        if "object" in step.arguments
    }
    if several:
        assert quantities & {"all", "2", "3"}
