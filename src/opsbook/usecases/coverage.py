"""The verb coverage: services × expected sections, alerts × pages. Reads; changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec
from msgspec import Struct

from opsbook.book.alert_coverage import AlertCoverage, coverage_summary
from opsbook.book.discovery.naming import names_of
from opsbook.book.kinds import PROFILES
from opsbook.book.lint import Around, LintSettings, Outline
from opsbook.book.outline import outline_of
from opsbook.book.page import Page, Section, is_slot_text, read_page
from opsbook.ground.errors import Finding
from opsbook.usecases.alert_files import covered, gather
from opsbook.usecases.lint import Scope, surroundings
from opsbook.usecases.ports import Alerting, BookSource, PageFile, RuleFiles, Unreadable, Workers
from opsbook.usecases.practice_report import PracticeReport, practice_model, practice_report


class ServiceCoverage(Struct, frozen=True):
    """A service's runbook against what is expected: slots with nothing in them are `missing`, slots in which nothing
    but the template's own slots stand are `unfilled`; `score` is the share that is neither. `names` are those by which
    it is known. A service that is deployed (`deployed` is where) and has no runbook has None, and all is missing."""

    service: str
    runbook: str | None
    missing: tuple[str, ...]
    unfilled: tuple[str, ...]
    score: float
    names: tuple[str, ...] = ()
    deployed: str = ""


class SlotPlace(Struct, frozen=True, gc=False):
    """A slot of a runbook: filled, unfilled, missing or not-expected; and the section and line where it stands, or the
    line before which it would stand."""

    slot: str
    state: str
    anchor: str
    line: int


class CoverageReport(Struct, frozen=True):
    """What is covered, in the order of services and of the rule files; `findings` are of rule files that are broken."""

    services: tuple[ServiceCoverage, ...]
    alerts: tuple[AlertCoverage, ...]
    summary: dict[str, int]
    findings: tuple[Finding, ...] = ()
    practice: PracticeReport = PracticeReport()


class _Part(Struct):
    outlines: list[Outline]
    services: list[ServiceCoverage]


def coverage(
    source: BookSource, rule_files: RuleFiles, scope: Scope, alerting: Alerting, *, workers: Workers,
    knows_runs: bool = True,
) -> CoverageReport:  # fmt: skip
    """What the book covers of its services and of the alerts at the named paths, and how far it was practised."""
    files = source.pages()
    around = surroundings(source, files, scope)
    parts = workers.spread(partial(_read_part, source, around), files)
    decoded = [msgspec.msgpack.decode(part, type=_Part) for part in parts]
    outlines = sorted((outline for part in decoded for outline in part.outlines), key=lambda o: o.path)
    services = [service for part in decoded for service in part.services]
    services.sort(key=lambda service: (service.service.lower(), service.runbook or ""))
    gathered = gather(rule_files, alerting)
    alerts = covered(gathered, outlines, alerting, source.book)
    practice = practice_report(
        outlines, scope.settings.practised, scope.today, scope.settings.practised_days, knows_runs=knows_runs
    )
    return CoverageReport(tuple(services), alerts, coverage_summary(alerts), gathered.findings, practice)


def _read_part(source: BookSource, around: Around, files: Sequence[PageFile]) -> bytes:
    part = _Part([], [])
    for file in files:
        raw = source.read(file.path)
        if isinstance(raw, Unreadable):
            continue
        page = read_page(file.path, raw, source.reading)
        part.outlines.append(outline_of(page, around))
        if page.kind == "runbook":
            part.services.append(service_coverage(page, around.settings))
    return msgspec.msgpack.encode(part)


def service_coverage(page: Page, settings: LintSettings) -> ServiceCoverage:
    """How far a runbook fills the slots expected of it."""
    expected = settings.required.get("runbook", PROFILES["runbook"].slots)
    states = {slot: _state(page, slot) for slot in expected}
    missing = tuple(slot for slot in expected if states[slot] == "missing")
    unfilled = tuple(slot for slot in expected if states[slot] == "unfilled")
    score = 1.0 if not expected else round(1 - (len(missing) + len(unfilled)) / len(expected), 3)
    return ServiceCoverage(page.service or page.title, page.path, missing, unfilled, score, names_of(page))


def slot_places(page: Page, settings: LintSettings) -> tuple[SlotPlace, ...]:
    """Every slot of a runbook with its state and its place, in the order of the template; none for another kind."""
    if page.kind != "runbook":
        return ()
    expected = settings.required.get("runbook", PROFILES["runbook"].slots)
    slots = tuple(dict.fromkeys((*PROFILES["runbook"].slots, *expected)))
    firsts = {slot: next((s for s in page.sections if s.slot == slot), None) for slot in slots}
    found = []
    for at, slot in enumerate(slots):
        section, state = firsts[slot], _state(page, slot)
        if state == "missing" and slot not in expected:
            state = "not-expected"
        if section is not None:
            found.append(SlotPlace(slot, state, section.anchor, page.document.line(section.start)))
            continue
        later = next((firsts[each] for each in slots[at:] if firsts[each] is not None), None)
        found.append(SlotPlace(slot, state, "", _line_for(page, slot, later)))
    return tuple(found)


def _line_for(page: Page, slot: str, later: Section | None) -> int:
    """The line of the label that stands for a slot, else that of the section before which it would stand, else the
    last line."""
    meaning = page.reading.headings.slot
    label = next((field.start for field in page.fields if meaning(field.name) == slot), None)
    if label is not None:
        return page.document.line(label)
    return page.document.line(later.start if later else len(page.document.content.rstrip()))


def _state(page: Page, slot: str) -> str:
    """filled, unfilled or missing; a slot that a bold label or a related heading stands for is filled."""
    sections = [section for section in page.sections if section.slot == slot]
    if not sections:
        return "filled" if slot in page.slots else "missing"
    states = {_section_state(page, section) for section in sections}
    return next(state for state in ("filled", "unfilled", "missing") if state in states)


def _section_state(page: Page, section: Section) -> str:
    """By the paragraphs, code, tables and labels below a heading: none is missing, slots alone are unfilled."""
    low, high = page.blocks(section.body, section.stop)
    found = "missing"
    for index in range(low, high):
        block = page.document.blocks[index]
        if block.kind in ("code", "rule"):
            if block.kind == "code" and block.text.strip():
                return "filled"
            continue
        if block.kind not in ("paragraph", "cell", "html"):
            continue
        text = page.document.source(block.start, block.end)
        if not text.strip() or text.lstrip().startswith("<!--"):
            continue
        found = "unfilled"
        fields = page.fields_of(index)
        values = [field.value(page.document) for field in fields] or [text.strip().split(":** ")[-1]]
        if any(value and not is_slot_text(value) for value in values):
            return "filled"
    return found


def coverage_model(report: CoverageReport) -> dict[str, Any]:
    """The report as the contract's JSON of `coverage`."""
    return {
        "services": [
            {"service": s.service, "runbook": s.runbook, "missing": list(s.missing), "unfilled": list(s.unfilled),
             "score": s.score, **({"deployed": s.deployed} if s.deployed else {})}
            for s in report.services
        ],
        "alerts": [
            {"alert": a.alert, "source": a.source, "line": a.line, "severity": a.severity, "runbook": a.runbook,
             "verdict": a.verdict, "page": a.page, "path": a.page, "anchor": a.anchor, "suggestion": a.suggestion,
             "why": a.why}
            for a in report.alerts
        ],
        "summary": report.summary,
        "practice": practice_model(report.practice),
    }  # fmt: skip
