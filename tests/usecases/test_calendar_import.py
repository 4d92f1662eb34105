"""Calendars that others keep, as layers of a schedule: read exactly, kept when they cannot be had, told when old."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.usecases.snapshots import snapshot
from tests.usecases.test_policy_choice import PEOPLE

from opsbook.adapters.calendars import CalendarFolder
from opsbook.book.roster.imported import title_names
from opsbook.ground.errors import Failure
from opsbook.usecases.calendar_reading import read_stretches
from opsbook.usecases.imported_calendars import ImportedCalendars, calendar_troubles, calendars_of
from opsbook.usecases.library import Book
from opsbook.usecases.on_duty import on_duty
from opsbook.usecases.oncall import oncall

START, UNTIL = datetime(2026, 11, 1, tzinfo=UTC), datetime(2027, 11, 1, tzinfo=UTC)
AT = datetime(2026, 11, 26, 3, 10, tzinfo=UTC)


def calendar(*events: str, more: str = "") -> bytes:
    inner = "".join(f"BEGIN:VEVENT\r\nUID:{number}\r\n{each}\r\nEND:VEVENT\r\n" for number, each in enumerate(events))
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n{more}{inner}END:VCALENDAR\r\n".encode()


def read(*events: str, zone: str = "Europe/Copenhagen", more: str = "") -> list[tuple[str, str, str]]:
    found = read_stretches(calendar(*events, more=more), START, UNTIL, zone)
    return [(f"{each.start:%m-%d %H:%M}", f"{each.end:%m-%d %H:%M}", each.title) for each in found]


def test_a_week_that_recurs_stays_at_its_hour_when_the_clocks_change():
    weekly = "DTSTART;TZID=Europe/Copenhagen:20270315T090000\r\nDTEND;TZID=Europe/Copenhagen:20270322T090000\r\nRRULE:FREQ=WEEKLY;COUNT=3\r\nSUMMARY:Ada"
    assert read(weekly) == [
        ("03-15 08:00", "03-22 08:00", "Ada"), ("03-22 08:00", "03-29 07:00", "Ada"), ("03-29 07:00", "04-05 07:00", "Ada"),
    ]  # fmt: skip


def test_exceptions_moves_and_cancellations_are_followed():
    series = "DTSTART:20261102T080000Z\r\nDTEND:20261103T080000Z\r\nRRULE:FREQ=DAILY;COUNT=4\r\nEXDATE:20261103T080000Z\r\nSUMMARY:Ada"
    moved = "DTSTART:20261110T080000Z\r\nDTEND:20261111T080000Z\r\nSUMMARY:Ben\r\nRECURRENCE-ID:20261104T080000Z"
    called_off = "DTSTART:20261105T080000Z\r\nDTEND:20261106T080000Z\r\nSUMMARY:Ada\r\nRECURRENCE-ID:20261105T080000Z\r\nSTATUS:CANCELLED"
    raw = calendar(series, moved, called_off).replace(b"UID:1", b"UID:0").replace(b"UID:2", b"UID:0")
    found = read_stretches(raw, START, UNTIL, "UTC")
    assert [(f"{each.start:%m-%d}", each.title) for each in found] == [("11-02", "Ada"), ("11-10", "Ben")]


def test_the_end_of_a_day_long_shift_is_the_day_after_its_last():
    days = "DTSTART;VALUE=DATE:20261102\r\nDTEND;VALUE=DATE:20261104\r\nSUMMARY:Ada"
    one = "DTSTART;VALUE=DATE:20261104\r\nSUMMARY:Ben"
    assert read(days, one) == [("11-01 23:00", "11-03 23:00", "Ada"), ("11-03 23:00", "11-04 23:00", "Ben")]


@pytest.mark.parametrize(
    ("written", "start"),
    [
        ("DTSTART;TZID=W. Europe Standard Time:20261102T090000", "11-02 08:00"),  # Outlook's name, never defined
        ("DTSTART;TZID=Eastern Standard Time:20261102T090000", "11-02 14:00"),
        ("DTSTART;TZID=America/New_York:20261102T090000", "11-02 14:00"),
        ("DTSTART:20261102T090000", "11-02 08:00"),  # no zone at all: that of the schedule
        ("DTSTART:20261102T090000Z", "11-02 09:00"),
    ],
)
def test_a_time_is_of_the_zone_that_is_meant(written, start):
    assert read(f"{written}\r\nDURATION:PT8H\r\nSUMMARY:Ada")[0][0] == start


@pytest.mark.parametrize(
    ("event", "name"),
    [
        ("SUMMARY:On call: Ada Byron", "Ada Byron"), ("SUMMARY:Ada Byron (Primary)", "Ada Byron"), ("SUMMARY:@ben – week 45", "Ben Nevis"),
        ("SUMMARY:Primary - Ben Nevis", "Ben Nevis"), ("SUMMARY:duty\r\nATTENDEE;CN=B:mailto:Ada@Example.org", "Ada Byron"),
        ("SUMMARY:duty\r\nATTENDEE;CN=Ben Nevis:mailto:x@example.org", "Ben Nevis"), ("SUMMARY:Zoe", "Zoe"),
    ],
)  # fmt: skip
def test_who_is_meant_is_read_off_attendees_and_titles(event, name):
    of = imported(calendar(f"DTSTART:20261102T080000Z\r\nDTEND:20261202T080000Z\r\n{event}"))
    assert [(each.person, each.why) for each in on_duty(of, AT, schedule="Rota").people] == [(name, "calendar of Rota")]


PAGE = PEOPLE + "\n## Rota\n\n- **Time Zone:** Europe/Copenhagen\n- **Calendar:** [the rota](rota.ics)\n\n"


def written(page: str = PAGE) -> Book:
    return snapshot({"docs/on-call.md": page})


def imported(raw: bytes, page: str = PAGE) -> Book:
    shelf = Shelf({"docs/rota.ics": raw})
    calendars = ImportedCalendars(shelf, now=lambda: AT, in_background=lambda job: job())
    return replace(written(page), calendars=calendars.current(written(page)))


class Shelf(CalendarFolder):
    """Calendars in memory; what is None cannot be had. Kept copies lie in a dictionary."""

    def __init__(self, calendars: dict[str, bytes | None]) -> None:
        self.calendars = calendars
        self.kept: dict = {}

    def fetch(self, address):
        raw = self.calendars.get(address)
        if raw is None:
            raise Failure("It answers 503.")
        return raw

    def load(self):
        return dict(self.kept)

    def save(self, address, imported, raw):
        self.kept[address] = imported


ADA = "DTSTART:20261102T080000Z\r\nDTEND:20261202T080000Z\r\nSUMMARY:Ada Byron"


def test_a_layer_of_rows_fills_what_the_calendar_leaves_and_overrides_win():
    page = PAGE + (
        "| Rotation | Start | Hand-Over | Participants | Hours |\n|-|-|-|-|-|\n| always | | | @ben | always |\n\n"
        "### Overrides\n\n| Schedule | From | To | On Call |\n|-|-|-|-|\n| Rota | 2026-11-26 | 2026-11-26 | @cem |\n"
    )
    of = imported(calendar(ADA), page)
    days = {day: [each.person for each in on_duty(of, datetime(2026, month, day, 12, tzinfo=UTC), schedule="Rota").people]
            for month, day in ((11, 25), (11, 26), (12, 3))}  # fmt: skip
    assert days == {25: ["Ada Byron"], 26: ["Cem Kaya"], 3: ["Ben Nevis"]}


def test_the_last_good_copy_is_used_and_its_trouble_is_told():
    now = AT
    shelf = Shelf({"docs/rota.ics": calendar(ADA)})
    calendars = ImportedCalendars(shelf, now=lambda: now, in_background=lambda job: job())
    calendars(written())  # read in the background
    shelf.calendars["docs/rota.ics"] = b"<html>Sign in</html>"
    now += timedelta(minutes=20)
    calendars(written())
    of = replace(written(), calendars=calendars(written()))
    assert [each.person for each in on_duty(of, AT, schedule="Rota").people] == ["Ada Byron"]
    assert calendar_troubles(of, now) == [
        "The calendar 'docs/rota.ics' cannot be read: It is no calendar: it has no BEGIN:VCALENDAR."
        " Its copy of 2026-11-26 03:10 UTC is used."
    ]
    again = ImportedCalendars(shelf, now=lambda: now, in_background=lambda job: None)  # another start, before it is read
    assert again(written()).keys() == {"docs/rota.ics"}


def test_a_calendar_that_was_never_read_is_why_nobody_is_on_call():
    answer = on_duty(imported(b"no"), AT, schedule="Rota")
    assert (answer.people, "It is no calendar" in answer.why_not) == ((), True)
    (duty,) = [each for each in oncall(imported(b"no"), AT).duties if each.schedule.name == "Rota"]
    assert "The calendar 'docs/rota.ics' is not known" in duty.why_not


@pytest.mark.parametrize(
    ("label", "address"),
    [
        ("https://x.example/a.ics", "https://x.example/a.ics"), ("<webcal://x.example/a>", "https://x.example/a"),
        ("[it](../rota.ics)", "rota.ics"), ("`rota.ics`", "docs/rota.ics"),
    ],
)  # fmt: skip
def test_a_calendar_is_named_by_its_address_or_its_path(label, address):
    assert list(calendars_of(written(f"# On-Call\n\n## Rota\n\n- **Calendar:** {label}\n"))) == [address]


@pytest.mark.parametrize("rule", ["FREQ=SECONDLY", "FREQ=MINUTELY;INTERVAL=5", "FREQ=HOURLY;BYMINUTE=1,2,3"])
def test_what_recurs_for_ever_is_refused(rule):
    with pytest.raises(Failure, match="more often than every hour"):
        read(f"DTSTART:20261102T080000Z\r\nDURATION:PT1S\r\nRRULE:{rule}\r\nSUMMARY:a")


LINES = st.sampled_from((
    "BEGIN:VEVENT", "END:VEVENT", "BEGIN:VTIMEZONE", "END:VTIMEZONE", "UID:1", "DTSTART:20261102T080000Z", "DTSTART:x",
    "DTEND;VALUE=DATE:20261101", "DTSTART;TZID=Nowhere:20261102T080000", "RRULE:FREQ=WEEKLY;UNTIL=x", "RRULE:FREQ=DAILY",
    "EXDATE:20261103", "RECURRENCE-ID:20261104T080000Z", "DURATION:P-1D", "SUMMARY:Ada", "ATTENDEE:mailto:", "\0", " x",
    "STATUS:CANCELLED", "END:VCALENDAR", "BEGIN:VCALENDAR",
))  # fmt: skip


@given(st.lists(LINES | st.text(max_size=20), max_size=25))
def test_any_lines_are_read_or_refused_in_words(lines):
    raw = "\r\n".join(["BEGIN:VCALENDAR", *lines, "END:VCALENDAR"]).encode("utf-8", "replace")
    try:
        read_stretches(raw, START, START + timedelta(days=60), "UTC")
    except Failure as refused:
        assert str(refused).endswith(".")


@given(st.text(max_size=60))
def test_any_title_names_somebody_or_itself(title):
    assert list(title_names(title))[-1:] != [None]


def test_copies_are_kept_between_starts_and_files_are_read_within_the_repository_alone(tmp_path: Path):
    (tmp_path / "rota.ics").write_bytes(calendar(ADA))
    shelf = CalendarFolder(str(tmp_path), str(tmp_path / "state"))
    calendars = ImportedCalendars(shelf, now=lambda: AT, in_background=lambda job: job())
    of = written("# On-Call\n\n## Rota\n\n- **Calendar:** [it](../rota.ics)\n")
    read_now = calendars.current(of)
    assert CalendarFolder(str(tmp_path), str(tmp_path / "state")).load() == dict(read_now)
    for path in ("../etc/passwd", "gone.ics"):
        with pytest.raises(Failure):
            shelf.fetch(path)
    for address in ("ftp://x.example/a.ics", "http://169.254.169.254/latest", "http://[fe80::1]/a"):
        with pytest.raises(Failure):
            shelf.fetch(address)


def test_a_calendar_is_fetched_from_the_web_and_what_it_answers_is_told(tmp_path: Path):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == "/rota.ics" else 302)
            self.send_header("Location", "http://169.254.169.254/")
            self.end_headers()
            self.wfile.write(calendar(ADA) if self.path == "/rota.ics" else b"")

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    shelf = CalendarFolder(str(tmp_path), str(tmp_path / "state"))
    address = f"http://127.0.0.1:{server.server_port}"
    try:
        assert shelf.fetch(f"{address}/rota.ics") == calendar(ADA)
        with pytest.raises(Failure, match="is an address that is refused"):
            shelf.fetch(f"{address}/elsewhere")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    with pytest.raises(Failure, match="It does not answer"):
        shelf.fetch(f"{address}/rota.ics")
