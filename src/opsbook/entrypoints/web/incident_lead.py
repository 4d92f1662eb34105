"""An incident on one page: what is due and to whom, who does what, what to do. Changes nothing, reads no timeline."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from litestar import Request, Response
from msgspec import Struct

from opsbook.book.incident_policy import SeverityLevel
from opsbook.entrypoints.shown.incident_view import ACTION_STATES, moves_of, next_move, state_words
from opsbook.entrypoints.shown.run_view import STATES as RUN_STATES
from opsbook.entrypoints.web.alert_pages import WORDS as ALERT_WORDS
from opsbook.entrypoints.web.alert_pages import PlaceShown, page_of, section_of
from opsbook.entrypoints.web.answering import actor_of, desk_of, may, page, why_not
from opsbook.entrypoints.web.graph_insets import links_around
from opsbook.entrypoints.web.incident_impact import functions_of
from opsbook.entrypoints.web.incident_undo import undo_of
from opsbook.entrypoints.web.paging_pages import names_of
from opsbook.entrypoints.web.service_pages import health_of
from opsbook.ground.errors import Failure, Usage
from opsbook.ledger.alert_events import Place
from opsbook.ledger.incident import Incident
from opsbook.ledger.page import Page
from opsbook.usecases.alert_board import Listed
from opsbook.usecases.desk import Desk
from opsbook.usecases.followed_policy import Followed, followed
from opsbook.usecases.incident_acts import FieldConflict
from opsbook.usecases.incident_due import due, roles_of
from opsbook.usecases.proposals import Proposal
from opsbook.usecases.service_names import named_service
from opsbook.usecases.timed_links import TimedLink

Asks = Request[Any, Any, Any]
T = TypeVar("T")
MOST_ALERTS = 20  # that stand on the page; the rest is one press away
MOST_RUNS = 8
MOST_PAGES = 8
MOST_SECTIONS = 2  # of runbooks that are shown whole
MOST_FOLLOWED = 60  # streams that an open page is told of


class Watched(Struct, frozen=True):
    """A service of an incident: the address of its runbook, and its probes with their health."""

    name: str
    is_known: bool
    probes: tuple[tuple[Any, Any], ...] = ()
    links: tuple[TimedLink, ...] = ()


class MemberAlert(Struct, frozen=True):
    """An alert of an incident: as the list has it while it is open, else its id alone."""

    id: str
    listed: Listed | None


class Lead(Struct, frozen=True):
    """What the page of an incident shows besides the incident itself."""

    alerts: tuple[MemberAlert, ...]
    pages: tuple[Page, ...]
    called: tuple[tuple[str, Page | None], ...]
    services: tuple[Watched, ...]
    places: tuple[Place, ...]
    more_alerts: int = 0


def lead_of(desk: Desk, incident: Incident) -> Lead:
    """The members of an incident as they are now; what the ledger cannot tell now is left out."""
    opened: dict[str, Listed] = {}
    with suppress(Failure):
        opened = {each.id: each for each in desk.alert_desk.board.look().alerts}
    members = [MemberAlert(id_, opened.get(id_)) for id_ in incident.alerts]
    members.sort(key=lambda each: each.listed is None)
    known: dict[str, Page | None] = {}
    for id_ in [woke for _, woke in incident.called] + list(incident.pages[-MOST_PAGES:]):
        if id_ not in known:
            known[id_] = page_of(desk, id_)
    called = {woke for _, woke in incident.called}
    pages = [each for id_ in incident.pages[-MOST_PAGES:] if id_ not in called and (each := known[id_]) is not None]
    counted = Counter(each.listed.place for each in members if each.listed is not None and each.listed.place)
    places = [place for place, _ in counted.most_common()]
    places += [each.place for each in pages if each.place is not None and each.place not in places]
    return Lead(
        tuple(members[:MOST_ALERTS]), tuple(pages), tuple((person, known[id_]) for person, id_ in incident.called),
        tuple(_watched(desk, name, incident) for name in incident.services), tuple(_apart(places)),
        max(0, len(members) - MOST_ALERTS),
    )  # fmt: skip


def _apart(places: Iterable[Place]) -> list[Place]:
    """Each section once, however it was found."""
    return list({(each.path, each.anchor): each for each in reversed(list(places))}.values())[::-1]


def _watched(desk: Desk, service: str, incident: Incident) -> Watched:
    book = desk.library.snapshot()
    name = named_service(book, service)
    if name is None:
        return Watched(service, False)
    facts = book.facts.get(book.services[name])
    probes = tuple((probe, health_of(desk, probe)) for probe in facts.probes) if facts else ()
    links = links_around(desk, name, incident.started_at or incident.declared_at, incident.resolved_at)
    return Watched(name, True, probes, links)


def shown_incident(
    request: Asks, incident: Incident, *, status: int = 200, wrong: str = "", conflict: FieldConflict | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response[Any]:  # fmt: skip
    """The page of an incident; with what was not done and why, and what was typed for it."""
    desk = desk_of(request)
    book, now = desk.library.snapshot(), desk.now()
    follows = followed(book)
    lead = lead_of(desk, incident)
    roles = roles_of(incident, follows.policy.roles)
    is_quiet = bool(incident.alerts) and all(each.listed is None for each in lead.alerts)
    actor = actor_of(request)
    shown = page(
        request, "incident.html", place="Incidents", status=status, incident=incident, now=now, lead=lead,
        roles=roles, dues=due(incident, roles, lead.called, now, is_quiet=is_quiet), wrong=wrong, conflict=conflict,
        still_wrong=tried(lambda: desk.incident_desk.incidents.still_wrong(incident.id), []),
        typed=defaultdict(str, typed or {}),
        state=state_words(incident), moves=moves_of(incident), next_move=next_move(incident),
        action_states=ACTION_STATES, sections=sections_of(request, incident, lead), run_states=RUN_STATES,
        runs=[brief for run in incident.runs[-MOST_RUNS:] if (brief := desk.runs.brief(run)) is not None],
        learned=_learned(desk, incident), proposals=proposals_of(desk, incident),
        follows=follows, matrix=_row_of(follows, incident),
        known_functions=functions_of(follows), me=actor.name if actor else "", people=_names(desk),
        related={each.other: _found(desk, each.other) for each in incident.relations}, undo=undo_of(request, incident),
        followed=_followed(incident), **_may(request), **ALERT_WORDS,
    )  # fmt: skip
    shown.headers["Cache-Control"] = "no-store"
    return shown


def _may(request: Asks) -> dict[str, str]:
    return {
        "why_not": "" if may(request, "respond") else why_not(request, "respond"),
        "why_not_run": "" if may(request, "run") else why_not(request, "run"),
    }


def _names(desk: Desk) -> list[str]:
    with suppress(Usage):
        return names_of(desk)
    return []


def _row_of(follows: Followed, incident: Incident) -> SeverityLevel | None:
    """The row of the page's matrix that its severity stands in."""
    return next((row for row in follows.policy.severities if row.level == incident.severity), None)


def _followed(incident: Incident) -> str:
    """The streams that move the page: its own, its pages' and alerts', its runs'."""
    streams = [*(f"page/{id_}" for id_ in incident.pages[-MOST_PAGES:]), *(f"alert/{id_}" for id_ in incident.alerts)]
    streams += [f"run/{id_}" for id_ in incident.runs[-MOST_RUNS:]]
    return " ".join([f"incident/{incident.id}", *streams[:MOST_FOLLOWED]])


def sections_of(request: Asks, incident: Incident, lead: Lead) -> list[tuple[Place, PlaceShown]]:
    """The sections of runbooks that its alerts lead to, the one of most alerts first; where there is none, the
    troubleshooting of its services. A run that is started from there belongs to it."""
    if not incident.is_live:
        return []
    desk = desk_of(request)
    places = list(lead.places)
    if not places:
        book = desk.library.snapshot()
        for service in (each.name for each in lead.services if each.is_known):
            path = book.services[service]
            found = next((each for each in desk.library.page(path).sections if each.slot == "troubleshooting"), None)
            places.append(Place(path, found.anchor if found else "", found.title if found else service, None,
                                f"It is about the service {service}."))  # fmt: skip
    sections: list[tuple[Place, PlaceShown]] = []
    for place in places[:MOST_SECTIONS]:
        shown = section_of(request, place, incident=incident.number)
        if shown is not None:
            sections.append((place, shown))
    return sections


def proposals_of(desk: Desk, incident: Incident) -> list[Proposal]:
    """What is proposed to the book for it, the newest first."""
    return tried(lambda: desk.incident_desk.proposals.select(is_open=None, incident=incident.number, limit=20), [])


def _learned(desk: Desk, incident: Incident) -> list[str]:
    """The runbooks to which a patch can be proposed; while it goes on, those of its runs."""
    if incident.is_live:
        shown = (desk.runs.brief(run) for run in incident.runs[-MOST_RUNS:])
        return list(dict.fromkeys(each.path for each in shown if each is not None))
    return [each.path for each in tried(lambda: desk.incident_desk.reports.unproposed(incident), [])]


def tried(ask: Callable[[], Sequence[T]], otherwise: Sequence[T]) -> list[T]:
    """What is told, else what there is where the ledger cannot tell it now."""
    with suppress(Failure):
        return list(ask())
    return list(otherwise)


def _found(desk: Desk, number: int) -> Incident | None:
    with suppress(Usage, Failure):
        return desk.incident_desk.incidents.find(number)
    return None
