"""Whatever people do with incidents in whatever order: refused or done, times in their order, the view as the events."""

from __future__ import annotations

import tempfile
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.usecases.incident_world import IncidentWorld, opened

from opsbook.book.impact import Impact
from opsbook.ground.errors import Refusal, Usage
from opsbook.ledger.event import verify
from opsbook.ledger.incident import EDITABLE, Incident
from opsbook.ledger.incident_events import Members
from opsbook.ledger.incident_moves import TIMES, WORDS

NUMBERS = st.sampled_from([1, 2, 3, 1, 2, 3, 4, 9])
PEOPLE = st.sampled_from(["ada", "@ben", "Cem Kaya", "ada", "stranger", ""])
TEXTS = st.sampled_from(["It is down", "It is slow", "It is down", "a\nb\u202e", "", "x" * 301])
ALERTS = st.integers(0, 3)
AGO = st.none() | st.integers(-5, 120).map(lambda minutes: timedelta(minutes=minutes))
IMPACTS = st.none() | st.builds(
    Impact, st.none() | st.sampled_from([0.0, 3.0, 60.0, 101.0]), st.sampled_from([(), ("login",)]),
    st.sampled_from(["", "none", "lost"]), st.none() | st.booleans(), st.sampled_from(["", "none", "full"]),
)  # fmt: skip
EXPECTED = st.none() | st.integers(0, 12)
VALUES = TEXTS | AGO | st.just(["a", "b"]) | st.integers()
STEP = st.one_of(
    st.tuples(st.just("declare"), TEXTS, st.sampled_from(["", "P0", "P2", "sev9"]), IMPACTS, ALERTS, AGO),
    st.tuples(st.just("acknowledge"), NUMBERS, PEOPLE),
    st.tuples(st.just("note"), NUMBERS, PEOPLE, TEXTS, AGO),
    st.tuples(st.just("rate"), NUMBERS, st.sampled_from(["", "P0", "P3", "what"]), IMPACTS, TEXTS, EXPECTED),
    st.tuples(st.just("move"), NUMBERS, st.sampled_from([*WORDS, "gone"]), AGO, EXPECTED),
    st.tuples(st.just("edit"), NUMBERS, st.sampled_from([*EDITABLE, "severity"]), VALUES, EXPECTED),
    st.tuples(st.just("assign"), NUMBERS, st.sampled_from(["commander", "IC", "expert", "queen"]), PEOPLE),
    st.tuples(st.just("release"), NUMBERS, st.sampled_from(["commander", "expert"]), PEOPLE),
    st.tuples(st.just("task"), NUMBERS, st.integers(0, 5), st.sampled_from(["open", "done", "dropped", "what"])),
    st.tuples(st.just("call"), NUMBERS, PEOPLE, TEXTS),
    st.tuples(st.just("attach"), NUMBERS, ALERTS),
    st.tuples(st.just("detach"), NUMBERS, ALERTS),
    st.tuples(st.just("merge"), NUMBERS, NUMBERS),
    st.tuples(st.just("duplicate"), NUMBERS, NUMBERS),
    st.tuples(st.just("split"), NUMBERS, ALERTS, TEXTS),
    st.tuples(st.just("correct"), NUMBERS, st.integers(0, 9), TEXTS, AGO),
    st.tuples(st.just("pin"), NUMBERS, st.integers(0, 9), st.booleans()),
    st.tuples(st.just("promise"), NUMBERS, TEXTS, st.sampled_from(["", "2026-12-01", "soon"])),
    st.tuples(st.just("end"), ALERTS),
    st.tuples(st.just("later"), st.integers(1, 60)),
)  # fmt: skip


class Play:
    """A world in which steps are taken, whether they are refused or not."""

    def __init__(self, world: IncidentWorld) -> None:
        self.world = world
        self.alerts = [world.alert(f"A{count}", f"P{count}") for count in range(4)]
        for alert in self.alerts[:2]:
            world.page(alert)

    def take(self, step: tuple) -> None:
        """Takes a step; only what the verbs say that they raise is forgiven."""
        try:
            getattr(self, step[0])(*step[1:])
        except (Refusal, Usage) as refused:
            assert str(refused).strip()

    def since(self, ago):
        return self.world.at - ago if isinstance(ago, timedelta) else ago

    def declare(self, title, severity, impact, alert, ago):
        members = Members(alerts=(self.alerts[alert],)) if alert else Members()
        self.world.declare(title, severity=severity, impact=impact or Impact(), members=members,
                           started_at=self.since(ago))  # fmt: skip

    def acknowledge(self, number, by):
        self.world.acts.acknowledge(number, by)

    def note(self, number, by, text, ago):
        self.world.acts.note(number, by, text, happened_at=self.since(ago))

    def rate(self, number, severity, impact, why, expected):
        self.world.acts.rate(number, "ada", severity=severity, impact=impact, why=why, expected=expected)

    def move(self, number, state, ago, expected):
        self.world.acts.move(number, "ada", state, happened_at=self.since(ago), expected=expected)

    def edit(self, number, field, value, expected):
        self.world.acts.edit(number, "ben", field, self.since(value), expected=expected)

    def assign(self, number, role, person):
        self.world.acts.assign(number, "ada", role, person)

    def release(self, number, role, person):
        self.world.acts.release(number, "ada", role, person)

    def task(self, number, task, state):
        self.world.acts.set_task(number, "ada", task, state)

    def call(self, number, person, why):
        self.world.acts.call(number, "ada", person, why)

    def attach(self, number, alert):
        self.world.acts.attach(number, "ada", Members(alerts=(self.alerts[alert],)))

    def detach(self, number, alert):
        self.world.acts.detach(number, "ada", Members(alerts=(self.alerts[alert],)))

    def merge(self, number, into):
        self.world.acts.merge(number, into, "ada")

    def duplicate(self, number, of):
        self.world.acts.duplicate(number, of, "ada")

    def split(self, number, alert, title):
        self.world.acts.split(number, "ada", Members(alerts=(self.alerts[alert],)), title=title)

    def correct(self, number, entry, text, ago):
        made = self.world.acts.find(number)
        self.world.acts.correct(number, "ben", f"incident/{made.id}:{entry}", "It was wrong", text=text,
                                happened_at=self.since(ago))  # fmt: skip

    def pin(self, number, entry, is_pinned):
        made = self.world.acts.find(number)
        self.world.acts.pin(number, "ben", f"incident/{made.id}:{entry}", is_pinned)

    def promise(self, number, text, due):
        self.world.acts.promise(number, "ada", text, due=due)

    def end(self, alert):
        if self.world.read_alert(self.alerts[alert]).is_open:
            self.world.ended(self.alerts[alert])

    def later(self, minutes):
        self.world.forward(minutes=minutes)


def check(play: Play) -> None:
    """What holds whatever was done."""
    world = play.world
    found = world.acts.select(limit=1000)
    for each in found:
        assert world.refolded(each) == world.row(each) == each
        check_times(each)
        assert len(each.holders("commander")) <= 1
    by_number = {each.number: each for each in found}
    assert sorted(by_number) == list(range(1, len(found) + 1))
    for id in play.alerts:
        number = world.read_alert(id).incident
        assert [each.number for each in found if id in each.alerts] == ([number] if number else [])
    assert verify(world.ledger.after(0, 1_000_000)) == []


def check_times(incident: Incident) -> None:
    known = [getattr(incident, name) for name, _ in TIMES if name != "detected_at"]
    told = [each for each in known if each is not None]
    assert told == sorted(told)
    if incident.started_at is not None and incident.detected_at is not None:
        assert incident.started_at <= incident.detected_at
    assert (incident.resolved_at is None) == incident.is_live


FIRST = [("declare", f"It is {count}", f"P{count}", None, count, None) for count in (1, 2, 3)]


def played(steps: list[tuple]) -> None:
    with tempfile.TemporaryDirectory() as folder, closing(opened(Path(folder))) as ledger:
        play = Play(IncidentWorld(ledger))
        for step in (*FIRST, *steps):
            play.take(step)
        check(play)


@settings(max_examples=40)
@given(st.lists(STEP, min_size=5, max_size=30))
def test_whatever_is_done_is_refused_or_done_whole(steps):
    played(steps)


@pytest.mark.torture
@settings(max_examples=1500)
@given(st.lists(STEP, min_size=10, max_size=80))
def test_whatever_is_done_for_long_is_refused_or_done_whole(steps):
    played(steps)
