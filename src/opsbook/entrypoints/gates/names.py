"""Names in addresses that hold a slash of their own (`/v2/alerts/a%2Fb/close`): one piece of the path for the router,
which sees the path only once it is decoded. Knows no route but by its beginning.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

PATHS = ("/v2/alerts/",)  # where a name is whatever its sender chose
_SLASH = re.compile(rb"%2f", re.I)


def keep_whole(scope: Any) -> None:
    """Lets a slash that belongs to a name part nothing for the router; what the name is tells `name_in`."""
    if scope["path"].startswith(PATHS):
        scope["path"] = unquote(_SLASH.sub(b"_", _raw(scope)).decode("latin-1"))


def name_in(scope: Any, before: str) -> str:
    """The name that follows these words in the path of a request, as its sender means it."""
    return unquote(_raw(scope).partition(before.encode())[2].partition(b"/")[0].decode("latin-1"))


def _raw(scope: Any) -> bytes:
    return bytes(scope["raw_path"]).partition(b"?")[0]
