"""The verb edit: a page as somebody typed it becomes a commit of that page alone, or a conflict that loses nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol
from unicodedata import category

from msgspec import Struct

from opsbook.book.differences import Stretch, lines_of, merged, three_way
from opsbook.book.typed_text import editable_text, page_bytes
from opsbook.ground.digests import digest_of
from opsbook.ground.errors import Failure, PageConflict, Refusal, Usage
from opsbook.ledger.event import Draft
from opsbook.usecases.library import Library
from opsbook.usecases.ports import Unreadable
from opsbook.usecases.serving_ports import Ledger, Repository, Saved

_LOOKED_BACK = 50  # commits of a page, for what an edit was based on
_LONGEST_MESSAGE = 5000


class Editing(Protocol):
    """What an edit needs of a served book."""

    @property
    def library(self) -> Library:
        """The book."""
        ...

    @property
    def repository(self) -> Repository:
        """Its history."""
        ...

    @property
    def ledger(self) -> Ledger:
        """What happened."""
        ...

    @property
    def now(self) -> Callable[[], datetime]:
        """The clock."""
        ...


class BookEditing(Struct, frozen=True):
    """`Editing` as a value of its own, for verbs that change pages and have no desk."""

    library: Library
    repository: Repository
    ledger: Ledger
    now: Callable[[], datetime]


class PageEdit(Struct, frozen=True):
    """Who changes which page, and why. `based_on` is the digest of the bytes that the edit began with, None for a page
    that is to be new; `actor` is the name that events carry, `author` what the commit says."""

    path: str
    based_on: str | None
    actor: str
    author: tuple[str, str]
    message: str = ""


class Sides(Struct, frozen=True):
    """A conflict as texts for people: `base` is None where it is not known any more, `theirs` where the page is gone.
    `merged` holds the changes of both where they do not touch the same lines; `their_digest` is what a save of it is
    based on."""

    path: str
    base: str | None
    mine: str
    theirs: str | None
    stretches: tuple[Stretch, ...]
    merged: str | None
    their_digest: str | None


def save_page(desk: Editing, edit: PageEdit, text: str) -> Saved:
    """Saves a page as it was typed in a browser's text field; what was not typed keeps its bytes. The snapshot in force
    has it when this returns.

    Raises PageConflict where the page is not what the edit was based on, Usage for a message that no commit can have,
    Refusal or Failure where it cannot be saved; then nothing has changed.
    """
    return _save(desk, edit, lambda before: page_bytes(before or b"", text))


def save_bytes(desk: Editing, edit: PageEdit, after: bytes) -> Saved:
    """Saves a page as exactly these bytes; else as `save_page`."""
    return _save(desk, edit, lambda _before: after)


def _save(desk: Editing, edit: PageEdit, made: Callable[[bytes | None], bytes]) -> Saved:
    desk.repository.check_place(edit.path)
    _check_message(edit.message)
    before = _based_on(desk, edit, made)
    after = made(before)
    message = edit.message.strip() or f"{'Add' if before is None else 'Edit'} {edit.path}"
    facts = {"path": edit.path, "before": edit.based_on, "after": digest_of(after), "message": message}

    def record(kind: str, **more: str | None) -> None:
        draft = Draft(kind, {**facts, **more})
        desk.ledger.append(f"page/{edit.path}", [draft], expected=None, actor=edit.actor, at=desk.now())

    record("PageSaveBegun")
    try:
        saved = desk.repository.save(edit.path, before, after, author=edit.author, message=message)
    except (Refusal, Failure) as wrong:
        record("PageSaveFailed", why=str(wrong))
        raise
    record("PageSaved", after=saved.digest, commit=saved.commit)
    desk.library.look()
    return saved


def _check_message(message: str) -> None:
    if len(message) > _LONGEST_MESSAGE:
        raise Usage(f"The message has {len(message)} characters; {_LONGEST_MESSAGE} fit. Write a shorter one.")
    odd = next((letter for letter in message if category(letter) in ("Cc", "Cs") and letter not in "\t\r\n"), None)
    if odd is not None:
        raise Usage(
            f"The message holds the control character U+{ord(odd):04X} at position {message.index(odd) + 1}. Write it"
            " without."
        )


def sides_of(conflict: PageConflict) -> Sides:
    """A conflict as texts, side by side by lines."""
    base, theirs = _text(conflict.base), _text(conflict.theirs)
    mine = editable_text(conflict.mine)
    stretches = three_way(lines_of(base or ""), lines_of(mine), lines_of(theirs or ""))
    together = merged(stretches) if base is not None and theirs is not None else None
    digest = digest_of(conflict.theirs) if conflict.theirs is not None else None
    return Sides(conflict.path, base, mine, theirs, tuple(stretches), together, digest)


def _text(raw: bytes | None) -> str | None:
    return None if raw is None else editable_text(raw)


def _based_on(desk: Editing, edit: PageEdit, made: Callable[[bytes | None], bytes]) -> bytes | None:
    """The bytes that the edit was based on, if the page still has them."""
    # The disk is looked at first: what a snapshot of a moment ago holds may be what somebody has just replaced.
    is_there = edit.path in desk.library.look().files
    now = desk.library.read(edit.path) if is_there else None
    if isinstance(now, Unreadable):
        raise Failure(f"The page '{edit.path}' cannot be read: {now.why}.")
    if (None if now is None else digest_of(now)) == edit.based_on:
        return now
    base = _earlier(desk, edit) if edit.based_on else None
    mine = made(now if base is None else base)
    raise PageConflict(_what_happened(edit, now), edit.path, base=base, mine=mine, theirs=now)


def _earlier(desk: Editing, edit: PageEdit) -> bytes | None:
    """The page as it was when the edit began, out of its history."""
    for change in desk.repository.history(edit.path, _LOOKED_BACK):
        raw = desk.repository.at(edit.path, change.commit)
        if raw is not None and digest_of(raw) == edit.based_on:
            return raw
    return None


def _what_happened(edit: PageEdit, now: bytes | None) -> str:
    if now is None:
        return f"'{edit.path}' is not saved: the page is not there any more."
    if edit.based_on is None:
        return f"'{edit.path}' is not saved: there is such a page already."
    return f"'{edit.path}' is not saved: it was changed while you were editing."
