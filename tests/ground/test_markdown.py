"""Markdown is read into located blocks, links, labels and front matter; each table names what stands and where."""

from __future__ import annotations

import pytest

from opsbook.ground.markdown import Document, parse

_MARK = {0: "", 1: "☐", 2: "☑"}


def tree(document: Document, low: int = 0, high: int | None = None) -> str:
    """The blocks in one line: `ul[li[p:a] li[p:b]]`, text as written."""
    shown = []
    for index in document.children(low, len(document.blocks) if high is None else high):
        block = document.blocks[index]
        source = " ".join(document.source(block.start, block.end).split())
        named = {
            "heading": f"h{block.level}:{block.text}", "paragraph": f"p:{source}", "cell": f"c:{source}",
            "code": f"code({block.info}):{block.text!r}", "list": "ul" if block.level < 0 else f"ol{block.level}",
            "item": "li" + _MARK[block.level if block.kind == "item" else 0],
            "quote": "quote" + (f"({block.info})" if block.info else ""),
        }  # fmt: skip
        inner = tree(document, index + 1, document.stop(index))
        shown.append(named.get(block.kind, block.kind) + (f"[{inner}]" if inner else ""))
    return " ".join(shown)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\nb\n\nc", "p:a b p:c"),
        ("- a\n- b", "ul[li[p:a] li[p:b]]"),
        ("- a\n\n- b", "ul[li[p:a] li[p:b]]"),
        ("- a\n  b\n\n  c\n- d", "ul[li[p:a b p:c] li[p:d]]"),
        ("1. a\n   1. b\n      - c\n2. d", "ol1[li[p:a ol1[li[p:b ul[li[p:c]]]]] li[p:d]]"),
        ("3. a\n4. b", "ol3[li[p:a] li[p:b]]"),
        ("7) a", "ol7[li[p:a]]"),
        ("- a\n* b", "ul[li[p:a]] ul[li[p:b]]"),
        ("-\n- a", "ul[li li[p:a]]"),
        ("1. a\n```sh\nx\n```\n2. b", "ol1[li[p:a]] code(sh):'x\\n' ol2[li[p:b]]"),
        ("- a\n\n  ```sh\n  x\n  ```\n- b", "ul[li[p:a code(sh):'x\\n'] li[p:b]]"),
        ("- ```\n  x\n  ```\n  after", "ul[li[code():'x\\n' p:after]]"),
        ("- > q\n\n  after", "ul[li[quote[p:q] p:after]]"),
        ("- | a |\n  |---|\n  | 1 |\n\n  after", "ul[li[table[head[c:a] row[c:1]] p:after]]"),
        ("- a\n  ***\n  b", "ul[li[p:a rule p:b]]"),
    ],
)  # fmt: skip
def test_lists_hold_what_is_indented_under_them_tight_or_loose(text, expected):
    assert tree(parse(text.encode())) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# a #", "h1:a"),
        ("#a", "p:#a"),
        ("####### a", "p:####### a"),
        ("a\n===\nb\nc\n---", "h1:a h2:b c"),
        ("# `b` *c* [d](e) <i>f</i> &amp; \\* ~~g~~ <http://u>", "h1:b c d f & * g http://u"),
        ("## a {#b}", "h2:a {#b}"),
        ("# ![logo](x.png)b", "h1:b"),
        ("#", "h1:"),
        ("- # h\n  text\n- # k", "ul[li[h1:h p:text] li[h1:k]]"),
        ("- # h\n\n  text", "ul[li[h1:h p:text]]"),
        ("> ## h\n> text", "quote[h2:h p:text]"),
    ],
)
def test_headings_are_read_as_their_words_are_rendered(text, expected):
    assert tree(parse(text.encode())) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("> a\n>\n> - b\n>   > c", "quote[p:a ul[li[p:b quote[p:c]]]]"),
        ("> [!TIP]\n> a", "quote(tip)[p:a]"),
        ("> [!nope]\n> a", "quote[p:[!nope] > a]"),
        ("[^a]: x\n\n    y\n\nz[^a]", "footnote[p:x p:y] p:z[^a]"),
        ("- [ ] a\n- [x] b\n- [X] **c**\n- [] d", "ul[li☐[p:a] li☑[p:b] li☑[p:**c**] li[p:[] d]]"),
        ("- [x] a\n\n  b\n\n- [ ] c", "ul[li☑[p:a p:b] li☐[p:c]]"),
        ("|a|b|\n|-|:-:|\n|1|\\||\n|2|`x`|", "table[head[c:a c:b] row[c:1 c:\\|] row[c:2 c:`x`]]"),
        ("|a|b|\n|-|-|\n|1|\n|2|3|4|", "table[head[c:a c:b] row[c:1 c:] row[c:2 c:3]]"),
        ("***\n- - -", "rule rule"),
        ("<div>\n\n**b**\n</div>", "html p:**b** html"),
        ("term\n: a", "p:term : a"),
    ],
)
def test_quotes_footnotes_boxes_tables_and_html_are_blocks(text, expected):
    assert tree(parse(text.encode())) == expected


@pytest.mark.parametrize(
    ("text", "info", "content"),
    [
        ("```sh timeout=2h\nx\n```", "sh timeout=2h", "x\n"),
        ("~~~\nx", "", "x"),
        ("```\n```", "", ""),
        ("    x\n\n      y\n", "", "x\n\n  y\n"),
        ("1. a\n\n   ```sh\n   x\n     y\n   ```", "sh", "x\n  y\n"),
        ("> ```sh\n> x\n> ```", "sh", "x\n"),
        ("````\n```\n````", "", "```\n"),
        ("```sh\r\nx\r\n```\r\n", "sh", "x\n"),
        ("```{note}\nx\n```", "{note}", "x\n"),
    ],
)
def test_code_is_kept_without_its_indentation_and_knows_where_it_begins(text, info, content):
    document = parse(text.encode())
    (index,) = document.codes
    block = document.blocks[index]
    assert (block.info, block.text) == (info, content)
    first = content.split("\n")[0]
    assert block.level == (text.encode().index(b"x") if "x" in first else text.index("```\n```") + 4 if content else -1)


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("[a](b.md) [a](<b c.md> 't')", [("b.md", "inline", "[a](b.md)"), ("b c.md", "inline", "[a](<b c.md> 't')")]),
        ("[a] [a][] [x][A]\n\n[a]: z.md", [("z.md", "reference", "[a]"), ("z.md", "reference", "[a]"),
                                           ("z.md", "reference", "[x][A]")]),
        ("![a](b.png)", [("b.png", "image", "![a](b.png)")]),
        ("[![c](d)](e)", [("e", "inline", "[![c](d)](e)"), ("d", "image", "![c](d)")]),
        ("<http://a.b> <c@d.e>", [("http://a.b", "autolink", "<http://a.b>"), ("mailto:c@d.e", "autolink", "<c@d.e>")]),
        ("[a\nb](c.md)", [("c.md", "inline", "[a\nb](c.md)")]),
        ("[a](b\\_c.md) [a](b&amp;c.md)", [("b_c.md", "inline", "[a](b\\_c.md)"), ("b&c.md", "inline", "[a](b&amp;c.md)")]),
        ("`[a](b)` \\[a](b) [a]: unused.md\n\n    [a](b)", []),
        ("# [a](b)\n\n| [c](d) |\n|---|", [("b", "inline", "[a](b)"), ("d", "inline", "[c](d)")]),
        ("é [a](b)", [("b", "inline", "[a](b)")]),
    ],
)  # fmt: skip
def test_links_are_found_with_their_addresses_as_resolved(text, links):
    document = parse(text.encode())
    found = [(link.href, link.form, document.source(link.start, link.end)) for link in document.links]
    assert sorted(found) == sorted(links)


@pytest.mark.parametrize(
    ("text", "names", "links"),
    [
        ("<a id='x'></a> <a name=y>z</a> <i ID=\"w\">", ["x", "y", "w"], []),
        ("<div id=\"x\">\n\ntext\n\n</div>", ["x"], []),
        ("a <a href='b.md'>x</a> <img src=\"c.png\"> <a href=d.md>x</a>", [], ["b.md", "c.png", "d.md"]),
        ("<p>\n<a\n  href=\"two.md\"\n  id=\"lines\">x</a>\n</p>", ["lines"], ["two.md"]),
        ("<A NAME='q' HREF='w.md'>x</A>", ["q"], ["w.md"]),
        ("<a href=\"a.md?b&amp;c\">", [], ["a.md?b&c"]),
        ("<a data-id='x' xhref='y'>", [], []),
        ("`<a id='code' href='x'>`\n\n```\n<a id='code' href='x'>\n```", [], []),
        ("<!-- <a id='x' href='gone.md'> -->", [], []),
        ("<!--\n<a id='x'>\n<a href='gone.md'>\n-->\n\n<a id='y'>", ["y"], []),
        ("<!-- é --> <a id='k' href='l.md'></a>", ["k"], ["l.md"]),
        ("a <!-- <a id='y'> --> <a id='z'>", ["z"], []),
    ],
)
def test_html_gives_its_anchors_and_links_unless_commented_out(text, names, links):
    document = parse(text.encode())
    assert document.html_names == names
    assert [link.href for link in document.links] == links
    for link in document.links:
        assert document.source(link.start, link.end).lower().startswith(("<a", "<img"))


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("**A:** b\n**C**: d", ["**A:**", "**C**"]),
        ("a **b** c", []),
        ("- **A:** b\n- c **d**", ["**A:**"]),
        ("1. [x] **A:** b", ["**A:**"]),
        ("> **A:** b", ["**A:**"]),
        ("| **A** | b **c** |\n|---|---|", ["**A**"]),
        ("a  \n**B:** c", ["**B:**"]),
        ("a\\\n__B:__ c", ["__B:__"]),
        ("***A:** b*", ["**A:** b"]),
    ],
)
def test_a_strong_phrase_is_kept_where_it_opens_a_line(text, labels):
    document = parse(text.encode())
    assert [document.source(start, end) for start, end in document.strongs] == labels[: len(document.strongs)]
    assert len(document.strongs) == (0 if labels == ["**A:** b"] else len(labels))


@pytest.mark.parametrize(
    ("raw", "front", "form", "rest"),
    [
        (b"---\na: 1\n---\n# H", "a: 1\n", "yaml", "h1:H"),
        (b"+++\na = 1\n+++\n# H", "a = 1\n", "toml", "h1:H"),
        (b"---  \r\na: 1\r\n---\t\r\n# H", "a: 1\r\n", "yaml", "h1:H"),
        (b"\xef\xbb\xbf---\na: 1\n---\n# H", "a: 1\n", "yaml", "h1:H"),
        (b"---\na: 1\n...\n# H", "a: 1\n", "yaml", "h1:H"),
        (b"---\na: 1\n---", "a: 1\n", "yaml", ""),
        (b"---\n---\n# H", "", "yaml", "h1:H"),
        (b"---\na: |\n  # no heading\n  ---\n---\n# H", "a: |\n  # no heading\n  ---\n", "yaml", "h1:H"),
        (b"+++\na = 1\n...\n# H", "", "", "p:+++ a = 1 ... h1:H"),
        (b"---\nnever closed\n\n# H", "", "", "rule p:never closed h1:H"),
        (b"---x\na\n---\n", "", "", "h2:---x a"),
        (b"----\na\n\n----\n", "", "", "rule p:a rule"),
        (b"# A\n\n---\nx: 1\n\n---\n\ntext", "", "", "h1:A rule p:x: 1 rule p:text"),
        (b"\n---\na: 1\n\n---\n", "", "", "rule p:a: 1 rule"),
    ],
)
def test_front_matter_stands_on_the_first_line_and_nowhere_else(raw, front, form, rest):
    document = parse(raw)
    assert (document.front, document.front_form, tree(document)) == (front, form, rest)
    assert document.source(document.front_start, document.front_start + len(front)) == front


@pytest.mark.parametrize(
    ("raw", "wanted", "line", "column"),
    [
        (b"# A\n\nb [c](d)", b"[c]", 3, 3),
        ("é𝕏 [c](d)".encode(), b"[c]", 1, 4),
        (b"\xef\xbb\xbf[c](d)", b"[c]", 1, 1),
        (b"\xef\xbb\xbfa\n b [c](d)", b"[c]", 2, 4),
        (b"\ta [c](d)", b"[c]", 1, 4),
        (b"a\r\n\r\nb [c](d)\r\n", b"[c]", 3, 3),
        (b"\xff\xfe [c](d)", b"[c]", 1, 4),
        (b"\x00 [c](d)", b"[c]", 1, 3),
        (b"---\na: 1\n---\n[c](d)", b"[c]", 4, 1),
    ],
)
def test_a_place_is_told_by_line_and_by_column_in_code_points(raw, wanted, line, column):
    start = raw.index(wanted)
    span = parse(raw).span("a.md", start, start + 3)
    assert (span.line, span.column, span.start, span.end) == (line, column, start, start + 3)


def test_links_and_blocks_keep_their_places_whatever_stands_before_them():
    for before in (b"", b"\xef\xbb\xbf", b"---\na: 1\n---\n", b"\xef\xbb\xbf---\r\na\r\n---\r\n", b"\xff\xfe\n\n", b"\x00\n\n"):
        raw = before + b"# H\n\nb [c](d)\n"
        document = parse(raw)
        (link,) = document.links
        assert raw[link.start : link.end] == b"[c](d)", before
        assert raw[document.headings[0].start :].startswith(b"# H")


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"a\xffb", "a?b"), (b"\xff\xfe", "??"), (b"a\xf0\x9f\x92b", "a???b"), (b"\xc3(", "?("), ("é".encode(), "é"),
        (b"\xed\xa0\x80", "???"), (b"\xf4\x90\x80\x80", "????"),
    ],
)  # fmt: skip
def test_a_byte_that_is_no_text_is_read_as_one_question_mark(raw, shown):
    document = parse(raw)
    assert document.content.decode() == shown
    assert len(document.content) == len(raw)
    assert document.is_valid_utf8 == (shown.encode() == raw)


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\r"])
def test_line_endings_of_every_kind_end_lines(ending):
    document = parse(ending.join([b"# A", b"", b"- b", b"- c", b"", b"d"]))
    assert tree(document) == "h1:A ul[li[p:b] li[p:c]] p:d"
