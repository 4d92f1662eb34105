"""The verb discover: what is deployed, against the runbooks of the book. Gathers, compares, drafts; writes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date

from msgspec import Struct

from opsbook.book.discovery.comparing import Compared, compare
from opsbook.book.discovery.found import Found
from opsbook.book.discovery.naming import goes_by, matching, names_of, plain_name
from opsbook.book.discovery.runbook_page import runbook_page, words_of
from opsbook.book.discovery.written import Beside, Words
from opsbook.book.lint import LintSettings
from opsbook.book.page import Page, read_page
from opsbook.book.templates import Template
from opsbook.ground.errors import Finding, Refusal, Usage
from opsbook.ground.guesses import closest
from opsbook.ground.slugs import github_slug
from opsbook.usecases.coverage import service_coverage
from opsbook.usecases.gathering import Gathered
from opsbook.usecases.new import template_for
from opsbook.usecases.ports import BookSource, Seed, Unreadable

_POLICY = "incidents/incident-response.md"
# What an operator needs to be able to do, by what it is called on a page.
_EXPECTED = {
    "deploy": "Deployment", "restart": "how to restart it", "scale-up": "how to scale it up",
    "scale-down": "how to scale it down", "logs": "where its logs are",
}  # fmt: skip


class Discovered(Struct, frozen=True):
    """A service that was found. `path` is its runbook, or where it would be written; `before` are the page's bytes
    (None: there is none), `after` what it would say; `left` what nobody but people can tell."""

    found: Found
    path: str
    before: bytes | None
    after: bytes
    compared: Compared = Compared()
    left: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()

    @property
    def is_new(self) -> bool:
        """Whether it has no runbook."""
        return self.before is None

    @property
    def would_change(self) -> bool:
        """Whether its runbook would say something else."""
        return self.before is not None and self.after != self.before


class Discovery(Struct, frozen=True):
    """Each service that was found in the order of its name; `undeployed` are services of the book, with their pages,
    that nothing which was read deploys; `findings` tell what could not be read."""

    services: tuple[Discovered, ...]
    undeployed: tuple[tuple[str, str], ...] = ()
    findings: tuple[Finding, ...] = ()
    files: int = 0


def draft_of(
    source: BookSource, seed: Seed, known: Gathered, settings: LintSettings, *, service: str, today: date
) -> Discovered:  # fmt: skip
    """The runbook of one service as it would be written. Raises Usage where nothing that is known deploys it, Refusal
    where it has a runbook."""
    found = discover(source, seed, known, settings, today=today)
    names = {plain_name(each.found.name): each for each in found.services}
    each = names.get(plain_name(service))
    if each is None:
        near = closest(service, [other.found.name for other in found.services])
        guess = f" Did you mean '{near}'?" if near else ""
        raise Usage(f"Nothing that was read deploys a service '{service[:80]}'.{guess}")
    if not each.is_new:
        raise Refusal(f"'{each.found.name}' has a runbook: {each.path}.")
    return each


def discover(source: BookSource, seed: Seed, known: Gathered, settings: LintSettings, *, today: date) -> Discovery:
    """Each service that was gathered against the book."""
    pages = list(_runbooks(source))
    by_name = {name: page for page in reversed(pages) for name in names_of(page)}
    template = template_for(source, seed, "runbook")
    words = words_of(read_page("template.md", template.content, source.reading))
    drafting = _Drafting(source, template, words, settings, today.isoformat())
    paths = {found.name: page.path for found in known.found if (page := matching(found, by_name)) is not None}
    taken = {file.path for file in source.pages()}
    services = []
    for found in sorted(known.found, key=lambda each: each.name.lower()):
        path = paths.get(found.name) or _new_path(source, found, taken)
        taken.add(path)
        paths.setdefault(found.name, path)
    for found in sorted(known.found, key=lambda each: each.name.lower()):
        beside = _beside(source, known, found, paths)
        services.append(drafting.of(found, beside, paths[found.name], matching(found, by_name)))
    deployed = {paths[found.name] for found in known.found}
    undeployed = tuple(
        (page.service or page.title, page.path)
        for page in pages
        if page.path not in deployed and "overview" not in service_coverage(page, settings).unfilled
    )
    return Discovery(tuple(services), undeployed if known.found else (), known.findings, known.files)


class _Drafting(Struct, frozen=True):
    source: BookSource
    template: Template
    words: Words
    settings: LintSettings
    today: str

    def of(self, found: Found, beside: Beside, path: str, page: Page | None) -> Discovered:
        alerts = tuple(each.name for each in beside.alerts)
        if page is not None:
            compared = compare(page, found, beside, self.words)
            before = page.document.content
            after = compared.applied(before)
            return Discovered(found, path, before, after, compared, found.notes, alerts)
        reading = self.source.reading
        after = runbook_page(self.template, found, beside, today=self.today, reading=reading)
        written = read_page(path, after, reading)
        return Discovered(found, path, None, after, Compared(), self._left(found, beside, written), alerts)

    def _left(self, found: Found, beside: Beside, page: Page) -> tuple[str, ...]:
        """What is still to be written, in words."""
        missing = [slot.replace("-", " ").title() for slot in service_coverage(page, self.settings).missing]
        left = [f"the section {name}" for name in missing]
        if not (beside.owner or found.owner):
            left.append("who owns it (a line of CODEOWNERS tells)")
        there: set[str] = {each.operation for each in found.operations}
        up = [each for each in found.operations if each.operation == "scale-up"]
        if up and not any(step.command for step in up[0].steps):
            there.add("scale-down")  # why there can be only one of it is told
        if not found.is_job:
            left += [words for name, words in _EXPECTED.items() if name not in there and words not in missing]
        if found.keeps and "backup" not in there:
            left.append(f"how {', '.join(each.text for each in found.keeps[:3])} is backed up and restored")
        return tuple(dict.fromkeys((*left, *found.notes)))


def _runbooks(source: BookSource) -> Iterator[Page]:
    for file in source.pages():
        raw = source.read(file.path)
        if isinstance(raw, Unreadable):
            continue
        page = read_page(file.path, raw, source.reading)
        if page.kind == "runbook":
            yield page


def _new_path(source: BookSource, found: Found, taken: set[str]) -> str:
    slug = re.sub(r"-{2,}", "-", github_slug(found.name).strip("-_")) or "service"
    folder = f"{source.book}/runbooks".lstrip("/")
    path, number = f"{folder}/{slug}.md", 2
    while path in taken:
        path, number = f"{folder}/{slug}-{number}.md", number + 1
    return path


def _beside(source: BookSource, known: Gathered, found: Found, paths: Mapping[str, str]) -> Beside:
    own = goes_by(found)
    alerts = tuple(alert for alert, names in known.alerts if any(plain_name(name) in own for name in names))
    path = paths[found.name]
    folder = path.rpartition("/")[0]
    policy = f"{source.book}/{_POLICY}".lstrip("/")
    links = {name: _relative(folder, other) for name, other in paths.items() if other != path}
    return Beside(
        alerts=alerts, pages=links, up="../" * (folder.count("/") + 1 if folder else 0),
        owner=source.owner_of(found.place.path) or "" if not found.owner else found.owner,
        escalation=_relative(folder, policy) if source.exists(policy) else "",
    )  # fmt: skip


def _relative(folder: str, path: str) -> str:
    here, there = folder.split("/") if folder else [], path.split("/")
    shared = 0
    while shared < min(len(here), len(there) - 1) and here[shared] == there[shared]:
        shared += 1
    return "../" * (len(here) - shared) + "/".join(there[shared:])


def discovery_model(discovery: Discovery) -> dict[str, object]:
    """The answer as plain values; see docs/discovery.md."""
    return {
        "services": [
            {
                "service": each.found.name,
                "origin": each.found.origin,
                "place": {"path": each.found.place.path, "line": each.found.place.line},
                "runbook": None if each.is_new else each.path,
                "path": each.path,
                "technology": each.found.technology or None,
                "health_checks": [check.url or check.command for check in each.found.checks],
                "operations": [operation.operation for operation in each.found.operations],
                "needs": [told.text for told in each.found.needs],
                "alerts": list(each.alerts),
                "lacks": list(each.compared.lacks),
                "changed": list(each.compared.changed),
                "differs": [
                    {"what": d.what, "page": d.page, "page_line": d.page_place.line, "found": d.found,
                     "found_path": d.found_place.path, "found_line": d.found_place.line}
                    for d in each.compared.differs
                ],
                "left": list(each.left),
            }
            for each in discovery.services
        ],
        "undeployed": [{"service": service, "runbook": path} for service, path in discovery.undeployed],
        "findings": [
            {"rule": f.rule, "severity": f.severity, "path": f.span.path, "line": f.span.line, "message": f.message}
            for f in discovery.findings
        ],
        "files": discovery.files,
    }  # fmt: skip
