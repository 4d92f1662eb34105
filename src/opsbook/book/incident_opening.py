"""What opens an incident by itself, as a policy page says it under a label. Opens none.

    - **Opens an Incident:** alerts of P0 and P1, failed runs as P2, failed health checks after 10 minutes

Each part names what it is about: alerts, failed runs, failed health checks. Alerts may be of some severities; all may
be `for` some services, count only `after` a time, and open an incident `as` a severity. Without a label nothing does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import combinations
from typing import Literal

from msgspec import Struct

from opsbook.book.metadata import plain_key
from opsbook.book.page import Page
from opsbook.book.roster.surroundings import field_cell
from opsbook.book.roster.values import plain_name
from opsbook.book.severity import PRIORITIES
from opsbook.book.slots import is_unfilled
from opsbook.ground.durations import read_duration

Subject = Literal["alerts", "runs", "health"]
LABELS = frozenset({
    "opens an incident", "opens incident", "opens incidents", "open an incident", "incidents are opened by",
    "incident is opened by", "opens an incident by itself", "incidents open by",
})  # fmt: skip
_NOTHING = frozenset({"nothing", "none", "never", "no", "nobody", "people", "only people"})
_FIX = (
    "Write what opens one, such as `alerts of P0 and P1, failed runs, failed health checks after 10 minutes`, or"
    " `nothing`."
)


class Opening(Struct, frozen=True):
    """One thing that opens an incident: alerts of `severities` (empty: of any), once they fire for `after_s`; for
    `services` alone, where some are named; `severity` is what the incident begins with, empty for its own. `line` is
    where that is written."""

    subject: Subject
    line: int
    severities: tuple[str, ...] = ()
    after_s: float = 0.0
    services: tuple[str, ...] = ()
    severity: str = ""

    def names(self, service: str | None, severity: str = "") -> bool:
        """Whether it is about something of that service and severity."""
        if self.severities and severity not in self.severities:
            return False
        return not self.services or (service is not None and plain_name(service) in _plain(self.services))


class Slip(Struct, frozen=True):
    """What cannot be followed, in a sentence, how to mend it, and the bytes where it stands."""

    message: str
    fix: str
    start: int
    end: int


def read_openings(page: Page) -> tuple[list[Opening], list[Slip]]:
    """What opens an incident by a policy page, and what cannot be followed of it."""
    found: list[Opening] = []
    slips: list[Slip] = []
    spots: dict[Opening, tuple[int, int]] = {}
    nothing: tuple[int, int] | None = None
    if page.kind != "policy":
        return found, slips
    for field in page.fields:
        if plain_key(field.name) not in LABELS:
            continue
        cell = field_cell(page, field)
        text = " ".join(cell.text.replace("`", "").split()).rstrip(".")
        if is_unfilled(text):
            continue
        if text.lower() in _NOTHING:
            nothing = (cell.start, cell.end)
            continue
        for each in _read(text, page.document.line(field.start)):
            if isinstance(each, str):
                slips.append(Slip(each, _FIX, cell.start, cell.end))
            else:
                found.append(each)
                spots.setdefault(each, (cell.start, cell.end))
    if nothing is not None and found:
        message = f"Here nothing opens an incident, but line {found[0].line} says that something does."
        slips.append(Slip(message, "Take one of the two out.", *nothing))
    slips += _contradictions(found, spots)
    return found, slips


def _contradictions(found: Sequence[Opening], spots: dict[Opening, tuple[int, int]]) -> Iterator[Slip]:
    """Two that are about the same and say otherwise when, or how grave."""
    for one, other in combinations(found, 2):
        is_same = one.subject == other.subject and _plain(one.services) == _plain(other.services)
        overlaps = not one.severities or not other.severities or bool({*one.severities} & {*other.severities})
        if is_same and overlaps and (one.after_s, one.severity) != (other.after_s, other.severity):
            message = f"It says of the same {_CALLED[one.subject]} something else than line {one.line} does."
            yield Slip(f"{message} The one that comes first counts.", "Take one of the two out.", *spots[other])


def _plain(names: Sequence[str]) -> set[str]:
    return {plain_name(name) for name in names}


_CALLED: dict[Subject, str] = {"alerts": "alerts", "runs": "failed runs", "health": "failed health checks"}


@cache
def _subjects() -> re.Pattern[str]:
    return re.compile(
        r"\b(?:(?P<runs>(?:failed|failing)\s+(?:runs?|procedures?|runbooks?)|runs?\s+that\s+fail(?:ed)?)"
        r"|(?P<health>(?:failed|failing|unhealthy)\s+(?:health[\s-]*checks?|checks?|probes?|services?)"
        r"|(?:health[\s-]*checks?|probes?)\s+that\s+fail)"
        r"|(?P<alerts>(?:an?\s+|any\s+|every\s+|all\s+)?(?:firing\s+)?alerts?))\b",
        re.I,
    )


_AFTER = re.compile(
    r"\b(?:after|for more than|longer than|once they last)\s+((?:\d+(?:\.\d+)?|an?|one|two|three|five|ten)\s*[a-z]+)\b",
    re.I,
)
_AS = re.compile(r"\bas\s+(?:an?\s+)?(p[0-3])\b", re.I)
_GRAVER = re.compile(
    r"\b(p[0-3])\s*(?:and|or)\s+(?:above|graver|worse|higher|up)\b|\b(?:at least|from)\s+(p[0-3])\b", re.I
)
_PRIORITY = re.compile(r"\bp([0-3])\b", re.I)
_FOR = re.compile(r"(?:^|[\s;,(])(?:for|of|on|services?:?)\s+(?:the\s+)?(?:services?:?\s+)?(?P<names>.+)$", re.I | re.S)
_EMPTY = re.compile(r"^(?:[\s,;.&+()]|\b(?:and|or|of|as|the|any|severity|severities|level|levels)\b)*$", re.I)
# What is left of severities before services are named.
_JOINING = re.compile(r"^(?:[\s,;]|\b(?:of|with|and|or|severity|severities)\b)+(?=[\s,;]*(?:for|on|services?)\b)")
_ANY_SERVICE = frozenset({"all", "any", "all services", "any service", "every service", "everything"})


def _read(text: str, line: int) -> Iterator[Opening | str]:
    """The parts of a label's value, and sentences on what cannot be read of it."""
    starts = list(_subjects().finditer(text))
    if not starts or not _EMPTY.match(text[: starts[0].start()]):
        yield f"'{text}' does not say what opens an incident: alerts, failed runs, failed health checks, or nothing."
        return
    for place, found in enumerate(starts):
        end = starts[place + 1].start() if place + 1 < len(starts) else len(text)
        subject: Subject = next(name for name in ("runs", "health", "alerts") if found.group(name))
        yield from _part(subject, text[found.start() : end], text[found.end() : end], line)


def _part(subject: Subject, written: str, rest: str, line: int) -> Iterator[Opening | str]:
    after_s, severity = 0.0, ""
    if after := _AFTER.search(rest):
        length = read_duration(after.group(1))
        if length is None:
            yield f"'{after.group(1)}' is no length of time."
            return
        after_s, rest = length.total_seconds(), _without(rest, after)
    if given := _AS.search(rest):
        severity, rest = given.group(1).upper(), _without(rest, given)
    severities: set[str] = set()
    while graver := _GRAVER.search(rest):
        at = PRIORITIES.index((graver.group(1) or graver.group(2)).upper())
        severities |= {*PRIORITIES[: at + 1]}
        rest = _without(rest, graver)
    severities |= {f"P{each}" for each in _PRIORITY.findall(rest)}
    rest = _PRIORITY.sub(" ", rest)
    rest = _JOINING.sub(" ", rest)
    services: tuple[str, ...] = ()
    if not _EMPTY.match(rest) and (named := _FOR.search(rest)) and _EMPTY.match(rest[: named.start()]):
        names = (each.strip(" ,;.()") for each in re.split(r",|;|\band\b|\bor\b", named.group("names")))
        services, rest = tuple(each for each in names if each and each.lower() not in _ANY_SERVICE), ""
    if not _EMPTY.match(rest) or any(len(each.split()) > 3 for each in services):
        unknown = " ".join(rest.split()) or ", ".join(services)
        yield f"'{written.strip(' ,;')}' cannot be read: it is not known what '{unknown}' means here."
        return
    if severities and subject != "alerts":
        graves = " and ".join(sorted(severities))
        yield f"{_CALLED[subject].capitalize()} have no severity, so '{graves}' tells nothing of which; write `as P2`."
        return
    yield Opening(subject, line, tuple(sorted(severities)), after_s, services, severity)


def _without(text: str, found: re.Match[str]) -> str:
    return f"{text[: found.start()]} {text[found.end() :]}"
