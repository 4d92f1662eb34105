"""The events of a page's Markdown to HTML, block by block; what stands in a block is written by `phrases`.

Writes marks for attributes of its own (see `marks`), never recurses, and closes what it opens in order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from opsbook.book.page import Page
from opsbook.book.rendering.footnotes import Footnotes
from opsbook.book.rendering.insets import Waiting
from opsbook.book.rendering.leads import Leads
from opsbook.book.rendering.marks import Marks
from opsbook.book.rendering.names import Names, id_attribute
from opsbook.book.rendering.phrases import Phrases
from opsbook.book.rendering.raw_html import RawHtml
from opsbook.book.rendering.stack import Stack
from opsbook.book.rendering.text import escape

_LANGUAGE = re.compile(r"[A-Za-z0-9_+#.-]{1,40}")
_OWN_ID = re.compile(r"\s*\{:?[^{}#]*#[^\s{}]+[^{}]*\}$")
_ALIGNED = {"Left": "left", "Center": "center", "Right": "right"}
_HOLDERS = frozenset({"item", "quote", "footnote", ""})  # blocks begin in these, and so do pieces between blocks


class Writer:
    """Writes one page, or the part of it that the events are of."""

    def __init__(self, page: Page, leads: Leads, names: Names, *, waiting: Waiting, marks: Marks) -> None:
        self.has_diagram = False
        self.has_html = False
        self._page = page
        self._names = names
        self._waiting = waiting
        self._marks = marks
        self._stack = Stack()
        self._phrases = Phrases(self._stack, leads, marks, {field.start for field in page.fields})
        self._raw = RawHtml(self._stack, self._phrases.image)
        self._footnotes = Footnotes(marks, names)
        self._headings = {heading.start: at for at, heading in enumerate(page.document.headings)}
        self._heading_id = ""
        self._code: list[str] | None = None
        self._code_start = (0, "")  # where the code block at hand begins, and its language
        self._html: list[str] | None = None
        self._columns: list[str] = []  # the alignments of the table at hand
        self._column = 0
        self._is_head = False
        self._item_mark = -1  # the number of the last item's mark
        self._line = (0, 1)  # a byte, and its line
        self._outer: list[tuple[str, list[str]]] = []  # the footnotes begun, and what was written to before

    def write(self, events: Iterable[tuple[Any, Any]]) -> str:
        """The HTML with marks in it, not yet cleaned."""
        for event, place in events:
            if type(event) is str:
                if event == "Rule":
                    self._rule(place["start"], place["end"])
                else:
                    self._phrases.line_break(event == "HardBreak")
                continue
            name, detail = next(iter(event.items()))
            if name == "Text":
                if self._code is not None:
                    self._code.append(detail)
                else:
                    self._phrases.text(detail)
            elif name == "Start":
                self._start(detail, place["start"])
            elif name == "End":
                self._end(detail if type(detail) is str else next(iter(detail)), place["end"])
            else:
                self._other(name, detail)
        while not self._stack.is_empty:
            self._stack.pop()
        self._put_after(1 << 61)
        return "".join(self._stack.out) + self._footnotes.section()

    def _other(self, name: str, detail: Any) -> None:
        if name == "Code":
            self._phrases.code(detail)
        elif name == "Html":
            if self._html is not None:
                self._html.append(detail)
        elif name == "InlineHtml":
            self.has_html = True
            self._phrases.html(self._raw, detail)
        elif name == "TaskListMarker":
            self._tick(detail)
        elif name == "FootnoteReference" and not self._phrases.is_in_image:
            self._put(self._footnotes.reference(detail))

    def _start(self, begun: Any, start: int) -> None:
        name, detail = (begun, None) if type(begun) is str else next(iter(begun.items()))
        opener = _STARTS.get(name)
        if opener is None:
            self._phrases.start(name, detail, start)
            return
        if start > self._waiting.first and self._stack.inside in _HOLDERS:
            self._put(self._waiting.inside(start, "span"))  # of the text of an item, before its first block
            self._put_after(start)
        opener(self, detail, start)

    def _end(self, name: str, end: int) -> None:
        closer = _ENDS.get(name)
        if closer is None:
            self._phrases.end(name)
        else:
            closer(self, end)

    def _put(self, html: str) -> None:
        if html:
            self._stack.out.append(html)

    def _put_inside(self, end: int) -> None:
        if end > self._waiting.first:
            self._stack.close_raw()
            self._put(self._waiting.inside(end, "span"))

    def _put_after(self, end: int) -> None:
        if end > self._waiting.first:
            self._put(self._waiting.after(end))

    def _at(self, start: int) -> str:
        """The attributes of a block that begins at a byte: the first of each line can be linked to."""
        attributes = self._names.of_line(self._line_of(start))
        return self._marks.mark(attributes) if attributes else ""

    def _line_of(self, offset: int) -> int:
        """The line of a byte, counted on from the last one asked for."""
        begin, line = self._line
        if offset < begin:
            begin, line = 0, 1
        line += self._page.document.content.count(b"\n", begin, offset)
        self._line = (offset, line)
        return line

    # -- paragraphs, headings, rules, quotes ------------------------------------------------------------------

    def _paragraph(self, _: Any, start: int) -> None:
        self._stack.push("paragraph", f"<p{self._at(start)}>", "</p>\n")

    def _end_paragraph(self, end: int) -> None:
        self._put_inside(end)
        self._stack.pop()
        self._put_after(end)

    def _heading(self, detail: Any, start: int) -> None:
        index = self._headings.get(start, -1)
        self._heading_id, others = self._names.heading(index) if index >= 0 else ("", ())
        line = self._names.of_line(self._line_of(start))
        level = detail["level"][1]
        holder = self._marks.mark(f'class="headline"{line}')
        opening = f"<div{holder}>"
        opening += "".join(f"<span{self._marks.mark(id_attribute(name))}></span>" for name in others)
        identity = id_attribute(self._heading_id)
        opening += f"<h{level}{self._marks.mark(identity) if identity else ''}>"
        self._stack.push("heading", opening, f"</h{level}>")

    def _end_heading(self, end: int) -> None:
        out = self._stack.out
        if out and out[-1].endswith("}"):
            out[-1] = _OWN_ID.sub("", out[-1])
        self._stack.pop()
        if self._heading_id:
            prefixed = id_attribute(self._names.prefixed(self._heading_id))
            link = f'class="anchor" href="#{escape(self._heading_id)}"{prefixed} aria-label="Link to this section"'
            self._put(f"<a{self._marks.mark(link)}>#</a>")
        if end > self._waiting.first:
            self._put(self._waiting.inside(end, "div"))
        self._put("</div>\n")
        self._put_after(end)

    def _rule(self, start: int, end: int) -> None:
        if start > self._waiting.first and self._stack.inside in _HOLDERS:
            self._put_after(start)
        self._put(f"<hr{self._at(start)}>\n")
        self._put_after(end)

    def _quote(self, alert: Any, start: int) -> None:
        line = self._names.of_line(self._line_of(start))
        if alert:
            mark = self._marks.mark(f'class="alert" data-alert="{alert.lower()}" role="note"{line}')
            title = self._marks.mark('class="alert-title"')
            self._stack.push("quote", f"<div{mark}>\n<p{title}>{alert}</p>\n", "</div>\n")
        else:
            self._stack.push("quote", f"<blockquote{self._marks.mark(line) if line else ''}>\n", "</blockquote>\n")

    def _end_holder(self, end: int) -> None:
        self._stack.close_raw()
        self._put_after(end)
        self._stack.pop()

    # -- lists ------------------------------------------------------------------------------------------------

    def _list(self, first: Any, _: int) -> None:
        if first is None:
            self._stack.push("list", "<ul>\n", "</ul>\n")
        else:
            start = self._marks.mark(f'start="{first}"') if first != 1 else ""
            self._stack.push("list", f"<ol{start}>\n", "</ol>\n")

    def _end_list(self, _: int) -> None:
        self._stack.pop()

    def _item(self, _: Any, start: int) -> None:
        mark = self._marks.mark(self._names.of_line(self._line_of(start)))
        self._item_mark = len(self._marks.attributes) - 1
        self._stack.push("item", f"<li{mark}>", "</li>\n")

    def _end_item(self, end: int) -> None:
        self._put_inside(end)
        self._end_holder(end)

    def _tick(self, is_done: bool) -> None:
        self._marks.attributes[self._item_mark] += ' class="task-list-item"'
        state = ' checked aria-label="Done"' if is_done else ' aria-label="Not done"'
        mark = self._marks.mark(f'type="checkbox" disabled{state}')
        self._put(f"<input{mark}> ")

    # -- tables -----------------------------------------------------------------------------------------------

    def _table(self, alignments: Any, start: int) -> None:
        self._columns = [_ALIGNED.get(alignment, "") for alignment in alignments]
        attributes = f'class="scroller" tabindex="0" role="group" aria-label="Table"{self._line_only(start)}'
        mark = self._marks.mark(attributes)
        self._stack.push("table", f"<div{mark}><table>\n", "</table></div>\n")

    def _line_only(self, start: int) -> str:
        return self._names.of_line(self._line_of(start))

    def _end_table(self, end: int) -> None:
        self._stack.pop()  # its body
        self._stack.pop()
        self._put_after(end)

    def _head(self, _: Any, start: int) -> None:
        self._is_head, self._column = True, 0
        self._stack.push("head", f"<thead><tr{self._at(start)}>", "</tr></thead>\n")

    def _end_head(self, end: int) -> None:
        self._stack.pop()
        self._is_head = False
        self._stack.push("body", "<tbody>\n", "</tbody>\n")
        self._put_row_after(end)

    def _row(self, _: Any, start: int) -> None:
        self._column = 0
        self._stack.push("row", f"<tr{self._at(start)}>", "</tr>\n")

    def _end_row(self, end: int) -> None:
        self._stack.pop()
        self._put_row_after(end)

    def _put_row_after(self, end: int) -> None:
        if end > self._waiting.first and (html := self._waiting.after(end)):
            row, cell = self._marks.mark('class="inset"'), self._marks.mark(f'colspan="{len(self._columns) or 1}"')
            self._put(f"<tr{row}><td{cell}>{html}</td></tr>\n")

    def _cell(self, _: Any, start: int) -> None:
        side = self._columns[self._column] if self._column < len(self._columns) else ""
        self._column += 1
        tag = "th" if self._is_head else "td"
        mark = self._marks.mark(f'class="{side}"') if side else ""
        self._stack.push("cell", f"<{tag}{mark}>", f"</{tag}>")

    def _end_cell(self, end: int) -> None:
        if self._column >= len(self._columns):
            self._put_inside(end)
        self._stack.pop()

    # -- code, HTML, footnotes --------------------------------------------------------------------------------

    def _code_block(self, form: Any, start: int) -> None:
        written = form["Fenced"].lstrip() if type(form) is dict else ""
        language = _LANGUAGE.match(written)
        self._code = []
        self._code_start = (start, language.group() if language else "")

    def _end_code(self, end: int) -> None:
        text, self._code = "".join(self._code or ()), None
        start, language = self._code_start
        line = self._line_only(start)
        if language.lower() == "mermaid":
            self.has_diagram = True
            figure = self._marks.mark(f'class="diagram" data-diagram="mermaid"{line}')
            code = ""
        else:
            named = f' data-language="{language}"' if language else ""
            figure = self._marks.mark(f'class="code" data-copy{named}{line}')
            code = self._marks.mark(f'class="language-{language}"') if language else ""
        pre = self._marks.mark('tabindex="0"')
        self._put(f"<figure{figure}><pre{pre}><code{code}>{escape(text)}</code></pre></figure>\n")
        self._put_after(end)

    def _html_block(self, _: Any, __: int) -> None:
        self.has_html = True
        self._html = []

    def _end_html(self, end: int) -> None:
        html, self._html = "".join(self._html or ()), None
        self._raw.write(html)
        self._stack.end_formatting()
        self._put_after(end)

    def _footnote(self, name: Any, _: int) -> None:
        self._outer.append((name, self._stack.out))
        self._stack.out = []
        self._stack.push("footnote", "", "")

    def _end_footnote(self, end: int) -> None:
        self._end_holder(end)
        name, out = self._outer.pop()
        self._footnotes.define(name, "".join(self._stack.out))
        self._stack.out = out


_STARTS: dict[str, Callable[[Writer, Any, int], None]] = {
    "Paragraph": Writer._paragraph,
    "Heading": Writer._heading,
    "BlockQuote": Writer._quote,
    "List": Writer._list,
    "Item": Writer._item,
    "Table": Writer._table,
    "TableHead": Writer._head,
    "TableRow": Writer._row,
    "TableCell": Writer._cell,
    "CodeBlock": Writer._code_block,
    "HtmlBlock": Writer._html_block,
    "FootnoteDefinition": Writer._footnote,
}
_ENDS: dict[str, Callable[[Writer, int], None]] = {
    "Paragraph": Writer._end_paragraph,
    "Heading": Writer._end_heading,
    "BlockQuote": Writer._end_holder,
    "List": Writer._end_list,
    "Item": Writer._end_item,
    "Table": Writer._end_table,
    "TableHead": Writer._end_head,
    "TableRow": Writer._end_row,
    "TableCell": Writer._end_cell,
    "CodeBlock": Writer._end_code,
    "HtmlBlock": Writer._end_html,
    "FootnoteDefinition": Writer._end_footnote,
}
