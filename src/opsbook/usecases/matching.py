"""The verb match: the section of the book that an alert leads to, its service and its severity, each with the reason.

In order: the address of a runbook that the alert carries, a page that names the alert, a heading, labels, the runbook
of its service, and a search last, whose score is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct

from opsbook.ledger.alert_events import Place
from opsbook.usecases.library import Library
from opsbook.usecases.search import Index


class Match(Struct, frozen=True):
    """What the book says of an alert; every part may be absent, and then its reason says so."""

    place: Place | None
    service: str | None
    severity: str
    severity_why: str
    why: str = ""


class Matcher(Struct, frozen=True):
    """Matches alerts with the book as it is now. `commit` tells the one that the book is read at; `url_bases`,
    `severities` and `runbook_keys` are those of the configuration."""

    library: Library
    index: Index | None
    commit: Callable[[], str | None]
    url_bases: Mapping[str, str] = {}
    severities: Mapping[str, str] = {}
    runbook_keys: tuple[str, ...] = ("runbook_url", "runbook", "documentation", "SOP")

    def match(self, labels: Mapping[str, str], annotations: Mapping[str, str], severity: str = "") -> Match:
        """Never raises: an alert that nothing in the book speaks of has no place, and is paged all the same."""
        raise NotImplementedError


def first_steps(library: Library, place: Place, limit: int = 6) -> tuple[str, ...]:
    """The first steps of a section as plain lines, commands as they stand; its first sentences where it has no steps;
    empty where the page is gone."""
    raise NotImplementedError
