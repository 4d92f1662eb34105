"""Footnotes: numbered as they are first referred to, set at the end, with ways back."""

from __future__ import annotations

from msgspec import Struct

from opsbook.book.rendering.marks import Marks
from opsbook.book.rendering.names import Names, id_attribute
from opsbook.book.rendering.text import escape


class Note(Struct):
    """A footnote: its number, its id, the ids of what refers to it, and its text as HTML (None until it is met)."""

    number: int
    identity: str
    references: list[str]
    html: str | None = None


class Footnotes:
    """The footnotes of one page."""

    def __init__(self, marks: Marks, names: Names) -> None:
        self._marks = marks
        self._names = names
        self._notes: dict[str, Note] = {}
        self._texts: dict[str, str] = {}

    def reference(self, name: str) -> str:
        """The raised number that stands for a reference."""
        key = name.lower()
        note = self._notes.get(key)
        if note is None:
            note = self._notes[key] = Note(len(self._notes) + 1, self._names.made(f"fn-{name}"), [])
        identity = self._names.made(f"fnref-{name}")
        if not identity:  # on another page, where the ids could be there already
            return f"<sup>{note.number}</sup>"
        note.references.append(identity)
        attributes = f'href="#{escape(note.identity)}" class="footnote" aria-label="Footnote {note.number}"'
        return f"<sup><a{self._marks.mark(attributes + id_attribute(identity))}>{note.number}</a></sup>"

    def define(self, name: str, html: str) -> None:
        """Keeps the text of a footnote; the first with a name counts."""
        self._texts.setdefault(name.lower(), html)

    def section(self) -> str:
        """The footnotes at the end of the page; those that nothing refers to come last, so that no text is lost."""
        for key in self._texts:
            if key not in self._notes:
                self._notes[key] = Note(len(self._notes) + 1, self._names.made(f"fn-{key}"), [])
        notes = [self._note(note, self._texts[key]) for key, note in self._notes.items() if key in self._texts]
        if not notes:
            return ""
        mark = self._marks.mark('class="footnotes" aria-label="Footnotes"')
        return f"<section{mark}>\n<ol>\n{''.join(notes)}</ol>\n</section>\n"

    def _note(self, note: Note, html: str) -> str:
        ways = []
        for count, identity in enumerate(note.references, 1):
            words = f"Back to reference {note.number}" + (f"-{count}" if count > 1 else "")
            mark = self._marks.mark(f'href="#{escape(identity)}" class="back" aria-label="{words}"')
            ways.append(f" <a{mark}>↩</a>")
        back = "".join(ways)
        html = f"{html[:-5]}{back}</p>\n" if html.endswith("</p>\n") else html + back
        return f"<li{self._marks.mark(id_attribute(note.identity))}>{html}</li>\n"
