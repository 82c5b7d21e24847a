# SPDX-License-Identifier: Apache-2.0
"""A plan against the words of a command that the grammar can't read.

Decides whether there is a word for all that it does, and whether nothing that was said is left out. Conservative: a
paraphrase passes where every drive, place, thing, amount and side of the plan has a word ("nab the ball", "grab me
something to drink"); what has none, or speaks against it, is a reason to ask.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from vla_common.contracts.scene import ANY_LABELS, SceneObject, matches
from vla_common.contracts.skills import ObjectRef, Step
from vla_planner.config import PlannerConfig
from vla_planner.core.backend import PlanRequest
from vla_planner.core.summary import phrase
from vla_planner.gate.command_words import degrees_of, read
from vla_planner.gate.compare import NEAR_M, NEAR_RAD, NEAR_SHARE, SHORT_TEXT
from vla_planner.gate.effects import HANDLES, LOOKS, TALKS, Effect, effects
from vla_planner.grammar.overlay import Overlay
from vla_planner.grammar.splitting import plain

_DRIVING = frozenset(
    {
        "GO",
        "GET",
        "APPROACH",
        "RETURN",
        "HOME",
        "ADVANCE",
        "GUIDE",
        "FOLLOW",
        "FIND",
        "SEARCH",
        "CHECK",
        "LOOK",
        "FACE",
    }
)
_TAKING = frozenset({"PICK", "BRING", "PUT", "DROP", "THROW", "HAND"})
_LOOKING = frozenset(
    {"FIND", "WHERE", "SEARCH", "CHECK", "LOOK", "DESCRIBE", "DESCRIBE_ALL", "COUNT", "FACE"}
)
_WANTS = frozenset(
    {"want", "need", "use", "belong", "belongs", "should", "like", "thirsty", "hungry", "nab", "snag",
     "swipe", "stash", "swap", "rid", "tidy", "clean", "clear", "have", "goes", "wants", "needs", "must",
     "please", "retrieve", "hand", "lend", "seize", "gimme", "lemme", "gotta", "wanna", "empty", "has",
     "sort", "nice", "lovely", "great", "love", "fancy", "craving", "wish", "load", "slot", "chuck", "lob",
     "shove", "plonk", "slide", "stow", "return", "bin", "dump", "ferry", "escort", "take", "yoink", "drag"}
)  # fmt: skip
"""Words with which people ask for a thing, beside the verbs of the lexicon."""
_MOVES = frozenset(
    {"mosey", "saunter", "stroll", "trundle", "zip", "zoom", "dash", "amble", "wheel", "scurry", "trot",
     "march", "wend", "be", "scoot", "way", "hop", "pop", "swing", "toddle", "meander", "advance",
     "proceed", "driving", "going", "moving", "heading", "journey", "trek", "sail", "rolling", "travelling",
     "traveling", "come", "pirouette", "twirl", "whirl", "swivel", "wheels", "relocate", "see", "meet",
     "visit", "join"}
)  # fmt: skip
_WAY_WORDS = frozenset(
    {"to", "over", "on", "toward", "towards", "down", "across", "along", "up", "into"}
)
_DISCARDS = frozenset(
    {
        "rid",
        "trash",
        "garbage",
        "rubbish",
        "discard",
        "dispose",
        "bin",
        "waste",
        "away",
        "out",
        "junk",
    }
)
_ALL_OF_IT = frozenset(
    {"contents", "content", "everything", "stuff", "things", "objects", "items", "clear", "empty", "tidy",
     "clean", "all"}
)  # fmt: skip
_WHIRLS = frozenset({"spin", "twirl", "whirl", "pirouette", "revolve", "circle", "revolution"})
_RANKED = {
    "smallest": {"small", "little", "tiny"},
    "largest": {"large", "big", "huge"},
    "tallest": {"tall"},
}
"""Ranks, and the qualities by which the person may have been taken to mean a thing that was seen."""
_TURNS_BACK = frozenset({"around", "round", "about", "u-turn", "back"})
_KINDS = {
    ("drink", "drinking", "thirsty", "beverage", "refreshment", "sip"): (
        "bottle", "cup", "mug", "can", "glass", "wine glass", "water", "juice", "soda", "tea", "coffee", "milk", "beer"
    ),
    ("eat", "eating", "hungry", "food", "snack", "meal", "fruit"): (
        "apple", "banana", "orange", "pear", "sandwich", "cake", "donut", "pizza", "cookie", "snack", "lemon", "peach",
        "strawberry", "carrot", "bread", "cereal box", "chips"
    ),
    ("read", "reading"): ("book", "magazine", "newspaper", "letter", "tablet"),
    ("write", "writing"): ("pen", "pencil", "marker"),
    ("cut", "cutting"): ("knife", "scissors", "saw"),
    ("wipe", "clean", "wash"): ("sponge", "cloth", "towel", "napkin", "soap"),
    ("toy", "toys", "play"): ("ball", "teddy bear", "toy car", "doll", "block", "puzzle", "dice", "kite", "frisbee"),
    ("soup",): ("bowl", "pot", "spoon"),
    ("dish", "dishes", "tableware", "crockery"): ("cup", "bowl", "plate", "mug", "glass", "fork", "knife", "spoon"),
    ("container", "vessel"): ("bowl", "box", "cup", "bottle", "basket", "bucket", "crate", "container"),
}  # fmt: skip
"""What a thing is for, and the kinds of things that will do."""
_ANYTHING = frozenset(
    {
        "thing",
        "object",
        "item",
        "something",
        "anything",
        "stuff",
        "one",
        "it",
        "that",
        "this",
        "them",
    }
)
_COLORS = frozenset(
    {"red", "green", "blue", "yellow", "white", "black", "orange", "purple", "pink", "brown", "grey",
     "gray", "cyan", "silver", "golden", "beige", "turquoise", "violet"}
)  # fmt: skip
_OPPOSED = tuple(
    (frozenset(one.split()), frozenset(other.split()))
    for one, other in (
        ("small little tiny", "large big huge tall"),
        ("large big huge tall", "small little tiny short"),
    )
)


@dataclass(frozen=True)
class Finding:
    """reasons: empty where the plan may pass; nothing_for_it: no word speaks for anything that it moves."""

    reasons: tuple[str, ...] = ()
    nothing_for_it: bool = False


def weigh(
    request: PlanRequest, steps: Sequence[Step], known: Overlay, config: PlannerConfig
) -> Finding:
    """A plan against the words of its command and of what was answered about it."""
    words = _Words(request, known, config)
    return words.weigh(effects(steps))


class _Words:
    def __init__(self, request: PlanRequest, known: Overlay, config: PlannerConfig) -> None:
        self._request = request
        self._known = known
        self._config = config
        answers = " . ".join(answer for _, answer in request.answers)
        self._said = read(f"{request.command} . {answers}" if answers else request.command, known)
        self._before: tuple[Effect, ...] = ()
        earlier = tuple(effects(request.previous.steps)) if request.previous is not None else ()
        if self._refers_back():
            self._before = earlier
        # "And now the shelf": the verb is that of the command before.
        verbless = not (_DRIVING | _TAKING | {"TURN", "WAIT"}) & self._said.classes
        self._verbs = {effect.skill for effect in earlier} if verbless else set()

    def _refers_back(self) -> bool:
        said = self._said
        return bool({"PRONOUN", "ONE", "THERE"} & said.classes) or "same" in said.words

    def weigh(self, plan: Sequence[Effect]) -> Finding:
        moving = [effect for effect in plan if effect.physical or effect.skill == "find"]
        if not moving and not any(effect.skill == "wait" for effect in plan):
            return self._still(plan)
        said = self._said
        only_finds = said.question and not any(effect.physical for effect in plan)
        only_waits = all(effect.skill in LOOKS | TALKS - {"ask"} for effect in plan) and not any(
            effect.skill == "find" for effect in plan
        )
        if said.refused and not (only_finds or only_waits):
            why = "denies that" if said.refused == "not" else f"only speaks of it: '{said.refused}'"
            return Finding((f"the command {why}",), True)
        if said.question and any(
            effect.physical and not self._is_way(plan, i) for i, effect in enumerate(plan)
        ):
            return Finding(("the command is a question",), True)
        reasons = list(said.unsure)
        spoken_for = 0
        for index, effect in enumerate(plan):
            against = self._against(effect, index, plan)
            spoken_for += effect in moving and not against
            reasons += against
        reasons += self._left_out(plan)
        return Finding(tuple(dict.fromkeys(reasons)), bool(reasons) and not spoken_for)

    def _still(self, plan: Sequence[Effect]) -> Finding:
        """Only looks and words. They move nothing but the head; a long text is not for nothing."""
        for effect in plan:
            if effect.skill == "say" and len(str(effect.step.arguments.get("text", ""))) > 300:
                return Finding(("nobody asked for so many words",))
            if effect.skill in LOOKS and not self._said.refused:
                against = self._looks(effect)
                if against:
                    return Finding(tuple(against))
        return Finding()

    # --- for each thing that the plan does ----------------------------------------------------------

    def _against(self, effect: Effect, index: int, plan: Sequence[Effect]) -> list[str]:
        told = phrase(effect.step)
        if effect.only_if:
            return [f"I don't find the condition in it, on which I would {told}"]
        if effect.skill == "move":
            return self._moves(effect)
        if effect.skill == "turn":
            return self._turns(effect)
        if effect.skill == "wait":
            return self._waits(effect)
        if effect.skill == "say":
            long = len(str(effect.step.arguments.get("text", ""))) > SHORT_TEXT
            return ["nobody asked for so many words"] if long else []
        if effect.skill == "go_to":
            return self._goes(effect, index, plan)
        if effect.skill == "pick":
            return self._takes(effect, plan)
        if effect.skill == "place":
            return self._puts(effect)
        if effect.skill == "hand_over":
            return (
                []
                if {"HAND", "BRING"} & self._said.classes
                else [f"nothing in it asks me to {told}"]
            )
        if effect.skill in LOOKS:
            return self._looks(effect)
        return self._others(effect)

    def _moves(self, effect: Effect) -> list[str]:
        told, said = phrase(effect.step), self._said
        if effect.side not in said.sides:
            return [f"it does not say that I should {told}"]
        if not (self._drives() or said.lengths or "MAKE" in said.classes):
            return [f"nothing in it asks me to {told}"]
        return self._measured(
            effect.amount, list(self._said.lengths), self._default_m(), NEAR_M, told
        )

    def _turns(self, effect: Effect) -> list[str]:
        told, said = phrase(effect.step), self._said
        turning = "TURN" in said.classes or said.angles or _MOVES & said.words
        if not turning:
            return [f"nothing in it asks me to {told}"]
        side = "left" if effect.amount > 0 else "right"
        half_turns = effect.amount / math.pi
        whole = abs(half_turns - round(half_turns)) < 0.01
        if said.sides & {"left", "right"}:
            if side not in said.sides:
                return [f"it does not say that I should {told}"]
        elif not whole:
            return [f"it leaves open which way I should turn, so not to {told}"]
        angles = list(said.angles)
        angles += [angle for bare in said.bare if (angle := degrees_of(bare)) is not None]
        default = self._config.default_angle_rad
        if "LITTLE" in said.classes:
            default = self._config.a_little_rad
        elif _TURNS_BACK & said.words:
            default = math.pi
        if _WHIRLS & said.words and whole:
            default = 2 * math.pi
        return self._measured(abs(effect.amount), angles, default, NEAR_RAD, told)

    def _waits(self, effect: Effect) -> list[str]:
        told, said = phrase(effect.step), self._said
        if not ({"WAIT", "MOMENT"} & said.classes or said.times):
            return [f"nothing in it asks me to {told}"]
        times = list(said.times)
        if "MOMENT" in said.classes:
            if effect.amount <= self._config.default_wait_s:
                return []  # "a sec" is no second
            times.append(self._config.default_wait_s)
        return self._measured(effect.amount, times, self._config.default_wait_s, 0.05, told)

    def _measured(
        self, amount: float, said: Sequence[float], default: float, near: float, told: str
    ) -> list[str]:
        """Whether an amount was said: by itself, repeated as often as was said, or with others together."""
        repeats = [n for n in self._said.repeats if n > 0] or [1.0]
        if not said:
            if self._said.amounts and self._said.bare:
                return [f"it says {self._said.bare[0]:g}, the plan is to {told}"]
            most = default * max(repeats)
            return [] if amount <= most + near else [f"it does not say how far; I would {told}"]
        fitting = [value * times for value in said for times in (1.0, *repeats)]
        fitting.append(sum(said))
        if any(abs(value - amount) <= max(near, NEAR_SHARE * value) for value in fitting):
            return []
        return [f"it says another amount, the plan is to {told}"]

    def _goes(self, effect: Effect, index: int, plan: Sequence[Effect]) -> list[str]:
        told, said = phrase(effect.step), self._said
        if self._is_way(plan, index):
            return []
        if not self._drives():
            return [f"nothing in it asks me to {told}"]
        if effect.at:
            if self._place(effect.at) in self._places():
                return []
            where = {self._place(item.place) for item in self._seen_of_labels()}
            return [] if self._place(effect.at) in where else [f"it does not name the {effect.at}"]
        if effect.about is not None:
            return self._names(effect.about)
        numbers = [*said.bare, *said.lengths, *said.angles]
        pose = effect.step.arguments.get("pose")
        values = pose if isinstance(pose, tuple) else ()
        return (
            []
            if values and all(_among(abs(value), numbers) for value in values[:2])
            else [f"it does not say that I should {told}"]
        )

    def _takes(self, effect: Effect, plan: Sequence[Effect]) -> list[str]:
        told, said = phrase(effect.step), self._said
        if not self._takes_words():
            return [f"nothing in it asks me to {told}"]
        ref = effect.about or ObjectRef()
        reasons = self._names(ref)
        taken = [other for other in plan if other.skill == "pick"]
        if len(taken) > 1 and not reasons:
            kinds = {self._label(other.about or ObjectRef()) for other in taken}
            said_kinds = {label for label in kinds if label in said.labels}
            if len(said_kinds) < len(taken) and not said.several:
                reasons.append("it does not ask for so many things")
        plural = bool(said.plurals) and self._label(ref) in said.plurals
        if effect.quantity and not (said.several or self._number_said(effect.quantity)):
            reasons.append(f"it does not say how many; I would {told}")
        elif not effect.quantity and (plural or said.several) and len(taken) == 1:
            reasons.append(f"it speaks of several; I would {told}")
        return reasons

    def _puts(self, effect: Effect) -> list[str]:
        told, said = phrase(effect.step), self._said
        if not self._takes_words():
            return [f"nothing in it asks me to {told}"]
        if effect.at:
            name = self._place(effect.at)
            disposal = {
                found for word in self._known.lexicon.disposal if (found := self._place(word))
            }
            if name in self._places() or (name in disposal and _DISCARDS & said.words):
                return []
            return [f"it does not name the {effect.at}"]
        return (
            self._names(effect.about)
            if effect.about is not None
            else [f"nothing in it asks me to {told}"]
        )

    def _looks(self, effect: Effect) -> list[str]:
        told, said = phrase(effect.step), self._said
        if effect.about is not None:
            return self._names(effect.about)
        if effect.at:
            if self._place(effect.at) in self._places() | self._where_of_labels():
                return []
            return [f"it does not name the {effect.at}"]
        if _LOOKING & said.classes or said.question or {"see", "look", "view"} & said.words:
            return []
        return [f"nothing in it asks me to {told}"]

    def _others(self, effect: Effect) -> list[str]:
        """A skill of a plug-in: its name or one of its phrases has to be there."""
        names = {effect.skill.replace("_", " ")}
        for spec in self._request.skills:
            if spec.name == effect.skill:
                names |= {text.lower() for text in spec.phrases}
        words = self._said.words
        if any(set(plain(name).split()) & words for name in names):
            return []
        return [f"nothing in it asks me to {phrase(effect.step)}"]

    # --- things and places --------------------------------------------------------------------------

    def _names(self, ref: ObjectRef) -> list[str]:
        """Whether a word names the thing, and none speaks against it."""
        label = self._label(ref)
        fitting = [item for item in self._request.scene.objects if _fits(item, ref, label)]
        kinds = {label} if label else {item.label for item in fitting}
        if not self._is_named(ref, label, kinds):
            return [f"it does not name the {ref.describe()}"]
        against = self._other_qualities(ref, fitting)
        if against:
            return [against]
        if ref.place and self._place(ref.place) not in self._places():
            if not any(item.place == self._place(ref.place) for item in fitting):
                return [f"it does not name the {ref.place}"]
        if ref.relation and not ref.id and not self._relation_said(ref.relation):
            return [f"it does not say '{ref.relation.replace('_', ' ')}'"]
        return []

    def _is_named(self, ref: ObjectRef, label: str, kinds: set[str]) -> bool:
        said = self._said
        if kinds & said.labels or set(plain(label).split()) & said.words:
            return True
        if {"ONE", "PRONOUN"} & said.classes and kinds & said.mentioned:
            return True  # "don't take the red cup, take the blue one"
        if not label and not ref.attributes and _ALL_OF_IT & said.words:
            return not said.places or self._place(ref.place) in self._places()
        return self._by_purpose(kinds) or self._by_context(ref, kinds)

    def _other_qualities(self, ref: ObjectRef, fitting: Sequence[SceneObject]) -> str:
        """What was said of a thing and is not true of this one, or is true of it by the plan alone."""
        said = self._said
        own = {word.lower() for word in ref.attributes}
        own |= {word for item in fitting for word in (item.color, *item.attributes) if word}
        colors = (said.attributes | said.words) & _COLORS
        if colors and len(said.labels) <= 1 and not colors & own:
            return f"it does not say that it is about the {ref.describe()}"
        for mine, others in _OPPOSED:
            if said.words & mine and own & others and not own & mine:
                return f"it asks for another than the {ref.describe()}"
        alike = {word for rank in said.ranks for word in _RANKED.get(rank, ())}
        if said.ranks and ref.relation not in said.ranks and not ref.id and not alike & own:
            return f"it asks for the {min(said.ranks)} one"
        for word in ref.attributes:
            known = word.lower() in said.words | said.attributes | alike
            if not known and any(word not in (item.color, *item.attributes) for item in fitting):
                return f"it does not say '{word}'"
            if not known and not fitting:
                return f"it does not say '{word}'"
        return ""

    def _relation_said(self, relation: str) -> bool:
        return relation in self._said.ranks or bool(set(plain(relation).split()) & self._said.words)

    def _by_purpose(self, kinds: Iterable[str]) -> bool:
        found = set(kinds)
        return bool(found) and any(
            set(purposes) & self._said.words and found <= set(labels)
            for purposes, labels in _KINDS.items()
        )

    def _by_context(self, ref: ObjectRef, kinds: set[str]) -> bool:
        """ "It", "the red one", "something red": by what was mentioned before, or by a quality."""
        said = self._said
        if not _ANYTHING & said.words:
            return False
        before = [effect.about for effect in self._before if effect.about is not None]
        if before and any(self._label(other) in kinds for other in before):
            return True
        if self._request.holding and plain(self._request.held_label).split()[-1:] == [*kinds][:1]:
            return True
        qualities = {word.lower() for word in ref.attributes}
        return bool(qualities) and qualities <= said.words

    def _label(self, ref: ObjectRef) -> str:
        word = ref.label.strip().lower()
        if ref.id:
            found = next((o for o in self._request.scene.objects if o.id == ref.id), None)
            word = found.label if found is not None else word
        if word in ANY_LABELS:
            return ""
        if word in self._known.labels:
            return word
        known = self._known.lexicon.label_words.get(word)
        return known[0] if known is not None else word

    def _places(self) -> set[str]:
        found = {self._place(name) for name in self._said.places}
        if self._before:
            found |= {self._place(effect.at) for effect in self._before if effect.at}
        # A word that is a kind of thing and of place ("box") names either.
        return found | {name for label in self._said.labels if (name := self._place(label))}

    def _place(self, name: str) -> str:
        found = self._request.scene.place(name)
        return found.name if found is not None else ""

    def _seen_of_labels(self) -> list[SceneObject]:
        said = self._said
        return [
            item
            for item in self._request.scene.objects
            if item.label in said.labels or self._by_purpose({item.label})
        ]

    def _where_of_labels(self) -> set[str]:
        return {self._place(item.place) for item in self._seen_of_labels() if item.place}

    def _is_way(self, plan: Sequence[Effect], index: int) -> bool:
        """Whether a drive only leads to what is handled or looked at next."""
        effect = plan[index]
        if effect.skill != "go_to":
            return False
        after = next((e for e in plan[index + 1 :] if e.drives or e.skill in HANDLES | LOOKS), None)
        if after is None or after.drives:
            return False
        if effect.about is not None and after.about is not None:
            return self._label(effect.about) == self._label(after.about)
        if not effect.at:
            return False
        at = self._place(effect.at)
        where = {self._place(after.at)} if after.at else set()
        for value in after.step.arguments.values():
            if isinstance(value, ObjectRef):
                label = self._label(value)
                where |= {self._place(value.place)} if value.place else set()
                where |= {
                    self._place(item.place)
                    for item in self._request.scene.objects
                    if _fits(item, value, label)
                }
        return at in where or at in self._places()

    # --- words ---------------------------------------------------------------------------------------

    def _drives(self) -> bool:
        said = self._said
        if _DRIVING & said.classes or _MOVES & said.words or "go_to" in self._verbs:
            return True
        return self._is_fragment() or self._unknown_verb(_WAY_WORDS)

    def _is_fragment(self) -> bool:
        """ "Over to the bin": no verb, no unknown word, but where to."""
        said = self._said
        verbs = _DRIVING | _TAKING | {"TURN", "WAIT", "DESCRIBE", "COUNT", "SAY"}
        return (
            not said.classes & verbs
            and not said.loose
            and bool({"to", "for", "please"} & said.words)
        )

    def _unknown_verb(self, follow: frozenset[str]) -> bool:
        """ "Mosey on over to the shelf": a word that nobody knows, with a way after it."""
        words = plain(self._request.command).split()
        return any(one in self._said.loose and two in follow for one, two in pairwise(words))

    def _takes_words(self) -> bool:
        said = self._said
        if _TAKING & said.classes or _WANTS & said.words or "GET" in said.classes:
            return True
        if self._verbs & {"pick", "place"} or self._is_fragment():
            return True
        if _ANYTHING & said.words and any(set(words) & said.words for words in _KINDS):
            return True
        first = next((w for w in plain(self._request.command).split() if w in said.loose), "")
        return bool(first) and bool({"into", "onto", "inside"} & said.words)

    def _number_said(self, quantity: str) -> bool:
        if quantity == "all":
            return (
                self._said.several
                or bool(_ALL_OF_IT & self._said.words)
                or bool(self._said.plurals & self._said.firm)
            )
        return quantity.isdecimal() and float(quantity) in self._said.bare

    def _default_m(self) -> float:
        if "LITTLE" in self._said.classes:
            return self._config.a_little_m
        if {"step", "steps", "pace", "paces"} & self._said.words:
            return self._config.step_m
        return self._config.default_distance_m

    # --- what was said and is not in the plan ---------------------------------------------------------

    def _left_out(self, plan: Sequence[Effect]) -> list[str]:
        said, reasons = self._said, []
        refs = [
            value
            for effect in plan
            for value in effect.step.arguments.values()
            if isinstance(value, ObjectRef)
        ]
        used = {self._place(effect.at) for effect in plan if effect.at}
        used |= {self._place(ref.place) for ref in refs if ref.place}
        labels = {self._label(ref) for ref in refs}
        fitting = [
            item
            for ref in refs
            for item in self._request.scene.objects
            if _fits(item, ref, self._label(ref))
        ]
        used |= {self._place(item.place) for item in fitting if item.place}
        if not any(effect.skill in HANDLES for effect in plan):
            # "Where the white bowl stands": what is there counts as named.
            fitting += [
                item for item in self._request.scene.objects if self._place(item.place) in used
            ]
        labels |= {item.label for item in fitting}
        for name in sorted(said.places):
            if name.startswith("?"):
                reasons.append(f"I know no place '{name[1:]}'")
            elif self._place(name) not in used and name not in labels:
                reasons.append(f"it names the {name}, the plan does not")
        for label in sorted(said.labels):
            if label not in labels and self._place(label) not in used and label not in said.places:
                held = self._request.holding and label in plain(self._request.held_label).split()
                served = any(label in purposes for purposes in _KINDS) and self._by_purpose(
                    labels - {""}
                )
                if label in said.firm and not (_places_named(label, used) or held or served):
                    reasons.append(f"it names the {label}, the plan does not")
        own = {word.lower() for ref in refs for word in ref.attributes}
        own |= {word for item in fitting for word in (item.color, *item.attributes) if word}
        for word in sorted(said.attributes & _COLORS):
            if word not in own:
                reasons.append(f"it says '{word}', the plan does not")
        meters = [effect.amount for effect in plan if effect.skill == "move"]
        radians = [abs(effect.amount) for effect in plan if effect.skill == "turn"]
        for values, amounts, unit in ((said.lengths, meters, "m"), (said.angles, radians, "rad")):
            if values and not amounts and not any("pose" in e.step.arguments for e in plan):
                reasons.append(f"it says {values[0]:.3g} {unit}, the plan does not")
        turned = {"left" if e.amount > 0 else "right" for e in plan if e.skill == "turn"}
        turned |= {e.side for e in plan if e.skill == "move"}
        turned |= {str(e.step.arguments.get("direction", "")) for e in plan}
        turned |= {side for ref in refs for side in ("left", "right") if side in ref.relation}
        if any(e.drives for e in plan):
            for side in sorted(said.sides & {"left", "right"} - turned):
                reasons.append(f"it says '{side}', the plan does not")
        reasons += self._order(plan)
        if _TAKING & said.classes & {"PUT", "THROW"} and any(e.skill == "pick" for e in plan):
            if not any(e.skill in ("place", "hand_over") for e in plan) and len(said.places) > 0:
                reasons.append("the plan puts nothing down")
        return reasons

    def _order(self, plan: Sequence[Effect]) -> list[str]:
        """Drives have to come in the order in which they were said."""
        at = -1
        for index, effect in enumerate(plan):
            keys: set[str] = set()
            if effect.skill == "move":
                keys = {effect.side}
            elif effect.skill == "turn":
                keys = {"left" if effect.amount > 0 else "right"}
            elif effect.skill == "go_to" and effect.at and not self._is_way(plan, index):
                keys = {effect.at, self._place(effect.at)}
            where = [n for n, word in enumerate(self._said.order) if word in keys]
            if not where:
                continue
            later = [n for n in where if n > at] or [n for n in where if n == at]
            if not later:
                return ["it says these things in another order"]
            at = later[0]
        return []


def _fits(item: SceneObject, ref: ObjectRef, label: str) -> bool:
    return matches(item, ObjectRef(label, ref.attributes, ref.place, id=ref.id))


def _among(value: float, numbers: Sequence[float]) -> bool:
    return any(abs(value - abs(number)) <= 0.01 for number in numbers)


def _places_named(label: str, used: set[str]) -> bool:
    return any(set(label.split()) <= set(name.split()) for name in used if name)
