# SPDX-License-Identifier: Apache-2.0
"""Building: a parse tree as the elements of `meaning`.

Decides which words describe one thing and how long an amount is; nothing about the scene.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from vla_common.contracts.outcomes import Code, VlaError
from vla_planner.grammar.meaning import (
    Clause,
    Condition,
    Element,
    Mark,
    Measure,
    Repeat,
    Tail,
    Thing,
)
from vla_planner.grammar.measuring import is_tree, pose_in
from vla_planner.grammar.measuring import measures as measures_in

_MARKS = {
    "FIX": Mark.FIX,
    "HOLD": Mark.HOLD,
    "OR": Mark.OR,
    "OTHERWISE": Mark.OTHERWISE,
    "IF_SO": Mark.IF_SO,
    "TOGETHER": Mark.TOGETHER,
}
_NAMED = ("THERE", "HERE", "HOME", "ME", "PERSON")
_HEADS = ("LABEL", "GENERIC", "ONE", "PRONOUN", "PLACE", "EVERYTHING", "NOTHING")
_IS = ("BE", "BE_NOT")
_NEGATIVE = ("EXIST_NOT", "BE_NOT", "NO", "NOTHING")


def elements(tree: Any) -> list[Element]:
    """What was said, in order."""
    found: list[Element] = []
    for child in tree.children:
        if is_tree(child):
            if child.data == "condition":
                found.append(_condition(child))
            else:
                found.append(_clause(child))
        elif child.type == "SEP":
            found.append(Mark(child.meaning))
        elif child.type == "REPEAT":
            found.append(Repeat(float(child.meaning)))
        elif child.type in _MARKS:
            found.append(_MARKS[child.type])
    return found


def _condition(tree: Any) -> Condition:
    unless = tree.children[0].type == "UNLESS"
    rest = tree.children[1:]
    thing, tails, there = _state(rest)
    verb = next((index for index, item in enumerate(rest) if item_type(item) in _IS), 0)
    subject = None
    empty = item_type(rest[-1]) == "EMPTY"
    if verb and item_type(rest[0]) != "NOTHING":
        said, where, _ = _state(rest[:verb])
        subject = (said, where)
    return Condition(thing, tails, there != unless, subject, empty)


def item_type(node: Any) -> str:
    """Its class, "" for a tree."""
    return "" if is_tree(node) else str(node.type)


def _state(children: list[Any]) -> tuple[Thing, tuple[Tail, ...], bool]:
    """What is said to be so: the thing, where, and whether it is there at all."""
    thing: Thing | None = None
    tails: list[Tail] = []
    attributes: list[str] = []
    there = True
    for child in children:
        if is_tree(child):
            if child.data == "np":
                thing = _thing(child.children)
            else:
                tails.append(_tail(child))
            continue
        if child.type in _NEGATIVE:
            there = False
        if child.type == "NOTHING":
            thing = Thing("generic", "object", index=child.word_index)
        elif child.type == "ADJ":
            attributes.append(child.meaning)
        elif child.type == "EMPTY" and thing is not None:
            tails.insert(0, Tail("at", thing, off="in"))
            thing, there = Thing("generic", "object", index=child.word_index), not there
    assert thing is not None
    if attributes:
        thing = replace(thing, attributes=(*attributes, *thing.attributes))
    return thing, tuple(tails), there


def _clause(tree: Any) -> Clause:
    things: list[Thing] = []
    tails: list[Tail] = []
    measures: list[Measure] = []
    choices: list[str] = []
    direction, spoken, times = "", "", 1.0
    pose: tuple[float, float, float | None] | None = None
    classes = set()
    pending = ""  # a relation whose `where` follows directly, as in "go to the table"
    qualities: list[Any] = []
    verb = "fragment" if tree.data == "only" else str(tree.data)
    for child in tree.children:
        if is_tree(child):
            if child.data == "measure" or child.data == "amount":
                measures.extend(measures_in(child.children))
            elif child.data in ("np", "given"):
                things.append(_thing(child.children))
            elif child.data == "tail" and (said := _colors_of(child)):
                if not things:
                    raise VlaError(Code.NOT_UNDERSTOOD, f"I don't know what is {said[0]}.")
                attributes = dict.fromkeys((*things[-1].attributes, *said))
                things[-1] = replace(things[-1], attributes=tuple(attributes))
            elif child.data in ("tail", "goal"):
                tails.append(_tail(child))
            elif child.data == "pose":
                pose = pose_in(child)
            elif child.data == "choice":
                choices.extend(item.meaning for item in child.children if item.type == "CHOICE")
            elif child.data == "where":
                if pending == "between" and tails and tails[-1].relation == "between":
                    tails[-1] = replace(tails[-1], second=_where(child))
                else:
                    tails.append(Tail(pending or "to", _where(child)))
            continue
        classes.add(child.type)
        if child.type in ("SIDE", "LINE", "ADVANCE"):
            direction = child.meaning
        elif child.type in ("UP", "DOWN", "AROUND"):
            direction = direction or child.type.lower()
        elif child.type == "ABOUT_FACE":
            direction = "around"
        elif child.type == "BACK" and verb in ("move", "fragment"):
            direction = "backward"
        elif child.type == "RELATION":
            pending = child.meaning
        elif child.type == "BETWEEN":
            pending = "between"
        elif child.type in ("THERE", "HERE", "HOME"):
            tails.append(Tail("to", _named(child)))
        elif child.type in ("ME", "PERSON"):
            things.append(_named(child))
        elif child.type == "REPEAT":
            times = child.meaning
        elif child.type == "TEXT":
            spoken = child.meaning
        elif child.type == "NUMBER" and verb in ("generic", "turn"):
            measures.append(Measure(child.meaning, ""))
        elif child.type in ("ADJ", "RANK", "THE"):
            qualities.append(child)
    if verb == "check":
        thing, where, _ = _state(tree.children)
        things, tails, verb = [thing], list(where), "find"
    if verb == "find_so":  # "is the cup red"
        things, verb = [_thing(tree.children[1:])], "find"
    if verb == "fragment" and not things and any(item.type != "THE" for item in qualities):
        things.append(_thing(qualities))
    if verb == "carry" and "PICK" in classes:
        verb, things, tails = _nearest_to(verb, things, tails)
    tokens = list(tree.scan_values(lambda _: True))
    return Clause(
        verb,
        tuple(things),
        tuple(tails),
        direction,
        tuple(measures),
        "LITTLE" in classes,
        spoken,
        frozenset(classes),
        _first_meaning(tree),
        pose,
        tuple(choices),
        " ".join(str(token) for token in tokens),
        times=int(times) if times == int(times) else 0,
        index=min((token.word_index for token in tokens), default=0),
    )


def _nearest_to(
    verb: str, things: list[Thing], tails: list[Tail]
) -> tuple[str, list[Thing], list[Tail]]:
    """ "Pick up the closest thing to the bowl" says which thing, not where to bring it."""
    goal = tails[-1] if tails else None
    if goal is None or goal.relation != "to" or goal.thing.kind == "place" or len(things) != 1:
        return verb, things, tails
    if things[0].rank not in ("nearest", "farthest"):
        return verb, things, tails
    which = Tail(things[0].rank, goal.thing)
    return "pick", [replace(things[0], rank="")], [*tails[:-1], which]


def _first_meaning(tree: Any) -> str:
    for child in tree.children:
        if is_tree(child):
            return ""
        if child.type != "LITTLE":
            return str(child.meaning)
    return ""


def _colors_of(tree: Any) -> list[str]:
    """Of "that is blue"; empty for a tail that says where."""
    return [str(child.meaning) for child in tree.children if item_type(child) == "ADJ"]


def _tail(tree: Any) -> Tail:
    relation, off, said = "to", "", ""
    for child in tree.children:
        if not is_tree(child) and child.type == "THERE":
            return Tail("at", _named(child))
        if not is_tree(child) and child.type == "RELATION":
            relation, said = child.meaning, str(child).lower()
        elif not is_tree(child) and child.type == "FROM" and child.meaning != "from":
            relation, off = "from", child.meaning
        elif not is_tree(child) and child.type in ("AT", "FROM", "BETWEEN"):
            relation = child.type.lower()
    wheres = [_where(child) for child in tree.children if is_tree(child)]
    second = wheres[1] if len(wheres) > 1 else None
    return Tail(relation, wheres[0], second, off, said)


def _where(tree: Any) -> Thing:
    unknown = []
    for child in tree.children:
        if is_tree(child):
            return _thing(child.children)
        if child.type in _NAMED:
            return _named(child)
        if child.type == "UNKNOWN":
            unknown.append(child)
    return Thing("unknown", " ".join(str(token) for token in unknown), index=unknown[0].word_index)


def _named(token: Any) -> Thing:
    return Thing(token.type.lower(), str(token).lower(), index=token.word_index)


def _thing(children: list[Any]) -> Thing:
    kind, word, label, place, quantity, rank = "", "", "", "", "", ""
    attributes: list[str] = []
    plural = definite = nothing = one_of = False
    index = children[0].word_index
    for token in children:
        name = token.type
        if name == "ADJ":
            attributes.append(token.meaning)
        elif name in ("RANK", "SIDE_OF"):
            rank = token.meaning
        elif name == "NUMBER":
            quantity = f"{token.meaning:g}"
        elif name in ("ALL", "SOME"):
            quantity = quantity or name.lower()
        elif name == "BOTH":
            quantity = "2"
        elif name == "THE":
            definite = True
        elif name == "A":
            one_of = token.meaning == "one_of"
        elif name in _HEADS:
            kind, word, index = name.lower(), str(token).lower(), token.word_index
            plural = token.plural or (kind in ("generic", "one") and word.endswith("s"))
            if kind == "label":
                label = token.meaning
            elif kind == "place":
                place = token.meaning[1]
            elif kind == "pronoun":
                plural = token.meaning == "many"
                quantity = "" if plural else token.meaning
            elif kind == "everything":
                kind, word, quantity, plural = "generic", "objects", "all", True
            elif kind == "nothing":
                kind, nothing = "generic", True
    if any(token.type == "OF" for token in children) and quantity == "1":
        one_of = True
    if quantity == "1" or one_of:
        quantity, definite, plural = "", definite and not one_of, False
    elif quantity.isdecimal() and definite:
        definite = False
    return Thing(
        kind, word, label, place, tuple(attributes), quantity, plural, definite, rank, nothing, index
    )  # fmt: skip
