"""Which page of the book a runbook's address means. Asks no network: an address under no base is external."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Literal
from urllib.parse import unquote

from msgspec import Struct

from opsbook.book.address_template import fill, is_templated
from opsbook.book.links import guess_anchor, has_anchor
from opsbook.book.page_index import PageIndex, Placed

Verdict = Literal["ok", "ok-case", "bad-anchor", "missing-page", "templated", "external", "none"]
VERDICTS: tuple[Verdict, ...] = (
    "ok",
    "ok-case",
    "bad-anchor",
    "missing-page",
    "templated",
    "external",
    "none",
)


class Resolution(Struct, frozen=True):
    """What an address means: the page and its anchor when found, else a guess; `why` in words."""

    verdict: Verdict
    path: str | None = None
    anchor: str | None = None
    suggestion: str | None = None
    why: str = ""


class Asker(Struct, frozen=True):
    """Who gives an address: an alert with the labels its rule sets, in a rule file."""

    alert: str = ""
    labels: Mapping[str, str] = {}
    source: str = ""


class UrlBase(Struct, frozen=True):
    """A web address that shows a folder of the repository; scheme and the host's letter case are gone."""

    host: str
    path: str
    folder: str
    written: str


@cache
def _head() -> re.Pattern[str]:
    """Scheme, host (or template), and the rest of an address."""
    return re.compile(r"(?:(https?):)?(//)?((?:\{\{.*?\}\}|[^/?#{])*)(.*)", re.IGNORECASE | re.DOTALL)


@cache
def _code_host() -> re.Pattern[str]:
    # Only these words begin the name of a branch with a slash. Were it any word, a page that has moved up by a
    # folder would seem to be in its old place.
    prefixed = r"(?:refs/\w+|feature|release|releases|fix|bugfix|hotfix|heads|tags|users)/[^/]+|[^/]+"
    gitea = r"src/(?:branch|tag|commit)|src(?=/(?:main|master|HEAD|[0-9a-f]{7,40})(?:/|$))"
    return re.compile(rf"(?:-/)?(?:blob|tree|raw|edit|blame|{gitea})/(?:{prefixed})(?:/(.*)|$)")


def read_url_bases(url_bases: Mapping[str, str]) -> tuple[UrlBase, ...]:
    """The bases, longest prefix first."""
    bases = [_prefix(url, folder) for url, folder in url_bases.items()]
    return tuple(sorted(bases, key=lambda base: (-len(base.path), base.host, base.path)))


def _prefix(url: str, folder: str) -> UrlBase:
    host, rest = _split(url)
    path = re.split("[?#]", rest)[0].strip("/")
    folder = re.sub(r"^(?:\./)+", "", folder.strip() + "/").strip("/")
    return UrlBase(host, path, "" if folder == "." else folder, url)


def _split(address: str) -> tuple[str, str]:
    match = _head().match(address.strip())
    if match is None:
        return "", address
    host = re.sub(r"\{\{-?\s*(.*?)\s*-?\}\}", r"{{\1}}", match[3])
    if "{" not in host:
        host = host.lower().rpartition("@")[2] if match[2] else host.lower()
    default_port = {"http": ":80", "https": ":443"}.get((match[1] or "").lower(), "\0")
    return host.removesuffix(default_port), match[4]


def resolve_address(
    url: str | None, index: PageIndex, bases: tuple[UrlBase, ...] = (), asker: Asker | None = None
) -> Resolution:
    """What a runbook's address means in this book."""
    asker = asker or Asker()
    if not url or not url.strip():
        suggestion = index.naming(asker.alert)
        why = "it has no runbook's address"
        return Resolution("none", suggestion=suggestion, why=why + (", and a page names it" if suggestion else ""))
    address = fill(url.strip(), {**asker.labels, "alertname": asker.alert})
    under = _under(address, bases)
    if under:
        base, rest, is_exact = under
        return _below(rest, index, base, asker, is_exact=is_exact)
    if _is_web(address):
        return Resolution("external", why="it is under none of the known addresses")
    if is_templated(address):
        return Resolution("templated", why="a part of it is filled in elsewhere")
    return _in_repository(address, index, asker)


def _is_web(address: str) -> bool:
    scheme, separator, rest = address.partition(":")
    if separator and re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]+", scheme):
        return not is_templated(rest.lstrip("/").split("/")[0])
    if address.startswith("//"):
        return not is_templated(address.split("/")[2])
    # A host without a scheme: `wiki.example.org/page`, but not `page.md` or `v1.2/page`.
    return re.match(r"(?:[\w-]+\.)+[a-z]{2,}(?::\d+)?/", address) is not None


def _under(address: str, bases: tuple[UrlBase, ...]) -> tuple[UrlBase, str, bool] | None:
    host, rest = _split(address)
    path = rest.lstrip("/")
    for base in bases:
        size = len(base.path)
        if base.host != host or path[:size].lower() != base.path.lower():
            continue
        if not size or path[size : size + 1] in ("", "/", "?", "#"):
            return base, path[size:], path[:size] == base.path
    return None


def _below(rest: str, index: PageIndex, base: UrlBase, asker: Asker, *, is_exact: bool) -> Resolution:
    path, fragment = _path_and_fragment(rest)
    if is_templated(path):
        return Resolution("templated", why="a part of it is filled in elsewhere")
    wanted = [_joined(base.folder, each) for each in _without_ref(path)]
    if index.book and not base.folder.startswith(index.book):
        wanted += [_joined(index.book, each) for each in wanted]
    return _verdict(wanted, fragment, index, asker, is_exact=is_exact)


def _path_and_fragment(rest: str) -> tuple[str, str]:
    address, _, fragment = rest.partition("#")
    return unquote(address.partition("?")[0]).strip("/"), unquote(fragment)


def _joined(folder: str, path: str) -> str:
    return f"{folder}/{path}" if folder else path


def _without_ref(path: str) -> list[str]:
    """The paths that an address may mean: on a code host, what follows `blob/` and the branch."""
    match = _code_host().match(path)
    return [match[1] or "", path] if match else [path]


def _in_repository(address: str, index: PageIndex, asker: Asker) -> Resolution:
    path, fragment = _path_and_fragment(address)
    wanted = [path]
    if not address.startswith("/"):
        wanted.append(_joined(asker.source.rpartition("/")[0], path))
    if index.book:
        wanted.append(_joined(index.book, path))
    if "/" not in path:
        same = index.called(path)
        wanted += same if len(same) == 1 else []
    return _verdict(wanted, fragment, index, asker)


def _verdict(wanted: list[str], fragment: str, index: PageIndex, asker: Asker, *, is_exact: bool = True) -> Resolution:
    found = _first_found(wanted, index)
    if found is None:
        return _missing(wanted[0], index, asker)
    page, is_same_case = found
    verdict: Verdict = "ok" if is_exact and is_same_case else "ok-case"
    why = "the page is there" if verdict == "ok" else "the page is there but for the letter case"
    anchor = _meant_anchor(fragment)
    if not anchor:
        return Resolution(verdict, page.path, why=why)
    if is_templated(anchor):
        return Resolution("templated", page.path, why="the page is there; its anchor is filled in elsewhere")
    anchors = frozenset(page.anchors)
    if has_anchor(anchors, anchor):
        return Resolution(verdict, page.path, anchor, why=why)
    lowered = anchor.lower()
    if lowered in anchors:
        return Resolution("ok-case", page.path, lowered, why="the anchor is there but for the letter case")
    suggestion = guess_anchor(anchor, anchors)
    return Resolution("bad-anchor", page.path, anchor, suggestion, "the page is there, its anchor is not")


def _first_found(wanted: list[str], index: PageIndex) -> tuple[Placed, bool] | None:
    found = [page for page in map(index.at, wanted) if page]
    return next((page for page in found if page[1]), found[0] if found else None)


def _meant_anchor(fragment: str) -> str:
    """The anchor of a page that a fragment names; lines of a code host and text fragments name none."""
    if fragment.startswith(":~:") or re.fullmatch(r"L\d+(?:C\d+)?(?:-L?\d+(?:C\d+)?)?|lines-[\d:]+", fragment):
        return ""
    return fragment.partition(":~:")[0].removeprefix("user-content-")


def _missing(wanted: str, index: PageIndex, asker: Asker) -> Resolution:
    for suggestion, why in _guesses(wanted, index, asker):
        if suggestion:
            return Resolution("missing-page", suggestion=suggestion, why=f"no page is there; {why}")
    return Resolution("missing-page", why="no page is there, nor one like it")


def _guesses(wanted: str, index: PageIndex, asker: Asker) -> Iterator[tuple[str | None, str]]:
    yield next(iter(index.called(wanted)), None), "one of the same name is elsewhere"
    yield index.naming(asker.alert), "one names the alert"
    yield index.spelled_like(wanted), "one is spelled almost so"
