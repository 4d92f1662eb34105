"""The verb now: how every service is, what its page says of it, what is missing, what happened. Probes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from opsbook.book.probe import Probe
from opsbook.book.reach import Directory, Meant
from opsbook.ground.errors import SEVERITIES, Finding
from opsbook.ledger.health import Health, State
from opsbook.usecases.contacts import ResolvedContact, contacts
from opsbook.usecases.library import Book, PageFacts
from opsbook.usecases.oncall import directory_of, meant_model

_GRAVITY: dict[State, int] = {"unhealthy": 0, "unknown": 1, "healthy": 2}
MOST = 100  # services on one page
_ON_CALL = ("on-call", "on call", "oncall", "primary")


class ProbeNow(Struct, frozen=True):
    """A probe with its health."""

    probe: Probe
    health: Health


class ServiceNow(Struct, frozen=True):
    """A service as it is now. `worst` is the probe that decides its state, None where no page names a health check;
    `state` is then unknown, and `unasked` says why the check that it may name cannot be asked. `stale` is the finding
    about an overdue review, `troubleshooting` that section's anchor."""

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
    troubleshooting: str = ""
    unasked: Finding | None = None


class Hint(Struct, frozen=True, gc=False):
    """What to do next, where there is nothing to see yet: a sentence, and a command or an address (either may be
    empty)."""

    text: str
    command: str = ""
    address: str = ""


class Now(Struct, frozen=True):
    """How all services are. `total` is how many there are of the states wanted, of which some may not be told; `counts`
    are all by state; `without_check` are the runbooks that name no health check, `unasked` says of those whose checks
    cannot be asked why."""

    at: datetime
    services: tuple[ServiceNow, ...]
    total: int
    counts: dict[str, int]
    without_check: tuple[str, ...]
    findings: dict[str, int]
    stale: tuple[Finding, ...]
    hints: tuple[Hint, ...]
    is_whole: bool
    unasked: tuple[Finding, ...] = ()


class Watched(Struct, frozen=True):
    """The probes of the book and their health, by key."""

    probes: Mapping[str, Probe] = {}
    healths: Mapping[str, Health] = {}


def now(book: Book, watched: Watched, at: datetime, *, most: int = MOST, states: Collection[str] = ()) -> Now:
    """The state of every service of a snapshot: unhealthy ones first, then unknown, then healthy, by name.

    At most `most` services are told, all are counted; `states` are those wanted, empty for all.
    """
    runbooks = [facts for facts in book.facts.values() if facts.kind == "runbook"]
    probes = _probes_by_path(watched)
    for facts in runbooks:
        if facts.probes and facts.path not in probes:  # written a moment ago, and not asked yet
            probes[facts.path] = tuple(ProbeNow(probe, Health(probe.key)) for probe in facts.probes)
    known = [(_state(probes.get(facts.path, ())), facts) for facts in runbooks]
    counts = Counter(state for state, _ in known)
    wanted = [pair for pair in known if not states or pair[0] in states]
    wanted.sort(key=lambda pair: (_GRAVITY[pair[0]], pair[1].path not in probes, _name(pair[1]).lower(), pair[1].path))
    found = _Found(book, probes, at)
    unprobed = {facts.path: unasked_of(facts) for facts in runbooks if facts.path not in probes}
    return Now(
        at,
        tuple(found.service(facts) for _, facts in wanted[:most]),
        len(wanted),
        {state: counts[state] for state in _GRAVITY},
        tuple(sorted(path for path, unasked in unprobed.items() if unasked is None)),
        found.total(),
        tuple(found.stale[path] for path in sorted(found.stale)),
        tuple(_hints(book, runbooks)),
        book.is_whole,
        tuple(unasked for _, unasked in sorted(unprobed.items()) if unasked is not None),
    )


def unasked_of(facts: PageFacts) -> Finding | None:
    """Why a health check that is written on a page cannot be asked, at its line; None where none is written so."""
    return next((finding for finding in facts.findings if finding.rule == "unprobeable-address"), None)


def why_unprobed(unasked: Finding | None) -> str:
    """Why the health of a page without a probe is not known, in a sentence or two."""
    return f"Its health check cannot be asked. {unasked.message}" if unasked else "Its page names no health check."


def _name(facts: PageFacts) -> str:
    return facts.service or facts.title


def _state(probes: Sequence[ProbeNow]) -> State:
    return probes[0].health.state if probes else "unknown"


def _probes_by_path(watched: Watched) -> dict[str, tuple[ProbeNow, ...]]:
    """The probes of each page, the gravest first."""
    found: dict[str, list[ProbeNow]] = {}
    for key, probe in watched.probes.items():
        health = watched.healths.get(key) or Health(key)
        found.setdefault(probe.path, []).append(ProbeNow(probe, health))
    return {path: tuple(sorted(each, key=_gravity)) for path, each in found.items()}


def _gravity(probed: ProbeNow) -> tuple[int, int]:
    return _GRAVITY[probed.health.state], probed.probe.line


class _Found:
    """What is looked up for each service, gathered once."""

    def __init__(self, book: Book, probes: Mapping[str, tuple[ProbeNow, ...]], at: datetime) -> None:
        self.book, self.probes, self.at = book, probes, at
        self.directory: Directory = directory_of(book)
        self.slugs = {path: slug for slug, path in book.services.items()}
        self.counted: dict[str, Counter[str]] = {}
        self.stale: dict[str, Finding] = {}
        for finding in book.findings:
            self.counted.setdefault(finding.span.path, Counter())[finding.severity] += 1
            if finding.rule == "stale":
                self.stale.setdefault(finding.span.path, finding)

    def total(self) -> dict[str, int]:
        """How many findings the book has of each severity."""
        counts: Counter[str] = Counter()
        for each in self.counted.values():
            counts.update(each)
        return {severity: counts[severity] for severity in SEVERITIES}

    def service(self, facts: PageFacts) -> ServiceNow:
        """A runbook's service as it is now."""
        probes, coverage = self.probes.get(facts.path, ()), facts.coverage
        counts = self.counted.get(facts.path, Counter())
        return ServiceNow(
            _name(facts),
            self.slugs.get(facts.path, ""),
            facts.path,
            _state(probes),
            probes[0] if probes else None,
            probes,
            facts.owner or "",
            self.on_call(facts),
            tuple(alert.name for alert in facts.monitoring.alerts) if facts.monitoring else (),
            coverage.score if coverage else None,
            coverage.missing if coverage else (),
            coverage.unfilled if coverage else (),
            {severity: counts[severity] for severity in SEVERITIES},
            self.stale.get(facts.path),
            next((cell.anchor for cell in facts.slots if cell.slot == "troubleshooting"), ""),
            None if probes else unasked_of(facts),
        )

    def on_call(self, facts: PageFacts) -> tuple[Meant, ...]:
        """Whom the page's contact for whoever is on call means now, where somebody is reached by it."""
        found = contacts(self.book, facts.path, self.at, self.directory)
        own = next((each for each in found if each.is_resolved and _is_on_call(each)), None)
        if own is None:
            return ()
        return tuple(meant for meant in own.meant if meant.people or meant.meaning in ("channel", "address"))


def _is_on_call(contact: ResolvedContact) -> bool:
    role = contact.note.role.lower()
    return any(word in role for word in _ON_CALL) or any(each.meaning == "schedule" for each in contact.meant)


def _hints(book: Book, runbooks: Sequence[PageFacts]) -> list[Hint]:
    """What to do next where there is nothing to see."""
    if not book.files:
        return [
            Hint("This folder has no pages yet. Write all of it, with a template for everything", "opsbook init"),
            Hint("Or begin with one service", "opsbook new runbook my-service"),
        ]
    if not book.is_whole:
        return []  # what is not read yet may well be a runbook
    if not runbooks:
        return _without_runbook(book)
    if not any(facts.probes or unasked_of(facts) for facts in runbooks):
        line = "- **Health Check URL:** https://service.example/healthz"
        return [Hint("No runbook says how to see that its service is well. Write below Health Checks", line)]
    return []


def _without_runbook(book: Book) -> list[Hint]:
    """What was found instead, and how to say that some of it is a runbook."""
    kinds = Counter(facts.kind for facts in book.facts.values())
    told = ", ".join(f"{kind} {count}" for kind, count in kinds.most_common())
    count = len(book.files)
    found = f"{count} page was found" if count == 1 else f"{count} pages were found"
    plain = [path for path, facts in book.facts.items() if facts.kind == "page"] or list(book.files)
    folder, number = Counter(path.rpartition("/")[0] for path in plain).most_common(1)[0]
    glob = f"{folder}/*.md" if folder else "*.md"
    if number == 1:
        glob = next(path for path in plain if path.rpartition("/")[0] == folder)
    return [
        Hint(f"{found} (by kind: {told})", address="/book"),
        Hint("None of them is read as a service's runbook, which is what is watched", address="/coverage"),
        Hint("Where some are runbooks, say so in opsbook.toml", f'[kinds]\n"{glob}" = "runbook"'),
        Hint("Or write one", "opsbook new runbook my-service"),
    ]


def now_model(found: Now) -> dict[str, Any]:
    """The state as plain values."""
    return {
        "at": found.at.isoformat(),
        "total": found.total,
        "counts": found.counts,
        "services": [_service_model(service) for service in found.services],
        "without_check": list(found.without_check),
        "findings": found.findings,
        "unasked": [_finding_model(each) for each in found.unasked],
        "stale": [_finding_model(each) for each in found.stale],
        "hints": [{"text": h.text, "command": h.command or None, "address": h.address or None} for h in found.hints],
        "is_whole": found.is_whole,
    }


def _finding_model(finding: Finding) -> dict[str, Any]:
    return {"path": finding.span.path, "line": finding.span.line, "message": finding.message, "fix": finding.fix}


def _service_model(service: ServiceNow) -> dict[str, Any]:
    return {
        "service": service.service, "slug": service.slug, "runbook": service.path, "state": service.state,
        "why": service.worst.health.why if service.worst else why_unprobed(service.unasked),
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
