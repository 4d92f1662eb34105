"""The verb init: lays the folder of the user's own README, every page of it. Never changes a page that is there."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from opsbook.book.page import read_page
from opsbook.book.slots import is_unfilled
from opsbook.ground.errors import Edit
from opsbook.ground.splices import apply
from opsbook.usecases.ports import FileMaker, Seed


class Laid(Struct, frozen=True):
    """A page of the folder by its path within it, and whether it was created now or kept as it was."""

    path: str
    is_created: bool


def init(seed: Seed, maker: FileMaker, today: date) -> list[Laid]:
    """Every page of the folder with what became of it. Raises Failure, with nothing written, when one cannot be."""
    contents = {path: _dated(path, raw, today) for path, raw in seed.pages.items()}
    created = frozenset(maker.create(contents))
    return [Laid(path, path in created) for path in contents]


def _dated(path: str, raw: bytes, today: date) -> bytes:
    """The README says on which day it was written; on all other pages the date is for whoever fills them in."""
    if path != "README.md":
        return raw
    page = read_page(path, raw)
    edits = [
        Edit(field.value_start, field.value_start + len(value.encode()), today.isoformat())
        for field in page.fields
        if field.key == "last updated" and is_unfilled(value := field.value(page.document))
    ]
    return apply(raw, edits)[0]
