"""How somebody is reached besides what pages say, as a fold over the events of `person/HANDLE`. Knows no address.

The addresses lie beside the events and can be forgotten; here they are masks, and marks that only the salt beside them
makes comparable. Everything that changes a person lives in FOLDS, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from opsbook.ledger.event import Draft, Event

PEOPLE = "person/"  # what the streams of people begin with
CONTACT_ADDED = "ContactAdded"
CONTACT_REMOVED = "ContactRemoved"
CONTACT_SWITCHED = "ContactSwitched"
CODE_SENT = "ContactCodeSent"
CODE_WRONG = "ContactCodeWrong"
CONTACT_VERIFIED = "ContactVerified"
CONTACT_FAILING = "ContactFailing"
CONTACT_WORKS = "ContactWorksAgain"
RULES_SET = "ContactRulesSet"
QUIET_SET = "QuietHoursSet"
PERSON_FORGOTTEN = "PersonForgotten"

Urgency = Literal["high", "low", "all"]


class Private(Struct, frozen=True):
    """A contact that no page tells: its address is the attachment `contact/HANDLE/ID`."""

    id: str
    kind: str
    masked: str
    added_at: datetime


class Verified(Struct, frozen=True):
    """That a contact was proven to be theirs; good for the address of this mark alone."""

    at: datetime
    address_hash: str


class Code(Struct, frozen=True):
    """A code that is to come back, for the address of that mark; `wrong` counts those that were not it."""

    code_hash: str
    address_hash: str
    until: datetime
    page: str
    wrong: int = 0


class Person(Struct, frozen=True):
    """Somebody as their events left them. `number` is that of the last event; `rules` are (contact, after_s, urgency).
    `quiet` is None for no quiet hours, `time_zone` empty for that of the book."""

    handle: str
    number: int = 0
    contacts: tuple[Private, ...] = ()
    verified: dict[str, Verified] = {}
    codes: dict[str, Code] = {}
    off: frozenset[str] = frozenset()
    failing: frozenset[str] = frozenset()
    rules: tuple[tuple[str, float, Urgency], ...] = ()
    quiet: tuple[int, int] | None = None
    time_zone: str = ""


def stream_of(handle: str) -> str:
    """The stream of a person."""
    return PEOPLE + handle


def contact_added(contact: str, kind: str, masked: str) -> Draft:
    """They can be reached by something that no page tells."""
    return Draft(CONTACT_ADDED, {"contact": contact, "kind": kind, "masked": masked})


def contact_removed(contact: str) -> Draft:
    """They are not reached by it any more, and its address is forgotten."""
    return Draft(CONTACT_REMOVED, {"contact": contact})


def contact_switched(contact: str, is_enabled: bool) -> Draft:
    """A contact is used no more, or again."""
    return Draft(CONTACT_SWITCHED, {"contact": contact, "is_enabled": is_enabled})


def code_sent(contact: str, code: Code) -> Draft:
    """A code is on its way to a contact."""
    return Draft(CODE_SENT, {
        "contact": contact, "code_hash": code.code_hash, "address_hash": code.address_hash,
        "until": code.until.isoformat(), "page": code.page,
    })  # fmt: skip


def code_wrong(contact: str) -> Draft:
    """Somebody gave a code that was not sent."""
    return Draft(CODE_WRONG, {"contact": contact})


def contact_verified(contact: str, address_hash: str, how: str) -> Draft:
    """What was sent to a contact came back: `how` is code or link."""
    return Draft(CONTACT_VERIFIED, {"contact": contact, "address_hash": address_hash, "how": how})


def contact_failing(contact: str, failures: int, why: str) -> Draft:
    """So many messages in a row did not reach it."""
    return Draft(CONTACT_FAILING, {"contact": contact, "failures": failures, "why": why})


def contact_works(contact: str) -> Draft:
    """A message reached it again."""
    return Draft(CONTACT_WORKS, {"contact": contact})


def rules_set(rules: Sequence[tuple[str, float, str]]) -> Draft:
    """How they want to be reached; none: every contact in turn."""
    return Draft(RULES_SET, {"rules": [list(rule) for rule in rules]})


def quiet_set(quiet: tuple[int, int] | None, time_zone: str) -> Draft:
    """The hours, as seconds of the day in that time zone, in which only grave things wake them."""
    return Draft(QUIET_SET, {"quiet": list(quiet) if quiet else None, "time_zone": time_zone})


def person_forgotten() -> Draft:
    """All that they told Opsbook alone is forgotten; what is left of it are masks."""
    return Draft(PERSON_FORGOTTEN)


def folded(person: Person, events: Iterable[Event]) -> Person:
    """The person after further events of their stream; one that is known already changes nothing."""
    for event in events:
        if event.number > person.number:
            fold = FOLDS.get(event.kind)
            after = fold(person, event, event.facts) if fold is not None else person
            person = replace(after, number=event.number)
    return person


def _added(person: Person, event: Event, facts: dict[str, Any]) -> Person:
    contact = Private(facts["contact"], facts["kind"], facts["masked"], event.at)
    kept = tuple(each for each in person.contacts if each.id != contact.id)
    return replace(_fresh(person, contact.id), contacts=(*kept, contact))


def _removed(person: Person, _event: Event, facts: dict[str, Any]) -> Person:
    contact = facts["contact"]
    return replace(
        _fresh(person, contact), contacts=tuple(each for each in person.contacts if each.id != contact),
        rules=tuple(rule for rule in person.rules if rule[0] != contact),
    )  # fmt: skip


def _fresh(person: Person, contact: str) -> Person:
    """The person with nothing known of a contact."""
    return replace(
        person, verified=_without(person.verified, contact), codes=_without(person.codes, contact),
        off=person.off - {contact}, failing=person.failing - {contact},
    )  # fmt: skip


def _switched(person: Person, _event: Event, facts: dict[str, Any]) -> Person:
    contact = {facts["contact"]}
    return replace(person, off=person.off - contact if facts["is_enabled"] else person.off | contact)


def _code_sent(person: Person, _event: Event, facts: dict[str, Any]) -> Person:
    code = Code(
        facts["code_hash"], facts["address_hash"], datetime.fromisoformat(facts["until"]), facts["page"]
    )
    return replace(person, codes={**person.codes, facts["contact"]: code})


def _code_wrong(person: Person, _event: Event, facts: dict[str, Any]) -> Person:
    code = person.codes.get(facts["contact"])
    if code is None:
        return person
    return replace(person, codes={**person.codes, facts["contact"]: replace(code, wrong=code.wrong + 1)})


def _verified(person: Person, event: Event, facts: dict[str, Any]) -> Person:
    contact = facts["contact"]
    proof = Verified(event.at, facts["address_hash"])
    return replace(
        person, verified={**person.verified, contact: proof}, codes=_without(person.codes, contact),
        failing=person.failing - {contact},
    )  # fmt: skip


def _failing(person: Person, _event: Event, facts: dict[str, Any]) -> Person:
    return replace(person, failing=person.failing | {facts["contact"]})


def _works(person: Person, _event: Event, facts: dict[str, Any]) -> Person:
    return replace(person, failing=person.failing - {facts["contact"]})


def _ruled(person: Person, _event: Event, facts: dict[str, Any]) -> Person:
    return replace(person, rules=tuple((contact, after_s, urgency) for contact, after_s, urgency in facts["rules"]))


def _quiet(person: Person, _event: Event, facts: dict[str, Any]) -> Person:
    quiet = facts["quiet"]
    return replace(person, quiet=(quiet[0], quiet[1]) if quiet else None, time_zone=facts["time_zone"])


def _forgotten(person: Person, _event: Event, _facts: dict[str, Any]) -> Person:
    return Person(person.handle)


def _without(kept: dict[str, Any], name: str) -> dict[str, Any]:
    return {each: value for each, value in kept.items() if each != name}


FOLDS: dict[str, Callable[[Person, Event, dict[str, Any]], Person]] = {
    CONTACT_ADDED: _added,
    CONTACT_REMOVED: _removed,
    CONTACT_SWITCHED: _switched,
    CODE_SENT: _code_sent,
    CODE_WRONG: _code_wrong,
    CONTACT_VERIFIED: _verified,
    CONTACT_FAILING: _failing,
    CONTACT_WORKS: _works,
    RULES_SET: _ruled,
    QUIET_SET: _quiet,
    PERSON_FORGOTTEN: _forgotten,
}
