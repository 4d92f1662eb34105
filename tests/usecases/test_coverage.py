"""What a book covers: each service against the sections expected of it, each alert against the pages."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.book.whole_reading import TODAY, Shelf, page_of

import opsbook
from opsbook.adapters.workers import ForkedWorkers
from opsbook.book.kinds import RUNBOOK_SLOTS
from opsbook.book.lint import LintSettings
from opsbook.usecases.coverage import CoverageReport, coverage, coverage_model, service_coverage
from opsbook.usecases.lint import Scope
from opsbook.usecases.ports import Alerting, Unreadable

SEED = Path(opsbook.__file__).parent / "seed"
FULL = "".join(f"## {slot.replace('-', ' ').title()}\n\nwords\n\n" for slot in RUNBOOK_SLOTS)


class Desk(Shelf):
    """A shelf with rule files beside the pages."""

    def __init__(self, pages: dict[str, str], rules: dict[str, bytes | Unreadable] | None = None) -> None:
        super().__init__({path: text.encode() for path, text in pages.items()})
        self.rules = rules or {}

    def rule_files(self, paths: object) -> list[tuple[str, bytes | Unreadable]]:
        return list(self.rules.items())


def covered(pages: dict[str, str], rules: dict[str, bytes | Unreadable] | None = None, **alerting: object) -> CoverageReport:
    desk = Desk(pages, rules)
    asked = Alerting(tuple(desk.rules), **alerting)
    return coverage(desk, desk, Scope(TODAY, LintSettings()), asked, workers=ForkedWorkers(1))


@pytest.mark.parametrize(
    ("section", "state"),
    [
        ("## Monitoring\n\nWords.\n", "filled"),
        ("## Monitoring\n\n- **Metrics Dashboard:** https://x\n- **Logs:** [Location]\n", "filled"),
        ("## Monitoring\n\n- **Metrics Dashboard:** [URL]\n- **Logs:** [Location]\n", "unfilled"),
        ("## Monitoring\n\n[Brief description]\n", "unfilled"),
        ("## Monitoring\n\n1. [Step 1]\n2. [Step 2]\n", "unfilled"),
        ("## Monitoring\n\n### Logs\n\n- **Where:** here\n", "filled"),
        ("## Monitoring\n\n```sh\nx\n```\n", "filled"),
        ("## Monitoring\n\n| a | b |\n|-|-|\n| c | d |\n", "filled"),
        ("## Monitoring\n\n```\n```\n", "missing"),
        ("## Monitoring\n\n<!-- later -->\n", "missing"),
        ("## Monitoring\n", "missing"),
        ("## Metrics and such\n", "missing"),
        ("**Monitoring:** https://x\n", "filled"),
        ("## Monitoring\n\n## Key metrics\n\nWords.\n", "filled"),
        ("## Überwachung\n\nWörter.\n", "filled"),
    ],
)
def test_a_section_is_filled_unfilled_or_missing(section, state):
    found = service_coverage(page_of(f"# A\n\n**Service:** A\n\n{section}"), LintSettings(required={"runbook": ("monitoring",)}))
    assert ("monitoring" in found.missing, "monitoring" in found.unfilled) == (state == "missing", state == "unfilled")
    assert found.score == (1 if state == "filled" else 0)


def test_the_score_is_the_share_of_what_is_filled():
    found = service_coverage(page_of("# A\n\n## Overview\n\nx\n\n## Deployment\n\n[Steps]\n\n## Monitoring\n\nx\n"), LintSettings())
    assert found.score == 0.25
    assert found.unfilled == ("deployment",)
    assert found.missing == (
        "architecture", "health-checks", "common-operations", "troubleshooting", "emergency-contacts",
    )  # fmt: skip


def test_a_whole_runbook_has_the_score_one_and_a_new_one_none():
    whole, new = page_of(f"# A Runbook\n\n{FULL}"), page_of((SEED / "runbooks/api-service.md").read_bytes())
    assert service_coverage(whole, LintSettings()).score == 1
    found = service_coverage(new, LintSettings())
    assert (found.score, found.missing) == (0, ())


def test_services_are_told_in_the_order_of_their_names_and_only_runbooks_are_services():
    pages = {
        "runbooks/z.md": "# Z\n\n**Service:** alpha\n", "runbooks/a.md": "# A\n\n**Service:** Beta\n", "README.md": "# Book\n",
        "procedures/x.md": "# X\n", "templates/runbook.md": f"# T\n\n{FULL}", "runbooks/c.md": "# Gamma Runbook\n",
    }  # fmt: skip
    report = covered(pages)
    assert [(service.service, service.runbook) for service in report.services] == [
        ("alpha", "runbooks/z.md"), ("Beta", "runbooks/a.md"), ("Gamma", "runbooks/c.md"),
    ]  # fmt: skip
    assert (report.alerts, report.summary) == ((), {})


RULES = b"""groups:
- name: a
  rules:
  - alert: DiskFull
    expr: up == 0
    labels: {severity: critical}
    annotations: {runbook_url: https://runbooks.example/diskfull}
  - alert: NodeDown
    expr: up == 0
  - record: x
    expr: y
"""


def test_alerts_are_told_with_their_place_their_page_and_the_verdict():
    report = covered({"runbooks/DiskFull.md": "# DiskFull\n"}, {"rules.yml": RULES}, url_bases={"https://runbooks.example": "runbooks"})
    found = [(a.alert, a.source, a.line, a.severity, a.verdict, a.page) for a in report.alerts]
    assert found == [
        ("DiskFull", "rules.yml", 4, "critical", "ok-case", "runbooks/DiskFull.md"), ("NodeDown", "rules.yml", 8, None, "none", None),
    ]  # fmt: skip
    assert report.summary == {"ok-case": 1, "none": 1}


def test_the_model_has_every_field_of_the_contract():
    report = covered({"runbooks/a.md": "# A\n"}, {"rules.yml": RULES})
    model = coverage_model(report)
    assert set(model) == {"services", "alerts", "summary", "practice"}
    for service in model["services"]:
        assert {"service", "runbook", "missing", "score"} <= set(service)
        assert isinstance(service["missing"], list) and 0 <= service["score"] <= 1
    wanted = {"alert", "source", "line", "severity", "runbook", "verdict", "page", "anchor", "suggestion"}
    assert len(model["alerts"]) == 2
    assert all(wanted <= set(alert) for alert in model["alerts"])


def test_a_page_or_a_rule_file_that_cannot_be_read_takes_nothing_else_away():
    class Torn(Desk):
        def read(self, path: str) -> bytes | Unreadable:
            return Unreadable(path, "gone") if path == "runbooks/a.md" else super().read(path)

    desk = Torn({"runbooks/a.md": "", "runbooks/b.md": "# B\n"}, {"x.yml": Unreadable("x.yml", "gone"), "y.yml": RULES})
    scope = Scope(TODAY, LintSettings())
    report = coverage(desk, desk, scope, Alerting(("x.yml", "y.yml")), workers=ForkedWorkers(1))
    assert ([service.service for service in report.services], len(report.alerts)) == (["B"], 2)


def test_what_a_team_requires_instead_counts_instead():
    page = page_of("# A\n\n## Overview\n\nx\n")
    assert service_coverage(page, LintSettings(required={"runbook": ("overview",)})).score == 1
    assert service_coverage(page, replace(LintSettings(), required={"runbook": ()})).score == 1
