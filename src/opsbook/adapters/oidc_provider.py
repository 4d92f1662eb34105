"""An OpenID Connect provider over HTTP: its description, its keys, codes for tokens. Decides who nobody is."""

from __future__ import annotations

import json
import threading
import time
from base64 import b64encode
from http.client import HTTPException
from typing import Any, NoReturn
from urllib.error import HTTPError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from opsbook.ground.errors import Failure
from opsbook.usecases.accounts import WrongSignIn

TIMEOUT_S = 10.0
LARGEST_ANSWER = 1_048_576  # bytes; descriptions and key sets have a few thousand
KEPT_S = 3_600.0  # how long the description and the keys are kept
KEYS_AGAIN_S = 10.0  # how soon the keys are fetched anew for a key that is not among them
# Signatures by a key of the provider alone: with a shared secret (HS256) or none, a client could write its own tokens.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *arguments: Any) -> None:
        """Follows none: a code and a secret are for the address that the description names."""
        return


class OidcProvider:
    """One provider, seen by one client of it. Any thread may call anything."""

    def __init__(self, issuer: str, client_id: str, secret: str, *, place: str = "oidc.issuer") -> None:
        self._issuer = issuer.rstrip("/")
        self._client_id = client_id
        self._secret = secret
        self._place = place
        self._open = build_opener(_NoRedirect).open
        self._lock = threading.Lock()
        self._described: tuple[float, dict[str, Any]] | None = None
        self._keys: tuple[float, Any] | None = None

    @property
    def issuer(self) -> str:
        """What the provider calls itself: as configured, or as its description says with a slash at the end."""
        return str(self._description()["issuer"])

    def authorization_endpoint(self) -> str:
        """Where browsers are sent to."""
        return self._endpoint("authorization_endpoint")

    def exchange(self, code: str, verifier: str, redirect_uri: str) -> tuple[dict[str, Any], str]:
        """The claims of the ID token that a code is good for, its signature checked, and the access token."""
        fields = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri, "code_verifier": verifier,
        }  # fmt: skip
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        methods = self._description().get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        if not self._secret or "client_secret_basic" not in methods:
            fields["client_id"] = self._client_id
        if self._secret and "client_secret_basic" in methods:
            pair = f"{quote(self._client_id, safe='')}:{quote(self._secret, safe='')}"
            headers["Authorization"] = "Basic " + b64encode(pair.encode()).decode()
        elif self._secret:
            fields["client_secret"] = self._secret
        answer = self._ask(self._endpoint("token_endpoint"), urlencode(fields).encode(), headers)
        token, access = answer.get("id_token"), answer.get("access_token")
        if not isinstance(token, str):
            raise Failure(f"The provider {self._issuer} answered without an ID token. Is 'openid' among oidc.scopes?")
        return self._claims(token), access if isinstance(access, str) else ""

    def user_claims(self, access_token: str) -> dict[str, Any]:
        """What the userinfo endpoint tells; empty where there is none."""
        if "userinfo_endpoint" not in self._description() or not access_token:
            return {}
        return self._ask(self._endpoint("userinfo_endpoint"), None, {"Authorization": f"Bearer {access_token}"})

    def _claims(self, token: str) -> dict[str, Any]:
        from joserfc import jwt  # inside: cryptography is slow to import, and only signing in needs it
        from joserfc.errors import JoseError

        for is_again in (False, True):
            keys = self._key_set(is_again=is_again)
            try:
                return dict(jwt.decode(token, keys, algorithms=list(ALGORITHMS)).claims)
            except (JoseError, ValueError, TypeError) as wrong:
                if is_again:
                    raise WrongSignIn(
                        "The provider's token cannot be believed: its signature is not of a key of the provider."
                        " Begin again from the sign-in page."
                    ) from wrong
        raise AssertionError  # the second turn returns or raises

    def _key_set(self, *, is_again: bool) -> Any:
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        with self._lock:
            kept = self._keys
        oldest = KEYS_AGAIN_S if is_again else KEPT_S  # a key that is not known may be a new one
        if kept is not None and time.monotonic() - kept[0] < oldest:
            return kept[1]
        answer = self._ask(self._endpoint("jwks_uri"))
        try:
            written: Any = {"keys": [key for key in answer["keys"] if key.get("use", "sig") == "sig"]}
            keys = KeySet.import_key_set(written)
        except (JoseError, KeyError, TypeError, ValueError, AttributeError) as wrong:
            raise Failure(f"The keys of the provider {self._issuer} cannot be read: {wrong}.") from wrong
        with self._lock:
            self._keys = (time.monotonic(), keys)
        return keys

    def _description(self) -> dict[str, Any]:
        with self._lock:
            kept = self._described
        if kept is not None and time.monotonic() - kept[0] < KEPT_S:
            return kept[1]
        found = self._ask(f"{self._issuer}/.well-known/openid-configuration")
        if str(found.get("issuer", "")).rstrip("/") != self._issuer:
            raise Failure(
                f"{self._place}: the provider at '{self._issuer}' calls itself '{found.get('issuer')}'. Write that"
                " as the issuer, if it is the provider you mean."
            )
        with self._lock:
            self._described = (time.monotonic(), found)
        return found

    def _endpoint(self, name: str) -> str:
        address = self._description().get(name)
        if not isinstance(address, str):
            raise Failure(f"The provider {self._issuer} does not tell its {name}.")
        return address

    def _ask(self, address: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> dict[str, Any]:
        parts = urlsplit(address)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
            raise Failure(f"The provider's address '{address}' is not https. Only on this machine may it be http.")
        request = Request(address, data=body, headers={"Accept": "application/json", **(headers or {})})
        try:
            with self._open(request, timeout=TIMEOUT_S) as answer:
                content = answer.read(LARGEST_ANSWER + 1)
        except HTTPError as wrong:
            self._refused(address, wrong)
        except (OSError, HTTPException) as wrong:
            why = getattr(wrong, "reason", None) or wrong
            message = f"The provider does not answer at {_without_query(address)}: {why}."
            raise Failure(message, retryable=True) from wrong
        try:
            told = json.loads(content)
        except (ValueError, RecursionError) as wrong:
            raise Failure(f"What the provider answers at {_without_query(address)} is not JSON.") from wrong
        if len(content) > LARGEST_ANSWER or not isinstance(told, dict):
            raise Failure(f"What the provider answers at {_without_query(address)} is no JSON object of a usual size.")
        return told

    def _refused(self, address: str, wrong: HTTPError) -> NoReturn:
        try:
            told = json.loads(wrong.read(LARGEST_ANSWER))
        except (ValueError, OSError, RecursionError):
            told = None
        error = told.get("error") if isinstance(told, dict) else None
        if wrong.code == 400 and error == "invalid_grant":
            message = "The provider does not take this code any more. Begin again from the sign-in page."
            raise WrongSignIn(message) from wrong
        hint = " Is OPSBOOK_OIDC_SECRET right?" if error == "invalid_client" or wrong.code == 401 else ""
        raise Failure(
            f"The provider answers {wrong.code}{f' ({error})' if error else ''} at {_without_query(address)}.{hint}",
            retryable=wrong.code >= 500,
        ) from wrong


def _without_query(address: str) -> str:
    return address.partition("?")[0]
