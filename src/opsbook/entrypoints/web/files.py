"""Files of the repository that pages show or link to: never a hidden one, never one outside, and none that could run.

An image is sent as what it is, text as plain text, anything else to be saved. All of them are sandboxed: opened by
itself, an SVG is a document that may hold scripts.
"""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.response import Redirect

from opsbook.book.rendering import book_address, quote_path
from opsbook.book.rendering.images import IMAGES
from opsbook.entrypoints.web.answering import desk_of
from opsbook.ground.digests import digest_of
from opsbook.usecases.ports import Unreadable

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'none'"
LOOKED_AT = 8_192  # bytes: where a file that is no text has a NUL or a broken character


@get("/files/{path:path}", opt={"act": "read"}, sync_to_thread=True)
def file(request: Request[Any, Any, Any]) -> Response[Any]:
    """One file."""
    path = str(request.path_params["path"]).strip("/")
    library = desk_of(request).library
    if path in library.snapshot().files:
        return Redirect(book_address(path))
    raw = library.read(path)
    if isinstance(raw, Unreadable):
        raise NotFoundException(f"The file '{path[:200]}' is not served: {raw.why}.")
    etag = f'"{digest_of(raw)}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Content-Security-Policy": POLICY}
    if etag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=headers)
    kind = IMAGES.get(path.rpartition(".")[2].lower())
    if kind is None and is_text(raw):
        kind = "text/plain"
    if kind is None:
        kind = "application/octet-stream"
        headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote_path(path.rpartition('/')[2])}"
    return Response(raw, media_type=kind, headers=headers)


def is_text(raw: bytes) -> bool:
    """Whether the beginning of a file reads as UTF-8 text."""
    begin = raw[:LOOKED_AT]
    try:
        begin.decode("utf-8")
    except UnicodeDecodeError as wrong:
        if len(raw) <= LOOKED_AT or wrong.start < LOOKED_AT - 4:  # else a character is cut at the end
            return False
    return b"\0" not in begin


ROUTES = (file,)
