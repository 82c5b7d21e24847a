# SPDX-License-Identifier: Apache-2.0
"""What the words of a command say, for commands that the grammar can't read: only what can be relied on.

Decides which words count at all (not those that are denied, quoted, told of somebody else or only imagined) and
collects amounts, directions, places, things and qualities among them. What a plan may do because of them is decided in
`gate_evidence`. Rather too little than too much is found here: what is not found is asked about.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from vla_planner.grammar.lexicon import Candidate
from vla_planner.grammar.measuring import SURELY_DEGREES
from vla_planner.grammar.overlay import Overlay
from vla_planner.grammar.splitting import Word, clean, plain, split

_POLITE = re.compile(
    r"\b(?:"
    r"(?:(?:do not|don't|never) (?:forget|hesitate|be afraid) to)|(?:why (?:don't|do not) (?:you|we))|"
    r"(?:(?:can't|won't|couldn't|wouldn't|can|could|will|would) (?:you|ya)(?: please| kindly| maybe|"
    r" possibly)?)|(?:if you (?:don't|do not|wouldn't) mind)|"
    r"(?:if it(?: is|'s) not too much trouble)|(?:if (?:at all )?possible)|(?:if you (?:please|can|could|"
    r"would|will|like))|"
    r"(?:if you would be so (?:kind|good))|"
    r"(?:when(?:ever)? you(?: are|'re)? (?:ready|can|have (?:a|some) (?:moment|time|second)|"
    r"get a (?:chance|moment)))|"
    r"(?:i was (?:wondering|hoping) (?:if|whether|that)? ?you (?:could|would|can|might))|"
    r"(?:(?:many )?thanks(?: a lot)?)|(?:thank you(?: very much| so much)?)|"
    r"(?:i mean(?!t| to))|"
    r"(?:(?:no problem|no worries|never mind that|no rush))|(?:right (?:now|away|there|here|then))|"
    r"(?:as soon as you can)|"
    r"(?:after (?:that|this|which))|(?:once (?:there|you are there|you're there|you get there|done))|"
    r"(?:would you (?:mind|like to|be so (?:kind|good) (?:as to|and)))|(?:(?:i would|"
    r"i'd) (?:really )?(?:like|love) (?:you )?(?:to )?)"
    r")(?![\w'])"
)
"""Manners in which words like "not" and "if" mean nothing."""

_DENIED = frozenset(
    {"not", "never", "no", "nobody", "none", "nowhere", "nothing", "neither", "nor", "cannot", "stop",
     "halt", "freeze", "cease", "quit", "abort", "cancel", "refrain", "avoid", "skip", "forget", "ignore",
     "dont", "stay", "remain", "off-limits", "forbidden", "forbid", "prohibited", "banned", "refuse",
     "unless", "hardly", "barely", "without", "except", "excluding", "leave", "prevent", "resist", "hate",
     "wrong", "must've", "undo", "dislike"}
)  # fmt: skip
_EXCEPT = (
    ("instead", "of"),
    ("rather", "than"),
    ("and", "not"),
    ("but", "not"),
    ("as", "opposed", "to"),
)
"""What follows these is what is not meant, up to where something is put."""
_UNHEEDED = frozenset({"without", "except", "excluding", "avoid", "avoiding", "unless", "only"})
_BREAKS = frozenset({"but", "instead", "rather"})
_INTO = frozenset({"to", "into", "onto", "toward", "towards"})

_UNREAL = re.compile(
    r"\b(?:said|says|saying|told|tells|telling|wrote|writes|writing|reads|asked|asks|mentioned|shouted|"
    r"heard|thinks|thought|"
    r"claims|claimed|imagine|imagining|suppose|supposing|supposed|pretend|pretending|hypothetically|assume|"
    r"assuming|"
    r"theoretically|what if|would happen|happens if|if i|if he|if she|if they|if someone|if somebody|"
    r"if anybody|if anyone|"
    r"(?:could|should|would|might|must|may) have|(?:could|should|would|might|must)'ve|in theory|"
    r"for example|for instance|"
    r"yesterday|ago|earlier|last (?:time|night|week|year|month)|previously|used to|before you were|"
    r"did|didn't|was|wasn't|were|weren't|had|hadn't|been|went|drove|moved|turned|picked|grabbed|took|"
    r"brought|placed|dropped|"
    r"threw|carried|fetched|rotated|walked|wanted|asking|going to be|"
    r"translate|translates|translation|mean|means|meaning|meant|define|definition|spell|pronounce|rhymes?|"
    r"synonym|"
    r"explain|explains|story|poem|joke|song|lyrics|movie|film|book says|manual|instructions?|sign|note says|"
    r"dream|dreamt|dreamed|dreaming|wonder|wondering|wish|would rather|opposite of|the word|the words|"
    r"phrase|sentence|"
    r"congratulations|capable of|allowed to|how to|how do|how does|how would|how can|how could|"
    r"never mind|just kidding|kidding)\b"
)
"""Words of what is told, past, imagined or about language: nothing in such a command is relied on."""

_CONDITIONAL = re.compile(
    r"\b(?:if|when|whenever|while|until|till|unless|once|whether|as long as|as soon as|after|before|"
    r"because of|in case|"
    r"tomorrow|tonight|later|soon|monday|tuesday|wednesday|thursday|friday|saturday|sunday|next (?:time|"
    r"week|month|year)|"
    r"o'clock|midnight|noon|daily|hourly|every (?:day|hour|minute|second|morning|evening|night|time)|"
    r"in (?:an?|one|two|three|four|five|six|seven|eight|nine|ten|fifteen|twenty|thirty|half an|\d+) "
    r"(?:hours?|minutes?|mins?|seconds?|secs?|days?|weeks?|moment|while))\b"
)
_MANNER = re.compile(
    r"\b(?:slowly|slower|slow|quickly|fast|faster|carefully|careful|gently|softly|cautiously|swiftly|rapidly|"
    r"full speed|repeatedly|forever|continuously|endlessly|almost|nearly|approximately|halfway|partially|"
    r"partly|"
    r"upside down|backward and forward|or)\b"
)
_QUESTION = re.compile(
    r"^(?:so |and |but |well |hey |hi |hello |robot |ok |okay )*"
    r"(?:what|what's|whats|who|who's|whose|whom|why|how|when|which|did|do you|do we|do they|do i|does|is|"
    r"isn't|are|aren't|"
    r"was|were|am|has|have|had|should|shall i|would it|could it|can it|will it|where|"
    r"where's)\b(?! (?:about you|you please))"
)
_ABILITY = re.compile(
    r"^(?:so |and |but |well |hey |hi |hello |robot |ok |okay )*(?:are you able|do you know|"
    r"are you capable|is it possible)\b"
)
_TALK = re.compile(
    r"^(?:and |then |please |now )*(?:say|tell|ask|shout|announce|write|type|note|sing|recite|repeat after|"
    r"read|explain|describe how|"
    r"translate|spell|call|text|email|message|remind|teach|show me how|recommend|remember|memorize|memorise)\b"
)
_QUOTED = re.compile(r"\"[^\"]*\"|(?<!\w)'[^']*'(?!\w)|«[^»]*»|`[^`]*`")

_SIDES = frozenset({"SIDE", "LINE", "BACK"})
_ARTICLES = frozenset(
    {"the", "a", "an", "my", "your", "this", "that", "these", "those", "some", "any", "all", "every",
     "each", "both", "his", "her", "our", "their", "another", "of", "no"}
)  # fmt: skip
_CLASSES = frozenset(
    {"PICK", "BRING", "PUT", "DROP", "THROW", "HAND", "GO", "GET", "APPROACH", "RETURN", "HOME", "TURN",
     "FACE", "ADVANCE", "ABOUT_FACE", "FIND", "WHERE", "SEARCH", "CHECK", "LOOK", "DESCRIBE",
     "DESCRIBE_ALL", "COUNT", "SAY", "WAIT", "MOMENT", "PRONOUN", "ONE", "THERE", "ALL", "BOTH",
     "EVERYTHING", "LITTLE", "AROUND", "GUIDE", "FOLLOW", "GREET", "MAKE", "SKILL"}
)  # fmt: skip


@dataclass
class Said:
    """What the words of a command say, in SI units. Only of the words that count.

    refused: why a whole command only denies or mentions what it names; unsure: what in it nobody can take care of.
    several: it speaks of more than one of a thing; loose: words that the lexicon does not know; mentioned: labels that
    were denied; firm: labels that can be no verbs where they stand ("the can"); ranks: "largest", "nearest"; order:
    sides and places in the order in which they come.
    """

    words: frozenset[str] = frozenset()
    refused: str = ""
    question: bool = False
    unsure: list[str] = field(default_factory=list)
    lengths: list[float] = field(default_factory=list)
    angles: list[float] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    repeats: list[float] = field(default_factory=list)
    sides: set[str] = field(default_factory=set)
    places: set[str] = field(default_factory=set)
    labels: set[str] = field(default_factory=set)
    mentioned: set[str] = field(default_factory=set)
    firm: set[str] = field(default_factory=set)
    ranks: set[str] = field(default_factory=set)
    order: list[str] = field(default_factory=list)
    plurals: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    classes: set[str] = field(default_factory=set)
    loose: list[str] = field(default_factory=list)
    several: bool = False

    @property
    def amounts(self) -> bool:
        return bool(self.lengths or self.angles or self.times or self.bare or self.repeats)


def read(command: str, known: Overlay) -> Said:
    """What can be relied on in a command."""
    text = clean(command).lower()
    bare = _QUOTED.sub(" ", text)
    folded = " ".join(_POLITE.sub(" ", " ".join(bare.split())).split())
    said = Said(question=bool(_QUESTION.search(folded) or _ABILITY.search(folded)))
    unreal = _UNREAL.search(folded)
    if unreal is not None:
        said.refused = unreal[0]
    talk_at = len(folded)
    for sentence in re.finditer(r"(?:^|[.;:!?,]|\band\b|\bthen\b|\bor\b)\s*", folded):
        if _TALK.search(folded[sentence.end() :]):
            talk_at = min(talk_at, sentence.end())
    folded = folded[:talk_at]
    for pattern, why in ((_CONDITIONAL, "when or whether"), (_MANNER, "how")):
        odd = pattern.search(folded)
        if odd is not None:
            said.unsure.append(f"I can't take care of {why}: '{odd[0]}'")
    counted: list[str] = []
    denied = False
    for clause in _clauses(split(folded)):
        kept, lost = _kept(clause)
        denied = denied or lost
        if lost and not kept:
            aside = Said()
            _collect(clause, known, aside)
            said.times += aside.times  # "don't move for five seconds"
            said.mentioned |= aside.labels
        if _UNHEEDED & {word.text for word in clause}:
            said.unsure.append("I can't leave things out or keep away from them")
        if kept:
            _collect(kept, known, said)
            counted += [word.text for word in kept]
    said.words = frozenset(counted)
    if denied and not said.refused and not (said.classes or said.places or said.labels):
        said.refused = "not"
    return said


def _clauses(words: Sequence[Word]) -> list[list[Word]]:
    """Parted where a denial ends: at punctuation, and before "but" and "instead"."""
    out: list[list[Word]] = [[]]
    for index, word in enumerate(words):
        follows = words[index + 1].text if index + 1 < len(words) else ""
        if word.is_separator or (word.text in _BREAKS and follows not in ("of", "than", "not")):
            out.append([])
        else:
            out[-1].append(word)
    return [clause for clause in out if clause]


def _kept(clause: Sequence[Word]) -> tuple[list[Word], bool]:
    """The words of a clause that are not denied, and whether some were."""
    texts = [word.text for word in clause]
    for marks in _EXCEPT:
        for index in range(1, len(texts)):
            if tuple(texts[index : index + len(marks)]) == marks:
                end = next(
                    (n for n in range(index + len(marks), len(texts)) if texts[n] in _INTO),
                    len(texts),
                )
                kept, _ = _kept([*clause[:index], *clause[end:]])
                return kept, True
    if texts[0] in ("no", "nope", "not") and len(texts) == 1:
        return [], False  # "no, the blue one"
    if texts[:1] == ["rather"] or texts[:1] == ["instead"]:
        return list(clause[1:]), False
    for text in texts:
        if text in _DENIED or text.endswith("n't"):
            return [], True
    return list(clause), False


def _collect(words: Sequence[Word], known: Overlay, said: Said) -> None:
    index = 0
    while index < len(words):
        texts = [word.text for word in words[index:]]
        candidates = known.candidates(words, index)
        by_type: dict[str | None, list[Candidate]] = {}
        for candidate in candidates:
            by_type.setdefault(candidate.type, []).append(candidate)
        if "NUMBER" in by_type:
            used = _amount(words, index, by_type["NUMBER"][0], known, said)
            if used:
                index += used
                continue
        if "REPEAT" in by_type:
            said.repeats.append(float(by_type["REPEAT"][0].value))
            index += by_type["REPEAT"][0].length
            continue
        if (
            "MOMENT" not in by_type
            and texts[0] in ("a", "an", "another")
            and _unit(words, index + 1, known)
        ):
            index += 1 + _measured(words, index + 1, 1.0, known, said)
            continue
        longest = max((c.length for c in candidates if c.type in ("PLACE", "LABEL")), default=0)
        before = words[index - 1].text if index else ""
        firm = (
            before in _ARTICLES
            or any(c.type in ("ADJ", "NUMBER", "ALL") for c in known.candidates(words, index - 1))
            if index
            else False
        )
        for candidate in candidates:
            if firm and longest and candidate.type not in ("PLACE", "LABEL", "ADJ"):
                continue  # "the bin" is no verb
            _note(candidate, longest, firm, said)
        if "UNKNOWN" in by_type:
            said.loose.append(texts[0])
        index += max(1, longest)


def _note(candidate: Candidate, longest: int, firm: bool, said: Said) -> None:
    kind, value = candidate.type, candidate.value
    if kind == "PLACE" and candidate.length == longest:
        word, name = value
        said.places.add(name or f"?{word}")
        said.order.append(name)
    elif kind == "LABEL" and candidate.length == longest:
        said.labels.add(str(value))
        if firm:
            said.firm.add(str(value))
        if candidate.plural:
            said.plurals.add(str(value))
    elif kind == "ADJ":
        said.attributes.add(str(value))
    elif kind == "RANK" and (firm or str(value) not in ("leftmost", "rightmost")):
        said.ranks.add(str(value))
    elif kind in _SIDES:
        said.sides.add(str(value))
        said.order.append(str(value))
    elif kind in ("ALL", "BOTH", "EVERYTHING", "SOME"):
        said.several = True
        said.classes.add(kind)
    elif kind in _CLASSES:
        said.classes.add(kind)
        if kind == "ADVANCE":
            said.sides.add(str(value))
            said.order.append(str(value))
        if kind == "PRONOUN" and value in ("all", "2", "many"):
            said.several = True


def _amount(
    words: Sequence[Word], index: int, number: Candidate, known: Overlay, said: Said
) -> int:
    """Notes a number and its unit; how many words they take, 0 when it is none ("one" for a thing)."""
    after = index + number.length
    while after < len(words) and words[after].text in ("of", "a", "an", "more", "full", "whole"):
        after += 1
    used = _measured(words, after, float(number.value), known, said)
    if used:
        return after - index + used
    nearby = words[index].text
    if nearby == "one":
        return 0
    said.bare.append(float(number.value))
    return number.length


def _unit(words: Sequence[Word], index: int, known: Overlay) -> Candidate | None:
    if index >= len(words):
        return None
    found = [c for c in known.candidates(words, index) if c.type in ("LENGTH", "ANGLE", "TIME")]
    return found[0] if found else None


def _measured(words: Sequence[Word], index: int, value: float, known: Overlay, said: Said) -> int:
    unit = _unit(words, index, known)
    if unit is None:
        return 0
    if unit.value == "step":
        said.repeats.append(value)
        return unit.length
    amount = value * float(unit.value)
    {"LENGTH": said.lengths, "ANGLE": said.angles, "TIME": said.times}[str(unit.type)].append(
        amount
    )
    return unit.length


def degrees_of(bare: float) -> float | None:
    """A bare number as an angle (rad), where it can only be degrees."""
    return math.radians(bare) if bare >= SURELY_DEGREES else None


def stems(text: str) -> frozenset[str]:
    """The words of a text, for looking some up."""
    return frozenset(plain(text).split())
