"""What every ledger must keep as an engine, as tests that an adapter's own file inherits: leases,
fences, timers.

The database's clock cannot be moved here: leases are short, and their end is waited for.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.adapters.ledger_contract import AT, SOON_S, AnyLedger, appended, everything, opened, program, side_by_side

from opsbook.ground.errors import Conflict, Fenced
from opsbook.ledger.event import Draft, verify
from opsbook.usecases.ledger_ports import Lease, Timer

LONG_S = 3600.0


def soon(ask: Callable[[], Any]) -> Any:
    """What `ask` gives once it gives anything."""
    until = time.monotonic() + SOON_S
    while not (answer := ask()):
        assert time.monotonic() < until, "it never came"
        time.sleep(0.01)
    return answer


def timer(name: str, due_in_s: float, stream: str = "run/1", **facts: Any) -> Timer:
    return Timer(stream, name, datetime.now(UTC) + timedelta(seconds=due_in_s), facts)


def set_timers(ledger: AnyLedger, *timers: Timer) -> None:
    for each in timers:
        ledger.append(each.stream, [], expected=None, actor="ada", at=AT, set_timers=[each])


def names(timers: list[Timer]) -> list[str]:
    return [each.name for each in timers]


class EngineContract:
    @pytest.fixture
    def ledger(self, address: str) -> Iterator[AnyLedger]:
        with closing(opened(address)) as ledger:
            yield ledger

    # -- leases ------------------------------------------------------------------------------------------------

    def test_a_lease_is_one_owners_until_it_ends(self, ledger):
        lease = ledger.claim("run/1", "ann", LONG_S)
        assert (lease.name, lease.owner, lease.epoch) == ("run/1", "ann", 1)
        assert timedelta(seconds=LONG_S - 60) < lease.until - datetime.now(UTC) <= timedelta(seconds=LONG_S)
        assert ledger.claim("run/1", "ben", LONG_S) is None
        assert ledger.claim("run/2", "ben", LONG_S).epoch == 1

    def test_its_owner_gets_it_again_with_its_epoch_and_for_longer(self, ledger):
        first = ledger.claim("run/1", "ann", 60)
        again = ledger.claim("run/1", "ann", LONG_S)
        assert (again.epoch, again.until > first.until) == (1, True)
        assert ledger.claim("run/1", "ann", 1).until == again.until  # never for shorter

    def test_when_it_has_ended_another_gets_it_with_a_greater_epoch(self, ledger):
        first = ledger.claim("run/1", "ann", 0.05)
        second = soon(lambda: ledger.claim("run/1", "ben", LONG_S))
        assert (second.owner, second.epoch) == ("ben", 2)
        assert second.until > first.until
        assert ledger.renew(first, LONG_S) is None
        assert ledger.claim("run/1", "ann", LONG_S) is None

    def test_its_own_owner_too_gets_a_greater_epoch_when_it_has_ended(self, ledger):
        ledger.claim("run/1", "ann", 0)
        assert ledger.claim("run/1", "ann", LONG_S).epoch == 2

    def test_a_lease_that_nobody_took_can_be_renewed_after_its_end(self, ledger):
        lease = ledger.claim("run/1", "ann", 0)
        renewed = ledger.renew(lease, LONG_S)
        assert (renewed.epoch, renewed.until > lease.until) == (1, True)
        assert ledger.claim("run/1", "ben", LONG_S) is None

    def test_a_released_lease_is_free_at_once_and_its_epoch_is_not_used_again(self, ledger):
        lease = ledger.claim("run/1", "ann", LONG_S)
        ledger.release(lease)
        assert ledger.renew(lease, LONG_S) is None
        taken = ledger.claim("run/1", "ben", LONG_S)
        assert taken.epoch == 2
        ledger.release(lease)  # which is not ann's any more
        assert ledger.renew(taken, LONG_S).epoch == 2
        ledger.release(taken)
        assert ledger.claim("run/1", "ann", LONG_S).epoch == 3

    def test_the_leases_that_are_held_can_be_listed(self, ledger):
        held = ledger.claim("run/2", "ann", LONG_S)
        ledger.claim("run/3", "ann", 0)
        ledger.release(ledger.claim("run/4", "ann", LONG_S))
        ledger.claim("runs", "ann", LONG_S)
        other = ledger.claim("run/1", "ben", LONG_S)
        assert ledger.held("run/") == [other, held]

    def test_epochs_go_on_after_opening_again(self, address):
        for epoch in (1, 2, 3):
            with closing(opened(address)) as ledger:
                lease = ledger.claim("run/1", "ann", LONG_S)
                assert lease.epoch == epoch
                ledger.release(lease)

    def test_of_many_that_claim_at_once_one_gets_it(self, address, ledger):
        got: list[Lease | None] = []
        side_by_side(12, lambda number: got.append(ledger.claim("run/1", f"owner-{number}", LONG_S)))
        assert [lease.epoch for lease in got if lease is not None] == [1]

    def test_of_programs_that_claim_in_turns_no_two_get_the_same_epoch(self, address, ledger):
        words = ("claim", address, "40")
        with program(*words, module="engine_contract") as one, program(*words, module="engine_contract") as other:
            epochs = [int(line) for line in one.read().split() + other.read().split()]
        assert sorted(epochs) == list(range(1, 81))

    def test_what_a_killed_owner_held_is_taken_over_when_it_ends(self, address, ledger):
        with program("hold", address, "0.3", module="engine_contract") as output:
            assert output.readline() == b"1\n"
            assert ledger.claim("run/1", "heir", LONG_S) is None
            output.readline()  # it was renewed
            assert ledger.claim("run/1", "heir", LONG_S) is None
        began = time.monotonic()
        assert soon(lambda: ledger.claim("run/1", "heir", LONG_S)).epoch == 2
        assert time.monotonic() - began < SOON_S / 2

    # -- fences ------------------------------------------------------------------------------------------------

    def test_whoever_holds_the_lease_may_append(self, ledger):
        lease = ledger.claim("run/1", "ann", LONG_S)
        assert len(ledger.append("run/1", [Draft("A")], expected=0, actor="ada", at=AT, fence=lease)) == 1

    def test_a_lease_that_has_ended_is_good_until_another_takes_it(self, ledger):
        lease = ledger.claim("run/1", "ann", 0)
        assert len(ledger.append("run/1", [Draft("A")], expected=0, actor="ada", at=AT, fence=lease)) == 1
        ledger.claim("run/1", "ben", LONG_S)
        with pytest.raises(Fenced, match="'run/1' is not ann's any more"):
            ledger.append("run/1", [Draft("A")], expected=1, actor="ada", at=AT, fence=lease)

    @pytest.mark.parametrize("drafts", [[], [Draft("A")]])
    def test_a_stale_owner_records_nothing(self, ledger, drafts):
        stale = ledger.claim("run/1", "ann", 0)
        ledger.claim("run/1", "ben", LONG_S)
        ledger.append("run/2", [], expected=None, actor="ada", at=AT, set_timers=[timer("old", -1, "run/2")])
        with pytest.raises(Fenced):
            ledger.append(
                "run/2", drafts, expected=None, actor="ada", at=AT, fence=stale, clear_timers=["old"],
                set_timers=[timer("new", -1, "run/2")],
            )  # fmt: skip
        assert (ledger.head(), names(ledger.due(10))) == (0, ["old"])

    def test_a_lease_that_was_released_or_never_given_is_no_fence(self, ledger):
        lease = ledger.claim("run/1", "ann", LONG_S)
        ledger.release(lease)
        for fence in (lease, Lease("run/9", "ann", 1, lease.until)):
            with pytest.raises(Fenced):
                ledger.append("run/1", [Draft("A")], expected=None, actor="ada", at=AT, fence=fence)

    def test_what_one_is_refused_does_not_keep_others_from_appending(self, address, ledger):
        stale = ledger.claim("run/1", "ann", 0)
        ledger.claim("run/1", "ben", LONG_S)

        def work(number: int) -> None:
            for _ in range(20):
                if number % 2:
                    appended(ledger, f"s{number}")
                else:
                    with pytest.raises(Fenced):
                        ledger.append("run/1", [Draft("A")], expected=None, actor="ada", at=AT, fence=stale)

        side_by_side(8, work)
        assert (ledger.head(), verify(everything(ledger))) == (80, [])

    # -- timers ------------------------------------------------------------------------------------------------

    def test_a_timer_is_due_when_its_time_has_come_until_it_is_cleared(self, ledger):
        assert (ledger.due(10), ledger.next_due_s()) == ([], None)
        set_timers(ledger, timer("later", 60))
        assert ledger.due(10) == []
        assert 50 < ledger.next_due_s() <= 60
        past = timer("retry", -1, step="2", list=[1, {"ü": None}])
        set_timers(ledger, past)
        assert (ledger.due(10), ledger.next_due_s()) == ([past], 0)
        assert ledger.append("run/1", [], expected=None, actor="ada", at=AT, clear_timers=["retry", "none"]) == ()
        assert (ledger.due(10), ledger.head()) == ([], 0)
        assert ledger.next_due_s() > 0

    def test_the_longest_due_comes_first(self, ledger):
        set_timers(ledger, timer("b", -2), timer("c", -1), timer("a", -3, "run/2"))
        assert names(ledger.due(10)) == ["a", "b", "c"]
        assert names(ledger.due(2)) == ["a", "b"]

    def test_timers_are_asked_for_by_the_beginning_of_their_stream(self, ledger):
        set_timers(ledger, timer("a", -1), timer("b", -2, "incident/1"), timer("c", -2, "runs%_"))
        assert names(ledger.due(10, "run/")) == ["a"]
        assert names(ledger.due(10, "runs%")) == ["c"]
        assert (ledger.next_due_s("incident/"), ledger.next_due_s("x")) == (0, None)

    def test_a_later_timer_of_the_same_name_and_stream_replaces_it(self, ledger):
        set_timers(ledger, timer("limit", -1), timer("limit", -1, "run/2"), timer("limit", 60))
        assert [each.stream for each in ledger.due(10)] == ["run/2"]

    def test_timers_are_set_with_the_events_or_not_at_all(self, ledger):
        with pytest.raises(Conflict):
            ledger.append(
                "run/1", [Draft("A")], expected=3, actor="ada", at=AT, set_timers=[timer("limit", -1)]
            )
        assert ledger.due(10) == []
        ledger.append("run/1", [Draft("A")], expected=0, actor="ada", at=AT, set_timers=[timer("limit", -1)])
        ledger.append(
            "run/1", [Draft("B")], expected=1, actor="ada", at=AT, clear_timers=["limit"], set_timers=[timer("x", -1)]
        )
        assert (names(ledger.due(10)), ledger.head()) == (["x"], 2)

    def test_cleared_and_set_at_once_it_is_set(self, ledger):
        set_timers(ledger, timer("limit", -1))
        again = timer("limit", -2, n=2)
        ledger.append("run/1", [], expected=None, actor="ada", at=AT, clear_timers=["limit"], set_timers=[again])
        assert ledger.due(10) == [again]

    def test_timers_outlive_the_program_and_are_seen_by_others(self, address, ledger):
        set_timers(ledger, timer("limit", -1))
        with closing(opened(address)) as other:
            assert names(other.due(10)) == ["limit"]


def claim_in_turns(address: str, times: int) -> None:
    """Claims a lease, tells its epoch and releases it, so often."""
    ledger = opened(address)
    while times:
        lease = ledger.claim("run/1", f"program-{os.getpid()}", LONG_S)
        if lease is not None:
            os.write(1, f"{lease.epoch}\n".encode())
            ledger.release(lease)
            times -= 1


def hold(address: str, for_s: float) -> None:
    """Holds a lease and renews it for ever, and tells its epoch each time."""
    ledger = opened(address)
    lease = ledger.claim("run/1", "program", for_s)
    while lease is not None:
        os.write(1, f"{lease.epoch}\n".encode())
        time.sleep(for_s / 3)
        lease = ledger.renew(lease, for_s)


if __name__ == "__main__":
    name, where, value = sys.argv[1:]
    if name == "claim":
        claim_in_turns(where, int(value))
    else:
        hold(where, float(value))
