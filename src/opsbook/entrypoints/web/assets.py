"""The scripts, styles and images of the pages: one flat folder, as it was built, and nothing beside it.

A name that holds its content's hash may be kept for ever; a plain name leads to the same content and is asked for anew.
"""

from __future__ import annotations

import json
import os
from mimetypes import guess_type
from typing import Any

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException

from opsbook.usecases.authority import PUBLIC

FOLDER = os.path.join(os.path.dirname(os.path.dirname(__file__)), "assets")
FOR_EVER = "public, max-age=31536000, immutable"
ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
# The frame in which diagrams are drawn: no network and no origin of its own, so that what it shows can reach nothing.
# Its drawings carry styles within them, which pages may not.
DIAGRAM_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; img-src data:; font-src data:; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'self'; sandbox allow-scripts"
)


class Assets:
    """The assets of one installation. Files are read when they are asked for, and kept: together they are small."""

    def __init__(self, folder: str = FOLDER) -> None:
        self.folder = folder
        self.names: dict[str, str] = self._manifest()
        self.known = frozenset(entry.name for entry in os.scandir(folder)) if os.path.isdir(folder) else frozenset()
        self.contents: dict[str, bytes] = {}

    def _manifest(self) -> dict[str, str]:
        try:
            with open(os.path.join(self.folder, "manifest.json"), "rb") as stream:
                names: dict[str, str] = json.load(stream)
                return names
        except FileNotFoundError:
            return {}

    def address(self, name: str) -> str:
        """The address of an asset by its plain name, for templates."""
        return f"/assets/{self.names.get(name, name)}"

    def find(self, name: str, accepted: str) -> tuple[bytes, dict[str, str]] | None:
        """The content by plain or hashed name, encoded in a way that is accepted, and its headers."""
        hashed = self.names.get(name, name)
        if hashed not in self.known or hashed.endswith((".br", ".gz")):
            return None
        is_fixed = hashed == name and hashed in self.names.values()
        headers = {
            "Cache-Control": FOR_EVER if is_fixed else "no-cache",
            "ETag": f'"{hashed}"' if hashed in self.names.values() else "",
            "Vary": "Accept-Encoding",
            # The frame of diagrams has an origin of its own, and loads its script from here all the same.
            "Cross-Origin-Resource-Policy": "cross-origin",
        }
        if hashed.startswith("diagram.") and hashed.endswith(".html"):
            headers["Content-Security-Policy"] = DIAGRAM_POLICY
        for encoding, ending in ENCODINGS:
            if encoding in accepted and hashed + ending in self.known:
                headers["Content-Encoding"] = encoding
                return self._content(hashed + ending), headers
        return self._content(hashed), headers

    def _content(self, file: str) -> bytes:
        if file not in self.contents:
            with open(os.path.join(self.folder, file), "rb") as stream:
                self.contents[file] = stream.read()
        return self.contents[file]


@get("/assets/{name:str}", opt={"act": PUBLIC}, sync_to_thread=False)
def asset(request: Request[Any, Any, Any]) -> Response[bytes]:
    """One asset."""
    name: str = request.path_params["name"]
    assets: Assets = request.app.state["assets"]
    found = assets.find(name, request.headers.get("accept-encoding", ""))
    if found is None:
        raise NotFoundException(f"There is no asset '{name}'.")
    content, headers = found
    headers = {key: value for key, value in headers.items() if value}
    if headers.get("ETag", "-") == request.headers.get("if-none-match"):
        return Response(b"", status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=_kind(name))


def _kind(name: str) -> str:
    kind = guess_type(name)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


ROUTES = (asset,)
