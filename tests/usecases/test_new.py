"""A new page comes from the book's own template, filled with what is known, and never replaces another."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from opsbook.config import load
from opsbook.ground.errors import Refusal, Usage
from opsbook.usecases.init import init
from opsbook.usecases.new import Asked, Created, new
from opsbook.wire import build_book, build_file_maker, build_seed

AT = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)


@pytest.fixture
def ops(tmp_path: Path) -> Path:
    """A fresh book of a repository."""
    (tmp_path / ".git").mkdir()
    folder = tmp_path / "docs" / "operations"
    init(build_seed(), build_file_maker(str(folder)), date(2026, 11, 23))
    return folder


def make(ops: Path, kind: str, name: str, person: str | None = "Ada Byron", **settings: str) -> Created:
    config = load(book=str(ops), environ={}, here=str(ops))
    named = {key.replace("__", ".").replace("_", " "): value for key, value in settings.items()}
    asked = Asked(kind, name, named, AT)
    return new(build_book(config), build_file_maker(config.book), build_seed(), asked, person=person)


def test_a_runbook_differs_from_the_template_in_what_was_filled_alone(ops: Path) -> None:
    created = make(ops, "runbook", "Checkout")
    assert (created.path, created.template) == (
        "docs/operations/runbooks/checkout.md",
        "docs/operations/README.md#runbook-template",
    )
    template = (ops / "runbooks/frontend.md").read_text().splitlines()
    made = (ops / "runbooks/checkout.md").read_text().splitlines()
    assert [(a, b) for a, b in zip(template, made, strict=True) if a != b] == [
        ("# Frontend Runbook", "# Checkout Runbook"),
        ("**Service:** frontend  ", "**Service:** Checkout  "),
        ("**Owner:** [Team/Person]  ", "**Owner:** Ada Byron  "),
        ("**Last Updated:** [Date]", "**Last Updated:** 2026-11-23"),
    ]


def test_an_incident_has_begun_now_and_is_investigated(ops: Path) -> None:
    created = make(ops, "incident", "Checkout is slow", severity="P1")
    assert created.path == "docs/operations/incidents/2026-11-23-checkout-is-slow.md"
    assert (ops / "incidents/2026-11-23-checkout-is-slow.md").read_text().startswith(
        "# Incident Response: Checkout is slow\n\n**Severity:** P1  \n**Status:** Investigating  \n"
        "**Started:** 2026-11-23 14:05 UTC  \n**Resolved:** [Date/Time]\n"
    )


def test_a_post_mortem_takes_what_the_report_of_its_incident_says(ops: Path) -> None:
    make(ops, "incident", "Checkout is slow", severity="P1")
    created = make(ops, "post-mortem", "Checkout is slow")
    text = (ops / "incidents/2026-11-23-checkout-is-slow-post-mortem.md").read_text()
    assert "**Severity:** P1  \n**Status:** Draft  \n**Owner:** Ada Byron  \n**Started:** 2026-11-23 14:05 UTC" in text
    assert "**Incident:** [Incident Response: Checkout is slow](2026-11-23-checkout-is-slow.md)\n" in text
    assert created.template == "docs/operations/incidents/post-mortem-template.md"


def test_a_procedure_has_a_template_though_the_folder_has_none(ops: Path) -> None:
    created = make(ops, "procedure", "Fail over")
    assert (created.path, created.template) == ("docs/operations/procedures/fail-over.md", "Opsbook's own template")


def test_the_books_own_template_comes_first(ops: Path) -> None:
    own = b"# <service> runbook\r\n\r\n**Team:** x\r\n**Owner:** [Who]\r\n"
    (ops / "runbooks" / "runbook-template.md").write_bytes(own)
    created = make(ops, "runbook", "Checkout", team="Money")
    assert created.template == "docs/operations/runbooks/runbook-template.md"
    made = (ops / "runbooks/checkout.md").read_bytes()
    assert made == b"# Checkout runbook\r\n\r\n**Team:** Money\r\n**Owner:** Ada Byron\r\n"


def test_the_owner_is_the_code_owner_of_the_page_before_who_types(ops: Path) -> None:
    (ops / "../../CODEOWNERS").resolve().write_text("docs/operations/runbooks/ @org/payments\n")
    make(ops, "runbook", "Checkout")
    assert "**Owner:** @org/payments  \n" in (ops / "runbooks/checkout.md").read_text()


def test_what_is_not_known_stays_a_slot(ops: Path) -> None:
    created = make(ops, "runbook", "Checkout", person=None)
    assert "**Owner:** [Team/Person]  \n" in (ops / "runbooks/checkout.md").read_text()
    assert created.slots_left == 34


def test_a_label_that_is_there_twice_is_set_by_its_section(ops: Path) -> None:
    make(ops, "runbook", "Checkout", production__environment="https://shop.example.org")
    text = (ops / "runbooks/checkout.md").read_text()
    assert "### Staging\n- **Environment:** [URL]\n" in text
    assert "### Production\n- **Environment:** https://shop.example.org\n" in text
    with pytest.raises(Usage, match=r"2 times. Write staging.environment or production.environment"):
        make(ops, "runbook", "Other", environment="x")


def test_a_misspelt_label_is_told_with_a_guess_and_the_list(ops: Path) -> None:
    with pytest.raises(Usage, match=r"no label 'onwer'. Did you mean 'owner'\? It has: service, owner, last updated"):
        make(ops, "runbook", "Checkout", onwer="x")
    assert not (ops / "runbooks/checkout.md").exists()


def test_a_page_that_is_there_is_refused_and_left(ops: Path) -> None:
    before = (ops / "runbooks/database.md").read_bytes()
    with pytest.raises(Refusal, match="is there already"):
        make(ops, "runbook", "Database")
    assert (ops / "runbooks/database.md").read_bytes() == before


@pytest.mark.parametrize("name", ["", "  ", "///", "a\x00b", "x" * 500])
def test_a_name_that_names_nothing_is_told(ops: Path, name: str) -> None:
    with pytest.raises(Usage):
        make(ops, "runbook", name)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("../../etc/passwd", "etcpasswd.md"),
        ("runbooks/pay.md", "pay.md"),
        ("CI/CD", "cicd.md"),
        ("Über uns", "über-uns.md"),
    ],
)
def test_a_name_never_leaves_its_folder(ops: Path, name: str, file: str) -> None:
    assert make(ops, "runbook", name).path == f"docs/operations/runbooks/{file}"


def test_a_severity_that_is_none_is_told_before_anything_is_written(ops: Path) -> None:
    with pytest.raises(Usage, match="'P9' is none of the severities"):
        make(ops, "incident", "x", severity="P9")


def test_a_value_of_two_lines_is_told(ops: Path) -> None:
    with pytest.raises(Usage, match="one line"):
        make(ops, "runbook", "x", owner="a\n# b")
