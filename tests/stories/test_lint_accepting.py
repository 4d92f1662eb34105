"""What a team accepts is not reported again: by a baseline for an old folder, by a comment for a line or a page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.stories.opsbook_program import asked, run, write

BASELINE = "opsbook-baseline.json"
LINKS = ("--select", "broken-link")


@pytest.fixture
def book(tmp_path: Path) -> Path:
    pages = {"a.md": "# A\n\n[x](one.md) [y](two.md)\n\n[x](one.md)\n", "b.md": "# B\n\n[z](three.md)\n"}
    settings = '[lint]\nselect = ["broken-link"]\n'
    return write(tmp_path, {".git/HEAD": "", "opsbook.toml": settings, **{f"docs/operations/{path}": text for path, text in pages.items()}})


def found(book: Path, *words: str) -> list[tuple[str, int]]:
    return [(finding["target"], finding["line"]) for finding in asked("lint", *words, here=book)["findings"]]


def test_an_old_folder_starts_clean_and_only_what_is_new_is_reported(book):
    assert len(found(book)) == 4
    written = run("lint", "--write-baseline", here=book)
    assert (written.returncode, written.stdout) == (
        0, f"{BASELINE}: 4 findings accepted. Commit it; from now on lint reports only what is new.\n",
    )  # fmt: skip
    assert found(book) == []
    assert run("lint", here=book).returncode == 0
    write(book, {"docs/operations/b.md": "# B\n\n[z](three.md) [w](four.md)\n"})
    assert found(book) == [("four.md", 3)]
    assert len(found(book, "--no-baseline")) == 5


def test_lines_above_and_other_words_on_a_line_change_nothing(book):
    run("lint", "--write-baseline", here=book)
    write(book, {"docs/operations/a.md": "# A\n\nNew.\n\nNow [x](one.md) and [y](two.md)\n\n[x](one.md)\n"})
    assert found(book) == []


def test_an_entry_accepts_one_finding_and_no_second_of_the_same(book):
    run("lint", "--write-baseline", here=book)
    write(book, {"docs/operations/a.md": "# A\n\n[x](one.md) [y](two.md)\n\n[x](one.md)\n\n[x](one.md)\n"})
    assert found(book) == [("one.md", 7)]


def test_a_finding_about_a_line_is_known_by_the_words_of_the_line(tmp_path):
    settings = '[lint]\nselect = ["empty-section"]\n'
    write(tmp_path, {"opsbook.toml": settings, "a.md": "# A\n\n## Empty\n\n## Full\n\nwords\n"})
    words = ("--book", tmp_path, "lint")
    run(*words, "--write-baseline")
    assert asked(*words)["findings"] == []
    write(tmp_path, {"a.md": "# A\n\nwords\n\n##  Empty\n\n## Full\n"})
    assert [finding["line"] for finding in asked(*words)["findings"]] == [7]


def test_the_file_is_the_same_for_the_same_findings_and_is_read_line_by_line_in_a_review(book):
    run("lint", "--write-baseline", here=book)
    first = (book / BASELINE).read_bytes()
    (book / BASELINE).unlink()
    run("lint", "--write-baseline", here=book)
    assert (book / BASELINE).read_bytes() == first
    accepted = json.loads(first)["accepted"]
    assert {path: {rule: sum(prints.values()) for rule, prints in rules.items()} for path, rules in accepted.items()} == {
        "docs/operations/a.md": {"broken-link": 3}, "docs/operations/b.md": {"broken-link": 1},
    }  # fmt: skip
    assert first.endswith(b"}\n") and first.count(b"\n") > 8


@pytest.mark.parametrize("words", [("docs/operations/a.md",), LINKS, ("--ignore", "stale")])
def test_a_part_of_the_findings_never_takes_the_place_of_the_whole(book, words):
    run("lint", "--write-baseline", here=book)
    before = (book / BASELINE).read_bytes()
    done = run("lint", *words, "--write-baseline", here=book)
    assert done.returncode == 3
    assert done.stderr.startswith("opsbook: A baseline is ")
    assert (book / BASELINE).read_bytes() == before


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is not a baseline"), ("{}", "is not a baseline"), ("[1]", "is not a baseline"), ("\0\xff", "is not a baseline"),
        ('{"version": 99, "accepted": {}}', "newer Opsbook"), ('{"version": 1, "accepted": {"a": 1}}', "is not a baseline"),
    ],
)  # fmt: skip
def test_a_broken_baseline_is_told_and_nothing_is_accepted_by_it(book, content, message):
    (book / BASELINE).write_text(content, encoding="latin-1")
    done = run("lint", here=book)
    assert done.returncode == 2
    assert message in done.stderr and BASELINE in done.stderr


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("[x](gone.md) <!-- opsbook: allow broken-link -->\n[y](gone.md)\n", [2]),
        ("<!-- opsbook: allow broken-link -->\n[x](gone.md)\n\n[y](gone.md)\n", [4]),
        ("<!-- opsbook: allow broken-link -->\n\n\n[x](gone.md)\n", []),
        ("<!-- opsbook: allow stale, broken-link -->\n[x](gone.md)\n", []),
        ("<!-- opsbook: allow broken-link - it comes later -->\n[x](gone.md)\n", []),
        ("<!-- opsbook: allow broken-link -- it comes later -->\n[x](gone.md)\n", []),
        ("<!-- opsbook: allow stale -->\n[x](gone.md)\n", [2]),
        ("[x](gone.md)\n\n[y](gone.md)\n\n<!-- opsbook: allow-page broken-link -->\n", []),
        ("<!-- opsbook: allow-page stale -->\n\n[x](gone.md)\n", [3]),
        ("<!--opsbook:allow broken-link-->\r\n[x](gone.md)\r\n", []),
        ("<!-- allow broken-link -->\n[x](gone.md)\n", [2]),
        ("[x](gone.md)\n<!-- opsbook: allow broken-link -->\n", [1]),
    ],
)
def test_a_comment_allows_rules_on_its_line_on_the_next_or_on_the_page(tmp_path, text, lines):
    write(tmp_path, {"a.md": text})
    answer = asked("--book", tmp_path, "lint", *LINKS)
    assert [finding["line"] for finding in answer["findings"]] == lines


def test_a_rule_that_sees_the_whole_book_is_allowed_on_a_page_too(tmp_path):
    write(tmp_path, {
        "README.md": "# Book\n", "alone.md": "<!-- opsbook: allow-page orphan-page -->\n# Alone\n",
        "a.md": "[x](README.md#nowhere) <!-- opsbook: allow broken-anchor -->\n\n[x](README.md#nowhere)\n",
    })  # fmt: skip
    answer = asked("--book", tmp_path, "lint", "--select", "orphan-page,broken-anchor")
    assert [(f["path"], f["line"], f["rule"]) for f in answer["findings"]] == [
        ("a.md", 1, "orphan-page"), ("a.md", 3, "broken-anchor"),
    ]  # fmt: skip


def test_the_answer_that_is_kept_notices_a_rule_file_that_changed_wherever_lint_is_started(tmp_path):
    filler = {f"docs/operations/{n}.md": f"# {n}\n\n" + "words " * 20_000 for n in range(10)}
    write(tmp_path, {".git/HEAD": "", **filler, "rules/a.yml": rules("DiskFull")})
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    def alerts() -> list[str]:
        words = ("--book", tmp_path / "docs/operations", "lint", "--rules", tmp_path / "rules", "--select", "alert-without-runbook")
        return [finding["message"] for finding in asked(*words, here=elsewhere)["findings"]]

    first = alerts()
    assert len(first) == 1 and alerts() == first
    write(tmp_path, {"rules/a.yml": rules("DiskFull") + rules("NodeDown").partition("rules:\n")[2]})
    assert len(alerts()) == 2


def rules(alert: str) -> str:
    return f"groups:\n- name: a\n  rules:\n  - alert: {alert}\n    expr: up == 0\n    labels: {{severity: critical}}\n"


@pytest.mark.parametrize("part", [("--select", "broken-link"), ("--ignore", "stale"), ("docs/operations/b.md",)])
def test_a_baseline_of_a_part_is_refused_before_anything_is_done(book, part):
    page = write(book, {"docs/operations/c.md": "# C\n\n[a](A.md)\n"}) / "docs/operations/c.md"
    before = page.read_bytes()
    refused = run("lint", "--fix", "--write-baseline", *part, here=book)
    assert refused.returncode == 3 and "A baseline is" in refused.stderr
    assert page.read_bytes() == before
    assert not (book / BASELINE).exists()
