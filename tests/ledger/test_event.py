"""The chain of events: whatever is changed, cut, put in or taken out shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from opsbook.ledger.event import CHECKPOINTS, NO_HASH, Draft, Event, canonical, checkpoint, hash_of, shown_facts, verify

AT = datetime(2026, 11, 23, 3, 10, tzinfo=UTC)


def recorded(*streams: str) -> list[Event]:
    """A whole ledger with an event in each of these streams, one after the other; `ledger` is a checkpoint."""
    events: list[Event] = []
    heads: dict[str, tuple[int, str]] = {}
    for position, stream in enumerate(streams, start=1):
        draft = checkpoint(heads) if stream == CHECKPOINTS else Draft("Tried", {"n": position})
        number, previous = heads.get(stream, (0, NO_HASH))
        place = {"stream": stream, "number": number + 1, "position": position, "at": AT, "actor": "ada"}
        digest = hash_of(draft.kind, canonical(draft.facts), **place, previous_hash=previous)
        events.append(Event(**place, kind=draft.kind, facts=draft.facts, previous_hash=previous, hash=digest))
        heads[stream] = (number + 1, digest)
    return events


WHOLE = recorded("a", "b", "a", "a", CHECKPOINTS, "b", CHECKPOINTS)


def without(*positions: int) -> list[Event]:
    return [event for event in WHOLE if event.position not in positions]


def test_a_whole_ledger_and_a_whole_stream_have_no_fault():
    assert verify(WHOLE) == verify([]) == []
    assert verify([event for event in WHOLE if event.stream == "a"], is_whole=False) == []
    assert verify([event for event in WHOLE if event.stream == "b"], is_whole=False) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"actor": "eve"}, "its hash does not fit"), ({"at": AT + timedelta(seconds=1)}, "its hash does not fit"),
        ({"facts": {"n": 4}}, "its hash does not fit"), ({"kind": "Told"}, "its hash does not fit"),
        ({"hash": "0" * 64}, "its hash does not fit"), ({"previous_hash": "0" * 64}, "recorded after another event"),
    ],
)  # fmt: skip
def test_a_changed_event_is_told_with_its_place(change, fault):
    changed = [structs.replace(event, **change) if event.position == 3 else event for event in WHOLE]
    faults = verify(changed)
    assert faults[0].startswith("a 2 (")
    assert fault in " ".join(faults)


def test_an_event_made_anew_with_its_hash_breaks_with_the_next():
    forged = recorded("a", "b", "a")[2]
    facts = {"n": "forged"}
    digest = hash_of(
        "Tried",
        canonical(facts),
        stream="a",
        number=2,
        position=3,
        at=AT,
        actor="ada",
        previous_hash=forged.previous_hash,
    )
    changed = [structs.replace(e, facts=facts, hash=digest) if e.position == 3 else e for e in WHOLE]
    assert [fault.partition(": ")[2][:38] for fault in verify(changed)] == ["it was recorded after another event th"]


def test_a_missing_event_is_told():
    assert "a 3 (Tried, 2026-11-23T03:10:00+00:00): the number follows 1: 1 event is missing." in verify(without(3))
    assert "Position 4 follows 2: 1 event is missing." in verify(without(3))


def renumbered(events: list[Event]) -> list[Event]:
    """The events with positions that have no gap and hashes that fit, as a careful forger would leave them; the
    checkpoints say what they said."""
    heads: dict[str, tuple[int, str]] = {}
    forged = []
    for position, event in enumerate(events, start=1):
        number, previous = heads.get(event.stream, (0, NO_HASH))
        place = {
            "stream": event.stream,
            "number": number + 1,
            "position": position,
            "at": event.at,
            "actor": event.actor,
        }
        digest = hash_of(event.kind, canonical(event.facts), **place, previous_hash=previous)
        forged.append(Event(**place, kind=event.kind, facts=event.facts, previous_hash=previous, hash=digest))
        heads[event.stream] = (number + 1, digest)
    return forged


@pytest.mark.parametrize(("gone", "what"), [((4,), "a cut tail"), ((2, 6), "a missing stream"), ((1,), "a cut head")])
def test_a_checkpoint_shows_what_a_careful_forger_took_out(gone, what):
    forged = renumbered(without(*gone))
    assert all("checkpoint does not agree" in fault for fault in verify(forged)), what
    assert verify(forged)


def test_events_in_a_wrong_order_are_told():
    assert "Position 1 follows 2: they do not count up." in verify([WHOLE[1], WHOLE[0]])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), JSON, max_size=5))
def test_what_is_read_again_has_the_same_encoding(facts):
    encoded = canonical(facts)
    assert canonical(msgspec.json.decode(encoded)) == encoded
    assert b"\n" not in encoded


def test_the_order_of_facts_does_not_matter():
    assert canonical({"a": 1, "b": {"c": 2, "d": 3}}) == canonical({"b": {"d": 3, "c": 2}, "a": 1})


def test_hashes_are_not_shown():
    event = structs.replace(WHOLE[0], facts={"role": "admin", "password_hash": "x", "secret_hash": "y"})
    assert shown_facts(event) == {"role": "admin"}
