"""Alerts × pages: each alert is told whether its runbook is there; rule files get findings at the address."""

from __future__ import annotations

from pathlib import Path

from opsbook.book.alert_coverage import AlertCoverage, alert_coverage, alert_findings, coverage_summary
from opsbook.book.alert_rules import AlertRule, read_alert_rules
from opsbook.book.page_index import PageIndex, PagePlace
from opsbook.ground.errors import Span

RULES = """\
groups:
- name: shop
  rules:
  - alert: ShopDown
    expr: up == 0
    labels:
      severity: P1
    annotations:
      runbook_url: https://docs.example.org/shop#outage
  - alert: ShopSlow
    expr: slow > 1
    annotations:
      runbook_url: "https://docs.example.org/shop#slowy"
  - alert: ShopFull
    expr: full > 1
    annotations:
      runbook_url: https://docs.example.org/basket
  - alert: CartLost
    expr: lost > 1
  - alert: Odd
    expr: odd > 1
  - alert: Foreign
    expr: 1
    labels: {severity: info, runbook: "https://wiki.example.org/x"}
"""
INDEX = PageIndex(
    [
        PagePlace("docs/shop.md", "Shop", ("outage", "slowly"), ("Outage", "Slowly")),
        PagePlace("docs/old/basket.md", "Basket", ("cartlost",), ("CartLost",)),
    ]
)
BASES = {"https://docs.example.org": "docs"}


def covered() -> tuple[AlertCoverage, ...]:
    return alert_coverage(read_alert_rules("ops/rules.yml", RULES).rules, INDEX, BASES)


def test_every_alert_is_covered_or_not() -> None:
    found = [(a.alert, a.verdict, a.page, a.anchor, a.suggestion) for a in covered()]
    assert found == [
        ("ShopDown", "ok", "docs/shop.md", "outage", None),
        ("ShopSlow", "bad-anchor", "docs/shop.md", "slowy", "slowly"),
        ("ShopFull", "missing-page", None, None, "docs/old/basket.md"),
        ("CartLost", "none", None, None, "docs/old/basket.md"),
        ("Odd", "none", None, None, None),
        ("Foreign", "external", None, None, None),
    ]


def test_an_alert_keeps_its_source_line_severity_and_address() -> None:
    alert = covered()[0]
    assert (alert.source, alert.line, alert.severity) == ("ops/rules.yml", 4, "P1")
    assert (alert.runbook, alert.key) == ("https://docs.example.org/shop#outage", "runbook_url")
    assert (covered()[4].runbook, covered()[4].severity) == (None, None)


def test_the_summary_counts_the_verdicts_that_occur() -> None:
    summary = coverage_summary(covered())
    assert summary == {"ok": 1, "bad-anchor": 1, "missing-page": 1, "external": 1, "none": 2}


def test_findings_stand_at_the_address_and_say_how_to_mend() -> None:
    found = [(f.rule, f.severity, f.span.line, f.span.column, f.target, f.fix) for f in alert_findings(covered())]
    add = "Add the address of its runbook to the annotations, as `runbook_url`."
    assert found == [
        (
            "runbook-url-bad-anchor", "error", 13, 21, "https://docs.example.org/shop#slowy",
            "Did you mean '#slowly'?",
        ),
        (
            "runbook-url-missing-page", "error", 17, 20, "https://docs.example.org/basket",
            "Did you mean docs/old/basket.md?",
        ),
        (
            "alert-without-runbook", "warning", 18, 12, None,
            "Add `runbook_url` to the annotations. Did you mean docs/old/basket.md?",
        ),
        ("alert-without-runbook", "warning", 20, 12, None, add),
    ]  # fmt: skip


def test_a_finding_covers_the_bytes_of_the_address() -> None:
    span: Span = alert_findings(covered())[0].span
    assert RULES.encode()[span.start : span.end] == b"https://docs.example.org/shop#slowy"


def test_keys_may_be_configured() -> None:
    rules = read_alert_rules("r.yml", RULES.replace("runbook_url", "wiki")).rules
    assert [a.verdict for a in alert_coverage(rules, INDEX, BASES)[:3]] == ["none"] * 3
    assert [a.key for a in alert_coverage(rules, INDEX, BASES, ("wiki",))[:3]] == ["wiki"] * 3


def pages_of(folder: Path) -> PageIndex:
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*.md")]
    return PageIndex([PagePlace(name) for name in names])


def rules_of(folder: Path) -> list[AlertRule]:
    files = [path for path in sorted(folder.rglob("*")) if path.suffix in (".yml", ".yaml")]
    return [rule for path in files for rule in read_alert_rules(path.as_posix(), path.read_text()).rules]


def test_kube_prometheus_has_112_runbooks_but_for_letter_case_and_27_that_are_missing(corpora: Path) -> None:
    rules = rules_of(corpora / "prometheus-operator__kube-prometheus")
    index = pages_of(corpora / "prometheus-operator__runbooks")
    bases = {"https://runbooks.prometheus-operator.dev/runbooks": "content/runbooks"}
    coverage = alert_coverage(rules, index, bases)
    assert len(coverage) == 139
    assert coverage_summary(coverage) == {"ok-case": 112, "missing-page": 27}


def test_the_addresses_of_healtharchive_on_its_code_host_are_pages(corpora: Path) -> None:
    folder = corpora / "jerdaw__healtharchive"
    bases = {"https://github.com/jerdaw/healtharchive": "."}
    assert coverage_summary(alert_coverage(rules_of(folder), pages_of(folder), bases)) == {
        "ok": 35,
        "none": 10,
    }


def test_moved_pages_of_spark_are_suggested(corpora: Path) -> None:
    folder = corpora / "fall-out-bug__spark_k8s"
    coverage = alert_coverage(rules_of(folder), pages_of(folder), {"https://docs/spark-k8s": "docs"})
    assert coverage_summary(coverage) == {"ok": 9, "missing-page": 9, "none": 5}
    moved = {a.suggestion for a in coverage if a.verdict == "missing-page"}
    assert "docs/operations/runbooks/job-failures.md" in moved
    assert None not in moved
