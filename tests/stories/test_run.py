"""Procedures are carried out without a terminal, left, killed, answered from elsewhere, and told afterwards."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.stories.opsbook_program import SOURCE, asked, run, write

PAGE = """\
# Shop Runbook

**Service:** shop

## Common Operations

### Count

| Parameter | Type | Default | Description |
| --- | --- | --- | --- |
| `COUNT` | integer 1..9 | required | how many |
| `WHERE` | string | `here` | |

1. Tell the channel
2. Write it down
   ```bash
   printf '%s %s' "$COUNT" "$WHERE" > count
   cat count
   ```

### Unlock

| Parameter | Type | Default | Description |
| --- | --- | --- | --- |
| `TOK` | secret `env:TOK_OF_SHOP` | required | of the shop |

1. Look
   ```bash
   export PGPASSWORD="$TOK" URL="db://me:$TOK@shop"
   ```
2. Tell the channel
3. Use it
   ```bash
   echo "as ${PGPASSWORD:-nobody} at ${URL:-nowhere}"; test "${#PGPASSWORD}" -eq 16
   ```

### Break

1. Fail
   ```bash
   echo broken; exit 7
   ```

### Check

1. Change
   ```bash
   touch changed
   ```
- **Verification:** `false` never holds
- **Rollback Process:** `rm changed`

### Agree

1. Get a second pair of eyes
   - **Approval:** 1 of @leads within 1h
2. Go
   ```bash
   touch gone
   ```

### Print

1. Print a long line
   ```bash
   head -c 9000 /dev/zero | tr '\\0' x; echo; echo short
   ```

### Alone

- **One at a time:** `alone`

1. Say when
2. Work
   ```bash
   touch alone
   ```
   - **Dry run:** `echo would touch it`
3. Look
   ```bash
   test -e alone
   ```
   - **Dry run:** same

### Long

1. Work
   ```bash
   echo begun; echo $$ > pid; for i in 1 2 3 4; do sleep 0.3; echo "tick $i"; done
   ```
   - **Repeat:** ask
2. Finish
   ```bash
   echo finished >> finished
   ```
"""
ENDLESS = """
### Endless

1. Work
   ```bash
   echo $$ > pid; sleep 60
   ```
2. Finish
   ```bash
   touch finished
   ```
"""
NEVER = """
### Never

1. Work
   ```bash
   echo $$ > pid; test -e once || { touch once; sleep 60; }
   ```
   - **Repeat:** never
   - **Undo:** `touch undone`
2. Finish
   ```bash
   touch finished
   ```
"""
CONFIG = '[approvers]\nleads = ["ada", "ben"]\n\n[runs]\nlease = "2 seconds"\n'


@pytest.fixture
def book(tmp_path: Path) -> Path:
    files = {"docs/operations/shop.md": PAGE + ENDLESS + NEVER, ".git/HEAD": "ref: refs/heads/main\n", "opsbook.toml": CONFIG}
    return write(tmp_path, files)


def last(book: Path) -> dict[str, Any]:
    return asked("runs", "show", "last", here=book)


def test_a_dry_run_says_what_would_be_run_and_touches_nothing(book):
    done = run("run", "shop#count", "-p", "COUNT=3", "--dry-run", here=book)
    assert done.returncode == 0
    assert "printf '%s %s' \"$COUNT\" \"$WHERE\" > count" in done.stdout
    assert "COUNT = 3" in done.stdout
    assert sorted(os.listdir(book)) == [".git", "docs", "opsbook.toml"]


def test_a_dry_run_in_json_has_the_plan(book):
    plan = asked("run", "shop#count", "-p", "COUNT=3", "--dry-run", here=book)
    assert [step["number"] for step in plan["steps"]] == ["1", "2"]
    assert plan["steps"][1]["targets"] == ["local"]
    assert plan["steps"][1]["variables"] == ["COUNT", "WHERE"]


def test_exported_secrets_carry_on_redacted_and_in_no_file(book):
    assert run("run", "shop#unlock", "--yes", here=book, OPSBOOK_SECRET_TOK_OF_SHOP="hunter2-and-more").returncode == 0
    assert last(book)["steps"][2]["attempts"][0]["output_tail"] == "as [secret TOK] at [secret URL]\n"
    kept = [path for path in (book / ".opsbook").rglob("*") if path.is_file() and b"hunter2" in path.read_bytes()]
    assert kept == []


def test_a_dry_run_names_secrets_and_where_they_come_from(book):
    plan = asked("run", "shop#unlock", "--dry-run", here=book)
    assert plan["secrets"] == ["TOK from env:TOK_OF_SHOP"]
    assert plan["steps"][0]["variables"] == ["TOK"]
    assert "TOK from env:TOK_OF_SHOP" in run("run", "shop#unlock", "--dry-run", here=book).stdout


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("shop#count",), 2, "-p COUNT=…"),
        (("shop#count", "-p", "COUNT=12", "--yes"), 2, "COUNT"),
        (("shop#count", "-p", "CONT=1", "--yes"), 2, "COUNT"),
        (("shop#unlock", "-p", "TOK=hunter2-and-more", "--yes"), 2, "TOK is a secret"),
        (("shop#unlock", "-p", "TOK=hunter2-and-more", "--dry-run"), 2, "TOK is a secret"),
        (("shop#count", "-p", "COUNT=1", "-p", "COUNT=2", "--yes"), 2, "as '1' and as '2'"),
        (("shop#count", "-p", "=x", "--yes"), 2, "no name before its value"),
        (("shop#count", "-p", "COUNT"), 2, "needs a terminal"),
        (("shop#cuont", "--yes"), 2, "Did you mean '#count'?"),
        (("shp#count", "--yes"), 2, "There is no page"),
        (("shop#break", "--yes"), 1, "runs log"),
        (("shop#check", "--yes"), 1, "rolled-back"),
        (("shop#break",), 3, "runs resume"),
        (("shop#agree", "--yes"), 3, "runs approve"),
    ],
)
def test_the_status_says_how_it_came_out_and_the_text_what_to_do(book, words, status, said):
    done = run("run", *words, here=book)
    assert done.returncode == status, done.stdout + done.stderr
    assert said in done.stdout + done.stderr


@pytest.mark.parametrize("value", ["'; touch x #", "$(touch x)", "`touch x`", "ä\u2028 \U0001f512", "-n"])
def test_a_value_is_a_value_and_nothing_else(book, value):
    done = run("run", "shop#count", "-p", "COUNT=3", "-p", f"WHERE={value}", "--yes", here=book)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (book / "count").read_text() == f"3 {value}"
    assert not (book / "x").exists()


def test_a_value_is_read_from_a_file(book):
    (book / "where").write_text("there\n")
    assert run("run", "shop#count", "-p", "COUNT=3", "-p", "WHERE=@where", "--yes", here=book).returncode == 0
    assert (book / "count").read_text() == "3 there"


def test_steps_that_nobody_saw_are_counted(book):
    done = run("run", "shop#count", "-p", "COUNT=3", "--yes", here=book)
    assert "1 step was confirmed unseen." in done.stdout
    assert [step["is_seen"] for step in last(book)["steps"]] == [False, True]


def test_an_approval_takes_the_token_of_one_of_those_who_are_asked(book):
    for name in ("ada", "eve"):
        run("user", "add", name, "--role", "operator", "--no-password", here=book)
    tokens = {name: run("token", "issue", name, "--for", "approve", here=book).stdout.strip() for name in ("ada", "eve")}
    assert run("run", "shop#agree", "--yes", here=book).returncode == 3
    digest = last(book)["steps"][0]["waits_for"]["digest"]
    assert run("runs", "approve", "last", "1", "--digest", digest, here=book).returncode == 3
    assert run("runs", "approve", "last", "1", "--digest", digest, here=book, OPSBOOK_TOKEN="x").returncode == 3
    assert run("runs", "approve", "last", "1", "--digest", digest, here=book, OPSBOOK_TOKEN=tokens["eve"]).returncode == 3
    assert run("runs", "approve", "last", "1", here=book, OPSBOOK_TOKEN=tokens["ada"]).returncode == 3
    assert run("runs", "approve", "last", "1", "--digest", "0" * 64, here=book, OPSBOOK_TOKEN=tokens["ada"]).returncode == 3
    done = run("runs", "approve", "last", "1", "--digest", digest[:12], here=book, OPSBOOK_TOKEN=tokens["ada"])
    assert done.returncode == 0, done.stderr
    assert run("runs", "resume", "last", "--yes", here=book).returncode == 0
    assert (book / "gone").exists()


def test_a_token_for_runs_is_none_for_approvals(book):
    run("user", "add", "ada", "--role", "operator", "--no-password", here=book)
    token = run("token", "issue", "ada", "--for", "run", here=book).stdout.strip()
    run("run", "shop#agree", "--yes", here=book)
    done = run("runs", "approve", "last", "1", "--digest", "0" * 12, here=book, OPSBOOK_TOKEN=token)
    assert (done.returncode, "not for 'approve'" in done.stderr) == (3, True)


def begun(book: Path, *words: str, told: Path = Path(os.devnull)) -> subprocess.Popen[bytes]:
    """`opsbook` with these words, in the background."""
    env = {**os.environ, "PYTHONPATH": str(SOURCE), "NO_COLOR": "1"}
    with told.open("wb") as out:
        return subprocess.Popen([sys.executable, "-m", "opsbook", *words], cwd=book, env=env, stdin=subprocess.DEVNULL,
                                stdout=out, stderr=out, start_new_session=True)  # fmt: skip


def until(holds: Callable[[], bool], patience_s: float = 20.0) -> None:
    give_up = time.monotonic() + patience_s
    while not holds():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def test_a_run_whose_program_was_killed_is_taken_up_with_its_command_still_running(book):
    program = begun(book, "run", "shop#long", "--yes")
    until((book / "pid").exists)
    program.kill()
    program.wait()
    done = run("runs", "resume", "last", "--yes", here=book)
    assert done.returncode == 0, done.stdout + done.stderr
    steps = last(book)["steps"]
    assert [len(step["attempts"]) for step in steps] == [1, 1]
    assert run("runs", "log", "last", "1", "--raw", here=book).stdout.split("\n")[:2] == ["begun", "tick 1"]
    assert run("runs", "verify", "last", here=book).returncode == 0


def parent(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"^PPid:\s*(\d+)", status, re.M)[0])


def lost(book: Path, procedure: str) -> None:
    """Begins a run and kills all that could tell what becomes of its first step."""
    program = begun(book, "run", procedure, "--yes")
    until(lambda: (book / "pid").exists() and (book / "pid").read_text().strip().isdecimal())
    command = int((book / "pid").read_text())
    watcher = parent(command)
    program.kill()
    program.wait()
    os.kill(watcher, signal.SIGKILL)
    os.killpg(command, signal.SIGKILL)  # and what it has started
    until(lambda: not Path(f"/proc/{command}").exists())


@pytest.mark.parametrize(
    ("decision", "status", "state", "left"),
    [
        ("done", 0, "succeeded", ["finished"]), ("undo", 1, "failed", ["undone"]),
        ("roll-back", 1, "rolled-back", ["undone"]), ("abort", 1, "cancelled", []), ("failed", 1, "failed", []),
    ],
)  # fmt: skip
def test_a_step_in_doubt_is_settled_as_a_person_says(book, decision, status, state, left):
    lost(book, "shop#never")
    assert run("runs", "resume", "last", "--yes", here=book).returncode == 1
    assert run("runs", "decide", "last", "1", decision, here=book).returncode == 2  # without a reason
    assert run("runs", "decide", "last", "1", decision, "--why", "I looked", here=book).returncode == 0
    assert run("runs", "resume", "last", "--yes", here=book).returncode == status
    assert last(book)["state"] == state
    assert sorted(name for name in os.listdir(book) if name in ("finished", "undone")) == left


def test_what_must_never_be_repeated_is_run_again_by_the_token_of_a_second_person(book):
    for name in ("ada", "ben"):
        run("user", "add", name, "--role", "operator", "--no-password", here=book)
    token = run("token", "issue", "ben", "--for", "run", here=book).stdout.strip()
    lost(book, "shop#never")
    assert run("runs", "resume", "last", "--yes", here=book).returncode == 1
    again = ("runs", "decide", "last", "1", "again", "--why", "it was not done")
    done = run(*again, here=book)
    assert (done.returncode, "OPSBOOK_TOKEN" in done.stderr) == (3, True)
    assert run(*again, here=book, OPSBOOK_TOKEN=token).returncode == 0
    assert run("runs", "resume", "last", "--yes", here=book).returncode == 0
    assert last(book)["state"] == "succeeded"


def test_what_nobody_can_know_is_asked_and_never_run_again_by_itself(book):
    lost(book, "shop#long")
    done = run("runs", "resume", "last", "--yes", here=book)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "runs decide" in done.stdout
    assert last(book)["state"] == "unknown"
    assert run("runs", "decide", "last", "1", "again", here=book).returncode == 2
    assert run("runs", "decide", "last", "1", "again", "--why", "nothing was written", here=book).returncode == 0
    assert run("runs", "resume", "last", "--yes", here=book).returncode == 0
    assert [len(step["attempts"]) for step in last(book)["steps"]] == [2, 1]


def test_a_cancel_from_elsewhere_returns_when_nothing_is_left(book):
    program = begun(book, "run", "shop#endless", "--yes")
    until((book / "pid").exists)
    assert run("runs", "cancel", "last", "--why", "wrong shop", here=book).returncode == 0
    assert last(book)["state"] == "cancelled"
    assert program.wait(20) == 1
    assert not (book / "finished").exists()


def test_an_interrupt_cancels_a_run_without_a_terminal(book):
    program = begun(book, "run", "shop#endless", "--yes")
    until(lambda: (book / "pid").exists() and (book / "pid").read_text().strip().isdecimal())
    command = int((book / "pid").read_text())
    program.send_signal(signal.SIGINT)
    assert program.wait(20) == 130
    assert last(book)["state"] == "cancelled"
    assert not Path(f"/proc/{command}").exists()


def test_a_host_that_cannot_be_reached_at_first_is_the_worlds_failure(book):
    (book / "known").write_text("")
    (book / "opsbook.toml").write_text(f'[hosts]\nweb-1 = "127.0.0.1:1"\n[ssh]\nknown_hosts = "{book}/known"\n')
    assert run("run", "shop#break", "--on", "web-1", "--yes", here=book).returncode == 4


def test_a_run_that_nobody_works_on_is_cancelled_by_the_verb_itself(book):
    run("run", "shop#long", here=book)
    assert run("runs", "cancel", "last", here=book).returncode == 0
    assert last(book)["state"] == "cancelled"


def test_answers_are_given_from_elsewhere_and_the_run_goes_on_behind_them(book):
    run("run", "shop#count", "-p", "COUNT=4", here=book)
    assert run("runs", "skip", "last", "1", "--why", "nobody is there", here=book).returncode == 0
    assert run("runs", "resume", "last", here=book).returncode == 3
    done = run("runs", "confirm", "last", "2", here=book)
    assert "runs resume" in done.stdout
    assert run("runs", "resume", "last", "--yes", here=book).returncode == 0
    assert (book / "count").read_text() == "4 here"


def test_runs_are_listed_the_last_first_and_named_by_their_beginning(book):
    assert "Nothing was run yet" in run("runs", "list", here=book).stdout
    run("run", "shop#break", "--yes", here=book)
    run("run", "shop#count", "-p", "COUNT=1", here=book)
    listed = asked("runs", "list", here=book)["runs"]
    assert [each["state"] for each in listed] == ["waiting", "failed"]
    assert [each["anchor"] for each in asked("runs", "list", "--open", here=book)["runs"]] == ["count"]
    assert [each["anchor"] for each in asked("runs", "list", "--page", "docs/operations/shop.md#break", here=book)["runs"]] == ["break"]
    assert run("runs", "show", listed[1]["run"], here=book).returncode == 0
    assert run("runs", "show", "990101", here=book).returncode == 2


def test_a_transcript_tells_the_run_in_three_forms(book):
    run("run", "shop#count", "-p", "COUNT=3", "--yes", here=book)
    text = run("runs", "export", "last", here=book).stdout
    assert "# Run of Count" in text
    assert "\n3 here\n" in text
    whole = json.loads(run("runs", "export", "last", "--as", "json", here=book).stdout)
    assert list(whole["outputs"].values()) == ["3 here"]
    header, *events = map(json.loads, run("runs", "export", "last", "--as", "asciicast", here=book).stdout.splitlines())
    assert header["version"] == 2
    assert all(kind == "o" and at >= 0 for at, kind, _ in events)
    assert run("runs", "export", "last", "told.md", here=book).returncode == 0
    assert (book / "told.md").read_text() == text


def test_who_takes_a_run_up_with_yes_is_asked_nothing_more(book):
    assert run("run", "shop#count", "-p", "COUNT=5", here=book).returncode == 3
    done = run("runs", "resume", "last", "--yes", here=book)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 step was confirmed unseen." in done.stdout
    first, second = last(book)["steps"]
    assert (first["why"], first["by"]) == ("Confirmed unseen, by --yes.", last(book)["actor"])
    assert second["state"] == "done"


def test_a_step_that_fails_after_yes_ends_the_run_as_it_would_have(book):
    assert run("run", "shop#break", here=book).returncode == 3
    assert run("runs", "resume", "last", "--yes", here=book).returncode == 1
    assert last(book)["state"] == "failed"


def test_a_step_that_failed_before_yes_was_said_waits_for_a_person_still(book):
    run("run", "shop#break", here=book)
    run("runs", "confirm", "last", "1", here=book)
    assert run("runs", "resume", "last", here=book).returncode == 3
    assert run("runs", "resume", "last", "--yes", here=book).returncode == 3
    assert run("runs", "decide", "last", "1", "failed", "--why", "broken", here=book).returncode == 0


def test_a_dry_run_says_what_each_step_would_do_instead(book):
    shown = run("run", "shop#alone", "--dry-run", here=book).stdout
    assert "dry run: echo would touch it" in shown
    assert "dry run: the same command" in shown
    _, work, look = asked("run", "shop#alone", "--dry-run", here=book)["steps"]
    assert (work["dry_run"], look["dry_run"]) == ({"same": False, "command": "echo would touch it"}, {"same": True, "command": None})


def test_a_run_that_waits_for_others_says_so_once_and_how_to_end_them(book):
    first = asked("run", "shop#alone", here=book, status=3)["run"]
    others = [begun(book, "run", "shop#alone", "--yes", "--wait", told=book / f"told-{n}") for n in (1, 2, 3)]
    until(lambda: all("waiting:" in (book / f"told-{n}").read_text() for n in (1, 2, 3)))
    assert run("runs", "cancel", first, here=book).returncode == 0
    assert [program.wait(30) for program in others] == [0, 0, 0]
    for n in (1, 2, 3):
        told = (book / f"told-{n}").read_text()
        assert told.count("waiting:") == 1, told
        assert told.count("opsbook runs cancel") == 1, told
        assert told.count("its turn has come") == 1, told


def test_a_run_that_was_left_behind_another_names_it(book):
    first = asked("run", "shop#alone", here=book, status=3)["run"]
    done = run("run", "shop#alone", "--yes", here=book)
    assert done.returncode == 3
    assert f"opsbook runs show {first}" in done.stdout
    assert f"opsbook runs cancel {first}" in done.stdout
    assert done.stdout.count("only one may run") == 2  # where it waits, and at the end


def test_an_answer_with_two_values_is_not_one(book):
    run("run", "shop#alone", here=book)
    done = run("runs", "confirm", "last", "1", "-p", "ROWS=1", "-p", "ROWS=2", here=book)
    assert (done.returncode, "given twice" in done.stderr) == (2, True)


def test_a_line_that_is_too_long_is_said_to_be_cut_and_raw_has_all_of_it(book):
    assert run("run", "shop#print", "--yes", here=book).returncode == 0
    shown = run("runs", "log", "last", here=book).stdout.splitlines()
    assert shown[-2] == "short"
    assert shown[-1].startswith("(1 line is cut behind 4000 characters: 'opsbook runs log ")
    assert shown[-1].endswith(" 1 --raw' has all of it)")
    assert run("runs", "log", "last", "1", "--raw", here=book).stdout == "x" * 9000 + "\nshort\n"
