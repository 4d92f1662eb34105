"""The status updates of an incident: what is due, what was told whom and how far that came, and the form of the next.

Each change is a form and one verb; a page without scripts can do all of it. Decides nothing: who may approve stands in
`update_rules`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from msgspec import Struct

from opsbook.book.status_components import component_key
from opsbook.book.update_templates import pieces_of, unfilled_in
from opsbook.entrypoints.web.account import me_of
from opsbook.entrypoints.web.alert_acts import status_of
from opsbook.entrypoints.web.answering import actor_of, desk_of, may, page, why_not
from opsbook.entrypoints.web.forms import fields_of, go_on
from opsbook.ground.errors import Failure, NotPermitted, Refusal, Usage
from opsbook.ledger.incident import Incident
from opsbook.ledger.incident_values import StatusUpdate
from opsbook.ledger.telling import Telling
from opsbook.usecases.channel_names import channels_in
from opsbook.usecases.desk import Desk
from opsbook.usecases.public_site.words import STATES as COMPONENT_STATES
from opsbook.usecases.public_status import state_of_word
from opsbook.usecases.status_updates import BUILT_IN, DraftText
from opsbook.usecases.update_rules import check_may_approve

Asks = Request[Any, Any, Any]
READS, RESPONDS = {"act": "read"}, {"act": "respond"}
MOST_DELIVERIES = 200  # that are listed one by one
WORDS = {"team": "The team", "executives": "Executives", "customers": "Customers"}
STATES = {"accepted": "good", "delivered": "good", "failed": "bad", "dropped": "", "retrying": "warn", "lost": "warn"}


class ShownUpdate(Struct, frozen=True):
    """An update as its page shows it: its text with the slots marked, and who got it."""

    update: StatusUpdate
    pieces: tuple[tuple[str, bool], ...]
    unfilled: tuple[str, ...]
    deliveries: tuple[Telling, ...]
    counts: dict[str, int]
    why_not_approve: str = ""


@get("/incidents/{name:str}/updates", opt=READS, sync_to_thread=True)
def updates_page(request: Asks) -> Response[Any]:
    """What was told, what is due, and the form for the audience, the draft or the correction that is asked for."""
    asked = request.query_params
    given = {name: asked.get(name, "") for name in ("audience", "update", "corrects")}
    return shown_updates(request, _incident(request), given)


def shown_updates(
    request: Asks, incident: Incident, given: Mapping[str, str], *, status: int = 200, wrong: str = "",
) -> Response[Any]:  # fmt: skip
    """The page; with what was typed, what was not done, and why."""
    desk = desk_of(request)
    editing = _editing(incident, given)
    form = _form(desk, incident, given, editing)
    shown = page(
        request, "updates.html", place="Incidents", status=status, incident=incident, now=desk.now(), wrong=wrong,
        audiences=WORDS,
        component_states=COMPONENT_STATES, states=STATES, built_in=BUILT_IN, form=form,
        why_not_tell=_why_not_approve(request, incident, form["audience"]) if form else "",
        told=[_shown(request, desk, incident, each) for each in reversed(incident.updates)],
        why_not="" if may(request, "respond") else why_not(request, "respond"),
    )  # fmt: skip
    shown.headers["Cache-Control"] = "no-store"
    return shown


def _form(
    desk: Desk, incident: Incident, given: Mapping[str, str], editing: StatusUpdate | None
) -> dict[str, Any] | None:
    """What the form holds: what was typed, else the draft that is edited, else what the template says."""
    audience = editing.audience if editing else given.get("audience", "")
    if not audience:
        return None
    corrects = _number(given.get("corrects", "")) or (editing.corrects if editing else 0)
    made: DraftText = desk.incident_desk.updates.compose(incident, audience, corrects=0 if editing else corrects)
    body = given.get("body") or (editing.body if editing else made.body)
    channels = given.get("channels") or ", ".join(editing.channels if editing else made.channels)
    due = editing.next_due if editing else made.next_due
    return {
        "audience": audience, "body": body, "channels": channels, "update": editing.id if editing else 0,
        "corrects": corrects, "template": made.template, "pieces": pieces_of(body), "unfilled": unfilled_in(body),
        "components": _chosen(desk, given, editing) if audience == "customers" else [],
        "next_due": given.get("next_due") or (f"{due.astimezone(UTC):%Y-%m-%dT%H:%M}" if due else ""),
    }  # fmt: skip


def _chosen(desk: Desk, given: Mapping[str, str], editing: StatusUpdate | None) -> list[tuple[str, str]]:
    """The components of the status page, each with what the update says of it: empty where nothing."""
    said = {component_key(name): state_of_word(word) for name, word in (editing.components if editing else {}).items()}
    return [
        (name, given.get(f"component-{at}", said.get(component_key(name)) or ""))
        for at, name in enumerate(desk.maintenances.components())
    ]  # fmt: skip


def _editing(incident: Incident, given: Mapping[str, str]) -> StatusUpdate | None:
    number = _number(given.get("update", ""))
    return next((each for each in incident.updates if each.id == number), None) if number else None


def _shown(request: Asks, desk: Desk, incident: Incident, update: StatusUpdate) -> ShownUpdate:
    found = desk.incident_desk.updates.deliveries(incident, update.id) if update.deliveries else []
    counts: dict[str, int] = {}
    for each in found:
        counts[each.state] = counts.get(each.state, 0) + 1
    first = sorted(found, key=lambda each: each.state in ("accepted", "delivered"))[:MOST_DELIVERIES]
    return ShownUpdate(
        update, tuple(pieces_of(update.body)), unfilled_in(update.body), tuple(first), counts,
        _why_not_approve(request, incident, update.audience) if update.state == "draft" else "",
    )  # fmt: skip


def _why_not_approve(request: Asks, incident: Incident, audience: str) -> str:
    actor = actor_of(request)
    try:
        check_may_approve(incident, actor.name if actor else "", audience, is_admin=may(request, "administer"))
    except NotPermitted:
        return "for the commander, the communications lead or an admin"
    return ""


@post("/incidents/{name:str}/updates", opt=RESPONDS, status_code=200)
async def act_on_update(request: Asks) -> Response[Any]:
    """Keeps a draft, approves, publishes or withdraws, and shows the page; what was not done is told there."""
    fields = await fields_of(request)
    return await asyncio.to_thread(_acted, request, fields)


def _acted(request: Asks, fields: dict[str, str]) -> Response[Any]:
    incident = _incident(request)
    try:
        _did(request, incident, fields)
    except (Refusal, Usage, Failure) as wrong:
        given = fields if fields.get("do") in ("draft", "preview", "tell") else {}
        return shown_updates(request, _incident(request), given, status=status_of(wrong), wrong=str(wrong))
    if fields.get("do") == "preview":
        return shown_updates(request, incident, fields)
    return go_on(f"/incidents/{incident.number}/updates")


def _did(request: Asks, incident: Incident, fields: Mapping[str, str]) -> None:
    updates, by, did = desk_of(request).incident_desk.updates, me_of(request).name, fields.get("do", "")
    number = _number(fields.get("update", ""))
    _check_seen(incident, number, fields.get("seen", ""))
    if did in ("draft", "tell"):
        _check_words(request, incident, fields)
        made = updates.draft(
            incident, by, audience=fields.get("audience", ""), body=fields.get("body", ""), update=number,
            channels=channels_in(fields.get("channels", "")), corrects=_number(fields.get("corrects", "")),
            next_due=_time(fields.get("next_due", "")),
            components={name: word for name, word in _chosen(desk_of(request), fields, None) if state_of_word(word)},
        )  # fmt: skip
        if did == "tell":
            kept = number or max(each.id for each in made.updates)
            if fields.get("audience") == "customers":
                made = updates.approve(made, by, kept, is_admin=may(request, "administer"))
            updates.publish(made, by, kept)
    elif did == "approve":
        updates.approve(incident, by, number, is_admin=may(request, "administer"))
    elif did == "publish":
        updates.publish(incident, by, number, may_have_slots=fields.get("slots") == "yes")
    elif did == "withdraw":
        updates.withdraw(incident, by, number, fields.get("why", ""), is_admin=may(request, "administer"))
    elif did != "preview":
        raise Usage("Choose what is to be done.")


def _check_words(request: Asks, incident: Incident, fields: Mapping[str, str]) -> None:
    """Refuses, before anything is kept, what could not be sent: slots that nobody filled, customers' words by somebody
    who may not approve them."""
    audience, left = fields.get("audience", ""), unfilled_in(fields.get("body", ""))
    if left and (audience == "customers" or fields.get("do") == "tell"):
        raise Refusal(f"Fill in or take out {', '.join(f'[{each}]' for each in left)} first. Nothing was kept or sent.")
    if fields.get("do") == "tell":
        check_may_approve(incident, me_of(request).name, audience, is_admin=may(request, "administer"))


def _check_seen(incident: Incident, number: int, seen: str) -> None:
    """Refuses what was decided on words that are others by now."""
    update = next((each for each in incident.updates if each.id == number), None)
    if update is not None and seen and seen != update.drafted_at.isoformat():
        raise Refusal(f"{update.author} changed update {number} meanwhile. Look at what it says now, and try again.")


def _incident(request: Asks) -> Incident:
    try:
        return desk_of(request).incident_desk.incidents.find(str(request.path_params["name"]))
    except Usage as wrong:
        raise NotFoundException(str(wrong)) from None


def _number(words: str) -> int:
    return int(words) if words.isascii() and words.isdigit() and len(words) < 10 else 0


def _time(words: str) -> datetime | None:
    if not words.strip():
        return None
    try:
        at = datetime.fromisoformat(words.strip())
    except ValueError:
        raise Usage(f"'{words[:40]}' is no time; write it as 2026-11-26T03:10, in UTC.") from None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


ROUTES = (updates_page, act_on_update)
