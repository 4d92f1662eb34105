"""The verb match: the section of the book that an alert leads to, its service and its severity, each with the reason.

In order: the address of a runbook that the alert carries, a page that names the alert, a heading, labels, the runbook
of its service, and a search last, whose score is shown. The service is what the labels say, and no search overrides it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from msgspec import Struct, field

from opsbook.book.roster.values import plain_name
from opsbook.book.severity import read_severity
from opsbook.ground.errors import Failure, Usage
from opsbook.ledger.alert_events import Place
from opsbook.usecases import match_places as places
from opsbook.usecases.alert_place import AlertPlace
from opsbook.usecases.first_steps import first_steps as first_steps
from opsbook.usecases.library import Book, Library
from opsbook.usecases.match_places import Asked, Pages
from opsbook.usecases.policy_choice import escalated_services
from opsbook.usecases.search import Index
from opsbook.usecases.service_names import named_service

MOST_KEPT = 4096  # matches; one is wanted for each kind of alert, not for each alert
LEAST_SCORE = 0.4  # a search that is less sure leads nowhere: to nobody's page is better than to a wrong one
SERVICE_LABELS = ("service", "service_name", "app", "application", "app_kubernetes_io_name", "component", "job",
                  "deployment", "statefulset", "daemonset", "container", "team")  # fmt: skip
SEVERITY_LABELS = ("severity", "priority", "level")
_TELLING = ("alertname", *SERVICE_LABELS, *SEVERITY_LABELS)
UNKNOWN_SEVERITY = "P2"  # it reaches people by day; to wake them for all that is unknown would teach them to ignore it


class Match(Struct, frozen=True):
    """What the book says of an alert; every part may be absent, and then its reason says so."""

    place: Place | None
    service: str | None
    severity: str
    severity_why: str
    why: str = ""


class _Known(NamedTuple):
    """What was worked out for one state of the book."""

    pages: Pages
    words: dict[str, str]
    escalated: dict[str, str]
    matches: dict[tuple[str | None, ...], Match]


class Kept:
    """What was matched before, good for one state of the book. Whoever sees another state begins anew, so that threads
    at the worst match twice."""

    def __init__(self) -> None:
        self.known: _Known | None = None


class Matcher(Struct, frozen=True):
    """Matches alerts with the book as it is now. `commit` tells the one that the book is read at; `url_bases`,
    `severities` and `runbook_keys` are those of the configuration."""

    library: Library
    index: Index | None
    commit: Callable[[], str | None]
    url_bases: Mapping[str, str] = {}
    severities: Mapping[str, str] = {}
    runbook_keys: tuple[str, ...] = ("runbook_url", "runbook", "documentation", "SOP")
    kept: Kept = field(default_factory=Kept)

    def match(self, labels: Mapping[str, str], annotations: Mapping[str, str], severity: str = "") -> Match:
        """Never raises: an alert that nothing in the book speaks of has no place, and is paged all the same. What is
        worked out for one alert holds for all that differ only in what they are about, such as the instance."""
        known = self._known()
        url = ""
        for name in self.runbook_keys:
            if url := annotations.get(name) or labels.get(name) or "":
                break
        is_named = "alertname" in labels and (url or "service" in labels)
        words = "" if is_named else annotations.get("summary", "")
        key = (url, words, severity, *map(labels.get, _TELLING))
        found = known.matches.get(key)
        if found is None:
            asked = Asked(labels.get("alertname", ""), url, labels, annotations)
            place, service, why = self._found(known, asked)
            grave, grave_why = _graded(known.words, labels, severity)
            found = Match(place, service, grave, grave_why, why)
            if len(known.matches) >= MOST_KEPT:
                known.matches.clear()
            known.matches[key] = found
        return found

    def _known(self) -> _Known:
        book = self.library.snapshot()
        known = self.kept.known
        if known is None or known.pages.book is not book:
            pages = Pages(self.library, book, self.url_bases)
            words = severity_words(book, self.severities)
            known = self.kept.known = _Known(pages, words, escalated_services(book), {})
        return known

    def _found(self, known: _Known, asked: Asked) -> tuple[Place | None, str | None, str]:
        """The labels tell the service where the book knows what they name. What it does not know gives way only to the
        page that the alert's address or name leads to. A search tells none: whom it pages must be no guess."""
        told = _told_by(known, asked.labels)
        why = "Nothing in the book speaks of it."
        try:
            for found in self._places(known.pages, asked, told):
                at = _service_at(known.pages.book, found.place.path) if found.kind != "search" else None
                service = told.name if told.is_known else at or told.name
                return self._at(known.pages, found), service, found.place.why
        except (Usage, Failure) as wrong:  # a page was taken away or cannot be read just now
            why = f"The book could not be read: {wrong}"
        return None, told.name, why

    def _places(self, pages: Pages, asked: Asked, told: _Told) -> Iterator[places.Found]:
        candidates: tuple[Callable[[], places.Found | None], ...] = (
            lambda: places.by_address(pages, asked),
            lambda: places.by_name(pages, asked, told.runbook_of),
            lambda: places.by_issue(pages, asked, told.runbook_of),
            lambda: places.by_service(pages, told.runbook_of, told.label),
            lambda: places.by_search(self.index, pages, asked, service=told.name, least=LEAST_SCORE),
        )
        for look in candidates:
            found = look()
            if found is not None:
                yield found

    def _at(self, pages: Pages, found: places.Found) -> Place:
        place: AlertPlace = found.place
        return Place(
            place.path, place.anchor, pages.title(place.path, place.anchor), self.commit(), place.why, found.kind,
            found.score,
        )  # fmt: skip


def _graded(words: Mapping[str, str], labels: Mapping[str, str], severity: str) -> tuple[str, str]:
    written = [("The sender", severity)] if severity else []
    written += [(f"The label {name}", labels[name]) for name in SEVERITY_LABELS if labels.get(name)]
    for who, word in written:
        read = read_severity(word, words)
        if read is not None:
            return read, f"{who} says '{word[:60]}', which is {read}."
    if written:
        who, word = written[0]
        return UNKNOWN_SEVERITY, f"{who} says '{word[:60]}', which is no severity that is known; so it is P2."
    return UNKNOWN_SEVERITY, "Nothing tells its severity; so it is P2."


def severity_words(book: Book, severities: Mapping[str, str]) -> dict[str, str]:
    """The words of the severity matrix of the policy pages, and those of the configuration, which win."""
    words: dict[str, str] = {}
    for _, facts in sorted(book.facts.items()):
        for level in facts.policy.severities if facts.policy else ():
            for word in level.labels.replace("`", "").replace("/", ",").split(","):
                if "=" in word:
                    word = word.partition("=")[2]
                if word.strip(" \"'"):
                    words.setdefault(word.strip(" \"'").lower(), level.level)
    return {**words, **severities}


class _Told(NamedTuple):
    """The service that labels tell: its name, whether the book knows it, by which label, and, where it has a runbook,
    its name in addresses."""

    name: str | None
    is_known: bool = False
    label: str = ""
    runbook_of: str | None = None


def _told_by(known: _Known, labels: Mapping[str, str]) -> _Told:
    """What the label `service` says; where there is none, the first label that names a service with a runbook or an
    escalation."""
    for label in SERVICE_LABELS:
        value = labels.get(label)
        if not value:
            continue
        named = named_service(known.pages.book, value)
        if named is not None:
            return _Told(named, True, label, named)
        escalated = known.escalated.get(plain_name(value))
        if escalated is not None:
            return _Told(escalated, True, label)
        if label == "service":
            return _Told(value)
    return _Told(None)


def _service_at(book: Book, path: str) -> str | None:
    """The service that a page belongs to."""
    return next((name for name, runbook in book.services.items() if runbook == path), None)
