"""The outline is what the rest of the book knows of a page."""

from __future__ import annotations

import msgspec
from hypothesis import given
from tests.book.whole_reading import Shelf, around_of, page_of
from tests.markdown_pieces import any_page

from opsbook.book.lint import Outline
from opsbook.book.outline import outline_of

PAGES = {"b.md": "# B\n", "deep/c.md": "# C\n", "x.png": ""}


def outlined(text: str | bytes, path: str = "a.md") -> Outline:
    raw = text if isinstance(text, bytes) else text.encode()
    shelf = Shelf({path: raw, **{name: other.encode() for name, other in PAGES.items()}})
    return outline_of(page_of(raw, path), around_of(shelf))


def test_it_names_the_pages_that_a_page_links_to():
    found = outlined("[b](b.md) [c](deep/c.md#x) [self](a.md) [here](#t) [p](x.png) [gone](gone.md) [w](https://x)\n\n# T\n")
    assert found.links_to == {"a.md", "b.md", "deep/c.md"} or found.links_to == {"b.md", "deep/c.md"}


def test_it_keeps_each_link_to_an_anchor_that_others_must_check():
    found = outlined("# T\n\n[b](b.md#one) [here](#t) [not here](#nowhere) [b](b.md)\n")
    assert [(r.href, r.path, r.anchor, r.span.line, r.span.column) for r in found.references] == [
        ("b.md#one", "b.md", "one", 3, 1), ("#nowhere", "a.md", "nowhere", 3, 26),
    ]  # fmt: skip


def test_it_tells_the_alerts_of_a_page_by_its_metadata_else_by_its_titles():
    assert outlined("**Alert:** DiskFull\n\n# NodeDown\n").alerts == ("DiskFull",)
    assert outlined("# Alerts\n\n## DiskFull\n\n## NodeDown\n\n## API\n").alerts == ("DiskFull", "NodeDown")


def test_it_names_the_procedures_and_headings():
    found = outlined("# Do\n\n## Restart\n\n1. a\n   ```sh\n   x\n   ```\n", "procedures/a.md")
    assert (found.kind, found.headings, found.procedures) == ("procedure", ("Do", "Restart"), ("restart",))


@given(any_page())
def test_it_travels_between_workers_unchanged(raw):
    found = outlined(raw)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(found), type=Outline) == found
