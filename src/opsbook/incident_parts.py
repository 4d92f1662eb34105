"""The verbs of incidents, put together from a Config. Sends nothing and holds no secret."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING, cast

from opsbook.alert_parts import build_pages
from opsbook.config import Config
from opsbook.telling_parts import build_subscriptions, build_updates
from opsbook.usecases.action_marking import ActionItems
from opsbook.usecases.action_proving import Proving
from opsbook.usecases.bringing import Bringing
from opsbook.usecases.duty_book import duty_book
from opsbook.usecases.edit import BookEditing, Editing
from opsbook.usecases.incident_acts import Incidents
from opsbook.usecases.incident_cases import Cases
from opsbook.usecases.incident_desk import IncidentDesk
from opsbook.usecases.incident_reports import Reports
from opsbook.usecases.incident_timeline import Timelines
from opsbook.usecases.ledger_ports import EngineLedger
from opsbook.usecases.library import Book, Library
from opsbook.usecases.probing import LateProber
from opsbook.usecases.proposals import Branches, Proposals
from opsbook.usecases.serving_ports import Ledger, Repository
from opsbook.usecases.similar_incidents import Likeness
from opsbook.usecases.timeline_changes import changes_told
from opsbook.wire import build_book, build_branches, build_library, build_prober, build_repository, build_seed

if TYPE_CHECKING:
    from opsbook.adapters.postgres_ledger import PostgresLedger
    from opsbook.adapters.sqlite_ledger import SqliteLedger
    from opsbook.usecases.live_library import LiveLibrary

WHOLE_S = 60.0  # how long every page of a book may take to be read


def build_incident_desk(
    config: Config, ledger: EngineLedger, editing: Editing, branches: Branches, *,
    nudge: Callable[[], None] = lambda: None,
) -> IncidentDesk:  # fmt: skip
    """The verbs over a ledger and the book as it is at the time; `nudge` wakes the engine."""
    book = editing.library.snapshot
    incidents = build_incidents(config, ledger, book, nudge)
    timelines = Timelines(ledger, now=_now, told=changes_told(ledger, book))
    proposals = Proposals(ledger, editing, branches, now=_now, chance=secrets.token_bytes)
    cases = Cases(ledger, book)
    return IncidentDesk(
        incidents=incidents,
        actions=_build_actions(config, ledger, editing, incidents),
        timelines=timelines,
        updates=build_updates(ledger, book, nudge),
        subscriptions=build_subscriptions(config, ledger, nudge),
        proposals=proposals,
        reports=Reports(ledger, editing, proposals, timelines, now=_now, seed=build_seed),
        cases=cases,
        likeness=Likeness(cases),
    )


class AskedEditing:
    """`Editing` for a program that asks once: the book as a whole, and its history, are opened once something asks of
    them, because most verbs do without."""

    def __init__(self, config: Config, ledger: SqliteLedger | PostgresLedger) -> None:
        self._config = config
        self._ledger = ledger
        self._library: LiveLibrary | None = None

    @property
    def library(self) -> Library:
        """The book, every page of it read."""
        if self._library is None:
            self._library = build_library(self._config, keeps_facts=False)
            self._library.wait_whole(WHOLE_S)
        return self._library

    @cached_property
    def repository(self) -> Repository:
        """Its history."""
        return build_repository(self._config)

    @property
    def ledger(self) -> Ledger:
        """What happened."""
        return self._ledger

    @property
    def now(self) -> Callable[[], datetime]:
        """The clock."""
        return _now

    def close(self) -> None:
        """Stops following the book, where that was begun."""
        if self._library is not None:
            self._library.close()


def build_asked_desk(config: Config, ledger: SqliteLedger | PostgresLedger, editing: AskedEditing) -> IncidentDesk:
    """The verbs for a program that asks once: the policy's pages are read when something asks of them."""
    book: Callable[[], Book] = cache(lambda: duty_book(build_book(config)))
    timelines = Timelines(ledger, now=_now, told=changes_told(ledger, book))
    proposals = Proposals(ledger, editing, build_branches(config), now=_now, chance=secrets.token_bytes)
    cases = Cases(ledger, lambda: editing.library.snapshot())
    incidents = build_incidents(config, ledger, book)
    return IncidentDesk(
        incidents=incidents,
        actions=_build_actions(config, ledger, editing, incidents),
        timelines=timelines,
        updates=build_updates(ledger, book),
        subscriptions=build_subscriptions(config, ledger),
        proposals=proposals,
        reports=Reports(ledger, editing, proposals, timelines, now=_now, seed=build_seed),
        cases=cases,
        likeness=Likeness(cases),
    )


def _build_actions(config: Config, ledger: EngineLedger, editing: Editing, incidents: Incidents) -> ActionItems:
    """The verbs of action items; their proofs ask no address before somebody wants it."""
    proving = Proving(ledger, LateProber(partial(build_prober, config)), now=_now)
    return ActionItems(ledger, editing, incidents, proving, now=_now)


def build_reports(config: Config, ledger: EngineLedger, library: Library) -> Reports:
    """The reports of incidents for a program that follows the book, and has no desk."""
    editing = BookEditing(library, build_repository(config), cast("Ledger", ledger), _now)
    timelines = Timelines(ledger, now=_now)
    proposals = Proposals(ledger, editing, build_branches(config), now=_now, chance=secrets.token_bytes)
    return Reports(ledger, editing, proposals, timelines, now=_now, seed=build_seed)


def build_bringing(ledger: EngineLedger) -> Bringing:
    """What brings incidents from a file into a ledger."""
    return Bringing(ledger, now=_now)


def build_incidents(
    config: Config, ledger: EngineLedger, book: Callable[[], Book], nudge: Callable[[], None] = lambda: None
) -> Incidents:
    """The verbs of incidents alone."""
    pages = build_pages(config, ledger, book, nudge)
    return Incidents(ledger, book, pages, now=_now, chance=secrets.token_bytes, nudge=nudge)


def _now() -> datetime:
    return datetime.now(UTC)
