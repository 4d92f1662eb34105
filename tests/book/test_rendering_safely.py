"""Nothing that a page says runs, loads from another host, or stands for what is ours, wherever it stands in the page."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.markdown_pieces import any_page, markdownish
from tests.xss_vectors import VECTORS, dangers

from opsbook.book.lint import Around, LintSettings
from opsbook.book.page import read_page
from opsbook.book.rendering import Inset, render, render_excerpt, render_section

AROUND = Around(date(2026, 1, 1), LintSettings(), pages=frozenset({"a/b.md"}), exists=lambda path: path != "missing.md")


def html_of(text: str | bytes, *insets: Inset) -> str:
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return render(read_page("a/p.md", raw), AROUND, insets=insets).html


def test_there_are_enough_vectors():
    assert len(VECTORS) >= 130


@pytest.mark.parametrize("vector", VECTORS)
def test_a_vector_does_nothing(vector):
    assert dangers(html_of(vector)) == []


@pytest.mark.parametrize("vector", VECTORS)
def test_a_vector_does_nothing_where_it_follows_others(vector):
    for before in ("<div title='", "<!-- ", "<p>\n\n", "- a\n  ", "> ", "<a href='", "<b>", "<svg>", "<table><tr>"):
        assert dangers(html_of(f"{before}{vector}\n\n**after** {vector}")) == []


@pytest.mark.parametrize("vector", VECTORS)
def test_a_vector_takes_no_inset_with_it(vector):
    inset = '<button data-run="1">Run</button>'
    html = html_of(
        f"# a\n\n{vector}\n\nb", Inset(0, inset, "inside"), Inset(len(f"# a\n\n{vector}\n\n".encode()), inset)
    )
    assert html.count(inset) == 2
    assert dangers(html.replace(inset, "")) == []


def test_what_is_dangerous_is_noticed():
    for html in ('<p onclick="x">', '<a href="javascript:x">', "<script>", '<img src="http://x">', '<a id="main">'):
        assert dangers(html), html


@given(st.lists(st.sampled_from(VECTORS), max_size=6), markdownish(8))
def test_vectors_among_other_markdown_do_nothing(vectors, other):
    page = b"\n".join(vector.encode() + b"\n" + other[: len(other) // (at + 1)] for at, vector in enumerate(vectors))
    assert dangers(html_of(page)) == []


@given(any_page(), st.lists(st.tuples(st.integers(0, 400), st.sampled_from(("after", "inside"))), max_size=6))
def test_any_bytes_can_be_rendered_and_every_inset_is_placed_once(raw, places):
    insets = [Inset(at, f"<i>inset {count}</i>", place) for count, (at, place) in enumerate(places)]
    html = html_of(raw, *insets)
    assert dangers(html) == []
    for inset in insets:
        assert html.count(inset.html) == 1


@given(any_page())
def test_any_section_and_excerpt_can_be_rendered(raw):
    page = read_page("a/p.md", raw)
    for section in page.sections[:4]:
        assert ' id="' not in render_section(page, section, AROUND)
    assert ' id="' not in render_excerpt(raw.decode("utf-8", "replace"), page, AROUND)


@pytest.mark.parametrize(
    "text",
    [
        ">" * 50_000, "> " * 50_000, "- " * 50_000, "<div>" * 50_000, "<div>\n\n" * 20_000, "*" * 50_000 + "a", "[" * 50_000,
        "![" * 50_000, "<b>" * 20_000 + "\n\na" * 2_000, "<p><b>\n\n" * 5_000, "<table><tr><td>" * 20_000, "<" * 50_000,
        "<!--" * 20_000, "<a href='x'>" * 20_000, "<details>" * 20_000, "a@" * 30_000, "a" * 50_000 + "@", ")" * 50_000,
        "http://a" + ")" * 50_000, "<a b='" * 10_000, "`" * 50_000, "|" * 20_000 + "\n" + "|-" * 20_000, "[^a]" * 20_000 + "\n\n[^a]: b",
    ],
)  # fmt: skip
def test_a_page_made_to_exhaust_a_reader_is_rendered_in_a_moment(text):
    html = html_of(text)
    assert len(html) < 100 * len(text) + 10_000
