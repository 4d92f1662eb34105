"""Somebody at a terminal carries out procedures with `opsbook run`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.stories.at_terminal import person_at
from tests.stories.opsbook_program import asked, run, write

PAGE = """\
# Shop Runbook

**Service:** shop

## Common Operations

### Restart

1. Tell the channel
2. Restart it
   ```bash
   echo restarted >> done; echo shown
   ```
- **Verification:** `test -s done` holds

### Fail

1. Try
   ```bash
   echo tried >> tries; test "$(wc -l < tries)" -gt 1
   ```
   - **Undo:** `rm tries`
2. Go on
   ```bash
   touch went-on
   ```

### Drop

1. Drop everything
   ```bash
   touch dropped
   ```
   - **Danger:** all orders are gone

### Wait

1. Wait for long
   ```bash
   echo begun; sleep 60 & echo $! > child; wait
   ```

### Drive

1. Draw
   ```bash
   printf 'a\\033]0;owned\\007b\\033[2J\\033[31mred\\033[0m\\033]52;c;aGk=\\007\\n'
   ```

### Count

1. Count the rows
   - **Ask:** `ROWS` integer
2. Use them
   ```bash
   echo "rows: $ROWS"
   ```
"""
SECRET = """
### Unlock

| Parameter | Type | Default | Description |
| --- | --- | --- | --- |
| `PIN_CODE` | secret | required | of the safe |

1. Unlock
   ```bash
   echo "with $PIN_CODE"; test "${#PIN_CODE}" -eq 14
   ```
"""
PROMPT = "help"


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return write(tmp_path, {"docs/operations/shop.md": PAGE + SECRET, ".git/HEAD": "ref: refs/heads/main\n"})


def test_each_step_is_shown_before_it_is_done_and_begun_by_a_key(book):
    with person_at("run", "shop#restart", here=book) as person:
        assert "Tell the channel" in person.reads(PROMPT)
        person.presses("\n")
        assert "echo restarted >> done" in person.reads(PROMPT)
        assert not (book / "done").exists()
        person.presses("\n")
        person.reads("shown")
        person.reads(PROMPT)
        person.presses("y")
        assert person.ends() == 0
    assert (book / "done").read_text() == "restarted\n"
    assert "succeeded" in person.plain


def test_what_is_typed_before_a_question_answers_nothing(book):
    with person_at("run", "shop#restart", here=book) as person:
        person.presses("\n\n\n\n")
        person.reads(PROMPT)
        person.presses("p")
        assert person.ends() == 3
    assert not (book / "done").exists()
    assert asked("runs", "show", "last", here=book)["steps"][0]["state"] == "waiting"


def test_a_skip_wants_a_reason_and_keeps_it(book):
    with person_at("run", "shop#restart", here=book) as person:
        person.reads(PROMPT)
        person.presses("s")
        person.reads("Why?")
        person.presses("\n")
        person.reads("reason is needed")
        person.reads("Why?")
        person.presses("nobody is there\n")
        person.reads("skipped: nobody is there")
        person.reads(PROMPT)
        person.presses("q")
        assert person.ends() == 3
    first = asked("runs", "show", "last", here=book)["steps"][0]
    assert (first["state"], first["why"]) == ("skipped", "nobody is there")


@pytest.mark.parametrize("typed", [["\n", "\n"], ["\x1b\n"], ["\x03"]])
def test_who_has_no_reason_comes_back_to_the_choice(book, typed):
    with person_at("run", "shop#restart", here=book) as person:
        person.reads(PROMPT)
        person.presses("s")
        for each in typed:
            person.reads("Why?")
            person.presses(each)
        person.reads("Nothing was done.")
        person.reads(PROMPT)
        person.presses("q")
        assert person.ends() == 3
    assert asked("runs", "show", "last", here=book)["steps"][0]["state"] == "waiting"


def test_a_failed_step_is_tried_again(book):
    with person_at("run", "shop#fail", here=book) as person:
        person.reads(PROMPT)
        person.presses("\n")
        person.reads("again")
        person.reads(PROMPT)
        person.presses("a")
        person.reads("Go on")
        person.reads(PROMPT)
        person.presses("\n")
        assert person.ends() == 0
    assert (book / "went-on").exists()


def test_a_failed_step_is_rolled_back_on_request_alone(book):
    with person_at("run", "shop#fail", here=book) as person:
        person.reads(PROMPT)
        person.presses("\n")
        person.reads("again")
        person.reads(PROMPT)
        person.presses("f")
        person.reads("Why?")
        person.presses("no time\n")
        assert person.ends() == 1
    assert (book / "tries").exists()
    assert "runs roll-back" in person.plain


def test_a_danger_goes_on_only_by_its_word(book):
    with person_at("run", "shop#drop", here=book) as person:
        person.reads("Type Drop to go on")
        person.presses("yes\n")
        person.reads("something else was typed")
        assert not (book / "dropped").exists()
        person.reads("Type Drop to go on")
        person.presses("Drop\n")
        assert person.ends() == 0
    assert (book / "dropped").exists()


def test_yes_never_types_the_word_of_a_danger(book):
    assert run("run", "shop#drop", "--yes", here=book).returncode == 3
    assert not (book / "dropped").exists()


def test_ctrl_c_asks_and_a_cancel_leaves_no_child(book):
    with person_at("run", "shop#wait", here=book) as person:
        person.reads(PROMPT)
        person.presses("\n")
        person.reads("begun")
        person.presses("\x03")
        person.reads("g go on")
        person.presses("g")
        person.reads("It goes on.")
        person.presses("\x03")
        person.reads("g go on")
        person.presses("c")
        assert person.ends() == 130
    assert asked("runs", "show", "last", here=book)["state"] == "cancelled"
    child = (book / "child").read_text().strip()
    assert not Path(f"/proc/{child}").exists()


@pytest.mark.parametrize("key", ["p", "g"])
def test_a_cancel_from_elsewhere_is_carried_out_though_the_terminal_stands_at_its_menu(book, key):
    assert run("run", "shop#drop", here=book).returncode == 3  # it waits, and has the lock
    with person_at("run", "shop#drop", here=book) as person:
        person.reads("only one may run at a time")
        person.presses("\x03")
        person.reads("g go on")
        assert run("runs", "cancel", "last", "--why", "not today", "--within", "200ms", here=book).returncode == 1
        person.presses(key)
        person.reads("is cancelling it meanwhile")
        assert person.ends() == 1
    run_seen = asked("runs", "show", "last", here=book)
    assert run_seen["state"] == "cancelled"
    assert run_seen["why"].endswith(": not today")


def test_a_run_that_is_cancelled_from_elsewhere_ends_where_its_question_is_left(book):
    with person_at("run", "shop#restart", here=book) as person:
        person.reads(PROMPT)
        assert run("runs", "cancel", "last", "--why", "not today", "--within", "200ms", here=book).returncode == 1
        person.presses("q")
        person.ends()
    assert asked("runs", "show", "last", here=book)["state"] == "cancelled"


def test_output_cannot_drive_the_terminal_of_the_operator(book):
    with person_at("run", "shop#drive", here=book) as person:
        person.reads(PROMPT)
        person.presses("\n")
        assert person.ends() == 0
    assert b"\x1b[31mred" in person.seen
    for driven in (b"\x1b]", b"\x07", b"\x1b[2J"):
        assert driven not in person.seen.partition(b"ab")[0][-3:] + person.seen.partition(b"ab")[2]


def test_a_value_that_a_step_asks_for_is_of_its_type(book):
    with person_at("run", "shop#count", here=book) as person:
        person.reads("ROWS (integer): ")
        person.presses("many\n")
        person.reads("not a whole number")
        person.reads("ROWS (integer): ")
        person.presses("1200\n")
        person.reads(PROMPT)
        person.presses("\n")
        person.reads("rows: 1200")
        assert person.ends() == 0


def test_a_secret_that_is_asked_for_is_never_seen_and_never_kept(book):
    with person_at("run", "shop#unlock", "-p", "PIN_CODE", here=book) as person:
        person.reads("PIN_CODE: ")
        person.presses("s3cret-of-mine\n")
        person.reads(PROMPT)
        person.presses("\n")
        assert person.ends() == 0
    assert "s3cret-of-mine" not in person.plain
    kept = [path for path in (book / ".opsbook").rglob("*") if path.is_file() and b"s3cret-of-mine" in path.read_bytes()]
    assert kept == []


@pytest.mark.parametrize("columns", [44, 60])
def test_lines_fit_a_narrow_terminal(book, columns):
    with person_at("run", "shop#restart", here=book, columns=columns) as person:
        person.reads(PROMPT)
        person.presses("?")
        person.reads("to go on")
        person.reads(PROMPT)
        person.presses("\x03")
        person.reads("go on")
        person.reads("cancel")
        person.presses("g")
        person.reads(PROMPT)
        person.presses("q")
        assert person.ends() == 3
    lines = person.plain.replace("\r", "").split("\n")
    assert max(map(len, lines)) <= columns


def test_no_colour_means_none(book):
    with person_at("run", "shop#drive", here=book, NO_COLOR="1") as person:
        person.reads(PROMPT)
        person.presses("\n")
        assert person.ends() == 0
    assert b"\x1b[31m" not in person.seen


def test_the_answer_in_json_stands_alone_on_standard_output(book):
    done = run("run", "shop#restart", "--yes", "--format", "json", here=book)
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["state"]) == (0, "succeeded")
    assert [step["state"] for step in answer["steps"]] == ["done", "done", "done"]
    assert "restarted" in done.stderr
