"""Signing in through a provider (OpenID Connect, authorization code with PKCE): what is sent, what is believed of what
comes back, and which role it gives. Sends nothing; signatures are checked by the port.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from opsbook.usecases.accounts import WrongSignIn
from opsbook.usecases.authority import ROLES, Role

FLOW_LASTS = timedelta(minutes=10)
SKEW_S = 60  # how far the clocks of two machines may be apart
OLDEST_S = 600  # an ID token is used at once; one issued longer ago was kept by somebody
ANEW = "Begin again from the sign-in page."


class Provider(Protocol):
    """A provider of sign-ins. Everything raises Failure when the provider does not answer as it should."""

    @property
    def issuer(self) -> str:
        """What the provider calls itself."""
        ...

    def authorization_endpoint(self) -> str:
        """Where browsers are sent to."""
        ...

    def exchange(self, code: str, verifier: str, redirect_uri: str) -> tuple[dict[str, Any], str]:
        """The claims of the ID token that a code is good for, its signature checked, and the access token. Raises
        WrongSignIn when the code is not good."""
        ...

    def user_claims(self, access_token: str) -> dict[str, Any]:
        """What the provider tells of somebody besides the ID token; empty where it has no such endpoint."""
        ...


class Flow(Struct, frozen=True):
    """What is remembered of a sign-in while the browser is at the provider; its cookie carries it, sealed."""

    state: str
    nonce: str
    verifier: str
    goal: str
    until: float


class Terms(Struct, frozen=True):
    """What is asked of the provider, and which role its answer gives."""

    client_id: str
    scopes: Sequence[str]
    role_claim: str
    roles: Mapping[str, str]
    default_role: Role


class Person(Struct, frozen=True):
    """For whom the provider vouches."""

    subject: str
    name: str
    email: str
    role: Role


def begin(goal: str, now: datetime, chance: Callable[[int], bytes]) -> Flow:
    """A new sign-in that is to lead to `goal`."""
    state, nonce, verifier = (_text(chance(32)) for _ in range(3))
    return Flow(state, nonce, verifier, goal, (now + FLOW_LASTS).timestamp())


def request_address(endpoint: str, flow: Flow, terms: Terms, redirect_uri: str) -> str:
    """Where the browser is sent to (RFC 6749 section 4.1.1, RFC 7636, OpenID Connect Core section 3.1.2.1)."""
    asked = {
        "response_type": "code",
        "client_id": terms.client_id,
        "redirect_uri": redirect_uri,
        "scope": " ".join(dict.fromkeys(["openid", *terms.scopes])),
        "state": flow.state,
        "nonce": flow.nonce,
        "code_challenge": _text(hashlib.sha256(flow.verifier.encode()).digest()),
        "code_challenge_method": "S256",
    }
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"


def seal(flow: Flow, key: bytes) -> str:
    """The flow as a cookie that only this server can have made."""
    written = urlsafe_b64encode(msgspec.json.encode(flow)).decode()
    return f"{written}.{_signature(written, key)}"


def unseal(cookie: str, key: bytes, now: datetime) -> Flow:
    """The flow in a cookie; raises WrongSignIn when it is none of ours or too old."""
    written, _, signature = cookie.rpartition(".")
    if not hmac.compare_digest(signature.encode(), _signature(written, key).encode()):
        raise WrongSignIn(f"This browser did not begin to sign in here, or the server started anew since. {ANEW}")
    flow = msgspec.json.decode(urlsafe_b64decode(written), type=Flow)
    if now.timestamp() > flow.until:
        raise WrongSignIn(f"Signing in took longer than {int(FLOW_LASTS.total_seconds() // 60)} minutes. {ANEW}")
    return flow


def finish(
    provider: Provider, terms: Terms, flow: Flow, answer: Mapping[str, str], *, redirect_uri: str, now: datetime
) -> Person:
    """Who signed in, by the parameters with which the browser came back; raises WrongSignIn, or Failure."""
    if not hmac.compare_digest(answer.get("state", "").encode(), flow.state.encode()):
        raise WrongSignIn(f"The provider's answer belongs to another sign-in. {ANEW}")
    if answer.get("iss", provider.issuer) != provider.issuer:  # RFC 9207: an answer of another provider
        raise WrongSignIn(f"The answer came from another provider. {ANEW}")
    if "error" in answer:
        told = answer.get("error_description") or answer["error"]
        raise WrongSignIn(f"The provider refused: {told[:200]}. {ANEW}")
    if not answer.get("code"):
        raise WrongSignIn(f"The provider's answer holds no code. {ANEW}")
    claims, access_token = provider.exchange(answer["code"], flow.verifier, redirect_uri)
    check_claims(claims, provider.issuer, terms.client_id, flow.nonce, now=now)
    if terms.role_claim and terms.roles and claim(claims, terms.role_claim) is None:
        told_more = provider.user_claims(access_token)
        if told_more.get("sub") == claims["sub"]:  # OpenID Connect Core section 5.3.2
            claims = {**told_more, **claims}
    return person_of(claims, terms)


def check_claims(claims: Mapping[str, Any], issuer: str, client_id: str, nonce: str, *, now: datetime) -> None:
    """Raises WrongSignIn unless the claims of an ID token are for us, now, and for this sign-in (OpenID Connect Core
    section 3.1.3.7)."""
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    at = now.timestamp()
    expires, issued = _number(claims.get("exp")), _number(claims.get("iat"))
    faults = (
        (claims.get("iss") != issuer, "it is of another issuer"),
        (client_id not in audiences, "it is for another application"),
        (len(audiences) > 1 and claims.get("azp") is None, "it is for several applications and names none"),
        (claims.get("azp") not in (None, client_id), "it was issued to another application"),
        (not isinstance(claims.get("sub"), str) or not claims["sub"], "it names nobody"),
        (not isinstance(claims.get("nonce"), str) or claims["nonce"] != nonce, "it is of another sign-in"),
        (expires is None or at >= expires + SKEW_S, "it has expired"),
        (issued is None or issued > at + SKEW_S, "it is of the future"),
        (issued is not None and issued < at - OLDEST_S, "it was issued too long ago"),
        ((_number(claims.get("nbf")) or 0) > at + SKEW_S, "it is not valid yet"),
    )
    for is_wrong, why in faults:
        if is_wrong:
            raise WrongSignIn(f"The provider's token cannot be believed: {why}. {ANEW}")


def person_of(claims: Mapping[str, Any], terms: Terms) -> Person:
    """Who the claims tell of, with the highest role that their groups give."""
    values = claim(claims, terms.role_claim)
    groups = [values] if isinstance(values, str) else values if isinstance(values, list) else []
    given = [terms.roles[group] for group in groups if isinstance(group, str) and group in terms.roles]
    role = max((each for each in ROLES if each in given), key=ROLES.index, default=terms.default_role)
    email = _words(claims, "email") if claims.get("email_verified", True) is True else ""
    name = _words(claims, "preferred_username") or email.partition("@")[0] or _words(claims, "name") or claims["sub"]
    return Person(claims["sub"], name, email, role)


def claim(claims: Mapping[str, Any], name: str) -> Any:
    """A claim by its name, or by a path with dots where claims lie within one another (`realm_access.roles`)."""
    if name in claims:
        return claims[name]
    value: Any = claims
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _words(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    return value if isinstance(value, str) else ""


def _number(value: object) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else None  # type: ignore[arg-type]


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _signature(written: str, key: bytes) -> str:
    return hmac.new(key, written.encode(), hashlib.sha256).hexdigest()
