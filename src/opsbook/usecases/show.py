"""The verb show: one page, or one section of it, as the model that the contract names. Reads; changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from msgspec import Struct

from opsbook.book import runbook
from opsbook.book.expectation import describe
from opsbook.book.health_checks import health_checks
from opsbook.book.links import guess_path, has_anchor, is_page, targets
from opsbook.book.lint import Around, LintSettings
from opsbook.book.metadata import OWNER_KEYS
from opsbook.book.page import Page, Section, read_page, stem
from opsbook.book.probe import probes_of
from opsbook.book.procedure import Procedure, is_issue_title, procedures_of
from opsbook.book.steps import Step
from opsbook.ground.errors import Failure, Usage
from opsbook.ground.guesses import closest
from opsbook.usecases.ports import BookSource, Unreadable


class Shown(Struct, frozen=True):
    """A page with what was asked of it: the model, and the byte range of the section asked for."""

    page: Page
    model: dict[str, Any]
    start: int
    end: int


def show(source: BookSource, name: str, settings: LintSettings) -> Shown:
    """The page (`runbooks/db.md`, `db`, with `#anchor` for a section). Raises Usage when there is none."""
    files = source.pages()
    around = Around(date.min, settings, pages=frozenset(f.path for f in files), exists=source.exists,
                    owner_of=source.owner_of, book=source.book, is_repository=source.is_repository)  # fmt: skip
    wanted, _, anchor = name.partition("#")
    path = find_page(wanted, around)
    page = load_page(source, path)
    section = _section(page, anchor) if anchor else None
    model = page_model(page, source, around)
    if section is not None:
        model = _narrowed(model, page, section)
    start, end = (section.start, section.stop) if section else (0, len(page.document.content))
    return Shown(page, model, start, end)


def load_page(source: BookSource, path: str) -> Page:
    """The page at a path; raises Failure when it is there and cannot be read."""
    raw = source.read(path)
    if isinstance(raw, Unreadable):
        raise Failure(f"The page '{path}' cannot be read: {raw.why}.")
    return read_page(path, raw, source.reading)


def find_page(name: str, around: Around) -> str:
    """The path of the page that a name means: a path from the root or the book, or a file name alone."""
    name = name.removeprefix("./").rstrip("/")
    for candidate in (name, f"{around.book}/{name}".lstrip("/"), f"{name}.md", f"{around.book}/{name}.md".lstrip("/")):
        if candidate in around.pages:
            return candidate
    if around.pages and not name:
        raise Usage("Name a page, such as 'opsbook show runbooks/db.md'.")
    same = [path for path in sorted(around.pages) if stem(path).lower() == stem(name).lower()]
    within = [path for path in same if path.endswith((name, name + ".md"))] or same
    if len(within) == 1:
        return within[0]
    if within:
        raise Usage(f"'{name}' may mean {_listed(within)}. Write more of the path.")
    near = guess_path(name, around) or closest(stem(name), [stem(path) for path in sorted(around.pages)])
    raise Usage(f"There is no page '{name}' in the book." + (f" Did you mean '{near}'?" if near else ""))


def _listed(paths: Sequence[str]) -> str:
    shown = [f"'{path}'" for path in paths[:4]]
    return " or ".join(shown) + (" and others" if len(paths) > 4 else "")


def _section(page: Page, anchor: str) -> Section:
    section = page.section(anchor.removesuffix("/rollback"))
    if section is None:
        near = closest(anchor, [each.anchor for each in page.sections])
        guess = f" Did you mean '#{near}'?" if near else ""
        raise Usage(f"The page '{page.path}' has no section '#{anchor}'.{guess}")
    return section


def page_model(page: Page, source: BookSource, around: Around) -> dict[str, Any]:
    """The page as the contract's JSON of `show`."""
    line = page.document.line
    owner, metadata = _with_outside(page, source)
    updated = page.last_updated
    return {
        "path": page.path,
        "kind": page.kind,
        "title": page.title,
        "service": page.service,
        "owner": owner,
        "last_updated": updated[0] if updated else source.changed_on(page.path),
        "metadata": metadata,
        "sections": sections_model(page),
        "health_checks": checks_model(page),
        "procedures": [procedure_model(page, procedure) for procedure in procedures_of(page)],
        "issues": [
            {"title": i.title, "anchor": i.anchor, "symptoms": i.symptoms, "cause": i.cause, "solution": i.solution,
             "line": line(i.start)}
            for i in runbook.issues(page)
        ],
        "alerts": list(runbook.alert_names(page)),
        "contacts": [
            {"role": c.role, "contact": c.contact, "line": line(c.start)} for c in runbook.contacts(page)
        ],
        "links": links_model(page, source, around),
    }  # fmt: skip


def checks_model(page: Page) -> list[dict[str, Any]]:
    """The health checks as written, each with the key of its probe and what that looks at; both are null where nobody
    can ask the address."""
    probes = {(probe.start, probe.address): probe for probe in probes_of(page)}
    found = []
    for check in health_checks(page):
        probe = probes.get((check.start, check.url))
        found.append({
            "url": check.url,
            "expected": check.expected,
            "every_s": _number(check.every_s),
            "line": page.document.line(check.start),
            "name": check.name or None,
            "probe": probe.key if probe else None,
            "looked_at": describe(probe.expectation, probe.kind) if probe else None,
        })  # fmt: skip
    return found


def _with_outside(page: Page, source: BookSource) -> tuple[str | None, dict[str, Any]]:
    """The owner and the metadata, with what CODEOWNERS and git know where the page itself says nothing."""
    metadata: dict[str, Any] = {}
    for entry in page.metadata.entries:
        metadata.setdefault(entry.key, {"value": entry.value, "from": entry.origin})
    owner = page.owner.value if page.owner else None
    if owner is None and page.metadata.first(*OWNER_KEYS) is None:
        owner = source.owner_of(page.path)
        if owner:
            metadata["owner"] = {"value": owner, "from": "CODEOWNERS"}
    if page.last_updated is None:
        day = source.changed_on(page.path)
        if day:
            metadata.setdefault("last updated", {"value": day, "from": "git"})
    return owner, metadata


def sections_model(page: Page) -> list[dict[str, Any]]:
    """The headings, and the bold labels that stand for a slot which no heading of the page fills."""
    line = page.document.line
    found: list[tuple[int, dict[str, Any]]] = [
        (s.start, {"anchor": s.anchor, "title": s.title, "level": s.level, "slot": s.slot, "line": line(s.start)})
        for s in page.sections
    ]
    meaning = page.reading.headings.slot
    for field in page.fields:
        slot = meaning(field.name)
        if field.item >= 0 or slot is None or slot in page.heading_slots:
            continue
        above = page.section_at(field.start)
        if above is not None and is_issue_title(above.title):
            continue
        anchor, level = (above.anchor, above.level + 1) if above else ("", 1)
        label = {"anchor": anchor, "title": field.name, "level": level, "slot": slot, "line": line(field.start)}
        found.append((field.start, label))
    return [section for _, section in sorted(found, key=lambda pair: pair[0])]


def procedure_model(page: Page, procedure: Procedure) -> dict[str, Any]:
    """A procedure as JSON has it."""
    return {
        "anchor": procedure.anchor,
        "title": procedure.title,
        "line": page.document.line(procedure.start),
        "parameters": [
            {"name": p.name, "type": p.type, "default": p.default, "required": p.required, "declared": p.is_declared}
            for p in procedure.parameters
        ],
        "environment": procedure.environment,
        "fields": {field.label: field.value for field in procedure.fields},
        "prerequisites": [step_model(page, step) for step in procedure.prerequisites],
        "steps": [step_model(page, step) for step in procedure.steps],
        "verification": [step_model(page, step) for step in procedure.verification],
        "rollback": [step_model(page, step) for step in procedure.rollback],
    }


def step_model(page: Page, step: Step) -> dict[str, Any]:
    """A step as JSON has it; a field's value is its text, or the command nested under it. `expected` is the output that
    the page writes below a command."""
    line = page.document.line
    commands: list[dict[str, Any]] = []
    for command in step.commands:
        first = line(command.start)
        for text in command.code.commands:
            below = command.text.encode()[: text.start].count(b"\n")
            commands.append({"language": text.language, "text": text.text, "line": first + below, "expected": None})
        if commands and command.expected is not None:
            commands[-1]["expected"] = command.expected
    return {
        "number": step.number,
        "text": step.text,
        "kind": step.kind,
        "line": line(step.start),
        "commands": commands,
        "fields": {
            field.label: field.value or "\n".join(text.text for code in field.codes for text in code.code.commands)
            for field in step.fields
        },
        "runnable": step.runnable,
        "why_not": step.why_not,
    }


def links_model(page: Page, source: BookSource, around: Around) -> list[dict[str, Any]]:
    """The links of a page with their verdicts: ok, external, templated, or the rule that the link breaks."""
    others: dict[str, frozenset[str]] = {page.path: page.anchors}
    found = []
    for link, target in targets(page, around):
        verdict = {"escapes-repository": "link-escapes-repository"}.get(target.verdict, target.verdict)
        if verdict == "ok" and target.anchor and is_page(target.path):
            if target.path not in others:
                raw = source.read(target.path)
                known = read_page(target.path, raw, source.reading).anchors if isinstance(raw, bytes) else frozenset()
                others[target.path] = known
            if not has_anchor(others[target.path], target.anchor):
                verdict = "broken-anchor"
        place = page.span(link.start, link.end)
        found.append({"href": link.href, "line": place.line, "column": place.column, "verdict": verdict,
                      "path": target.path or None})  # fmt: skip
    return found


def _number(value: float | None) -> float | int | None:
    return int(value) if value is not None and value == int(value) else value


def _narrowed(model: Mapping[str, Any], page: Page, section: Section) -> dict[str, Any]:
    """The model of one section: what stands within it, with the page's own facts."""
    first, last = page.document.line(section.start), page.document.line(max(section.stop - 1, section.start))
    narrow = dict(model)
    for key in ("sections", "health_checks", "procedures", "issues", "contacts", "links"):
        narrow[key] = [item for item in model[key] if first <= item["line"] <= last]
    narrow["anchor"] = section.anchor
    narrow["text"] = page.document.source(section.start, section.stop)
    return narrow
