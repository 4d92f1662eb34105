"""What people do with alerts from their pages: each a form, each one verb, for one or for many. Routes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from litestar import Request, Response, post

from opsbook.entrypoints.web.account import me_of
from opsbook.entrypoints.web.alert_pages import shown_alert, shown_alerts
from opsbook.entrypoints.web.answering import desk_of
from opsbook.entrypoints.web.forms import fields_of, go_on, local, several
from opsbook.ground.durations import read_duration
from opsbook.ground.errors import Failure, NotPermitted, Refusal, Usage
from opsbook.usecases.alerts import Alerts

Asks = Request[Any, Any, Any]
RESPONDS = {"act": "respond"}
MOST_UNDONE = 60  # alerts that an address can name; more are done all the same, and undone one by one


class Said(NamedTuple):
    """What a form says: of which alerts, by whom, with which fields."""

    alerts: Sequence[str]
    by: str
    fields: Mapping[str, str]

    @property
    def why(self) -> str:
        """The reason."""
        return self.fields.get("why", "").strip()

    @property
    def for_s(self) -> float | None:
        """For how long, None for as long as is configured."""
        words = self.fields.get("for", "").strip()
        length = read_duration(words) if words else None
        if words and length is None:
            raise Usage(f"'{words[:40]}' is no length of time; write it as 30m or 2h.")
        return length.total_seconds() if length else None


Verb = Callable[[Alerts, Said], Any]
# What a form may say in `do` of one alert or of many.
VERBS: dict[str, Verb] = {
    "acknowledge": lambda alerts, said: alerts.acknowledge(
        said.alerts, said.by, via="web", why=said.why, for_s=said.for_s
    ),
    "unacknowledge": lambda alerts, said: alerts.unacknowledge(said.alerts, said.by, said.why),
    "resolve": lambda alerts, said: alerts.resolve(said.alerts, said.by, said.why),
    "reopen": lambda alerts, said: alerts.reopen(said.alerts, said.by, said.why),
}  # fmt: skip


@post("/alerts", opt=RESPONDS, status_code=200)
async def act_on_many(request: Asks) -> Response[Any]:
    """Does what the form says with the alerts that it names, and shows the list with the way back."""
    fields, chosen = await fields_of(request), await several(request, "alert")
    return await asyncio.to_thread(_acted_on_many, request, fields, chosen)


def _acted_on_many(request: Asks, fields: dict[str, str], chosen: list[str]) -> Response[Any]:
    desk, back = desk_of(request).alert_desk, local(fields.get("back", ""), "/alerts")
    did = fields.get("do", "")
    if fields.get("group"):
        did = "acknowledge"
        of_group = [each for each in desk.board.look().alerts if each.group == fields["group"]]
        chosen = [each.id for each in of_group if each.status in ("firing", "stale")]
    chosen = list(dict.fromkeys(chosen))
    try:
        if not chosen:
            raise Usage("Select the alerts first.")
        if did == "silence":
            return go_on(f"/silences/new?{urlencode({'alert': chosen}, doseq=True)}")
        verb = VERBS.get(did)
        if verb is None:
            raise Usage("Choose what is to be done.")
        verb(desk.alerts, Said(chosen, me_of(request).name, fields))
    except (Refusal, Usage, Failure) as wrong:
        return shown_alerts(request, status=status_of(wrong), wrong=str(wrong))
    undone = {} if "is_undo" in fields or len(chosen) > MOST_UNDONE else {"did": did, "ids": ",".join(chosen)}
    return go_on(with_query(back, undone))


def with_query(address: str, more: Mapping[str, str]) -> str:
    """The address with these in its query, in the place of earlier ones of that name."""
    parts = urlsplit(address)
    kept = {name: value for name, value in parse_qsl(parts.query) if name not in ("did", "ids")}
    words = urlencode({**kept, **more}, safe=",")
    return f"{parts.path}?{words}" if words else parts.path


@post("/alerts/{alert:str}", opt=RESPONDS, status_code=200)
async def act_on_one(request: Asks) -> Response[Any]:
    """Does what the form says with one alert, and shows it; what was not done is told on its page."""
    fields = await fields_of(request)
    return await asyncio.to_thread(_acted_on_one, request, fields)


def _acted_on_one(request: Asks, fields: dict[str, str]) -> Response[Any]:
    alerts = desk_of(request).alert_desk.alerts
    alert, did = alerts.one(str(request.path_params["alert"])), fields.get("do", "")
    said = Said([alert.id], me_of(request).name, fields)
    try:
        if did == "note":
            alerts.note(alert.id, said.by, fields.get("text", "").strip())
        elif did in VERBS:
            VERBS[did](alerts, said)
        else:
            raise Usage("Choose what is to be done.")
    except (Refusal, Usage, Failure) as wrong:
        typed = {name: value for name, value in fields.items() if name != "csrf"}
        return shown_alert(request, alerts.find(alert.id), status=status_of(wrong), wrong=str(wrong), **typed)
    undone = {"did": did, "ids": alert.id} if did in ("acknowledge", "resolve") else {}
    return go_on(with_query(f"/alerts/{alert.id}", undone))


def status_of(wrong: Exception) -> int:
    """The status of the answer to what was not done."""
    if isinstance(wrong, Failure):
        return 503 if wrong.retryable else 502
    if isinstance(wrong, NotPermitted):
        return 403
    return 400 if isinstance(wrong, Usage) else 409


ROUTES = (act_on_many, act_on_one)
