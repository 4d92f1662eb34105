"""`show`, `coverage` and `search` as they are typed: what is printed, what is found, how they end."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.stories.opsbook_program import asked, run, write
from tests.usecases.test_coverage import RULES
from tests.usecases.test_show import PAGES


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with the pages of a small book at docs/operations, started from its root."""
    pages = {path.replace("docs/", "docs/operations/"): text for path, text in PAGES.items()}
    return write(tmp_path_factory.mktemp("repository"), {".git/HEAD": "", **pages, "rules.yml": RULES})


def test_a_page_is_shown_with_its_facts_its_sections_and_its_procedures(book):
    done = run("show", "payments", here=book)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[:6] == [
        "Payments Runbook  (runbook)",
        "docs/operations/runbooks/payments.md",
        "Service:      Payments",
        "Owner:        Platform",
        "Last updated: 2026-01-02",
        "Health:       https://payments.example/health every 60 s, expects 200 OK",
    ]
    assert "   22      Production" in lines
    at = lines.index("Production  #production (line 22)")
    assert lines[at + 1].split() == ["needs", "VERSION", "string"]
    first = [line.split()[0] for line in lines[at + 2 :] if line]
    assert [word for word in first if word in ("1", "verify.1", "rollback.1")][:3] == ["1", "verify.1", "rollback.1"]
    assert lines[-2:] == ["Links that lead nowhere", "   12  broken-link: gone.md"]


def test_a_section_is_shown_as_it_is_written(book):
    done = run("show", "payments#issue-it-is-slow", here=book)
    assert done.stdout.splitlines()[:6] == [
        "docs/operations/runbooks/payments.md#issue-it-is-slow", "", "### Issue: It is slow",
        "**Symptoms:** `timeout` in the log  ", "**Cause:** The pool is full  ", "**Solution:** Restart it",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "here"),
    [
        ("payments", "."), ("runbooks/payments", "."), ("docs/operations/runbooks/payments.md", "."), ("operations/runbooks/payments.md", "docs"),
        ("payments.md", "docs/operations/runbooks"), ("./payments.md", "docs/operations/runbooks"),
    ],
)  # fmt: skip
def test_a_page_is_found_from_wherever_one_stands(book, name, here):
    assert asked("show", name, here=book / here)["path"] == "docs/operations/runbooks/payments.md"


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (("show", "paymnets"), 2, "There is no page 'paymnets' in the book. Did you mean 'payments'?"),
        (("show", "payments#productoin"), 2, "has no section '#productoin'. Did you mean '#production'?"),
        (("show",), 2, "Missing argument"),
        (("show", "payments", "--format", "sarif"), 2, "sarif"),
        (("coverage", "--url-base", "https://x=nowhere"), 2, "There is no folder 'nowhere'."),
        (("coverage", "--rules", "nowhere.yml"), 2, "nowhere.yml"),
        (("search",), 2, "Missing argument"),
    ],
)
def test_what_names_nothing_ends_with_2_and_a_guess(book, words, status, message):
    done = run(*words, here=book)
    assert (done.returncode, done.stdout) == (status, "")
    assert message in done.stderr


def test_nothing_on_a_page_speaks_to_the_terminal(tmp_path):
    write(tmp_path, {"a.md": "# \x1b[31mRed\x07\n\n**Owner:** \x1b]0;x\x07\n\n[x](\x1b[2J.md)\n"})
    for words in (("show", "a"), ("show", "a#31mred"), ("lint",), ("coverage",), ("search", "red")):
        assert "\x1b" not in run("--book", tmp_path, *words).stdout.replace("\x1b[0m", ""), words


def test_coverage_tells_services_and_the_alerts_without_a_page(book):
    done = run("coverage", "--rules", "rules.yml", here=book)
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0].startswith("0% practised: 0 of")
    lines = lines[lines.index("Services") :]
    assert lines[1].split() == ["75%", "Payments", "docs/operations/runbooks/payments.md"]
    assert lines[2].strip() == "missing: architecture, common-operations"
    assert [line.split()[1] for line in lines if line.split()[:1] == ["none"]] == ["NodeDown"]
    assert "  2 alerts: 1 external, 1 none." in lines


def test_an_address_is_mapped_to_a_folder_from_wherever_one_stands(book):
    base = "https://runbooks.example=docs/operations/runbooks"
    for here, folder in ((book, base), (book / "docs", "https://runbooks.example=operations/runbooks")):
        rules = book / "rules.yml"
        found = asked("coverage", "--rules", rules, "--url-base", folder, here=here)
        assert [alert["verdict"] for alert in found["alerts"]] == ["missing-page", "none"]


def test_search_finds_the_section_and_ends_with_1_where_there_is_none(book):
    found = asked("search", "pool", "full", here=book, status=0)
    first = found["hits"][0]
    assert (first["path"], first["anchor"]) == ("docs/operations/runbooks/payments.md", "issue-it-is-slow")
    assert {"path", "anchor", "page", "section", "snippet", "score"} <= set(first)
    assert asked("search", "xyzzyplugh", here=book, status=1)["hits"] == []


def test_a_pasted_error_comes_on_standard_input(book):
    done = run("search", "-", here=book, stdin="2026-01-02 10:00:03 ERROR timeout after 30000 ms waiting for the pool\n")
    assert "issue-it-is-slow" in done.stdout
