"""The public status as it is now, read from the book, the ledger and the readings of health checks. Changes nothing.

It is kept for a moment: however many people look while something is down, the ledger is asked once a second.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from opsbook.book.page import stem
from opsbook.book.status_components import Component, StatusPage, component_key, service_key
from opsbook.ground.errors import Failure
from opsbook.ledger.health import Health, State
from opsbook.ledger.incident import incident_of
from opsbook.ledger.incident_values import Incident
from opsbook.ledger.maintenance import Maintenance, maintenance_of
from opsbook.usecases.ledger_ports import EngineLedger
from opsbook.usecases.library import Book
from opsbook.usecases.public_incidents import Names, public_id, public_incident, said_of_components, shortened
from opsbook.usecases.public_site import file_of
from opsbook.usecases.public_site.words import Links
from opsbook.usecases.public_status import (
    GRAVITY,
    SHOWN_DAYS,
    ComponentState,
    PublicComponent,
    PublicIncident,
    PublicMaintenance,
    PublicStatus,
    PublicUpdate,
    UptimeDay,
    gravest,
)
from opsbook.usecases.public_uptime import Uptimes

FRESH_S = 1.0
MOST_READ = 2000  # incidents that are over; whatever is older is not on the page
MOST_SHOWN = 500
TITLE = "Status"
# An incident that began longer ago than this before the days shown is not looked for among those that are over.
_SLACK = timedelta(days=60)

Kept = tuple[tuple[object, ...], datetime, PublicStatus]
Healths = Callable[[Sequence[str]], Mapping[str, Health]]


class Sources(Struct, frozen=True):
    """What the public status is made from: the book as it is, the ledger, and how probes are, by their keys."""

    book: Callable[[], Book]
    ledger: EngineLedger
    healths: Healths
    uptimes: Uptimes


class PublicReading:
    """The public status, made anew when something was recorded or the book is another, at most once a second."""

    def __init__(self, sources: Sources, *, now: Callable[[], datetime], fresh_s: float = FRESH_S) -> None:
        self._sources = sources
        self._now = now
        self._fresh = timedelta(seconds=fresh_s)
        self._making = threading.Lock()
        self._kept: Kept | None = None
        self._files: tuple[PublicStatus | None, dict[tuple[str, Links], bytes]] = (None, {})

    def status(self) -> PublicStatus:
        """How all is; while the ledger cannot be read how all was, which `at` tells. Raises Failure where that is not
        known either."""
        with self._making:
            now, kept = self._now(), self._kept
            if kept is not None and timedelta() <= now - kept[1] < self._fresh:
                return kept[2]
            try:
                return self._made(now, kept)
            except Failure:
                if kept is None:
                    raise
                return kept[2]

    def file(self, name: str, links: Links) -> bytes | None:
        """A file of the public page as it is now, None where there is none of that name; made once for all who look.
        Raises Failure as `status` does."""
        status = self.status()
        if self._files[0] is not status or len(self._files[1]) > MOST_SHOWN:
            self._files = (status, {})
        kept = self._files[1]
        content = kept.get((name, links)) or file_of(name, status, links)
        if content is not None:
            kept[name, links] = content
        return content

    def _made(self, now: datetime, kept: Kept | None) -> PublicStatus:
        at = now.replace(second=0, microsecond=0)
        stamp = (self._sources.book().number, self._sources.ledger.head(), at)
        if kept is not None and kept[0] == stamp:
            self._kept = stamp, now, kept[2]
            return kept[2]
        made = read_status(self._sources, now, at)
        self._kept = stamp, now, made
        return made


def read_status(sources: Sources, now: datetime, at: datetime) -> PublicStatus:
    """The public status at `now`, said to be of `at`: the minute, so that what is the same has the same bytes."""
    book = sources.book()
    page = _page(book)
    names: Names = {each.key: (public_id("component", each.key), each.name) for each in page.components}
    since = now - timedelta(days=SHOWN_DAYS)
    live, past = _incidents(sources.ledger, names, since)
    planned, over = _maintenances(sources.ledger, names, now, since)
    probes = _probes(book, page)
    sources.uptimes.forget_others(probes)
    healths = sources.healths([key for keys in probes.values() for key in keys])
    said = said_of_components(live)
    working = {part for each in planned if each.phase == "in_progress" for part in each.components}
    components = tuple(
        _component(each, page, said=said.get(names[each.key][0]), is_worked_on=names[each.key][0] in working,
                   healths=[healths[key] for key in probes[each.key] if key in healths],
                   days=sources.uptimes.of(probes[each.key], now) if page.measured != "never" else ())
        for each in page.components
    )  # fmt: skip
    changes = [each.changed_at for each in (*live, *past)] + [each.changed_at for each in (*planned, *over)]
    changes += [each.since for each in components if each.since is not None]
    return PublicStatus(
        at, page.title or TITLE, page.introduction, page.contact, _overall(components, live), components, live, past,
        planned, over, max(changes, default=None), bool(page.components),
    )  # fmt: skip


def _page(book: Book) -> StatusPage:
    """What the policy pages say: the first one with components, and words."""
    found = [
        facts.policy.status_page for _, facts in sorted(book.facts.items())
        if facts.policy is not None and facts.policy.status_page is not None
    ]  # fmt: skip
    return next((each for each in found if each.components), found[0] if found else StatusPage())


def _probes(book: Book, page: StatusPage) -> dict[str, list[str]]:
    """The keys of the probes of each component's services, by the component's name as compared."""
    by_service: dict[str, list[str]] = {}
    for facts in book.facts.values():
        if facts.kind == "runbook":
            for name in {service_key(facts.service or ""), service_key(stem(facts.path))}:
                by_service.setdefault(name, []).extend(probe.key for probe in facts.probes)
    return {
        each.key: list(dict.fromkeys(
            key for service in each.services for key in by_service.get(service_key(service.name), ())
        ))
        for each in page.components
    }  # fmt: skip


def _component(
    component: Component, page: StatusPage, *, said: tuple[ComponentState, PublicUpdate] | None, is_worked_on: bool,
    healths: Sequence[Health], days: tuple[UptimeDay, ...],
) -> PublicComponent:  # fmt: skip
    state, since = _measured(page, healths)
    if said is not None:
        state, since = said[0], said[1].changed_at
    if is_worked_on and GRAVITY[state] < GRAVITY["partial_outage"] and (said is None or said[0] == "operational"):
        state, since = "maintenance", None
    return PublicComponent(
        public_id("component", component.key), component.name, component.description, component.group, state, since,
        days,
    )  # fmt: skip


def _measured(page: StatusPage, healths: Sequence[Health]) -> tuple[ComponentState, datetime | None]:
    """How a component is by its health checks alone, as far as the page lets them speak."""
    if page.measured == "never" or not healths:
        return "operational", None
    states: list[State] = [each.state for each in healths]
    since = max((each.since for each in healths if each.since is not None), default=None)
    if "unhealthy" in states:
        bad = [each.since for each in healths if each.state == "unhealthy" and each.since is not None]
        since = min(bad, default=None)
        if page.measured == "degraded":
            return "degraded", since
        return ("major_outage" if all(each == "unhealthy" for each in states) else "partial_outage"), since
    return ("unknown", None) if "unknown" in states else ("operational", since)


def _overall(components: Sequence[PublicComponent], live: Sequence[PublicIncident]) -> ComponentState:
    worst = gravest(each.state for each in components)
    # Somebody told customers of a problem: that some part is not named does not make all of it well.
    return "degraded" if live and GRAVITY[worst] < GRAVITY["degraded"] else worst


def _incidents(
    ledger: EngineLedger, names: Names, since: datetime
) -> tuple[tuple[PublicIncident, ...], tuple[PublicIncident, ...]]:
    rows = list(_rows(ledger, since))
    goes_on = {each.number for each in rows if each.is_live}
    made = [public_incident(each, names, is_over=not (each.is_live or _merged_into(each) & goes_on)) for each in rows]
    found = sorted((each for each in made if each is not None), key=lambda each: (each.began, each.id), reverse=True)
    live = tuple(each for each in found if each.phase != "resolved")
    past = tuple(each for each in found if each.resolved_at is not None and each.resolved_at >= since)
    return live, past[:MOST_SHOWN]


def _merged_into(incident: Incident) -> frozenset[int]:
    if incident.state != "merged":
        return frozenset()
    return frozenset(each.other for each in incident.relations if each.how in ("merged into", "duplicate of"))


def _rows(ledger: EngineLedger, since: datetime) -> Iterator[Incident]:
    """The incidents that may be on the page: all that go on, and those that are over since then."""
    for kept in ledger.rows("incidents", is_open=True, limit=MOST_READ):
        yield incident_of(kept)
    before, read = None, 0
    while read < MOST_READ:
        rows = ledger.rows("incidents", is_open=False, before=before, limit=200)
        for kept in rows:
            yield incident_of(kept)
        read += len(rows)
        if len(rows) < 200 or incident_of(rows[-1]).declared_at < since - _SLACK:
            return
        before = rows[-1].first


def _maintenances(
    ledger: EngineLedger, names: Names, now: datetime, since: datetime
) -> tuple[tuple[PublicMaintenance, ...], tuple[PublicMaintenance, ...]]:
    kept = ledger.rows("maintenances", limit=MOST_SHOWN)
    found = [_planned(each, names, now) for each in map(maintenance_of, kept) if each.state(now) != "cancelled"]
    shown = [each for each in found if each is not None]
    shown.sort(key=lambda each: (each.starts_at, each.id))
    over = [each for each in reversed(shown) if each.phase == "completed" and each.ends_at >= since]
    return tuple(each for each in shown if each.phase != "completed"), tuple(over)


def _planned(each: Maintenance, names: Names, now: datetime) -> PublicMaintenance | None:
    state = each.state(now)
    if state == "cancelled":
        return None
    known = [names[component_key(name)][0] for name in each.components if component_key(name) in names]
    changed = max([each.changed_at, *(at for at in (each.starts_at, each.over_at) if at <= now)])
    return PublicMaintenance(
        public_id("maintenance", each.id), shortened(each.title), each.body, state, each.starts_at, each.over_at,
        each.announced_at, changed, tuple(known),
    )  # fmt: skip
