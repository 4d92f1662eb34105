"""Signing in through a real OpenID Connect provider, and through one that forges what it says."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import msgspec
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey
from tests.entrypoints.door import Door, opened

from opsbook.entrypoints.web.provider import BACK, COOKIE

CLIENT = "opsbook"
SECRET = "the secret of the client"


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """The address of a real provider: a process of its own, as its libraries warn of one another."""
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", "0", "--require-nonce", "true"]
    command += ["--user-claims", '{"sub": "u-1", "preferred_username": "ada", "email": "ada@example.org", "groups": ["ops", "staff"]}']
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as started:
        lines = (re.search(r"http://(?:localhost|127\.0\.0\.1):(\d+)", line) for line in started.stdout)
        found = next(line for line in lines if line)
        reader = threading.Thread(target=started.stdout.read)  # so that it never waits for room in the pipe
        reader.start()
        yield f"http://127.0.0.1:{found[1]}"
        started.kill()
        reader.join()


def settings(issuer: str, **more: Any) -> dict[str, Any]:
    """What a team configures."""
    return {
        "oidc_issuer": issuer, "oidc_client_id": CLIENT, "oidc_secret": SECRET, "oidc_role_claim": "groups",
        "oidc_roles": {"staff": "responder", "ops": "operator"}, **more,
    }  # fmt: skip


@pytest.fixture(scope="module")
def linked(provider, tmp_path_factory) -> Iterator[Door]:
    """A door where people sign in through the provider."""
    from tests.entrypoints.door import write_repository

    root = tmp_path_factory.mktemp("linked")
    write_repository(root)
    with opened(root, **settings(provider)) as door:
        yield door


def begin(door: Door, goal: str = "/") -> tuple[str, dict[str, str]]:
    """Where the browser is sent to, and the cookie that it holds then."""
    sent = door.ask("GET", f"/sign-in/provider?next={goal}")
    assert sent.status_code == 303
    cookie = sent.headers["set-cookie"].partition(";")[0]
    return sent.headers["location"], {"cookie": cookie}


def agree(address: str, subject: str = "u-1") -> dict[str, str]:
    """The parameters with which the provider sends the browser back, after its form was filled in."""
    back = httpx.post(address, data={"sub": subject}, follow_redirects=False, timeout=10)
    assert back.status_code in (302, 303), back.text
    return {name: values[0] for name, values in parse_qs(urlsplit(back.headers["location"]).query).items()}


def come_back(door: Door, answer: dict[str, str], headers: dict[str, str]) -> httpx.Response:
    """The browser comes back from the provider."""
    return door.ask("GET", BACK, params=answer, headers={**headers, "accept": "text/html"})


def test_the_page_offers_the_provider_where_one_is_configured(linked, door):
    assert "/sign-in/provider" in linked.ask("GET", "/sign-in").text
    assert "/sign-in/provider" not in door.ask("GET", "/sign-in").text
    assert door.ask("GET", "/sign-in/provider").status_code == 404


def test_the_browser_is_sent_with_what_the_standard_asks_for(linked, provider):
    address, _ = begin(linked)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert address.startswith(provider)
    assert asked["response_type"] == "code"
    assert asked["client_id"] == CLIENT
    assert asked["redirect_uri"] == "http://127.0.0.1:8000/sign-in/provider/back"
    assert asked["code_challenge_method"] == "S256"
    assert {"openid", "email", "profile"} <= set(asked["scope"].split())
    assert len(asked["state"]) >= 43 and len(asked["nonce"]) >= 43


def test_somebody_whom_the_provider_knows_is_signed_in_with_the_role_of_their_groups(linked, provider):
    address, held = begin(linked, "/coverage")
    done = come_back(linked, agree(address), held)
    assert (done.status_code, done.headers["location"]) == (303, "/coverage")
    session = next(value.partition(";")[0] for value in done.headers.get_list("set-cookie") if "opsbook-" in value and COOKIE not in value)
    me = linked.ask("GET", "/api/v1/me", headers={"cookie": session}).json()
    assert (me["name"], me["role"]) == ("ada", "operator")
    account = linked.desk.accounts.find("ada")
    assert (account.external, account.email) == ((provider, "u-1"), "ada@example.org")


def test_a_second_sign_in_is_the_same_account(linked):
    for _ in range(2):
        address, held = begin(linked)
        assert come_back(linked, agree(address), held).status_code == 303
    assert [each.name for each in linked.desk.accounts.people() if each.external] == ["ada"]


def test_a_name_that_a_local_account_has_is_not_taken_over(linked):
    linked.desk.accounts.add("someone", "admin", None, actor="test")
    address, held = begin(linked)
    assert come_back(linked, agree(address, "someone"), held).status_code == 303
    assert linked.desk.accounts.find("someone").external is None
    assert linked.desk.accounts.find("someone-2").role == "viewer"


def test_a_code_is_good_once(linked):
    address, held = begin(linked)
    answer = agree(address)
    assert come_back(linked, answer, held).status_code == 303
    assert come_back(linked, answer, held).status_code in (401, 502)


def test_the_answer_to_another_sign_in_is_refused(linked):
    address, _ = begin(linked)
    _, held = begin(linked)
    refused = come_back(linked, agree(address), held)
    assert refused.status_code == 401
    assert "belongs to another sign-in" in refused.text


@pytest.mark.parametrize("cookie", ["", "x", "x.y", "eyJzdGF0ZSI6IiJ9.00", "\x7f", "." * 5000])
def test_a_browser_that_did_not_begin_here_is_refused(linked, cookie):
    address, _ = begin(linked)
    refused = come_back(linked, agree(address), {"cookie": f"{COOKIE}={cookie}"})
    assert refused.status_code == 401


def test_what_the_provider_refuses_is_told_as_text(linked):
    address, held = begin(linked)
    state = parse_qs(urlsplit(address).query)["state"][0]
    refused = come_back(linked, {"state": state, "error": "access_denied", "error_description": "<b>no</b>"}, held)
    assert refused.status_code == 401
    assert "&lt;b&gt;no&lt;/b&gt;" in refused.text


def test_a_provider_that_does_not_answer_is_a_failure_that_may_pass(repository):
    with opened(repository, **settings("http://localhost:9")) as door:
        answer = door.ask("GET", "/sign-in/provider")
        assert answer.status_code == 503
        assert "does not answer at http://localhost:9/.well-known" in answer.json()["detail"]


def test_a_provider_elsewhere_is_asked_over_https_alone(repository):
    with opened(repository, **settings("http://provider.example.org")) as door:
        answer = door.ask("GET", "/sign-in/provider")
        assert answer.status_code == 502
        assert "is not https" in answer.json()["detail"]


class Forger:
    """A provider that answers with whatever claims, signed by whatever key, it is told to."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
        self.signs_with: Any = self.key
        self.algorithm = "RS256"
        self.changed: dict[str, Any] = {}
        self.described: dict[str, Any] = {}
        self.nonce = ""
        forger = self

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                told = {"/.well-known/openid-configuration": forger.description, "/keys": forger.keys}
                self.tell(told[self.path]())

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                self.tell({"token_type": "Bearer", "access_token": "a", "id_token": forger.token()})

            def tell(self, content: Any) -> None:
                body = msgspec.json.encode(content)
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"

    def description(self) -> dict[str, Any]:
        """Its description."""
        return {
            "issuer": self.issuer, "authorization_endpoint": f"{self.issuer}/agree", "jwks_uri": f"{self.issuer}/keys",
            "token_endpoint": f"{self.issuer}/token", **self.described,
        }  # fmt: skip

    def keys(self) -> dict[str, Any]:
        """Its public keys."""
        return KeySet([self.key]).as_dict(private=False)

    def token(self) -> str:
        """An ID token."""
        at = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "sub": "u-9", "iat": at, "exp": at + 300, "nonce": self.nonce,
                  "preferred_username": "forged", "groups": ["ops"], **self.changed}  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": self.algorithm, "kid": "one"}
        return jwt.encode(header, claims, self.signs_with, algorithms=[self.algorithm])


@pytest.fixture
def forger() -> Iterator[Forger]:
    forger = Forger()
    threading.Thread(target=forger.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield forger
    forger.server.shutdown()
    forger.server.server_close()


def attempt(forger: Forger, repository) -> httpx.Response:
    """The browser comes back from the forger."""
    with opened(repository, **settings(forger.issuer)) as door:
        address, held = begin(door)
        asked = parse_qs(urlsplit(address).query)
        forger.nonce = asked["nonce"][0]
        return come_back(door, {"code": "c", "state": asked["state"][0]}, held)


def test_what_the_forger_says_truly_is_believed(forger, repository):
    assert attempt(forger, repository).status_code == 303


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"iss": "https://evil.example"}, "of another issuer"), ({"aud": "another"}, "for another application"),
        ({"aud": [CLIENT, "another"]}, "names none"), ({"aud": [CLIENT, "another"], "azp": "another"}, "issued to another"),
        ({"azp": "another"}, "issued to another"), ({"nonce": "another"}, "of another sign-in"),
        ({"nonce": None}, "of another sign-in"), ({"exp": 1_000}, "has expired"), ({"exp": None}, "has expired"),
        ({"iat": 9_999_999_999}, "of the future"), ({"iat": 1_000}, "too long ago"), ({"iat": None}, "of the future"),
        ({"nbf": 9_999_999_999}, "not valid yet"), ({"sub": ""}, "names nobody"), ({"sub": None}, "names nobody"),
        ({"sub": 7}, "names nobody"), ({"exp": "soon"}, "has expired"),
    ],
)  # fmt: skip
def test_a_token_that_is_not_for_us_and_now_is_refused(forger, repository, changed, why):
    forger.changed = changed
    refused = attempt(forger, repository)
    assert refused.status_code == 401
    assert why in refused.text


def test_a_token_of_another_key_is_refused(forger, repository):
    forger.signs_with = RSAKey.generate_key(2048, {"kid": "one"})
    assert attempt(forger, repository).status_code == 401


def test_a_token_signed_by_the_public_key_as_a_shared_secret_is_refused(forger, repository):
    forger.signs_with, forger.algorithm = OctKey.import_key(SECRET * 2), "HS256"
    assert attempt(forger, repository).status_code == 401


def test_a_provider_that_calls_itself_otherwise_is_refused(forger, repository):
    forger.described = {"issuer": "https://evil.example"}
    with opened(repository, **settings(forger.issuer)) as door:
        answer = door.ask("GET", "/sign-in/provider")
        assert answer.status_code == 502
        assert "calls itself 'https://evil.example'" in answer.json()["detail"]


@pytest.mark.parametrize("described", [{"token_endpoint": "http://evil.example/token"}, {"jwks_uri": "file:///etc/passwd"}, {"token_endpoint": 7}])
def test_a_description_that_leads_elsewhere_is_not_followed(forger, repository, described):
    forger.described = described
    assert attempt(forger, repository).status_code == 502
