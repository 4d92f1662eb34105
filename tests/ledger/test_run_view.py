"""The row of a run says what the fold of the whole run says, after any events in any order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from opsbook.book.plan import Plan, PlannedStep, Script
from opsbook.ledger import run_events as events
from opsbook.ledger.event import Draft, Event
from opsbook.ledger.run import Run, folded
from opsbook.ledger.run_view import RUNS
from opsbook.ledger.view import Row

AT = datetime(2026, 11, 26, 3, 10, tzinfo=UTC)
STEPS = (
    PlannedStep("1", "steps", "manual", "Look", 3, "a.md"),
    PlannedStep("2", "steps", "command", "Do", 4, "a.md", Script("true")),
    PlannedStep("rollback.1", "rollback", "command", "Undo", 5, "a.md", Script("false"), undoes="2"),
)
STARTED = events.run_started(
    Plan("a.md", "do", "Do", STEPS), document="# A", blob="b10b", commit=None, aliases=(), editor="", node="here",
    is_interactive=True, assumes_yes=False, is_dry=False,
)  # fmt: skip
numbers = st.sampled_from([step.number for step in STEPS])
whys = st.sampled_from(["", "because"])


def _attempt(kind: str) -> st.SearchStrategy[Draft]:
    keys = st.sampled_from(["k1", "k2", "k3"])
    if kind == "began":
        return st.builds(
            lambda n, k: events.attempt_intended(n, k, target="local", purpose="step", epoch=1, limit_at=None),
            numbers, keys,
        )  # fmt: skip
    outcomes = st.sampled_from(["finished", "lost", "killed"])
    return st.builds(
        lambda n, k, outcome: events.attempt_ended(
            n, k, outcome=outcome, exit_code=0, is_ok=True, why="", started_at=AT, ended_at=AT
        ),
        numbers, keys, outcomes,
    )  # fmt: skip


drafts: st.SearchStrategy[Draft] = st.one_of(
    st.builds(events.run_taken, st.just("r"), st.integers(1, 3)),
    st.builds(events.run_paused, whys),
    st.builds(events.run_held, whys, st.sampled_from(["", "other"])),
    st.builds(events.run_resumed, whys),
    st.builds(events.cancel_asked, whys),
    st.builds(events.phase_begun, st.sampled_from(["verification", "rollback"]), whys),
    st.builds(events.run_ended, st.sampled_from(["succeeded", "failed", "cancelled"]), whys),
    st.builds(events.person_asked, numbers, st.sampled_from(["confirm", "approval", "failed", "ask"]), whys),
    st.builds(events.step_answered, numbers),
    st.builds(events.step_approved, numbers, st.just("d")),
    st.builds(
        events.step_ended, numbers, st.sampled_from(["done", "failed", "skipped"]), undoes=st.sampled_from(["", "2"])
    ),
    st.builds(events.step_unknown, numbers, whys),
    st.builds(
        events.step_decided, numbers, st.sampled_from(["done", "again", "failed", "undo", "roll-back", "abort"]), whys
    ),
    _attempt("began"),
    _attempt("ended"),
)


def recorded(made: list[Draft]) -> list[Event]:
    """The drafts as a ledger gives them back, a second apart."""
    return [
        Event("run/x", n, n, AT + timedelta(seconds=n), "mira", draft.kind, draft.facts, "", "")
        for n, draft in enumerate([STARTED, *made], 1)
    ]


def row_of(made: list[Event]) -> Row:
    row: Row | None = None
    for event in made:
        row = RUNS.fold(row, event)
    assert row is not None
    return row


@given(st.lists(drafts, max_size=12))
def test_a_row_says_what_the_whole_run_says(made: list[Draft]):
    history = recorded(made)
    run = folded(history)
    assert run is not None
    row = row_of(history)
    assert _of_row(row) == _of_run(run), [event.kind for event in history]


def _of_run(run: Run) -> dict[str, Any]:
    return {
        "state": run.state, "is_open": not run.has_ended, "is_paused": run.is_paused, "aims": run.aims,
        "ended_at": run.ended_at.isoformat() if run.ended_at else None, "why": run.why, "behind": run.behind,
        "unknown": sorted(step.number for step in run.steps if step.state == "unknown"),
        "asked": sorted(step.number for step in run.steps if step.asked is not None),
    }  # fmt: skip


def _of_row(row: Row) -> dict[str, Any]:
    seen = {name: row.document[name] for name in ("state", "is_paused", "aims", "ended_at", "why", "behind")}
    return {**seen, "is_open": row.is_open, "unknown": sorted(row.document["unknown"]), "asked": sorted(row.document["asked"])}


def test_a_row_says_whom_it_waits_for_and_how_long_steps_took():
    asked = events.person_asked("1", "confirm", "Look")
    row = row_of(recorded([asked]))
    assert (row.group, row.is_open, row.document["waits_for"]) == ("a.md#do", True, "a person at step 1")
    row = row_of(recorded([asked, events.step_answered("1"), events.step_ended("1", "done")]))
    assert (row.document["took"], row.document["waits_for"]) == ({"1": 2.0}, "")


def test_a_run_that_is_taken_up_again_is_open_again():
    failed = [events.step_ended("2", "failed", "no"), events.run_ended("failed", "no")]
    assert not row_of(recorded(failed)).is_open
    assert row_of(recorded([*failed, events.phase_begun("rollback", "on request")])).is_open
