"""Status updates as templates of a policy page: for which audience each is, what its slots ask for, and filling them.

A slot is filled where what it asks for is known, and stays where it is not; nobody's words are changed besides. Where
the page has no template for an audience there is a built-in one, in the words that `init` writes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec import Struct

from opsbook.book.incident_policy import Template

Audience = Literal["team", "executives", "customers"]
AUDIENCES: tuple[Audience, ...] = ("team", "executives", "customers")
BUILT_IN = "built-in"

# The words of a heading, then of the paragraph under it, that say for whom a template is; the first that fits wins.
_WORDS: tuple[tuple[Audience, re.Pattern[str]], ...] = (
    ("customers", re.compile(
        r"\b(?:public|customers?|external(?:ly)?|users?|clients?|status page|kunden|press)\b", re.I
    )),
    ("executives", re.compile(
        r"\b(?:management|managers?|executives?|exec|leadership|stakeholders?|board|directors?|c-level|business)\b",
        re.I,
    )),
    ("team", re.compile(
        r"\b(?:internal(?:ly)?|teams?|engineering|engineers?|staff|responders?|slack|chat|everyone who works"
        r"|war room)\b", re.I,
    )),
)  # fmt: skip
_OVER = re.compile(r"\b(?:resolved|resolution|all[\s-]clear|closing|closure|final|recovered|over)\b", re.I)
_ANY_UPDATE = re.compile(r"\b(?:status|update|notification|announcement|message)\b", re.I)

_TEXTS: dict[Audience, str] = {
    "team": "**[P0/P1/P2/P3] [Incident Title]** is [Investigating / Mitigating / Resolved].\n"
    "**Impact:** [Who cannot do what, since when]\n**Known:** [What we know]\n"
    "**Doing:** [What we do now, and who]\n**Next update:** [Time]",
    "executives": "**Incident:** [Incident Title], [P0/P1/P2/P3], since [Time]\n"
    "**Customers:** [How many cannot do what]\n**Business:** [Orders, contracts, law]\n"
    "**Expected:** [When we expect it to be over, or that we do not know]\n"
    "**Needed from you:** [A decision, or nothing]\n**Next update:** [Time]",
    "customers": "We are [investigating / mitigating] a problem with [what customers call it].\n"
    "Since [Time], [what does not work] for [whom].\n[What they can do meanwhile.]\nWe will write again by [Time].",
}
_TEXTS_OVER: dict[Audience, str] = {
    "team": "**[P0/P1/P2/P3] [Incident Title]** is [Investigating / Mitigating / Resolved], since [Time resolved].\n"
    "**Impact:** [Who could not do what, and how long]\n**Resolution:** [How it was resolved]",
    "executives": "**Incident:** [Incident Title], [P0/P1/P2/P3], is over since [Time resolved].\n"
    "**Customers:** [How many could not do what]\n**Resolution:** [How it was resolved]",
    "customers": "The problem with [what customers call it] is over since [Time resolved]. It began at [Time].\n"
    "We are sorry for the trouble.",
}  # fmt: skip


class Chosen(Struct, frozen=True):
    """The template for an audience: its text, where it goes as written, and where it stands (`#anchor`, or
    `built-in`)."""

    text: str
    origin: str
    channels: str = ""

    @property
    def is_built_in(self) -> bool:
        """Whether the page has none."""
        return self.origin == BUILT_IN


class Slot(Struct, frozen=True):
    """A slot of a template: its words as written, its range in the text, and what stands before it on its line."""

    words: str
    start: int
    end: int
    before: str = ""


class Filled(Struct, frozen=True):
    """A text with its slots filled as far as their values are known, and the words of those that are not."""

    text: str
    unfilled: tuple[str, ...]


def audience_of(template: Template) -> Audience | None:
    """For whom a template is, by its heading or else by the paragraph under it; None for one that is no update."""
    for words in (template.title, template.audience):
        for audience, pattern in _WORDS:
            if pattern.search(words):
                return audience
    return "team" if _ANY_UPDATE.search(template.title) else None


def choose(templates: Sequence[Template], audience: Audience, *, is_over: bool) -> Chosen:
    """The template for an audience. What is over is told by one that is for that, or that offers the word; else by the
    built-in one, for `We are [investigating / mitigating]` would be wrong."""
    fitting = [each for each in templates if audience_of(each) == audience]
    channels = next((each.channels for each in fitting if each.channels), "")
    of_end = [each for each in fitting if _OVER.search(each.title)]
    of_it = [each for each in fitting if each not in of_end]
    if is_over:
        of_it = of_end or [each for each in of_it if _offers_end(each.text)]
    if not of_it:
        return Chosen((_TEXTS_OVER if is_over else _TEXTS)[audience], BUILT_IN, channels)
    return Chosen(of_it[0].text, f"#{of_it[0].anchor}", of_it[0].channels or channels)


def _offers_end(text: str) -> bool:
    choices = [each for each in slots_of(text) if "/" in each.words and "investigating" in each.words.lower()]
    return not choices or any("resolved" in each.words.lower() for each in choices)


_SLOT = re.compile(
    r"(?<![\]!\[\\])\[([^\W\d_@#][^\[\]\n]{1,119})\](?![(\[:])"  # [What we know]
    r"|\{\{\s*([A-Za-z][\w .'/-]{1,80})\s*\}\}"  # {{ title }}
    r"|(?<![\w<])<([A-Za-z][\w ,.'-]* [\w ,.'-]{1,80}|[a-z]+_[a-z_]+|[A-Z][A-Z_]{2,40})>"  # <incident title>, <TITLE>
    r"|\b(YYYY-MM-DD(?:[ T]HH:MM)?|HH:MM(?: UTC)?|TBD|TODO)\b"
)


def slots_of(text: str) -> list[Slot]:
    """The slots of a text: words in brackets that are no link, in double braces, in angles, and what puts it off."""
    found = []
    for each in _SLOT.finditer(text):
        words = next(group for group in each.groups() if group is not None)
        line = text.rfind("\n", 0, each.start()) + 1
        found.append(Slot(words.strip(), each.start(), each.end(), text[line : each.start()]))
    return found


def fill(text: str, known: Mapping[str, str]) -> Filled:
    """A text with its slots filled by what is known, by the names that `asked` gives. Values are put in as they are,
    but for brackets, which would look like slots."""
    parts, at, unfilled = [], 0, []
    for slot in slots_of(text):
        value = _value(slot, known)
        parts.append(text[at : slot.start])
        parts.append(value if value else text[slot.start : slot.end])
        unfilled += [] if value else [slot.words]
        at = slot.end
    return Filled("".join((*parts, text[at:])), tuple(dict.fromkeys(unfilled)))


def unfilled_in(text: str) -> tuple[str, ...]:
    """The words of the slots that a text still has, each once."""
    return tuple(dict.fromkeys(each.words for each in slots_of(text)))


def pieces_of(text: str) -> list[tuple[str, bool]]:
    """A text in pieces, each with whether it is a slot that nobody filled."""
    made, at = [], 0
    for slot in slots_of(text):
        made += [(text[at : slot.start], False), (text[slot.start : slot.end], True)]
        at = slot.end
    return [(piece, is_slot) for piece, is_slot in (*made, (text[at:], False)) if piece]


def _value(slot: Slot, known: Mapping[str, str]) -> str:
    name = asked(slot)
    value = known.get(name, "")
    if name == "status" and "/" in slot.words:
        value = _of_choices(slot.words, value)
    value = " ".join(value.split()).replace("[", "(").replace("]", ")").replace("{{", "{").replace("}}", "}")
    return value.replace("<", "‹").replace(">", "›")


def _of_choices(words: str, value: str) -> str:
    """The choice that a value is, as the template writes it; empty where it does not offer it."""
    choices = [each.strip() for each in words.split("/")]
    return next((each for each in choices if each.lower() == value.lower()), "")


# What the words of a slot ask for, then those of the label or sentence before it. The first that fits wins; times are
# told apart by what stands before them.
_ASKED: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("severity", re.compile(r"^(?:p\d(?:\s*/\s*p\d)+|sev[-\s]?\d.*|severity( level)?|priority|level)$")),
    ("status", re.compile(r"\binvestigating\b.*/|/.*\binvestigating\b|^(?:current )?(?:status|state)$")),
    ("number", re.compile(r"^(?:incident )?(?:number|id|key|reference)$|^inc[-\s](?:x+|n+|\d*)$")),
    ("title", re.compile(
        r"\b(?:title|incident name|name of the incident|headline|incident summary)\b|^(?:incident|name)$")),
    ("next", re.compile(r"\bnext[\s_]*(?:status[\s_]*)?update\b|\bnext[\s_]*time\b")),
    ("resolved", re.compile(
        r"\b(?:resolved (?:at|time)|time resolved|end[\s_]*time|time of (?:the )?(?:end|resolution))\b")),
    ("since", re.compile(
        r"\b(?:start(?:ed)?[\s_]*(?:time|at)|time (?:started|of (?:the )?start)|since when it|begun)\b")),
    ("time", re.compile(
        r"^(?:(?:date[\s/_]*(?:and[\s_]*)?)?time(?:[\s_]*utc)?|date|when|timestamp|hh:mm.*|yyyy-mm-dd.*)$")),
    ("meanwhile", re.compile(r"\b(?:meanwhile|workaround|work around|in the meantime|alternative)\b")),
    ("resolution", re.compile(r"\bhow (?:it|the incident) was (?:resolved|mended|fixed)\b|^resolution\b")),
    ("doing", re.compile(
        r"\b(?:what we (?:do|are doing)|we do now|current actions?|actions? taken|next steps?|doing|mitigation)\b")),
    ("known", re.compile(r"\b(?:what (?:we know|is known|happened)|known|findings|details|current situation)\b")),
    ("services", re.compile(
        r"\b(?:what customers call it|(?:affected |impacted )?(?:services?|components?|systems?|products?|features?))\b"
    )),
    ("impact", re.compile(
        r"\b(?:who (?:cannot|can't|could not)|what (?:does|did) not work|cannot do what|could not do what|impact"
        r"|how many (?:cannot|can't|could not)|symptoms?|who is affected|description)\b")),
    ("users", re.compile(r"^(?:whom|who|which (?:users|customers)|users?|customers?|how many(?: users| customers)?)$")),
    ("business", re.compile(r"\b(?:orders|contracts|law|business|revenue)\b")),
    ("commander", re.compile(r"\b(?:commander|lead(?:er)?|owner|who leads|ic)\b")),
    ("war_room", re.compile(r"\b(?:channel|war room|bridge|call|meeting)\b")),
)  # fmt: skip
_ANYTHING = frozenset({"name", "names", "list", "description", "text", "details", "value", "summary", "if any"})
_NEXT = re.compile(r"\b(?:next|again|by|until|update(?:s)? (?:at|by))\b[^\w]*(?:\w+[^\w]*){0,2}$", re.I)
_SINCE = re.compile(r"\b(?:since|started|start|began|begun|from|detected|beginning|at)\b(?:\W*time)?\W*$", re.I)
_RESOLVED = re.compile(r"\b(?:resolved|resolution|ended|end|until|over since)\b\W*(?:at\W*)?$", re.I)


def asked(slot: Slot) -> str:
    """The name of what a slot asks for; empty where that is nothing that an incident tells."""
    words, before = slot.words.lower(), slot.before.lower()
    label = re.sub(r"[*_:\s]+", " ", before).strip()
    by_label = next((each for each, pattern in _ASKED if each != "time" and label and pattern.search(label)), "")
    if by_label and words in _ANYTHING:
        return by_label
    name = next((name for name, pattern in _ASKED if pattern.search(words)), "")
    return _time_asked(before) if name == "time" else name or by_label


def _time_asked(before: str) -> str:
    if _RESOLVED.search(before):
        return "resolved"
    if _SINCE.search(before):
        return "since"
    return "next" if _NEXT.search(before) else ""
