"""What every ledger must keep when it is looked after, as tests that an adapter's own file inherits: copies and checks."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from tests.adapters.ledger_contract import AT, AnyLedger, appended, everything, opened, program
from tests.adapters.view_contract import COUNTS, counted, right_rows, rows_of

from opsbook.adapters.sqlite_ledger import SqliteLedger
from opsbook.ledger.event import verify
from opsbook.usecases.ledger_check import untold
from opsbook.usecases.ledger_ports import Timer


def filled(ledger: AnyLedger, times: int = 5, *, stream: str = "count/a") -> None:
    for number in range(times):
        counted(ledger, stream, number)
        appended(ledger, "other", 2)
    ledger.append("other", [], expected=None, actor="ada", at=AT, set_timers=[Timer("other", "limit", AT, {"n": times})])


def copied(source: AnyLedger, target: AnyLedger) -> None:
    with source.snapshot() as snapshot:
        target.replace(snapshot, untold)


class KeepingContract:
    @pytest.fixture
    def ledger(self, address: str) -> Iterator[AnyLedger]:
        with closing(opened(address, [COUNTS])) as ledger:
            yield ledger

    @pytest.fixture
    def other(self, tmp_path: Path) -> Iterator[SqliteLedger]:
        """Another ledger, in a file, as backups are."""
        with closing(SqliteLedger(str(tmp_path / "other.db"), views=[COUNTS])) as other:
            yield other

    def test_a_copy_in_an_empty_ledger_is_the_same(self, ledger, other):
        filled(ledger)
        copied(ledger, other)
        assert everything(other) == everything(ledger)
        assert other.due(10) == ledger.due(10)
        assert rows_of(other) == rows_of(ledger) == right_rows(ledger)
        counted(other, "count/a", 1)
        assert verify(everything(other)) == other.faults(untold) == []

    def test_a_copy_takes_the_place_of_all_that_was_there(self, ledger, other):
        filled(ledger, 9, stream="count/old")
        ledger.append("older", [], expected=None, actor="ada", at=AT, set_timers=[Timer("older", "limit", AT)])
        filled(other, 3)
        copied(other, ledger)
        assert everything(ledger) == everything(other)
        assert [(timer.stream, timer.facts) for timer in ledger.due(10)] == [("other", {"n": 3})]
        assert rows_of(ledger) == right_rows(ledger) == rows_of(other)
        counted(ledger, "count/a", 1)
        assert verify(everything(ledger)) == ledger.faults(untold) == []

    def test_whoever_has_it_open_goes_on_with_what_was_put_there(self, address, ledger, other):
        filled(ledger, 9)
        filled(other, 3)
        with closing(opened(address, [COUNTS])) as open_too:
            appended(open_too, "other", 1, expected=18)
            copied(other, ledger)
            appended(open_too, "other", 1, expected=6)
            counted(open_too, "count/a", 1)
            assert rows_of(open_too) == right_rows(open_too)
            assert verify(everything(open_too)) == []

    def test_who_held_a_lease_before_holds_nothing_after_and_no_epoch_is_used_again(self, ledger, other):
        filled(other)
        held = ledger.claim("run/1", "ann", 3600)
        for _ in range(3):
            other.release(other.claim("run/2", "ben", 3600))
        copied(other, ledger)
        assert ledger.renew(held, 60) is None
        assert (ledger.claim("run/1", "eve", 60).epoch, ledger.claim("run/2", "eve", 60).epoch) == (2, 4)

    def test_a_snapshot_does_not_see_what_is_added_meanwhile(self, ledger, other):
        filled(ledger)
        with ledger.snapshot() as snapshot:
            appended(ledger, "late", 3)
            other.replace(snapshot, untold)
        assert (other.read("late"), other.head()) == ([], ledger.head() - 3)

    def test_progress_is_told_up_to_the_end(self, ledger, other):
        filled(other, 400)
        told: list[tuple[str, int, int]] = []
        filled(ledger, 1)
        with other.snapshot() as snapshot:
            ledger.replace(snapshot, lambda *words: told.append(words))
        done = [done for what, done, whole in told if "events" in what and whole == snapshot.position]
        assert done == sorted(done)
        assert done[-1] == snapshot.position > 1000

    def test_a_healthy_ledger_has_no_faults(self, ledger):
        filled(ledger)
        assert ledger.faults(untold) == []

    def test_rows_can_be_made_again_at_any_time(self, address, ledger):
        filled(ledger)
        before = rows_of(ledger)
        assert ledger.remake_rows() == ["counts"]
        assert rows_of(ledger) == before
        counted(ledger, "count/a", 1)
        assert rows_of(ledger) == right_rows(ledger)

    def test_a_kill_leaves_the_old_or_the_new_whole(self, address, tmp_path):
        self.campaign_of_copies(address, tmp_path, 3)

    @pytest.mark.torture
    def test_very_many_kills_leave_the_old_or_the_new_whole(self, address, tmp_path, record_property):
        record_property("tried", self.campaign_of_copies(address, tmp_path, 100))

    def campaign_of_copies(self, address: str, folder: Path, kills: int) -> int:
        """Kills a program that puts one of two ledgers in the place of what is there, again and again."""
        random = Random(address)
        sizes = {}
        for name, times in (("one", 300), ("two", 200)):
            with closing(SqliteLedger(str(folder / name), views=[COUNTS])) as ledger:
                filled(ledger, times, stream=f"count/{name}")
                sizes[ledger.head()] = everything(ledger)
        for _ in range(kills):
            words = ("copy", address, str(folder / "one"), str(folder / "two"))
            with program(*words, module="keeping_contract") as output:
                output.readline()
                time.sleep(random.uniform(0, 0.3))
            with closing(opened(address, [COUNTS])) as ledger:
                assert everything(ledger) == sizes[ledger.head()]
                assert rows_of(ledger) == right_rows(ledger)
                assert [timer.facts["n"] for timer in ledger.due(10)] == [len(ledger.read("other")) // 2]
                assert ledger.faults(untold) == []
        return kills


def copy_for_long(address: str, *sources: str) -> None:
    """Puts the sources in turns in the place of what is there, and tells after each."""
    ledger = opened(address, [COUNTS])
    ends = datetime.now(UTC) + timedelta(minutes=5)
    while datetime.now(UTC) < ends:
        for source in sources:
            with closing(SqliteLedger(source, views=[COUNTS])) as other:
                copied(other, ledger)
            os.write(1, b"copied\n")


if __name__ == "__main__":
    copy_for_long(*sys.argv[2:])
