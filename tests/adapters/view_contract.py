"""What every ledger must keep of views, as tests that an adapter's own file inherits: rows with the events, made again."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace
from tests.adapters.ledger_contract import AT, AnyLedger, appended, everything, opened, program, side_by_side

from opsbook.ground.errors import Conflict, Failure, Fenced, Refusal
from opsbook.ledger import alert, alert_events
from opsbook.ledger.alert import alert_of
from opsbook.ledger.event import Draft, Event, canonical, verify
from opsbook.ledger.view import Kept, Row, View, refolded
from opsbook.usecases.ledger_check import untold
from opsbook.usecases.ledger_ports import Timer


def _count(row: Row | None, event: Event) -> Row | None:
    if event.kind == "Forgotten":
        return None
    facts = event.facts
    document = dict(row.document) if row is not None else {"sum": 0, "seen": []}
    document["sum"] += facts.get("n", 0)
    document["seen"] = (*document["seen"], facts.get("n"))[-3:]  # a tuple, which is read back as a list
    return Row(event.kind != "Ended", facts.get("group") or (row.group if row is not None else ""), document)


def _count_otherwise(row: Row | None, event: Event) -> Row | None:
    counted = _count(row, event)
    return counted and replace(counted, document={**counted.document, "is_new": True})


COUNTS = View("counts", 1, "count/", _count)
COUNTS_2 = View("counts", 2, "count/", _count_otherwise)


def counted(ledger: AnyLedger, stream: str, *numbers: int, kind: str = "Counted", group: str = "") -> None:
    more: dict[str, Any] = {"group": group} if group else {}
    drafts = [Draft(kind, {"n": number, **more}) for number in numbers or (0,)]
    ledger.append(stream, drafts, expected=None, actor="ada", at=AT)


def rows_of(ledger: AnyLedger) -> dict[str, bytes]:
    return {kept.stream: _bytes(kept) for kept in ledger.rows("counts", limit=1_000_000)}


def right_rows(ledger: AnyLedger, view: View = COUNTS) -> dict[str, bytes]:
    return {stream: _bytes(kept) for stream, kept in refolded(view, everything(ledger)).items()}


def _bytes(kept: Kept) -> bytes:
    row = kept.row
    return canonical([kept.number, kept.first, row.is_open, row.group, row.document])


def fired_of(key: str) -> Draft:
    place = alert_events.Place("a.md", "b", "B", None, "why", score=0.5)
    return alert_events.fired(
        key=key, source="s", source_group="g", labels={"a": "b"}, annotations={}, fingerprint="f", starts_at=AT,
        ends_at=None, severity="P1", severity_why="", service=None, group="", place=place, links=(("a", "b"),),
    )  # fmt: skip


class ViewContract:
    @pytest.fixture
    def ledger(self, address: str) -> Iterator[AnyLedger]:
        with closing(opened(address, [COUNTS])) as ledger:
            yield ledger

    def test_a_row_is_kept_of_each_stream_of_a_view(self, ledger):
        appended(ledger, "other")
        counted(ledger, "count/a", 1, 2, group="g")
        counted(ledger, "count/a", 3)
        counted(ledger, "count/a", 4, kind="Ended")
        row = Row(False, "g", {"sum": 10, "seen": [2, 3, 4]})
        assert ledger.row("counts", "count/a") == Kept("count/a", 4, 2, row)
        assert ledger.row("counts", "other") is ledger.row("counts", "count/b") is None
        assert ledger.row("none", "count/a") is None
        assert ledger.rows("none") == []

    def test_rows_are_listed_the_last_begun_first_and_by_what_they_are(self, ledger):
        for number in range(6):
            counted(ledger, f"count/{number}", group=f"g{number % 2}")
        for number in (0, 1, 4):
            counted(ledger, f"count/{number}", kind="Ended")

        def listed(**asked: Any) -> str:
            return "".join(kept.stream[-1] for kept in ledger.rows("counts", **asked))

        assert listed() == "543210"
        assert (listed(is_open=True), listed(is_open=False)) == ("532", "410")
        assert (listed(group="g0"), listed(group="g0", is_open=False), listed(group="x")) == ("420", "40", "")
        assert (listed(limit=2), listed(limit=2, before=5), listed(before=1)) == ("54", "32", "")

    def test_a_fold_may_let_a_row_go(self, ledger):
        counted(ledger, "count/a", 1)
        counted(ledger, "count/a", kind="Forgotten")
        assert ledger.rows("counts") == []
        counted(ledger, "count/a", 2)
        assert ledger.row("counts", "count/a") == Kept("count/a", 3, 3, Row(True, "", {"sum": 2, "seen": [2]}))

    def test_a_fold_may_work_on_documents_of_its_own_type(self, address):
        def add(ledger: AnyLedger, *drafts: Draft) -> None:
            ledger.append("alert/1", drafts, expected=None, actor="ada", at=AT)
            kept = ledger.row("alerts", "alert/1")
            assert isinstance(kept.row.document, dict)
            assert replace(alert_of(kept), position=0) == alert.folded(ledger.read("alert/1"))

        with closing(opened(address, [alert.ALERT_VIEW])) as ledger:
            add(ledger, fired_of("k"))
            add(ledger, alert_events.acknowledged("ada", AT), alert_events.noted("ü", "ada"))
            with closing(opened(address, [alert.ALERT_VIEW])) as other:
                add(other, alert_events.unacknowledged("late"), alert_events.paged("7"))
            add(ledger, alert_events.resolved("sender", AT, "It says so."))
            assert (ledger.faults(untold), ledger.remake_rows()) == ([], ["alerts"])
            add(ledger, alert_events.noted("It is over.", "ada"))

    def test_what_is_refused_leaves_the_row(self, ledger):
        counted(ledger, "count/a", 1)
        stale = ledger.claim("count/a", "ann", 0)
        ledger.claim("count/a", "ben", 60)
        with pytest.raises(Fenced):
            ledger.append("count/a", [Draft("Counted", {"n": 5})], expected=None, actor="ada", at=AT, fence=stale)
        with pytest.raises(Conflict):
            ledger.append("count/a", [Draft("Counted", {"n": 5})], expected=7, actor="ada", at=AT)
        counted(ledger, "count/a", 1)
        assert ledger.row("counts", "count/a").row.document["sum"] == 2

    def test_rows_of_streams_that_several_programs_append_to_are_right(self, address, ledger):
        words = ("count", address, "60")
        with program(*words, module="view_contract") as one, program(*words, module="view_contract") as other:
            for number in range(60):
                counted(ledger, f"count/{number % 4}", number)
            one.read(), other.read()
        assert rows_of(ledger) == right_rows(ledger)
        assert sum(kept.number for kept in ledger.rows("counts")) == 60 + 2 * 4 * 60

    def test_a_fold_that_changed_makes_the_rows_again(self, address):
        with closing(opened(address, [COUNTS])) as ledger:
            for number in range(50):
                counted(ledger, f"count/{number % 7}", number)
                appended(ledger, "other")
        with closing(opened(address, [COUNTS_2])) as ledger:
            assert rows_of(ledger) == right_rows(ledger, COUNTS_2)
            counted(ledger, "count/0", 1)
            assert ledger.row("counts", "count/0").row.document["is_new"]
            assert rows_of(ledger) == right_rows(ledger, COUNTS_2)

    def test_a_new_view_gets_rows_of_what_is_there(self, address):
        with closing(opened(address)) as ledger:
            counted(ledger, "count/a", 1, 2)
        with closing(opened(address, [COUNTS])) as ledger:
            assert rows_of(ledger) == right_rows(ledger)

    def test_rows_made_by_a_newer_program_are_not_touched(self, address):
        with closing(opened(address, [COUNTS])) as older:
            counted(older, "count/a", 1)
            with closing(opened(address, [COUNTS_2])) as newer:
                with pytest.raises(Refusal, match="newer Opsbook"):
                    opened(address, [COUNTS])
                with pytest.raises(Failure, match="newer Opsbook"):
                    counted(older, "count/a", 2)
                counted(newer, "count/a", 2)
                assert rows_of(newer) == right_rows(newer, COUNTS_2)

    def test_what_a_program_adds_that_does_not_know_the_view_is_in_its_rows_later(self, address, ledger):
        counted(ledger, "count/a", 1)
        with closing(opened(address)) as other:
            counted(other, "count/a", 2)
            counted(other, "count/b", 3)
        with closing(opened(address, [COUNTS])) as again:
            assert rows_of(again) == right_rows(again)
        with closing(opened(address)) as other:
            counted(other, "count/b", 4)
        counted(ledger, "count/c", 1)  # by one that was open all the time
        assert rows_of(ledger) == right_rows(ledger)

    def test_rows_are_made_again_while_others_append(self, address):
        with closing(opened(address, [COUNTS])) as ledger:
            for number in range(300):
                counted(ledger, f"count/{number % 50}", *range(5))
        with program("count", address, "1000000", module="view_contract") as output:
            output.readline()
            with closing(opened(address, [COUNTS_2])) as ledger:
                counted(ledger, "count/0", 1)
                assert rows_of(ledger) == right_rows(ledger, COUNTS_2)

    # -- kills -------------------------------------------------------------------------------------------------

    def test_rows_and_timers_agree_with_the_events_after_a_kill(self, address):
        self.campaign_of_rows(address, 3)

    @pytest.mark.torture
    def test_rows_and_timers_agree_with_the_events_after_very_many_kills(self, address, record_property):
        record_property("tried", self.campaign_of_rows(address, 120))

    def campaign_of_rows(self, address: str, kills: int) -> int:
        """Kills a program that counts and sets a timer with each event, so often; every other time the fold changed, and
        the rows are being made again."""
        random = Random(address)
        for number in range(kills):
            with program("count", address, "1000000", module="view_contract") as output:
                for _ in range(random.randint(1, 300)):
                    output.readline()
            if number % 2:
                view = View("counts", number + 2, "count/", _count_otherwise)
                with program("rebuild", address, str(view.version), module="view_contract") as output:
                    time.sleep(random.uniform(0.05, 0.4))  # it is killed wherever it is then
                with closing(opened(address, [view])) as ledger:
                    assert rows_of(ledger) == right_rows(ledger, view)
                with closing(opened(address)) as unknowing:  # so that the next one makes them again
                    counted(unknowing, "count/0", 1)
            with closing(opened(address, [COUNTS])) as ledger:
                self.check_after_kill(ledger)
        return kills

    def check_after_kill(self, ledger: AnyLedger) -> None:
        events = everything(ledger)
        assert verify(events) == []
        assert rows_of(ledger) == right_rows(ledger)
        last = {event.stream: event.number for event in events if event.facts.get("timed")}
        due = {each.stream: each.facts["number"] for each in ledger.due(1000)}
        assert due == last


def count_for_long(address: str, times: int) -> None:
    """Four threads count, and set a timer with each event that tells the event's number."""
    ledger = opened(address, [COUNTS])

    def work(number: int) -> None:
        stream = f"count/{number}/{os.getpid()}"
        for turn in range(1, times + 1):
            ledger.append(
                stream, [Draft("Counted", {"n": turn, "timed": True})], expected=turn - 1, actor="ada", at=AT,
                set_timers=[Timer(stream, "last", AT, {"number": turn})],
            )  # fmt: skip
            os.write(1, b"counted\n")

    side_by_side(4, work)


if __name__ == "__main__":
    name, where, value = sys.argv[1:]
    if name == "count":
        count_for_long(where, int(value))
    else:
        opened(where, [View("counts", int(value), "count/", _count_otherwise)]).close()
