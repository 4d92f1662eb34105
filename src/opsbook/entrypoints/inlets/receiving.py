"""What the doors of inlets share: who sends, how much of it is taken, and that nothing is acknowledged before it is
synced. Knows no format.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import ipaddress
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from litestar import Request, Response
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from msgspec import Struct

from opsbook.entrypoints.gates.edge import FOREIGN
from opsbook.entrypoints.gates.origins import OWN_SITES
from opsbook.entrypoints.problems import PROBLEM, problem
from opsbook.entrypoints.web.answering import desk_of
from opsbook.ground.errors import Failure, Refusal
from opsbook.ledger.signal import Batch, Source
from opsbook.usecases.receive import Receipt

LARGEST_BODY = 64 * 1024 * 1024  # bytes; a group of 150,000 alerts is about 50 MB
READ_AT_ONCE = 64 * 1024  # bytes; a greater body is read in a thread, so that nobody else waits for it
FORWARDED = (b"forwarded", b"x-forwarded-for", b"x-real-ip", b"via")
# What tells later who sent a body and how it is to be read; no secret stands in any of these.
TELLING = ("content-type", "user-agent", "x-github-event", "x-gitlab-event")
ASK = {"WWW-Authenticate": 'Bearer realm="Opsbook inlets"'}
NEEDED = (
    "This inlet wants the token of a sender. 'opsbook inlet add NAME --kind {kind}' makes one; send it as"
    " 'Authorization: Bearer TOKEN', as the password of basic authentication, or as ?token=."
)
Asks = Request[Any, Any, Any]
Parse = Callable[[bytes], Batch]


class Taken(Struct, frozen=True):
    """What became of a body: the source it was taken for, what was understood, and what was recorded."""

    source: Source
    batch: Batch
    receipt: Receipt

    @property
    def is_unread(self) -> bool:
        """Whether nothing of it could be read; it is kept and shown all the same."""
        return not self.batch.signals and bool(self.batch.slips)


async def taken(request: Asks, kind: str, parse: Parse, *, name: str = "", token: str | None = None) -> Taken:
    """Takes the body of a request for the inlet of that kind, or by its `name`, and returns when it is synced.

    `token` is what the sender showed where that is not in the usual places. Raises what answers 401 and 403, and
    Failure(retryable=True), which answers 503 with Retry-After, where it cannot be kept now.
    """
    source = await source_of(request, kind, name=name, token=token)
    body = await request.body()
    batch = parse(body) if len(body) <= READ_AT_ONCE else await asyncio.to_thread(parse, body)
    secrets = [each for each in (token, shown_token(request)) if each]
    receipt = await kept(request, source, batch, body, secrets=secrets)
    return Taken(source, batch, receipt)


async def source_of(request: Asks, kind: str, *, name: str = "", token: str | None = None) -> Source:
    """Who sends; raises what answers 401, or 403 to a page of another site."""
    refuse_foreign(request)
    shown = shown_token(request) if token is None else token
    look = partial(desk_of(request).alert_desk.inlets.source_for, kind, shown, name=name, is_open=is_open(request))
    is_far = request.app.state["keeper"].is_far  # such a ledger may take long to say that it is away
    try:
        source = await asyncio.to_thread(look) if is_far else look()
    except Refusal as wrong:  # such as a ledger that moved on: nothing that the sender could mend
        raise Failure(str(wrong), retryable=True) from wrong
    refusals, address = request.app.state["refused"], (request.scope.get("client") or ("somebody",))[0]
    if source is None:
        refusals.refused(kind, address, desk_of(request).now(), has_token=bool(shown))
        why = "This token is not known, was revoked, or is another inlet's." if shown else NEEDED.format(kind=kind)
        raise NotAuthorizedException(why, headers=ASK)
    refusals.heard(kind, address)
    return source


async def kept(request: Asks, source: Source, batch: Batch, body: bytes, *, secrets: list[str]) -> Receipt:
    """What was recorded of a body, once that is synced."""
    receive = desk_of(request).alert_desk.receiving.receive
    try:
        return await asyncio.to_thread(receive, source, batch, body, told_headers(request), secrets=secrets)
    except (Failure, Refusal) as wrong:
        raise Failure(f"Nothing was taken, so send it again. {wrong}", retryable=True) from wrong


def answered(found: Taken, status: int = 200) -> Response[Any]:
    """The answer of doors that have no words of their own: what was recorded, or 400 where nothing could be read."""
    if found.is_unread:
        slips = [{"where": slip.where, "why": slip.why} for slip in found.batch.slips]
        detail = f"Nothing of this could be read. {slips[0]['why']} It is kept as {found.receipt.batch or 'before'}."
        return Response(problem(400, detail, slips=slips), status_code=400, media_type=PROBLEM)
    return Response(found.receipt, status_code=status)


def refuse_foreign(request: Asks) -> None:
    """Raises what answers 403 where a page of another site asks; those that change something were refused before."""
    site = dict(request.scope["headers"]).get(b"sec-fetch-site")
    if site is not None and site.lower() not in OWN_SITES:
        raise PermissionDeniedException(FOREIGN)


def is_open(request: Asks) -> bool:
    """Whether no token is needed: on this machine itself, unless configured otherwise."""
    state = request.app.state
    if state["config"].inlet_tokens != "off-loopback" or not state["keeper"].reads_are_open:
        return False
    if any(name in FORWARDED for name, _ in request.scope["headers"]):
        return False
    client = request.scope.get("client")
    return client is not None and _is_loopback(client[0])


def shown_token(request: Asks) -> str:
    """The token that a sender shows: bearer, the password of basic authentication, Opsgenie's key, ?token=, or a part
    of the path; empty where it shows none."""
    scheme, _, rest = request.headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() in ("bearer", "geniekey", "token"):
        return rest.strip()
    if scheme.lower() == "basic":
        return _password(rest.strip())
    asked = request.query_params.get("token", "")
    return asked if isinstance(asked, str) and asked else str(request.path_params.get("token", ""))


def told_headers(request: Asks) -> Mapping[str, str]:
    """The headers that are kept with a body."""
    named = {name: request.headers[name][:300] for name in TELLING if name in request.headers}
    attributes = {name: value[:300] for name, value in request.headers.items() if name.startswith("ce-")}
    return {**named, **attributes}


def _password(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode("utf-8", "replace").partition(":")[2]
    except (binascii.Error, ValueError):
        return ""


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
