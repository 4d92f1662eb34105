"""What is drilled, made from what there is: an alert or a section of the book alone, a written scenario, an incident of
the ledger, a report of the book. Records nothing; what it makes is frozen when the drill is planned.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from opsbook.book.drill_page import Scenario, read_scenario
from opsbook.book.kinds import is_alert_name, is_drill_path
from opsbook.book.page import Page
from opsbook.book.procedure import Procedure, procedures_of
from opsbook.book.read_only import only_reads
from opsbook.book.runbook import Issue, alert_names, issues
from opsbook.book.steps import Step
from opsbook.book.tables import plain_text
from opsbook.book.timeline import read_timelines
from opsbook.ground.errors import Refusal, Usage
from opsbook.ground.guesses import closest
from opsbook.ledger.drill_events import LABEL as DRILL_LABEL
from opsbook.ledger.drill_events import DrillAlert, DrillLevel, Scene
from opsbook.usecases.alert_place import alert_place
from opsbook.usecases.library import Book, Library
from opsbook.usecases.matching import Match, Matcher
from opsbook.usecases.page_plan import policy_for
from opsbook.usecases.service_names import named_service

UNTOLD = "critical"  # the severity of an alert that no page tells one of: it is to wake somebody
MADE_UP = "OpsbookDrill"  # the alert of what no alert is named for
MOST_REVEALS, LONGEST = 100, 2000
_BY_GUESS = frozenset({"search", "service"})


class Maker(Struct, frozen=True):
    """Makes scenes of a served book, as it is now."""

    library: Library
    matcher: Matcher
    catch_all: tuple[str, ...] = ()

    def of_alert(self, name: str, labels: dict[str, str] | None = None) -> Scene:
        """An alert that pages of the book speak of, its section as the right answer. Raises Usage, with a guess, where
        none does."""
        note = self._note(name)
        severity = note[1] if note else ""
        told = {"alertname": name, "severity": severity or UNTOLD, **self._labelled(name), **(labels or {})}
        if "service" not in told and (service := self._service_naming(name)):
            told["service"] = service  # as its rule would label it: the section is found by the runbook of that
        match = self.matcher.match(told, {})
        place = match.place
        if better := self._with_steps(name, match):
            page = self.library.page(better[0])
            alert = DrillAlert(told, _said(page, better[1], name))
            return self._of_place(page, better[1], match, alert, kind="alert")
        if (place is None or place.kind in _BY_GUESS) and (listed := alert_place(self.library, name)) is not None:
            page = self.library.page(listed.path)  # no page tells steps; one tells at least when it fires
            alert = DrillAlert(told, _said(page, listed.anchor, name))
            return self._of_place(page, listed.anchor, match, alert, kind="alert")
        if place is None or place.kind in _BY_GUESS:
            near = closest(name, sorted(self.names()))
            guess = f" Did you mean '{near}'?" if near else ""
            raise Usage(f"No page of the book speaks of an alert '{name[:100]}'.{guess}")
        if match.service and "service" not in told:
            told["service"] = match.service
        page = self.library.page(place.path)
        alert = DrillAlert(told, _said(page, place.anchor, name))
        return self._of_place(page, place.anchor, match, alert, kind="alert")

    def of_section(self, where: str) -> Scene:
        """A section of a page, PATH#ANCHOR, with the alert that it speaks of; one made up where it speaks of none."""
        path, _, anchor = where.partition("#")
        page = self.library.page(self.path_of(path))
        if anchor and page.section(anchor) is None:
            near = closest(anchor, sorted(page.anchors))
            guess = f" Did you mean '#{near}'?" if near else ""
            raise Usage(f"{page.path} has no section '#{anchor[:100]}'.{guess}")
        name = next((each for each in _named(page, anchor) if self._leads_to(each, page, anchor)), "")
        if name:
            return self.of_alert(name)
        labels = {"alertname": MADE_UP, "severity": UNTOLD, **({"service": page.service} if page.service else {})}
        said = {**_said(page, anchor, page.title), "runbook_url": f"/book/{page.path}#{anchor}"}
        return self._of_place(page, anchor, self.matcher.match(labels, {}), DrillAlert(labels, said), kind="section")

    def of_scenario(self, path: str) -> Scene:
        """A page of the folder `drills`. Raises Usage where it is no scenario, Refusal where it says what cannot be."""
        page = self.library.page(self.path_of(path))
        found = read_scenario(page)
        if found is None:
            raise Usage(f"{page.path} is no scenario: it names neither alerts nor a right section, or lies elsewhere.")
        if found.faults:
            raise Refusal(f"{page.path} cannot be drilled as it stands: {' '.join(found.faults)}")
        return self._of_written(page, found)

    def of_report(self, path: str) -> Scene:
        """A report of the book: the alerts that it names, and what people did then as the answer."""
        page = self.library.page(self.path_of(path))
        facts = self.book.facts.get(page.path)
        report = facts.report if facts is not None else None
        if report is None:
            raise Usage(f"{page.path} is no incident report.")
        text = page.document.source(0, len(page.document.content))
        known = [name for name in sorted(self.names()) if name in text]
        service = next(iter(report.services), None)
        if known:
            scenes = [self.of_alert(name) for name in known[:20]]
            scene = scenes[0]
            alerts = tuple(each.alerts[0] for each in scenes)
        else:
            labels = {"alertname": MADE_UP, "severity": report.severity or UNTOLD}
            alert = DrillAlert({**labels, **({"service": service} if service else {})}, {"summary": report.title})
            scene, alerts = self._bare(alert), (alert,)
        told = tuple(_timeline(page))
        return self._with(
            scene, kind="report", title=report.title, source=page.path, alerts=alerts,
            reveals=(*scene.reveals, *told)[:MOST_REVEALS],
            debrief=f"What happened then stands in {page.path}. {report.resolution}".strip(),
        )  # fmt: skip

    def of_past(self, name: str, title: str, alerts: tuple[DrillAlert, ...], told: tuple[str, ...]) -> Scene:
        """An incident that is over, by its alerts at their distances and what its timeline told."""
        scene = self._bare(alerts[0])
        return self._with(
            scene, kind="incident", title=title, source=name, alerts=alerts,
            reveals=(*scene.reveals, *told)[:MOST_REVEALS], debrief=f"Compare with what was done in {name}.",
        )  # fmt: skip

    @property
    def book(self) -> Book:
        """The book as it is now."""
        return self.library.snapshot()

    def names(self) -> set[str]:
        """The alerts that pages of the book name."""
        found: set[str] = set()
        for path, facts in self.book.facts.items():
            if facts.kind in ("template", "incident", "post-mortem") or is_drill_path(path):
                continue
            found |= {alert.name for alert in facts.monitoring.alerts} if facts.monitoring else set()
            found |= set(facts.outline.alerts)
        for path in self._runbooks():
            for issue in issues(self.library.page(path)):
                found |= set(filter(is_alert_name, (issue.symptoms or "").split("`")[1::2]))
        return found

    def scenarios(self) -> Iterator[tuple[str, Scenario]]:
        """The scenarios of the book, by their paths."""
        for path in sorted(self.book.files):
            if is_drill_path(path) and (found := read_scenario(self.library.page(path))) is not None:
                yield path, found

    def path_of(self, path: str) -> str:
        """The page that somebody means by a path: as it is, or within the book. Raises Usage, with a guess."""
        files = self.book.files
        found = [each for each in files if each == path or each.endswith((f"/{path}", f"/{path}.md"))]
        if len(found) == 1 or path in found:
            return path if path in found else found[0]
        near = closest(path, sorted(files))
        guess = f" Did you mean '{near}'?" if near else ""
        raise Usage(f"There is no page '{path[:200]}'.{guess}")

    def section_of(self, where: str) -> tuple[str, str]:
        """The path and anchor that somebody means by PATH#ANCHOR. Raises Usage where there is no such section."""
        path, _, anchor = where.strip().partition("#")
        page = self.library.page(self.path_of(path))
        if anchor and anchor not in page.anchors:
            near = closest(anchor, sorted(page.anchors))
            guess = f" Did you mean '#{near}'?" if near else ""
            raise Usage(f"{page.path} has no section '#{anchor[:100]}'.{guess}")
        return page.path, anchor

    # -- parts --------------------------------------------------------------------------------------------------

    def _of_place(self, page: Page, anchor: str, match: Match, alert: DrillAlert, *, kind: str) -> Scene:
        section = page.section(anchor) if anchor else None
        procedure = _procedure_at(page, anchor)
        issue = _issue_at(page, anchor)
        title = issue.title if issue is not None else section.title if section is not None else page.title
        title = alert.name if kind == "alert" else title  # what its section is called would tell the answer
        where = f"{page.path}#{anchor}" if anchor else page.path
        reveals = [f"It is about the service {match.service}."] if match.service else []
        reveals += [f"The page is {page.title}, {page.path}."]
        reveals += [f"The section is {section.title}: {where}."] if section is not None and section.level > 1 else []
        reveals += [f"The cause: {' '.join(issue.cause.split())}"] if issue is not None and issue.cause else []
        reveals += [f"Step {each.number}: {_step_words(each)}" for each in procedure.steps] if procedure else []
        return Scene(
            kind="alert" if kind == "alert" else "section", title=title, source=where, service=match.service,
            severity=match.severity, alerts=(alert,), sections=(where,),
            procedures=(f"{page.path}#{procedure.anchor}",) if procedure is not None else (),
            steps=tuple(_right_steps(procedure)), reveals=tuple(each[:LONGEST] for each in reveals[:MOST_REVEALS]),
            debrief=f"Read {where} once more: was it found at once, and did each step say what to do?",
            commit=self.book.commit, levels=self._levels(match.service, match.severity),
        )  # fmt: skip

    def _bare(self, alert: DrillAlert) -> Scene:
        """That of an alert alone, which may lead nowhere."""
        match = self.matcher.match(alert.labels, alert.annotations)
        place = match.place
        if place is not None and place.kind not in _BY_GUESS:
            return self._of_place(self.library.page(place.path), place.anchor, match, alert, kind="alert")
        levels = self._levels(match.service, match.severity)
        return Scene("alert", alert.name, alert.name, match.service, match.severity, (alert,),
                     commit=self.book.commit, levels=levels)  # fmt: skip

    def _of_written(self, page: Page, told: Scenario) -> Scene:
        alerts = tuple(self._written_alert(each, told) for each in told.alerts) or (self._made_up(page, told),)
        scene = self._bare(alerts[0])
        sections = tuple(dict.fromkeys("#".join(filter(None, self.section_of(each))) for each in told.sections))
        if sections:
            path, _, anchor = sections[0].partition("#")
            procedure = _procedure_at(self.library.page(path), anchor)
            where = (f"{path}#{procedure.anchor}",) if procedure is not None else ()
            scene = self._with(scene, sections=sections, procedures=where, steps=tuple(_right_steps(procedure)))
        service, severity = told.service or scene.service, told.severity or scene.severity
        return self._with(
            scene, kind="scenario", title=told.title, source=page.path, service=service, severity=severity,
            alerts=alerts, steps=told.steps or scene.steps, reveals=told.reveals or scene.reveals, fault=told.fault,
            debrief=told.debrief or scene.debrief, levels=self._levels(service, severity),
        )  # fmt: skip

    def _written_alert(self, alert: object, told: Scenario) -> DrillAlert:
        from opsbook.book.drill_page import ScenarioAlert

        assert isinstance(alert, ScenarioAlert)
        note = self._note(alert.name)
        labels = {"alertname": alert.name, "severity": told.severity or (note[1] if note else "") or UNTOLD,
                  **({"service": told.service} if told.service else {}), **dict(alert.labels)}  # fmt: skip
        labels.pop(DRILL_LABEL, None)
        return DrillAlert(labels, {"summary": alert.summary or told.title}, alert.after_s)

    def _made_up(self, page: Page, told: Scenario) -> DrillAlert:
        labels = {"alertname": MADE_UP, "severity": told.severity or UNTOLD}
        return DrillAlert({**labels, **({"service": told.service} if told.service else {})}, {"summary": told.title})

    def _with(self, scene: Scene, **changes: object) -> Scene:
        from msgspec.structs import replace

        return replace(scene, **changes)

    def _levels(self, service: str | None, severity: str) -> tuple[DrillLevel, ...]:
        """The times of the real escalation; whom it pages is left out."""
        policy, _ = policy_for(
            self.book, service, severity, commit=self.book.commit, catch_all=self.catch_all or ("nobody",)
        )
        levels = policy.levels if policy is not None else ()
        return tuple(DrillLevel(each.after_s, each.why) for each in levels) or (DrillLevel(0.0),)

    def _note(self, name: str) -> tuple[str, str] | None:
        """The page and the severity of an alert, where a page of the book tells them."""
        for path, facts in sorted(self.book.facts.items()):
            for alert in facts.monitoring.alerts if facts.monitoring and not is_drill_path(path) else ():
                if alert.name == name and alert.severity:
                    return path, plain_text(alert.severity)
        return None

    def _labelled(self, name: str) -> dict[str, str]:
        """The service that a page tells of an alert, as a label."""
        for path, facts in sorted(self.book.facts.items()):
            for alert in facts.monitoring.alerts if facts.monitoring and not is_drill_path(path) else ():
                if alert.name == name and (found := named_service(self.book, plain_text(alert.service))):
                    return {"service": found}
        return {}

    def _with_steps(self, name: str, match: Match) -> tuple[str, str] | None:
        """The place of a troubleshooting entry with steps that names the alert, where the one that it leads to has
        none; that of its own service first."""
        place = match.place
        is_sure = place is not None and place.kind not in _BY_GUESS
        if is_sure and place and _procedure_at(self.library.page(place.path), place.anchor) is not None:
            return None
        found = [
            (page.service != match.service, path, issue.anchor)
            for path in self._runbooks() for page in (self.library.page(path),) for issue in issues(page)
            if _names(issue, name) and _procedure_at(page, issue.anchor) is not None
        ]  # fmt: skip
        return min(found)[1:] if found else None

    def _service_naming(self, name: str) -> str | None:
        """The service whose runbook has a troubleshooting entry that names the alert."""
        for path in self._runbooks():
            page = self.library.page(path)
            if any(_names(issue, name) for issue in issues(page)):
                return page.service
        return None

    def _runbooks(self) -> list[str]:
        return sorted(path for path, facts in self.book.facts.items() if facts.kind == "runbook")

    def _leads_to(self, name: str, page: Page, anchor: str) -> bool:
        labels = {"alertname": name, **({"service": page.service} if page.service else {})}
        place = self.matcher.match(labels, {}).place
        return place is not None and place.path == page.path and (not anchor or place.anchor == anchor)


def _names(issue: Issue, name: str) -> bool:
    """Whether the title or the symptoms of an entry name an alert."""
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", f"{issue.title}\n{issue.symptoms}") is not None


def _issue_at(page: Page, anchor: str) -> Issue | None:
    return next((each for each in issues(page) if anchor and each.anchor == anchor), None)


def _procedure_at(page: Page, anchor: str) -> Procedure | None:
    """The procedure of a section: that of its heading, else the first below it."""
    section = page.section(anchor) if anchor else None
    if section is None or section.level <= 1:
        return None
    found = procedures_of(page)
    own = next((each for each in found if each.anchor == anchor), None)
    return own or next((each for each in found if section.start <= each.start < section.stop), None)


def _right_steps(procedure: Procedure | None) -> Iterator[str]:
    """The first step that changes something: what only looks mends nothing."""
    for step in procedure.steps if procedure is not None else ():
        if any(not only_reads(each.text) for each in step.commands):
            yield step.number
            return


def _step_words(step: Step) -> str:
    return "\n".join(filter(None, (plain_text(step.text), *(f"$ {each.text.strip()}" for each in step.commands))))


def _named(page: Page, anchor: str) -> Sequence[str]:
    issue = _issue_at(page, anchor)
    section = page.section(anchor) if anchor else None
    text = "" if section is None else page.document.source(section.start, section.stop)
    known = [name for name in alert_names(page) if name in text or not anchor]
    said = f"{issue.title} {issue.symptoms}" if issue is not None else text
    return [*known, *(part for part in said.split("`")[1::2] if part.isidentifier())]


def _said(page: Page, anchor: str, name: str) -> dict[str, str]:
    issue = _issue_at(page, anchor)
    words = " ".join(plain_text(issue.symptoms).split()) if issue is not None and issue.symptoms else name
    return {"summary": words[:300]}


def _timeline(page: Page) -> Iterator[str]:
    """The lines of its entries, of which the reading gives the moment alone."""
    content = page.document.content
    for entries in read_timelines(page):
        for entry in entries:
            end = content.find(b"\n", entry.end)
            line = page.document.source(entry.start, end if end >= 0 else len(content))
            if words := plain_text(" ".join(line.replace("|", " ").split())):
                yield words
