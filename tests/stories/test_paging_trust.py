"""What people could not trust in other tools, each as a story with a moved clock: the page comes, once, and is proven.

The numbers are those of the complaints, with the issues of the tools that people wrote them in.
"""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from tests.usecases.paging_world import PagingWorld, level, policy

from opsbook.ground.errors import Failure
from opsbook.ledger import page_events as events
from opsbook.usecases.alerting_ports import Handed
from opsbook.usecases.dead_man import DeadMan
from opsbook.usecases.engine_loop import EngineLoop, Work
from opsbook.usecases.guarding import Guarded
from opsbook.usecases.ledger_ports import Timer
from opsbook.usecases.paging_audit import Beating, audit


@pytest.fixture
def world(tmp_path):
    made = PagingWorld(tmp_path)
    yield made
    made.close()


def to_whom(world):
    return [each.split()[0].partition(":")[2] for each in world.mail()]


def restarted(world):
    """Another process goes on with what the ledger holds, as after a kill."""
    world.ledger.close()
    world.ledger = world.opened()
    world.at += timedelta(seconds=11)  # the lease of the one that is gone ends
    world.lease = world.claimed("after a restart")
    world.pager = world.engine()


def test_1_a_wait_between_levels_outlives_every_restart(world):
    """oncall#1206: pods restarted while an escalation waited, the timer was lost, nobody was paged for 5.5 hours."""
    world.open()
    world.later(minutes=2)
    assert to_whom(world) == ["ada"]
    restarted(world)
    world.later(minutes=2, seconds=48)
    assert to_whom(world) == []
    world.later(seconds=2)
    assert to_whom(world) == ["ben"]


def test_2_an_escalation_that_cannot_go_on_says_so_and_pages_all_the_same_once_it_can(world):
    """oncall#1187: after an upgrade no chain ran, and no log had an error."""
    page = world.open()
    world.broken[f"page {page}"] = ValueError("what was recorded cannot be read")
    world.tick()
    assert world.wrong == [f"page {page}: what was recorded cannot be read"]
    world.broken.clear()
    world.later(seconds=31)
    assert to_whom(world) == ["ada"]


def test_3_waits_are_as_long_as_they_are_written(world):
    """oncall#1931: the escalation ignored its wait."""
    page = world.open(frozen=policy(level(1, 0, "primary"), level(2, 900, "secondary"), level(3, 3600, "owner")))
    world.later(hours=1, seconds=1)
    assert to_whom(world) == ["ada", "ben", "olga"]
    begun = world.page(page).opened_at
    assert [(each.at - begun).total_seconds() for each in world.page(page).reached] == [0, 900, 3600]


def test_4_whoever_was_asked_for_by_hand_is_let_sleep_once_somebody_has_it(world):
    """oncall#4760: direct paging went on although the group was acknowledged."""
    world.person("ada", "email", "sms", "phone")
    page = world.open(frozen=policy(level(1, 0, "ada"), repeat=3))
    world.tick()
    world.mail()
    world.tell(page, events.page_acknowledged("ben", "web", world.at + timedelta(hours=8)))
    world.later(hours=7)
    assert to_whom(world) == []


def test_5_a_message_that_fails_keeps_nobody_else_from_being_woken(world):
    """oncall#1503: the primary was not told because another's message had failed."""
    world.on_call["primary"] = ["cleo", "ada"]
    world.post.answers["email:cleo"] = [Handed("failed", "The address is wrong.")]
    page = world.open()
    world.tick()
    assert to_whom(world) == ["cleo", "ada"]
    assert [each.state for each in world.page(page).notifications] == ["failed", "accepted"]


def test_6_the_audit_is_cheap_and_sees_what_is_late(world):
    """oncall#724: the auditor was switched off because its query was too slow; then nobody watched."""
    for count in range(200):
        world.open(f"group {count}")
    world.at += timedelta(minutes=10)
    Beating(world.ledger, owner="here", now=lambda: world.at, troubles=tuple).beat(7)
    found = audit(world.ledger, world.at)
    assert (found.cycles, found.oldest_page_s) == (7, 600)
    assert found.troubles == ("A page was due 10 minutes ago and was not looked at.",)
    world.at += timedelta(minutes=1)
    assert "no engine goes round" in audit(world.ledger, world.at).troubles[0]


def test_7_nothing_is_held_back_unseen_and_never_a_first_page(world):
    """goalert#4188: a hidden limit delayed a message by 16 minutes; #1083: show messages that wait."""
    pages = [world.open(f"group {count}") for count in range(15)]
    world.tick()
    assert world.mail() == ["email:ada [digest] 15 pages"]
    assert {each.state for page in pages for each in world.page(page).notifications} == {"accepted", "bundled"}
    for count in range(12):
        world.later(seconds=2)
        world.open(f"later group {count}")
        world.tick()
        assert len(world.mail()) == 1, "a first page goes at once, whatever went before"
    for page in pages[:2]:
        world.tell(page, events.left((f"{page}-0",), "It was resolved."))
    world.tick()
    assert world.mail() == []
    waiting = world.page(pages[0]).notifications[-1]
    assert (waiting.owed.purpose, waiting.state) == ("resolved", "waiting")
    assert "More than 10 messages" in waiting.settled_why
    world.later(seconds=61)
    assert world.mail() == ["email:ada [digest] 2 pages"]


def test_8_a_contact_that_fails_is_seen_and_another_is_used(world):
    """grafana#118274: a contact point failed silently; oncall#5503: nothing useful in the logs."""
    world.person("ada", "push", "sms")
    world.post.answers["push:ada"] = [Handed("failed", "The push service answers 403.")]
    page = world.open()
    world.tick()
    assert [each.split()[0] for each in world.mail()] == ["push:ada", "sms:ada"]
    first, _, third = world.page(page).notifications
    assert (first.state, first.attempts[0].reason) == ("failed", "The push service answers 403.")
    assert (third.state, third.owed.fallback_of) == ("accepted", 1)
    assert "did not come through" in third.owed.why


def test_8b_a_kind_of_contact_that_is_not_set_up_is_told_before_it_is_needed(world):
    """oncall#3206: the escalation's push was refused while the test went through."""
    world.person("ada", "push")
    world.post.unusable["push"] = "No channel for 'push' is configured."
    page = world.open()
    world.tick()
    assert to_whom(world) == ["ben"]
    assert "No channel for 'push' is configured." in world.page(page).reached[0].why


def test_8c_a_page_that_reached_nobody_is_a_trouble_until_somebody_is_reached(world):
    """What wakes nobody must be seen by somebody: the switch outside is not told that all is well."""
    for name in ("ada", "ben", "olga"):
        world.person(name, "push")
    world.post.unusable["push"] = "No channel for 'push' is configured."
    page = world.open()
    world.tick()
    world.later(minutes=1)
    Beating(world.ledger, owner="here", now=lambda: world.at, troubles=tuple).beat(1)
    (trouble,) = audit(world.ledger, world.at).troubles
    assert trouble.startswith(f"Page {page} (P1 ")
    assert "has reached nobody" in trouble
    world.tell(page, events.page_acknowledged("eve", "web", None))
    assert not audit(world.ledger, world.at).troubles


def test_9_that_it_is_over_is_told_also_after_a_restart(world):
    """alertmanager#2370 and grafana#68162: what was in memory was lost, and with it the news that all is well."""
    page = world.open()
    world.tick()
    world.mail()
    world.tell(page, events.left((f"{page}-0",), "It was resolved."))
    restarted(world)
    world.tick()
    assert world.mail() == ["email:ada [resolved] api is down"]


class Switch:
    """A dead man's switch that counts, and may be out of reach."""

    def __init__(self) -> None:
        self.told, self.is_away = 0, False

    def ping(self, address: str) -> None:
        if self.is_away:
            raise Failure("The dead man's switch was not told.", retryable=True)
        self.told += 1


def test_10_the_switch_outside_hears_of_clean_cycles_alone(world):
    """IncidentRelay#10: a dead man's switch is a must; one that is told although nothing is paged would lie."""
    switch, reported = Switch(), []
    dead_man = DeadMan(switch, "https://switch.example.org/x", audit=lambda: audit(world.ledger, world.at),
                       aside=lambda job: job(), report=reported.append)  # fmt: skip
    beating = Beating(world.ledger, owner="here", now=lambda: world.at, troubles=tuple)
    beating.beat(1)
    assert dead_man.tell() and switch.told == 1
    world.open()
    world.at += timedelta(minutes=5)
    beating.beat(2)
    assert not dead_man.tell() and switch.told == 1
    world.tick()
    switch.is_away = True
    dead_man.tell(), dead_man.tell()
    switch.is_away = False
    assert dead_man.tell() and switch.told == 2
    assert reported == ["The dead man's switch was not told.", "The dead man's switch is told again."]


def test_19_whoever_took_it_and_fell_asleep_again_is_woken(world):
    """goalert#3378, oncall#1792: an acknowledgement has an end, by every channel."""
    world.person("ada", "sms", "email")
    page = world.open()
    world.tick()
    world.mail()
    world.tell(page, events.page_acknowledged("ada", "link", world.at + timedelta(minutes=30)))
    world.later(minutes=30)
    assert [each.split()[0] for each in world.mail()] == ["sms:ada"]
    assert world.page(page).why == "ada acknowledged it 30 minutes ago, and it is not mended."


# -- the loop: nobody's work is stopped by another's -----------------------------------------------------------


class Still:
    """In the place of what wakes the loop."""

    def wait(self, timeout_s: float) -> bool:
        return False

    def notify(self) -> None:
        pass


def loop_of(world, works, owner="here", waking=None):
    reported = []
    guard = Guarded(reported.append)
    loop = EngineLoop(
        world.ledger, works, (), owner=owner, lease_s=10.0, now=lambda: world.at,
        monotonic=lambda: world.at.timestamp(), waking=waking or Still(), guard=guard, report=reported.append,
    )  # fmt: skip
    return loop, guard, reported


def timer(world, stream, name="route"):
    world.ledger.append(stream, (), expected=None, actor="test", at=world.at, set_timers=(Timer(stream, name, world.at),))


def test_a_batch_that_cannot_be_routed_stops_neither_the_others_nor_paging(world):
    world.ledger.release(world.lease)
    routed = []

    def route(timers, lease):
        if any(each.stream == "batch/broken" for each in timers):
            raise ValueError("a fault")
        routed.extend(each.stream for each in timers)
        for each in timers:
            world.ledger.append(each.stream, (), expected=None, actor="t", at=world.at, fence=lease, clear_timers=(each.name,))

    loop, guard, _ = loop_of(
        world, [Work("batch/", route), Work("page/", lambda timers, lease: world.pager.advance(timers, lease))]
    )
    for name in ("one", "broken", "two"):
        timer(world, f"batch/{name}")
    world.open()
    assert loop.cycle() == 4
    assert routed == ["batch/one", "batch/two"] and to_whom(world) == ["ada"]
    assert any("batch/broken" in each for each in guard.troubles())
    assert loop.cycle() == 0, "what is broken is put off, and no time is lost on it"


def test_of_two_engines_one_works_and_the_other_goes_on_when_it_is_gone(world):
    world.ledger.release(world.lease)
    done = []

    def work(name):
        def do(timers, lease):
            done.append(name)
            for each in timers:
                world.ledger.append(each.stream, (), expected=None, actor=name, at=world.at, fence=lease, clear_timers=("x",))
        return [Work("batch/", do)]  # fmt: skip

    first, second = loop_of(world, work("first"), "first")[0], loop_of(world, work("second"), "second")[0]
    timer(world, "batch/1", "x")
    first.cycle(), second.cycle()
    assert done == ["first"]
    timer(world, "batch/2", "x")
    world.at += timedelta(seconds=11)
    second.cycle()
    assert done == ["first", "second"]


def test_an_engine_that_is_told_to_stop_waits_for_what_it_is_handing_over(world):
    world.ledger.release(world.lease)
    world.post.holds = True
    stop = threading.Event()
    world.pager, outbox = world.engine_and_outbox()
    works = [Work("page/", world.pager.advance, wanted=outbox.has_news, is_under_way=outbox.is_busy)]

    class Telling(Still):
        def wait(self, timeout_s):
            stop.set()
            for tell in world.post.held:
                tell(Handed("accepted", "", 5.0))
            world.post.held.clear()
            return True

    page = world.open()
    loop, _, _ = loop_of(world, works, waking=Telling())
    loop.run(stop)
    assert [each.state for each in world.page(page).notifications] == ["accepted"]
    assert world.ledger.claim("pager", "somebody else", 1.0) is not None, "it let go of the lease"
