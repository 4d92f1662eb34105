"""The answer of the last lint is given again only while nothing that it was made from has changed."""

from __future__ import annotations

import os
import time
from pathlib import Path

import msgspec
import pytest

from opsbook.adapters.folder import FolderBook
from opsbook.adapters.lint_cache import LintCache
from opsbook.adapters.state_folder import make_state_folder
from opsbook.book.page import default_reading
from opsbook.ground.errors import Finding, Span
from opsbook.usecases.lint import LintReport

AN_HOUR_NS = 3_600_000_000_000


class Linter:
    """Counts how often it was asked; each answer is another one."""

    def __init__(self, looked_for: dict[str, bool] | None = None) -> None:
        self.asked = 0
        self.looked_for = looked_for or {}

    def __call__(self) -> LintReport:
        self.asked += 1
        finding = Finding("stale", "warning", Span("a.md", self.asked, 1, 0, 3), "It is é.", None, "t")
        return LintReport(1, (finding,), self.looked_for)


class Place:
    """A book with two pages, settings that are not there, and a cache in `.opsbook`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.others = [str(root / "opsbook.toml"), str(root / "rules.yml")]
        (root / ".opsbook").mkdir()
        for name in ("a.md", "b.md", "rules.yml"):
            self.write(name, "x")

    def write(self, name: str, text: str, age_ns: int = AN_HOUR_NS) -> None:
        (self.root / name).write_text(text)
        at = time.time_ns() - age_ns
        os.utime(self.root / name, ns=(at, at))

    def answer(self, linter: Linter, question: str = "q") -> LintReport:
        files = FolderBook(str(self.root), str(self.root), default_reading()).pages()
        return LintCache(str(self.root / ".opsbook"), str(self.root), question, self.others).answer(files, linter)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_the_same_question_about_the_same_book_is_answered_from_the_file(place):
    linter = Linter()
    first = place.answer(linter)
    assert place.answer(linter) == first
    assert linter.asked == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda place: place.write("a.md", "longer"),
        lambda place: place.write("a.md", "y", AN_HOUR_NS // 2),
        lambda place: place.write("c.md", ""),
        lambda place: (place.root / "b.md").unlink(),
        lambda place: (place.root / "b.md").rename(place.root / "c.md"),
        lambda place: place.write("opsbook.toml", ""),
        lambda place: place.write("rules.yml", "longer"),
        lambda place: (place.root / "rules.yml").unlink(),
    ],
    ids=["longer", "newer", "new page", "page gone", "renamed", "settings", "rule file", "rule file gone"],
)
def test_a_change_of_what_it_was_made_from_asks_anew(place, change):
    linter = Linter()
    place.answer(linter)
    change(place)
    assert place.answer(linter).findings[0].span.line == 2
    assert place.answer(linter).findings[0].span.line == 2


def test_a_link_target_that_vanishes_or_appears_asks_anew(place):
    place.write("run.sh", "")
    linter = Linter({"run.sh": True, "gone.sh": False})
    place.answer(linter)
    place.answer(linter)
    assert linter.asked == 1
    (place.root / "run.sh").unlink()
    place.answer(linter)
    assert linter.asked == 2
    linter.looked_for = {"run.sh": False, "gone.sh": False}
    place.answer(linter)
    place.write("gone.sh", "")
    place.answer(linter)
    assert linter.asked == 4


def test_another_question_has_an_answer_of_its_own(place):
    linter = Linter()
    assert place.answer(linter, "today") != place.answer(linter, "tomorrow")
    assert place.answer(linter, "today").findings[0].span.line == 1


def test_a_page_that_was_just_written_is_not_trusted_to_stay(place):
    linter = Linter()
    place.write("a.md", "y", age_ns=0)
    place.answer(linter)
    place.write("a.md", "z", age_ns=0)
    place.answer(linter)
    assert linter.asked == 2


@pytest.mark.parametrize("content", [b"", b"\x00" * 50, b"not msgpack", b"\xff" * 1000, msgspec.msgpack.encode({"manifest": b""})])
def test_a_broken_file_is_as_good_as_none(place, content):
    linter = Linter()
    place.answer(linter)
    (file,) = (place.root / ".opsbook").glob("lint-*.cache")
    file.write_bytes(content)
    assert place.answer(linter).findings[0].span.line == 2
    assert place.answer(linter).findings[0].span.line == 2


def test_where_nothing_can_be_written_every_question_is_answered_anew(place):
    (place.root / ".opsbook").rmdir()
    (place.root / ".opsbook").write_text("a file in the place of the folder")
    linter = Linter()
    place.answer(linter)
    place.answer(linter)
    assert linter.asked == 2
    assert (place.root / ".opsbook").read_text() == "a file in the place of the folder"


def test_the_oldest_of_more_than_eight_answers_goes(place):
    linter = Linter()
    for number in range(12):
        place.answer(linter, f"question {number}")
    files = list((place.root / ".opsbook").glob("lint-*"))
    assert len(files) == 8
    place.answer(linter, "question 11")
    assert linter.asked == 12


def test_a_folder_of_somebody_else_gets_no_ignore_file(tmp_path):
    make_state_folder(str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_the_folder_keeps_itself_out_of_git_and_from_others(tmp_path):
    folder = tmp_path / "deep" / ".opsbook"
    make_state_folder(str(folder))
    make_state_folder(str(folder))
    assert (folder / ".gitignore").read_text() == "*\n"
    assert folder.stat().st_mode & 0o077 == 0
