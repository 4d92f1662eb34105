"""What stands around a page when somebody is woken: health, what changed, who else is on call. Changes nothing.

What is asked here must never keep a message back: each part reads little, and goes on from what it read before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from opsbook.book.reach import Directory
from opsbook.book.roster.values import plain_name
from opsbook.ledger.alert import Alert, alert_of
from opsbook.ledger.alert import stream_of as alert_stream
from opsbook.ledger.event import Event
from opsbook.ledger.health import HEALTH_CHANGED, Health, fold
from opsbook.ledger.incident import INCIDENT_VIEW
from opsbook.ledger.page import Page
from opsbook.ledger.view import Kept
from opsbook.usecases.changes import Change, told
from opsbook.usecases.ledger_ports import EngineLedger
from opsbook.usecases.library import Book, Library
from opsbook.usecases.oncall import directory_of
from opsbook.usecases.page_plan import whom
from opsbook.usecases.run_names import run_name
from opsbook.usecases.service_names import named_service
from opsbook.usecases.wording.told import SHOWN_ALERTS, moment

LATELY = timedelta(hours=24)
_ROWS = 100  # of runs, the last begun, among which those of the service are looked for
_SHOWN = 3
_FRESH = timedelta(seconds=5)  # so long the runs that were read count: a storm must not read them for each message


class Around:
    """Looks around pages. One for all messages: what was read of a probe's health is kept."""

    def __init__(self, library: Library, ledger: EngineLedger) -> None:
        self._library = library
        self._ledger = ledger
        self._read: dict[str, tuple[int, Event | None]] = {}
        self._directory: tuple[Book, Directory] | None = None
        self._runs: tuple[datetime, list[Kept]] | None = None
        self._changes: tuple[datetime, list[Change]] | None = None

    def alerts(self, page: Page) -> list[Alert]:
        """Some of the alerts of a page that still fire; of one that is over, of those that did."""
        some = (page.alerts or page.gone)[:SHOWN_ALERTS]
        rows = [self._ledger.row("alerts", alert_stream(each)) for each in some]
        return [alert_of(row) for row in rows if row is not None]

    def goes_on(self, number: int) -> bool:
        """Whether the incident of that number is not over."""
        kept = self._ledger.latest(INCIDENT_VIEW.name, [str(number)]).get(str(number))
        return kept is not None and kept.row.is_open

    def health(self, service: str | None, zone: str, now: datetime) -> tuple[str, ...]:
        """How the probes of a service are, as they changed last; a sentence each, what is not well first."""
        found = sorted(self._healths(service), key=lambda health: health.state == "healthy")
        return tuple(_health_words(health, zone, now) for health in found[:_SHOWN])

    def _healths(self, service: str | None) -> Iterator[Health]:
        book = self._library.snapshot()
        name = named_service(book, service) if service else None
        facts = book.facts.get(book.services[name]) if name else None
        for probe in facts.probes if facts is not None else ():
            stream = f"probe/{probe.key}"
            number, last = self._read.get(stream, (0, None))
            for event in self._ledger.read(stream, number):
                number, last = event.number, event if event.kind == HEALTH_CHANGED else last
            self._read[stream] = number, last
            if last is not None:
                yield fold(probe.key, (last,))

    def recent(self, service: str | None, zone: str, now: datetime) -> tuple[str, ...]:
        """The last runs for a service of the last day, and what senders told of changes, a sentence each."""
        if not service:
            return ()
        book, runs = self._library.snapshot(), []
        if self._runs is None or not timedelta(0) <= now - self._runs[0] < _FRESH:
            self._runs = (now, self._ledger.rows("runs", limit=_ROWS))
        for kept in self._runs[1]:
            run = kept.row.document
            started = datetime.fromisoformat(run["started_at"])
            is_practice = run["is_dry"] or run["drill"]
            if is_practice or plain_name(run["service"] or "") != plain_name(service) or now - started > LATELY:
                continue
            name = run_name(book, run["path"], run["service"], run["title"])
            runs.append(f"{name} was run by {run['actor']} at {moment(started, zone, now)}: {run['state']}.")
        return (*runs[:_SHOWN], *self._changed(service, zone, now)[:_SHOWN])

    def _changed(self, service: str, zone: str, now: datetime) -> list[str]:
        """Changes of the last day, the last first: those of the service, and those of which nobody says of which."""
        if self._changes is None or not timedelta(0) <= now - self._changes[0] < _FRESH:
            self._changes = (now, list(told(self._ledger, now - LATELY, now, _ROWS)))
        book = self._library.snapshot()
        mine = named_service(book, service) or service
        return [
            f"{each.text}, at {moment(each.at, zone, now)}." for each in self._changes[1]
            if not each.services or mine in (named_service(book, text) or text for text in each.services)
        ]  # fmt: skip

    def on_call(self, page: Page, person: str, now: datetime) -> tuple[str, ...]:
        """Who else is on call by the levels of a page: name, level, and why."""
        book = self._library.snapshot()
        if self._directory is None or self._directory[0] is not book:
            self._directory = (book, directory_of(book))
        seen, others = {plain_name(person)}, []
        for planned in page.policy.levels:
            for name, why in whom(self._directory[1], planned, now)[0]:
                if plain_name(name) not in seen:
                    seen.add(plain_name(name))
                    others.append(f"{name}, level {planned.level}" + (f": {why}" if why else ""))
        return tuple(others[:6])


def _health_words(health: Health, zone: str, now: datetime) -> str:
    since = f" since {moment(health.since, zone, now)}" if health.since is not None else ""
    return f"{health.state.capitalize()}{since}. {health.why}"


def told_already(page: Page, except_for: int) -> Sequence[str]:
    """Whom a page told before, each once."""
    people = (each.owed.person for each in page.notifications if each.has_told and each.owed.id != except_for)
    return tuple(dict.fromkeys(people))
