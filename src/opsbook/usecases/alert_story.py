"""What happened to an alert or a page, event by event, in sentences. Tells what is recorded, and decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from opsbook.ledger import alert_events as alert
from opsbook.ledger import page_events as page
from opsbook.ledger.event import Event

Facts = Mapping[str, Any]


class Told(Struct, frozen=True):
    """Something that happened: a sentence, and why in another where a reason is recorded."""

    at: datetime
    actor: str
    words: str
    why: str = ""


def story(events: Iterable[Event]) -> tuple[Told, ...]:
    """What happened, in order; an event of a kind that is not known is left out."""
    found = []
    for event in events:
        teller = _TELLERS.get(event.kind)
        if teller is not None:
            words, why = teller(event.facts)
            found.append(Told(event.at, event.actor, words, why if why != words else ""))
    return tuple(found)


Teller = Callable[[Facts], tuple[str, str]]


def _why(facts: Facts) -> str:
    return str(facts.get("why") or "")


def _saying(words: str) -> Teller:
    return lambda facts: (words, _why(facts))


def _by(verb: str) -> Teller:
    def told(facts: Facts) -> tuple[str, str]:
        by, via = facts.get("by"), facts.get("via")
        return f"{verb}{f' by {by}' if by else ''}{f' ({via})' if via else ''}.", _why(facts)

    return told


def _fired(facts: Facts) -> tuple[str, str]:
    return f"Began, told by {facts['source']}: {facts['severity']}.", str(facts.get("severity_why") or "")


def _changed(facts: Facts) -> tuple[str, str]:
    names = ", ".join(sorted(str(name).replace("_", " ") for name in facts["what"]))
    return f"Changed: {names}.", _why(facts)


def _resolved(facts: Facts) -> tuple[str, str]:
    how = {"sender": "Its sender says that it is over.", "expired": "Its time was over, and nobody sent it again.",
           "duplicate": "It is the same as another alert."}  # fmt: skip
    if facts["how"] == "person":
        return f"Resolved by {facts.get('by') or 'a person'}.", _why(facts)
    return how.get(facts["how"], "It is over."), _why(facts)


def _noted(facts: Facts) -> tuple[str, str]:
    return f"{facts['by']} wrote: {facts['text']}", ""


def _opened(facts: Facts) -> tuple[str, str]:
    policy = facts.get("policy") or {}
    asked = f", asked for by {facts['asked_by']}" if facts.get("asked_by") else ""
    return f"A page began{asked}: {facts['severity']}.", str(policy.get("why") or "")


def _joining(words: str) -> Teller:
    def told(facts: Facts) -> tuple[str, str]:
        count = len(facts["alerts"])
        return f"{count} {'alert' if count == 1 else 'alerts'} {words}.", _why(facts)

    return told


def _raised(facts: Facts) -> tuple[str, str]:
    return f"It is {facts['severity']} now.", _why(facts)


def _level(facts: Facts) -> tuple[str, str]:
    level, loop = facts["level"], facts["loop"]
    again = f", for the {loop}. time" if loop > 1 else ""
    return ("The turn of the catch-all" if level < 0 else f"The turn of level {level}") + f"{again}.", _why(facts)


def _done(facts: Facts) -> tuple[str, str]:
    how = {"resolved": "It is over, and wakes nobody any more.", "cancelled": "Cancelled.",
           "exhausted": "Nobody answered, at any level.", "digested": "Told in a digest instead."}  # fmt: skip
    words = how.get(facts["how"], "It wakes nobody any more.")
    return (f"Cancelled by {facts['by']}." if facts.get("by") and facts["how"] == "cancelled" else words), _why(facts)


def _attached(facts: Facts) -> tuple[str, str]:
    number = facts["incident"]
    return (f"It belongs to INC-{number}." if number else "It belongs to no incident any more."), _why(facts)


_TELLERS: dict[str, Teller] = {
    alert.ALERT_FIRED: _fired,
    alert.ALERT_REOPENED: _saying("It fires again."),
    alert.ALERT_CHANGED: _changed,
    alert.ALERT_ACKNOWLEDGED: _by("Acknowledged"),
    alert.ALERT_UNACKNOWLEDGED: _by("No longer acknowledged"),
    alert.ALERT_SUPPRESSED: _saying("Suppressed: it wakes nobody."),
    alert.ALERT_RELEASED: _saying("No longer suppressed."),
    alert.ALERT_STALE: _saying("Stale: its sender fell silent."),
    alert.ALERT_RESOLVED: _resolved,
    alert.ALERT_NOTED: _noted,
    alert.ALERT_PAGED: lambda facts: (f"It belongs to the page {facts['page']}.", ""),
    alert.ALERT_ATTACHED: _attached,
    page.PAGE_ATTACHED: _attached,
    page.PAGE_OPENED: _opened,
    page.PAGE_JOINED: _joining("joined"),
    page.PAGE_LEFT: _joining("left"),
    page.PAGE_RAISED: _raised,
    page.LEVEL_REACHED: _level,
    page.PAGE_ACKNOWLEDGED: _by("Acknowledged"),
    page.PAGE_ESCALATED: _by("Passed on to the next level"),
    page.PAGE_REARMED: _by("People are woken again"),
    page.PAGE_DONE: _done,
}
