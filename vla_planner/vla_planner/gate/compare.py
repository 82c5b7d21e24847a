# SPDX-License-Identifier: Apache-2.0
"""Plan against plan: whether a proposed plan does what the grammar read in the command, and where it does not.

Tolerant of the forms that one meaning can have: `pick` drives by itself, so the drive and the look before it may be
there or not; a thing may be named by more or fewer words where it is the same one; amounts are equal within two
hundredths.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from vla_common.contracts.scene import ANY_LABELS, Scene, SceneObject, matches
from vla_common.contracts.skills import Argument, Condition, ObjectRef, Step
from vla_planner.core.summary import phrase
from vla_planner.gate.effects import HANDLES, LOOKS, Effect, akin, effects, is_way
from vla_planner.grammar.lexicon import Lexicon
from vla_planner.grammar.splitting import plain

NEAR_M, NEAR_RAD, NEAR_SHARE = 0.01, 0.02, 0.02
"""By how much amounts may differ: what a model loses when it converts feet and degrees."""
SHORT_TEXT = 160
"""Most characters of a remark that nobody asked for."""
_UNROLLED = 20


@dataclass(frozen=True)
class Context:
    """What both plans are about. vague: the command says no amount; sides: it says left or right."""

    scene: Scene
    lexicon: Lexicon
    vague: bool = False
    sides: bool = True
    unavailable: frozenset[str] = frozenset()


def differences(expected: Sequence[Step], proposed: Sequence[Step], context: Context) -> list[str]:
    """What the proposed plan does otherwise, as sentences' ends; empty when it does the same."""
    wanted = _possible(effects(expected), context)
    offered = effects(proposed)
    found = _walk(wanted, offered, context)
    if found:
        unrolled = _unrolled(expected, context.scene)
        if unrolled and not _walk(effects(unrolled), offered, context):
            return []
    return found


def _possible(wanted: Sequence[Effect], context: Context) -> list[Effect]:
    """Without what the robot can't do. What is taken twice without being put down is one thing, named twice."""
    if not context.unavailable:
        return list(wanted)
    out: list[Effect] = []
    for effect in wanted:
        if effect.skill in context.unavailable:
            continue
        last = out[-1] if out else None
        both = last is not None and last.skill == effect.skill == "pick"
        if both and last is not None and last.about is not None and effect.about is not None:
            if same_thing(last.about, effect.about, context):
                continue
        out.append(effect)
    return out


def rest_differences(
    before: Sequence[Step], failed: int, proposed: Sequence[Step], context: Context
) -> list[str]:
    """What a plan for the rest of a failed one does that was not still to be done.

    Things may be taken again, places gone to again; what was done once is not repeated.
    """
    done = [e for e in effects(before[:failed]) if e.skill in ("pick", "go_to", *LOOKS)]
    rest = [replace(effect, only_if=Condition.ALWAYS) for effect in effects(before[failed:])]
    allowed = [*done, *rest]
    found, index = [], 0
    offered = [replace(effect, only_if=Condition.ALWAYS) for effect in effects(proposed)]
    for number, effect in enumerate(offered):
        at = next(
            (n for n in range(index, len(allowed)) if _same_rest(allowed[n], effect, context)), None
        )
        if at is not None:
            index = at + (allowed[at].skill != "go_to")
        elif not _harmless(effect, number, offered, allowed, context):
            found.append(f"to {phrase(effect.step)} is not among what was left to do")
    return found


def _same_rest(one: Effect, other: Effect, context: Context) -> bool:
    if one.about is not None and other.about is not None and one.skill in ("pick", *LOOKS):
        anywhere = replace(one, about=replace(one.about, place="", relation="", reference=()))
        loose = replace(other, about=replace(other.about, place="", relation="", reference=()))
        return _same(anywhere, loose, context)
    return _same(one, other, context)


# --- one effect after the other ---------------------------------------------------------------------


def _walk(wanted: Sequence[Effect], offered: Sequence[Effect], context: Context) -> list[str]:
    found: list[str] = []
    index = 0
    for number, effect in enumerate(offered):
        at = _next(wanted, index, effect, context)
        if at is not None:
            index = at + 1
            continue
        if _harmless(effect, number, offered, wanted, context):
            continue
        nearest = next((e for e in wanted[index:] if e.skill == effect.skill), None)
        if nearest is not None and not found:
            found.append(f"I read '{_told(nearest)}', the plan is to {_told(effect)}")
            index = wanted.index(nearest, index) + 1
        else:
            found.append(f"nothing in it asks me to {_told(effect)}")
    for at in range(index, len(wanted)):
        if not is_way(wanted, at):
            found.append(f"the plan leaves out to {_told(wanted[at])}")
    return found


def _next(wanted: Sequence[Effect], index: int, effect: Effect, context: Context) -> int | None:
    """Where in what is wanted the effect comes next; only what is a mere way may lie before it."""
    for at in range(index, len(wanted)):
        if _same(wanted[at], effect, context):
            return at
        if not is_way(wanted, at):
            return None
    return None


def _told(effect: Effect) -> str:
    """As one step with the whole amount."""
    step = effect.step
    name = {"move": "distance", "turn": "angle", "wait": "duration"}.get(effect.skill)
    if name is not None:
        arguments: dict[str, Argument] = {**step.arguments, name: round(effect.amount, 6)}
        if effect.skill == "move":
            arguments["direction"] = effect.side
        step = replace(step, arguments=arguments)
    return phrase(step)


def _harmless(
    effect: Effect,
    number: int,
    offered: Sequence[Effect],
    wanted: Sequence[Effect],
    context: Context,
) -> bool:
    """Whether something that was not read in the command is needed, or does nothing, beside what was."""
    if effect.skill == "say":
        again = any(other.step == effect.step for other in offered[:number])
        return not again and len(str(effect.step.arguments.get("text", ""))) <= SHORT_TEXT
    if effect.skill in ("find", "look_at") and effect.about is not None:
        # It has to lead to something that is then done with the thing.
        about = effect.about
        return is_way(offered, number) and any(
            other.about is not None and same_thing(other.about, about, context, looking=True)
            for other in wanted
        )
    if effect.skill in ("look_at", "describe") and effect.at:
        again = any(other.step == effect.step for other in offered[:number])
        return not again and effect.at in _places_of(wanted, context)
    if effect.skill == "go_to":
        # It has to lead to something that is then done there.
        following = next((e for e in offered[number + 1 :] if e.drives or e.skill in HANDLES), None)
        looked = [e for e in offered[number + 1 :] if e.skill in LOOKS]
        if effect.at:
            if following is not None and following.skill == "pick" and following.about is not None:
                return effect.at in _where(following.about, context)
            if following is not None and following.skill in HANDLES:
                return effect.at in _places_of([following], context)
            return any(effect.at in _places_of([e], context) for e in looked)
        if effect.about is not None:
            return following is not None and any(
                isinstance(value, ObjectRef) and akin(value, effect.about)
                for value in following.step.arguments.values()
            )
    return False


def _where(ref: ObjectRef, context: Context) -> set[str]:
    """Where a thing may be, by its words or by what was seen."""
    if ref.place:
        return {ref.place}
    return {item.place for item in context.scene.objects if item.place and matches(item, ref)}


def _places_of(plan: Sequence[Effect], context: Context) -> set[str]:
    found: set[str] = set()
    for effect in plan:
        if effect.skill in ("move", "turn"):
            continue
        if effect.at:
            found.add(effect.at)
        for value in effect.step.arguments.values():
            if isinstance(value, ObjectRef):
                found |= _where(value, context)
    return found


# --- one effect against another ---------------------------------------------------------------------


def _same(wanted: Effect, offered: Effect, context: Context) -> bool:
    if not _same_skill(wanted, offered) or not _same_condition(wanted, offered, context):
        return False
    if wanted.skill == "move":
        return wanted.side == offered.side and _amount(wanted, offered, NEAR_M, context)
    if wanted.skill == "turn":
        return _same_turn(wanted, offered, context)
    if wanted.skill == "wait":
        return _amount(wanted, offered, 0.05, context)
    if wanted.skill == "say":
        return same_words(
            str(wanted.step.arguments.get("text", "")), str(offered.step.arguments.get("text", ""))
        )
    if wanted.skill == "place":
        return _same_target(wanted.step, offered.step, context)
    return _same_arguments(wanted, offered, context)


def _same_skill(wanted: Effect, offered: Effect) -> bool:
    if wanted.skill == offered.skill:
        return True
    seeing = {"find", "look_at", "describe"}
    both = wanted.about is not None and offered.about is not None
    return both and {wanted.skill, offered.skill} <= seeing


def _same_condition(wanted: Effect, offered: Effect, context: Context) -> bool:
    if wanted.only_if != offered.only_if:
        # "If you see it" before taking it is no other meaning.
        return (
            wanted.only_if is Condition.ALWAYS
            and offered.only_if is Condition.FOUND
            and offered.asked is not None
            and wanted.about is not None
            and same_thing(wanted.about, offered.asked, context, looking=True)
        )
    if wanted.only_if is Condition.ALWAYS:
        return True
    if wanted.asked is None or offered.asked is None:
        return wanted.asked is offered.asked
    return same_thing(wanted.asked, offered.asked, context)


def _amount(wanted: Effect, offered: Effect, near: float, context: Context) -> bool:
    if context.vague and 0 < offered.amount <= wanted.amount + near:
        return True
    return abs(wanted.amount - offered.amount) <= max(near, NEAR_SHARE * wanted.amount)


def _same_turn(wanted: Effect, offered: Effect, context: Context) -> bool:
    one, other = wanted.amount, offered.amount
    half_turns = one / math.pi
    if not context.sides and abs(half_turns - round(half_turns)) < 1e-3:
        one, other = abs(one), abs(other)
    near = max(NEAR_RAD, NEAR_SHARE / 2 * abs(one))
    # "Turn around" says how far without a number.
    if context.vague and one * other > 0 and abs(other) <= abs(one) + near < math.pi:
        return True
    return abs(one - other) <= near


def _same_target(wanted: Step, offered: Step, context: Context) -> bool:
    one, other = wanted.arguments, offered.arguments
    if "target_place" in one or "target_place" in other:
        # On and in follow the kind of place, which the validator has checked.
        return _place(one.get("target_place"), context) == _place(
            other.get("target_place"), context
        )
    mine, others = one.get("target_object"), other.get("target_object")
    if not isinstance(mine, ObjectRef) or not isinstance(others, ObjectRef):
        return mine == others
    return one.get("relation") == other.get("relation") and same_thing(mine, others, context)


def _same_arguments(wanted: Effect, offered: Effect, context: Context) -> bool:
    one, other = dict(wanted.step.arguments), dict(offered.step.arguments)
    if wanted.skill in ("go_to", "look_at", "find", "describe") and (
        wanted.about is not None or offered.about is not None
    ):
        if wanted.about is not None and offered.about is not None:
            return same_thing(wanted.about, offered.about, context)
        # "Go to the cup" may be to go to the place where the only such cup is.
        if wanted.skill == "go_to" and wanted.about is not None and offered.at:
            return {_place(place, context) for place in _where(wanted.about, context)} == {
                _place(offered.at, context)
            }
        return False
    if wanted.skill == "count":
        place = one.pop("place", ""), other.pop("place", "")
        inner = [
            ref.place if isinstance(ref := a.get("object"), ObjectRef) else "" for a in (one, other)
        ]
        if _place(place[0] or inner[0], context) != _place(place[1] or inner[1], context):
            return False
        refs = [a.pop("object", None) for a in (one, other)]
        if not all(isinstance(ref, ObjectRef) for ref in refs):
            return False
        bare = [replace(ref, place="", quantity="") for ref in refs if isinstance(ref, ObjectRef)]
        return _same_words_of_thing(bare[0], bare[1], context)
    if set(one) != set(other):
        return False
    return all(_same_value(one[name], other[name], context) for name in one)


def _same_value(one: Argument, other: Argument, context: Context) -> bool:
    if isinstance(one, ObjectRef) and isinstance(other, ObjectRef):
        return same_thing(one, other, context)
    if isinstance(one, tuple) and isinstance(other, tuple):
        return all(abs(a - b) <= NEAR_RAD for a, b in zip(one, other, strict=True))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return abs(one - other) <= max(0.01, NEAR_SHARE * abs(one))
    if isinstance(one, str) and isinstance(other, str):
        if context.scene.place(one) or context.scene.place(other):
            return _place(one, context) == _place(other, context)
        return same_words(one, other)
    return one == other


def _place(name: object, context: Context) -> str:
    """By its own name, where an alias was used."""
    found = context.scene.place(str(name)) if name else None
    return found.name if found is not None else str(name or "")


def same_words(one: str, other: str) -> bool:
    """Whether a text says what was to be said: its words in their order, with little around them."""
    wanted, offered = plain(one).split(), plain(other).split()
    rest = iter(offered)
    return all(word in rest for word in wanted) and len(offered) <= len(wanted) + 6


# --- things -----------------------------------------------------------------------------------------


def same_thing(
    wanted: ObjectRef, offered: ObjectRef, context: Context, looking: bool = False
) -> bool:
    """Whether a reference means nothing else than what is wanted.

    It may say more, where all that it fits are among what is wanted, and less, where only what is wanted was seen.
    looking: it is only looked for, so that less is no harm.
    """
    if not looking and _quantity(wanted) != _quantity(offered):
        return False
    if looking and _quantity(offered) not in ("", _quantity(wanted)):
        return False
    mine = {item.id for item in context.scene.objects if _fits(item, wanted, context)}
    others = {item.id for item in context.scene.objects if _fits(item, offered, context)}
    if offered.id and not wanted.id:
        return not wanted.relation and bool(others) and others <= mine
    if wanted.relation != offered.relation or not _same_references(wanted, offered, context):
        return looking and not offered.relation and _same_words_of_thing(wanted, offered, context)
    if _quantity(wanted):
        same_kind = _same_words_of_thing(wanted, offered, context)
        return same_kind and (wanted.place == offered.place or (bool(mine) and mine == others))
    if others and others <= mine:
        return _label(wanted, context) in ANY_LABELS or _label(offered, context) not in ANY_LABELS
    if looking:
        return akin(
            replace(wanted, label=_label(wanted, context)),
            replace(offered, label=_label(offered, context)),
        )
    if not _same_words_of_thing(wanted, offered, context):
        return False
    if wanted.place and offered.place:
        return _place(wanted.place, context) == _place(offered.place, context)
    return not mine or not others or mine == others


def _same_words_of_thing(one: ObjectRef, other: ObjectRef, context: Context) -> bool:
    return _label(one, context) == _label(other, context) and {
        word.lower() for word in one.attributes
    } == {word.lower() for word in other.attributes}


def _fits(item: SceneObject, ref: ObjectRef, context: Context) -> bool:
    plain_ref = replace(ref, relation="", reference=(), quantity="")
    if matches(item, plain_ref):
        return True
    label = _label(ref, context)
    return bool(label) and matches(item, replace(plain_ref, label=label))


def _label(ref: ObjectRef, context: Context) -> str:
    """As the scene or the lexicon call it; "" for any."""
    word = ref.label.strip().lower()
    if word in ANY_LABELS:
        return ""
    if any(item.label == word for item in context.scene.objects):
        return word
    known = context.lexicon.label_words.get(word)
    return known[0] if known is not None else word


def _quantity(ref: ObjectRef) -> str:
    return "" if ref.quantity in ("one", "1") else ref.quantity


def _same_references(one: ObjectRef, other: ObjectRef, context: Context) -> bool:
    mine = sorted(" ".join(sorted(plain(text).split())) for text in one.reference)
    others = sorted(" ".join(sorted(plain(text).split())) for text in other.reference)
    return mine == others


# --- several things, one by one ---------------------------------------------------------------------


def _unrolled(steps: Sequence[Step], scene: Scene) -> list[Step]:
    """The same with each group carried out for one thing after the other; empty where there is none to unroll."""
    out: list[Step] = []
    index = 0
    any_group = False
    while index < len(steps):
        step = steps[index]
        ref = step.arguments.get("object")
        quantity = ref.quantity if isinstance(ref, ObjectRef) else ""
        if step.skill != "pick" or not isinstance(ref, ObjectRef) or quantity in ("", "one", "1"):
            out.append(step)
            index += 1
            continue
        end = next(
            (n for n in range(index, len(steps)) if steps[n].skill in ("place", "hand_over")), None
        )
        single = replace(ref, quantity="")
        count = (
            sum(matches(item, single) for item in scene.objects)
            if quantity == "all"
            else int(quantity)
            if quantity.isdecimal()
            else 0
        )
        if end is None or not 0 < count <= _UNROLLED:
            return []
        round_ = [replace(step, arguments={**step.arguments, "object": single})]
        out += [*round_, *steps[index + 1 : end + 1]] * count
        index, any_group = end + 1, True
    return out if any_group else []
