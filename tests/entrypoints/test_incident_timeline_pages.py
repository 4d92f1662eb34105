"""The timeline on the web: read with and without scripts, written, corrected, its files; and who may not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.entrypoints.door import Door, opened
from tests.xss_vectors import VECTORS

from opsbook.usecases.incident_acts import Declaration

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='ran(1)'/>"


@pytest.fixture
def door(repository: Path) -> Iterator[Door]:
    with opened(repository) as door:
        door.desk.incident_desk.incidents.declare(Declaration("The API is down"), "ada")
        yield door


def note(door: Door, text: str = "", **more):
    return door.ask("POST", "/incidents/1/timeline", data={"text": text, **more}, headers=door.session("responder"))


def page(door: Door, query: str = "") -> str:
    return door.ask("GET", f"/incidents/1/timeline{query}").text


def keys(door: Door) -> list[str]:
    desk = door.desk.incident_desk
    return [each.key for each in desk.timelines.select(desk.incidents.find(1))]


def test_a_note_is_written_and_read(door):
    assert note(door, "Restarted it").status_code == 303
    assert "Restarted it" in page(door)


def test_an_empty_note_is_refused_with_what_to_do(door):
    answer = note(door, " ", at="03:12")
    assert answer.status_code == 400
    assert "say what happened" in answer.text and 'value="03:12"' in answer.text


def test_a_time_that_is_none_is_refused_and_the_words_are_kept(door):
    answer = note(door, "Kept words", at="soonish")
    assert answer.status_code == 400 and "soonish" in answer.text and "Kept words" in answer.text


def test_who_may_only_read_writes_nothing(door):
    answer = door.ask("POST", "/incidents/1/timeline", data={"text": "x"}, headers=door.session("viewer"))
    assert answer.status_code == 403
    key = keys(door)[0]
    answer = door.ask("POST", f"/incidents/1/timeline/{key}", data={"do": "pin"}, headers=door.session("viewer", "v2"))
    assert answer.status_code == 403


def test_a_form_with_files_carries_the_token_of_its_session(door):
    headers = {"cookie": door.session("responder")["cookie"]}
    answer = door.ask("POST", "/incidents/1/timeline", data={"text": "x"}, files={"file": ("a.png", PNG)}, headers=headers)
    assert answer.status_code == 403


def test_the_entries_are_paged_without_scripts_and_asked_for_as_one_scrolls_with_them(door):
    incidents = door.desk.incident_desk.incidents
    for number in range(70):
        incidents.note(1, "ada", f"Note number {number:02}")
    first = page(door)
    assert "Note number 69" in first and "Note number 05" not in first
    at = re.search(r'href="([^"]+before=[^"]+)">Older', first)
    assert at is not None
    second = door.ask("GET", at.group(1).replace("&amp;", "&")).text
    assert "Note number 05" in second and "Newer entries" in second
    part = door.ask("GET", at.group(1).replace("&amp;", "&"), headers={"hx-request": "true"}).text
    assert "Note number 05" in part and "<html" not in part and "<form" not in part
    newer = re.search(r'href="([^"]+after=[^"]+)">Newer', second)
    assert newer is not None
    assert "Note number 69" in door.ask("GET", newer.group(1)).text


def test_it_is_narrowed_by_kind_words_and_pins(door):
    note(door, "A plain note")
    door.desk.incident_desk.incidents.note(1, "ada", "We fail over", kind="decision")
    assert "A plain note" not in page(door, "?kind=decision") and "We fail over" in page(door, "?kind=decision")
    assert "A plain note" in page(door, "?q=PLAIN") and "We fail over" not in page(door, "?q=PLAIN")
    assert "No entry is like that" in page(door, "?pinned=1")
    assert page(door, "?kind=nonsense&zone=Nowhere/Land")


def test_times_are_told_in_a_zone_and_utc_stands_beside_them(door):
    note(door, "In Kathmandu", at="2026-01-05 12:00", zone="Asia/Kathmandu")
    shown = page(door, "?zone=Asia/Kathmandu")
    assert '<time data-zoned datetime="2026-01-05T06:15:00Z" title="2026-01-05 06:15:00 UTC">5 Jan 12:00</time>' in shown
    assert "06:15 UTC" in shown


def test_an_entry_is_pinned_corrected_and_struck_on_its_own_page(door):
    note(door, "Restarted db-1")
    headers = door.session("responder", "ben")
    key = keys(door)[0]
    address = f"/incidents/1/timeline/{key}"

    def act(**fields):
        return door.ask("POST", address, data=fields, headers=headers)

    assert act(do="pin").status_code == 303
    assert 'aria-label="Pinned"' in page(door)
    assert act(do="correct", text="Restarted db-2").status_code == 400  # without a reason
    assert act(do="correct", text="Restarted db-1", why="x").status_code == 400  # nothing is different
    assert act(do="correct", text="Restarted db-2", why="Misread it").status_code == 303
    one = door.ask("GET", address).text
    assert "Restarted db-1" in one and "Misread it" in one and "Restarted db-2" in one
    assert act(do="strike", why="Another incident").status_code == 303
    assert "<s>Restarted db-2</s>" in page(door)
    assert door.ask("GET", "/incidents/1/timeline/incident/none:9").status_code == 404


def test_a_picture_is_shown_and_all_else_is_saved(door):
    headers = door.session("responder")
    files = [("file", ("graph.png", PNG, "image/png")), ("file", ("evil.svg", SVG, "image/svg+xml")),
             ("file", ("fake.png", SVG, "image/png"))]
    answer = door.ask("POST", "/incidents/1/timeline", data={"text": "Graphs"}, files=files, headers=headers)
    assert answer.status_code == 303
    shown = page(door)
    addresses = dict(zip(("graph", "evil"), dict.fromkeys(re.findall(r"/incidents/1/files/\w+", shown)), strict=False))
    assert shown.count("<img src=\"/incidents/1/files/") == 1
    picture = door.ask("GET", addresses["graph"])
    assert picture.content == PNG and picture.headers["content-type"] == "image/png"
    assert picture.headers["content-disposition"].startswith("inline")
    for answer in (picture, door.ask("GET", addresses["evil"])):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in answer.headers["content-security-policy"]
    saved = door.ask("GET", addresses["evil"])
    assert saved.headers["content-type"] == "application/octet-stream"
    assert saved.headers["content-disposition"].startswith("attachment")
    assert door.ask("GET", "/incidents/1/files/deadbeef").status_code == 404


def test_a_picture_alone_is_an_entry_and_one_too_large_is_refused(door):
    headers = door.session("responder")
    answer = door.ask("POST", "/incidents/1/timeline", files={"file": ("a.png", PNG)}, headers=headers)
    assert answer.status_code == 303
    answer = door.ask("POST", "/incidents/1/timeline", files={"file": ("b.png", PNG + bytes(10_000_000))}, headers=headers)
    assert answer.status_code == 400 and "larger than 10 MB" in answer.text


def test_what_people_write_runs_nothing(door):
    incidents = door.desk.incident_desk.incidents
    for vector in VECTORS:
        incidents.note(1, "ada", f"x {vector}")
    names = [f"{vector[:80]}.txt" for vector in VECTORS[:8]]
    for name in names:
        incidents.note(1, "ada", "file", files=[(name, "text/plain", b"x")])
    at, seen = "/incidents/1/timeline", 0
    while at:
        shown = door.ask("GET", at).text
        body = shown.partition("data-entries")[2].partition("</ol>")[0]
        body = re.sub(r'<svg class="icon".*?</svg>', "", body)
        assert not re.search(r"<(script|svg|iframe|object|style|video|audio|form|math|body)\b", body, re.I)
        for tag in re.findall(r"<[a-z][^>]*>", re.sub(r'"[^"]*"', '""', body)):
            assert not re.search(r"\son\w+\s*=", tag), tag
        for link in re.findall(r'href="([^"]*)"', body):
            assert link.startswith(("/incidents/", "http://", "https://")), link
        seen += body.count('class="entry"')
        older = re.search(r'href="([^"]+before=[^"]+)">Older', shown)
        at = older.group(1).replace("&amp;", "&") if older else ""
    assert seen > len(VECTORS)


def test_a_chat_is_shown_before_it_is_written_down_and_kept_once(door):
    headers = door.session("responder")
    fields = {"text": "noise\n[03:12] ada: the primary is full\n[03:13] ben: mending it", "day": "2026-01-05", "zone": "UTC"}
    shown = door.ask("POST", "/incidents/1/chat", data={**fields, "do": "preview"}, headers=headers)
    assert shown.status_code == 200 and "Write 2 entries" in shown.text and "<code>noise</code>" in shown.text
    assert "the primary is full" not in page(door)
    for _ in range(2):
        assert door.ask("POST", "/incidents/1/chat", data={**fields, "do": "import"}, headers=headers).status_code == 303
    told = page(door, "?kind=chat")
    assert told.count("ada: the primary is full") == 1 and "2026-01-05T03:13:00Z" in told
    assert door.ask("POST", "/incidents/1/chat", data={"text": "nothing"}, headers=headers).status_code == 400
    assert door.ask("GET", "/incidents/1/chat", headers=door.session("viewer", "v3")).status_code == 403
