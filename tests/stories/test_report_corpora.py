"""Reports of public projects are read, listed and searched, their times put in order; what could not be read is said."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from tests.book.whole_reading import page_of
from tests.usecases.snapshots import snapshot

from opsbook.book.incidents import Report, read_report
from opsbook.book.timeline import read_timelines
from opsbook.book.times import later_by
from opsbook.usecases.action_items import action_items
from opsbook.usecases.incidents import AskedOf, incidents, incidents_model

COUNTS = {"dfds__postmortems": 38, "PostHog__post-mortems": 6, "jerdaw__healtharchive": 12}


def pages_of(folder: Path, under: str = "") -> dict[str, bytes]:
    """The Markdown of a corpus, by path."""
    found = sorted((folder / under).rglob("*.md"))
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def reports_in(corpora: Path, name: str) -> dict[str, Report]:
    """The reports of a corpus, by path."""
    under = "docs/operations/incidents" if name.startswith("jerdaw") else ""
    read = {path: read_report(page_of(raw, path)) for path, raw in pages_of(corpora / name, under).items()}
    return {path: report for path, report in read.items() if report is not None}


@pytest.mark.parametrize("name", COUNTS)
def test_every_report_is_read_with_its_title_and_its_day(corpora, name):
    found = reports_in(corpora, name)
    assert len(found) == COUNTS[name]
    assert [path for path, report in found.items() if not report.title or len(report.order) < 4] == []


@pytest.mark.parametrize("name", COUNTS)
def test_all_are_listed_the_newest_first_and_found_by_their_words(corpora, name):
    under = "docs/operations/incidents" if name.startswith("jerdaw") else ""
    book = snapshot(pages_of(corpora / name, under))
    listed = incidents(book, date(2026, 11, 23))
    over = [record.report.order[:10] for record in listed.records if record.report.state != "open"]
    assert over == sorted(over, reverse=True)
    for record in listed.records:
        word = record.report.title.split()[-1].strip(".,:")
        assert record in [each for each in listed.records if AskedOf(words=word).has(each)]
    assert all("not_understood" in each for each in incidents_model(listed)["incidents"])
    assert isinstance(action_items(book, None, date(2026, 11, 23)), list)


@pytest.mark.parametrize("name", COUNTS)
def test_times_that_are_read_can_be_put_in_order(corpora, name):
    under = "docs/operations/incidents" if name.startswith("jerdaw") else ""
    for path, raw in pages_of(corpora / name, under).items():
        for run in read_timelines(page_of(raw, path)):
            read = [entry.when for entry in run if entry.when is not None]
            for before, after in zip(read, read[1:], strict=False):
                later_by(before, after)  # None where the two cannot be compared; never an exception


def test_what_could_not_be_read_is_said_of_the_report(corpora):
    found = reports_in(corpora, "dfds__postmortems")
    odd = {path: report.not_understood for path, report in found.items() if report.not_understood}
    (said,) = odd["PM2020-003 - Postmortem for ADSync migration.md"]
    assert said.startswith("Of 5 entries of the timeline 5 have no time that can be read: '20202-01-16 12:00', ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("**Severity:** dreadful", "Severity 'dreadful' is none that is known."),
        ("**Started:** around breakfast", "Started 'around breakfast' cannot be read as a time."),
        ("**Resolved:** the week after", "Resolved 'the week after' cannot be read as a time."),
    ],
)
def test_a_label_that_cannot_be_read_is_said(text, said):
    report = read_report(page_of(f"# Incident Response: Down\n\n**Status:** Resolved  \n{text}\n", "incidents/down.md"))
    assert report is not None
    assert report.not_understood == (said,)


@pytest.mark.parametrize("text", ["**Resolved:** not yet", "**Severity:** P1", "**Started:** [Date/Time]", "**Date:** 2026-01-02"])
def test_what_is_read_or_not_there_yet_is_no_complaint(text):
    report = read_report(page_of(f"# Incident Response: Down\n\n**Status:** Mitigating  \n{text}\n", "incidents/down.md"))
    assert report is not None
    assert report.not_understood == ()
