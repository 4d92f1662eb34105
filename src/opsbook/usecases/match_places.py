"""The ways in which a book may speak of an alert, one function each, from the surest to the least. Orders none of them.

Each gives a place with the reason in a sentence, or None.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Literal
from urllib.parse import unquote

from msgspec import Struct

from opsbook.book.addresses import Asker, Resolution, UrlBase, read_url_bases, resolve_address
from opsbook.book.page import Page
from opsbook.book.page_index import PageIndex
from opsbook.book.roster.values import plain_name
from opsbook.book.runbook import Issue, issues
from opsbook.usecases.alert_place import AlertPlace, AlertPlaces
from opsbook.usecases.library import Book, Library
from opsbook.usecases.search import Index
from opsbook.usecases.service_names import named_service

How = Literal["url", "named", "heading", "label", "service", "search"]
MOST_WORDS = 40  # of an alert, that a search is asked for
LEAST_LETTERS = 3  # of one of them: whatever is shorter begins some word of every book
_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
# Words of nearly every alert, which tell nothing of what is wrong.
_EMPTY = frozenset(
    "a an and are as at be by for from has have in is it its of on or over than that the then this to too was were will"
    " with not no more less issue problem error alert fires firing health check service value instance job".split()
)
_SAME = {"failing": "fail", "failed": "fail", "fails": "fail", "failure": "fail", "stopped": "down",
         "unreachable": "down", "answers": "answer",
         "returns": "answer", "responses": "response", "errors": "error"}  # fmt: skip
# Opsbook's own addresses, whatever stands before: the kind, what it names, the fragment.
_OWN = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?(?://[^/?#]*)?/(runbooks|book|r)/([^?#]+)(?:\?[^#]*)?(?:#.*)?", re.I | re.S)


class Asked(Struct, frozen=True):
    """An alert as far as a place is looked for: its name, the address of a runbook that it carries, and the rest."""

    name: str
    url: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]

    @property
    def words(self) -> str:
        """What it says in words."""
        told = (self.annotations.get(name, "") for name in ("summary", "message", "title", "description"))
        return " ".join((self.name, *told))


class Found(Struct, frozen=True):
    """A place, how it was found, and how sure that is."""

    place: AlertPlace
    kind: How
    score: float = 1.0


class Pages:
    """One state of the book, with what is looked up in it for every alert worked out once."""

    def __init__(self, library: Library, book: Book, url_bases: Mapping[str, str]) -> None:
        self.library = library
        self.book = book
        self._url_bases = url_bases
        self.alerts = AlertPlaces(library, book)
        self._issues: dict[str, tuple[Issue, ...]] = {}

    @cached_property
    def index(self) -> PageIndex:
        """Its pages by address."""
        outlines = [facts.outline for facts in self.book.facts.values() if facts.kind != "template"]
        return PageIndex(outlines, self.library.around().book)

    def resolved(self, asked: Asked) -> Resolution:
        """What the alert's address means under the configured bases."""
        return resolve_address(asked.url, self.index, self._web_addresses, Asker(asked.name, asked.labels))

    def below(self, path: str, asked: Asked) -> Resolution:
        """What a path of the book or of the repository means."""
        return resolve_address(path, self.index, (), Asker(asked.name, asked.labels))

    @cached_property
    def _web_addresses(self) -> tuple[UrlBase, ...]:
        return read_url_bases(self._url_bases)

    def issues(self, path: str) -> tuple[Issue, ...]:
        """The troubleshooting entries of a page."""
        if path not in self._issues:
            self._issues[path] = issues(self.library.page(path))
        return self._issues[path]

    def title(self, path: str, anchor: str) -> str:
        """What a section, or the page as a whole, is called."""
        page = self.library.page(path)
        section = page.section(anchor) if anchor else None
        return section.title if section is not None else page.title


def by_address(pages: Pages, asked: Asked) -> Found | None:
    """The section that the alert's own address means: under a configured base, on this server under whatever name, or
    a path of the repository."""
    if not asked.url.strip():
        return None
    meant = pages.resolved(asked)
    if meant.path is None:
        meant_here = _of_this_server(pages, asked)
        if isinstance(meant_here, AlertPlace):
            return Found(meant_here, "url")
        if meant_here is None:
            return None
        meant = meant_here
    if meant.path is None:
        return None
    return Found(_at_anchor(pages, meant.path, asked, meant), "url")


def _of_this_server(pages: Pages, asked: Asked) -> Resolution | AlertPlace | None:
    """What one of Opsbook's own addresses means, whatever the host: people reach it by several names."""
    match = _OWN.fullmatch(asked.url.strip())
    if match is None:
        return None
    kind, rest = match[1].lower(), unquote(match[2]).strip("/")
    if kind == "r":
        return pages.alerts.of(rest)
    if kind == "runbooks":
        service = named_service(pages.book, rest)
        if service is not None:
            return Resolution("ok", pages.book.services[service])
        return pages.below(f"runbooks/{rest}", asked)
    return pages.below(rest, asked)


def _at_anchor(pages: Pages, path: str, asked: Asked, meant: Resolution) -> AlertPlace:
    """The section of a page that the fragment of an address means; one that is not quite its anchor is told so, and
    where none is near, the one that names the alert."""
    fragment = unquote(meant.anchor or asked.url.partition("#")[2]).removeprefix("user-content-")
    why = "The alert carries its address."
    if not fragment or fragment.startswith(":~:"):
        return AlertPlace(path, "", why)
    page = pages.library.page(path)
    exact = next((each for each in (fragment, fragment.lower()) if each in page.anchors), None)
    if exact is not None:
        return AlertPlace(path, "" if _is_title(page, exact) else exact, why)
    near = _like_fragment(page, fragment) or meant.suggestion
    if near:
        return AlertPlace(path, near, f"The alert carries the address of its page with '#{fragment}', and this is"
                          " the section that comes nearest to that.")  # fmt: skip
    why = f"The alert carries its address; it has no section '#{fragment}'."
    named = _naming(pages, path, asked.name)
    return AlertPlace(path, named, f"{why} This one names the alert." if named else why)


def _naming(pages: Pages, path: str, name: str) -> str:
    """The anchor of the section of a page that names an alert; empty where none does."""
    issue = _issue_naming(pages, path, name) if name else None
    named = pages.alerts.on(path, name) if name else None
    return issue.anchor if issue is not None else named.anchor if named is not None else ""


def _is_title(page: Page, anchor: str) -> bool:
    section = page.section(anchor)
    return section is not None and section.level == 1


def _like_fragment(page: Page, fragment: str) -> str | None:
    """The only section whose anchor has all words of a fragment, as `issue-web-answers-502` those of `issue-502`."""
    wanted = [word for word in fragment.lower().split("-") if word]
    found = [
        section.anchor for section in page.sections
        if wanted and set(wanted) <= set(section.anchor.split("-"))
    ]  # fmt: skip
    return found[0] if len(found) == 1 else None


def by_name(pages: Pages, asked: Asked, service: str | None) -> Found | None:
    """The section about the alert of that name. Where a runbook of another service has it, and the runbook of its own
    service too, that one is meant."""
    place = pages.alerts.of(asked.name) if asked.name else None
    if place is None:
        return None
    own = pages.book.services[service] if service is not None else None
    if own is not None and pages.alerts.is_list(place.path):
        return None if place.path != own else Found(place, "named")  # its runbook has the steps; the list is the last
    if own is not None and place.path != own and place.path in pages.book.services.values():
        place = pages.alerts.on(own, asked.name) or place
        if place.path != own and _issue_naming(pages, own, asked.name) is not None:
            return None  # its entry is found next
    kind: How = "heading" if "heading" in place.why else "named"
    issue = _issue_naming(pages, place.path, asked.name) if not place.anchor or "lists" in place.why else None
    if issue is not None:
        return Found(AlertPlace(place.path, issue.anchor, "The symptoms of this entry name the alert."), "named")
    return Found(place, kind)


def _issue_naming(pages: Pages, path: str, name: str) -> Issue | None:
    word = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])", re.I)
    return next((issue for issue in pages.issues(path) if word.search(f"{issue.title}\n{issue.symptoms}")), None)


def by_issue(pages: Pages, asked: Asked, service: str | None) -> Found | None:
    """The troubleshooting entry, of the service's runbook, whose symptoms name the alert, else whose title has most of
    its words in common with what the alert says."""
    if service is None:
        return None
    path = pages.book.services[service]
    named = _issue_naming(pages, path, asked.name) if asked.name else None
    if named is not None:
        return Found(AlertPlace(path, named.anchor, "The symptoms of this entry name the alert."), "named")
    said = _words(asked.words) - _words(service)
    scored = [(_likeness(said, issue, service), -issue.start, issue) for issue in pages.issues(path)]
    if not scored:
        return None
    score, _, issue = max(scored, key=lambda each: each[:2])
    if score < _LIKE:
        return None
    why = f"The alert says what this entry of the runbook of {service} is about ({score:.0%} of its title)."
    return Found(AlertPlace(path, issue.anchor, why), "heading", round(score, 2))


_LIKE = 0.6


def _likeness(said: set[str], issue: Issue, service: str) -> float:
    """How much of an entry's title the alert says."""
    title = _words(issue.title) - _words(service)
    return len(title & said) / len(title) if title else 0.0


def _words(text: str) -> set[str]:
    words = {word.lower() for word in _WORD.findall(text[:4000])}
    return {_SAME.get(word, word) for word in words} - _EMPTY


def by_service(pages: Pages, service: str | None, label: str) -> Found | None:
    """The runbook of the service that a label names."""
    if service is None:
        return None
    kind: How = "service" if label == "service" else "label"
    return Found(AlertPlace(pages.book.services[service], "", f"It is the runbook of {service}, which the label {label}"
                            " names."), kind)  # fmt: skip


def by_search(
    index: Index | None, pages: Pages, asked: Asked, *, service: str | None, least: float
) -> Found | None:  # fmt: skip
    """What a search for the alert's words finds, where it is sure enough. A page about another service than the labels
    name is not meant: its steps would be taken at the wrong one."""
    if index is None:
        return None
    text = " ".join([*_WORD.findall(asked.name), *asked.words.removeprefix(asked.name).split()][:MOST_WORDS])
    if not any(len(word) >= LEAST_LETTERS or not word.isascii() for word in text.split()):
        return None
    answer = index.search(text, 5)
    hit = next((hit for hit in answer.hits if _is_helpful(pages, hit.path, service)), None)
    said = _words(text)
    unknown = {_SAME.get(word.lower(), word.lower()) for word in answer.unknown}
    if hit is None or hit.score < least or answer.matched in ("any", "none") or 2 * len(said - unknown) <= len(said):
        return None  # where most of what it says stands nowhere in the book, the rest finds something by chance
    why = f"A search for its words finds this, with a score of {hit.score:.2f} of 1; nothing names the alert."
    return Found(AlertPlace(hit.path, hit.anchor, why), "search", round(hit.score, 4))


def _is_helpful(pages: Pages, path: str, service: str | None) -> bool:
    """Whether a page says what to do: no template, no record of what was, and about no other service."""
    facts = pages.book.facts.get(path)
    if facts is None or facts.kind not in ("runbook", "alert-runbook", "procedure", "alerts"):
        return False
    if not service:
        return True
    if path in pages.book.services.values():
        return False  # a runbook of its own would have been found before
    return not facts.service or plain_name(facts.service) == plain_name(service)
