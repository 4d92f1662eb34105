"""What a browser sends from a form, as texts; where to go on afterwards. Knows no form."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from litestar import Request, Response
from litestar.datastructures import UploadFile
from litestar.response import Redirect

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"  # of forms with files; see `uploads`
MOST_FIELDS = 200
_NUL = re.compile("\0|%00")  # which no store keeps in a text


async def fields_of(request: Request[Any, Any, Any]) -> dict[str, str]:
    """The fields of a form; of one that is written twice, the last. Empty for what is no form."""
    return {name: values[-1] for name, values in (await _written(request)).items()}


async def several(request: Request[Any, Any, Any], name: str) -> list[str]:
    """The values of a field that may be written several times."""
    return (await _written(request)).get(name, [])


async def _written(request: Request[Any, Any, Any]) -> dict[str, list[str]]:
    kind = request.headers.get("content-type", "")
    if kind.startswith(MULTIPART):
        form = await request.form()
        texts = {name: [each.replace("\0", "") for each in form.getall(name) if isinstance(each, str)] for name in form}
        return {name: values for name, values in texts.items() if values}
    if not kind.startswith(FORM):
        return {}
    text = (await request.body()).decode("utf-8", "replace")
    try:
        return parse_qs(_NUL.sub("", text), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:  # more fields than any form of ours has
        return {}


async def let_go(request: Request[Any, Any, Any]) -> None:
    """Closes the files of a form that nobody reads, as it is refused."""
    if request.headers.get("content-type", "").startswith(MULTIPART):
        for _, each in (await request.form()).multi_items():
            if isinstance(each, UploadFile):
                await each.close()


def local(address: str, otherwise: str = "/") -> str:
    """The address when it leads to this server, else `otherwise`: nobody is sent away by a link that signs them in."""
    has_controls = any(ord(character) < 0x21 or ord(character) == 0x7F for character in address)
    if not address.startswith("/") or address.startswith(("//", "/\\")) or has_controls or "\\" in address:
        return otherwise
    try:
        parts = urlsplit(address)
    except ValueError:
        return otherwise
    return address if not parts.scheme and not parts.netloc else otherwise


def go_on(address: str) -> Response[Any]:
    """The browser is to show another page now, by GET."""
    return Redirect(address, status_code=303)


def own_address(request: Request[Any, Any, Any]) -> str:
    """The address that people reach this server by, as it is configured or as this request came."""
    configured: str = request.app.state["config"].public_url
    return configured.rstrip("/") or f"{request.scope['scheme']}://{request.headers.get('host', '')}"
