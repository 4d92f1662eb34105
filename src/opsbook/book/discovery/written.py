"""The values and words of a runbook that is written from what is found: its parts, and how they are called."""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct

from opsbook.book.discovery.found import Found, Operation
from opsbook.ground.errors import Span


class FoundAlert(Struct, frozen=True, kw_only=True):
    """An alert of a service, as its rule tells it."""

    name: str
    summary: str = ""
    description: str = ""
    severity: str = ""
    dashboard: str = ""
    place: Span


class Beside(Struct, frozen=True, kw_only=True):
    """What is known beside what is found of the service itself: its alerts, the runbooks of what it needs by name (as
    links from its page), who owns it, where the book tells whom to call next, and how to get from the page's folder to
    the repository's root."""

    alerts: tuple[FoundAlert, ...] = ()
    pages: Mapping[str, str] = {}
    owner: str = ""
    escalation: str = ""
    up: str = ""


class Part(Struct, frozen=True, kw_only=True):
    """A part of a runbook: its slot, the heading below the slot's own (empty: none), the text, the places that tell it.
    `operation` and `alert` say what it is about."""

    slot: str
    title: str = ""
    text: str
    places: tuple[Span, ...] = ()
    operation: Operation | None = None
    alert: str = ""


class Words(Struct, frozen=True):
    """The words of the book's own template: labels by their plain names, headings by the operation or environment that
    they mean."""

    labels: Mapping[str, str] = {}
    headings: Mapping[str, str] = {}

    def label(self, *names: str) -> str:
        """The template's word for the first of these that it has, else the first."""
        return next((self.labels[name.lower()] for name in names if name.lower() in self.labels), names[0])


TITLES: dict[str, str] = {
    "status": "Show Status", "logs": "Show Logs", "restart": "Restart Service", "start": "Start", "stop": "Stop",
    "scale-up": "Scale Up", "scale-down": "Scale Down", "scale-vertically": "Scale Vertically", "backup": "Backup",
    "restore": "Restore",
}  # fmt: skip
# By which words a heading of a page is known to be about an operation.
MEANT: dict[str, re.Pattern[str]] = {
    "status": re.compile(r"\bstatus\b|\bstate\b", re.I),
    "logs": re.compile(r"\blogs?\b", re.I),
    "restart": re.compile(r"\brestart", re.I),
    "start": re.compile(r"^start\b", re.I),
    "stop": re.compile(r"^stop\b|\bshut ?down\b", re.I),
    "scale-up": re.compile(r"\bscal(?:e|ing)\b.*\b(?:up|out)\b|^scal(?:e|ing)(?: the)?(?: service| \w+)?$", re.I),
    "scale-down": re.compile(r"\bscal(?:e|ing)\b.*\b(?:down|in)\b|^scal(?:e|ing)(?: the)?(?: service| \w+)?$", re.I),
    "scale-vertically": re.compile(r"\bscal(?:e|ing)\b.*\bvertical|\bvertical.*\bscal|\bresize\b", re.I),
    "backup": re.compile(r"\bback(?:ing)?[ -]?up\b|\bbackup", re.I),
    "restore": re.compile(r"\brestor", re.I),
}
ENVIRONMENTS = {
    "staging": ("staging", "stage", "test", "qa"), "production": ("production", "prod", "live"),
}  # fmt: skip
ORIGINS = {
    "compose": "Docker Compose", "kubernetes": "Kubernetes", "helm": "Helm", "systemd": "systemd",
    "procfile": "a Procfile", "backstage": "Backstage", "nomad": "Nomad", "prometheus": "Prometheus",
    "script": "a script",
}  # fmt: skip
RUNS_BEHIND = frozenset({"restart", "start", "scale-up", "scale-down", "scale-vertically", "restore"})
RUN_BY = frozenset({"compose", "kubernetes", "helm", "systemd", "procfile", "nomad", "script"})


def title_of(operation: Operation, words: Words) -> str:
    """The heading of an operation."""
    return words.headings.get(operation, TITLES.get(operation, operation.title()))


def has_words_of(operation: str, title: str) -> bool:
    """Whether a heading of a page is about an operation."""
    return operation in MEANT and MEANT[operation].search(title.strip()) is not None


def by(found: Found) -> str:
    """What runs it, in words."""
    return ORIGINS.get(found.origin, found.origin)


