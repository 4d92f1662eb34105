"""A probe as a page asks for it: an address, what is expected of its answer, how often, and from when it counts as ill.

Says what should be asked; asks nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, Literal, cast

from msgspec import Struct
from msgspec.structs import replace

from opsbook.book.expectation import Expectation as Expectation  # the parts of a probe are found here
from opsbook.book.expectation import describe, read_expectation
from opsbook.book.grammar.problem import Problem
from opsbook.book.health_checks import HealthCheck, Said, health_checks, is_check_label, may_have_checks
from opsbook.book.page import Page, is_slot_text
from opsbook.book.probe_address import kind_of, rewritten, unasked
from opsbook.book.probe_settings import SHORTEST_EVERY_S, read_frequency, read_redirects, read_thresholds, read_timeout
from opsbook.book.slots import is_unfilled

ProbeKind = Literal["http", "tcp", "tls", "dns"]
FAILURES_TO_UNHEALTHY = 3
SUCCESSES_TO_RECOVER = 2
EVERY_S = 60.0  # where a page says nothing
TIMEOUT_S = 10.0
# Reports tell of addresses as they were, and templates of none.
_UNPROBED = frozenset({"template", "incident", "post-mortem"})


class Probe(Struct, frozen=True):
    """One probe of a page. `key` tells it from all others of the book and outlives changes of the page elsewhere:
    it is made of the page's path, the kind and the address as written. [start, end) are bytes of the page.
    `says_every` and `says_timeout` tell what the page itself says from what is so by default."""

    key: str
    path: str
    line: int
    start: int
    end: int
    service: str | None
    kind: ProbeKind
    address: str
    expectation: Expectation = Expectation()
    every_s: float = EVERY_S
    timeout_s: float = TIMEOUT_S
    failures: int = FAILURES_TO_UNHEALTHY
    successes: int = SUCCESSES_TO_RECOVER
    follows_redirects: bool = False
    name: str = ""
    says_every: bool = False
    says_timeout: bool = False


class Misread(Struct, frozen=True):
    """What a page says of a probe and cannot be understood: of which part, and its bytes [start, end)."""

    about: Literal["address", "expectation", "setting"]
    problem: Problem
    start: int
    end: int


def probes_of(page: Page) -> tuple[Probe, ...]:
    """The probes that a page asks for; what of them cannot be understood is left out and is in `misread_of`."""
    return _read(page)[0]


def misread_of(page: Page) -> tuple[Misread, ...]:
    """What the page says of its probes and nobody can understand."""
    return _read(page)[1]


def as_configured(
    probe: Probe, *, every_s: float, timeout_s: float, rewrite: Mapping[str, str], listens: str | None = None
) -> Probe:
    """The probe as it is asked: with the configured frequency and timeout where its page says none, and the address
    that `rewrite` (host:port → host:port, or "self" for `listens`) puts in the place of the written one."""
    return replace(
        probe,
        every_s=probe.every_s if probe.says_every else max(every_s, SHORTEST_EVERY_S),
        timeout_s=probe.timeout_s if probe.says_timeout else timeout_s,
        address=rewritten(probe.address, rewrite, listens),
    )


def _read(page: Page) -> tuple[tuple[Probe, ...], tuple[Misread, ...]]:
    # Kept on the page, since the library and three rules ask.
    kept: tuple[tuple[Probe, ...], tuple[Misread, ...]] | None = page.__dict__.get("_probes")
    if kept is None and (page.kind in _UNPROBED or not may_have_checks(page)):
        return (), ()
    if kept is None:
        kept = page.__dict__["_probes"] = _read_checks(page)
    return kept


def _read_checks(page: Page) -> tuple[tuple[Probe, ...], tuple[Misread, ...]]:
    probes: list[Probe] = []
    misread: list[Misread] = list(_addressless(page))
    times_seen: dict[tuple[str, str], int] = {}
    for check in health_checks(page):
        kind = kind_of(check.url)
        if kind is None:
            continue
        if isinstance(kind, Problem):
            misread.append(Misread("address", kind, check.start, max(check.end, check.start)))
            continue
        said, wrong = _settings(check, kind)
        misread.extend(wrong)
        times_seen[kind, check.url] = times = times_seen.get((kind, check.url), 0) + 1
        probes.append(
            Probe(
                key=_key(page.path, kind, check.url, times),
                path=page.path,
                line=page.document.line(check.start),
                start=check.start,
                end=check.end,
                service=page.service,
                kind=cast(ProbeKind, kind),
                address=check.url,
                name=check.name,
                **said,
            )
        )
    unique = {(each.start, each.problem.message): each for each in misread}  # labels may be shared among checks
    return tuple(probes), tuple(sorted(unique.values(), key=lambda each: each.start))


def _key(path: str, kind: str, address: str, times: int) -> str:
    material = "\0".join((path, kind, address) if times == 1 else (path, kind, address, str(times)))
    return hashlib.sha256(material.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _addressless(page: Page) -> Iterator[Misread]:
    """Labels that announce a check and hold what looks like an address, but is none that can be asked."""
    for field in page.fields:
        if is_check_label(field):
            value = field.value(page.document)
            problem = None if is_unfilled(value) else unasked(value)
            if problem:
                yield Misread("address", problem, field.value_start, field.value_end)


def _settings(check: HealthCheck, kind: str) -> tuple[dict[str, Any], list[Misread]]:
    """The settings of a probe by their names in Probe, and what of them cannot be read."""
    said = {label: each for label, each in check.said.items() if not is_unfilled(each.text)}
    found: dict[str, Any] = {}
    wrong: list[Misread] = []

    def take(name: str, label: str, value: Any) -> None:
        if isinstance(value, Problem):
            wrong.append(Misread("setting", value, said[label].start, said[label].end))
        else:
            found[name] = value

    if "every" in said:
        take("every_s", "every", read_frequency(said["every"].text))
    if "timeout" in said:
        take("timeout_s", "timeout", read_timeout(said["timeout"].text))
    if "redirects" in said:
        take("follows_redirects", "redirects", read_redirects(said["redirects"].text))
    for label in ("successes", "failures"):
        if label in said:
            counts = read_thresholds(said[label].text, label, found.get("every_s", EVERY_S))
            for name, count in counts.items() if isinstance(counts, dict) else [(label, counts)]:
                if name == label or name not in said:
                    take(name, label, count)
    found["says_every"], found["says_timeout"] = "every_s" in found, "timeout_s" in found
    found["expectation"] = _expectation(said, kind, wrong)
    return found, wrong


def _expectation(said: Mapping[str, Said], kind: str, wrong: list[Misread]) -> Expectation:
    further = {"http": ("certificate",), "tls": ("certificate",), "dns": ("addresses",)}.get(kind, ())
    labels = ("expected", *further)
    given = [said[label] for label in labels if label in said and not is_slot_text(said[label].text)]
    expectation, problem = read_expectation("; ".join(each.text for each in given), kind)
    if problem is not None and given:
        wrong.append(Misread("expectation", problem, given[0].start, given[0].end))
    if given:
        return expectation
    return replace(expectation, words="2xx" if kind == "http" else describe(expectation, kind))
