"""What follows from an alert as it is and from a signal about it, by the time alone. Everything that a sender's word
does to an alert is decided here; matches nothing, pages nobody and records nothing.

Start times tell one episode from a repeated delivery of another. A signal that is older than what is known changes
nothing, so that deliveries may come twice, late, and from several senders of one group.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from msgspec import Struct

from opsbook.ledger import alert_events as events
from opsbook.ledger.alert import Alert
from opsbook.ledger.event import Draft
from opsbook.ledger.signal import Signal

# new: an episode begins · missed: one that is over already · repeat: nothing new · late: older than what is known ·
# held: a person said that it is over a moment ago · dropped: about an alert that is not open · the rest is done.
What = Literal[
    "new", "missed", "repeat", "late", "held", "dropped", "changed", "reopened", "returned", "resolved", "acknowledged",
    "unacknowledged", "noted",
]  # fmt: skip
AGAIN = "again"  # the timer of an alert that a person resolved, and that its sender still spoke of within the window


class Windows(Struct, frozen=True):
    """How long things count: an alert that fires again so soon is the same, and an acknowledgement ends."""

    flap: timedelta
    acknowledged: timedelta


class Heard(Struct, frozen=True):
    """A signal with when it came; `severity` and `severity_why` as they were read for it, empty where it has none."""

    signal: Signal
    at: datetime
    severity: str = ""
    severity_why: str = ""

    @property
    def began(self) -> datetime:
        """When what it tells of began, as far as it says."""
        return self.signal.starts_at or self.at

    @property
    def ended(self) -> datetime:
        """When what it tells of was over; never later than it came."""
        return min(self.signal.ends_at or self.at, self.at)


class Decision(Struct, frozen=True):
    """What follows: `drafts` of the alert's stream, and why; `again_at` is when a held signal is looked at again."""

    what: What
    drafts: tuple[Draft, ...] = ()
    why: str = ""
    again_at: datetime | None = None


def decide(alert: Alert | None, heard: Heard, windows: Windows) -> Decision:
    """What a signal does to the last episode of its alert; None where there never was one."""
    return _DECISIONS[heard.signal.action](alert, heard, windows)


def _firing(alert: Alert | None, heard: Heard, windows: Windows) -> Decision:
    if alert is None:
        return Decision("new")
    return _fires_on(alert, heard, windows) if alert.is_open else _fires_again(alert, heard, windows)


def _fires_on(alert: Alert, heard: Heard, windows: Windows) -> Decision:
    """It is open already. Senders of one group tell starts that differ a little, so only one that is later than the
    acknowledgement, and by more than the window, is another episode whose predecessor's end was lost."""
    acknowledged = alert.acknowledged_at
    if acknowledged is not None and heard.began > max(acknowledged, alert.starts_at + windows.flap):
        why = (
            f"It began again at {_clock(heard.began)}, after {alert.acknowledged_by} had acknowledged it; its end in"
            " between was never told."
        )
        return Decision("reopened", _reopened(alert, heard, why), why)
    drafts = _changes(alert, heard)
    if alert.status == "stale":
        why = "Its sender speaks of it again."
        return Decision("returned", (events.released(why), *drafts), why)
    return Decision("changed", drafts) if drafts else Decision("repeat")


def _fires_again(alert: Alert, heard: Heard, windows: Windows) -> Decision:
    """It was over."""
    over = alert.ends_at or alert.changed_at
    is_same_start = heard.signal.starts_at is None or heard.signal.starts_at == alert.starts_at
    if alert.ended_how == "person":
        return _despite_a_person(alert, heard, over, windows, is_same_start=is_same_start)
    if alert.ended_how != "expired" and _is_known_over(alert, heard, over):
        return Decision("late", why="Its sender has said already that this is over.")
    if alert.ended_how == "expired" and is_same_start and heard.signal.starts_at is not None:
        return _opens(alert, heard, "It was sent again after its time was over.")
    if heard.began - over <= windows.flap:
        return _opens(alert, heard, f"It fires again, {_length(heard.began - over)} after it was over.")
    return Decision("new")


def _is_known_over(alert: Alert, heard: Heard, over: datetime) -> bool:
    """Whether a signal tells of what its sender has ended: by the start that it tells, else by when it came."""
    starts_at = heard.signal.starts_at
    return heard.at < over if starts_at is None else starts_at <= alert.starts_at


def _despite_a_person(
    alert: Alert, heard: Heard, over: datetime, windows: Windows, *, is_same_start: bool
) -> Decision:
    if is_same_start and heard.at - over < windows.flap:
        return Decision("held", why=f"{_ender(alert)} said a moment ago that it is over.", again_at=over + windows.flap)
    if not is_same_start and heard.began - over > windows.flap:
        return Decision("new")
    return _opens(alert, heard, still_fires(alert))


def still_fires(alert: Alert) -> str:
    """Why an alert that a person resolved opens again."""
    return f"{_ender(alert)} said at {_clock(alert.ends_at or alert.changed_at)} that it is over, but it still fires."


def _ender(alert: Alert) -> str:
    return alert.ended_by or "Somebody"


def _opens(alert: Alert, heard: Heard, why: str) -> Decision:
    return Decision("reopened", _reopened(alert, heard, why), why)


def _reopened(alert: Alert, heard: Heard, why: str) -> tuple[Draft, ...]:
    opened = events.reopened(why, starts_at=heard.began, ends_at=heard.signal.ends_at)
    return (opened, *_changes(alert, heard))


def _changes(alert: Alert, heard: Heard) -> tuple[Draft, ...]:
    """What a signal says that is otherwise than what is known; what it does not speak of stays."""
    signal = heard.signal
    what: dict[str, Any] = {}
    if signal.labels and signal.labels != alert.labels:
        what["labels"] = signal.labels
    if signal.annotations and signal.annotations != alert.annotations:
        what["annotations"] = signal.annotations
    what.update(_severity(alert, heard))
    return (events.changed(what), *_graver(alert, what)) if what else ()


def _severity(alert: Alert, heard: Heard) -> Mapping[str, str]:
    if not heard.severity or heard.severity == alert.severity:
        return {}
    return {"severity": heard.severity, "severity_why": heard.severity_why}


def _graver(alert: Alert, what: Mapping[str, Any]) -> tuple[Draft, ...]:
    """That an acknowledgement does not count any more: whoever gave it knew of something less grave."""
    severity = what.get("severity", alert.severity)
    if not alert.acknowledged_by or severity >= alert.severity:
        return ()
    return (events.unacknowledged(f"It is {severity} now, and was {alert.severity} when it was acknowledged."),)


def _resolved(alert: Alert | None, heard: Heard, windows: Windows) -> Decision:
    tells_all = bool(heard.signal.labels) and heard.signal.starts_at is not None
    if alert is None:
        return Decision("missed" if tells_all else "dropped", why="Nothing that is open has this key.")
    if not alert.is_open:
        is_later = tells_all and heard.began > (alert.ends_at or alert.changed_at)
        return Decision("missed" if is_later else "late", why="It was over already.")
    if tells_all and heard.ended < alert.starts_at:
        return Decision("late", why="It tells of an episode before this one.")
    why = f"Its sender says that it is over since {_clock(heard.ended)}."
    notes = (events.noted(heard.signal.note, heard.signal.by or "its sender"),) if heard.signal.note else ()
    return Decision("resolved", (*notes, events.resolved("sender", heard.ended, why, heard.signal.by)), why)


def _acknowledged(alert: Alert | None, heard: Heard, windows: Windows) -> Decision:
    if alert is None or not alert.is_open:
        return Decision("dropped", why="Nothing that is open has this key.")
    if alert.acknowledged_by:
        return Decision("repeat", why=f"{alert.acknowledged_by} has acknowledged it already.")
    by = heard.signal.by or "its sender"
    return Decision("acknowledged", (
        events.acknowledged(by, heard.at + windows.acknowledged, heard.signal.note, via="sender"),
    ))  # fmt: skip


def _snoozed(alert: Alert | None, heard: Heard, windows: Windows) -> Decision:
    if alert is None or not alert.is_open:
        return Decision("dropped", why="Nothing that is open has this key.")
    by, until = heard.signal.by or "its sender", heard.signal.until
    if until is None or until <= heard.at:
        return Decision("late", why="The snooze is over already.")
    if alert.acknowledged_until == until:
        return Decision("repeat")
    why = f"{by} snoozes it until {_clock(until)}."
    return Decision("acknowledged", (events.acknowledged(by, until, why, via="sender", is_snooze=True),), why)


def _unacknowledged(alert: Alert | None, heard: Heard, windows: Windows) -> Decision:
    if alert is None or not alert.acknowledged_by:
        return Decision("dropped", why="Nobody has acknowledged it.")
    by = heard.signal.by or "its sender"
    why = f"{by} takes the acknowledgement of {alert.acknowledged_by} back."
    return Decision("unacknowledged", (events.unacknowledged(why, by),), why)


def _noted(alert: Alert | None, heard: Heard, windows: Windows) -> Decision:
    by, text = heard.signal.by or "its sender", heard.signal.note
    if alert is None or not text:
        return Decision("dropped", why="Nothing has this key." if alert is None else "It says nothing.")
    if any(note.text == text and note.by == by and note.at >= heard.at for note in alert.notes):
        return Decision("repeat")  # the batch was read once before, and not to its end
    return Decision("noted", (events.noted(text, by),))


def _graded(alert: Alert | None, heard: Heard, windows: Windows) -> Decision:
    """How grave it is, or some of what it says, is told anew; the rest stays."""
    if alert is None or not alert.is_open:
        return Decision("dropped", why="Nothing that is open has this key.")
    what: dict[str, Any] = dict(_severity(alert, heard))
    for part, known, told in (
        ("labels", alert.labels, heard.signal.labels), ("annotations", alert.annotations, heard.signal.annotations),
    ):  # fmt: skip
        if any(known.get(name) != text for name, text in told.items()):
            what[part] = {**known, **told}
    if not what:
        return Decision("repeat")
    return Decision("changed", (events.changed(what, heard.severity_why), *_graver(alert, what)))


def _change(alert: Alert | None, heard: Heard, windows: Windows) -> Decision:
    return Decision("dropped", why="It tells of a change, which is no alert.")


_DECISIONS: dict[str, Callable[[Alert | None, Heard, Windows], Decision]] = {
    "firing": _firing,
    "resolved": _resolved,
    "acknowledged": _acknowledged,
    "unacknowledged": _unacknowledged,
    "note": _noted,
    "snoozed": _snoozed,
    "priority": _graded,
    "change": _change,
}


def _clock(at: datetime) -> str:
    return f"{at:%H:%M:%S} UTC"


def _length(length: timedelta) -> str:
    seconds = max(0, round(length.total_seconds()))
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"
