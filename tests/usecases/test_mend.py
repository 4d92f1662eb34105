"""Mending makes the edits of findings through the one who writes, and tells what it could not."""

from __future__ import annotations

from zlib import crc32

from tests.book.whole_reading import Shelf

from opsbook.ground.errors import Edit, Finding, Span
from opsbook.usecases.lint import LintReport
from opsbook.usecases.mend import Mended, mend


class Writer(Shelf):
    """A shelf that can be written on, but for the pages that are `held`."""

    def __init__(self, pages: dict[str, bytes], held: tuple[str, ...] = ()) -> None:
        super().__init__(pages)
        self.held = held

    def replace(self, path: str, before: bytes, after: bytes) -> bool:
        if path in self.held or self.contents[path] != before:
            return False
        self.contents[path] = after
        return True


def finding(path: str, *edits: Edit) -> Finding:
    return Finding("rule", "error", Span(path, 1, 1), "It is wrong.", None, None, edits)


def mended(writer: Writer, *findings: Finding) -> Mended:
    contents = {path: crc32(raw) for path, raw in writer.contents.items()}
    return mend(writer, writer, LintReport(len(contents), findings, {}, contents))


def test_nothing_is_spliced_into_a_page_that_is_another_by_now():
    writer = Writer({"a.md": b"one two"})
    report = LintReport(1, (finding("a.md", Edit(0, 3, "1")),), {}, {"a.md": crc32(b"one three")})
    assert mend(writer, writer, report) == Mended((), 0, ("a.md",))
    assert writer.contents == {"a.md": b"one two"}


def test_the_edits_of_all_findings_on_a_page_are_made_at_once():
    writer = Writer({"a.md": b"one two", "b.md": b"x"})
    assert mended(writer, finding("a.md", Edit(0, 3, "1")), finding("a.md", Edit(4, 7, "2"))) == Mended(("a.md",), 2, ())
    assert writer.contents == {"a.md": b"1 2", "b.md": b"x"}


def test_the_edits_of_one_finding_are_made_together_or_not_at_all():
    writer = Writer({"a.md": b"one two"})
    first, second = finding("a.md", Edit(0, 3, "1")), finding("a.md", Edit(2, 3, "X"), Edit(4, 7, "2"))
    assert mended(writer, first, second).edits == 1
    assert writer.contents["a.md"] == b"1 two"


def test_a_page_that_cannot_be_read_or_written_is_told_and_the_others_are_mended():
    writer = Writer({"a.md": b"x", "b.md": b"x"}, held=("b.md",))
    found = [finding(path, Edit(0, 1, "y")) for path in ("a.md", "b.md", "gone.md")]
    assert mended(writer, *found) == Mended(("a.md",), 1, ("b.md", "gone.md"))
    assert writer.contents == {"a.md": b"y", "b.md": b"x"}


def test_findings_without_edits_change_nothing():
    writer = Writer({"a.md": b"x"})
    assert mended(writer, finding("a.md")) == Mended((), 0, ())
