"""`--fix` mends what has one right answer, and every other byte of every page stays as it was."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.book.whole_reading import TODAY
from tests.stories.opsbook_program import asked, run, write

from opsbook.adapters.folder import FolderBook
from opsbook.adapters.workers import ForkedWorkers
from opsbook.book.lint import LintSettings
from opsbook.book.page import default_reading
from opsbook.ground.errors import Edit
from opsbook.usecases.lint import LintReport, Scope, lint
from opsbook.usecases.mend import mend


def linted(folder: Path) -> tuple[FolderBook, LintReport]:
    """A book and what is found in it, by this process alone."""
    book = FolderBook(str(folder), str(folder), default_reading())
    return book, lint(book, book, Scope(TODAY, LintSettings()), ForkedWorkers(1))


def spliced(content: bytes, edits: set[Edit]) -> bytes:
    """The content with the edits made from the back, where they do not touch; written apart from what is tested."""
    for edit in sorted(edits, key=lambda edit: -edit.start):
        content = content[: edit.start] + edit.text.encode() + content[edit.end :]
    return content


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def all_corpora(corpora: Path, tmp_path: Path) -> Path:
    """All corpora as one repository, with the pages broken in the ways that are mended."""
    folder = tmp_path / "all"
    shutil.copytree(corpora, folder)
    (folder / ".git").mkdir()
    for path in sorted(folder.rglob("*.md")):
        raw = path.read_bytes()
        if b"\n1. " in raw and b"```" in raw:
            path.write_bytes(raw.replace(b"\n2. ", b"\n7. ").replace(b"](#", b"](#X").replace(b"\n   ```", b"\n```", 2))
    return folder


def test_in_all_corpora_only_the_bytes_of_the_edits_change(all_corpora):
    book, report = linted(all_corpora)
    edits: dict[str, set[Edit]] = {}
    for finding in report.findings:
        edits.setdefault(finding.span.path, set()).update(finding.edits)
    edits = {path: found for path, found in edits.items() if found}
    assert len(edits) > 10
    before = contents(all_corpora)
    mended = mend(book, book, report)
    after = contents(all_corpora)
    assert mended.refused == ()
    assert set(before) == set(after)
    changed = {path for path in before if before[path] != after[path]}
    assert changed == set(mended.pages) == set(edits)
    for path in sorted(changed):
        ordered = sorted(edits[path], key=lambda edit: (edit.start, edit.end))
        apart = all(one.end < other.start for one, other in zip(ordered, ordered[1:], strict=False))
        if apart:
            assert after[path] == spliced(before[path], edits[path]), path
        else:
            kept = bytes(b for at, b in enumerate(before[path]) if not any(e.start <= at < e.end for e in ordered))
            rest = iter(after[path])
            assert all(byte in rest for byte in kept), path


def test_what_is_mended_is_not_found_again_and_mending_ends(all_corpora):
    book, report = linted(all_corpora)
    for _ in range(6):
        fixable = [finding for finding in report.findings if finding.edits]
        if not fixable:
            break
        assert mend(book, book, report).pages
        before = len(report.findings)
        book, report = linted(all_corpora)
        assert len(report.findings) <= before
    assert [str(finding.span) for finding in report.findings if finding.edits] == []


def test_the_command_mends_tells_which_pages_and_reports_what_is_left(tmp_path):
    text = "# Title\r\n\r\n[x](#TITLE)\t[y](gone.md)  \r\n\xef\xbb\xbf"
    write(tmp_path, {"a.md": text.encode("latin-1"), "b.md": "# Well\n"})
    words = ("--book", tmp_path, "lint", "--select", "broken-link,broken-anchor")
    done = run(*words, "--fix", "--format", "json")
    assert done.stderr == "mended a.md\n"
    assert done.returncode == 1
    assert (tmp_path / "a.md").read_bytes() == text.replace("#TITLE", "#title").encode("latin-1")
    assert '"target":"gone.md"' in done.stdout and "TITLE" not in done.stdout
    assert asked(*words)["summary"]["error"] == 1
    again = run(*words, "--fix")
    assert again.stderr == "There was nothing to mend that has one right answer.\n"


def test_without_fix_nothing_is_written_into_the_pages(all_corpora):
    before = contents(all_corpora)
    run("--book", all_corpora, "lint", "--format", "json")
    after = {path: raw for path, raw in contents(all_corpora).items() if not path.startswith(".opsbook/")}
    assert after == before


def test_a_page_that_is_allowed_to_be_broken_is_not_mended(tmp_path):
    text = "# Title\n\n[x](#TITLE) <!-- opsbook: allow broken-anchor -->\n"
    write(tmp_path, {"a.md": text})
    run("--book", tmp_path, "lint", "--fix")
    assert (tmp_path / "a.md").read_text() == text


def test_only_the_pages_that_are_named_are_mended(tmp_path):
    write(tmp_path, {"a.md": "# Title\n\n[x](#TITLE)\n", "b.md": "# Title\n\n[x](#TITLE)\n"})
    run("--book", tmp_path, "lint", tmp_path / "b.md", "--fix")
    assert ("#TITLE" in (tmp_path / "a.md").read_text(), "#TITLE" in (tmp_path / "b.md").read_text()) == (True, False)


def test_a_page_that_a_link_leads_to_is_mended_once(tmp_path):
    (tmp_path / ".git").mkdir()
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one.md").write_bytes(b"# One\n[two](Two.md) [two](Two.md)\n")
    (tmp_path / "a" / "two.md").write_bytes(b"# Two\n")
    (tmp_path / "a" / "link.md").symlink_to("one.md")
    (tmp_path / "b").symlink_to("a")
    book, report = linted(tmp_path)
    assert report.pages == 2
    assert mend(book, book, report).pages == ("a/one.md",)
    assert (tmp_path / "a" / "one.md").read_bytes() == b"# One\n[two](two.md) [two](two.md)\n"
