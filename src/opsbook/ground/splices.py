"""Byte splices: the only way in which a page is changed by a machine. What no edit names stays as it was."""

from __future__ import annotations

from collections.abc import Iterable

from opsbook.ground.errors import Edit


def apply(content: bytes, edits: Iterable[Edit]) -> tuple[bytes, int]:
    """The content with the edits made, and how many were; an edit that touches an earlier one is left for next time."""
    taken: list[Edit] = []
    for edit in sorted(set(edits), key=lambda edit: (edit.start, edit.end, edit.text)):
        if 0 <= edit.start <= edit.end <= len(content) and (not taken or edit.start >= _after(taken[-1])):
            taken.append(edit)
    parts, at = [], 0
    for edit in taken:
        parts += [content[at : edit.start], edit.text.encode()]
        at = edit.end
    parts.append(content[at:])
    return b"".join(parts), len(taken)


def _after(edit: Edit) -> int:
    """Where the next edit may start: two insertions at one place would have no order."""
    return edit.end if edit.end > edit.start else edit.end + 1
