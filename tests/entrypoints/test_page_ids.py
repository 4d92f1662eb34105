"""The ids of the pages around a rendered page are reserved or begin with `ob-`, so that no heading can stand for them."""

from __future__ import annotations

import re
from pathlib import Path

import opsbook.entrypoints as entrypoints
from opsbook.book.rendering import RESERVED

TEMPLATES = Path(entrypoints.__file__).parent / "templates"
AROUND = ("base.html", "book_page.html", "book_folder.html", "service.html", "edit.html", "preview.html", "_pieces.html",
          "_tree.html", "not_found.html")  # fmt: skip


def ids_in(text: str) -> set[str]:
    return {name for name in re.findall(r'\sid="([^"{}]+)"', text) if not name.startswith("ob-")}


def test_every_id_around_a_page_is_reserved():
    found = set().union(*(ids_in((TEMPLATES / name).read_text()) for name in AROUND))
    assert found <= RESERVED


def test_every_id_of_the_editor_is_reserved():
    text = (TEMPLATES / "components.html").read_text()
    editor = text[text.index("macro editor(") :]
    assert ids_in(editor[: editor.index("endmacro")]) <= RESERVED
