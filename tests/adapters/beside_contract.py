"""What every ledger must keep of several streams at once and beside events, as tests that an adapter's own file
inherits: records, attachments, sightings, the last rows of groups."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from random import Random

import pytest
from tests.adapters.engine_contract import names, timer
from tests.adapters.ledger_contract import AT, AnyLedger, everything, opened, program, side_by_side
from tests.adapters.view_contract import COUNTS, counted, right_rows, rows_of

from opsbook.adapters.sqlite_ledger import SqliteLedger
from opsbook.ground.errors import Conflict, Fenced
from opsbook.ledger.event import Draft, verify
from opsbook.usecases.ledger_check import untold
from opsbook.usecases.ledger_ports import Sighting, Write

STREAMS = 20  # in one record of the program


def counts(stream: str, *numbers: int, expected: int | None = None) -> Write:
    return Write(stream, [Draft("Counted", {"n": number}) for number in numbers], expected)


def record(ledger: AnyLedger, *writes: Write, **more: object) -> list[str]:
    events = ledger.record(writes, actor="ada", at=AT, **more)  # type: ignore[arg-type]
    return [f"{event.stream} {event.number}" for event in events]


class BesideContract:
    @pytest.fixture
    def ledger(self, address: str) -> Iterator[AnyLedger]:
        with closing(opened(address, [COUNTS])) as ledger:
            yield ledger

    # -- records -----------------------------------------------------------------------------------------------

    def test_several_streams_are_recorded_in_one_and_in_order(self, ledger):
        counted(ledger, "count/a", 1)
        writes = [
            counts("count/b", 2, 3, expected=0),
            Write("run/1", [Draft("A")], set_timers=[timer("x", -1)]),
            counts("count/a", 4, expected=1),
        ]
        assert record(ledger, *writes) == ["count/b 1", "count/b 2", "run/1 1", "count/a 2"]
        assert [event.position for event in everything(ledger)] == [1, 2, 3, 4, 5]
        assert (verify(everything(ledger)), names(ledger.due(9))) == ([], ["x"])
        assert rows_of(ledger) == right_rows(ledger)
        assert record(ledger, Write("run/1", [], clear_timers=["x"])) == []
        assert (ledger.due(9), record(ledger)) == ([], [])

    def test_a_conflict_of_one_stream_records_nothing_of_any(self, ledger):
        counted(ledger, "count/a", 1)
        before = everything(ledger)
        wrong = [
            counts("count/b", 2),
            Write("count/c", [Draft("Counted")], set_timers=[timer("x", -1, "count/c")]),
            counts("count/a", 4, expected=7),
        ]
        with pytest.raises(Conflict, match="'count/a' has 1 events by now instead of 7"):
            record(ledger, *wrong, attach={"raw/1": b"1"})
        assert everything(ledger) == before
        assert (ledger.due(9), ledger.attachment("raw/1")) == ([], None)
        assert record(ledger, counts("count/b", 5, expected=0), counts("count/a", 6, expected=1)) == [
            "count/b 1", "count/a 2",
        ]  # fmt: skip
        assert rows_of(ledger) == right_rows(ledger)
        assert verify(everything(ledger)) == []

    def test_a_stale_owner_records_nothing_in_any_stream(self, ledger):
        stale = ledger.claim("pager", "ann", 0)
        held = ledger.claim("pager", "ben", 60)
        ledger.record([], actor="ada", at=AT, attach={"raw/1": b"1"})
        with pytest.raises(Fenced):
            record(ledger, counts("count/a", 1), counts("count/b", 1), fence=stale, detach=["raw/1"])
        assert (ledger.head(), ledger.attachment("raw/1")) == (0, b"1")
        assert record(ledger, counts("count/a", 1), counts("count/b", 1), fence=held) == ["count/a 1", "count/b 1"]

    def test_a_stream_is_named_once(self, ledger):
        with pytest.raises(ValueError, match="'count/a' is named twice"):
            record(ledger, counts("count/a", 1), counts("count/b", 1), counts("count/a", 1))
        assert ledger.head() == 0

    def test_records_of_many_at_once_are_each_whole(self, ledger):
        def work(number: int) -> None:
            for turn in range(20):
                streams = [f"count/{number}/{each}" for each in range(3)]
                if turn % 4 == 3:
                    with pytest.raises(Conflict):
                        record(ledger, *(counts(stream, 1) for stream in streams), counts("count/0", 1, expected=99))
                else:
                    done = turn - turn // 4
                    assert len(record(ledger, *(counts(stream, 1, expected=done) for stream in streams))) == 3

        side_by_side(6, work)
        assert (ledger.head(), verify(everything(ledger))) == (6 * 15 * 3, [])
        assert rows_of(ledger) == right_rows(ledger)

    # -- attachments -------------------------------------------------------------------------------------------

    def test_bytes_are_kept_by_name_until_they_are_forgotten(self, ledger):
        every = bytes(range(256)) * 1000
        ledger.record([counts("count/a", 1)], actor="ada", at=AT, attach={"raw/1": every, "raw/2": b""})
        assert (ledger.attachment("raw/1"), ledger.attachment("raw/2"), ledger.attachment("raw")) == (every, b"", None)
        ledger.record([], actor="ada", at=AT, attach={"raw/1": b"new"}, detach=["raw/1", "raw/2", "none"])
        assert (ledger.attachment("raw/1"), ledger.attachment("raw/2")) == (b"new", None)

    def test_attachments_are_listed_by_their_beginning_the_oldest_first(self, ledger):
        for day, name in ((3, "raw/a"), (1, "raw/c"), (2, "raw/b"), (0, "raw"), (0, "rawer/%")):
            ledger.record([], actor="ada", at=AT + timedelta(days=day), attach={name: b"x"})
        assert ledger.attachments("raw/") == ["raw/c", "raw/b", "raw/a"]
        assert ledger.attachments("raw/", limit=2) == ["raw/c", "raw/b"]
        assert ledger.attachments("raw/", before=AT + timedelta(days=2)) == ["raw/c"]
        assert ledger.attachments("") == ["raw", "rawer/%", "raw/c", "raw/b", "raw/a"]
        assert ledger.attachments("%") == []

    def test_the_oldest_attachments_are_those_that_go_beyond_a_size(self, ledger):
        for day, name, size in ((3, "raw/a", 10), (1, "raw/c", 30), (2, "raw/b", 20), (0, "rawer", 500)):
            ledger.record([], actor="ada", at=AT + timedelta(days=day), attach={name: b"x" * size})
        assert ledger.attachments_beyond("raw/", 60) == []
        assert ledger.attachments_beyond("raw/", 59) == ["raw/c"]
        assert ledger.attachments_beyond("raw/", 29) == ["raw/c", "raw/b"]
        assert ledger.attachments_beyond("raw/", 0, limit=2) == ["raw/c", "raw/b"]
        assert ledger.attachments_beyond("", 550) == ["rawer"]

    # -- sightings ---------------------------------------------------------------------------------------------

    def test_sightings_add_up_and_say_what_was_said_last(self, address, ledger):
        until = AT + timedelta(minutes=5)
        ledger.sight([Sighting("a", AT, until, 1, "x"), Sighting("b", AT)])
        ledger.sight([Sighting("a", AT, None, 2, "y"), Sighting("a", until, until, 3, "z")])
        right = {"a": Sighting("a", until, until, 6, "z"), "b": Sighting("b", AT)}
        assert ledger.sighted(["b", "none", "a"]) == right
        with closing(opened(address)) as other:
            assert other.sighted(["a", "b"]) == right
        ledger.unsight(["a", "none"])
        assert ledger.sighted(["a", "b"]) == {"b": Sighting("b", AT)}
        ledger.sight([])
        assert (ledger.sighted([]), ledger.head()) == ({}, 0)

    def test_things_are_seen_by_many_at_once(self, ledger):
        seen = [f"alert/{number}" for number in range(50)]

        def work(number: int) -> None:
            for _ in range(4):
                shuffled = Random(number).sample(seen, 50)
                ledger.sight([Sighting(name, AT) for name in shuffled])

        side_by_side(4, work)
        assert {each.count for each in ledger.sighted(seen).values()} == {16}

    # -- the last of each group --------------------------------------------------------------------------------

    def test_the_row_that_began_last_is_given_for_each_group(self, ledger):
        for number in range(9):
            counted(ledger, f"count/{number}", number, group=f"g{number % 3}")
        counted(ledger, "count/1", 1)
        found = ledger.latest("counts", ["g1", "none", "g0", "g1"])
        assert {group: kept.stream for group, kept in found.items()} == {"g1": "count/7", "g0": "count/6"}
        assert found["g1"] == ledger.row("counts", "count/7")
        assert (ledger.latest("counts", []), ledger.latest("none", ["g1"])) == ({}, {})

    # -- copies and kills --------------------------------------------------------------------------------------

    def test_what_is_beside_the_events_is_copied_with_them(self, address, ledger, tmp_path):
        kept, seen = {"raw/1": b"\0\xff", "raw/2": b""}, [Sighting("a", AT, AT, 4, "x"), Sighting("b", AT)]
        ledger.record([counts("count/a", 1)], actor="ada", at=AT, attach=kept)
        ledger.sight(seen)
        with closing(SqliteLedger(str(tmp_path / "other.db"), views=[COUNTS])) as other:
            for source, target in ((ledger, other), (other, ledger)):
                target.record([], actor="ada", at=AT, attach={"old": b"old"})
                target.sight([Sighting("a", AT), Sighting("old", AT)])
                with source.snapshot() as snapshot:
                    target.replace(snapshot, untold)
                assert {name: target.attachment(name) for name in target.attachments("")} == kept
                assert list(target.sighted(["a", "b", "old"]).values()) == seen
                assert target.attachments("", before=AT + timedelta(seconds=1)) == ["raw/1", "raw/2"]

    def test_a_kill_leaves_records_whole_and_what_was_attached(self, address):
        self.campaign_of_records(address, 2)

    @pytest.mark.torture
    def test_very_many_kills_leave_records_whole(self, address, record_property):
        record_property("tried", self.campaign_of_records(address, 100))

    def campaign_of_records(self, address: str, kills: int) -> int:
        """Kills a program that records in many streams at once, with an attachment each time, so often."""
        random, told = Random(address), 0
        for _ in range(kills):
            with program("record", address, str(told), module="beside_contract") as output:
                for _ in range(random.randint(1, 60)):
                    told = int(output.readline())
            with closing(opened(address, [COUNTS])) as ledger:
                numbers = {len(ledger.read(f"count/{each}")) for each in range(STREAMS)}
                assert len(numbers) == 1, "a record is there in part"
                done = numbers.pop()
                assert done >= told
                assert ledger.attachments("raw/", limit=9999) == [f"raw/{turn:06}" for turn in range(1, done + 1)]
                assert rows_of(ledger) == right_rows(ledger)
                assert verify(everything(ledger)) == []
                told = done
        return kills


def record_for_long(address: str, done: int) -> None:
    """Records in all streams at once for ever, keeps an attachment with each, and tells how many are recorded."""
    ledger = opened(address, [COUNTS])
    while True:
        writes = [counts(f"count/{each}", done, expected=done) for each in range(STREAMS)]
        done += 1
        ledger.record(writes, actor="ada", at=AT, attach={f"raw/{done:06}": b"x" * 1000})
        ledger.sight([Sighting("turn", AT)])
        os.write(1, f"{done}\n".encode())


if __name__ == "__main__":
    record_for_long(sys.argv[2], int(sys.argv[3]))
