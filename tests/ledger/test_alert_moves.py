"""What a sender's word does to an alert, as a table: the alert, what is heard when, and what follows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from opsbook.ledger import alert_events as events
from opsbook.ledger.alert import Alert, after, stream_of
from opsbook.ledger.alert_groups import group_key
from opsbook.ledger.alert_moves import Heard, Windows, decide
from opsbook.ledger.event import Event
from opsbook.ledger.signal import Action, Signal

NOON = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
WINDOWS = Windows(timedelta(minutes=10), timedelta(minutes=30))
LABELS = {"alertname": "ApiDown"}


def minutes(count: float) -> datetime:
    return NOON + timedelta(minutes=count)


def alert(*drafts, at: datetime = NOON) -> Alert:
    """An alert that began at noon, and what happened to it since, all `at` one time."""
    begun = events.fired(
        key="k", source="am", source_group="am", labels=LABELS, annotations={}, fingerprint="k", starts_at=NOON,
        ends_at=None, severity="P1", severity_why="", service=None, group="g", place=None,
    )  # fmt: skip
    found = None
    for number, draft in enumerate((begun, *drafts), 1):
        found = after(found, Event(stream_of("a"), number, 0, at, "x", draft.kind, draft.facts, "", ""))
    assert found is not None
    return found


def resolved(how: str, at: float) -> events.Draft:
    return events.resolved(how, minutes(at), "Over.", "ada" if how == "person" else "")


OPEN = alert()
TAKEN = alert(events.acknowledged("ada", minutes(30)), at=minutes(1))
STALE = alert(events.stale("Quiet."))
ENDED = alert(resolved("sender", 5))
EXPIRED = alert(resolved("expired", 5))
SAID = alert(resolved("person", 5))


@pytest.mark.parametrize(
    ("before", "action", "start", "at", "what"),
    [
        (None, "firing", 0, 0, "new"),
        (None, "resolved", 0, 1, "missed"),
        (None, "resolved", None, 1, "dropped"),
        (None, "acknowledged", None, 1, "dropped"),
        (None, "note", None, 1, "dropped"),
        (None, "change", None, 1, "dropped"),
        (OPEN, "firing", 0, 1, "repeat"),
        (OPEN, "firing", None, 1, "repeat"),
        (OPEN, "firing", 0.7, 1, "repeat"),  # another of the same senders, some seconds later
        (OPEN, "resolved", 0, 5, "resolved"),
        (OPEN, "resolved", None, 5, "resolved"),
        (OPEN, "acknowledged", None, 5, "acknowledged"),
        (OPEN, "unacknowledged", None, 5, "dropped"),
        (OPEN, "change", None, 5, "dropped"),
        (TAKEN, "firing", 0, 5, "repeat"),
        (TAKEN, "firing", 2, 5, "repeat"),
        (TAKEN, "firing", 15, 16, "reopened"),  # it was over in between, and nobody heard of that
        (TAKEN, "acknowledged", None, 5, "repeat"),
        (TAKEN, "unacknowledged", None, 5, "unacknowledged"),
        (STALE, "firing", 0, 500, "returned"),
        (STALE, "resolved", 0, 500, "resolved"),
        (ENDED, "firing", 0, 6, "late"),
        (ENDED, "firing", None, 4, "late"),
        (ENDED, "firing", None, 6, "reopened"),
        (ENDED, "firing", 6, 6, "reopened"),
        (ENDED, "firing", 14.9, 15, "reopened"),
        (ENDED, "firing", 15.1, 16, "new"),
        (ENDED, "resolved", 0, 6, "late"),
        (ENDED, "resolved", 6, 7, "missed"),
        (ENDED, "acknowledged", None, 6, "dropped"),
        (EXPIRED, "firing", 0, 60, "reopened"),  # what was sent again fires still
        (EXPIRED, "firing", 60, 60, "new"),
        (SAID, "firing", 0, 6, "held"),
        (SAID, "firing", None, 6, "held"),
        (SAID, "firing", 0, 16, "reopened"),
        (SAID, "firing", 6, 6, "reopened"),
        (SAID, "firing", 60, 60, "new"),
        (SAID, "resolved", 0, 6, "late"),
    ],
)
def test_what_follows(before, action, start, at, what):
    starts_at = None if start is None else minutes(start)
    signal = Signal("k", action, LABELS if start is not None else {}, starts_at=starts_at, note="Hm." if action == "note" else "")
    decision = decide(before, Heard(signal, minutes(at)), WINDOWS)
    assert decision.what == what
    assert bool(decision.drafts) == (what in ("resolved", "acknowledged", "unacknowledged", "reopened", "returned"))


def test_an_end_of_an_episode_before_this_one_is_late():
    signal = Signal("k", "resolved", LABELS, starts_at=minutes(-10), ends_at=minutes(-5))
    assert decide(OPEN, Heard(signal, minutes(1)), WINDOWS).what == "late"


def test_an_end_in_the_future_ends_it_when_it_was_heard():
    signal = Signal("k", "resolved", LABELS, starts_at=NOON, ends_at=minutes(500_000))
    (draft,) = decide(OPEN, Heard(signal, minutes(1)), WINDOWS).drafts
    assert draft.facts["at"] == minutes(1).isoformat()


def test_what_gets_graver_is_not_taken_care_of_any_more():
    heard = Heard(Signal("k", "priority", severity="P0"), minutes(5), "P0", "Its sender says so.")
    kinds = [draft.kind for draft in decide(TAKEN, heard, WINDOWS).drafts]
    assert kinds == [events.ALERT_CHANGED, events.ALERT_UNACKNOWLEDGED]
    calmer = Heard(Signal("k", "priority", severity="P3"), minutes(5), "P3", "Its sender says so.")
    assert [draft.kind for draft in decide(TAKEN, calmer, WINDOWS).drafts] == [events.ALERT_CHANGED]


def test_a_snooze_is_an_acknowledgement_until_its_end():
    (draft,) = decide(OPEN, Heard(Signal("k", "snoozed", until=minutes(90), by="eve"), minutes(1)), WINDOWS).drafts
    assert (draft.kind, draft.facts["until"]) == (events.ALERT_ACKNOWLEDGED, minutes(90).isoformat())
    assert decide(OPEN, Heard(Signal("k", "snoozed", until=minutes(0)), minutes(1)), WINDOWS).what == "late"


def test_a_note_that_was_read_before_a_crash_is_not_kept_twice():
    noted = alert(events.noted("Hm.", "eve"), at=minutes(2))
    heard = Heard(Signal("k", "note", note="Hm.", by="eve"), minutes(1))
    assert decide(noted, heard, WINDOWS).what == "repeat"
    assert decide(noted, replace(heard, at=minutes(3)), WINDOWS).what == "noted"


ACTIONS = st.sampled_from(Action.__args__)
TIMES = st.none() | st.integers(-2000, 2000).map(minutes)


@given(st.lists(st.tuples(ACTIONS, TIMES, TIMES, st.integers(0, 60)), max_size=12))
def test_whatever_is_heard_in_whatever_order_is_decided(told):
    """Nothing raises, what is open has not ended, and a second reading of the same changes nothing that matters."""
    found, at = None, NOON
    for action, start, end, pause in told:
        at += timedelta(minutes=pause)
        heard = Heard(Signal("k", action, LABELS, starts_at=start, ends_at=end, note="x"), at, "P1", "")
        decision = decide(found, heard, WINDOWS)
        if decision.what in ("new", "missed"):
            found = alert(*([resolved("sender", 0)] if decision.what == "missed" else []), at=at)
        for draft in decision.drafts:
            assert found is not None
            found = after(found, Event(stream_of("a"), found.number + 1, 0, at, "x", draft.kind, draft.facts, "", ""))
        assert found is None or found.is_open == (found.status != "resolved")
        if decision.what in ("resolved", "acknowledged"):
            assert decide(found, heard, WINDOWS).what in ("late", "repeat", "dropped", "missed")


@pytest.mark.parametrize(
    ("labels", "service", "key"),
    [
        ({"alertname": "Down", "service": "web", "instance": "1"}, "web", '{alertname="Down", service="web"}'),
        ({"alertname": "Down"}, "web", '{alertname="Down", service="web"}'),
        ({"alertname": "Down"}, None, '{alertname="Down"}'),
        ({"alertname": 'A "b" \\ c\n'}, None, '{alertname="A \\"b\\" \\\\ c\\n"}'),
        ({"service": "web"}, "web", "am/k"),
        ({}, None, "am/k"),
    ],
)
def test_alerts_are_grouped_by_labels_and_else_stand_alone(labels, service, key):
    assert group_key(labels, service, ("alertname", "service"), identity="am/k") == key
    assert group_key(labels, service, ("alertname", "service"), identity="am/k", is_drill=True) == f"drill {key}"


def test_groups_by_other_labels_need_no_name():
    assert group_key({"cluster": "eu"}, None, ("cluster",), identity="am/k") == '{cluster="eu"}'
