"""`show` gives the model that the contract names: exactly its fields, of the types it names, at the places it says."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest
from tests.book.procedure_examples import DEPLOY, RESTART, RESTORE
from tests.book.whole_reading import Shelf

from opsbook.book.kinds import KINDS
from opsbook.book.lint import LintSettings
from opsbook.ground.errors import Failure, Usage
from opsbook.usecases.ports import Unreadable
from opsbook.usecases.show import Shown, show

RUNBOOK = """\
---
owner: Platform
tags: [a, b]
---
# Payments Runbook

**Service:** Payments
**Last Updated:** 2026-01-02

## Overview

Takes payments. See [the policy](../incidents/incident-response.md#severity), [gone](gone.md) and <https://x.example>.

## Health Checks

- **Health Check URL:** https://payments.example/health
- **Expected Response:** 200 OK
- **Check Frequency:** Every minute

## Deployment

### Production
- **Environment:** https://payments.example
- **Deployment Process:**
  1. Ship "$VERSION"
     ```bash
     ./ship "$VERSION"
     ```
- **Verification:** `curl -f https://payments.example/health`
- **Rollback Process:** Ship the old one

## Troubleshooting

### Issue: It is slow
**Symptoms:** `timeout` in the log  
**Cause:** The pool is full  
**Solution:** Restart it

## Monitoring

- **Alerts:** `PaymentsDown`, `PaymentsSlow`

## Emergency Contacts

- **On-Call Engineer:** #payments-oncall
- **Technical Lead:** Anne <anne@example.org>
"""
POLICY = "# Incident Response\n\n## Severity\n\nP0 to P3.\n"
PAGES = {
    "docs/runbooks/payments.md": RUNBOOK,
    "docs/incidents/incident-response.md": POLICY,
    "docs/procedures/deploy.md": DEPLOY,
    "docs/procedures/restart.md": RESTART,
    "docs/procedures/restore.md": RESTORE,
    "docs/README.md": "# Book\n",
}
STEP = {"number": str, "text": str, "kind": str, "commands": list, "fields": dict, "runnable": bool, "why_not": str | None}
# The contract's JSON of `show`, as types; a list holds the shape of each of its members.
CONTRACT: dict[str, Any] = {
    "path": str, "kind": str, "title": str, "service": str | None, "owner": str | None, "last_updated": str | None,
    "metadata": dict,
    "sections": [{"anchor": str, "title": str, "level": int, "slot": str | None, "line": int}],
    "health_checks": [{"url": str, "expected": str | None, "every_s": int | float | None, "line": int}],
    "procedures": [{
        "anchor": str, "title": str, "line": int,
        "parameters": [{"name": str, "type": str, "default": str | None, "required": bool}],
        "steps": [{**STEP, "commands": [{"language": str, "text": str, "line": int}]}],
        "verification": [STEP], "rollback": [STEP],
    }],
    "issues": [{"title": str, "anchor": str, "symptoms": str | None, "cause": str | None, "solution": str | None}],
    "alerts": [str],
    "contacts": [{"role": str, "contact": str}],
    "links": [{"href": str, "line": int, "verdict": str}],
}  # fmt: skip


class Book(Shelf):
    """A shelf whose book is the folder docs."""

    book = "docs"


def shown(name: str, pages: dict[str, str] = PAGES) -> Shown:
    return show(Book({path: text.encode() for path, text in pages.items()}), name, LintSettings())


def model(name: str, pages: dict[str, str] = PAGES) -> dict[str, Any]:
    """The model as it arrives on the other side of JSON."""
    loaded: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(shown(name, pages).model))
    return loaded


def broken(value: Any, shape: Any, where: str = "") -> list[str]:
    """The places where a value is not as the shape says."""
    if isinstance(shape, dict):
        missing = [f"{where}.{key} is missing" for key in shape if key not in value]
        return missing + [each for key in shape if key in value for each in broken(value[key], shape[key], f"{where}.{key}")]
    if isinstance(shape, list):
        if not isinstance(value, list):
            return [f"{where} is no list"]
        return [each for at, item in enumerate(value) for each in broken(item, shape[0], f"{where}[{at}]")]
    is_right = isinstance(value, shape) and not (shape is int and isinstance(value, bool))
    return [] if is_right else [f"{where} is {value!r}"]


@pytest.mark.parametrize("path", PAGES)
def test_every_field_of_the_contract_is_there_and_of_its_type(path):
    found = model(path)
    assert broken(found, CONTRACT) == []
    assert found["path"] == path
    assert found["kind"] in KINDS
    for entry in found["metadata"].values():
        assert set(entry) == {"value", "from"}


def test_a_page_of_nothing_has_every_field_too():
    assert broken(model("a.md", {"a.md": ""}), CONTRACT) == []


def test_the_model_of_a_runbook():
    found = model("docs/runbooks/payments.md")
    assert (found["kind"], found["title"], found["service"]) == ("runbook", "Payments Runbook", "Payments")
    assert (found["owner"], found["last_updated"]) == ("Platform", "2026-01-02")
    assert found["metadata"] == {
        "owner": {"value": "Platform", "from": "front-matter"},
        "tags": {"value": "a, b", "from": "front-matter"},
        "service": {"value": "Payments", "from": "bold"},
        "last updated": {"value": "2026-01-02", "from": "bold"},
    }
    (check,) = found["health_checks"]
    assert len(check.pop("probe")) == 16
    assert check == {
        "url": "https://payments.example/health", "expected": "200 OK", "every_s": 60, "line": 16, "name": None,
        "looked_at": "status 200",
    }  # fmt: skip
    assert found["alerts"] == ["PaymentsDown", "PaymentsSlow"]
    assert [(c["role"], c["contact"]) for c in found["contacts"]] == [
        ("On-Call Engineer", "#payments-oncall"), ("Technical Lead", "Anne <anne@example.org>"),
    ]  # fmt: skip
    (issue,) = found["issues"]
    assert (issue["title"], issue["anchor"]) == ("It is slow", "issue-it-is-slow")
    assert (issue["symptoms"], issue["cause"]) == ("`timeout` in the log", "The pool is full")
    assert issue["solution"] == "Restart it"


def test_sections_stand_in_order_with_their_slots_and_lines():
    found = [(s["line"], s["level"], s["slot"], s["anchor"]) for s in model("payments")["sections"]]
    assert found == [
        (5, 1, None, "payments-runbook"), (10, 2, "overview", "overview"), (14, 2, "health-checks", "health-checks"),
        (20, 2, "deployment", "deployment"), (22, 3, None, "production"), (32, 2, "troubleshooting", "troubleshooting"),
        (34, 3, None, "issue-it-is-slow"), (39, 2, "monitoring", "monitoring"),
        (43, 2, "emergency-contacts", "emergency-contacts"),
    ]  # fmt: skip


def test_a_procedure_tells_what_runs_where():
    production, solution = model("payments")["procedures"]
    assert (production["anchor"], production["title"], production["line"]) == ("production", "Production", 22)
    assert [(p["name"], p["type"], p["default"], p["required"]) for p in production["parameters"]] == [
        ("VERSION", "string", None, True)
    ]
    (step,) = production["steps"]
    assert {key: step[key] for key in STEP} == {
        "number": "1", "text": 'Ship "$VERSION"', "kind": "command", "fields": {}, "runnable": True, "why_not": None,
        "commands": [{"language": "bash", "text": './ship "$VERSION"', "line": 27, "expected": None}],
    }  # fmt: skip
    assert [(s["number"], s["kind"]) for s in production["verification"]] == [("verify.1", "command")]
    assert [(s["number"], s["kind"]) for s in production["rollback"]] == [("rollback.1", "manual")]
    assert solution["anchor"] == "issue-it-is-slow"


def test_links_come_with_the_rule_that_they_break():
    assert [(link["href"], link["line"], link["verdict"]) for link in model("payments")["links"]] == [
        ("../incidents/incident-response.md#severity", 12, "ok"), ("gone.md", 12, "broken-link"),
        ("https://x.example", 12, "external"), ("mailto:anne@example.org", 46, "external"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("href", "verdict"),
    [
        ("b.md", "ok"), ("b.md#here", "ok"), ("b.md#nowhere", "broken-anchor"), ("#title", "ok"), ("#nowhere", "broken-anchor"),
        ("../x.md", "link-escapes-repository"), ("mailto:a@b.c", "external"), ("{{ url }}", "templated"), ("c.md", "broken-link"),
    ],
)  # fmt: skip
def test_the_verdict_on_a_link(href, verdict):
    pages = {"a.md": f"# Title\n\n[x](<{href}>)\n", "b.md": "# B\n\n## Here\n"}
    assert [link["verdict"] for link in model("a.md", pages)["links"]] == [verdict]


def test_bold_labels_stand_among_the_sections_where_no_heading_fills_their_slot():
    text = "# Incident 7\n\n**Timeline**\n\n- 10:00 it began\n\n## Impact\n\n**Root cause:** disk\n\n**Impact:** none\n"
    found = [(s["title"], s["slot"], s["level"]) for s in model("a.md", {"a.md": text})["sections"]]
    assert found == [
        ("Incident 7", None, 1), ("Timeline", "timeline", 2), ("Impact", "impact", 2), ("Root cause", "root-cause", 3),
    ]  # fmt: skip


def test_a_section_is_shown_with_what_stands_in_it():
    found = model("payments#deployment")
    assert found["anchor"] == "deployment"
    assert found["text"].startswith("## Deployment\n") and found["text"].rstrip().endswith("Ship the old one")
    assert [section["anchor"] for section in found["sections"]] == ["deployment", "production"]
    assert [procedure["anchor"] for procedure in found["procedures"]] == ["production"]
    assert (found["issues"], found["contacts"], found["links"], found["health_checks"]) == ([], [], [], [])
    assert found["owner"] == "Platform"


def test_the_rollback_of_a_procedure_is_named_below_it():
    assert model("payments#production/rollback")["anchor"] == "production"


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("docs/runbooks/payments.md", "docs/runbooks/payments.md"), ("runbooks/payments.md", "docs/runbooks/payments.md"),
        ("runbooks/payments", "docs/runbooks/payments.md"), ("payments", "docs/runbooks/payments.md"),
        ("Payments.md", "docs/runbooks/payments.md"), ("./payments", "docs/runbooks/payments.md"), ("README", "docs/README.md"),
    ],
)  # fmt: skip
def test_a_page_is_named_by_its_path_or_its_file_alone(name, path):
    assert model(name)["path"] == path


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nothing-like-it", "There is no page 'nothing-like-it' in the book."),
        ("paymens", "There is no page 'paymens' in the book. Did you mean 'payments'?"),
        ("restart-x/../y", "There is no page"),
        ("payments#deploymnet", "has no section '#deploymnet'. Did you mean '#deployment'?"),
        ("payments#xyzzy", "has no section '#xyzzy'."),
        ("", "Name a page, such as"),
        ("#deployment", "Name a page, such as"),
    ],
)
def test_a_name_that_names_nothing_is_answered_with_a_guess(name, message):
    with pytest.raises(Usage) as wrong:
        shown(name)
    assert message in str(wrong.value)


def test_a_name_that_two_pages_share_is_asked_about():
    pages = {"docs/a/db.md": "# A\n", "docs/b/db.md": "# B\n"}
    with pytest.raises(Usage, match="'db' may mean 'docs/a/db.md' or 'docs/b/db.md'. Write more of the path."):
        shown("db", pages)
    assert model("b/db", pages)["title"] == "B"


def test_a_page_that_cannot_be_read_is_the_worlds_failure():
    class Broken(Book):
        def read(self, path: str) -> bytes | Unreadable:
            return Unreadable(path, "it is not a regular file")

    with pytest.raises(Failure, match=r"'docs/README\.md' cannot be read: it is not a regular file\."):
        show(Broken({"docs/README.md": b""}), "README", LintSettings())


def test_what_the_page_does_not_say_codeowners_and_git_do():
    class Known(Book):
        def owner_of(self, path: str) -> str | None:
            return "@platform"

        def changed_on(self, path: str) -> str | None:
            return "2026-05-06"

    found = show(Known({"docs/a.md": b"# A\n"}), "a", LintSettings()).model
    assert (found["owner"], found["last_updated"]) == ("@platform", "2026-05-06")
    assert found["metadata"] == {
        "owner": {"value": "@platform", "from": "CODEOWNERS"}, "last updated": {"value": "2026-05-06", "from": "git"},
    }  # fmt: skip
    said = show(Known({"docs/a.md": b"**Owner:** X\n**Updated:** 2026-01-01\n"}), "a", LintSettings()).model
    assert (said["owner"], date.fromisoformat(said["last_updated"])) == ("X", date(2026, 1, 1))
