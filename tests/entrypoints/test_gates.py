"""What every answer of the door carries, and what never gets past its gates."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar.testing import TestClient
from tests.entrypoints.door import ADDRESS, opened

from opsbook.entrypoints.gates.asked import Doorkeeper
from opsbook.entrypoints.gates.edge import Edge
from opsbook.entrypoints.gates.kept import KEPT_BYTES, Answer, Kept
from opsbook.entrypoints.gates.origins import Origins
from opsbook.entrypoints.gates.peers import Peers
from opsbook.entrypoints.web.assets import Assets
from opsbook.entrypoints.web.forms import local
from opsbook.ground.errors import Usage

CARRIED = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


@pytest.mark.parametrize("path", ["/", "/nowhere", "/api/v1/book", "/api/openapi.json", "/healthz", "/sign-in", "/people", "/api/v1/nowhere"])
def test_every_answer_carries_what_keeps_a_browser_safe(door, path):
    headers = door.ask("GET", path).headers
    assert {name: headers.get(name) for name in CARRIED} == CARRIED
    assert "strict-transport-security" not in headers
    assert "server" not in headers


def test_what_the_gate_itself_refuses_carries_it_too(door):
    answer = door.ask("POST", "/sign-in", headers={"origin": "https://evil.example"})
    assert answer.status_code == 403
    assert {name: answer.headers.get(name) for name in CARRIED} == CARRIED
    assert answer.headers["content-type"] == "application/problem+json"


def test_https_is_kept_to_once_a_trusted_proxy_says_so(repository):
    proxied = {"x-forwarded-proto": "https", "x-forwarded-for": "203.0.113.9"}
    with opened(repository, trusted_proxies=("127.0.0.1",)) as door:
        door.client = TestClient(came_from("127.0.0.1", door.app), base_url=ADDRESS)
        answer = door.ask("GET", "/healthz", headers=proxied)
        assert answer.headers["strict-transport-security"] == "max-age=63072000"
        assert "strict-transport-security" not in door.ask("GET", "/healthz").headers
        link = door.desk.accounts.issue_link("ada", "viewer", actor="test")
        signed = door.ask("POST", "/sign-in/link", data={"link": link}, headers=proxied)
        cookie = signed.headers["set-cookie"]
        assert cookie.startswith("__Host-")
        assert "Secure" in cookie
        assert door.desk.accounts.sessions("ada")[0].source == "203.0.113.9"


def came_from(address: str, app: Edge) -> Any:
    """The application as it is asked from an address."""

    async def asked(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "client": (address, 1)}, receive, send)

    return asked


@pytest.mark.parametrize(
    ("peer", "forwarded", "client", "scheme"),
    [
        ("10.0.0.1", "203.0.113.9", "203.0.113.9", "https"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9", "https"),  # the first may be made up
        ("10.0.0.1", "203.0.113.9, 10.0.0.2", "203.0.113.9", "https"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.1", "https"),
        ("10.0.0.1", "nonsense", "nonsense", "https"),
        ("192.0.2.1", "203.0.113.9", "192.0.2.1", "http"),
        ("::1", "203.0.113.9", "::1", "http"),
    ],
)  # fmt: skip
def test_only_a_trusted_proxy_is_believed(peer, forwarded, client, scheme):
    scope = {"client": (peer, 1), "scheme": "http", "headers": [(b"x-forwarded-for", forwarded.encode()), (b"x-forwarded-proto", b"https")]}
    seen = Peers(["10.0.0.0/8"]).seen(scope)
    assert (seen["client"][0], seen["scheme"]) == (client, scheme)


def test_a_proxy_that_is_no_address_is_told_with_its_place():
    with pytest.raises(Usage, match=r"opsbook.toml:3: 'proxy' is neither"):
        Peers(["proxy"], "opsbook.toml:3")


@given(st.dictionaries(st.sampled_from(["origin", "host", "sec-fetch-site"]), st.binary(max_size=40)))
def test_whatever_an_origin_is_written_like_the_gate_decides(headers):
    scope = {"method": "POST", "scheme": "http", "headers": [(name.encode(), value) for name, value in headers.items()]}
    assert Origins("https://ops.example.org").admits(scope) in (True, False)


@given(st.text(max_size=40) | st.from_regex(r"/[/\\]?[a-z.:@\\]{0,20}", fullmatch=True))
def test_a_goal_after_signing_in_never_leads_away(goal):
    from urllib.parse import urljoin, urlsplit

    led = urlsplit(urljoin("http://127.0.0.1:8000/sign-in", local(goal)))
    assert (led.scheme, led.netloc) == ("http", "127.0.0.1:8000")


@pytest.mark.parametrize("goal", ["//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil.example", "javascript:alert(1)", "", "/a\nb"])
def test_a_goal_that_leads_away_is_replaced(goal):
    assert local(goal) == "/"


def test_a_page_is_compressed_for_whoever_takes_it(door):
    plain = door.ask("GET", "/sign-in", headers={"accept-encoding": "identity"})
    packed = door.ask("GET", "/sign-in", headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain.content
    assert "accept-encoding" in packed.headers["vary"]


def test_what_holds_a_secret_and_a_strangers_words_is_not_compressed(door):
    headers = {**door.session("viewer"), "accept-encoding": "gzip"}
    assert "content-encoding" not in door.ask("GET", "/?q=guess", headers=headers).headers
    assert "content-encoding" in door.ask("GET", "/", headers=headers).headers


def test_a_page_that_the_browser_has_is_not_sent_again(door):
    first = door.ask("GET", "/")
    again = door.ask("GET", "/", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]


def test_head_answers_as_get_without_a_body(door):
    got, head = door.ask("GET", "/healthz"), door.ask("HEAD", "/healthz")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == got.headers["content-length"]


def test_a_page_is_kept_until_the_book_is_another(repository):
    with opened(repository) as door:
        door.ask("GET", "/")
        kept = len(door.app.kept.entries)
        assert door.ask("GET", "/").status_code == 200
        assert len(door.app.kept.entries) == kept == 1
        before = door.desk.library.snapshot().number
        (repository / "docs/operations/new.md").write_text("# New\n")
        assert door.desk.library.look().number > before
        assert door.app.kept.find(next(iter(door.app.kept.entries))) is None


def test_what_is_kept_of_one_session_is_not_shown_to_another(door):
    mine, other = door.session("viewer", "mine"), door.session("viewer", "other")
    assert mine["x-csrf-token"] in door.ask("GET", "/sign-in", headers=mine).text
    assert mine["x-csrf-token"] not in door.ask("GET", "/", headers=other).text
    assert mine["x-csrf-token"] not in door.ask("GET", "/").text


def test_a_page_that_is_kept_is_refused_to_whoever_may_not_read(repository):
    with opened(repository, listening_on="0.0.0.0") as door:
        session = door.session("viewer")
        assert door.ask("GET", "/", headers=session).status_code == 200
        assert door.ask("GET", "/").status_code == 401
        door.desk.accounts.revoke_sessions("viewer-one", actor="test")
        assert door.ask("GET", "/", headers=session).status_code == 401


def test_no_more_is_kept_than_fits():
    kept = Kept({"book": lambda: 1})
    for number in range(100):
        kept.keep((str(number), b"", False, ""), "book", 1, Answer([], b"x" * 400_000, b"", ""))
    assert kept.size <= KEPT_BYTES
    assert kept.find(("99", b"", False, "")) is not None
    assert kept.find(("0", b"", False, "")) is None


@pytest.mark.parametrize("path", ["/assets/../server.py", "/assets/..%2fserver.py", "/assets/%2e%2e/server.py", "/assets//etc/passwd", "/assets/x%00"])
def test_no_path_leads_out_of_the_assets(door, path):
    assert door.ask("GET", path).status_code == 404


def test_an_asset_with_its_hash_is_kept_for_ever_and_comes_packed(tmp_path):
    (tmp_path / "manifest.json").write_text('{"a.js": "a.0123.js"}')
    (tmp_path / "a.0123.js").write_bytes(b"let a")
    (tmp_path / "a.0123.js.gz").write_bytes(gzip.compress(b"let a"))
    (tmp_path / "secret").write_bytes(b"")
    assets = Assets(str(tmp_path))
    content, headers = assets.find("a.0123.js", "gzip, br")
    assert (gzip.decompress(content), headers["Content-Encoding"]) == (b"let a", "gzip")
    assert "immutable" in headers["Cache-Control"]
    content, headers = assets.find("a.js", "")
    assert (content, headers["Cache-Control"]) == (b"let a", "no-cache")
    assert assets.find("a.0123.js.gz", "") is None
    assert assets.find("../a.js", "") is None
    assert assets.address("a.js") == "/assets/a.0123.js"


def test_a_frame_of_a_diagram_has_no_origin_and_no_network(door):
    names = door.app.app.app.state["assets"].names
    if "diagram.html" not in names:
        pytest.skip("ABSENT: assets (they are built with the package)")
    answer = door.ask("GET", f"/assets/{names['diagram.html']}")
    policy = answer.headers["content-security-policy"]
    assert "sandbox allow-scripts" in policy
    assert "connect-src" not in policy
    assert "default-src 'none'" in policy


def test_a_body_that_is_too_large_is_refused(door):
    headers = door.session("responder")
    answer = door.ask("PUT", "/api/v1/pages/x.md/source", content=b"x" * 5_000_000, headers={**headers, "if-match": "*"})
    assert answer.status_code == 413
    streamed = door.ask("POST", "/sign-in", content=(b"x" * 1_000_000 for _ in range(6)), headers={"content-type": "application/x-www-form-urlencoded"})
    assert streamed.status_code == 413


def test_a_bug_is_told_in_the_servers_output_and_to_nobody_else(door, capsys):
    from litestar import get

    @get("/broken", opt={"act": "public"}, sync_to_thread=False)
    def broken() -> str:
        raise ZeroDivisionError("a secret")

    door.app.app.app.register(broken)
    answer = door.ask("GET", "/broken")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "ZeroDivisionError: a secret" in capsys.readouterr().err


def test_over_https_a_cookie_is_of_this_host_alone(door):
    keeper = door.app.keeper
    assert keeper.cookie("https").startswith("__Host-opsbook-")
    assert keeper.cookie("http").startswith("opsbook-")


def test_two_books_on_one_machine_have_cookies_of_their_own():
    first, second = (Doorkeeper(None, ledger_name=name, reads_are_open=True).cookie("http") for name in ("a", "b"))
    assert first != second
