"""What people want of pages: found, acknowledged with their alerts, answered by links, begun by hand, proven."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

import pytest
from tests.ledger.planned import gate, plan, started
from tests.usecases.paging_world import PagingWorld, level, policy
from tests.usecases.test_policy_choice import URGENT, book

from opsbook.entrypoints.shown.paged import page_text
from opsbook.ground.errors import Refusal, Usage
from opsbook.ledger import alert_events, run_events
from opsbook.ledger import page_events as events
from opsbook.ledger import path_test as paths
from opsbook.ledger.alert import alert_of
from opsbook.ledger.alert import stream_of as alert_stream
from opsbook.ledger.page import stream_of
from opsbook.ledger.page_moves import next_level
from opsbook.ledger.path_test import PATH_TEST
from opsbook.usecases.alert_story import story
from opsbook.usecases.alerting_ports import Contact, ContactRule, Reachable
from opsbook.usecases.alerts import Alerts
from opsbook.usecases.inlets import Inlets
from opsbook.usecases.ledger_ports import Timer
from opsbook.usecases.notices import Notices
from opsbook.usecases.page_plan import BookAddresses
from opsbook.usecases.page_shown import notification_model, page_model
from opsbook.usecases.pages import Pages
from opsbook.usecases.path_test import PathTester, PathTests
from opsbook.usecases.reaching import quiet_until, reaching
from opsbook.usecases.run_journal import TOLD
from opsbook.usecases.waking import Waking


@pytest.fixture
def world(tmp_path):
    made = PagingWorld(tmp_path)
    yield made
    made.close()


@pytest.fixture
def pages(world):
    of = book(URGENT)
    waking = Waking(lambda: of, BookAddresses(of), ("@ada",), 1800.0)
    alerts = Alerts(world.ledger, now=lambda: world.at, ack_timeout_s=1800.0)
    return Pages(
        world.ledger, now=lambda: world.at, chance=secrets.token_bytes, waking=waking, alerts=alerts, ack_timeout_s=1800.0
    )  # fmt: skip


def fired(world, id):
    draft = alert_events.fired(
        key=id, source="am", source_group="am", labels={"alertname": "ApiDown"}, annotations={}, fingerprint=id,
        starts_at=world.at, ends_at=None, severity="P1", severity_why="", service="api", group="g", place=None,
    )  # fmt: skip
    world.ledger.append(alert_stream(id), [draft], expected=0, actor="router", at=world.at)


def secret_of(world):
    return world.post.sent[-1][1].ack_url.rsplit(".", 1)[1]


def test_an_acknowledged_page_acknowledges_its_alerts_in_the_same_record(world, pages):
    page = world.open(alerts=2)
    for count in range(2):
        fired(world, f"{page}-{count}")
    pages.acknowledge(page, "ada", via="web", why="on it", for_s=600)
    for count in range(2):
        alert = alert_of(world.ledger.row("alerts", alert_stream(f"{page}-{count}")))
        assert (alert.status, alert.acknowledged_by) == ("acknowledged", "ada")
        assert alert.acknowledged_until == world.at + timedelta(minutes=10)


def test_alerts_are_acknowledged_once_as_many_people_have_as_are_needed(world, pages):
    page = world.open(frozen=policy(level(1, 0, "primary", needs=2)))
    fired(world, f"{page}-0")
    world.tick()
    pages.acknowledge(page, "ada", via="web")
    assert alert_of(world.ledger.row("alerts", alert_stream(f"{page}-0"))).status == "firing"
    pages.acknowledge(page, "ben", via="web")
    assert alert_of(world.ledger.row("alerts", alert_stream(f"{page}-0"))).status == "acknowledged"


def test_a_link_answers_once_and_then_says_who_was_first(world, pages):
    page = world.open()
    world.tick()
    answered = pages.acknowledge_by_link(page, 1, secret_of(world))
    assert [(each.by, each.via) for each in answered.acknowledged] == [("ada", "link")]
    assert answered.notifications[0].state == "read"
    again = pages.acknowledge_by_link(page, 1, secret_of(world))
    assert again.number == answered.number


def woken_again(world, pages):
    """A page that ada took care of until its time was over; the secrets of the links before and after."""
    page = world.open()
    world.tick()
    old = secret_of(world)
    pages.acknowledge_by_link(page, 1, old)
    world.mail()
    world.later(minutes=30, seconds=1)
    return page, old, secret_of(world)


def test_once_people_are_woken_again_an_old_link_changes_nothing_and_the_new_one_answers(world, pages):
    page, old, new = woken_again(world, pages)
    before = world.page(page)
    for answers in (pages.acknowledge_by_link, pages.escalate_by_link, pages.resolve_by_link):
        assert answers(page, 1, old).number == before.number
    assert before.is_spent(before.notifications[0]) and not before.is_spent(before.notifications[-1])
    assert pages.acknowledge_by_link(page, before.notifications[-1].owed.id, new).state == "acknowledged"


def test_what_was_before_people_were_woken_again_stays_told(world, pages):
    page, *_ = woken_again(world, pages)
    told = page_model(world.page(page))
    assert [each["why"] for each in told["levels"]] == ["It began.", "It begins again."]
    assert [(each["by"], each["via"]) for each in told["acknowledged"]] == [("ada", "link")]
    assert told["acknowledged_by"] == []
    lines = "\n".join(page_text(world.page(page), story(world.ledger.read(stream_of(page))), None))
    for words in ("03:10:00 UTC  The turn of level 1. It began.", "03:10:00 UTC  Acknowledged by ada (link).", "03:40:00 UTC  People are woken again. ada acknowledged it 30 minutes ago"):
        assert words in lines


def test_the_next_level_is_told_at_its_time_in_every_round(world, pages):
    page = world.open(frozen=policy(level(1, 0, "primary"), level(2, 300, "secondary"), repeat=1))
    world.tick()
    assert next_level(world.page(page)) == (2, world.at + timedelta(minutes=5))
    world.later(minutes=5)
    assert next_level(world.page(page)) == (1, world.at + timedelta(minutes=5))
    world.later(minutes=5)
    assert next_level(world.page(page)) == (2, world.at + timedelta(minutes=5))
    world.later(minutes=5)
    assert next_level(world.page(page)) == (-1, world.at + timedelta(minutes=5))


def test_what_one_alert_left_for_is_no_word_on_those_that_stay(world, pages):
    page = world.open(alerts=2)
    world.tell(page, events.left((f"{page}-0",), "Its sender says that it is over."))
    assert world.page(page).why == ""


def test_a_link_that_nobody_used_answers_though_people_were_asked_anew(world, pages):
    page = world.open(frozen=policy(level(1, 0, "primary"), catch_all=()))
    world.tick()
    secret = secret_of(world)
    world.later(hours=1)
    assert world.page(page).armed_at > world.page(page).opened_at
    assert pages.acknowledge_by_link(page, 1, secret).state == "acknowledged"


@pytest.mark.parametrize(("number", "tail"), [(1, "x"), (2, ""), (0, "")])
def test_a_link_that_is_wrong_in_anything_is_no_link(world, pages, number, tail):
    page = world.open()
    world.tick()
    with pytest.raises(Usage, match="not one that Opsbook sent"):
        pages.by_link(page, number, secret_of(world) + tail)


def test_a_page_is_passed_on_and_its_alerts_are_nobodys_again(world, pages):
    page = world.open()
    fired(world, f"{page}-0")
    world.tick()
    pages.acknowledge(page, "ada", via="web")
    world.mail()
    pages.escalate(page, "ada", via="web", why="on a train")
    world.tick()
    assert [each.split()[0] for each in world.mail()] == ["email:ben"]
    alert = alert_of(world.ledger.row("alerts", alert_stream(f"{page}-0")))
    assert (alert.status, alert.acknowledged_by) == ("firing", "")
    assert "on a train" in alert.why


def test_a_page_is_passed_on_by_a_link_once(world, pages):
    page = world.open()
    world.tick()
    secret = secret_of(world)
    pages.escalate_by_link(page, 1, secret)
    world.tick()
    pages.escalate_by_link(page, 1, secret)
    world.tick()
    assert [each.level for each in world.page(page).reached] == [1, 2]


def test_a_page_that_is_for_nobody_else_is_not_passed_on(world, pages):
    page = world.open(frozen=policy(level(1, 0, "primary"), catch_all=()))
    with pytest.raises(Refusal, match="nobody else than primary"):
        pages.escalate(page, "ada", via="web")


def test_what_a_person_says_is_over_is_over_with_its_alerts(world, pages):
    page = world.open(alerts=2)
    for count in range(2):
        fired(world, f"{page}-{count}")
    done = pages.resolve(page, "ada", "mended")
    assert (done.state, done.ended_how) == ("done", "resolved")
    alert = alert_of(world.ledger.row("alerts", alert_stream(f"{page}-0")))
    assert (alert.status, alert.ended_how, alert.ended_by) == ("resolved", "person", "ada")


def test_a_page_without_alerts_is_over_when_a_link_says_so(world, pages):
    page = world.open(alerts=0)
    world.tick()
    secret = secret_of(world)
    done = pages.resolve_by_link(page, 1, secret)
    assert (done.ended_how, done.why) == ("resolved", "ada says that it is over.")
    assert pages.resolve_by_link(page, 1, secret).number == done.number


def test_what_is_over_cannot_be_answered(world, pages):
    page = world.open()
    pages.cancel(page, "ada", "a false alarm")
    with pytest.raises(Refusal, match="ada cancelled it: a false alarm"):
        pages.acknowledge(page, "ben", via="web")
    world.tick()
    assert world.mail() == []


def test_a_page_is_found_by_the_only_beginning_and_guessed_otherwise(world, pages):
    page = world.open()
    assert pages.find(page[:-2]).id == page
    assert pages.find("last").id == page
    with pytest.raises(Usage, match="Did you mean"):
        pages.find(page[:-1] + "x")


def test_somebody_is_woken_by_hand_by_name_and_by_service(world, pages):
    named = pages.wake("@ben", "The vendor is on the phone", "ada")
    assert (named.policy.levels[0].targets, named.policy.repeat, named.asked_by) == (("@ben",), 2, "ada")
    served = pages.wake("", "Orders fail", "ada", severity="P0", service="api-service")
    assert served.policy.levels and served.policy.path


@pytest.mark.parametrize(
    ("whom", "service", "why"),
    [("", None, "Name whom to wake"), ("Primray", None, "Did you mean 'Primary'"), ("@nobody", None, "Nobody knows how to")],
)
def test_who_cannot_be_woken_is_told_at_once(pages, whom, service, why):
    with pytest.raises((Usage, Refusal), match=why):
        pages.wake(whom, "hello", "ada", service=service)


def test_notifications_are_told_as_the_contract_has_them(world, pages):
    page = world.open()
    world.tick()
    (found,) = pages.notifications(person="ADA")
    told = notification_model(found)
    assert {name: told[name] for name in ("id", "subject", "person", "channel", "level", "state")} == {
        "id": f"{page}.1", "subject": "api is down", "person": "ada", "channel": "email", "level": 1, "state": "accepted",
    }  # fmt: skip
    assert told["attempts"][0]["latency_ms"] == 12.0 and told["why"].startswith("Level 1: ")
    assert page_model(world.page(page))["levels"][0]["level"] == 1


# -- quiet hours and rules --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "until"),
    [
        ("2026-03-28T23:30", "2026-03-29T05:00"),  # the night in which an hour is left out: 07:00 is 05:00 UTC
        ("2026-10-24T23:30", "2026-10-25T06:00"),  # the night that is an hour longer
        ("2026-06-01T12:00", None), ("2026-06-01T05:00", None), ("2026-06-01T04:59", "2026-06-01T05:00"),
    ],
)  # fmt: skip
def test_quiet_hours_end_by_the_clock_on_the_wall(at, until):
    somebody = Reachable("ada", "ada", (), time_zone="Europe/Berlin", quiet=(22 * 3600, 7 * 3600))
    found = quiet_until(somebody, datetime.fromisoformat(f"{at}:00+00:00"))
    assert found == (datetime.fromisoformat(f"{until}:00+00:00") if until else None)


def test_a_contact_that_fails_comes_last_and_one_that_is_off_never():
    contacts = tuple(Contact(name, name, name, name, "book", is_failing=name == "email", is_enabled=name != "push")
                     for name in ("email", "push", "sms"))  # fmt: skip
    found = reaching(Reachable("ada", "ada", contacts), "P1", datetime(2026, 1, 1, tzinfo=UTC), quiet=())
    assert [turn.contact.id for turn in found.turns] == ["sms", "email"]


RULES = (ContactRule("email", 0), ContactRule("sms", 60), ContactRule("phone", 300))


@pytest.mark.parametrize(
    ("unusable", "turns"),
    [
        (set(), [("email", 0), ("sms", 60), ("phone", 300)]),
        ({"email"}, [("sms", 0), ("phone", 60)]),
        ({"sms"}, [("email", 0), ("phone", 60)]),
        ({"email", "sms"}, [("phone", 0)]),
        ({"email", "sms", "phone"}, []),
    ],
)
def test_nobody_waits_for_a_contact_that_cannot_be_used(unusable, turns):
    ada = Reachable("ada", "ada", tuple(Contact(name, name, name, name, "book") for name in ("email", "sms", "phone")), RULES)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    found = reaching(ada, "P0", at, quiet=(), why_not=lambda each: f"No {each.kind}." if each.id in unusable else "")
    assert [(turn.contact.id, (turn.due - at).total_seconds()) for turn in found.turns] == turns
    if turns and unusable:
        assert found.turns[0].why == " ".join(f"{each} is passed over: No {each}." for each in ("email", "sms") if each in unusable)


# -- what runs owe people ----------------------------------------------------------------------------------------


def test_what_a_run_owes_people_is_delivered_once(world):
    def owed():
        world.ledger.append(
            "run/r1", [run_events.notification_owed(("ben",), "Approval wanted: deploy", "Step 2")], expected=None,
            actor="opsbook", at=world.at, set_timers=(Timer("run/r1", TOLD, world.at),),
        )  # fmt: skip
        Notices(world.ledger).deliver(world.ledger.due(10, "run/"), world.lease, world.at)
        assert world.ledger.due(10, "run/") == []
        world.tick()

    owed()
    assert world.mail() == ["email:ben [page] Approval wanted: deploy"]
    owed()
    assert world.mail() == ["email:ben [page] Approval wanted: deploy"]


def test_what_a_run_owed_long_ago_wakes_nobody(world):
    world.ledger.append("run/r1", [run_events.notification_owed(("ben",), "s", "w")], expected=None, actor="o",
                        at=world.at - timedelta(days=2), set_timers=(Timer("run/r1", TOLD, world.at),))  # fmt: skip
    Notices(world.ledger).deliver(world.ledger.due(10, "run/"), world.lease, world.at)
    world.tick()
    assert world.mail() == []


def asked_at_night(world, *more):
    """A run that wants an approval, with what was recorded of it since."""
    drafts = [started(plan(gate("1"))), run_events.person_asked("1", "approval", "May it?", digest="d"),
              run_events.notification_owed(("ben",), "Approval wanted: deploy", "May it?")]  # fmt: skip
    world.ledger.append("run/r2", [*drafts, *more], expected=None, actor="zoe", at=world.at,
                        set_timers=(Timer("run/r2", TOLD, world.at),))  # fmt: skip
    Notices(world.ledger).deliver(world.ledger.due(10, "run/"), world.lease, world.at)


def test_what_was_answered_before_anybody_was_told_is_told_to_nobody(world):
    asked_at_night(world, run_events.step_ended("1", "done", "Approved by ada."))
    world.tick()
    assert world.mail() == []


def test_who_sleeps_is_not_told_in_the_morning_of_what_was_answered_at_night(world):
    world.person("ben", "email", quiet=(0, 7 * 3600))
    asked_at_night(world)
    world.later(hours=1)
    answer = run_events.step_ended("1", "done", "Approved by ada.")
    world.ledger.append("run/r2", [answer], expected=None, actor="ada", at=world.at,
                        set_timers=(Timer("run/r2", TOLD, world.at),))  # fmt: skip
    Notices(world.ledger).deliver(world.ledger.due(10, "run/"), world.lease, world.at)
    world.later(hours=12)
    assert world.mail() == []
    page = world.page("r2-3")
    assert page.ended_how == "cancelled" and "answered meanwhile by ada: step 1 of the run is done" in page.why


# -- the test of the path ----------------------------------------------------------------------------------------


class OwnDoor:
    """In the place of the server's inlet: what is posted fires and, if it `routes`, begins a page."""

    def __init__(self, world, *, routes=True):
        self.world, self.routes, self.tokens = world, routes, []

    def post(self, alerts, token):
        self.tokens.append(token)
        labels = alerts[0]["labels"]
        page = self.world.open("OpsbookPathTest", frozen=policy(level(1, 0, "primary"))) if self.routes else ""
        draft = alert_events.fired(
            key="k", source=PATH_TEST, source_group=PATH_TEST, labels=labels, annotations={}, fingerprint="k",
            starts_at=self.world.at, ends_at=None, severity="P0", severity_why="", service=None, group="g", place=None,
            is_drill=True, why_not_paged="" if page else "Silence 7 holds it.",
        )  # fmt: skip
        drafts = [draft, alert_events.paged(page)] if page else [draft]
        self.world.ledger.append(alert_stream(f"t{len(self.tokens)}"), drafts, expected=0, actor="r", at=self.world.at)


def path_tester(world, door, to=("ada",)):
    inlets = Inlets(world.ledger, now=lambda: world.at, chance=secrets.token_bytes)
    return PathTester(
        world.ledger, inlets, door, to=to, alarm_to=("olga",), every_s=604_800, now=lambda: world.at,
        chance=secrets.token_bytes, aside=lambda job: job(),
    )  # fmt: skip


def due_of(world):
    return world.ledger.due(10, PATH_TEST)


def test_a_test_that_arrives_is_recorded_and_the_next_one_is_a_week_away(world):
    door = OwnDoor(world)
    test = path_tester(world, door)
    test.begin_when_due(world.lease)
    world.at += timedelta(seconds=1)
    world.tick()
    test.do(due_of(world), world.lease)
    last = PathTests(world.ledger, ("ada",), now=lambda: world.at).last()
    assert last.is_ok and last.took_s == 1.0 and "It reached ada by email" in last.why
    world.at += timedelta(days=6)
    test.begin_when_due(world.lease)
    assert len(door.tokens) == 1
    world.at += timedelta(days=1, seconds=1)
    test.begin_when_due(world.lease)
    assert len(set(door.tokens)) == 2, "each has a token of its own"


def test_a_test_that_does_not_arrive_is_an_alarm_that_says_where_it_stopped(world):
    test = path_tester(world, OwnDoor(world, routes=False))
    test.begin_when_due(world.lease)
    for _ in range(4):
        world.at += timedelta(minutes=1, seconds=1)
        test.do(due_of(world), world.lease)
    last = paths.folded(world.ledger.read(PATH_TEST))
    assert not last.is_ok and "no page was begun. Silence 7 holds it." in last.why
    world.tick()
    assert world.mail() == ["email:olga [page] The test of the path from an alert to a person did not arrive"]


def test_a_test_is_asked_for_by_hand_and_one_at_a_time(world):
    door = OwnDoor(world)
    test, asked = path_tester(world, door), PathTests(world.ledger, ("ada",), now=lambda: world.at)
    asked.ask("ben")
    test.do(due_of(world), world.lease)
    asked.ask("ben")
    test.do([timer for timer in due_of(world) if timer.name == "send"], world.lease)
    assert len(door.tokens) == 1
    with pytest.raises(Refusal, match=r"paging\.synthetic"):
        PathTests(world.ledger, (), now=lambda: world.at).ask("ben")
