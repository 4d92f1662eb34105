"""Signing in and out in a browser, one's own account, and people."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from tests.entrypoints.door import PASSWORD, Door

from opsbook.entrypoints.web.shown_once import ShownOnce

HTML = {"accept": "text/html"}


@pytest.fixture(scope="module")
def ada(door: Door) -> str:
    """Somebody with a password."""
    door.desk.accounts.add("ada", "operator", PASSWORD, email="ada@example.org", actor="test")
    return "ada"


def sign_in(door: Door, **fields: str):
    """The answer to the form."""
    return door.ask("POST", "/sign-in", data={"name": "ada", "password": PASSWORD, **fields}, headers=HTML)


def test_a_password_signs_in_and_leads_on(door, ada):
    answer = sign_in(door, next="/coverage?x=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/coverage?x=1")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Path=/" in cookie and "Secure" not in cookie
    shown = door.ask("GET", "/api/v1/me", headers={"cookie": cookie.partition(";")[0]}).json()
    assert (shown["name"], shown["role"], shown["via"]) == ("ada", "operator", "session")


def test_nobody_is_led_away_after_signing_in(door, ada):
    assert sign_in(door, next="https://evil.example/").headers["location"] == "/"


def test_a_wrong_name_and_a_wrong_password_are_told_alike(door, ada):
    wrong, unknown = sign_in(door, password="wrong"), sign_in(door, name="nobody-here", password="wrong")
    assert (wrong.status_code, unknown.status_code) == (401, 401)
    assert wrong.text == unknown.text.replace("nobody-here", "ada")
    assert "set-cookie" not in wrong.headers


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"name=%ff", b"&".join(b"x=1" for _ in range(5000))])
def test_a_form_that_is_none_signs_nobody_in(door, content):
    answer = door.ask("POST", "/sign-in", content=content, headers={"content-type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 401


def test_too_many_wrong_passwords_make_wait(door):
    door.desk.accounts.add("bob", "viewer", PASSWORD, actor="test")
    answers = [sign_in(door, name="bob", password=f"wrong {number}") for number in range(12)]
    late = next(answer for answer in answers if answer.status_code == 429)
    assert int(late.headers["retry-after"]) > 0
    assert sign_in(door, name="bob").status_code == 429  # the right one too


def test_looking_at_a_link_uses_nothing_up(door):
    link = door.desk.accounts.issue_link("eve", "viewer", actor="test")
    for _ in range(3):
        page = door.ask("GET", f"/sign-in?link={link}")
        assert page.status_code == 200
        assert f'value="{link}"' in page.text
    answer = door.ask("POST", "/sign-in/link", data={"link": link}, headers=HTML)
    assert answer.status_code == 303
    again = door.ask("POST", "/sign-in/link", data={"link": link}, headers=HTML)
    assert again.status_code == 401


def test_what_a_link_holds_is_shown_as_text(door):
    page = door.ask("GET", '/sign-in?link="><script>alert(1)</script>&next="><b>')
    assert "<script>alert" not in page.text
    assert "<b>" not in page.text


def test_the_pages_of_accounts_are_kept_by_no_cache(door):
    session = door.session("admin")
    for path in ("/sign-in", "/account", "/people"):
        assert door.ask("GET", path, headers=session).headers["cache-control"] == "no-store"


def test_signing_out_ends_the_session_and_takes_the_cookie_back(door):
    session = door.session("viewer", "leaver")
    answer = door.ask("POST", "/sign-out", headers=session)
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert door.ask("GET", "/account", headers=session).status_code == 401


def test_a_tokens_secret_is_shown_once(door):
    session = door.session("operator", "maker")
    form = {"label": "deploys", "acts": ["read", "run"], "days": "30"}
    issued = door.ask("POST", "/account/tokens", data=form, headers=session)
    assert issued.status_code == 303
    page = door.ask("GET", issued.headers["location"], headers=session)
    secret = re.search(r"opsb_\w+", page.text)[0]
    assert secret not in door.ask("GET", "/account", headers=session).text
    used = {"authorization": f"Bearer {secret}"}
    assert door.ask("GET", "/api/v1/me", headers=used).json()["acts"] == ["read", "run"]
    (token,) = door.desk.accounts.tokens("maker")
    assert token.label == "deploys"
    revoked = door.ask("POST", "/account/tokens/revoke", data={"id": token.id}, headers=session)
    assert "The token is revoked." in revoked.text
    assert door.ask("GET", "/api/v1/me", headers=used).status_code == 401


def test_a_reload_of_the_page_with_a_new_token_issues_no_second_one_and_shows_no_secret(door):
    session, other = door.session("operator", "reloader"), door.session("operator", "reloader")
    form = {"label": "deploys", "acts": "read", "days": "30"}
    at = door.ask("POST", "/account/tokens", data=form, headers=session).headers["location"]
    assert "opsb_" not in at
    assert "opsb_" not in door.ask("GET", at, headers=other).text
    assert "opsb_" in door.ask("GET", at, headers=session).text
    assert "opsb_" not in door.ask("GET", at, headers=session).text
    assert len(door.desk.accounts.tokens("reloader")) == 1


def test_a_secret_waits_no_longer_than_five_minutes_to_be_shown():
    kept, at = ShownOnce(), datetime(2026, 11, 26, tzinfo=UTC)
    for minutes, shown in ((4, "secret"), (5, "")):
        kept.keep("session", "name", "secret", at)
        assert kept.take("session", "name", at + timedelta(minutes=minutes)) == shown


@pytest.mark.parametrize("form", [{"acts": "administer", "days": "7"}, {"acts": "nonsense", "days": "7"}, {"days": "7"}])
def test_a_token_for_what_the_role_may_not_do_is_refused(door, form):
    answer = door.ask("POST", "/account/tokens", data=form, headers=door.session("viewer"))
    assert answer.status_code == 409
    assert 'role="alert"' in answer.text


def test_a_token_lasts_no_longer_than_the_form_offers(door):
    form = {"acts": "read", "days": "100000"}
    assert door.ask("POST", "/account/tokens", data=form, headers=door.session("viewer")).status_code == 400


def test_nobody_ends_a_session_or_token_of_somebody_else(door):
    victim = door.session("admin", "victim")
    session_id = door.desk.accounts.sessions("victim")[0].id
    _, token = door.desk.accounts.issue_token("victim", ["read"], None, actor="test")
    thief = door.session("viewer", "thief")
    door.ask("POST", "/account/sessions/end", data={"id": session_id}, headers=thief)
    door.ask("POST", "/account/tokens/revoke", data={"id": token.id}, headers=thief)
    assert door.ask("GET", "/account", headers=victim).status_code == 200
    assert [each.id for each in door.desk.accounts.tokens("victim")] == [token.id]


def test_all_other_sessions_are_ended_at_once(door):
    kept, other = door.session("viewer", "many"), door.session("viewer", "many")
    door.ask("POST", "/account/sessions/end", data={"id": "others"}, headers=kept)
    assert door.ask("GET", "/account", headers=kept).status_code == 200
    assert door.ask("GET", "/account", headers=other).status_code == 401


def test_a_password_is_changed_after_the_old_one_was_given(door):
    door.desk.accounts.add("carol", "viewer", PASSWORD, actor="test")
    session = door.session("viewer", "carol")
    new = "another long enough password"
    wrong = door.ask("POST", "/account/password", data={"old": "x", "new": new, "again": new}, headers=session)
    differ = door.ask("POST", "/account/password", data={"old": PASSWORD, "new": new, "again": "y"}, headers=session)
    short = door.ask("POST", "/account/password", data={"old": PASSWORD, "new": "y", "again": "y"}, headers=session)
    assert [wrong.status_code, differ.status_code, short.status_code] == [409, 409, 409]
    done = door.ask("POST", "/account/password", data={"old": PASSWORD, "new": new, "again": new}, headers=session)
    assert "The password is changed" in done.text
    assert door.desk.accounts.sign_in("carol", new, source="test")[1].name == "carol"


def test_an_admin_changes_roles_and_signs_people_out(door):
    admin, person = door.session("admin"), door.session("viewer", "dan")
    door.ask("POST", "/people", data={"do": "role", "name": "dan", "role": "operator"}, headers=admin)
    assert door.ask("GET", "/api/v1/me", headers=person).json()["role"] == "operator"
    door.ask("POST", "/people", data={"do": "sign-out", "name": "dan"}, headers=admin)
    assert door.ask("GET", "/account", headers=person).status_code == 401
    door.ask("POST", "/people", data={"do": "disable", "name": "dan"}, headers=admin)
    assert door.desk.accounts.find("dan").is_enabled is False


def test_an_admin_makes_a_link_for_somebody_new(door):
    page = door.ask("POST", "/people", data={"do": "link", "name": "newcomer", "role": "responder"}, headers=door.session("admin"))
    link = re.search(r"/sign-in\?link=([\w-]+)", page.text)[1]
    assert door.ask("POST", "/sign-in/link", data={"link": link}).status_code == 303
    assert door.desk.accounts.find("newcomer").role == "responder"


@pytest.mark.parametrize("form", [{}, {"do": "role", "name": "ada", "role": "emperor"}, {"do": "vanish", "name": "ada"}])
def test_a_change_of_people_that_is_none_changes_nothing(door, form):
    assert door.ask("POST", "/people", data=form, headers=door.session("admin")).status_code == 400


def test_somebody_unknown_cannot_be_changed(door):
    answer = door.ask("POST", "/people", data={"do": "role", "name": "nobody-at-all", "role": "viewer"}, headers=door.session("admin"))
    assert answer.status_code == 409
    assert "nobody-at-all" in answer.text
