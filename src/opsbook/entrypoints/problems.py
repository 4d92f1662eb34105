"""What the web door answers when something is wrong, as RFC 9457 describes it. Decides no status."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

PROBLEM = "application/problem+json"


def problem(status: int, detail: str, **more: Any) -> dict[str, Any]:
    """The members of a problem document: the status' own title, what happened in a sentence, and what else is told."""
    return {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}


def as_body(status: int, detail: str) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """A problem document as bytes, with the headers that tell what it is."""
    import msgspec

    body = msgspec.json.encode(problem(status, detail))
    return body, [(b"content-type", PROBLEM.encode()), (b"content-length", str(len(body)).encode())]
