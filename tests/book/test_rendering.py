"""A page looks as it does on GitHub, its links lead where lint says, and live pieces stand where they belong."""

from __future__ import annotations

import re
from datetime import date

import pytest
from tests.markdown_pieces import _pages

from opsbook.book.lint import Around, LintSettings
from opsbook.book.page import Reading, default_reading, read_page
from opsbook.book.rendering import Inset, Rendered, render, render_excerpt, render_section

PAGES = frozenset({"docs/ops/db.md", "docs/ops/README.md", "docs/ops/runbooks/api service.md", "docs/ops/p.md"})
FILES = frozenset({"docs/ops/plan.png", "docs/ops/x.sh", ".github/ci.yml", "docs", "docs/ops", "docs/ops/files", "."})
AROUND = Around(date(2026, 1, 1), LintSettings(), pages=PAGES, exists=lambda path: path in PAGES or path in FILES)


def rendered(text: str | bytes, *insets: Inset, reading: Reading | None = None) -> Rendered:
    raw = text if isinstance(text, bytes) else text.encode()
    return render(read_page("docs/ops/p.md", raw, reading or default_reading()), AROUND, insets=insets)


def html_of(text: str | bytes, *insets: Inset) -> str:
    """The HTML without the anchors of lines, which would drown what a test is about."""
    return re.sub(r' (?:id="L\d+" )?data-line="\d+"', "", rendered(text, *insets).html)


# -- anchors --------------------------------------------------------------------------------------------------------


def test_a_heading_has_the_anchor_that_lint_checks_and_a_way_to_copy_it():
    html = html_of("## Roll back — *now*\n")
    assert '<h2 id="roll-back--now">Roll back — <em>now</em></h2>' in html
    assert 'class="anchor" href="#roll-back--now"' in html


def test_a_repeated_heading_is_numbered_as_on_github():
    assert re.findall(r'<h2 id="([^"]+)"', html_of("## A\n## A\n## A-1\n")) == ["a", "a-1", "a-1-1"]


def test_every_anchor_of_every_corpus_page_is_an_id_of_the_rendered_page(corpora):
    for path in _pages()[::7]:
        page = read_page("docs/ops/p.md", path.read_bytes())
        ids = set(re.findall(r' id="([^"]*)"', render(page, AROUND).html))
        assert ids.issuperset(anchor for anchor in page.heading_anchors if anchor), path


def test_an_address_of_githubs_with_its_prefix_finds_the_heading():
    assert 'id="user-content-deploy"' in html_of("# Deploy\n")
    assert '<a href="#deploy">x</a>' in html_of("# Deploy\n[x](#user-content-deploy)")


def test_the_top_of_a_page_can_be_linked_to():
    assert '<a href="#top">x</a>' in html_of("# a\n[x](#top)")


def test_an_id_written_behind_a_heading_is_its_anchor_and_not_its_text():
    assert '<h2 id="own">Deploy</h2>' in html_of("## Deploy {#own}\n")


def test_the_other_anchor_of_a_heading_on_a_built_site_leads_to_it_too():
    site = Reading(default_reading().headings, anchors="site")
    html = rendered("## A - b\n", reading=site).html
    assert '<span id="a-b"></span><h2 id="a---b">' in html


def test_an_id_of_the_authors_is_an_anchor():
    assert '<a id="here"></a>' in html_of('<a name="here"></a>\n[x](#here)')
    assert '<a href="#here">x</a>' in html_of('<a name="here"></a>\n[x](#here)')


def test_an_id_that_would_stand_for_ours_gets_the_prefix_and_its_links_follow():
    html = html_of("# Main\n[x](#main) [y](db.md#main)\n<a id=csrf>z</a>")
    assert '<h1 id="user-content-main">' in html
    assert '<a href="#user-content-main">x</a>' in html
    assert 'href="/book/docs/ops/db.md#user-content-main"' in html
    assert '<a id="user-content-csrf">' in html
    assert rendered("# Main").contents[0].anchor == "user-content-main"


def test_a_link_without_the_invisible_selector_finds_its_heading():
    assert 'href="#️-now"' in html_of("## ⚠️ Now\n[x](#-now)")


def test_each_line_that_begins_a_block_can_be_linked_to():
    page = rendered("# a\n\nb\nc\n\n- d\n- e\n\n```\nf\n```\n")
    assert page.lines == (1, 3, 6, 7, 9)
    assert [page.line_anchor(line) for line in (1, 4, 10)] == ["L1", "L3", "L9"]
    assert '<p id="L3" data-line="3">' in page.html


def test_the_contents_are_the_headings_with_their_slots():
    entries = rendered("# A\n## Deployment\n### Staging\n").contents
    assert [(entry.level, entry.title, entry.anchor, entry.slot) for entry in entries] == [
        (1, "A", "a", None),
        (2, "Deployment", "deployment", "deployment"),
        (3, "Staging", "staging", entries[2].slot),
    ]


# -- links ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "html"),
    [
        ("[a](db.md)", '<a href="/book/docs/ops/db.md">a</a>'),
        ("[a](db.md#x 'T')", '<a href="/book/docs/ops/db.md#x" title="T">a</a>'),
        ("[a](<runbooks/api service.md>)", '<a href="/book/docs/ops/runbooks/api%20service.md">a</a>'),
        ("[a](/docs/ops/db.md)", '<a href="/book/docs/ops/db.md">a</a>'),
        ("[a](runbooks/)", "broken-here"),
        ("[a](.)", '<a href="/book/docs/ops">a</a>'),
        ("[a](../..)", '<a href="/book">a</a>'),
        ("[a](files)", '<a href="/files/docs/ops/files">a</a>'),
        ("[a](x.sh#L3)", '<a href="/files/docs/ops/x.sh#L3">a</a>'),
        ("<a href='db.md'>a</a>", '<a href="/book/docs/ops/db.md">a</a>'),
        ("[a](https://x.example/?a=1&b)", '<a href="https://x.example/?a=1&amp;b" class="outside" rel="noopener noreferrer">a</a>'),
        ("[a](//x.example)", '<a href="https://x.example" class="outside" rel="noopener noreferrer">a</a>'),
        ("<m@x.example>", '<a href="mailto:m@x.example" class="outside" rel="noopener noreferrer">m@x.example</a>'),
        ("[](db.md)", '<a href="/book/docs/ops/db.md">db.md</a>'),
    ],
)  # fmt: skip
def test_a_link_leads_where_the_code_host_leads(written, html):
    if html == "broken-here":  # nothing exists at the folder that only pages stand in, unless the source says so
        assert 'class="broken"' in html_of(written)
    else:
        assert html in html_of(written)


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("[a](missing.md)", "The repository has no 'docs/ops/missing.md'."),
        ("[a](#nowhere)", "This page has no heading '#nowhere'."),
        ("[a](../../../x.md)", "The link leads out of the repository: ../../../x.md"),
        ("[a](javascript:x)", "An address that begins with 'javascript:' is not made a link here."),
        ("[a](file:///etc/passwd)", "An address that begins with 'file:' is not made a link here."),
    ],
)
def test_a_link_that_leads_nowhere_stays_readable_and_says_why(written, why):
    assert f'<span class="broken" title="{why.replace(chr(34), "&quot;")}">a</span>' in html_of(written)


def test_a_link_to_a_hidden_file_is_text():
    assert '<span class="unserved" title="Files whose name' in html_of("[a](../../.github/ci.yml)")


def test_a_link_that_a_builder_fills_in_is_text():
    assert '<span class="templated"' in html_of("[a](<{{ x }}>)")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("see https://x.example/a_b_c.", "https://x.example/a_b_c"), ("(https://x.example/a(b))", "https://x.example/a(b)"),
        ("www.x.example, then", "http://www.x.example"), ("to ops@x.example.", "mailto:ops@x.example"),
        ("http://localhost:8000/healthz", "http://localhost:8000/healthz"), ("https://x.example/?a=1&amp;b=2", "https://x.example/?a=1&amp;b=2"),
    ],
)  # fmt: skip
def test_a_bare_address_is_a_link(text, address):
    assert f'<a href="{address}" class="outside" rel="noopener noreferrer">' in html_of(text)


@pytest.mark.parametrize(
    "text", ["`https://x.example`", "a@b", "x://y", "[https://x.example](db.md)", "wwwx.example", "http://"]
)
def test_what_is_no_bare_address_is_none(text):
    assert "outside" not in html_of(text)


# -- images ---------------------------------------------------------------------------------------------------------


def test_an_image_of_the_repository_is_shown():
    assert '<img src="/files/docs/ops/plan.png" alt="The plan" loading="lazy">' in html_of("![The *plan*](plan.png)")
    html = html_of('<img src="plan.png" width="40%" alt="x" onclick=1>')
    assert '<img src="/files/docs/ops/plan.png" alt="x" loading="lazy" width="40%">' in html


def test_an_image_of_another_host_is_a_link_that_says_so():
    html = html_of("![Status](https://img.example/s.svg)")
    assert ">Status (image on img.example, not loaded)</a>" in html
    assert "<img" not in html


def test_an_image_of_another_host_within_a_link_is_text():
    html = html_of("[![Status](https://img.example/s.svg)](db.md)")
    assert html.count("<a ") == 1
    assert '<span class="elsewhere">Status (image on img.example, not loaded)</span>' in html


def test_a_missing_image_says_so():
    assert '<span class="broken" title="The repository has no' in html_of("![x](no.png)")


# -- blocks ---------------------------------------------------------------------------------------------------------


def test_a_table_can_be_scrolled_and_keeps_its_sides():
    html = html_of("| a | b |\n|:-:|--:|\n| 1 | 2 |\n")
    assert '<div class="scroller" tabindex="0" role="group" aria-label="Table"><table>' in html
    assert '<th class="center">a</th><th class="right">b</th>' in html
    assert '<td class="center">1</td>' in html


def test_a_task_is_a_box_that_says_whether_it_is_done():
    html = html_of("- [ ] a\n- [x] b\n\n  c\n- d\n")
    assert html.count('class="task-list-item"') == 2
    assert '<input type="checkbox" disabled checked aria-label="Done"> b' in html
    assert '<input type="checkbox" disabled aria-label="Not done"> a' in html


@pytest.mark.parametrize("kind", ["NOTE", "TIP", "IMPORTANT", "WARNING", "CAUTION"])
def test_an_alert_is_told_from_a_quote(kind):
    html = html_of(f"> [!{kind}]\n> Mind this.\n")
    assert f'<div class="alert" data-alert="{kind.lower()}" role="note">\n<p class="alert-title">{kind.title()}</p>' in html


def test_footnotes_are_numbered_as_they_come_and_lead_back():
    html = html_of("b[^b] a[^a] b[^b]\n\n[^a]: first\n[^b]: second\n[^c]: alone\n")
    assert [int(n) for n in re.findall(r'aria-label="Footnote (\d)"', html)] == [1, 2, 1]
    assert re.findall(r'<li id="(fn-.)"><p>(\w+)', html) == [("fn-b", "second"), ("fn-a", "first"), ("fn-c", "alone")]
    assert html.count('href="#fnref-b"') == 1
    assert html.count('href="#fnref-b-2"') == 1


def test_code_keeps_its_text_and_its_language_and_can_be_copied():
    html = html_of('```bash timeout=1m\n\n  echo "<$A>" && ls\t\n\n```\n')
    assert '<figure class="code" data-copy data-language="bash"><pre tabindex="0">' in html
    assert '<code class="language-bash">\n  echo "&lt;$A&gt;" &amp;&amp; ls\t\n\n</code>' in html


def test_a_diagram_is_readable_without_being_drawn():
    page = rendered("```mermaid\ngraph TD; A-->B\n```\n")
    assert page.has_diagram
    assert '<figure class="diagram" data-diagram="mermaid"' in page.html
    assert "graph TD; A--&gt;B" in page.html
    assert not rendered("```\nx\n```").has_diagram


def test_lines_join_as_on_github_but_hard_breaks_and_labels_begin_new_ones():
    assert "<p>a\nb</p>" in html_of("a\nb")
    assert "<p>a<br>\nb</p>" in html_of("a  \nb")
    assert "<br>\n<strong>Owner:</strong> b<br>\n<strong>Team:</strong> c" in html_of(
        "**Service:** a\n**Owner:** b\n**Team:** c"
    )
    assert "a\n<strong>bold</strong> b" in html_of("a\n**bold** b")


def test_front_matter_is_a_table_and_text_where_it_cannot_be_read():
    html = html_of("---\ntitle: A <b>\nowners: [x, y]\n---\n# B\n")
    assert "<th>title</th><td>A &lt;b&gt;</td>" in html
    assert "<th>owners</th><td>x, y</td>" in html
    assert "<pre><code>a: [" in html_of("---\na: [\n---\n# B\n")


def test_html_of_the_authors_works_as_far_as_github_lets_it():
    html = html_of(
        "<details open>\n<summary>More</summary>\n\n**a** <kbd>b</kbd> x<sub>2</sub><br>\n\n</details>\n\nafter"
    )
    assert "<details open" in html
    assert "<summary>More</summary>" in html
    assert "<strong>a</strong> <kbd>b</kbd> x<sub>2</sub><br>" in html
    assert html.index("</details>") < html.index("after")


def test_a_tag_left_open_ends_with_its_block():
    assert "<p><b>a</b></p>\n<p>b</p>" in html_of("<b>a\n\nb")


def test_bytes_of_any_kind_are_shown():
    html = html_of(b"\xef\xbb\xbf# A\r\n\r\nb\xff\r\n- c\r\n")
    assert '<h1 id="a">A</h1>' in html
    assert "<p>b?</p>" in html


def test_a_giant_page_is_shown_as_it_is_written():
    html = html_of("# a\n" + "b" * 5_000_000)
    assert "<pre" in html
    assert len(html) < 400_000
    assert "5,000,004 bytes" in html


# -- insets ---------------------------------------------------------------------------------------------------------


def placed(text: str, word: str, place: str = "after") -> str:
    """The HTML with an inset at a word, and its wrapper cut away."""
    html = html_of(text, Inset(len(text[: text.index(word)].encode()), "[!]", place))
    return re.sub(r'<(div|span) class="inset">\[!\]</\1>', "[!]", html)


def test_an_inset_stands_behind_its_paragraph():
    assert "<p>a b</p>\n[!]<p>c</p>" in placed("a b\n\nc", "b")


def test_an_inset_stands_in_its_item_before_the_items_within():
    html = placed("- a\n  - b\n- c\n", "a")
    assert html.startswith("<ul>\n<li>a[!]<ul>\n<li>b</li>")
    assert "<li>c[!]</li>" in placed("- a\n  - b\n- c\n", "c")


def test_an_inset_stands_behind_or_beside_its_heading():
    assert re.search(r"</h1><a [^>]*>#</a></div>\n\[!\]", placed("# a\nb", "a"))
    assert re.search(r"</h1><a [^>]*>#</a>\[!\]</div>", placed("# a\nb", "a", "inside"))


def test_an_inset_stands_in_a_row_of_its_own_or_in_the_last_cell():
    table = "| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n"
    assert '<td>1</td><td>2</td></tr>\n<tr class="inset"><td colspan="2">[!]</td></tr>\n<tr><td>3' in placed(table, "1")
    assert "<td>1</td><td>2[!]</td></tr>" in placed(table, "1", "inside")


def test_an_inset_stands_behind_its_code():
    assert "</figure>\n[!]<p>b</p>" in placed("```\na\n```\nb", "a")


def test_insets_keep_their_order_and_what_lies_behind_the_end_comes_last():
    html = html_of("a\n\nb", Inset(99, "3"), Inset(0, "1"), Inset(3, "2"))
    assert re.findall(r'class="inset">(\d)', html) == ["1", "2", "3"]


def test_an_inset_in_the_front_matter_stands_below_it():
    html = html_of("---\na: b\n---\nc", Inset(5, "[!]"))
    assert html.index("</table>") < html.index("[!]") < html.index("<p>c</p>")


# -- parts ----------------------------------------------------------------------------------------------------------


def test_a_section_on_another_page_has_no_ids_and_its_links_lead_back():
    page = read_page("docs/ops/p.md", b"# A\n## B\n1. [x](#a) `y`\n### C\nz\n## D\n")
    html = render_section(page, page.sections[1], AROUND)
    assert ' id="' not in html
    assert '<a href="/book/docs/ops/p.md#a">x</a>' in html
    assert "<h3>C</h3>" in html
    assert "D" not in html


def test_an_excerpt_is_read_as_the_pages_own():
    page = read_page("docs/ops/p.md", b"# A\n")
    assert '<a href="/book/docs/ops/db.md">x</a>' in render_excerpt("[x](db.md) **y**", page, AROUND)
