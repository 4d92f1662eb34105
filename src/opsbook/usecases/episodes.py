"""What becomes of one alert by what is told of it: its episodes, each with what is to be recorded. Records nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from opsbook.ledger import alert_events as events
from opsbook.ledger.alert import Alert, after, identity, stream_of
from opsbook.ledger.alert_groups import group_key
from opsbook.ledger.alert_moves import AGAIN, Decision, Heard, Windows, decide
from opsbook.ledger.event import Draft, Event
from opsbook.ledger.signal import Signal, Source
from opsbook.usecases.ledger_ports import Timer
from opsbook.usecases.matching import Match, Matcher

ENDS, QUIET, ACK = "ends", "quiet", "ack"
LOOK = "look"  # a person changed it, and whoever routes is to see whether people are to be paged for it
TIMERS = (ENDS, QUIET, AGAIN, ACK, LOOK)
# Kinds of inlets whose sender says again what still fires; by its silence it tells something. Alertmanager's usual
# repeat_interval is 4 hours, Grafana's too.
REPEATING = frozenset({"alertmanager", "grafana"})
FIRST_QUIET = timedelta(hours=6)
EXPIRING = "alertmanager-api"  # the kind of those whose alerts are over when they are not posted again


class Spoken(Struct, frozen=True):
    """A signal with who sent it in which batch, what the book says of it, and the group that it would begin in."""

    heard: Heard
    source: Source
    batch: str
    match: Match
    group: str

    @property
    def signal(self) -> Signal:
        """What was sent."""
        return self.heard.signal


class Told(Struct, frozen=True):
    """All that is told of one identity at a time, in order."""

    name: str
    spoken: tuple[Spoken, ...]


class Episode(Struct, frozen=True):
    """One episode as it is recorded and as it is to be: `drafts` make `after` of `before`."""

    id: str
    before: Alert | None
    after: Alert | None
    drafts: tuple[Draft, ...] = ()
    timers: tuple[Timer, ...] = ()
    clears: tuple[str, ...] = ()

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to record."""
        return not (self.drafts or self.timers or self.clears)

    def adding(self, drafts: Iterable[Draft], at: datetime) -> Episode:
        """The same with more drafts."""
        more = tuple(drafts)
        return replace(self, drafts=(*self.drafts, *more), after=imagined(self.after, self.id, more, at))


def imagined(alert: Alert | None, id: str, drafts: Iterable[Draft], at: datetime) -> Alert | None:
    """The alert as it would be after drafts."""
    stream, number = stream_of(id), alert.number if alert is not None else 0
    for draft in drafts:
        number += 1
        alert = after(alert, Event(stream, number, 0, at, "", draft.kind, draft.facts, "", ""))
    return alert


class Telling(Struct, frozen=True):
    """What is needed to tell episodes: how alerts are matched, grouped and named."""

    matcher: Matcher
    windows: Windows
    group_by: Sequence[str]
    new_id: Callable[[], str]

    def spoken(self, source: Source, signal: Signal, at: datetime, batch: str) -> Spoken:
        """A signal as it came, with all that is looked up for it."""
        match = self.matcher.match(signal.labels, signal.annotations, signal.severity)
        is_graded = signal.action == "firing" or (signal.action == "priority" and signal.severity != "")
        heard = Heard(signal, at, match.severity, match.severity_why) if is_graded else Heard(signal, at)
        group = group_key(
            signal.labels, match.service, self.group_by, identity=identity(source.group, signal.key),
            is_drill=source.is_drill,
        )  # fmt: skip
        return Spoken(heard, source, batch, match, group)

    def episodes(self, told: Told, last: Alert | None, now: datetime) -> list[Episode]:
        """What becomes of the last episode, and those that begin; the ones without anything to record are left out."""
        done: list[Episode] = []
        current = Episode(last.id if last is not None else "", last, last)
        for each in told.spoken:
            decision = decide(current.after, each.heard, self.windows)
            if decision.what in ("new", "missed"):
                done.append(current)
                current = self._begun(each, decision, now)
            else:
                current = self._going_on(current, each, decision, now)
        return [each for each in (*done, current) if not each.is_idle]

    def _begun(self, spoken: Spoken, decision: Decision, now: datetime) -> Episode:
        source, heard, match, signal, id = spoken.source, spoken.heard, spoken.match, spoken.signal, self.new_id()
        is_over = decision.what == "missed"
        why_not = "It was over before anybody could be paged." if is_over else ""
        draft = events.fired(
            key=signal.key, source=source.name, source_group=source.group, labels=signal.labels,
            annotations=signal.annotations, fingerprint=signal.key, starts_at=heard.began,
            ends_at=signal.ends_at, severity=match.severity, severity_why=match.severity_why, service=match.service,
            group=spoken.group, place=match.place, generator=signal.generator, links=signal.links,
            batch=spoken.batch, is_drill=source.is_drill, why_not_paged=why_not,
        )  # fmt: skip
        begun = Episode(id, None, imagined(None, id, (draft,), now), (draft,))
        if is_over:
            why = f"It was over since {heard.ended:%H:%M:%S} UTC when it was first heard of."
            return begun.adding((events.resolved("sender", heard.ended, why),), now)
        return replace(begun, timers=_timers(id, spoken))

    def _going_on(self, current: Episode, spoken: Spoken, decision: Decision, now: datetime) -> Episode:
        alert, heard = current.after, spoken.heard
        if alert is None:
            return current
        drafts = list(decision.drafts)
        if decision.what in ("changed", "reopened", "returned") and heard.signal.action == "firing":
            drafts += _rematched(alert, spoken.match)
        going = current.adding(drafts, now)
        if decision.what in ("resolved", "late") and going.after is not None and not going.after.is_open:
            clears = TIMERS if decision.what == "resolved" else (AGAIN,) if alert.ended_how == "person" else ()
            return replace(going, timers=(), clears=clears)
        if decision.again_at is not None:
            again = Timer(stream_of(alert.id), AGAIN, decision.again_at, {"starts_at": heard.began.isoformat()})
            return replace(going, timers=(*_without(going.timers, AGAIN), again))
        if decision.what == "reopened":
            return replace(going, timers=_timers(alert.id, spoken), clears=(AGAIN, ACK))
        if decision.what == "acknowledged" and going.after is not None and going.after.acknowledged_until:
            timer = Timer(stream_of(alert.id), ACK, going.after.acknowledged_until)
            return replace(going, timers=(*_without(going.timers, ACK), timer))
        if decision.what in ("changed", "returned", "repeat") and heard.signal.action == "firing":
            return _counted_longer(going, spoken)
        return going


def _counted_longer(going: Episode, spoken: Spoken) -> Episode:
    """An alert that counts until a time, and is told again, counts longer: its timer is moved, no more."""
    ends, alert = spoken.signal.ends_at, going.after
    if ends is None or alert is None or (alert.ends_at is not None and ends <= alert.ends_at):
        return going
    return replace(going, timers=(*_without(going.timers, ENDS), *_timers(alert.id, spoken)))


def _rematched(alert: Alert, match: Match) -> list[Draft]:
    """The place and the service, where what it says now leads elsewhere."""
    what: dict[str, Any] = {}
    if match.place is not None and _spot(match.place) != _spot(alert.place):
        what["place"] = msgspec.to_builtins(match.place)
    if match.service is not None and match.service != alert.service:
        what["service"] = match.service
    return [events.changed(what)] if what else []


def _timers(id: str, spoken: Spoken) -> tuple[Timer, ...]:
    ends, facts = spoken.signal.ends_at, {"kind": spoken.source.kind}
    if ends is not None:
        return (Timer(stream_of(id), ENDS, ends, facts),)
    if spoken.source.kind in REPEATING:
        return (Timer(stream_of(id), QUIET, spoken.heard.at + FIRST_QUIET, facts),)
    return ()


def _spot(place: events.Place | None) -> tuple[str, str] | None:
    return (place.path, place.anchor) if place is not None else None


def _without(timers: tuple[Timer, ...], name: str) -> tuple[Timer, ...]:
    return tuple(timer for timer in timers if timer.name != name)
