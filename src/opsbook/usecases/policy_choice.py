"""Which escalation holds for a service at a severity, and why: of the book's pages, of a runbook, of the settings.

Decides; pages nobody. The first of these that there is: an escalation that names the service; the emergency contacts of
the service's runbook; an escalation for all services; who is configured to be paged when nobody else would be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from msgspec import Struct
from msgspec.structs import replace

from opsbook.book.contact_notes import ContactNote
from opsbook.book.incident_policy import SeverityLevel
from opsbook.book.reach import Directory
from opsbook.book.roster.values import EscalationPolicy, Level, Reference, plain_name
from opsbook.book.roster.words import read_wait, split_words
from opsbook.book.severity import read_severity
from opsbook.ground.durations import read_duration
from opsbook.ground.errors import Usage
from opsbook.ground.guesses import closest
from opsbook.ground.slugs import github_slug
from opsbook.ledger.page_events import FrozenPolicy, PlannedLevel
from opsbook.usecases.library import Book
from opsbook.usecases.oncall import directory_of
from opsbook.usecases.service_names import named_service

LEAST = "P3"  # pages nobody unless a page says so
_FIRST_WAIT_S = 300.0  # before the second contact of a runbook is paged, where no page says how long
_THEN = 3  # times that is when the third one is
_RANKS = (
    ("on-call", "on call", "oncall", "primary", "first"), ("secondary", "backup", "second"),
    ("lead", "owner", "team"), ("escalation", "manager", "director", "head of", "last"),
)  # fmt: skip
_MIDDLE = 2


class Asked(Struct, frozen=True):
    """What a policy is looked for: the service by its names, compared; how grave; at which commit; the `words` of the
    book's severity matrix, each with its severity."""

    service: str | None
    names: frozenset[str]
    severity: str
    commit: str | None
    words: Mapping[str, str]


class Written(Struct, frozen=True):
    """An escalation of a page with where it stands."""

    policy: EscalationPolicy
    path: str
    line: int


def policy_for(
    book: Book, service: str | None, severity: str, *, commit: str | None, catch_all: Sequence[str] = (),
    ack_timeout_s: float | None = None,
) -> tuple[FrozenPolicy | None, str]:  # fmt: skip
    """The escalation of a service at a severity, and why it is that one. None where nobody is to be paged for it, with
    the reason: only P3 that no page of the book speaks of. A severity that the book forgets falls to `catch_all`."""
    asked = Asked(service, _names(book, service), severity, commit, _matrix_words(book))
    written = list(_written(book))
    passed: list[str] = []
    found = (
        _of_service(book, asked, written)
        or _of_runbook(book, asked, written, passed)
        or _of_all(book, asked, written)
        or _of_settings(asked, catch_all)
    )
    if found is None:
        return None, _why_nobody(asked, passed)
    why = " ".join([found.why, *passed])
    return _completed(found, catch_all, ack_timeout_s, why), why


def _completed(found: FrozenPolicy, catch_all: Sequence[str], ack_timeout_s: float | None, why: str) -> FrozenPolicy:
    return FrozenPolicy(
        found.name, found.path, found.line, found.commit, found.levels, found.repeat, found.repeat_every_s,
        found.catch_all or tuple(catch_all), found.ack_timeout_s or ack_timeout_s, why,
    )  # fmt: skip


def _why_nobody(asked: Asked, passed: Sequence[str]) -> str:
    if asked.severity == LEAST:
        return " ".join(["P3 pages nobody unless an escalation names it, and none does.", *passed])
    of = f" of {asked.service}" if asked.service else ""
    told = f"No escalation and no runbook of the book says whom to page for {asked.severity}{of}, and paging.catch_all"
    return " ".join([f"{told} names nobody.", *passed])


def _names(book: Book, service: str | None) -> frozenset[str]:
    """All names that a service goes by, as they are compared."""
    if not service:
        return frozenset()
    known = named_service(book, service)
    facts = book.facts.get(book.services[known]) if known else None
    named = [service, known or "", facts.service or "" if facts else ""]
    return frozenset(plain for name in named if name for plain in (plain_name(name), github_slug(name)))


def _written(book: Book) -> Iterator[Written]:
    for path, policy in sorted((path, facts.policy) for path, facts in book.facts.items() if facts.policy):
        spots = {spot.name: spot.line for spot in policy.spots}
        for escalation in policy.roster.policies:
            yield Written(escalation, path, spots.get(plain_name(escalation.name), 1))


# -- escalations of pages ------------------------------------------------------------------------------------------


def _of_service(book: Book, asked: Asked, written: Sequence[Written]) -> FrozenPolicy | None:
    """The escalation that names the service; one that names the severity too goes first."""
    if not asked.names:
        return None
    return _best(book, asked, written, names_service=True)


def _of_all(book: Book, asked: Asked, written: Sequence[Written]) -> FrozenPolicy | None:
    return _best(book, asked, written, names_service=False)


def _best(book: Book, asked: Asked, written: Sequence[Written], *, names_service: bool) -> FrozenPolicy | None:
    for names_severity in (True, False):
        if asked.severity == LEAST and not names_severity:
            return None
        for each in written:
            levels = [level for level in each.policy.levels if _holds(each, level, asked, names_severity)]
            named = [level for level in levels if level.services or each.policy.services]
            levels = named if names_service else [level for level in levels if level not in named]
            if levels:
                return _frozen(book, asked, each, levels)
    return None


def _holds(written: Written, level: Level, asked: Asked, names_severity: bool) -> bool:
    services = level.services or written.policy.services
    if services and not any({plain_name(name), github_slug(name)} & asked.names for name in services):
        return False
    severities = level.severities or written.policy.severities
    if not severities:
        return not names_severity
    return names_severity and any(read_severity(word, asked.words) == asked.severity for word in severities)


def _matrix_words(book: Book) -> dict[str, str]:
    """The labels of the severity matrix, each with its severity; of two pages the first counts."""
    words: dict[str, str] = {}
    for row in _matrix(book):
        for word in split_words(row.labels):
            words.setdefault(word.lower(), row.level)
    return words


def _matrix(book: Book) -> Iterator[SeverityLevel]:
    for _, policy in sorted((path, facts.policy) for path, facts in book.facts.items() if facts.policy):
        yield from policy.severities


def _frozen(book: Book, asked: Asked, written: Written, levels: Sequence[Level]) -> FrozenPolicy:
    policy = written.policy
    planned = []
    for number, (level, after_s) in enumerate(zip(levels, _waits(book, asked, levels), strict=True), 1):
        targets = tuple(target_name(each) for each in level.targets if each.form != "slot")
        why = f"level {level.number} of '{policy.name}' ({written.path}:{level.line})"
        planned.append(PlannedLevel(number, after_s, targets, why, level.needs, level.is_round_robin, level.hours,
                                    policy.time_zone if level.hours else ""))  # fmt: skip
    every = policy.repeat_every.total_seconds() if policy.repeat_every else None
    within = policy.ack_within.total_seconds() if policy.ack_within else None
    caught = tuple(target_name(each) for each in policy.catch_all if each.form != "slot")
    return FrozenPolicy(
        policy.name, written.path, written.line, asked.commit, tuple(planned), policy.repeat, every, caught, within,
        _why(asked, written, levels[0]),
    )  # fmt: skip


def _why(asked: Asked, written: Written, level: Level) -> str:
    services = level.services or written.policy.services
    severities = level.severities or written.policy.severities
    of = f"the service {asked.service}" if services else "all services"
    at = f"at {asked.severity}" if severities else "at every severity"
    return f"'{written.policy.name}' ({written.path}:{written.line}) is the escalation of {of} {at}."


def _waits(book: Book, asked: Asked, levels: Sequence[Level]) -> list[float]:
    """How long after the first page each level is; one that does not tell comes as long after the one before as the
    severity's first response takes."""
    found: list[float] = []
    for level in levels:
        before = found[-1] if found else 0.0
        if level.after is not None:
            found.append(max(before, level.after.total_seconds()))
        else:
            found.append(before + _first_response(book, asked)[0] if found else 0.0)
    return found


def target_name(reference: Reference) -> str:
    """A target as a page writes it."""
    return f"@{reference.name}" if reference.form == "handle" else reference.name


# -- the contacts of a runbook -------------------------------------------------------------------------------------


def _of_runbook(book: Book, asked: Asked, written: Sequence[Written], passed: list[str]) -> FrozenPolicy | None:
    """The emergency contacts as levels. They are for emergencies: what is less than P1 goes to an escalation that names
    its severity, where there is one; a runbook that reaches nobody is passed over, which is told."""
    known = named_service(book, asked.service) if asked.service else None
    facts = book.facts.get(book.services[known]) if known else None
    if facts is None or not facts.contacts or asked.severity == LEAST:
        return None
    if asked.severity == "P2" and any(
        _holds(each, level, asked, True) for each in written for level in each.policy.levels
    ):
        return None
    named = _named_by_contacts(book, asked, written, facts.contacts)
    if named is not None:
        return named
    wait_s, by = _first_response(book, asked)
    levels = tuple(_contact_levels(directory_of(book), facts.path, facts.contacts, wait_s))
    if not levels:
        passed.append(f"The emergency contacts of {facts.path} reach nobody that can be paged.")
        return None
    line = facts.contacts[0].line
    why = f"The emergency contacts of {facts.path}:{line} are paged for {asked.service}: no escalation names it; {by}."
    return FrozenPolicy(f"Emergency Contacts of {facts.service or facts.title}", facts.path, line, asked.commit, levels,
                        why=why)  # fmt: skip


def _named_by_contacts(
    book: Book, asked: Asked, written: Sequence[Written], notes: Sequence[ContactNote]
) -> FrozenPolicy | None:
    """The escalation that a contact names, where it is for the severity."""
    for note in notes:
        keys = {plain_name(each.name) for each in note.references}
        for each in written:
            if plain_name(each.policy.name) not in keys:
                continue
            levels = [lv for lv in each.policy.levels if any(_holds(each, lv, asked, it) for it in (True, False))]
            if levels:
                found = _frozen(book, asked, each, levels)
                why = f"'{found.name}' ({found.path}:{found.line}) is the escalation that the runbook of"
                return replace(found, why=f"{why} {asked.service} names in line {note.line}.")
    return None


def _contact_levels(
    directory: Directory, path: str, notes: Sequence[ContactNote], wait_s: float
) -> Iterator[PlannedLevel]:
    ordered = sorted(notes, key=lambda note: (_rank(note.role), note.line))
    after_s = 0.0
    number = 0
    for note in ordered:
        targets = _pageable(directory, note)
        if not targets:
            continue
        number += 1
        told = _told_wait(note)
        default = wait_s * (_THEN * (number - 2) or 1) if number > 1 else 0.0
        after_s = max(after_s, told if told is not None else default)
        why = f"{note.role} of {path}:{note.line}"
        yield PlannedLevel(number, after_s, tuple(target_name(each) for each in targets), why)


def _pageable(directory: Directory, note: ContactNote) -> list[Reference]:
    """Those of a contact that somebody can be reached by; beside a name that is known other words mean nobody. A handle
    that no page knows may still be somebody who told Opsbook alone how to be reached."""
    known = [
        each for each in note.references
        if directory.is_known(each) and plain_name(each.name) not in directory.escalations
    ]  # fmt: skip
    return known or [each for each in note.references if each.form == "handle"]


def _rank(role: str) -> int:
    words = role.casefold()
    return next((rank for rank, named in enumerate(_RANKS) if any(word in words for word in named)), _MIDDLE)


def _told_wait(note: ContactNote) -> float | None:
    """`after 10 minutes`, in the role or in the contact's own words."""
    found = re.search(r"\b(?:after|wait)\s+(\d+\s*[a-z]+)", f"{note.role} {note.contact}".casefold())
    wait = read_wait(found.group(1)) if found else None
    return wait.total_seconds() if wait is not None else None


def _first_response(book: Book, asked: Asked) -> tuple[float, str]:
    """How long the next contact is waited with, and by what: the first response that the severity matrix asks for."""
    for row in _matrix(book):
        length = read_duration(re.sub(r"^(?:within|in|after|<|≤)\s*", "", row.response.strip().lower()))
        if row.level == asked.severity and length and timedelta(0) < length <= timedelta(days=1):
            return length.total_seconds(), f"they wait as long as a first response at {row.level} may take"
    return _FIRST_WAIT_S, "no page says how long each waits, so it is 5 and 15 minutes"


def known_service(book: Book, service: str) -> str:
    """The name of a service that has a runbook, as addresses have it, or that an escalation names, as it is written
    there. Raises Usage, with a guess, for another."""
    slug = named_service(book, service)
    if slug is not None:
        return slug
    named = escalated_services(book)
    if plain_name(service) in named:
        return named[plain_name(service)]
    near = closest(service, [*book.services, *named.values()])
    raise Usage(f"The book knows no service '{service}'." + (f" Did you mean '{near}'?" if near else ""))


def escalated_services(book: Book) -> dict[str, str]:
    """The services that escalations name, as they are written there, by their plain names."""
    named: dict[str, str] = {}
    for each in _written(book):
        for name in (*each.policy.services, *(name for level in each.policy.levels for name in level.services)):
            named.setdefault(plain_name(name), name)
    return named


# -- the settings --------------------------------------------------------------------------------------------------


def _of_settings(asked: Asked, catch_all: Sequence[str]) -> FrozenPolicy | None:
    if not catch_all or asked.severity == LEAST:
        return None
    why = f"No page of the book says whom to page for {asked.severity}"
    why += f" of {asked.service}" if asked.service else ""
    level = PlannedLevel(1, 0.0, tuple(catch_all), "paging.catch_all of the configuration")
    return FrozenPolicy("Catch-All", "", 0, asked.commit, (level,), why=f"{why}, so paging.catch_all holds.")
