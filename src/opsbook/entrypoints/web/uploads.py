"""Files that a browser sends in a form, as they may be kept: named harmlessly, no larger than they may be, and a
picture only where its first bytes say so. Keeps nothing itself."""

from __future__ import annotations

import unicodedata
from typing import Any

from litestar import Request
from litestar.datastructures import UploadFile

from opsbook.ground.errors import Usage

MOST_BYTES = 10 * 1000 * 1000  # of one file
MOST_FILES = 10  # of one form
LARGEST_FORM = 64 * 1000 * 1000  # bytes; a few large pictures at once
OTHER = "application/octet-stream"
_LONGEST_NAME = 120
# What the first bytes of pictures are: what a browser says of a file is what its sender called it.
_MARKS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"), (0, b"\xff\xd8\xff", "image/jpeg"), (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"), (8, b"WEBP", "image/webp"), (4, b"ftypavif", "image/avif"),
)  # fmt: skip


async def files_of(request: Request[Any, Any, Any], name: str) -> list[tuple[str, str, bytes]]:
    """The files of a field as name, media type and bytes; empty for none. Raises Usage for too many or too large."""
    form = await request.form()
    found: list[tuple[str, str, bytes]] = []
    for each in form.getall(name, []):
        if not isinstance(each, UploadFile):
            continue
        raw = await each.read(MOST_BYTES + 1)
        if not raw and not each.filename:
            continue
        shown = file_name(each.filename)
        if len(raw) > MOST_BYTES:
            raise Usage(f"The file '{shown}' is larger than {MOST_BYTES // 1_000_000} MB; nothing was kept.")
        found.append((shown, media_type(raw), raw))
    if len(found) > MOST_FILES:
        raise Usage(f"{len(found)} files were sent, and {MOST_FILES} are taken at once; nothing was kept.")
    return found


def media_type(raw: bytes) -> str:
    """What a file is by its bytes: a picture of a kind that runs nothing, else something to be saved."""
    for at, mark, kind in _MARKS:
        if raw.startswith(mark, at) and (kind != "image/webp" or raw.startswith(b"RIFF")):
            return kind
    return OTHER


def file_name(written: str) -> str:
    """A name without folders, controls, or marks that turn letters round; `file` for what has none left."""
    last = written.replace("\\", "/").rpartition("/")[2]
    kept = "".join(c for c in last if unicodedata.category(c)[0] != "C").strip(" .")
    if len(kept) > _LONGEST_NAME:
        stem, dot, ending = kept.rpartition(".")
        ending = f"{dot}{ending}" if stem and len(ending) <= 10 else ""
        kept = kept[: _LONGEST_NAME - len(ending)].rstrip() + ending
    return kept or "file"
