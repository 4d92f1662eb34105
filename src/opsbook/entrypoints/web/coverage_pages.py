"""What the book covers: services × sections, alerts × pages, what is to be mended and by whom. Decides nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from litestar import Request, get
from litestar.response import Template

from opsbook.book.operation_words import TITLES
from opsbook.entrypoints.web.answering import desk_of, page
from opsbook.entrypoints.web.turning import turned
from opsbook.ground.errors import Finding
from opsbook.usecases.coverage_map import CoverageMap, Group, coverage_map

SERVICES = 100
ALERTS = 200
FINDINGS = 100


class Said(NamedTuple):
    """How a verdict is said of one alert, of many, and how grave it is."""

    one: str
    many: str
    tone: str = ""


# What a verdict on an alert's runbook says.
VERDICTS = {
    "ok": Said("page found", "pages found", "good"),
    "ok-case": Said("page found, letter case differs", "pages found, letter case differs", "good"),
    "bad-anchor": Said("no such section", "lead to no section", "bad"),
    "missing-page": Said("no such page", "lead to no page", "bad"),
    "templated": Said("filled in elsewhere", "filled in elsewhere"),
    "external": Said("outside of the book", "outside of the book"),
    "none": Said("no runbook named", "name no runbook", "warn"),
}


@get("/coverage", opt={"act": "read", "kept": "coverage"}, sync_to_thread=True)
def coverage_page(request: Request[Any, Any, Any]) -> Template:
    """The map of the book; `rule` or `owner` in the address choose findings."""
    desk = desk_of(request)
    book = desk.library.snapshot()
    found = coverage_map(
        book, desk.rule_files, desk.scope().alerting, desk.library.book, around=desk.library.around(),
        deployed=desk.deployed.services(),
    )  # fmt: skip
    rows, turn = turned(request, sorted(found.rows, key=lambda row: row.score), SERVICES)
    title, findings = _chosen(request, found)
    return page(
        request, "coverage.html", place="Coverage", found=found, rows=rows, turn=turn, verdicts=VERDICTS,
        alerts=sorted(found.alerts, key=lambda alert: VERDICTS[alert.verdict].tone == "good")[:ALERTS],
        operations=TITLES, chosen=title, findings=findings[:FINDINGS], more=max(0, len(findings) - FINDINGS),
        is_whole=book.is_whole,
    )  # fmt: skip


def _chosen(request: Request[Any, Any, Any], found: CoverageMap) -> tuple[str, Sequence[Finding]]:
    """The findings that the address asks for, and what they have in common; all errors where it asks for none."""
    asked = request.query_params
    if "rule" in asked:
        return asked["rule"], _of(found.by_rule, asked["rule"])
    if "owner" in asked:
        return asked["owner"] or "pages without an owner", _of(found.by_owner, asked["owner"])
    return "", [each for group in found.by_rule for each in group.findings if each.severity == "error"]


def _of(groups: Sequence[Group], name: str) -> Sequence[Finding]:
    return next((group.findings for group in groups if group.name == name), ())


ROUTES = (coverage_page,)
