"""While the ledger cannot be asked who somebody is: what needs no authority goes on, all else is told so with 503."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.entrypoints.door import Door, opened, write_repository
from tests.postgres import until_it_works

from opsbook.usecases.credentials import new_token

NOBODY = {"authorization": f"Bearer {new_token(bytes)}"}  # it has the form of one
PUBLIC = ("/healthz", "/metrics")


def is_unavailable(answer: httpx.Response, words: str) -> None:
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json"), answer.text
    assert int(answer.headers["retry-after"]) > 0
    assert words in answer.json()["detail"]


def is_back(door: Door) -> None:
    """Waits until the ledger answers again: what was away is not asked for a moment."""
    until_it_works(door.desk.ledger.head)


def everything_is_told(door: Door, token: dict[str, str], session: dict[str, str], words: str) -> None:
    """Whoever shows a token or a session is answered with what is known, or told why not."""
    is_unavailable(door.ask("POST", "/api/v1/runs", headers=token, json={"procedure": "x.md#y"}), words)
    runs = door.ask("GET", "/api/v1/runs", headers=token)
    assert runs.status_code in (502, 503)  # 502 where it does not pass by itself
    assert words in runs.json()["detail"]
    is_unavailable(door.ask("GET", "/api/v1/accounts", headers=session), words)
    is_unavailable(door.ask("POST", "/api/v1/runs/x/cancel", headers=session, json={}), words)
    page = door.ask("GET", "/account", headers={**session, "accept": "text/html"})
    assert (page.status_code, page.headers["content-type"]) == (503, "text/html; charset=utf-8")
    assert int(page.headers["retry-after"]) > 0
    assert words in page.text
    for headers in (token, session, {}, NOBODY):
        assert [door.ask("GET", path, headers=headers).status_code for path in PUBLIC] == [200] * len(PUBLIC)
        assert door.ask("GET", "/book/docs/operations/runbooks/api.md", headers=headers).status_code == 200
        assert door.ask("GET", "/api/v1/book", headers=headers).status_code == 200
        door.desk.trial.next_at = 0.0  # as if some seconds had passed
        ready = door.ask("GET", "/readyz", headers=headers)
        assert (ready.status_code, ready.json()["ledger"]) == (503, "not answering")
        assert words in ready.json()["trouble"]


def test_while_postgresql_is_away_whoever_shows_a_token_or_a_session_is_told_so(tmp_path, postgres_server, postgres_url):
    write_repository(tmp_path)
    with opened(tmp_path, db=postgres_url) as door:
        token, session = door.token("admin", "read", "run"), door.session("admin")
        postgres_server.stop()
        try:
            everything_is_told(door, token, session, "cannot be used now")
        finally:
            postgres_server.start()
        is_back(door)
        assert door.ask("GET", "/api/v1/accounts", headers=session).status_code == 200


@pytest.fixture
def damaged(tmp_path: Path) -> Iterator[tuple[Door, dict[str, str], dict[str, str]]]:
    write_repository(tmp_path)
    with opened(tmp_path, db=f"sqlite:///{tmp_path}/opsbook.db") as door:
        found = door, door.token("admin", "read", "run"), door.session("admin")
        for file in tmp_path.glob("opsbook.db*"):
            size = file.stat().st_size
            file.write_bytes(b"no ledger at all" * (size // 16))
        yield found


def test_where_the_ledgers_file_is_damaged_they_are_told_so(damaged):
    everything_is_told(*damaged, "opsbook.db")


def test_where_reading_is_not_open_a_reader_who_was_known_goes_on_to_read_what_is_in_memory(tmp_path, postgres_server, postgres_url):
    write_repository(tmp_path)
    with opened(tmp_path, db=postgres_url, listening_on="0.0.0.0") as door:
        token, session = door.token("viewer", "read"), door.session("viewer")
        assert door.ask("GET", "/metrics", headers=token).status_code == 200
        postgres_server.stop()
        try:
            assert door.ask("GET", "/metrics", headers=token).status_code == 200
            assert door.ask("GET", "/api/v1/book", headers=session).status_code == 200
            is_unavailable(door.ask("GET", "/api/v1/book", headers=NOBODY), "cannot be used now")
            assert door.ask("GET", "/api/v1/book").status_code == 401
        finally:
            postgres_server.start()


def test_a_page_made_while_nobody_could_be_known_is_not_kept(tmp_path, postgres_server, postgres_url):
    write_repository(tmp_path)
    with opened(tmp_path, db=postgres_url) as door:
        session = {**door.session("admin"), "accept": "text/html"}
        postgres_server.stop()
        try:
            assert ">Edit<" not in door.ask("GET", "/book/docs/operations/runbooks/api.md", headers=session).text
        finally:
            postgres_server.start()
        is_back(door)
        assert ">Edit<" in door.ask("GET", "/book/docs/operations/runbooks/api.md", headers=session).text
