"""What the web door answers when something is wrong, as RFC 9457 describes it. Decides no status."""

from __future__ import annotations

from http import HTTPStatus

PROBLEM = "application/problem+json"


def problem(status: int, detail: str) -> dict[str, str | int]:
    """The members of a problem document: the status' own title, and what happened in a sentence."""
    return {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
