"""What messages say: composed from a page, the book and what is known around it, for each kind of contact.

A message carries what somebody needs at three in the morning before they have opened anything: how grave, why they,
the first steps of the section, how the service is, who else is on call, and where to answer. Sends nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from urllib.parse import quote

from opsbook.ledger.alert import Alert
from opsbook.ledger.page import Page
from opsbook.usecases.alerting_ports import Message
from opsbook.usecases.contact_book import TESTS, ContactBook
from opsbook.usecases.ledger_ports import EngineLedger
from opsbook.usecases.library import Library
from opsbook.usecases.matching import first_steps
from opsbook.usecases.notices import NOTICE
from opsbook.usecases.sending import Item, in_order
from opsbook.usecases.wording.around import Around, told_already
from opsbook.usecases.wording.digest import digest_of
from opsbook.usecases.wording.facts import facts_of
from opsbook.usecases.wording.html import html_of
from opsbook.usecases.wording.plain import text_of
from opsbook.usecases.wording.told import AlertTold, SectionTold, Told, differences

_MARKS = {"resolved": "Resolved", "handoff": "Yours now", "reminder": "Reminder", "test": "Test"}
_SHOWS_HTML = frozenset({"email", "webhook"})
_MAY_HAVE_COME = ("lost", "sending")  # what an attempt before ended as, where nobody knows whether it came through


class Wording:
    """Composes messages; what the pager calls `Composing`. `address` is where links lead."""

    def __init__(
        self, library: Library, ledger: EngineLedger, contacts: ContactBook, *, address: str,
        now: Callable[[], datetime],
    ) -> None:  # fmt: skip
        self._library = library
        self._contacts = contacts
        self._around = Around(library, ledger)
        self._address = address.rstrip("/")
        self._now = now

    def single(self, item: Item) -> Message:
        """What somebody gets of one page."""
        kind = item.due.notification.owed.kind
        told = self.told(item)
        title, body = text_of(told, kind)
        return Message(
            item.key, kind, title, body, told.severity, html_of(told) if kind in _SHOWS_HTML else "", told.ack_url,
            told.page_url, facts_of(told),
        )  # fmt: skip

    def digest(self, items: Sequence[Item], why: str, also: Sequence[Item] = ()) -> Message:
        """What somebody gets of several pages at once, the gravest first; `also` go to another contact as well."""
        kind = items[0].due.notification.owed.kind
        told = [self.told(item) for item in in_order(items, also)]
        return digest_of(told, why, kind, list_url=f"{self._address}/pages", key=items[0].key)

    def told(self, item: Item) -> Told:
        """All that is told of one page, before it is cut to a kind of contact."""
        page, notification = item.due.page, item.due.notification
        owed, now = notification.owed, self._now()
        zone = self._contacts.reachable(owed.person).time_zone
        alerts = self._around.alerts(page)
        common, differing = differences([alert.labels for alert in alerts])
        is_test = owed.purpose == "test"
        goes_on = page.incident is not None and self._around.goes_on(page.incident)
        is_duplicate = any(attempt.state in _MAY_HAVE_COME for attempt in notification.attempts)
        return Told(
            key=item.key, purpose=owed.purpose, page=page.id, severity=page.severity, service=page.service or "",
            subject=page.subject, person=owed.person, why=owed.why, sent_at=now, since=_since(page, alerts), zone=zone,
            level=owed.level, loop=owed.loop, attempt=item.attempt, marks=_marks(page, owed.purpose, goes_on=goes_on),
            notes=tuple(_notes(page, owed.id, owed.loop, is_duplicate)), is_drill=page.is_drill,
            is_duplicate=is_duplicate, alerts=tuple(self._alert(alert) for alert in alerts),
            count=len(page.alerts or page.gone), gone=len(page.gone) if page.alerts else 0, common=common,
            differing=differing, section=self._section(page),
            health=() if is_test else self._around.health(page.service, zone, now),
            recent=() if is_test else self._around.recent(page.service, zone, now),
            on_call=() if is_test else self._around.on_call(page, owed.person, now),
            ack_url=f"{self._address}/a/{page.id}.{owed.id}.{item.secret}" if item.secret else "",
            page_url=self._page_url(page),
            incident=page.incident, goes_on=goes_on,
            incident_url=f"{self._address}/incidents/{page.incident}" if page.incident is not None else "",
            is_notice=page.policy.name == NOTICE,
            code=self._contacts.code_for(page.group) if is_test and page.group.startswith(TESTS) else "",
        )  # fmt: skip

    def _alert(self, alert: Alert) -> AlertTold:
        words = alert.annotations.get("summary") or alert.annotations.get("description") or ""
        url = f"{self._address}/alerts/{quote(alert.id)}"
        return AlertTold(alert.id, alert.name, " ".join(words.split())[:300], alert.labels, alert.starts_at, url)

    def _section(self, page: Page) -> SectionTold | None:
        place = page.place
        if place is None:
            return None
        facts = self._library.snapshot().facts.get(place.path)
        url = f"{self._address}/book/{quote(place.path)}" + (f"#{quote(place.anchor)}" if place.anchor else "")
        return SectionTold(
            place.title, facts.title if facts is not None else place.path, url, place.why, place.path, place.anchor,
            place.commit, place.score, first_steps(self._library, place),
        )  # fmt: skip

    def _page_url(self, page: Page) -> str:
        if page.group.startswith(TESTS):
            return f"{self._address}/account"
        return f"{self._address}/pages/{quote(page.id)}"


def _since(page: Page, alerts: Sequence[Alert]) -> datetime:
    """Since when it goes on: its senders' word, unless that is later than the page."""
    return min([page.opened_at, *(alert.starts_at for alert in alerts)])


def _marks(page: Page, purpose: str, *, goes_on: bool) -> tuple[str, ...]:
    marks = ["Drill"] if page.is_drill and purpose != "test" else []
    if purpose == "resolved" and goes_on:  # on a lock screen "Resolved" beside its number would read as its end
        return (*marks, "Alert over")
    return (*marks, *([_MARKS[purpose]] if purpose in _MARKS else []))


def _notes(page: Page, notification: int, loop: int, is_duplicate: bool) -> list[str]:
    notes = []
    is_test = page.group.startswith(TESTS)
    if page.policy.name == NOTICE and page.policy.why:
        notes.append(page.policy.why)
    if page.is_drill and not is_test:
        notes.append("This is a drill: it goes the same way as a real page, and nothing is wrong.")
    if is_duplicate:
        notes.append("You may have got this before: nobody knows whether the last attempt came through.")
    if loop > 1:
        notes.append(f"Nobody answered yet; this is round {loop}.")
    if page.acknowledged:
        last = page.acknowledged[-1]
        notes.append(f"{last.by} acknowledged it at {last.at:%H:%M} UTC.")
        notes += [f"{page.answers}, and it wakes people until all of them have."] if page.answers else []
    others = told_already(page, notification)
    if others and not page.acknowledged:
        notes.append(f"Paged before: {', '.join(others[:5])}.")
    if page.asked_by and not page.alerts and not page.gone and not is_test:
        notes.append(f"{page.asked_by} asks for you.")
    return notes
