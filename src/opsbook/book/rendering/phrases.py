"""What stands in a block: text, code, emphasis, links, images. Knows no block."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from opsbook.book.rendering.leads import Leads, host_of
from opsbook.book.rendering.marks import Marks
from opsbook.book.rendering.raw_html import RawHtml
from opsbook.book.rendering.stack import Stack
from opsbook.book.rendering.text import escape, has_address, pieces

_TAGS = {"Emphasis": "em", "Strong": "strong", "Strikethrough": "del", "Superscript": "sup", "Subscript": "sub"}


class Phrases:
    """Writes the inline events; `labels` are the bytes where bold labels begin, each on a line of its own."""

    def __init__(self, stack: Stack, leads: Leads, marks: Marks, labels: Collection[int]) -> None:
        self._stack = stack
        self._leads = leads
        self._marks = marks
        self._labels = labels
        self._links: list[tuple[int, str]] = []  # of each open link, where its words begin in `out`, and its address
        self._images: list[tuple[str, str]] = []  # of each open image its address and title
        self._alt: list[str] = []  # the words in it, which are text whatever they are
        self._break_at = -1  # where in `out` the last soft break stands

    @property
    def is_in_image(self) -> bool:
        """Whether what comes is the text of an image."""
        return bool(self._images)

    def text(self, text: str) -> None:
        if self._images:
            self._alt.append(text)
        elif self._links or not has_address(text):
            self._stack.out.append(escape(text))
        else:
            for words, address in pieces(text):
                lead = self._leads.of(address) if address else None
                if lead is None or not lead.href:
                    self._stack.out.append(escape(words))
                else:
                    self._stack.out.append(f"<a{self._marks.mark(lead.attributes())}>{escape(words)}</a>")

    def code(self, text: str) -> None:
        if self._images:
            self._alt.append(text)
        else:
            self._stack.out.append(f"<code>{escape(text)}</code>")

    def html(self, raw: RawHtml, html: str) -> None:
        if not self._images:
            raw.write(html)

    def line_break(self, is_hard: bool) -> None:
        """A line ends. On GitHub only a hard break shows; here a label begins a line too, which `start` sees to."""
        if self._images:
            self._alt.append(" ")
            return
        self._break_at = -1 if is_hard else len(self._stack.out)
        self._stack.out.append("<br>\n" if is_hard else "\n")

    def start(self, name: str, detail: Any, at: int) -> None:
        """Opens what an event at byte `at` begins."""
        if name == "Image":
            self._images.append((detail["dest_url"], detail["title"]))
        elif self._images:
            return
        elif name == "Link":
            self._link(detail)
        elif name in _TAGS:
            out = self._stack.out
            if at in self._labels and self._break_at == len(out) - 1 and out:
                out[-1] = "<br>\n"
            self._stack.push(name, f"<{_TAGS[name]}>", f"</{_TAGS[name]}>")

    def end(self, name: str) -> None:
        if name == "Image":
            href, title = self._images.pop()
            if not self._images:
                words, self._alt = " ".join("".join(self._alt).split()), []
                self.image(href, words, f' title="{escape(title)}"' if title else "")
        elif self._images:
            return
        elif name == "Link":
            begun, href = self._links.pop()
            if len(self._stack.out) == begun:
                self._stack.out.append(escape(href))
            self._stack.pop()
        elif name in _TAGS:
            self._stack.pop()

    def _link(self, detail: Any) -> None:
        href = f"mailto:{detail['dest_url']}" if detail["link_type"] == "Email" else detail["dest_url"]
        lead = self._leads.of(href)
        tag = "a" if lead.href else "span"
        self._stack.push("Link", f"<{tag}{self._marks.mark(lead.attributes(detail['title']))}>", f"</{tag}>")
        self._links.append((len(self._stack.out), href))

    def image(self, href: str, words: str, more: str) -> None:
        """An image of the repository, or what stands for one that is not there or lies elsewhere: nothing is ever
        loaded from another host."""
        lead = self._leads.of_image(href)
        if lead.kind == "file":
            source = f'src="{escape(lead.href)}" alt="{escape(words)}" loading="lazy"{more}'
            self._stack.out.append(f"<img{self._marks.mark(source)}>")
        elif lead.kind == "external":
            said = escape(f"{words or 'Image'} (image on {host_of(lead.href)}, not loaded)")
            if self._links:
                mark = self._marks.mark('class="elsewhere"')
                self._stack.out.append(f"<span{mark}>{said}</span>")
            else:
                self._stack.out.append(f"<a{self._marks.mark(lead.attributes())}>{said}</a>")
        else:
            why = lead.attributes() if not lead.href else 'class="broken" title="This is no image."'
            self._stack.out.append(f"<span{self._marks.mark(why)}>{escape(words or href)}</span>")
