"""A page becomes the sections that search knows: its words without its markup, each with the line to open."""

from __future__ import annotations

import time

import pytest
from tests.book.whole_reading import page_of

from opsbook.book.search import SearchSection
from opsbook.book.search_sections import search_sections


def sections(text: str, path: str = "runbooks/a.md") -> list[SearchSection]:
    return list(search_sections(page_of(text, path)))


def test_a_section_opens_at_the_first_line_of_its_heading():
    assert [section.line for section in sections("x\n\nOne\ntwo\n===\n\ny\n\n## B\n")] == [1, 3, 9]


def test_every_heading_is_a_section_with_its_own_words():
    found = sections("# API Runbook\n\nIntro.\n\n## Health Checks\n\nLook.\n\n### Deep\n\nDeeper.\n")
    assert [(s.page, s.section, s.anchor, s.slot, s.line, s.text) for s in found] == [
        ("API Runbook", "API Runbook", "api-runbook", "", 1, "Intro."),
        ("API Runbook", "Health Checks", "health-checks", "health-checks", 5, "Look."),
        ("API Runbook", "Deep", "deep", "", 9, "Deeper."),
    ]


@pytest.mark.parametrize("front", ["", "\ufeff", "---\ntitle: A\ntags: [x]\n---\n", "\ufeff---\r\ntitle: A\r\n--- \r\n"])
def test_words_before_the_first_heading_belong_to_the_page(front):
    first = sections(f"{front}Before.\n\n# A\n\nAfter.\n")[0]
    assert (first.section, first.anchor, first.text, first.line) == ("A", "", "Before.", front.count("\n") + 1)
    assert [section.section for section in sections(f"{front}# A\n\nAfter.\n")] == ["A"]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("[words](a.md) ![alt](b.png)", "words alt"),
        ("[wiki](https://x/A_(b)) end", "wiki end"),
        ("**Bold** and __bold__ _soft_", "Bold and bold _soft_"),
        ("a <!-- hidden\nlines --> b", "a  b"),
        ("a <!-- never closed", "a"),
        ("```sh\nkubectl get pods\n```", "kubectl get pods"),
        ("| a | b |\n|---|:-:|\n| c | d |", "| a | b |\n| c | d |"),
        ("a\\\nb", "a\nb"),
        ("a\n\n\n  \n\nb", "a\nb"),
        ("[a [nested] b](c.md)", "[a [nested] b](c.md)"),
    ],
)
def test_the_words_stand_without_their_markup(text, plain):
    assert sections(f"# A\n\n{text}\n")[0].text == plain


def test_symptoms_are_kept_apart_since_errors_are_pasted_to_find_them():
    found = sections("# API Runbook\n\n## Troubleshooting\n\n### Issue: Slow\n**Symptoms:** `ETIMEDOUT` 110\n**Cause:** disk\n")
    assert [section.symptoms for section in found] == ["", "", "`ETIMEDOUT` 110"]


def test_alert_names_belong_to_the_page_and_to_the_section_that_names_them():
    found = sections("# Disk\n\n- **Alerts:** `DiskFull`, `NodeDown`\n\n## DiskFull\n\nx\n\n## Other\n\ny\n")
    assert [section.alerts for section in found] == [("DiskFull", "NodeDown"), ("DiskFull",), ()]


@pytest.mark.parametrize("unit", ["[", "![", "[](", "<!--", " ", "\t ", "| ", "|-", "#", "# \n", "\n", "**", "](", "\\\n", "```", " \n"])
def test_a_line_of_nothing_but_markup_is_plain_in_good_time(unit):
    page = page_of(b"# A\n\n" + unit.encode() * (120_000 // len(unit)))
    began = time.process_time()
    list(search_sections(page))
    assert time.process_time() - began < 3
