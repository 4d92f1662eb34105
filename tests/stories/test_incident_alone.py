"""What the command line says of an incident while no server runs, which is what somebody believes at three o'clock."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.stories.test_incident_cli import called, git
from tests.stories.test_incident_cli import made as made


@pytest.fixture
def book(made: Path, tmp_path: Path) -> Path:
    """The folder of a story, with a P1 in it."""
    git(tmp_path, "clone", "-q", str(made), "book")
    folder = tmp_path / "book"
    for name, value in (("user.name", "Ada"), ("user.email", "ada@example.org")):
        git(folder, "config", name, value)
    people = folder / "docs" / "operations" / "people.md"
    people.write_text("# People\n\n## People\n\n| Name | Handle | E-Mail |\n| --- | --- | --- |\n"
                      "| Ben Nevis | @ben | ben@example.org |\n| Cy Young | @cy | cy@example.org |\n")
    said(folder, "open", "Checkout fails", "--severity", "P1", "--why", "orders are lost")
    return folder


def said(folder: Path, *words: str, status: int = 0) -> str:
    """All that `opsbook incident …` printed, on both streams."""
    ended, out, err = called("incident", *words, here=folder)
    assert ended == status, out + err
    return out + err


def model(folder: Path, number: str = "1") -> dict:
    """The incident as JSON."""
    made: dict = json.loads(called("incident", "show", number, "--format", "json", here=folder)[1])
    return made


def test_who_is_called_while_nothing_sends_is_to_be_telephoned(book):
    told = said(book, "call", "1", "@ben", "--why", "knows the gateway")
    assert "NOT called yet. Telephone them." in told
    assert "opsbook serve" in told
    assert "calls ben" not in told


def test_what_is_owed_to_executives_is_not_said_to_be_told(book):
    told = said(book, "update", "1", "We look.", "--audience", "executives", "--channel", "@ben",
                "--publish")  # fmt: skip
    assert "not sent yet" in told
    assert "opsbook serve" in told
    assert "were told" not in told


def test_an_update_that_goes_to_nobody_says_so_with_the_line_that_mends_it(book):
    told = said(book, "update", "1", "We look.", "--publish")
    assert "went to nobody" in told
    assert "incident-response.md:" in told
    assert "was told" not in told


def test_an_update_that_goes_to_nobody_leaves_the_next_one_due_as_before(book):
    before = model(book)["update_due_at"]
    said(book, "update", "1", "We look.", "--publish")
    assert before is not None
    assert model(book)["update_due_at"] == before


def test_a_role_by_another_word_is_told_with_who_has_it(book):
    assert "has cy as communications" in said(book, "role", "1", "comms", "@cy")


def test_a_clock_time_of_the_day_before_the_incident_is_asked_for_with_its_day(book):
    now = datetime.now().astimezone()
    soon = now + timedelta(minutes=4)
    if soon.date() != now.date():
        pytest.skip("in four minutes it is another day")
    coming = soon.strftime("%H:%M")
    told = said(book, "note", "1", "The disk is full.", "--at", coming, status=2)
    assert "still to come today" in told
    assert [each for each in model(book)["timeline"] if each["kind"] == "note"] == []


def test_the_answer_tells_the_time_that_was_taken(book):
    assert "is noted (at " in said(book, "note", "1", "The disk is full.", "--at", "0 min ago")
    assert "is identified (at " in said(book, "status", "1", "identified", "--at", "0 min ago")


def test_what_is_over_is_not_resolved_once_more(book):
    said(book, "resolve", "1", "--no-report")
    until = model(book)["resolved_at"]
    told = said(book, "resolve", "1", "--no-report", "--at", "0 min ago", status=3)
    assert "already" in told
    assert "incident edit 1 resolved_at TIME" in told
    assert model(book)["resolved_at"] == until


def test_a_role_for_somebody_whom_no_page_knows_is_given_with_a_warning(book):
    assert "no message reaches them" in said(book, "role", "1", "commander", "@nobody")
    assert model(book)["roles"]["commander"] == ["nobody"]


def test_a_declaration_says_that_nobody_was_woken_and_how_somebody_is(book):
    assert "Nobody was woken for it.  opsbook incident call 2 NAME" in said(book, "open", "Mail is late")


def test_somebody_is_called_as_it_is_declared(book):
    told = said(book, "open", "Mail is late", "--call", "@ben")
    assert "NOT called yet" in told
    assert "Nobody was woken" not in told
    assert [each["person"] for each in model(book, "2")["called"]] == ["ben"]


def test_who_cannot_be_called_keeps_nobody_from_declaring(book):
    assert "NOT called" in said(book, "open", "Mail is late", "--call", "@nobody")
    assert model(book, "2")["title"] == "Mail is late"


def test_an_action_item_may_be_due_tomorrow(book):
    said(book, "action", "1", "Alert at 80 % of the disk", "--due", "tomorrow")
    assert model(book)["action_items"][0]["due"] > f"{datetime.now():%Y-%m-%d}"
