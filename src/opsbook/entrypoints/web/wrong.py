"""What is answered when something is wrong: a page for people, a problem document for programs. Decides no status."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.response import Redirect

from opsbook.entrypoints.gates.asked import asked
from opsbook.entrypoints.problems import PROBLEM, problem
from opsbook.entrypoints.web.answering import page
from opsbook.ground.errors import Conflict, Failure, NotPermitted, Refusal, Usage
from opsbook.usecases.accounts import TryLater, WrongSignIn
from opsbook.usecases.incident_acts import FieldConflict

BUG = "This is a bug in Opsbook; the server's own output tells more."
RETRY_S = "5"
Asks = Request[Any, Any, Any]
Answer = Response[Any]


def wants_page(request: Asks) -> bool:
    """Whether a person looks at the answer: a browser that asked for a page."""
    if request.scope["path"].startswith("/api/"):
        return False
    return "text/html" in request.headers.get("accept", "")


def told(request: Asks, status: int, detail: str, headers: dict[str, str] | None = None) -> Answer:
    """The answer for a status and a sentence, as a page or as a problem document."""
    headers = headers or {}
    if wants_page(request):
        shown = page(request, "wrong.html", status=status, title=problem(status, detail)["title"], detail=detail)
        shown.headers.update(headers)
        return shown
    return Response(problem(status, detail), status_code=status, media_type=PROBLEM, headers=headers)


def of_door(request: Asks, wrong: HTTPException) -> Answer:
    """The door's own: no such route, not signed in, not allowed, too much, not what the address takes."""
    status = wrong.status_code
    if status == 401 and wants_page(request) and asked(request.scope).actor is None:
        return _to_sign_in(request)
    if isinstance(wrong, ValidationException):
        return told(request, 400, _what_is_wrong(wrong))
    if status == 500:
        return of_bug(request, wrong)
    return told(request, status, _sentence(wrong), wrong.headers)


def _to_sign_in(request: Asks) -> Answer:
    # Where to go on after signing in: the page that was asked for. A change is asked for anew by a person.
    path = request.scope["path"]
    query = request.scope["query_string"].decode("latin-1")
    goal = path + (f"?{query}" if query else "") if request.scope["method"] == "GET" else "/"
    return Redirect(f"/sign-in?next={quote(goal, safe='/')}", status_code=303)


def _sentence(wrong: HTTPException) -> str:
    by_status = {
        404: "There is nothing at this address.",
        405: "This address does not take that method; the header Allow names those it takes.",
        413: "What was sent is larger than Opsbook takes.",
    }
    plain = problem(wrong.status_code, "")["title"]
    said = wrong.detail
    if said.lower() in (plain.lower(), "") or wrong.status_code == 413:
        return by_status.get(wrong.status_code, f"{plain}.")
    return said


def _what_is_wrong(wrong: ValidationException) -> str:
    entries = wrong.extra if isinstance(wrong.extra, list) else []
    said = []
    for entry in entries:
        if isinstance(entry, dict):
            name, message = entry.get("key"), str(entry.get("message", "")).rstrip(".")
            said.append(f"'{name}': {message}." if name else f"{message}.")
    return " ".join(said) or wrong.detail


def of_refusal(request: Asks, wrong: Refusal) -> Answer:
    """What cannot be done now: 409, or 403 where another may do it; for signing in 401, or 429 when tried too often."""
    if isinstance(wrong, TryLater):
        return told(request, 429, str(wrong), {"Retry-After": str(wrong.wait_s)})
    if isinstance(wrong, WrongSignIn):
        return told(request, 401, str(wrong))
    if isinstance(wrong, NotPermitted):
        return told(request, 403, str(wrong))
    if isinstance(wrong, FieldConflict) and not wants_page(request):
        sides = {"field": wrong.field, "by": wrong.by, "now": wrong.now, "mine": wrong.mine}
        return Response(problem(409, str(wrong), **sides), status_code=409, media_type=PROBLEM)
    return told(request, 409, str(wrong))


def of_usage(request: Asks, wrong: Usage) -> Answer:
    """Words that name nothing: 404 where the address is read, 400 where something was to be changed."""
    return told(request, 404 if request.scope["method"] == "GET" else 400, str(wrong))


def of_failure(request: Asks, wrong: Failure) -> Answer:
    """The world's: 503 when trying again may help, else 502."""
    if wrong.retryable:
        return told(request, 503, str(wrong), {"Retry-After": RETRY_S})
    return told(request, 502, str(wrong))


def of_bug(request: Asks, wrong: Exception) -> Answer:
    """Anything else is a bug: told in the server's output, and to whoever asked no more than that."""
    import traceback  # inside: only a bug needs it

    traceback.print_exception(wrong)
    return Response(problem(500, BUG), status_code=500, media_type=PROBLEM)


EXCEPTIONS: dict[int | type[Exception], Any] = {
    HTTPException: of_door,
    Conflict: of_refusal,
    Refusal: of_refusal,
    Usage: of_usage,
    Failure: of_failure,
    Exception: of_bug,
}
