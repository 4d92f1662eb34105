"""The whole life of an incident over the command line alone, in a folder that `opsbook init` made; no server runs."""

from __future__ import annotations

import io
import json
import subprocess
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from tests.stories.at_terminal import person_at
from tests.stories.opsbook_program import run

from opsbook.entrypoints import cli
from opsbook.entrypoints.commands import incident

CONTRACT = {
    "number", "title", "severity", "severity_why", "status", "started_at", "resolved_at", "services", "impact", "roles",
    "alerts", "runs", "timeline", "updates", "action_items", "report",
}  # fmt: skip


def git(folder: Path, *words: str) -> str:
    """What git prints."""
    return subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with a fresh folder, committed; copied for each story."""
    folder = tmp_path_factory.mktemp("made")
    git(folder, "init", "-q", "-b", "main")
    for name, value in (("user.name", "Ada"), ("user.email", "ada@example.org")):
        git(folder, "config", name, value)
    assert run("init", here=folder).returncode == 0
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "As it begins")
    return folder


@pytest.fixture
def book(made: Path, tmp_path: Path) -> Path:
    """The folder of a story."""
    git(tmp_path, "clone", "-q", str(made), "book")
    folder = tmp_path / "book"
    for name, value in (("user.name", "Ada"), ("user.email", "ada@example.org")):
        git(folder, "config", name, value)
    return folder


@pytest.fixture(scope="module")
def wrong(made: Path) -> Path:
    """A folder with an incident, in which mistakes are made."""
    did(made, "open", "Checkout fails")
    return made


def called(*words: str, here: Path) -> tuple[int, str, str]:
    """Status, output and what was said beside it, in this process, which is ten times quicker than one of its own."""
    streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2)]
    with chdir(here), redirect_stdout(streams[0]), redirect_stderr(streams[1]):
        status = cli.run(words)
    out, err = (stream.buffer.getvalue().decode() for stream in streams)
    return status, out, err


def did(folder: Path, *words: str, status: int = 0, **environment: str) -> str:
    """What `opsbook incident …` said; fails where it ends otherwise."""
    if environment:
        done = run("incident", *words, here=folder, **environment)
        ended, out, err = done.returncode, done.stdout, done.stderr
    else:
        ended, out, err = called("incident", *words, here=folder)
    assert ended == status, out + err
    return out if status == 0 else err


def shown(folder: Path, number: str = "1", *more: str) -> dict:
    """An incident as JSON."""
    model: dict = json.loads(did(folder, "show", number, *more, "--format", "json"))
    return model


def test_a_whole_night(book):
    assert "Declare one" in did(book, "list")
    did(book, "open", "Checkout", "fails", "--severity", "P1", "--why", "orders are lost", "--users", "40%",
        "--started", "20 min ago", "--service", "shop")  # fmt: skip
    did(book, "ack", "INC-1")
    did(book, "role", "1", "scribe", "@ben")
    did(book, "note", "#1", "The primary is full.")
    did(book, "note", "1", "We fail over.", "--kind", "decision", "--at", "5 min ago")
    did(book, "task", "1", "Call the bank")
    did(book, "status", "1", "identified", "--why", "the disk")
    did(book, "status", "1", "mitigating")
    did(book, "update", "1", "We are failing over.", "--publish")
    did(book, "action", "1", "Alert at 80 % of the disk", "--owner", "@ada", "--due", "2030-01-01")
    resolved = did(book, "resolve", "1", "--why", "failed over", "--root-cause", "The disk was full.")
    model = shown(book)

    assert set(model) >= CONTRACT
    assert (model["status"], model["severity"], model["services"]) == ("Resolved", "P1", ["shop"])
    assert model["impact"]["users_pct"] == 40
    assert model["roles"]["scribe"] == ["ben"]
    assert [each["state"] for each in model["updates"]] == ["published"]
    assert [each["text"] for each in model["action_items"]] == ["Alert at 80 % of the disk"]
    texts = [entry["text"] for entry in model["timeline"]]
    assert texts.index("We fail over.") < texts.index("The primary is full.")  # in the order in which things happened
    assert "opsbook proposals show" in resolved


def test_the_report_is_a_commit_beside_what_is_checked_out(book):
    did(book, "open", "Checkout", "fails", "--severity", "P2", "--why", "a few")
    did(book, "resolve", "1", "--root-cause", "The disk was full.")
    model = shown(book)

    branch = next(name for name in git(book, "branch", "--format=%(refname:short)").split() if name.startswith("opsbook/"))
    written = git(book, "show", f"{branch}:{model['report']}")
    assert "# Incident Response: Checkout fails" in written
    assert "The disk was full." in written
    assert git(book, "status", "--porcelain") == ""


def test_the_post_mortem_says_where_it_is_and_how_far(book):
    did(book, "open", "Checkout", "fails", "--severity", "P1", "--why", "many")
    did(book, "resolve", "1", "--no-report")

    assert "review it" in did(book, "post-mortem", "1").lower()
    assert "is closed once its post-mortem is reviewed" in did(book, "status", "1", "closed", status=3)
    assert "what came of" in did(book, "post-mortem", "1", "--state", "reviewed", status=2)
    did(book, "post-mortem", "1", "--state", "reviewed", "--why", "read by all; the alert is enough")
    did(book, "edit", "1", "started_at", "10 min ago")
    did(book, "status", "1", "closed")
    assert (shown(book)["state"], shown(book)["post_mortem"]["state"]) == ("closed", "reviewed")


GREETING = """\
# Greeting Runbook

## Common Operations

### Greet

1. Say it.

   ```sh
   echo all is well
   ```

2. Say more.

   ```sh
   exit 1
   ```
"""


def test_what_a_run_showed_is_told_proposed_and_taken_into_its_runbook(book):
    page = book / "docs/operations/runbooks/greet.md"
    page.write_text(GREETING)
    did(book, "open", "Nobody says a word", "--severity", "P2", "--why", "x")
    assert "say nothing that their runbooks do not say" in did(book, "patch", "1", status=2)
    assert run("run", "greet", "--yes", "--incident", "1", here=book).returncode == 1
    [id_] = shown(book)["runs"]
    assert called("runs", "skip", id_, "2", "--why", "it was said already", here=book)[0] == 0
    assert run("runs", "resume", id_, "--yes", here=book).returncode == 0
    did(book, "resolve", "1", "--no-report")
    assert "opsbook incident patch 1" in did(book, "show", "1")

    [made] = json.loads(did(book, "patch", "1", "greet", "--format", "json"))["proposed"]
    assert len(made["reasons"]) == 2
    assert "opsbook incident patch 1" not in did(book, "show", "1")
    assert called("proposals", "accept", made["proposal"], here=book)[0] == 0
    assert '- **Expect:** output contains "all is well"' in page.read_text()
    assert "it was said already (INC-1)." in page.read_text()


def test_what_belongs_together_is_joined_and_parted(book):
    did(book, "open", "Checkout fails", "--service", "shop", "--service", "mail")
    did(book, "split", "1", "--title", "Mail is late", "--service", "mail")
    assert (shown(book, "1")["services"], shown(book, "2")["services"]) == (["shop"], ["mail"])

    did(book, "merge", "2", "--into", "1", "--why", "the same disk")
    did(book, "open", "Shop is down")
    did(book, "duplicate", "3", "--of", "1")

    assert shown(book, "1")["services"] == ["shop", "mail"]
    assert (shown(book, "2")["state"], shown(book, "3")["state"]) == ("merged", "dismissed")


def test_an_entry_is_corrected_pinned_and_never_lost(book):
    did(book, "open", "Checkout fails")
    did(book, "note", "1", "The replica is full.")
    lines = did(book, "timeline", "1", "--kind", "note").splitlines()
    key = lines[0].split()[0]
    did(book, "correct", "1", key, "--text", "The primary is full.", "--why", "a slip")
    did(book, "pin", "1", key)

    entry = next(each for each in shown(book)["timeline"] if each["kind"] == "note")
    assert (entry["text"], entry["is_pinned"], entry["said"][0]["text"]) == (
        "The primary is full.", True, "The replica is full.",
    )  # fmt: skip


def test_files_and_standard_input_are_noted(book):
    did(book, "open", "Checkout fails")
    (book / "df.txt").write_text("/dev/sda1 100%\n")
    did(book, "note", "1", "--file", "df.txt", "--kind", "file")
    done = run("incident", "note", "1", "-", here=book, stdin="line one\nline two\n")
    assert done.returncode == 0, done.stderr

    notes = [each for each in shown(book)["timeline"] if each["kind"] in ("note", "file")]
    assert [file["name"] for file in notes[0]["files"]] == ["df.txt"]
    assert notes[1]["text"] == "line one\nline two"


def test_a_drill_says_so(book):
    assert "drill" in did(book, "open", "The database is gone", "--drill")
    assert "DRILL" in did(book, "show", "1")
    assert (shown(book)["is_drill"], json.loads(did(book, "list", "--no-drills", "--format", "json"))["incidents"]) == (True, [])


def test_a_reopened_one_counts_as_worse_again(book):
    did(book, "open", "Checkout fails")
    did(book, "resolve", "1", "--no-report")
    did(book, "reopen", "1", "--why", "it fails again")

    assert (shown(book)["status"], shown(book)["regressions"]) == ("Investigating", 1)


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["show", "99"], 2, "There is no incident '99'"),
        (["status", "1", "mitigatin"], 2, "Did you mean 'mitigating'?"),
        (["edit", "1", "titel", "x"], 2, "Did you mean 'title'?"),
        (["severity", "1"], 2, "--users 40%"),
        (["severity", "1", "--users", "many"], 2, "no share of users"),
        (["attach", "1"], 2, "--alert"),
        (["note", "1"], 2, "needs words"),
        (["task", "1", "7", "--done"], 2, "7"),
        (["note", "1", "x", "--file", "no-such-file"], 2, "cannot be read"),
        (["bring", "no-such.db"], 2, "There is no file"),
        (["status", "1", "triage"], 3, "from there it can become"),
        (["opne", "x"], 2, "Did you mean 'open'?"),
    ],
)
def test_what_is_wrong_is_told_with_how_to_mend_it(wrong, words, status, said):
    assert said in did(wrong, *words, status=status)


def test_a_token_that_is_not_good_changes_nothing(book):
    did(book, "open", "Checkout fails")

    assert "OPSBOOK_TOKEN" in did(book, "note", "1", "x", status=3, OPSBOOK_TOKEN="nobody-knows-it")
    assert [each for each in shown(book)["timeline"] if each["kind"] == "note"] == []


CHANGES = (
    ["open", "Another"], ["ack", "1"], ["note", "1", "x"], ["severity", "1", "P0", "--why", "x"],
    ["status", "1", "identified"], ["role", "1", "scribe", "@ben"], ["update", "1", "We look."],
    ["update", "1", "We look.", "--publish"], ["resolve", "1"], ["post-mortem", "1"],
    ["post-mortem", "1", "--state", "waived", "--why", "x"], ["call", "1", "@ada", "--why", "x"],
    ["task", "1", "Call the bank"], ["attach", "1", "--service", "shop"], ["detach", "1", "--service", "shop"],
    ["merge", "1", "--into", "2"], ["split", "1", "--title", "x", "--service", "shop"], ["duplicate", "1", "--of", "2"],
    ["reopen", "1"], ["pin", "1", "1"], ["correct", "1", "1", "--strike", "--why", "x"], ["edit", "1", "title", "x"],
    ["action", "1", "Alert"], ["report", "1"], ["patch", "1"], ["bring"], ["actions", "done", "1-1"],
)  # fmt: skip


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder with two incidents, and the token of somebody who may only read."""
    folder = tmp_path_factory.mktemp("reader")
    (folder / ".git").mkdir()
    (folder / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (folder / "docs" / "operations").mkdir(parents=True)
    (folder / "docs" / "operations" / "README.md").write_text("# Operations\n")
    did(folder, "open", "Checkout fails", "--service", "shop", "--service", "mail")
    did(folder, "open", "Mail is late")
    made = run("user", "add", "vera", "--role", "viewer", "--password-stdin", here=folder, stdin="correct horse battery\n")
    assert made.returncode == 0, made.stderr
    token = run("token", "issue", "vera", "--for", "read", "--format", "json", here=folder)
    assert token.returncode == 0, token.stderr
    return folder, json.loads(token.stdout)["secret"]


def test_every_verb_that_changes_something_is_in_the_table():
    reading = {"list", "show", "timeline", "figures", "similar"}
    assert {words[0] for words in CHANGES} == set(incident.command.commands) - reading


@pytest.mark.parametrize("words", CHANGES, ids=lambda words: " ".join(words))
def test_who_may_only_read_changes_nothing(reader, words, monkeypatch):
    folder, token = reader
    monkeypatch.setenv("OPSBOOK_TOKEN", token)

    assert "The token in OPSBOOK_TOKEN cannot be used for this" in did(folder, *words, status=3)
    assert len(shown(folder)["timeline"]) == 1


def test_what_customers_are_told_needs_whoever_leads(book):
    did(book, "open", "Checkout fails")
    did(book, "role", "1", "commander", "@ben")

    assert "ben" in did(book, "update", "1", "--audience", "customers", "We look.", "--publish", status=3)
    assert [each["state"] for each in shown(book)["updates"]] == ["draft"]


def test_each_change_answers_with_the_incident_as_it_is_by_then(book):
    done = json.loads(did(book, "open", "Checkout fails", "--format", "json"))
    assert done["number"] == 1
    assert json.loads(did(book, "note", "1", "Seen.", "--format", "json"))["timeline"][-1]["text"] == "Seen."
    assert json.loads(did(book, "list", "--format", "json"))["incidents"][0]["name"] == "INC-1"


# -- what people wrote by hand ---------------------------------------------------------------------------------------

PAGE = "docs/operations/incidents/2026-03-11-disk.md"
DISK = """# Incident Response: Disk full

**Severity:** P2
**Status:** Resolved
**Started:** 2026-03-11 10:00 UTC
**Affected Services:** shop

## Timeline

- 10:00 - The disk of the shop is full

## Resolution

The disk was cleaned.
"""


@pytest.fixture
def written(book: Path) -> Path:
    """A folder with a report that somebody wrote."""
    (book / "docs" / "operations" / "incidents" / "2026-03-11-disk.md").write_text(DISK)
    return book


def test_the_list_has_the_reports_that_people_wrote(written):
    did(written, "open", "Checkout fails", "--service", "shop")
    listed = json.loads(did(written, "list", "--format", "json"))["incidents"]
    assert [(each["number"], each["title"]) for each in listed] == [(1, "Checkout fails"), (None, "Incident Response: Disk full")]
    assert did(written, "list", "disk").split()[:3] == ["-", "P2", "Resolved"]
    assert [each["number"] for each in json.loads(did(written, "list", "--live", "--format", "json"))["incidents"]] == [1]


def test_a_report_is_shown_by_its_file_name(written):
    told = did(written, "show", "2026-03-11-disk")
    assert "docs/operations/incidents/2026-03-11-disk.md:1" in told
    assert "The disk was cleaned." in told
    model = json.loads(did(written, "show", "docs/operations/incidents/2026-03-11-disk.md", "--format", "json"))
    assert (model["number"], model["severity"], model["services"]) == (None, "P2", ["shop"])


def test_what_is_like_an_incident_is_told_with_what_ended_it(written):
    did(written, "open", "The disk is full", "--service", "shop")
    told = did(written, "similar", "1")
    assert "2026-03-11-disk.md" in told
    assert "The disk was cleaned." in told
    model = json.loads(did(written, "similar", "1", "--format", "json"))
    assert [each["title"] for each in model["similar"]] == ["Incident Response: Disk full"]
    assert "No past incident is like it." in did(written, "similar", "2026-03-11-disk")


def test_figures_are_told_as_text_json_and_csv(written):
    did(written, "open", "Checkout fails", "--service", "shop")
    did(written, "open", "Practice", "--drill")
    assert "1 incident, 1 of them not over" in did(written, "figures", "--since", "1 hour ago")
    model = json.loads(did(written, "figures", "--since", "2026-01-01", "--severity", "P2", "--format", "json"))
    assert {each["name"]: each["count"] for each in model["severities"]} == {"P2": model["total"]}
    rows = did(written, "figures", "--since", "2026-01-01", "--service", "shop", "--format", "csv").splitlines()
    assert [row.split(",")[2] for row in rows] == ["title", "Checkout fails", "Incident Response: Disk full"]
    assert "no time zone 'Mars/Base'" in did(written, "figures", "--zone", "Mars/Base", status=2)


def test_the_tasks_of_the_declaration_are_one_line_of_what_happened(book):
    did(book, "open", "Checkout fails", "--severity", "P1", "--why", "x")
    happened = did(book, "show", "1").partition("What happened last")[2]
    assert (happened.count(" task "), "tasks to do, as the policy page has them." in happened) == (1, True)


# -- what was promised -----------------------------------------------------------------------------------------------

PROMISES = DISK + """
## Prevention

- [ ] Alert at 80 % of the disk (@ada, due 2026-03-20)
- [ ] Clean up, proven by `df -h`
"""


@pytest.fixture
def promised(book: Path) -> Path:
    """A folder with a committed report in which two things were promised, and an incident that promises a third."""
    (book / PAGE).write_text(PROMISES)
    git(book, "add", "-A")
    git(book, "commit", "-qm", "A report")
    did(book, "open", "Checkout fails")
    did(book, "action", "1", "Buy a spare", "--owner", "@ben", "--due", "2030-01-01")
    return book


def items(folder: Path, *words: str) -> dict[str, dict]:
    """Action items as JSON, by the beginning of their words."""
    listed = json.loads(did(folder, "actions", "list", *words, "--format", "json"))["items"]
    return {" ".join(each["text"].split()[:2]): each for each in listed}


def test_what_was_promised_in_pages_and_incidents_is_one_list(promised):
    assert set(items(promised)) >= {"Alert at", "Clean up,", "Buy a"}
    assert set(items(promised, "--late")) == {"Alert at"}
    assert set(items(promised, "--owner", "@ben")) == {"Buy a"}
    told, line = did(promised, "actions"), PROMISES.split("- [ ] Alert")[0].count("\n") + 1
    assert ("due 2026-03-20, LATE" in told, f"{PAGE}:{line}" in told, "INC-1" in told) == (True, True, True)


def test_a_tick_is_a_commit_of_the_page_and_is_taken_back(promised):
    key = items(promised)["Alert at"]["key"]
    done = json.loads(did(promised, "actions", "done", key[:6], "--why", "merged in #12", "--format", "json"))
    assert done["state"] == "done"
    assert "- [x] Alert at 80 % of the disk" in (promised / PAGE).read_text()
    assert git(promised, "show", "--stat", "--format=%s", "HEAD").startswith("Done: Alert at 80 % of the disk")
    assert "Alert at" in items(promised, "--state", "done")
    did(promised, "actions", "open", key)
    assert (promised / PAGE).read_text() == PROMISES


def test_what_an_incident_alone_promised_is_ticked_by_its_number(promised):
    did(promised, "actions", "done", "1-1")
    assert [each["state"] for each in shown(promised)["action_items"]] == ["done"]


def test_a_command_out_of_a_report_is_proven_by_what_somebody_says_of_it(promised):
    key = items(promised)["Clean up,"]["key"]
    assert "runs no command out of a report" in did(promised, "actions", "prove", key, status=3)
    assert "40 % are used" in did(promised, "actions", "prove", key, "--why", "40 % are used")


@pytest.mark.parametrize(
    ("words", "said"), [(["done"], "Name the item by its KEY"), (["list", "1-1"], "'list' takes no KEY"),
                        (["done", "nope"], "no action item 'nope'")],
)  # fmt: skip
def test_an_item_that_is_not_named_well_is_told(wrong, words, said):
    assert said in did(wrong, "actions", *words, status=2)


# -- at a terminal ---------------------------------------------------------------------------------------------------


def test_somebody_who_resolves_at_a_terminal_is_asked_for_what_is_missing(book):
    did(book, "open", "Checkout fails")
    with person_at("incident", "resolve", "1", "--no-report", here=book) as person:
        person.reads("Since when were people hindered?")
        person.presses("when?\n")
        person.reads("is no time")
        person.presses("10 min ago\n")
        person.reads("What helped?")
        person.presses("A restart.\n")
        person.reads("What was the cause?")
        person.presses("\n")
        assert person.ends() == 0
    model = shown(book)

    assert (model["resolution"], model["root_cause"], model["is_start_known"]) == ("A restart.", None, True)


def test_the_template_opens_in_the_editor_of_whoever_writes_an_update(book):
    did(book, "open", "Checkout fails", "--severity", "P1", "--why", "many")
    editor = book / "editor"
    editor.write_text("#!/bin/sh\necho 'We know what it is.' > \"$1\"\n")
    editor.chmod(0o755)
    with person_at("incident", "update", "1", here=book, EDITOR=str(editor), VISUAL=str(editor)) as person:
        assert person.ends() == 0
        assert "We know what it is." in person.plain

    assert [each["body"].strip() for each in shown(book)["updates"]] == ["We know what it is."]


def test_an_incident_fits_a_narrow_terminal_and_obeys_no_title(book):
    did(book, "open", "Check\x1b[2Jout fails for everybody who pays with an old card and has no other", "--severity",
        "P0", "--why", "all of the shop is down, and nobody knows for how long it will be")  # fmt: skip
    with person_at("incident", "show", "1", here=book, columns=60) as person:
        assert person.ends() == 0

    assert b"\x1b[2J" not in person.seen
    assert max(map(len, person.plain.splitlines())) <= 60


def test_no_colour_is_shown_where_none_is_wanted(book):
    did(book, "open", "Checkout fails", "--severity", "P0", "--why", "all")
    with person_at("incident", "show", "1", here=book, NO_COLOR="1") as person:
        assert person.ends() == 0

    assert b"\x1b[" not in person.seen


def test_times_are_those_of_ones_zone_with_utc_beside_them(book):
    did(book, "open", "Checkout fails")

    there = did(book, "show", "1", TZ="Asia/Kolkata")
    assert ("Z)" in there, "IST" in there) == (True, True)
    assert "IST" not in did(book, "show", "1", "--utc", TZ="Asia/Kolkata")
