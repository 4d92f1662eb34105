"""Alertmanager's API, version 2, as Prometheus, amtool and karma ask for it: alerts, groups, receivers, status.

Exact to the field (prometheus/alertmanager, api/v2/openapi.yaml). Everybody who asks, for reading too, shows the token
of an inlet of kind alertmanager-api, or sits at this machine itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import msgspec
from litestar import HttpMethod, Response, get, post, route
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler

from opsbook import __version__
from opsbook.book.matchers import Matcher, Misread, matches, read_matchers
from opsbook.entrypoints.inlets.receiving import LARGEST_BODY, Asks, source_of, taken
from opsbook.entrypoints.web.answering import desk_of
from opsbook.ground.errors import Failure, Refusal, Usage
from opsbook.ground.linear_regex import Regex, read_regex
from opsbook.ledger.alert import Alert
from opsbook.ledger.alert_events import ALERTS
from opsbook.ledger.inbound.alertmanager_api import Clock, parse
from opsbook.ledger.silence import SILENCES
from opsbook.usecases.authority import PUBLIC

KIND = "alertmanager-api"
RECEIVER = "opsbook"  # the one receiver there is: who is woken is told by the policies of the book
MOST_LISTED = 100_000
_SHOWN = {"firing": "active", "acknowledged": "active", "stale": "active", "suppressed": "suppressed"}


class Unread(Exception):
    """What was asked for makes no sense; answered with 400 in Alertmanager's manner."""


@post("/api/v2/alerts", opt={"act": PUBLIC}, status_code=200, request_max_body_size=LARGEST_BODY)
async def post_alerts(request: Asks) -> Response[Any]:
    """Takes alerts; 400 where some of them could not be read, and the others were taken all the same."""
    config = request.app.state["config"]
    clock = Clock(desk_of(request).now(), timedelta(seconds=config.resolve_timeout_s))
    found = await taken(request, KIND, partial(parse, clock=clock))
    if found.batch.slips:
        return wrong(400, "; ".join(f"{slip.where}: {slip.why}" for slip in found.batch.slips))
    return Response(b"", status_code=200, media_type="application/json")


def operation(path: str, *, method: str = "GET") -> Callable[[Callable[..., Any]], HTTPRouteHandler]:
    """Makes a function a route that answers JSON, or 400 with a sentence, as Alertmanager writes both. It is called
    with the request, and with the body where one is posted."""

    def declare(answer: Callable[..., Any]) -> HTTPRouteHandler:
        async def answered(request: Asks) -> Response[Any]:
            try:
                source = await source_of(request, KIND)
            except HTTPException as why:  # programs that know Alertmanager read no problem documents
                return wrong(why.status_code, why.detail, why.headers)
            if source.is_paused and method != "GET":
                return wrong(403, f"The inlet '{source.name}' is paused, so it changes nothing.")
            given = (request, await request.body()) if method == "POST" else (request,)
            return await asyncio.to_thread(_answer, answer, *given)

        answered.__name__ = answer.__name__
        return route(
            path, http_method=HttpMethod(method), opt={"act": PUBLIC}, status_code=200, media_type="application/json",
        )(answered)  # fmt: skip

    return declare


def _answer(answer: Callable[..., Any], *given: Any) -> Response[Any]:
    try:
        content = answer(*given)
    except (Unread, Usage) as why:
        return wrong(400, str(why))
    except Refusal as why:  # somebody else changed it at the same moment
        raise Failure(str(why), retryable=True) from why
    if isinstance(content, Response):
        return content
    body = b"" if content is None else msgspec.json.encode(content)
    return Response(body, status_code=200, media_type="application/json")


def wrong(status: int, why: str, headers: Mapping[str, str] | None = None) -> Response[Any]:
    """An answer that says what is wrong, as Alertmanager does: the sentence as a JSON string."""
    answer = msgspec.json.encode(why)
    return Response(answer, status_code=status, media_type="application/json", headers=dict(headers or {}))


@operation("/api/v2/alerts")
def alerts(request: Asks) -> list[dict[str, Any]]:
    """The alerts that are open and wanted, in the order of their fingerprints."""
    found = _wanted(request, "unprocessed")
    names = _fingerprints(found, request)
    return sorted((shown(alert, request, names) for alert in found), key=lambda each: str(each["fingerprint"]))


@operation("/api/v2/alerts/groups")
def groups(request: Asks) -> list[dict[str, Any]]:
    """The same by the groups that wake people together."""
    found = _wanted(request, "muted")
    names = _fingerprints(found, request)
    by_group: dict[str, list[Alert]] = {}
    for alert in found:
        by_group.setdefault(alert.group, []).append(alert)
    keys = request.app.state["config"].group_by
    return [
        {"labels": {key: members[0].labels[key] for key in keys if key in members[0].labels}, "routeLabels": {},
         "receiver": {"name": RECEIVER}, "alerts": [shown(alert, request, names) for alert in members]}
        for _, members in sorted(by_group.items())
    ]  # fmt: skip


@operation("/api/v2/receivers")
def receivers(request: Asks) -> list[dict[str, Any]]:
    """Who gets alerts."""
    return [{"name": RECEIVER}]


@operation("/api/v2/status")
def status(request: Asks) -> dict[str, Any]:
    """What this is, since when it runs, and that it is no cluster of Alertmanager's own kind."""
    started = request.app.state["started"]
    version = {"branch": "", "buildDate": "", "buildUser": "", "goVersion": "", "revision": "", "version": __version__}
    return {
        "cluster": {"name": "", "status": "disabled", "peers": []}, "versionInfo": version,
        "config": {"original": f"route:\n  receiver: {RECEIVER}\nreceivers:\n- name: {RECEIVER}\n"},
        "uptime": moment(started),
    }  # fmt: skip


def shown(alert: Alert, request: Asks, fingerprints: dict[str, str]) -> dict[str, Any]:
    """An alert as Alertmanager tells it. Whatever is open counts on, so its end is ahead."""
    now = desk_of(request).now()
    ahead = now + timedelta(seconds=request.app.state["config"].resolve_timeout_s)
    by = alert.suppressed_by
    return {
        "labels": alert.labels, "annotations": alert.annotations, "receivers": [{"name": RECEIVER}],
        "fingerprint": alert.fingerprint, "startsAt": moment(alert.starts_at), "updatedAt": moment(alert.changed_at),
        "endsAt": moment(alert.ends_at if alert.ends_at is not None and alert.ends_at > now else ahead),
        "generatorURL": alert.generator,
        "status": {
            "state": _SHOWN.get(alert.status, "active"),
            "silencedBy": [each.removeprefix(SILENCES) for each in by if each.startswith(SILENCES)],
            "inhibitedBy": [fingerprints.get(each, each) for each in by if each.startswith(ALERTS)], "mutedBy": [],
        },
    }  # fmt: skip


def moment(at: datetime) -> str:
    """A time as Alertmanager writes it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def matchers_in(request: Asks, name: str = "filter") -> tuple[Matcher, ...]:
    """The matchers that a query asks for, however many there are; raises Unread."""
    asked = request.query_params.getall(name, [])
    found: list[Matcher] = []
    for text in asked:
        read = read_matchers(text)
        if isinstance(read, Misread):
            raise Unread(f"bad matcher format: {text}: at column {read.column}: {read.why}")
        found += read
    return tuple(found)


def switches(request: Asks, names: Sequence[str]) -> dict[str, bool]:
    """Which kinds are wanted: all unless a query says false; raises Unread for anything else."""
    found = {}
    for name in names:
        said = request.query_params.get(name, "true")
        if said not in ("true", "false", "1", "0"):
            raise Unread(f"{name} must be true or false, not {said!r}.")
        found[name] = said in ("true", "1")
    return found


def _wanted(request: Asks, last: str) -> list[Alert]:
    matchers = matchers_in(request)
    wants = switches(request, ("active", "silenced", "inhibited", last))
    if not _is_receiver_wanted(request):
        return []
    found = desk_of(request).alert_desk.alerts.select(matchers=matchers, is_open=True, limit=MOST_LISTED)
    return [alert for alert in found if _is_kind_wanted(alert, wants)]


def _is_kind_wanted(alert: Alert, wants: dict[str, bool]) -> bool:
    by = alert.suppressed_by
    if not wants["active"] and not by:
        return False
    if not wants["silenced"] and any(each.startswith(SILENCES) for each in by):
        return False
    return wants["inhibited"] or not any(each.startswith(ALERTS) for each in by)


def _is_receiver_wanted(request: Asks) -> bool:
    asked = request.query_params.get("receiver", "")
    if asked:
        regex = read_regex(asked)
        if not isinstance(regex, Regex):
            raise Unread(f"failed to parse receiver param: {regex.why}")
        if not regex.matches(RECEIVER):
            return False
    return matches(matchers_in(request, "receiver_matchers"), {"receiver": RECEIVER, "name": RECEIVER})


def _fingerprints(alerts: Sequence[Alert], request: Asks) -> dict[str, str]:
    """The fingerprints of the alerts that inhibit others, which need not be wanted themselves."""
    wanted = {each for alert in alerts for each in alert.suppressed_by if each.startswith(ALERTS)}
    if not wanted:
        return {}
    verbs = desk_of(request).alert_desk.alerts
    found = {}
    for stream in wanted:
        try:
            found[stream] = verbs.find(stream.removeprefix(ALERTS)).fingerprint
        except Usage:
            continue
    return found


@get("/-/healthy", opt={"act": PUBLIC}, sync_to_thread=False, media_type="text/plain")
def healthy() -> str:
    """The process answers."""
    return "OK"


@get("/-/ready", opt={"act": PUBLIC}, sync_to_thread=False, media_type="text/plain")
def ready() -> str:
    """It takes alerts."""
    return "OK"


@post("/-/reload", opt={"act": PUBLIC}, status_code=200, media_type="text/plain")
async def reload(request: Asks) -> str:
    """Nothing is to be done: the book and what is configured are followed as they change."""
    await source_of(request, KIND)
    return ""


ROUTES = (post_alerts, alerts, groups, receivers, status, healthy, ready, reload)
