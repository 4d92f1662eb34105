"""The verb lint: which findings are reported where, how gravely, in what order, and what is kept of what was asked."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from tests.book.whole_reading import TODAY
from tests.usecases.test_coverage import RULES, Desk

from opsbook.adapters.workers import ForkedWorkers
from opsbook.book.lint import LintSettings
from opsbook.ground.errors import Usage
from opsbook.usecases.lint import LintReport, Scope, is_within, lint
from opsbook.usecases.ports import Alerting, Unreadable

PAGES = {"b.md": "# B\n\n[x](gone.md) [y](#nowhere)\n", "a.md": "[z](gone.md)\n", "deep/c.md": "[z](gone.md)\n"}
LINKS = ("broken-link", "broken-anchor")


def linted(pages: dict[str, str] | Desk = PAGES, **scope: object) -> LintReport:
    desk = pages if isinstance(pages, Desk) else Desk(pages)
    asked = replace(Scope(TODAY, LintSettings(), select=LINKS), **scope)
    return lint(desk, desk, asked, ForkedWorkers(1))


def told(report: LintReport) -> list[str]:
    return [f"{finding.span} {finding.rule} {finding.severity}" for finding in report.findings]


def test_findings_stand_in_reading_order_over_all_pages():
    report = linted()
    assert told(report) == [
        "a.md:1:1 broken-link error", "b.md:3:1 broken-link error", "b.md:3:14 broken-anchor error",
        "deep/c.md:1:1 broken-link error",
    ]  # fmt: skip
    assert report.pages == 3


@pytest.mark.parametrize(
    ("scope", "rules"),
    [
        ({"paths": ("b.md",)}, ["b.md broken-link", "b.md broken-anchor"]),
        ({"paths": ("deep",)}, ["deep/c.md broken-link"]),
        ({"paths": ("dee",)}, []),
        ({"select": ("broken-anchor",)}, ["b.md broken-anchor"]),
        ({"ignore": ("broken-link",)}, ["b.md broken-anchor"]),
        ({"severities": (("broken-link", "off"),)}, ["b.md broken-anchor"]),
        ({"ignore_in": (("deep/*", ("broken-link",)), ("a.md", ("broken-link",)))}, ["b.md broken-link", "b.md broken-anchor"]),
        ({"ignore_in": (("deep", ("broken-link",)),)}, ["a.md broken-link", "b.md broken-link", "b.md broken-anchor"]),
        ({"ignore_in": (("**/*.md", ("broken-anchor",)),)}, ["a.md broken-link", "b.md broken-link", "b.md broken-anchor",
                                                            "deep/c.md broken-link"]),
    ],
)  # fmt: skip
def test_a_scope_limits_what_is_reported(scope, rules):
    assert [f"{finding.span.path} {finding.rule}" for finding in linted(**scope).findings] == rules


def test_pages_are_counted_where_they_are_looked_at():
    assert [linted(paths=paths).pages for paths in ((), ("b.md",), ("deep",), ("",))] == [3, 1, 1, 3]


def test_a_team_says_how_grave_a_rule_is():
    report = linted(severities=(("broken-link", "info"),))
    assert {(finding.rule, finding.severity) for finding in report.findings} == {
        ("broken-link", "info"), ("broken-anchor", "error"),
    }  # fmt: skip


@pytest.mark.parametrize("scope", [{"select": ("no-such-rule",)}, {"ignore": ("no-such-rule",)}, {"severities": (("no-such-rule", "info"),)}])
def test_a_rule_that_does_not_exist_is_the_callers_mistake(scope):
    with pytest.raises(Usage, match="There is no rule 'no-such-rule'"):
        linted(**scope)


def test_a_page_that_cannot_be_read_is_a_finding_and_hides_no_other():
    class Torn(Desk):
        def read(self, path: str) -> bytes | Unreadable:
            return Unreadable(path, "it is not a regular file") if path == "a.md" else super().read(path)

    report = linted(Torn(PAGES), select=("unreadable-page", "broken-link"))
    assert told(report)[0] == "a.md:1:1 unreadable-page error"
    assert report.findings[0].message == "The page cannot be read: it is not a regular file."
    assert [finding.span.path for finding in report.findings] == ["a.md", "b.md", "deep/c.md"]
    assert "unreadable-page" not in str(told(linted(Torn(PAGES))))


def test_what_was_looked_for_outside_of_the_pages_is_kept():
    report = linted({"a.md": "[x](gone.md) [y](run.sh) [z](b.md) [w](https://x)\n", "b.md": ""})
    assert report.looked_for == {"gone.md": False, "run.sh": False}


def test_rule_files_are_reported_wherever_they_lie_and_only_when_asked_for():
    rules = ("alert-without-runbook", "broken-link")
    desk = Desk(PAGES, {"rules.yml": RULES, "torn.yml": Unreadable("torn.yml", "gone")})
    found = linted(desk, select=(*rules, "invalid-rule-file"), paths=("a.md",), alerting=Alerting(("rules.yml",)))
    assert [f"{finding.span.path} {finding.rule}" for finding in found.findings] == [
        "a.md broken-link", "rules.yml alert-without-runbook", "torn.yml invalid-rule-file",
    ]  # fmt: skip
    assert told(linted(desk, select=rules)) == told(linted(select=rules))


@pytest.mark.parametrize(
    ("path", "paths", "is_inside"),
    [("a/b.md", ("a",), True), ("a/b.md", ("a/b.md",), True), ("ab.md", ("a",), False), ("a/b.md", ("",), True), ("a", ("a/b",), False)],
)
def test_a_path_lies_within_a_folder(path, paths, is_inside):
    assert is_within(path, paths) is is_inside
