"""The verb editing: a page as it is typed in a browser, and what is saved of it, byte for byte. Commits by a port."""

from __future__ import annotations

from difflib import unified_diff

from msgspec import Struct

from opsbook.ground.errors import Failure, PageConflict, Refusal
from opsbook.ground.line_ends import shown, typed_over
from opsbook.usecases.desk import Desk
from opsbook.usecases.page_facts import digest_of
from opsbook.usecases.ports import Unreadable
from opsbook.usecases.serving_ports import Saved

_REMEMBERED = 30  # commits in which the page that an edit began with is looked for


class Draft(Struct, frozen=True):
    """A page open for editing: its text, and the digest of the bytes that it is based on (empty for a new page)."""

    path: str
    text: str
    based_on: str


class Typed(Struct, frozen=True):
    """What somebody typed: the text as a browser sends it, what it is based on, and the commit's message and author."""

    path: str
    text: str
    based_on: str
    message: str
    author: tuple[str, str]


class Clash(Struct, frozen=True):
    """The page was changed meanwhile: their text now, the difference from one's own, and the digest to go on from."""

    theirs: str
    lines: tuple[str, ...]
    based_on: str
    why: str


def draft(desk: Desk, path: str) -> Draft:
    """The page for a text area. Raises Refusal for bytes that a browser would change."""
    raw = source(desk, path)
    if raw is None:
        return Draft(path, "", "")
    text = shown(raw)
    if text is None:
        raise Refusal(
            f"'{path}' holds bytes that are no UTF-8 text, and a browser would change them. Edit it with another"
            " editor, or mend its encoding first."
        )
    return Draft(path, text, digest_of(raw))


def source(desk: Desk, path: str) -> bytes | None:
    """The bytes of a page as they are now; None when the book has no such page."""
    if path not in desk.library.snapshot().files:
        return None
    raw = desk.library.read(path)
    if isinstance(raw, Unreadable):
        raise Failure(f"The page '{path}' cannot be read: {raw.why}.")
    return raw


def save(desk: Desk, typed: Typed) -> Saved | Clash:
    """Saves what was typed as one commit; where the page is another meanwhile, both sides and nothing saved."""
    before = source(desk, typed.path)
    if (digest_of(before) if before is not None else "") != typed.based_on:
        began = _began_with(desk, typed)
        return clash(typed, began, before)
    after = typed_over(before or b"", typed.text)
    try:
        saved = desk.repository.save(
            typed.path, before, after, author=typed.author, message=typed.message.strip() or usual_message(typed)
        )
    except PageConflict as wrong:
        desk.library.look()
        return clash(typed, wrong.base, wrong.theirs)
    desk.library.look()
    return saved


def usual_message(typed: Typed) -> str:
    """The message of a commit for which none was written."""
    return f"{typed.path}: edited by {typed.author[0]}"


def clash(typed: Typed, base: bytes | None, theirs: bytes | None) -> Clash:
    """Both sides of a conflict."""
    mine = typed_over(base or theirs or b"", typed.text).decode("utf-8", "replace")
    now = (theirs or b"").decode("utf-8", "replace")
    lines = unified_diff(mine.splitlines(), now.splitlines(), "your text", "the page as it is now", lineterm="")
    if theirs is None:
        why = "The page was removed meanwhile. Saving writes it anew."
    elif not typed.based_on:
        why = "There is a page of that name already."
    else:
        why = "The page was changed meanwhile."
    return Clash(now, tuple(lines), digest_of(theirs) if theirs is not None else "", why)


def _began_with(desk: Desk, typed: Typed) -> bytes | None:
    """The bytes that an edit is based on, out of the history."""
    if not typed.based_on:
        return None
    for change in desk.repository.history(typed.path, _REMEMBERED):
        raw = desk.repository.at(typed.path, change.commit)
        if raw is not None and digest_of(raw) == typed.based_on:
            return raw
    return None
