"""What every ledger must keep, as tests that an adapter's own file inherits; and the programs that append beside them.

An adapter's file subclasses `LedgerContract`, and `EngineContract` and `ViewContract` of the files beside this, gives the
fixture `address`, and adds its way of opening to `opened`.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from random import Random
from typing import IO

import pytest

from opsbook.adapters.postgres_ledger import PostgresLedger
from opsbook.adapters.sqlite_ledger import SqliteLedger
from opsbook.ground.errors import Conflict
from opsbook.ledger.event import CHECKPOINTS, Draft, Event, checkpoint, verify
from opsbook.ledger.view import View

AnyLedger = SqliteLedger | PostgresLedger

ROOT = Path(__file__).resolve().parents[2]
AT = datetime(2026, 11, 23, 3, 10, 0, 123456, UTC)
SOON_S = 30.0  # no test waits so long unless something is broken


def opened(address: str, views: Sequence[View] = ()) -> AnyLedger:
    """The ledger at an address."""
    if address.startswith("postgresql:"):
        return PostgresLedger(address, views=views)
    return SqliteLedger(address.removeprefix("sqlite:///"), views=views)


def appended(ledger: AnyLedger, stream: str, count: int = 1, expected: int | None = None) -> tuple[Event, ...]:
    return ledger.append(
        stream, [Draft("Tried", {"n": n}) for n in range(count)], expected=expected, actor="ada", at=AT
    )


def everything(ledger: AnyLedger) -> list[Event]:
    return ledger.after(0, 1_000_000)


def heads_of(ledger: AnyLedger) -> dict[str, tuple[int, str]]:
    return {event.stream: (event.number, event.hash) for event in everything(ledger)}


@contextmanager
def program(*words: str, module: str = "ledger_contract") -> Iterator[IO[bytes]]:
    """One of the programs of a module in a process of its own; its output, and it is gone at the end."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    command = [sys.executable, "-m", f"tests.adapters.{module}", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, cwd=ROOT) as running:
        try:
            assert running.stdout is not None
            yield running.stdout
        finally:
            running.kill()


def side_by_side(count: int, job: Callable[[int], None]) -> None:
    """The job in so many threads; raises what one of them raised."""
    wrong: list[BaseException] = []

    def run(number: int) -> None:
        try:
            job(number)
        except BaseException as caught:
            wrong.append(caught)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise wrong[0]


def count_up(ledger: AnyLedger, stream: str, times: int) -> None:
    """Adds the number behind the last one, so often; somebody else's being quicker makes it look again."""
    tries = 0
    while times:
        events = ledger.read(stream)
        value = events[-1].facts["value"] if events else 0
        tries += 1
        assert tries < 10_000, "somebody else was always quicker"
        try:
            ledger.append(stream, [Draft("Counted", {"value": value + 1})], expected=len(events), actor="ada", at=AT)
            times -= 1
        except Conflict:
            continue


class LedgerContract:
    @pytest.fixture
    def ledger(self, address: str) -> Iterator[AnyLedger]:
        with closing(opened(address)) as ledger:
            yield ledger

    def test_what_is_read_is_what_was_recorded(self, ledger):
        facts = {"text": "ü\u2028\n\"'", "number": 0.1, "none": None, "list": [1, {"b": 2, "a": True}]}
        at = datetime(2026, 11, 23, 5, 10, 0, 7, timezone(timedelta(hours=2)))
        recorded = ledger.append("run/1", [Draft("A", facts), Draft("B")], expected=0, actor="ada", at=at)
        assert ledger.read("run/1") == list(recorded) == everything(ledger)
        assert [(event.number, event.position, event.kind) for event in recorded] == [(1, 1, "A"), (2, 2, "B")]
        assert (recorded[0].facts, recorded[0].at, recorded[0].actor) == (facts, at, "ada")
        assert recorded[0].at.tzinfo is UTC

    def test_streams_are_numbered_apart_and_positions_together(self, ledger):
        for stream in ("a", "b", "a", "b", "b"):
            appended(ledger, stream)
        assert [(event.stream, event.number) for event in everything(ledger)] == [
            ("a", 1), ("b", 1), ("a", 2), ("b", 2), ("b", 3),
        ]  # fmt: skip
        assert [event.position for event in everything(ledger)] == [1, 2, 3, 4, 5]
        assert ledger.head() == 5

    def test_what_moved_is_told_without_its_facts(self, ledger):
        appended(ledger, "a", 2)
        whole = ledger.after(0, 10)
        assert ledger.moved(0, 10) == [(event.stream, event.number, event.position, event.kind) for event in whole]
        assert ledger.moved(1, 1) == ledger.moved(0, 10)[1:]

    def test_reading_goes_on_from_a_number_and_from_a_position(self, ledger):
        appended(ledger, "a", 5)
        assert [event.number for event in ledger.read("a", after=3)] == [4, 5]
        assert [event.position for event in ledger.after(1, 2)] == [2, 3]
        assert ledger.read("none") == ledger.after(5, 10) == []

    def test_streams_are_found_by_their_beginning(self, ledger):
        for stream in ("run/2", "run/10", "rune", "account/a%_", "run"):
            appended(ledger, stream, 2)
        assert ledger.streams("run/") == ["run/10", "run/2"]
        assert ledger.streams("account/") == ["account/a%_"]
        assert ledger.streams("") == sorted(["run/2", "run/10", "rune", "account/a%_", "run"])
        assert ledger.streams("z") == []

    def test_an_empty_ledger_has_nothing(self, ledger):
        assert (ledger.head(), everything(ledger), ledger.streams("")) == (0, [], [])
        assert appended(ledger, "a", 0) == ()
        assert ledger.head() == 0

    @pytest.mark.parametrize("expected", [0, 1, 3])
    def test_a_stream_that_moved_on_is_not_appended_to(self, ledger, expected):
        appended(ledger, "a", 2)
        with pytest.raises(Conflict, match="'a' has 2 events"):
            appended(ledger, "a", 2, expected=expected)
        assert len(everything(ledger)) == 2
        appended(ledger, "a", 1, expected=2)

    def test_of_threads_that_expect_the_same_one_wins_each_time(self, address, ledger):
        side_by_side(8, lambda _: count_up(ledger, "counter", 12))
        assert [event.facts["value"] for event in ledger.read("counter")] == list(range(1, 97))
        assert verify(everything(ledger)) == []

    def test_of_programs_that_expect_the_same_one_wins_each_time(self, address, ledger):
        with program("count-up", address, "40") as one, program("count-up", address, "40") as other:
            count_up(ledger, "counter", 40)
            assert one.read() == other.read() == b"done\n"
        assert [event.facts["value"] for event in ledger.read("counter")] == list(range(1, 121))
        assert verify(everything(ledger)) == []

    def test_a_reader_never_sees_a_position_before_those_below_it(self, address, ledger):
        seen: list[int] = []

        def follow() -> None:
            with closing(opened(address)) as reader:
                while len(seen) < 600:
                    seen.extend(event.position for event in reader.after(len(seen), 100))

        def work(number: int) -> None:
            if number == 0:
                follow()
            else:
                for _ in range(100):
                    appended(ledger, f"s{number}")

        with program("append", address, "200"):
            side_by_side(5, work)
        assert seen == list(range(1, len(seen) + 1))

    def test_waiting_ends_with_an_event_of_this_program(self, ledger):
        woken: list[bool] = []
        waiting = threading.Thread(target=lambda: woken.append(ledger.wait(0, SOON_S)))
        waiting.start()
        appended(ledger, "a")
        waiting.join(SOON_S)
        assert woken == [True]

    def test_waiting_ends_with_an_event_of_another_program(self, address, ledger):
        with program("append", address, "1"):
            assert ledger.wait(0, SOON_S)
        assert everything(ledger)

    def test_waiting_ends_when_its_time_is_over_and_when_the_ledger_is_closed(self, address):
        ledger = opened(address)
        appended(ledger, "a")
        assert ledger.wait(0, 0)
        began = time.monotonic()
        assert not ledger.wait(1, 0.05)
        assert time.monotonic() - began < SOON_S
        woken: list[bool] = []
        waiting = threading.Thread(target=lambda: woken.append(ledger.wait(1, SOON_S)))
        waiting.start()
        ledger.close()
        waiting.join(SOON_S)
        assert woken == [False]

    def test_a_checkpoint_vouches_for_all_streams(self, ledger):
        appended(ledger, "a", 2)
        appended(ledger, "b", 1)
        ledger.append(CHECKPOINTS, [checkpoint(heads_of(ledger))], expected=0, actor="", at=AT)
        appended(ledger, "a", 1)
        assert verify(everything(ledger)) == []

    def test_every_thousand_events_a_checkpoint_is_recorded_by_itself(self, ledger):
        for _ in range(26):
            appended(ledger, "a", 99)
            appended(ledger, "b")
        taken = ledger.read(CHECKPOINTS)
        assert [event.position for event in taken] == [1001, 2002]
        assert [event.facts["streams"] for event in taken] == [2, 3]
        assert verify(everything(ledger)) == []

    def test_of_programs_that_append_at_once_no_two_vouch_for_the_same(self, address, ledger):
        with program("append", address, "400") as output:
            assert ledger.wait(0, SOON_S)

            def vouch(_number: int) -> None:
                until = time.monotonic() + SOON_S
                while len(ledger.read(CHECKPOINTS)) < 12 and time.monotonic() < until:
                    ledger.checkpoint()

            side_by_side(4, vouch)
            output.read()
        taken = [event.position for event in ledger.read(CHECKPOINTS)]
        assert len(taken) >= 12
        assert all(later - earlier > 1 for earlier, later in itertools.pairwise(taken))
        assert verify(everything(ledger)) == []

    def test_a_checkpoint_is_taken_where_there_is_something_new_and_the_last_one_is_old_enough(self, ledger):
        assert ledger.checkpoint() is None
        appended(ledger, "a")
        first = ledger.checkpoint(not_within_s=3600)
        assert (first.stream, first.position) == (CHECKPOINTS, 2)
        assert ledger.checkpoint() is None
        appended(ledger, "a")
        assert ledger.checkpoint(not_within_s=3600) is None
        assert ledger.checkpoint().facts["streams"] == 2
        assert verify(everything(ledger)) == []

    def test_the_chain_goes_on_after_opening_again(self, address):
        for _ in range(3):
            with closing(opened(address)) as ledger:
                appended(ledger, "a", 2)
        with closing(opened(address)) as ledger:
            assert verify(everything(ledger)) == []
            assert len(ledger.read("a")) == 6

    def test_what_was_acknowledged_outlives_a_kill(self, address):
        self.campaign(address, 3)

    @pytest.mark.torture
    def test_what_was_acknowledged_outlives_very_many_kills(self, address, record_property):
        record_property("tried", self.campaign(address, 150))

    def campaign(self, address: str, kills: int) -> int:
        """Kills a program that appends, so often, each time after some more of its events were acknowledged."""
        random = Random(address)
        acknowledged: set[tuple[str, int]] = set()
        for _ in range(kills):
            with program("append", address, "1000000") as output:
                for _ in range(random.randint(1, 400)):
                    stream, number = output.readline().split()
                    acknowledged.add((stream.decode(), int(number)))
            with closing(opened(address)) as ledger:
                events = everything(ledger)
                assert acknowledged <= {(event.stream, event.number) for event in events}
                assert verify(events) == []
                assert all(len(ledger.read(stream)) % 2 == 0 for stream in ledger.streams("program/"))  # no half append
                appended(ledger, "after")
        return kills


def append_for_long(address: str, times: int) -> None:
    """Four threads append two events at a time, and tell each that was acknowledged."""
    ledger = opened(address)

    def work(number: int) -> None:
        for _ in range(times):
            for event in appended(ledger, f"program/{number}", 2):
                os.write(1, f"{event.stream} {event.number}\n".encode())

    side_by_side(4, work)


if __name__ == "__main__":
    if sys.argv[1] == "append":
        append_for_long(sys.argv[2], int(sys.argv[3]))
    else:
        count_up(opened(sys.argv[2]), "counter", int(sys.argv[3]))
        print("done")  # noqa: T201
