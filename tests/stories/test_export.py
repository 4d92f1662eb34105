"""`opsbook export` says what it did, and does it again for what changed alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from opsbook.entrypoints import cli


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a page in Korean, one that links to a file that is not there, and nothing else."""
    (tmp_path / "ops").mkdir()
    (tmp_path / "ops" / "db.md").write_text("# Database\n\n## 다시 시작\n\nSee [the plan](plan.pdf).\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """The exit status, and what is said."""
    status = cli.run(["--book", "ops", *words])
    said = capsys.readouterr()
    return status, said.out + said.err


def test_a_site_is_told_in_a_line_and_written_once(book, capsys):
    status, said = run(capsys, "export", "site", "out")
    assert (status, "1 page in " in said) == (0, True)
    assert json.loads(run(capsys, "export", "site", "out", "--format", "json")[1])["changed"] == 0
    (book / "ops" / "db.md").unlink()
    (book / "ops" / "cache.md").write_text("# Cache\n")
    run(capsys, "export", "site", "out")
    assert not (book / "out" / "book" / "db.html").exists()
    assert "다시" not in (book / "out" / "search" / "index.js").read_text()


def test_a_bundle_is_told_in_a_line_and_not_written_over_a_page(book, capsys):
    assert run(capsys, "export", "bundle", "out.html") == (0, "1 page in 'out.html'.\n")
    assert run(capsys, "export", "bundle", "out.html") == (0, "1 page in 'out.html', which is as it was.\n")
    status, said = run(capsys, "export", "bundle", "ops/db.md")
    assert (status, "did not write" in said) == (3, True)


def test_a_hook_needs_something_to_export_and_a_repository(book, capsys):
    assert run(capsys, "export", "hook", "install")[0] == 2
    status, said = run(capsys, "export", "hook", "install", "--site", "out")
    assert (status, "no repository of git" in said) == (3, True)
