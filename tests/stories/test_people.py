"""People and tokens from the command line, beside a server that holds the same ledger and without one."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest
from tests.stories.opsbook_program import SOURCE, asked, run, write
from tests.usecases.world import PASSWORD

from opsbook.config import load
from opsbook.entrypoints import cli
from opsbook.wire import build_accounts, build_ledger, serving_lock


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(write(tmp_path, {".git/HEAD": "", "docs/operations/README.md": "# Operations\n"}))
    for name in ("OPSBOOK_BOOK", "OPSBOOK_DB"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def accounts(place: Path) -> Iterator:
    """The accounts as a server holds them."""
    config = load()
    with closing(build_ledger(config)) as ledger:
        yield build_accounts(config, ledger)


def test_somebody_added_from_the_command_line_signs_in_on_the_running_server(place, accounts):
    assert accounts.people() == []
    done = run("user", "add", "Ada", "--role", "admin", "--password-stdin", here=place, stdin=f"{PASSWORD}\n")
    assert (done.stdout, done.stderr, done.returncode) == ("added ada as admin\n", "", 0)
    _, actor = accounts.sign_in("ada", PASSWORD, source="127.0.0.1")
    assert actor.role == "admin"
    assert (place / ".opsbook" / ".gitignore").read_text() == "*\n"


def test_a_token_is_alone_on_standard_output(place, accounts):
    accounts.add("ci", "viewer", None, actor="terminal:root")
    done = run("token", "issue", "ci", "--for", "read", "--expires", "30d", here=place)
    assert accounts.actor_for_token(done.stdout.rstrip("\n")).name == "ci"
    assert "Keep it now: it is not shown again." in done.stderr
    shown = asked("token", "list", "ci", here=place)["tokens"]
    assert [(each["account"], each["for"]) for each in shown] == [("ci", ["read"])]


def test_a_password_is_asked_for_twice_and_not_shown(place):
    mine, theirs = pty.openpty()
    env = {**os.environ, "PYTHONPATH": str(SOURCE)}
    command = [sys.executable, "-m", "opsbook", "user", "add", "ada"]
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=place, env=env, start_new_session=True
    ) as adding:
        os.close(theirs)
        shown = b""
        for prompt in (b"Password for ada: ", b"The same again: "):
            while not shown.endswith(prompt):
                shown += os.read(mine, 1000)
            os.write(mine, PASSWORD.encode() + b"\n")
        while b"added ada as viewer" not in shown:
            shown += os.read(mine, 1000)
    os.close(mine)
    assert adding.returncode == 0
    assert PASSWORD.encode() not in shown


def said(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> str:
    """What a call in this program prints; its standard error where it does not end with 0."""
    assert cli.run(words) == status
    told = capsys.readouterr()
    return told.err if status else told.out


def test_accounts_are_listed_changed_and_disabled(place, accounts, capsys):
    accounts.add("ada", "admin", PASSWORD, email="ada@example.org", actor="x")
    accounts.add("bo", "viewer", None, actor="x")
    assert said(capsys, "user", "role", "bo", "operator") == "bo is operator\n"
    assert said(capsys, "user", "list").splitlines() == [
        "NAME  ROLE      SIGNS IN BY  TOKENS  EMAIL",
        "ada   admin     password     0       ada@example.org",
        "bo    operator  link         0",
    ]
    assert said(capsys, "user", "disable", "bo") == "bo is disabled\n"
    assert json.loads(said(capsys, "user", "list", "--format", "json"))["users"][1]["enabled"] is False
    assert said(capsys, "user", "enable", "bo") == "bo is enabled\n"


def test_sessions_are_listed_and_ended(place, accounts, capsys):
    accounts.add("ada", "admin", PASSWORD, actor="x")
    secret, _ = accounts.sign_in("ada", PASSWORD, source="192.0.2.1", agent="Firefox \x1b[31m")
    assert "192.0.2.1  Firefox [31m" in said(capsys, "user", "sessions", "ada")
    assert said(capsys, "user", "sign-out", "ada") == "1 session ended\n"
    assert accounts.actor_for_session(secret) is None
    assert said(capsys, "user", "sessions", "ada") == "ada is signed in nowhere.\n"


def test_a_token_is_revoked(place, accounts, capsys):
    accounts.add("ada", "admin", None, actor="x")
    secret, token = accounts.issue_token("ada", ["read"], None, actor="x")
    assert said(capsys, "token", "revoke", token.id) == f"{token.id} is revoked\n"
    assert accounts.actor_for_token(secret) is None


def test_a_link_leads_to_the_server_that_runs(place, accounts, capsys):
    accounts.add("ada", "admin", None, actor="x")
    assert "No server runs on this ledger" in said(capsys, "user", "link", "ada", status=3)
    with serving_lock(load(), "http://127.0.0.1:8123"):
        address = said(capsys, "user", "link", "ada").strip()
    where, _, secret = address.partition("?link=")
    assert where == "http://127.0.0.1:8123/sign-in"
    assert accounts.sign_in_by_link(secret, source="")[1].name == "ada"


@pytest.mark.parametrize(
    ("words", "status", "why"),
    [
        (("user", "add", "ada"), 2, "--password-stdin"), (("user", "add", "a/b", "--no-password"), 3, "cannot be the name"),
        (("user", "role", "nobody", "admin"), 2, "There is no account 'nobody'"), (("user", "rol"), 2, "Did you mean 'role'"),
        (("user", "xyz"), 2, "There are add, list"), (("user", "add", "x", "--role", "king"), 2, "'king' is not one of"),
        (("token", "issue", "x", "--for", "read", "--expires", "soon"), 2, "no length of time"),
        (("token", "revoke", "x"), 2, "There is no token 'x'"), (("ledger", "verify", "--db", "sqlite:///no.db"), 2, "no ledger"),
        (("user", "list", "--db", "postgresql://x:secret@127.0.0.1:1/z"), 4, "PostgreSQL cannot be reached"),
        (("user", "list", "--db", "postgresql://x:pa/secret@y/z"), 2, "%40 for @"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_told_and_has_its_exit_status(place, capsys, monkeypatch, words, status, why):
    monkeypatch.setattr(sys, "stdin", open(os.devnull))  # noqa: SIM115
    told = said(capsys, *words, status=status)
    sys.stdin.close()
    assert why in told
    assert "secret" not in told


def test_the_verbs_of_a_verb_are_its_help(place, capsys):
    assert said(capsys, "user") == said(capsys, "user", "--help")
    assert "sign-out" in said(capsys, "user")


def test_a_ledger_that_was_changed_is_found_out(place, accounts, capsys):
    accounts.add("ada", "admin", None, actor="x")
    accounts.add("bo", "viewer", None, actor="x")
    assert said(capsys, "ledger", "verify") == "2 events in 2 streams are as they were recorded.\n"
    with closing(apsw.Connection(str(place / ".opsbook" / "opsbook.db"))) as connection:
        connection.execute("DROP TRIGGER event_is_not_changed")
        connection.execute("UPDATE event SET facts = replace(facts, 'viewer', 'admin')")
    assert cli.run(["ledger", "verify", "--format", "json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert (answer["events"], answer["streams"], len(answer["faults"])) == (2, 2, 1)
    assert answer["faults"][0].startswith("account/bo 1 (AccountAdded")
