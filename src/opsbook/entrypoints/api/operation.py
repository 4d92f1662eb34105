"""How an operation of the API is declared: its act, what it takes and what it answers, once for running and describing.

What is asked (a query, a body) is a Struct: msgspec reads and checks it, and the description is made of the same.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import MAXYEAR, datetime
from typing import Any, TypeVar

import msgspec
from litestar import HttpMethod, Request, Response
from litestar.exceptions import ClientException, HTTPException
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from opsbook.ground.guesses import closest

PREFIX = "/api/v1"
Asks = Request[Any, Any, Any]
Run = Callable[..., Any]
Asked = TypeVar("Asked", bound=Struct)


class Operation(Struct, frozen=True):
    """One operation as it is described. `also` are further answers than those that its parts imply."""

    method: str
    path: str
    act: str
    summary: str
    answer: Any
    status: int = 200
    query: type[Struct] | None = None
    body: type[Struct] | None = None
    also: tuple[int, ...] = ()
    media: str = "application/json"
    group: str = "book"
    takes: str = ""  # the media type of a body that is no JSON
    headers: tuple[tuple[str, str], ...] = ()  # request headers that it reads, with what they mean


_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")  # in no text that a store keeps
OPERATIONS: list[Operation] = []


def operation(
    method: str, path: str, answer: Any, *, act: str = "read", query: type[Struct] | None = None,
    body: type[Struct] | None = None, **more: Any,
) -> Callable[[Run], HTTPRouteHandler]:  # fmt: skip
    """Makes a function a route. It is called with the request, then with the query and the body where it has them; the
    first line of its docstring is the summary."""

    def declare(run: Run) -> HTTPRouteHandler:
        summary = (run.__doc__ or "").strip().partition("\n")[0].rstrip(".")
        declared = Operation(method, path, act, summary, answer, query=query, body=body, **more)
        OPERATIONS.append(declared)
        return _route(declared, run)

    return declare


def _route(declared: Operation, run: Run) -> HTTPRouteHandler:
    takes_body = declared.body is not None or bool(declared.takes)

    async def changed(request: Asks) -> Response[Any]:
        body = await request.body()  # here, in the loop; what is done with it may take its time
        return await asyncio.to_thread(_answered, declared, run, request, body)

    def answered(request: Asks) -> Response[Any]:
        return _answered(declared, run, request, b"")

    function: Callable[..., Any] = changed if takes_body else answered
    function.__name__ = run.__name__
    return HTTPRouteHandler(
        PREFIX + declared.path.replace("}", ":str}"), http_method=HttpMethod(declared.method),
        opt={"act": declared.act}, status_code=declared.status, media_type=declared.media,
        sync_to_thread=None if takes_body else True,
    )(function)  # fmt: skip


def _answered(declared: Operation, run: Run, request: Asks, body: bytes) -> Response[Any]:
    asked: list[Any] = []
    if declared.query is not None:
        asked.append(read_query(request, declared.query))
    if declared.body is not None:
        asked.append(read_body(request, body, declared.body))
    elif declared.takes:
        asked.append(body)
    content = run(request, *asked)
    if isinstance(content, Response):
        return content
    encoded = None if content is None else msgspec.json.encode(content)
    return Response(encoded, status_code=declared.status, media_type=declared.media)


def read_query(request: Asks, kind: type[Asked]) -> Asked:
    """The parameters behind the question mark; raises 400 that names what is wrong with which."""
    written = {name: value for name, value in request.query_params.items() if not isinstance(value, list)}
    fields = msgspec.structs.fields(kind)
    known = [field.encode_name for field in fields]
    for name in request.query_params:
        if name not in known:
            near = closest(name, known)
            guess = f" Did you mean '{near}'?" if near else f" There are {', '.join(known)}."
            raise ClientException(f"There is no parameter '{name}'.{guess}")
    try:
        return _timely(msgspec.convert(written, kind, strict=False), "The parameters")
    except msgspec.ValidationError as wrong:
        raise ClientException(_in_words(wrong, "The parameters")) from wrong


def read_body(request: Asks, body: bytes, kind: type[Asked]) -> Asked:
    """The body as JSON, none at all being an empty object; raises 400 that names what is wrong where, 415 for what is
    no JSON by its own word."""
    if not body.strip():
        return _read(b"{}", kind)
    named = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if named != "application/json":
        raise HTTPException("Send the body as application/json.", status_code=415)
    return _read(body, kind)


def _read(body: bytes, kind: type[Asked]) -> Asked:
    if _NUL.search(body):
        raise ClientException("The body holds a NUL character (\\u0000), which no text has here.")
    try:
        return _timely(msgspec.json.decode(body, type=kind), "The body")
    except msgspec.ValidationError as wrong:
        raise ClientException(_in_words(wrong, "The body")) from wrong
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as wrong:
        raise ClientException(f"The body is not JSON: {wrong}.") from wrong


def _timely(asked: Asked, where: str) -> Asked:
    """The same; raises 400 for a time so near the ends of what calendars hold that no other can be told from it."""
    for field in msgspec.structs.fields(asked):
        value = getattr(asked, field.name)
        if isinstance(value, datetime) and not 1 < value.year < MAXYEAR:
            raise ClientException(f"{where} cannot be read: Expected a time of this age, at {field.encode_name}.")
    return asked


def _in_words(wrong: msgspec.ValidationError, where: str) -> str:
    message, _, place = str(wrong).partition(" - at `")
    name = place.rstrip("`").removeprefix("$").removeprefix(".")
    return f"{where} cannot be read: {message}{f', at {name}' if name else ''}."
