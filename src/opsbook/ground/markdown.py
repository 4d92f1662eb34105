"""Text to located blocks: the one reader of Markdown. It never raises and never looks at the disk.

CommonMark with GitHub's tables, task lists, footnotes and alerts, by pyromark (pulldown-cmark). The blocks are a
flat list in reading order; nesting is held by the byte ranges alone, so 50,000 nested quotes cost no recursion
here or in whoever walks the list.
"""

from __future__ import annotations

import codecs
import re
from bisect import bisect_left
from collections.abc import Iterator
from typing import Any

import pyromark
from msgspec import Struct

from opsbook.ground.errors import Span

OPTIONS = (
    pyromark.Options.ENABLE_TABLES
    | pyromark.Options.ENABLE_TASKLISTS
    | pyromark.Options.ENABLE_FOOTNOTES
    | pyromark.Options.ENABLE_STRIKETHROUGH
    | pyromark.Options.ENABLE_GFM
)
_BOM = b"\xef\xbb\xbf"
# Front matter opens on the first line only; pulldown-cmark would also take `---` pairs further down for metadata,
# which every code host shows as rules, so the fence is found here and blanked out before the parse.
_FRONT = re.compile(rb"(?:---|\+\+\+)[ \t]*\r?\n")
# Below this size counting line feeds from the start is faster than keeping a table of line starts.
_TABLE_FROM_BYTES = 65_536


class Block(Struct, gc=False):
    """One block: `kind`, byte range [start, end), and what the kind needs.

    heading: `level` 1–6, `text` its words as rendered, with the space behind an image or tag that opens it. code:
    `info`, `text` its content without indentation, `level` the byte where the content starts (-1 when empty), fenced
    when the source has a fence. list: `level` the first number, -1 for bullets. item: `level` 0, or 1 for an open and 2
    for a ticked task. quote: `info` the kind of alert. Others: paragraph, table, head, row, cell, html, rule, footnote.
    """

    kind: str
    start: int
    end: int
    level: int = 0
    text: str = ""
    info: str = ""


class Link(Struct, frozen=True, gc=False):
    """A link, image or HTML reference: `href` as written (resolved through its definition), byte range [start, end).

    `form` is inline, reference, autolink, image or html.
    """

    href: str
    start: int
    end: int
    form: str


class Document:
    """A parsed page. Offsets in it are bytes of `content`, which has the length and the lines of the file."""

    __slots__ = (
        "_last_column",
        "_line_starts",
        "_starts",
        "begin",
        "blocks",
        "codes",
        "content",
        "front",
        "front_form",
        "front_start",
        "headings",
        "html_names",
        "is_valid_utf8",
        "links",
        "ordered",
        "strongs",
        "tables",
        "tasks",
    )

    def __init__(self, content: bytes, is_valid_utf8: bool) -> None:
        self.content = content
        self.is_valid_utf8 = is_valid_utf8
        self.begin = 0  # where Markdown begins, behind a byte order mark and front matter
        self.front = ""
        self.front_form = ""
        self.front_start = 0
        self.blocks: list[Block] = []
        self.headings: list[Block] = []
        self.codes: list[int] = []
        self.ordered: list[int] = []
        self.tables: list[int] = []
        self.tasks: list[int] = []
        self.links: list[Link] = []
        self.strongs: list[tuple[int, int]] = []
        self.html_names: list[str] = []
        self._starts: list[int] | None = None
        self._line_starts: list[int] | None = None
        self._last_column = (0, 0)  # a byte and the code points before it on its line

    def source(self, start: int, end: int) -> str:
        """The text between two byte offsets, as written."""
        return self.content[start:end].decode("utf-8", "replace")

    def line(self, offset: int) -> int:
        """The 1-based line that holds the byte `offset`."""
        if len(self.content) < _TABLE_FROM_BYTES:
            return self.content.count(b"\n", 0, offset) + 1
        if self._line_starts is None:
            self._line_starts = [match.end() for match in re.finditer(b"\n", self.content)]
        return bisect_left(self._line_starts, offset + 1) + 1

    def span(self, path: str, start: int, end: int) -> Span:
        """The place of a byte range in the file that this document was read from."""
        return Span(path, self.line(start), self._column(start), start, end)

    def _column(self, offset: int) -> int:
        """The 1-based column of a byte in code points, counted on from the last one asked for where that stands before
        it: a page may be one line of megabytes, with a finding on every word."""
        content = self.content
        begin, column = self._last_column
        if begin > offset:
            begin = 0
        newline = content.rfind(b"\n", begin, offset)
        if newline >= 0:
            begin, column = newline + 1, 0
        elif begin == 0:
            column = -1 if content.startswith(_BOM) else 0
        column += len(content[begin:offset].decode("utf-8", "replace"))
        if offset < len(content) and content[offset] & 0xC0 != 0x80:  # never from the middle of a character
            self._last_column = (offset, column)
        return max(column, 0) + 1

    def stop(self, index: int) -> int:
        """The index just after the last block inside block `index`."""
        return self.index_at(self.blocks[index].end, index + 1)

    def index_at(self, offset: int, low: int = 0) -> int:
        """The index of the first block at or after `low` that starts at or after the byte `offset`."""
        if self._starts is None:
            self._starts = [block.start for block in self.blocks]
        return bisect_left(self._starts, offset, low)

    def children(self, low: int, high: int) -> Iterator[int]:
        """Indices of the outermost blocks between two indices, in order."""
        while low < high:
            yield low
            low = self.stop(low)

    def inside(self, index: int) -> Iterator[int]:
        """Indices of the blocks directly inside block `index`, in order."""
        return self.children(index + 1, self.stop(index))


def parse(raw: bytes) -> Document:
    """The blocks of a page, whatever its bytes: invalid UTF-8 is read as `?`, a byte for a byte."""
    content, text, is_valid = _decode(raw)
    document = Document(content, is_valid)
    front_end = document.begin = _read_front(document)
    if front_end:
        text = blanked(content, front_end)
    try:
        _read_blocks(document, text)
    except BaseException as wrong:
        # A panic inside the parser arrives as pyo3's PanicException, which is no Exception; nothing else is ours.
        if type(wrong).__name__ != "PanicException":
            raise
        document.blocks.append(Block("paragraph", front_end, len(content)))
    return document


def blanked(content: bytes, begin: int) -> str:
    """The text with its first bytes blanked: as many bytes, so that every range still points into the file."""
    return " " * (begin - 1) + "\n" + content[begin:].decode("utf-8") if begin else content.decode("utf-8")


def _decode(raw: bytes) -> tuple[bytes, str, bool]:
    try:
        return raw, raw.decode("utf-8"), True
    except UnicodeDecodeError:
        text = raw.decode("utf-8", "opsbook-byte-for-byte")
        return text.encode("utf-8"), text, False


def _question_mark(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return "?" * (error.end - error.start), error.end


codecs.register_error("opsbook-byte-for-byte", _question_mark)


def _read_front(document: Document) -> int:
    """Fills the document's front matter; returns where the rest begins (after a byte order mark at least)."""
    content = document.content
    begin = len(_BOM) if content.startswith(_BOM) else 0
    if content[begin : begin + 3] not in (b"---", b"+++"):
        return begin
    opening = _FRONT.match(content, begin)
    if opening is None:
        return begin
    mark = content[begin : begin + 3]
    closing = re.compile(rb"^(?:" + re.escape(mark) + (rb"|\.\.\." if mark == b"---" else b"") + rb")[ \t]*\r?$", re.M)
    found = closing.search(content, opening.end())
    if found is None:
        return begin
    document.front = document.source(opening.end(), found.start())
    document.front_form = "yaml" if mark == b"---" else "toml"
    document.front_start = opening.end()
    return min(found.end() + 1, len(content))


# What each block event becomes; whatever is not here is inline. Containers have no text of their own: text met
# directly inside one (tight list items) gets a paragraph made for it.
_BLOCKS = {
    "Paragraph": "paragraph",
    "Heading": "heading",
    "CodeBlock": "code",
    "List": "list",
    "Item": "item",
    "Table": "table",
    "TableHead": "head",
    "TableRow": "row",
    "TableCell": "cell",
    "HtmlBlock": "html",
    "BlockQuote": "quote",
    "FootnoteDefinition": "footnote",
}
_CONTAINERS = frozenset({"list", "item", "quote", "footnote", "rule"})
_TEXTED = frozenset({"heading", "code"})
_NOBODY = Block("", -1, -1)


def _read_blocks(document: Document, text: str) -> None:
    """Fills the document. One hot loop: End events are passed over, since ranges say where things end."""
    blocks = document.blocks
    leaf: Block | None = None  # the paragraph made for a tight item, while it is open
    leaf_end = -1  # inline events before this byte belong to a leaf block that was announced
    last_end = -1  # where the furthest inline event ended
    is_fresh = False  # nothing yet on this line of the paragraph: a Strong here may be a label
    current = _NOBODY
    words: list[str] = []
    limit = len(document.content) + 1
    events: Iterator[Any] = pyromark.events_with_range(text, options=OPTIONS, merge_text=True)
    for event, place in events:
        begun: Any = None
        kind: str | None = None
        if type(event) is str:
            if event != "Rule":  # a soft or hard break
                is_fresh = True
                words.append(" ")
                continue
            kind = "rule"
        elif "End" in event:
            continue
        elif "Start" in event:
            begun = event["Start"]
            kind = _BLOCKS.get(begun if type(begun) is str else next(iter(begun)))
        elif "TaskListMarker" in event:
            _tick(document, event["TaskListMarker"])
            continue
        if kind is not None:
            if leaf is not None or current.kind == "heading":
                _close(leaf, current, last_end, words)
                leaf = None
            current = Block(kind, place["start"], place["end"])
            if type(begun) is dict:
                _detail(document, current, begun)
            elif kind == "html":  # whole, for its tags and comments reach over lines
                _note_html(document, document.source(current.start, current.end), current.start)
            elif kind == "cell" and current.start == current.end:
                _keep_in_row(document, current)
            blocks.append(current)
            words = []
            leaf_end = -1 if kind in _CONTAINERS else current.end
            is_fresh = True
            continue
        start, end = place["start"], place["end"]
        if start >= leaf_end:
            _close(leaf, current, last_end, words)
            leaf = current = Block("paragraph", start, start)
            blocks.append(leaf)
            leaf_end = limit
            is_fresh = True
        if end > last_end:
            last_end = end
        if begun is not None:
            _note_inline(document, begun, place, is_fresh)
        elif current.kind in _TEXTED or ("Text" not in event and "Code" not in event):
            _add_text(document, current, words, (event, start))
        is_fresh = False
    _close(leaf, current, last_end, words)


def _close(leaf: Block | None, current: Block, last_end: int, words: list[str]) -> None:
    """Ends what was open: a made paragraph where its last text ended, a heading with its words."""
    if leaf is not None:
        leaf.end = last_end
    elif current.kind == "heading":
        current.text = "".join(words)


def _keep_in_row(document: Document, cell: Block) -> None:
    """Moves a cell that a short row lacks, which the parser adds behind the row, to the row's last character."""
    row = next(block for block in reversed(document.blocks) if block.kind in ("row", "head"))
    if cell.start < row.end:
        return
    at = row.end - 1
    while document.content[at] & 0xC0 == 0x80:
        at -= 1
    cell.start = cell.end = max(at, document.blocks[-1].start)


def _detail(document: Document, block: Block, begun: dict[str, Any]) -> None:
    """Fills in what a block needs besides its place; it is about to become the last of the document."""
    kind = block.kind
    index = len(document.blocks)
    if kind == "heading":
        block.level = int(begun["Heading"]["level"][1])
        document.headings.append(block)
    elif kind == "list":
        first = begun["List"]
        block.level = -1 if first is None else first
        if first is not None:
            document.ordered.append(index)
    elif kind == "code":
        form = begun["CodeBlock"]
        block.level = -1
        block.info = form["Fenced"] if type(form) is dict else ""
        document.codes.append(index)
    elif kind == "table":
        document.tables.append(index)
    elif kind == "quote":
        block.info = (begun["BlockQuote"] or "").lower()


def _add_text(document: Document, block: Block, words: list[str], found: tuple[Any, int]) -> None:
    """Text, inline code, HTML: kept where a heading or a code block is made of it, else only looked through."""
    event, start = found
    kind = block.kind
    if kind == "heading":
        last = document.links[-1] if document.links else None
        if last is None or last.form != "image" or start >= last.end:  # what an image shows instead is no text
            words.append(event.get("Text") or event.get("Code") or "")
    elif kind == "code":
        if block.level < 0:
            block.level = start
        block.text += event["Text"]
    if "InlineHtml" in event:
        _note_html(document, event["InlineHtml"], start)


def _tick(document: Document, is_done: bool) -> None:
    """Marks the item that a task box opens: the last block, or the one before its first paragraph."""
    blocks = document.blocks
    for index in range(len(blocks) - 1, max(len(blocks) - 4, -1), -1):
        if blocks[index].kind == "item":
            blocks[index].level = 2 if is_done else 1
            document.tasks.append(index)
            return


def _note_inline(document: Document, begun: Any, place: Any, is_fresh: bool) -> None:
    if begun == "Strong":
        if is_fresh:
            document.strongs.append((place["start"], place["end"]))
        return
    if type(begun) is not dict:
        return
    name, detail = next(iter(begun.items()))
    if name == "Link":
        form = _LINK_FORMS.get(detail["link_type"], "reference")
        href = f"mailto:{detail['dest_url']}" if detail["link_type"] == "Email" else detail["dest_url"]
        document.links.append(Link(href, place["start"], place["end"], form))
    elif name == "Image":
        document.links.append(Link(detail["dest_url"], place["start"], place["end"], "image"))


_LINK_FORMS = {"Inline": "inline", "Autolink": "autolink", "Email": "autolink"}


def _note_html(document: Document, html: str, start: int) -> None:
    """Takes anchors and links out of HTML that begins at `start`."""
    from opsbook.ground import html_tags  # most pages hold no HTML

    html = html_tags.without_comments(html)
    document.html_names.extend(html_tags.names(html))
    for href, begin, end in html_tags.links(html):
        document.links.append(Link(href, start + begin, start + end, "html"))
