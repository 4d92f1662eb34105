"""Signing in through a provider: sends the browser there, and takes it back. What comes back is believed elsewhere."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any, cast

from litestar import Request, Response, get
from litestar.datastructures import Cookie
from litestar.exceptions import NotFoundException

from opsbook.config import Config
from opsbook.entrypoints.web.answering import desk_of
from opsbook.entrypoints.web.forms import go_on, local, own_address
from opsbook.entrypoints.web.sign_in import NO_STORE, agent_of, attempt, form, source_of
from opsbook.usecases import external_sign_in as external
from opsbook.usecases.accounts import WrongSignIn
from opsbook.usecases.authority import PUBLIC, Actor, Role

Asks = Request[Any, Any, Any]
COOKIE = "opsbook-sign-in"
BACK = "/sign-in/provider/back"
KEY = secrets.token_bytes(32)  # seals what is remembered of a sign-in; a restart ends those that are under way


def provider_of(request: Asks) -> external.Provider:
    """The configured provider, built when it is first asked for; raises 404 when none is configured."""
    state, config = request.app.state, _config(request)
    if not config.oidc_issuer:
        raise NotFoundException("No provider is configured here ([oidc] in opsbook.toml).")
    if "provider" not in state:
        from opsbook.wire import build_provider  # inside: most servers have none

        state["provider"] = build_provider(config)
    return cast(external.Provider, state["provider"])


def _config(request: Asks) -> Config:
    return cast(Config, request.app.state["config"])


def terms_of(config: Config) -> external.Terms:
    """What the configuration asks of the provider."""
    return external.Terms(
        config.oidc_client_id, config.oidc_scopes, config.oidc_role_claim, config.oidc_roles,
        cast(Role, config.oidc_default_role),
    )  # fmt: skip


@get("/sign-in/provider", opt={"act": PUBLIC}, status_code=303)
async def to_provider(request: Asks) -> Response[Any]:
    """Sends the browser to the provider. By GET: what a form sends may not lead to another site (CSP form-action)."""
    provider, goal = provider_of(request), local(request.query_params.get("next", "/"))
    endpoint = await asyncio.to_thread(provider.authorization_endpoint)
    flow = external.begin(goal, desk_of(request).now(), secrets.token_bytes)
    back = own_address(request) + BACK
    sent = go_on(external.request_address(endpoint, flow, terms_of(_config(request)), back))
    sent.cookies.append(_cookie(request, external.seal(flow, KEY)))
    sent.headers.update(NO_STORE)
    return sent


def _cookie(request: Asks, value: str) -> Cookie:
    # Lax, because the provider sends the browser back here.
    return Cookie(
        key=COOKIE, value=value, path="/sign-in/provider", httponly=True, samesite="lax",
        secure=request.scope["scheme"] == "https",
        max_age=int(external.FLOW_LASTS.total_seconds()) if value else 0,
    )  # fmt: skip


@get(BACK, opt={"act": PUBLIC}, status_code=303)
async def from_provider(request: Asks) -> Response[Any]:
    """Takes the browser back, and signs in whoever the provider vouches for."""
    provider, now = provider_of(request), desk_of(request).now()
    answer = {name: value for name, value in request.query_params.items() if isinstance(value, str)}
    try:
        flow = external.unseal(request.cookies.get(COOKIE, ""), KEY, now)
    except WrongSignIn as wrong:
        return form(request, goal="/", wrong=str(wrong), status=401)
    accounts, source, agent = desk_of(request).accounts, source_of(request), agent_of(request)
    terms, back = terms_of(_config(request)), own_address(request) + BACK

    def prove() -> tuple[str, Actor]:
        person = external.finish(provider, terms, flow, answer, redirect_uri=back, now=now)
        return accounts.sign_in_external(
            provider.issuer, person.subject, name=person.name, email=person.email, role=person.role, source=source,
            agent=agent,
        )  # fmt: skip

    done = await attempt(request, flow.goal, prove)
    done.cookies.append(_cookie(request, ""))
    return done


ROUTES = (to_provider, from_provider)
