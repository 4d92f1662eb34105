"""The verb now: how every service is, what its page says of it, what is missing, what happened. Probes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from opsbook.book.probe import Probe
from opsbook.book.reach import Directory, Meant
from opsbook.ground.errors import Finding
from opsbook.ledger.event import Event
from opsbook.ledger.health import Health, State
from opsbook.usecases.activity import Activity, recent_activity
from opsbook.usecases.contacts import ResolvedContact, contacts
from opsbook.usecases.library import Book, PageFacts
from opsbook.usecases.oncall import directory_of, meant_model
from opsbook.usecases.serving_ports import Change

_GRAVITY: dict[State, int] = {"unhealthy": 0, "unknown": 1, "healthy": 2}
_ON_CALL = ("on-call", "on call", "oncall", "primary")


class ProbeNow(Struct, frozen=True):
    """A probe with its health."""

    probe: Probe
    health: Health


class ServiceNow(Struct, frozen=True):
    """A service as it is now. `worst` is the probe that decides its state, None where no page names a health check;
    `state` is then unknown. `stale` is the finding about an overdue review."""

    service: str
    slug: str
    path: str
    state: State
    worst: ProbeNow | None
    probes: tuple[ProbeNow, ...]
    owner: str
    on_call: tuple[Meant, ...]
    alerts: tuple[str, ...]
    score: float | None
    missing: tuple[str, ...]
    unfilled: tuple[str, ...]
    findings: dict[str, int]
    stale: Finding | None = None


class Hint(Struct, frozen=True, gc=False):
    """What to do next, where there is nothing to see yet: a sentence, and a command or an address (either may be
    empty)."""

    text: str
    command: str = ""
    address: str = ""


class Now(Struct, frozen=True):
    """All of the first page. `counts` are services by state; `without_check` those that name no health check."""

    at: datetime
    services: tuple[ServiceNow, ...]
    counts: dict[str, int]
    without_check: tuple[str, ...]
    findings: dict[str, int]
    stale: tuple[Finding, ...]
    activity: tuple[Activity, ...]
    hints: tuple[Hint, ...]
    is_whole: bool


class Watched(Struct, frozen=True):
    """What a server knows besides the book: probes and their health by key, the last events and commits."""

    probes: Mapping[str, Probe] = {}
    healths: Mapping[str, Health] = {}
    events: Sequence[Event] = ()
    commits: Sequence[Change] = ()


def now(book: Book, watched: Watched, at: datetime) -> Now:
    """The state of every service of a snapshot: unhealthy ones first, then unknown, then healthy, by name."""
    directory = directory_of(book)
    counted: dict[str, Counter[str]] = {}
    stale: dict[str, Finding] = {}
    for finding in book.findings:
        counted.setdefault(finding.span.path, Counter())[finding.severity] += 1
        if finding.rule == "stale":
            stale.setdefault(finding.span.path, finding)
    probes = _probes_by_path(watched)
    slugs = {path: slug for slug, path in book.services.items()}
    around = _Around(book, directory, at)
    services = []
    for path, facts in book.facts.items():
        if facts.kind == "runbook":
            own = (counted.get(path, Counter()), stale.get(path))
            services.append(_service(around, facts, slugs.get(path, ""), probes.get(path, ()), found=own))
    services.sort(key=lambda service: (_GRAVITY[service.state], service.worst is None, service.service.lower()))
    counts = Counter(service.state for service in services)
    total: Counter[str] = Counter()
    for each in counted.values():
        total.update(each)
    return Now(
        at,
        tuple(services),
        {state: counts[state] for state in _GRAVITY},
        tuple(service.service for service in services if not service.probes),
        {severity: total[severity] for severity in ("error", "warning", "info")},
        tuple(stale[path] for path in sorted(stale)),
        recent_activity(book, watched.events, watched.commits),
        tuple(_hints(book, services)),
        book.is_whole,
    )


class _Around(Struct, frozen=True):
    book: Book
    directory: Directory
    at: datetime


def _probes_by_path(watched: Watched) -> dict[str, tuple[ProbeNow, ...]]:
    found: dict[str, list[ProbeNow]] = {}
    for key, probe in watched.probes.items():
        health = watched.healths.get(key) or Health(key)
        found.setdefault(probe.path, []).append(ProbeNow(probe, health))
    return {path: tuple(sorted(each, key=_severity_of)) for path, each in found.items()}


def _severity_of(probed: ProbeNow) -> tuple[int, int]:
    return _GRAVITY[probed.health.state], probed.probe.line


def _service(
    around: _Around,
    facts: PageFacts,
    slug: str,
    probes: tuple[ProbeNow, ...],
    *,
    found: tuple[Counter[str], Finding | None],
) -> ServiceNow:
    counts, stale = found
    worst = probes[0] if probes else None
    coverage = facts.coverage
    return ServiceNow(
        facts.service or facts.title,
        slug,
        facts.path,
        worst.health.state if worst else "unknown",
        worst,
        probes,
        facts.owner or "",
        _on_call(around, facts),
        tuple(alert.name for alert in facts.monitoring.alerts) if facts.monitoring else (),
        coverage.score if coverage else None,
        coverage.missing if coverage else (),
        coverage.unfilled if coverage else (),
        {severity: counts[severity] for severity in ("error", "warning", "info")},
        stale,
    )


def _on_call(around: _Around, facts: PageFacts) -> tuple[Meant, ...]:
    """Whom the page's contact for whoever is on call means now, where somebody is reached by it."""
    found = contacts(around.book, facts.path, around.at, around.directory)
    own = [each for each in found if each.is_resolved and _is_on_call(each)]
    return (
        tuple(meant for meant in own[0].meant if meant.people or meant.meaning in ("channel", "address")) if own else ()
    )


def _is_on_call(contact: ResolvedContact) -> bool:
    role = contact.note.role.lower()
    return any(word in role for word in _ON_CALL) or any(each.meaning == "schedule" for each in contact.meant)


def _hints(book: Book, services: Sequence[ServiceNow]) -> list[Hint]:
    """What to do next where there is nothing to see."""
    if not book.files:
        return [
            Hint("This folder has no pages yet. Write all of it, with a template for everything", "opsbook init"),
            Hint("Or begin with one service", "opsbook new runbook my-service"),
        ]
    if not services:
        return [Hint("No page is a service's runbook yet. Write one", "opsbook new runbook my-service")]
    if not any(service.probes for service in services):
        line = "- **Health Check URL:** https://service.example/healthz"
        return [Hint("No runbook says how to see that its service is well. Write below Health Checks", line)]
    return []


def now_model(found: Now) -> dict[str, Any]:
    """The state as plain values."""
    return {
        "at": found.at.isoformat(),
        "counts": found.counts,
        "services": [_service_model(service) for service in found.services],
        "without_check": list(found.without_check),
        "findings": found.findings,
        "stale": [{"path": f.span.path, "line": f.span.line, "message": f.message, "fix": f.fix} for f in found.stale],
        "activity": [
            {"at": a.at.isoformat(), "kind": a.kind, "actor": a.actor, "text": a.text, "path": a.path or None}
            for a in found.activity
        ],
        "hints": [{"text": h.text, "command": h.command or None, "address": h.address or None} for h in found.hints],
        "is_whole": found.is_whole,
    }


def _service_model(service: ServiceNow) -> dict[str, Any]:
    return {
        "service": service.service, "slug": service.slug, "runbook": service.path, "state": service.state,
        "why": service.worst.health.why if service.worst else "Its page names no health check.",
        "since": _time(service.worst.health.since) if service.worst else None,
        "probe": service.worst.probe.key if service.worst else None,
        "probes": [_probe_model(each) for each in service.probes],
        "owner": service.owner or None, "on_call": [meant_model(each) for each in service.on_call],
        "alerts": list(service.alerts), "score": service.score, "missing": list(service.missing),
        "unfilled": list(service.unfilled), "findings": service.findings,
        "stale": service.stale.message if service.stale else None,
    }  # fmt: skip


def _probe_model(probed: ProbeNow) -> dict[str, Any]:
    return {
        "key": probed.probe.key, "name": probed.probe.name, "kind": probed.probe.kind, "address": probed.probe.address,
        "line": probed.probe.line, "state": probed.health.state, "since": _time(probed.health.since),
        "why": probed.health.why,
    }  # fmt: skip


def _time(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
