"""How paging goes, counted over rows that a test makes by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from tests.entrypoints.paged_alerts import POLICY, owed

from opsbook.ledger.alert import Alert
from opsbook.ledger.page import Acknowledgement, Attempt, Notification, Page
from opsbook.usecases.paging_report import answered, is_night, paging_report, paging_report_model, quantile

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
SINCE = NOW - timedelta(days=7)


def alert(number: int, at: datetime, **more: Any) -> Alert:
    """An alert that began at a time."""
    known: dict[str, Any] = {
        "id": f"a{number}", "status": "firing", "key": str(number), "source": "prometheus", "source_group": "p",
        "group": "g", "labels": {"alertname": "ApiDown"}, "annotations": {}, "fingerprint": "f", "starts_at": at,
        "ends_at": None, "first_at": at, "changed_at": at, "severity": "P1", "severity_why": "", "service": "api",
    }  # fmt: skip
    return Alert(**{**known, **more})


def page(number: int, at: datetime, *, answered_after_s: float | None = None, person: str = "Kim", **more: Any) -> Page:
    """A page that began at a time, and woke somebody by a message that arrived."""
    sent = Notification(owed(1, person, "sms", at), at, "delivered", (Attempt(1, at, "delivered", "", 800.0),))
    answers = ()
    if answered_after_s is not None:
        answers = (Acknowledgement(person, "web", at + timedelta(seconds=answered_after_s)),)
    known: dict[str, Any] = {
        "id": f"p{number}", "state": "done", "group": "g", "subject": "ApiDown", "severity": "P1", "service": "api",
        "policy": POLICY, "place": None, "opened_at": at, "changed_at": at, "notifications": (sent,),
        "acknowledged": answers,
    }  # fmt: skip
    return Page(**{**known, **more})


def report(alerts: list[Alert], pages: list[Page], zone: str = "UTC") -> Any:
    return paging_report(alerts, pages, SINCE, NOW, zones=lambda _: zone)


def test_how_fast_people_answer_is_told_by_the_median_the_mean_and_nine_of_ten():
    pages = [page(number, NOW - timedelta(hours=1), answered_after_s=60.0 * number) for number in range(1, 11)]
    assert answered(pages).median_s == 330.0
    assert answered(pages).mean_s == 330.0
    assert answered(pages).p90_s == 540.0


def test_a_page_that_nobody_answered_is_counted_and_slows_no_mean():
    lost = page(1, NOW - timedelta(hours=2), ended_how="exhausted")
    found = answered([lost, page(2, NOW - timedelta(hours=1), answered_after_s=30)])
    assert (found.pages, found.answered, found.unanswered, found.mean_s) == (2, 1, 1, 30)


@pytest.mark.parametrize(
    ("hour", "zone", "is_so"),
    [(21, "UTC", False), (22, "UTC", True), (6, "UTC", True), (7, "UTC", False), (21, "Europe/Copenhagen", True),
     (6, "Europe/Copenhagen", False), (3, "nowhere", True)],
)  # fmt: skip
def test_night_is_by_the_clock_of_whoever_is_woken(hour, zone, is_so):
    assert is_night(datetime(2026, 11, 20, hour, tzinfo=UTC), zone) is is_so


def test_pages_before_and_after_midnight_are_one_night_of_somebody():
    evening = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
    found = report([], [page(1, evening), page(2, evening + timedelta(hours=4)), page(3, evening - timedelta(hours=9))])
    (kim,) = found.people
    assert (kim.pages, kim.night_pages, kim.nights) == (3, 2, 1)


def test_two_messages_of_one_page_wake_somebody_once():
    at = NOW - timedelta(hours=1)
    twice = page(1, at)
    again = replace(twice, notifications=(*twice.notifications, Notification(owed(2, "Kim", "email", at), at)))
    assert report([], [again]).people[0].pages == 1


def test_a_message_that_still_waits_for_the_morning_woke_nobody():
    evening = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
    waits = replace(page(1, evening), notifications=(Notification(owed(1, "Kim", "sms", evening), evening),))
    found = report([], [waits])
    assert found.people == () and not any(day.night_pages for day in found.days)


def test_what_waited_until_the_morning_woke_nobody_at_night():
    evening = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
    morning = Attempt(1, evening + timedelta(hours=8), "delivered")
    late = Notification(owed(1, "Kim", "sms", evening), evening, "delivered", (morning,))
    found = report([], [replace(page(1, evening), notifications=(late,))])
    assert [(each.pages, each.night_pages, each.nights) for each in found.people] == [(1, 0, 0)]


def test_a_page_that_wakes_somebody_all_night_is_one_of_that_night_and_one_of_the_next():
    evening = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
    told = tuple(
        Notification(owed(n, "Kim", "sms", evening), evening, "accepted", (Attempt(1, evening + timedelta(hours=n), "accepted"),))
        for n in (0, 1, 5, 24)
    )
    (kim,) = report([], [replace(page(1, evening), notifications=told)]).people
    assert (kim.pages, kim.night_pages, kim.nights) == (1, 2, 2)


def test_an_answer_is_counted_under_whatever_name_it_was_given():
    answer = page(1, NOW - timedelta(hours=1), answered_after_s=30, person="Kim Ek")
    by_handle = replace(answer, acknowledged=(replace(answer.acknowledged[0], by="@kim"),))
    found = paging_report([], [by_handle], SINCE, NOW, names=lambda name: "Kim Ek" if name == "@kim" else name)
    assert found.people[0].answered == 1


def test_noise_is_the_share_on_which_nobody_acted_the_loudest_first():
    at = NOW - timedelta(hours=5)
    acted = alert(0, at, labels={"alertname": "Good"}, acknowledged_by="kim")
    alone = [
        alert(number, at, status="resolved", ended_how="sender", ends_at=at + timedelta(minutes=2)) for number in (1, 2, 3)
    ]
    loud, good = report([acted, *alone], []).noise
    assert (loud.name, loud.fired, loud.brief, loud.noise) == ("ApiDown", 3, 3, 1.0)
    assert (good.name, good.acknowledged, good.noise) == ("Good", 1, 0.0)


def test_what_did_not_arrive_is_told_by_kind_of_contact():
    at = NOW - timedelta(hours=1)
    failed = Notification(owed(2, "Kim", "sms", at), at, "failed", (Attempt(1, at, "failed", "no such number", 90.0),))
    good = page(1, at)
    (sms,) = report([], [replace(good, notifications=(*good.notifications, failed))]).delivery
    assert (sms.kind, sms.messages, sms.arrived, sms.failed, sms.ratio, sms.p50_ms) == ("sms", 2, 1, 1, 0.5, 800.0)


def test_drills_and_what_was_before_are_left_out():
    early = NOW - timedelta(days=8)
    found = report([alert(1, early), alert(2, NOW - timedelta(hours=1), is_drill=True)], [page(1, early)])
    assert (found.alerts, found.answered.pages) == (0, 0)
    assert len(found.days) == 8


def test_a_service_that_woke_most_comes_first_and_none_has_a_name():
    at = NOW - timedelta(hours=1)
    found = report([alert(1, at, service=None), alert(2, at)], [page(1, at)])
    assert [each.service for each in found.services] == ["api", "no service"]


def test_the_report_is_plain_values_for_programs():
    model = paging_report_model(report([alert(1, NOW - timedelta(hours=1))], []))
    assert model["alerts"] == 1
    assert model["answered"] == {"pages": 0, "answered": 0, "unanswered": 0, "median_s": None, "mean_s": None,
                                 "p90_s": None}  # fmt: skip


@pytest.mark.parametrize(("values", "share", "wanted"), [([1.0], 0.5, 1.0), ([1.0, 2.0], 0.5, 1.0), ([1.0, 2.0], 0.99, 2.0)])
def test_a_quantile_is_one_of_the_values(values, share, wanted):
    assert quantile(values, share) == wanted
