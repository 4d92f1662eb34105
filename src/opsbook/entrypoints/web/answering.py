"""How every page of the web door is answered: a template with what all pages share. Knows no page of its own."""

from __future__ import annotations

from typing import Any

from litestar import Request
from litestar.response import Template

from opsbook import __version__

# The places of the navigation, in order: the words and the address.
PLACES = (
    ("Now", "/"),
    ("Book", "/book"),
    ("Procedures", "/procedures"),
    ("Monitoring", "/monitoring"),
    ("Incidents", "/incidents"),
    ("Coverage", "/coverage"),
)


def page(
    request: Request[Any, Any, Any], template: str, /, *, place: str = "", status: int = 200, **more: Any
) -> Template:
    """The page of a template; `place` is the entry of the navigation that it belongs to."""
    shared = {"version": __version__, "places": PLACES, "place": place, "path": request.url.path}
    return Template(template, context={**shared, **more}, status_code=status)
