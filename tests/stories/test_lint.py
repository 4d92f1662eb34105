"""`opsbook lint` as it is typed: what it prints in each form, how it ends, what it is told to look at."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from tests.entrypoints.sarif_schema import SCHEMA
from tests.stories.opsbook_program import asked, run, write

from opsbook import __version__

TODAY = ("--today", "2026-11-23")
PAGE = "# Notes\n\nSee [gone](gone.md), [here](#nots) and [notes](#Notes).\n"


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A repository with one page, which has one broken link and one anchor that can be mended."""
    return write(tmp_path / "repository", {".git/HEAD": "", "docs/operations/notes.md": PAGE})


def test_the_text_shows_each_line_with_a_caret_under_the_place(book):
    done = run("lint", "--select", "broken-link,broken-anchor", *TODAY, here=book)
    assert done.stdout.splitlines() == [
        "docs/operations/notes.md:3:5: error [broken-link] The link 'gone.md' leads to 'docs/operations/gone.md', which"
        " does not exist.",
        "    3 | See [gone](gone.md), [here](#nots) and [notes](#Notes).",
        "      |     ^~~~~~~~~~~~~~~",
        "      mend: Mend the address, or remove the link.",
        "docs/operations/notes.md:3:22: error [broken-anchor] This page has no heading with the anchor '#nots'.",
        "    3 | See [gone](gone.md), [here](#nots) and [notes](#Notes).",
        "      |                      ^~~~~~~~~~~~~",
        "      mend: Did you mean '#notes'?",
        "docs/operations/notes.md:3:40: error [broken-anchor] This page has no heading with the anchor '#Notes'.",
        "    3 | See [gone](gone.md), [here](#nots) and [notes](#Notes).",
        "      |                                        ^~~~~~~~~~~~~~~",
        "1 page of docs/operations: 3 errors. 1 can be mended with --fix.",
    ]
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize(
    ("line", "shown", "caret"),
    [
        (b"\t[x](gone.md)", None, None),
        (b"a\t[x](gone.md)", "a [x](gone.md)", "  ^~~~~~~~~~~~"),
        ("漢字 [x](gone.md)".encode(), "漢字 [x](gone.md)", "     ^~~~~~~~~~~~"),
        ("é [ü](gone.md)".encode(), "é [ü](gone.md)", "  ^~~~~~~~~~~~"),
        (b"\xff\xfe [x](gone.md)", "\ufffd\ufffd [x](gone.md)", "   ^~~~~~~~~~~~"),
        (b"\x1b[31m [x](gone.md)\r", "?[31m [x](gone.md)", "      ^~~~~~~~~~~~"),
        (b"\xef\xbb\xbf[x](gone.md)", "[x](gone.md)", "^~~~~~~~~~~~"),
    ],
)
def test_the_caret_stands_under_the_link_whatever_stands_before_it(tmp_path, line, shown, caret):
    write(tmp_path, {"a.md": line + b"\n"})
    told = run("--book", tmp_path, "lint", "--select", "broken-link").stdout.splitlines()
    if shown is None:
        assert told == ["1 page, nothing to mend."]
        return
    assert told[1:3] == [f"    1 | {shown}", f"      | {caret}"]


def test_a_line_too_long_is_cut_around_the_place(tmp_path):
    write(tmp_path, {"a.md": "word " * 2000 + "[x](gone.md)" + " word" * 2000 + "\n"})
    _, line, caret, *_ = run("--book", tmp_path, "lint", "--select", "broken-link").stdout.splitlines()
    assert len(line) < 200
    assert line[caret.index("^") : caret.index("^") + 12] == "[x](gone.md)"


def test_the_json_is_these_very_bytes(book):
    done = run("lint", "--select", "broken-link,broken-anchor", "--format", "json", *TODAY, here=book)
    assert done.stdout == (
        '{"pages":1,"findings":['
        '{"rule":"broken-link","severity":"error","path":"docs/operations/notes.md","line":3,"column":5,'
        '"message":"The link \'gone.md\' leads to \'docs/operations/gone.md\', which does not exist.",'
        '"fix":"Mend the address, or remove the link.","fixable":false,"target":"gone.md"},'
        '{"rule":"broken-anchor","severity":"error","path":"docs/operations/notes.md","line":3,"column":22,'
        '"message":"This page has no heading with the anchor \'#nots\'.",'
        '"fix":"Did you mean \'#notes\'?","fixable":false,"target":"#nots"},'
        '{"rule":"broken-anchor","severity":"error","path":"docs/operations/notes.md","line":3,"column":40,'
        '"message":"This page has no heading with the anchor \'#Notes\'.",'
        '"fix":"Did you mean \'#notes\'?","fixable":true,"target":"#Notes"}'
        '],"summary":{"error":3,"warning":0,"info":0}}\n'
    )


def test_the_annotations_are_as_github_reads_them(tmp_path):
    write(tmp_path, {"a,b:c.md": "[100%\nx](gone.md)\n"})
    done = run("--book", tmp_path, "lint", "--select", "broken-link", "--format", "github")
    assert done.stdout == (
        "::error file=a%2Cb%3Ac.md,line=1,col=1,title=broken-link::"
        "The link 'gone.md' leads to 'gone.md', which does not exist. Mend the address, or remove the link.\n"
    )


def test_the_sarif_keeps_the_standard(book, corpora):
    shutil.copytree(corpora / "allisson__secrets", book / "docs" / "operations" / "more")
    write(book, {"docs/operations/a b%é.md": "[x](gone.md)\n"})
    done = run("lint", "--format", "sarif", *TODAY, here=book)
    log = json.loads(done.stdout)
    assert [error.message for error in Draft202012Validator(SCHEMA).iter_errors(log)] == []
    (ran,) = log["runs"]
    rules = [rule["id"] for rule in ran["tool"]["driver"]["rules"]]
    assert (ran["tool"]["driver"]["name"], ran["tool"]["driver"]["semanticVersion"]) == ("opsbook", __version__)
    assert len(ran["results"]) > 10
    assert all(rules[result["ruleIndex"]] == result["ruleId"] for result in ran["results"])
    uris = {result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in ran["results"]}
    assert "docs/operations/a%20b%25%C3%A9.md" in uris
    (fixed,) = [result for result in ran["results"] if "fixes" in result and "notes.md" in str(result)]
    (change,) = fixed["fixes"][0]["artifactChanges"]
    (splice,) = change["replacements"]
    start, size = splice["deletedRegion"]["byteOffset"], splice["deletedRegion"]["byteLength"]
    assert PAGE[start : start + size] in ("Notes", "#Notes")


@pytest.mark.parametrize(
    ("rules", "fail_on", "status"),
    [
        ("broken-link", None, 1), ("broken-link", "warning", 1), ("missing-section", None, 0), ("missing-section", "warning", 1),
        ("missing-section", "info", 1), ("orphan-page", "warning", 0), ("orphan-page", "info", 1), ("stale", "info", 0),
    ],
)  # fmt: skip
def test_it_ends_with_1_from_the_severity_on_that_is_asked_for(tmp_path, rules, fail_on, status):
    write(tmp_path, {"README.md": "# Book\n", "runbooks/a.md": "# A Runbook\n\n## Overview\n\n[x](gone.md)\n"})
    asking = () if fail_on is None else ("--fail-on", fail_on)
    assert run("--book", tmp_path, "lint", "--select", rules, *asking).returncode == status


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--select", "brokn-link"), "opsbook: There is no rule 'brokn-link'. Did you mean 'broken-link'?\n"),
        (("--ignore", "broken-link,stal"), "opsbook: There is no rule 'stal'. Did you mean 'stale'?\n"),
        (("--select", "xyzzy"), "opsbook: There is no rule 'xyzzy'. `opsbook lint --list-rules` shows them all.\n"),
        (("--today", "23.11.2026"), "'23.11.2026' is not a day; write it as YYYY-MM-DD."),
        (("--fail-on", "fatal"), "'fatal'"),
        (("--format", "xml"), "xml"),
        (("nowhere.md",), "'nowhere.md'"),
        (("--url-base", "x"), "'x' is not URL=DIR"),
    ],
)
def test_what_cannot_be_meant_ends_with_2_and_a_guess(book, words, message):
    done = run("lint", *words, here=book)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stdout == ""


def test_only_the_rules_that_are_selected_and_not_ignored_are_applied(book):
    def rules(*words: str) -> set[str]:
        return {finding["rule"] for finding in asked("lint", *words, *TODAY, here=book)["findings"]}

    assert rules("--select", "broken-link, broken-anchor") == {"broken-link", "broken-anchor"}
    assert rules("--select", "broken-link", "--select", "broken-anchor") == {"broken-link", "broken-anchor"}
    assert rules("--select", "broken-link,broken-anchor", "--ignore", "broken-link") == {"broken-anchor"}
    assert "broken-link" not in rules("--ignore", "broken-link")


@pytest.mark.parametrize(("day", "stale"), [("2026-06-30", 0), ("2026-07-01", 1)])
def test_it_is_the_day_that_it_is_told(tmp_path, day, stale):
    write(tmp_path, {"runbooks/a.md": "# A\n\n**Last Updated:** 2026-01-01\n"})
    assert len(asked("--book", tmp_path, "lint", "--select", "stale", "--today", day)["findings"]) == stale


def test_a_page_and_a_folder_limit_what_is_reported_and_not_what_is_read(tmp_path):
    broken = "[x](gone.md) [y](../b.md#there) [z](../b.md#nowhere)\n"
    write(tmp_path, {".git/HEAD": "", "docs/operations/a/a.md": broken, "docs/operations/b.md": "# There\n\n[x](gone.md)\n"})

    def found(*words: str | Path) -> list[tuple[str, str]]:
        answer = asked("lint", *words, "--select", "broken-link,broken-anchor", here=tmp_path)
        return [(Path(finding["path"]).name, finding["target"]) for finding in answer["findings"]]

    of_a = [("a.md", "gone.md"), ("a.md", "../b.md#nowhere")]
    assert found() == [*of_a, ("b.md", "gone.md")]
    assert found("docs/operations/a/a.md") == found("docs/operations/a") == of_a
    assert found(tmp_path / "docs" / "operations" / "b.md") == [("b.md", "gone.md")]
    assert found("docs/operations/b.md", "docs/operations/a") == found("docs/operations")


def test_a_page_outside_of_every_book_is_a_book_with_its_folder(tmp_path):
    write(tmp_path, {"alone/a.md": "[x](gone.md) [y](b.md)\n", "alone/b.md": "# B\n"})
    (tmp_path / "elsewhere").mkdir()
    answer = asked("lint", tmp_path / "alone" / "a.md", "--select", "broken-link", here=tmp_path / "elsewhere")
    assert (answer["pages"], [f["target"] for f in answer["findings"]]) == (1, ["gone.md"])


def test_a_page_outside_of_the_book_that_is_named_is_refused(book, tmp_path):
    write(tmp_path, {"alone/a.md": ""})
    done = run("--book", book / "docs" / "operations", "lint", tmp_path / "alone" / "a.md")
    assert done.returncode == 2
    assert "does not lie in the book's repository" in done.stderr


def test_an_empty_folder_has_nothing_to_mend_and_no_folder_is_no_book(tmp_path):
    (tmp_path / "empty").mkdir()
    done = run("--book", tmp_path / "empty", "lint")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("0 pages")
    done = run("lint", here=tmp_path / "empty")
    assert done.returncode == 2
    assert done.stderr.startswith("opsbook: No book is here: no docs/operations at or above the working directory")
    done = run("--book", tmp_path / "nowhere", "lint")
    assert done.returncode == 2
    assert "There is no folder" in done.stderr


def test_the_rules_are_listed_with_their_severity():
    listed = dict(line.split()[:2] for line in run("lint", "--list-rules").stdout.splitlines())
    contract = (
        "broken-link broken-anchor link-escapes-repository missing-section empty-section placeholder stale no-owner"
        " step-placeholder alert-without-runbook runbook-url-missing-page runbook-url-bad-anchor orphan-page secret"
        " invalid-severity invalid-time resolved-without-root-cause unknown-field schedule-gap unknown-person"
    )
    assert set(contract.split()) <= set(listed)
    assert listed["orphan-page"] == "info"
    assert set(listed.values()) == {"error", "warning", "info"}
