"""What a person reads in a terminal: lines that fit, carets under their words, nothing told twice."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.entrypoints.paged_alerts import fired

from opsbook.book.search import SearchAnswer
from opsbook.entrypoints.shown import coverage, findings, hits, page
from opsbook.entrypoints.shown.alerts import alert_lines, group_lines, list_lines
from opsbook.entrypoints.shown.findings import Telling
from opsbook.entrypoints.shown.terminal import columns, printable, wrapped
from opsbook.ground.errors import Finding, Span
from opsbook.usecases.alerts import Noise
from opsbook.usecases.coverage import CoverageReport
from opsbook.usecases.episodes import imagined
from opsbook.usecases.lint import LintReport
from opsbook.usecases.show import Shown


def found(rule: str = "stale", line: int = 1, column: int = 1, start: int = 0, end: int = 0, **more) -> Finding:
    severity = more.pop("severity", "warning")
    path = more.pop("path", "a.md")
    return Finding(rule, severity, Span(path, line, column, start, end), f"It is {rule}.", more.pop("fix", None))


def told(report: list[Finding], lines: list[str] | None = None, pages: int = 1, **telling) -> list[str]:
    return list(findings.as_text(LintReport(pages, tuple(report)), lambda _path: lines, Telling(**telling)))


def test_a_caret_stands_under_the_words_that_a_finding_is_about():
    shown = told([found(column=5, start=4, end=7)], ["one two three"])
    assert shown[1:3] == ["    1 | one two three", "      |     ^~~"]


def test_a_caret_stands_under_wide_letters_too():
    shown = told([found(column=3, start=6, end=12)], ["漢字漢字 x"])
    assert shown[1:3] == ["    1 | 漢字漢字 x", "      |     ^~~~"]


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_of_a_long_line_the_part_is_shown_that_the_caret_points_to(width):
    line = "before " * 40 + "HERE" + " after" * 40
    at = line.index("HERE")
    _, excerpt, caret, _ = told([found(column=at + 1, start=at, end=at + 4)], [line], width=width)
    assert excerpt[caret.index("^") : caret.rindex("~") + 1] == "HERE"
    assert columns(excerpt) <= width
    assert "… " in excerpt[:12]
    assert excerpt.endswith(" …")


def test_several_findings_on_one_place_show_its_line_once():
    shown = told([found("stale", end=3), found("no-owner", end=3)], ["# A"])
    assert [line for line in shown if line.startswith("    1 |")] == ["    1 | # A"]


def test_a_finding_about_a_page_as_a_whole_shows_no_line_of_it():
    assert told([found()], ["# A"])[1:] == ["1 page: 1 warning."]


def test_the_same_way_to_mend_is_told_once_a_page():
    shown = told([found(fix="Do."), found(line=2, fix="Do."), found(path="b.md", fix="Do.")])
    assert sum("mend: Do." in line for line in shown) == 2


def test_a_hint_is_told_once():
    shown = told([found(path=path, fix="Link it.", severity="info") for path in ("a.md", "b.md", "c.md")])
    assert sum("mend:" in line for line in shown) == 1


def test_where_there_is_much_the_rules_are_counted_before_the_last_line():
    many = [found(line=n) for n in range(1, 20)] + [found("secret", 30, severity="error"), found("secret", 31)]
    assert told(many)[-5:] == [
        "",
        "      1 error   secret",
        "     19 warning stale",
        "      1 warning secret",
        "1 page: 1 error, 20 warnings.",
    ]


def test_only_a_terminal_is_told_what_to_do_about_much():
    many = [found(line=n) for n in range(1, 30)]
    assert "--write-baseline" not in "\n".join(told(many))
    assert "--write-baseline" in "\n".join(told(many, width=80))
    assert "--write-baseline" not in "\n".join(told(many, width=80, accepted=3, accepted_in="x.json"))


def test_the_last_line_says_which_folder_was_read_and_what_was_accepted_before():
    assert told([found()], pages=3, where="docs/operations") == ["a.md:1:1: warning [stale] It is stale.",
                                                                 "3 pages of docs/operations: 1 warning."]  # fmt: skip
    accepted = told([], pages=3, accepted=1, accepted_in="x.json")
    assert accepted == ["3 pages, nothing new to mend. 1 finding accepted before, in x.json."]


def test_a_folder_without_pages_is_no_success():
    assert told([], pages=0) == ["0 pages: no Markdown page lies here. Name the folder with --book."]


def test_nothing_on_a_page_speaks_to_the_terminal():
    shown = "\n".join(told([found(column=1, end=4, fix="\x1b[2J")], ["\x1b]0;x\x07"]))
    assert "\x1b" not in shown
    assert "\x07" not in shown


def test_a_search_without_hits_says_which_words_no_page_has():
    shown = list(hits.as_text(SearchAnswer((), "none", unknown=("zzz",))))
    assert shown[0].endswith("No page has 'zzz'.\x1b[0m")
    assert shown[1] == "Nothing found. Try fewer words, or other words for the same."


def test_external_addresses_are_told_how_to_be_looked_up():
    addresses = ["https://r.example/a/one", "https://r.example/a/two", "https://r.example/b/three"]
    shown = "\n".join(coverage._about_external(list(addresses), None))
    assert "--url-base https://r.example=DIR" in shown
    assert list(coverage._about_external([], None)) == []


def test_coverage_without_services_says_how_to_write_the_first():
    assert "opsbook new runbook NAME" in "\n".join(coverage.as_text(CoverageReport((), (), {})))


def test_a_step_shows_its_command_and_why_it_cannot_run():
    step = {"number": "1", "text": "**Restart** it", "kind": "command", "runnable": False, "why_not": "It is open.",
            "commands": [{"text": "\n".join(f"line{n}" for n in range(9))}], "fields": {"Repeat": "safe"}}  # fmt: skip
    shown = [click.unstyle(line) for line in page._step(step, None, shows_commands=True)]
    assert shown == [
        "           1 $ Restart it",
        *(f"               line{n}" for n in range(4)),
        "               … and 5 more lines",
        "               Repeat: safe",
        "               cannot run: It is open.",
    ]


def test_a_command_that_is_all_of_a_step_is_shown_once():
    step = {"number": "verify.1", "text": "`true`", "kind": "command", "runnable": True, "why_not": None,
            "commands": [{"text": "true"}], "fields": {}}  # fmt: skip
    assert list(page._step(step, None, shows_commands=True)) == ["    verify.1 $ `true`"]


def test_a_section_shows_its_own_text_and_not_its_commands_again():
    step = {"number": "1", "text": "x", "kind": "command", "runnable": True, "why_not": None,
            "commands": [{"text": "ls"}], "fields": {}}  # fmt: skip
    procedure = {"title": "T", "anchor": "t", "line": 1, "parameters": [], "fields": {}, "prerequisites": [],
                 "steps": [step], "verification": [], "rollback": []}  # fmt: skip
    model = {"path": "a.md", "anchor": "t", "text": "# T\n", "procedures": [procedure], "links": []}
    shown = [click.unstyle(line) for line in page.as_text(Shown(None, model, 0, 0))]
    assert "# T" in shown
    assert not any("ls" in line for line in shown)


@given(st.text(alphabet="ab 漢\x1b[1m", max_size=200), st.integers(10, 60), st.integers(0, 8))
def test_wrapping_loses_no_word_and_makes_no_line_too_wide(text, width, hanging):
    text = text.replace("\x1b", "")
    lines = list(wrapped(text, width, hanging))
    assert " ".join(lines).split() == text.split()
    assert all(columns(line) <= width or len(line.split()) == 1 for line in lines)


def test_without_a_terminal_lines_stay_whole():
    assert list(wrapped("a " * 500, None, 4)) == ["a " * 500]


def test_colours_take_no_columns():
    coloured = click.style("a b", fg="red") + " c"
    assert columns(coloured) == 5
    assert list(wrapped(coloured, 5, 2)) == [coloured]


def test_what_may_not_be_printed_is_replaced():
    assert printable("a\x1b\tb", kept="\t") == "a?\tb"
    assert re.fullmatch(r"a b", printable("a\nb", instead=" "))


def test_a_list_of_alerts_cuts_what_is_long_and_an_alert_by_itself_is_whole():
    now, long = datetime(2026, 11, 26, 3, 10, tzinfo=UTC), "x" * 60_000
    alerts = [
        imagined(None, f"a{number}", (fired("Long", "P1", now, service=long, summary=summary, blob=long),), now)
        for number, summary in enumerate(("", long))
    ]  # fmt: skip
    for lines in (list_lines, group_lines):
        assert all(columns(line) < 800 for line in lines(alerts, now, None))
    assert any("…" in line for line in list_lines(alerts[:1], now, None))
    whole = alert_lines(alerts[0], (), Noise((), 1, 0, 0), steps=(), page=None, now=now, width=None)
    assert any(f"blob={long}" in line for line in whole)
