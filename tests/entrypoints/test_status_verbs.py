"""`opsbook status`: show, export, planned work, with no server running."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.entrypoints.door import write_repository
from tests.entrypoints.public_book import MARK, PAGES

from opsbook.entrypoints import cli


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """What a command line prints, which must end with `status`."""
    write_repository(tmp_path, PAGES)
    monkeypatch.chdir(tmp_path)

    def run(*words: str, status: int = 0, verb: str = "status") -> str:
        assert cli.run([verb, *words]) == status
        told = capsys.readouterr()
        return told.out if status == 0 else told.err

    return run


def test_planned_work_is_announced_shown_and_ended(said):
    said("maintenance", "add", "Moving house", "--for", "1h", "--component", "paying")
    assert "Maintenance" in said("show")
    found = json.loads(said("maintenance", "list", "--format", "json"))["maintenances"][0]
    assert (found["title"], found["components"], found["state"]) == ("Moving house", ["Paying"], "in_progress")
    said("maintenance", "end", found["id"])
    assert "Nothing is planned." in said("maintenance", "list")
    assert "completed" in said("maintenance", "list", "--over")


@pytest.mark.parametrize(
    ("words", "why"),
    [(["--for", "1h", "--component", "Payin"], "Did you mean 'Paying'"), ([], "--for or --until"),
     (["--for", "long"], "no length of time")],
)  # fmt: skip
def test_what_cannot_be_announced_says_how_to_mend_it(said, words: list[str], why: str):
    assert why in said("maintenance", "add", "Moving", *words, status=2)


def test_a_silence_lends_its_times_and_none_of_its_words(said, tmp_path: Path):
    said("silence", "add", "ApiDown", "--for", "3h", "--maintenance", "--comment", MARK, verb="alerts")
    silence = json.loads(said("silence", "list", "--format", "json", verb="alerts"))["silences"][0]
    made = json.loads(said("maintenance", "add", "Moving house", "--silence", silence["id"], "--format", "json"))
    assert (made["silence"], made["ends_at"][:16]) == (silence["id"], silence["ends_at"][:16])
    said("export", "site")
    assert not any(MARK.encode() in file.read_bytes() for file in (tmp_path / "site").rglob("*") if file.is_file())


def test_the_files_name_the_address_at_which_they_are_read(said, tmp_path: Path):
    told = said("export", "site", "--base-url", "https://status.example.org/")
    assert "files are in 'site'" in told
    summary = json.loads((tmp_path / "site/api/v2/summary.json").read_bytes())
    assert summary["page"]["url"] == "https://status.example.org/"
    assert 'href="https://status.example.org/feed.atom"' in (tmp_path / "site/feed.atom").read_text()


def test_a_folder_of_somebody_else_is_refused(said, tmp_path: Path):
    (tmp_path / "index.html").write_text("mine")
    assert "did not write" in said("export", ".", status=3)
