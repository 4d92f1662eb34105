"""Alerts: those that are open, by the groups in which they wake people, and one with its section. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote, urlencode

from litestar import Request, Response, get
from litestar.response import Template
from msgspec import Struct

from opsbook.book.rendering import book_address, quote_path, render_section
from opsbook.entrypoints.shown.alert_view import (
    SENT,
    SEVERITIES,
    STATES,
    label_words,
    latency_words,
    level_words,
    matcher_text,
    next_level_at,
    page_state,
    woken,
)
from opsbook.entrypoints.shown.on_page import run_insets
from opsbook.entrypoints.web.answering import desk_of, may, page, why_not
from opsbook.entrypoints.web.book_pages import pieces_of, title_of
from opsbook.entrypoints.web.forms import own_address
from opsbook.entrypoints.web.graph_insets import links_around
from opsbook.entrypoints.web.label_filter import Filter, filter_of
from opsbook.entrypoints.web.practice import practice_of
from opsbook.entrypoints.web.turning import turned
from opsbook.ground.digests import digest_of
from opsbook.ground.errors import Failure, Usage
from opsbook.ledger.alert import Alert, stream_of
from opsbook.ledger.alert_events import Place
from opsbook.ledger.page import Page
from opsbook.usecases.alert_board import Group, Listed, counted, grouped, select
from opsbook.usecases.alert_story import story
from opsbook.usecases.desk import Desk
from opsbook.usecases.page_shown import waits_for

Asks = Request[Any, Any, Any]
READS = {"act": "read"}
GROUPS = 20  # on one page of the list
OF_GROUP = 5  # alerts of a group that stand in the list; the rest is one press away
OF_ONE_GROUP = 100
ENDED = 50
# What the list can be narrowed to: the word in the address, the words, and the statuses.
TABS: dict[str, tuple[str, tuple[str, ...]]] = {
    "": ("Open", ()),
    "firing": ("Firing", ("firing",)),
    "acknowledged": ("Acknowledged", ("acknowledged",)),
    "suppressed": ("Suppressed", ("suppressed",)),
    "stale": ("Stale", ("stale",)),
    "resolved": ("Resolved", ("resolved",)),
}
# Labels that stand elsewhere on the row of an alert.
_TOLD = frozenset({"alertname", "severity", "service"})


class Shown(Struct, frozen=True):
    """A group as the list shows it: some of its alerts, how many more there are, and the page that it belongs to.

    A group of several has a head, which says what they have in common; `rows` are its alerts with what tells each from
    the others, and what each says of itself alone.
    """

    group: Group
    alerts: tuple[Listed, ...]
    more: int
    page: Page | None
    title: str
    common: tuple[str, ...]
    summary: str
    rows: tuple[tuple[Listed, str, str], ...]

    @property
    def anchor(self) -> str:
        """The id of the group on the page, which stays the same whatever comes to it: so that scripts know it again."""
        return f"group-{digest_of(self.group.key.encode())[:12]}"

    @property
    def has_head(self) -> bool:
        """Whether its alerts stand below a head."""
        return len(self.group.alerts) > 1


@get("/alerts", opt=READS, sync_to_thread=True)
def alerts_page(request: Asks) -> Template:
    """The open alerts by group, those that need somebody first; or the last that are over."""
    return shown_alerts(request)


def shown_alerts(request: Asks, *, status: int = 200, wrong: str = "", **more: Any) -> Template:
    """The list as the address asks for it; with what was not done, and why."""
    desk = desk_of(request)
    asked = request.query_params
    tab = asked.get("status", "")
    tab = tab if tab in TABS else ""
    said = filter_of(asked.get("match", ""))
    key = asked.get("group", "")
    looked = desk.alert_desk.board.look()
    of_group = [each for each in looked.alerts if not key or each.group == key]
    matching = select(of_group, (), lambda each: said.holds(each.matched_labels))
    before = asked.get("before", "")
    is_later = before.isascii() and before.isdigit() and len(before) < 16
    ended = _ended(desk, said, int(before) if is_later else None) if tab == "resolved" else []
    groups = [] if tab == "resolved" else grouped(select(matching, TABS[tab][1]))
    part, turn = turned(request, groups, GROUPS)
    keep = {"match": said.text, "group": key, "status": tab}
    shown = page(
        request, "alerts.html", place="Alerts", status=status, tab=tab, tabs=TABS, filter=said, key=key,
        counts=counted(matching), total=len(matching), groups=[_shown(desk, each, key) for each in part], turn=turn,
        ended=ended[:ENDED], older=ended[ENDED - 1].position if len(ended) > ENDED else None,
        has_any=bool(looked.alerts), is_cut=looked.is_cut, held=len(looked.alerts), now=desk.now(),
        query=lambda **other: _query({**keep, **other}), address=own_address(request), wrong=wrong, did=_did(request),
        why_not="" if may(request, "respond") else why_not(request, "respond"), title_of_place=_title(desk),
        here=_query({**keep, "page": asked.get("page", "")}), **{**WORDS, **more},
    )  # fmt: skip
    shown.headers["Cache-Control"] = "no-store"
    return shown


def _query(of: Mapping[str, Any]) -> str:
    words = urlencode({name: value for name, value in of.items() if value not in ("", None)})
    return f"/alerts?{words}" if words else "/alerts"


def _shown(desk: Desk, group: Group, key: str) -> Shown:
    most = OF_ONE_GROUP if key else OF_GROUP
    first, alerts = group.alerts[0], group.alerts[:most]
    title = f"{first.name} · {first.service}" if first.service else first.name
    shared = {pair for pair in first.labels.items() if all(each.labels.get(pair[0]) == pair[1] for each in alerts)}
    summary = first.summary if all(each.summary == first.summary for each in alerts) else ""
    is_several = len(group.alerts) > 1
    rows = tuple((each, each.name, each.summary) for each in alerts)
    if is_several:
        rows = tuple((each, _apart(each, shared) or each.name, "" if summary else each.summary) for each in alerts)
    return Shown(
        group, alerts, max(0, len(group.alerts) - most), page_of(desk, group.page), title,
        tuple(label_words(shared, _TOLD)), summary, rows,
    )  # fmt: skip


def _apart(alert: Listed, shared: set[tuple[str, str]]) -> str:
    """What tells an alert from the others of its group."""
    return ", ".join(label_words(set(alert.labels.items()) - shared, frozenset()))


def page_of(desk: Desk, page: str) -> Page | None:
    """The page of that id; None where there is none, or the ledger cannot tell it now."""
    if page:
        with suppress(Usage, Failure):
            return desk.alert_desk.pages.find(page)
    return None


def waking_first(pages: Iterable[Page]) -> list[Page]:
    """Those that wake people now come before those that somebody answered."""
    return sorted(pages, key=lambda each: (each.state != "active", each.severity))


def _ended(desk: Desk, said: Filter, before: int | None) -> list[Alert]:
    """The last that are over, one more than a list shows where there are more."""
    return desk.alert_desk.alerts.select(matchers=said.matchers, is_open=False, before=before, limit=ENDED + 1)


def _did(request: Asks) -> tuple[str, list[str]] | None:
    """What was just done, and to which alerts: the address tells it, so that it can be undone without scripts."""
    did, ids = request.query_params.get("did", ""), request.query_params.get("ids", "")
    return (did, ids.split(",")[:200]) if did in ("acknowledge", "resolve", "unacknowledge", "reopen") else None


def _title(desk: Desk) -> Any:
    book = desk.library.snapshot()
    return lambda place: place.title or title_of(book, place.path)


@get("/alerts/{alert:str}", opt=READS, sync_to_thread=True)
def alert_page(request: Asks) -> Response[Any]:
    """An alert: its state and why, what it says, what happened to it, and the section that it leads to, whole."""
    return shown_alert(request, desk_of(request).alert_desk.alerts.find(str(request.path_params["alert"])))


def shown_alert(request: Asks, alert: Alert, *, status: int = 200, wrong: str = "", **typed: str) -> Response[Any]:
    """The page of an alert; with what was not done and why, and what was typed for it."""
    desk = desk_of(request)
    noise = desk.alert_desk.alerts.noise(alert)
    shown = page(
        request, "alert.html", place="Alerts", status=status, alert=alert, now=desk.now(), wrong=wrong, typed=typed,
        section=section_of(request, alert.place), noise=noise,
        earlier=[each for each in noise.episodes if each.id != alert.id],
        told=story(desk.ledger.read(stream_of(alert.id))), woken_by=page_of(desk, alert.page),
        links=links_around(desk, alert.service or "", alert.starts_at, None if alert.is_open else alert.ends_at),
        labels=sorted(alert.labels.items()), annotations=sorted(alert.annotations.items()), did=_did(request),
        why_not="" if may(request, "respond") else why_not(request, "respond"), **WORDS,
    )  # fmt: skip
    shown.headers["Cache-Control"] = "no-store"
    return shown


class PlaceShown(Struct, frozen=True):
    """The section that an alert leads to, as it is now: `html` is empty where it is gone, and `gone` says so."""

    title: str
    page: str
    html: str
    at: str
    was_at: str
    edit_at: str
    gone: str = ""


def section_of(request: Asks, place: Place | None, *, incident: int | None = None) -> PlaceShown | None:
    """The section of a place as the book has it now, with its Run buttons; None for no place. What is run from there
    belongs to the `incident` of that number."""
    if place is None:
        return None
    desk = desk_of(request)
    book = desk.library.snapshot()
    at = book_address(place.path) + (f"#{quote(place.anchor)}" if place.anchor else "")
    was_at = f"{book_address(place.path)}?at={place.commit}#{quote(place.anchor)}" if place.commit else at
    name, edit_at = title_of(book, place.path), f"/edit/{quote_path(place.path)}"
    if place.path not in book.files:
        gone = f"The book has no page '{place.path}' any more."
        return PlaceShown(place.title, name, "", at, was_at, "", gone)
    shown = desk.library.page(place.path)
    section = shown.section(place.anchor) if place.anchor else next(iter(shown.sections), None)
    if section is None:
        gone = f"The page has no section '{place.anchor}' any more."
        return PlaceShown(place.title, name, "", at, was_at, edit_at, gone)
    facts, insets = book.facts.get(place.path), []
    if facts is not None and facts.procedures and facts.kind != "template":
        practice = practice_of(desk, place.path, [procedure.anchor for procedure in facts.procedures])
        insets = run_insets(pieces_of(request, incident=incident), shown, facts, practice)
    html = render_section(shown, section, desk.library.around(), insets=insets)
    line = shown.span(section.start, section.body).line
    return PlaceShown(section.title, name, html, at, was_at, f"{edit_at}?line={line}")


# What the templates of alerts and pages go by.
WORDS: dict[str, Any] = {
    "states": STATES, "severities": SEVERITIES, "sent_words": SENT, "page_state": page_state, "woken": woken,
    "level_words": level_words, "waits_for": waits_for, "next_level_at": next_level_at, "latency_words": latency_words,
    "labels_of": lambda labels: label_words(labels.items(), _TOLD), "matcher_text": matcher_text,
}  # fmt: skip

ROUTES = (alerts_page, alert_page)
