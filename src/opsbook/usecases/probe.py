"""The verb probe: asks every probe of the book, or of some services, once. One reading is no history, so it decides."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

from opsbook.book.expectation import describe
from opsbook.book.page import read_page, stem
from opsbook.book.probe import Probe, probes_of
from opsbook.ground.errors import Usage
from opsbook.ground.guesses import closest
from opsbook.ground.slugs import github_slug
from opsbook.ledger.health import Reading
from opsbook.usecases.ports import BookSource, Unreadable
from opsbook.usecases.serving_ports import Prober

# A page without any of these words has no label and no section that announces a check.
_TELLING = re.compile(rb"health|probe|readiness|liveness|status url", re.I)


class Asked(Struct, frozen=True):
    """A probe with the reading that came of it; None while there is none."""

    probe: Probe
    reading: Reading | None = None

    @property
    def state(self) -> str:
        """healthy, unhealthy, or asking."""
        return "asking" if self.reading is None else "healthy" if self.reading.is_ok else "unhealthy"


def probes_in(source: BookSource, services: Sequence[str], configured: Callable[[Probe], Probe]) -> list[Probe]:
    """The probes of the book in the order of its pages, or those of the named services. Raises Usage for a service that
    the book does not have, or that has no probe."""
    found: list[Probe] = []
    for file in source.pages():
        raw = source.read(file.path)
        if not isinstance(raw, Unreadable) and _TELLING.search(raw):
            found.extend(map(configured, probes_of(read_page(file.path, raw, source.reading))))
    if not services:
        return found
    wanted = {_folded(name): name for name in services}
    chosen = [probe for probe in found if not wanted.keys().isdisjoint(_names(probe.service, probe.path))]
    for folded, name in wanted.items():
        if not any(folded in _names(probe.service, probe.path) for probe in chosen):
            raise _nothing_of(name, source)
    return chosen


def ask_once(prober: Prober, probes: Sequence[Probe], tell: Callable[[Asked], None]) -> list[Asked]:
    """Asks them side by side, tells of each as it comes, and returns all in the given order."""
    readings: dict[str, Reading] = {}

    def take(probe: Probe, reading: Reading) -> None:
        readings[probe.key] = reading
        tell(Asked(probe, reading))

    prober.ask(probes, take)
    return [Asked(probe, readings.get(probe.key)) for probe in probes]


def probe_model(asked: Sequence[Asked]) -> dict[str, Any]:
    """The answer as JSON: `probes`, and how many are `healthy` and `unhealthy`."""
    states = [each.state for each in asked]
    return {
        "probes": [_one(each) for each in asked],
        "summary": {state: states.count(state) for state in ("healthy", "unhealthy")},
    }


def _one(asked: Asked) -> dict[str, Any]:
    probe, reading = asked.probe, asked.reading
    return {
        "probe": probe.key,
        "service": probe.service,
        "name": probe.name or None,
        "path": probe.path,
        "line": probe.line,
        "kind": probe.kind,
        "address": probe.address,
        "expected": probe.expectation.words,
        "looked_at": describe(probe.expectation, probe.kind),
        "state": asked.state,
        "outcome": reading.outcome if reading else None,
        "why": reading.why if reading else None,
        "status": reading.status if reading else None,
        "latency_ms": round(reading.latency_ms, 1) if reading else None,
        "at": reading.at if reading else None,
    }


def _folded(name: str) -> str:
    return github_slug(name.strip().removesuffix(".md"))


def _names(service: str | None, path: str) -> set[str]:
    """What a service may be called: its name, its page's path, or the file's name alone."""
    return {_folded(name) for name in (service, stem(path), path) if name}


def _nothing_of(name: str, source: BookSource) -> Usage:
    known: dict[str, str] = {}
    for file in source.pages():
        raw = source.read(file.path)
        if isinstance(raw, Unreadable):
            continue
        page = read_page(file.path, raw, source.reading)
        if page.service:
            if _folded(name) in _names(page.service, page.path):
                example = "- **Health Check URL:** https://host/health"
                return Usage(f"'{page.path}' names no health check that can be asked. Write one there: {example}")
            known[_folded(page.service)] = page.service
            known.setdefault(_folded(stem(page.path)), page.service)
    near = closest(_folded(name), known)
    if near:
        return Usage(f"There is no service '{name}'. Did you mean '{known[near]}'?")
    services = sorted(set(known.values()))
    others = " and others" if len(services) > 12 else ""
    listed = f" The book has {', '.join(services[:12])}{others}." if services else ""
    return Usage(f"There is no service '{name}'.{listed}")
