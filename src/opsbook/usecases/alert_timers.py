"""What becomes of alerts whose timers are due: their time is over, their sender is quiet, nobody answered. Records
nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from opsbook.ledger import alert_events as events
from opsbook.ledger.alert import Alert, alert_of, identity
from opsbook.ledger.alert_events import ALERTS
from opsbook.ledger.alert_moves import AGAIN, still_fires
from opsbook.usecases.episodes import ACK, ENDS, EXPIRING, QUIET, Episode
from opsbook.usecases.ledger_ports import EngineLedger, Sighting, Timer

LEAST_QUIET = timedelta(hours=1)
MISSED = 3  # so many repeats in a row that did not come are a silence


def looked_at(ledger: EngineLedger, timers: Sequence[Timer], now: datetime) -> list[Episode]:
    """What is to be recorded of the alerts of these timers; each timer is cleared or set anew."""
    due: dict[str, list[Timer]] = {}
    for timer in timers:
        due.setdefault(timer.stream, []).append(timer)
    rows = {stream: ledger.row("alerts", stream) for stream in due}
    alerts = {stream: alert_of(row) for stream, row in rows.items() if row is not None}
    seen = ledger.sighted([sighting_name(alert) for alert in alerts.values()])
    found = []
    for stream, alert in alerts.items():
        episode = Episode(alert.id, alert, alert)
        for timer in due[stream]:
            episode = _looked(episode, timer, seen, now)
        found.append(episode)
    return found


def sighting_name(alert: Alert) -> str:
    """Under which name it is noted that the alert was sent again."""
    return ALERTS + identity(alert.source_group, alert.key)


def _looked(episode: Episode, timer: Timer, seen: Mapping[str, Sighting], now: datetime) -> Episode:
    look = _LOOKS.get(timer.name)
    alert = episode.after
    if look is None or alert is None:
        return _cleared(episode, timer)
    return look(Due(episode, alert, timer, seen.get(sighting_name(alert))), now)


class Due(Struct, frozen=True):
    """A timer that is due, of which episode, with its alert as it is, and when that was sent last."""

    episode: Episode
    alert: Alert
    timer: Timer
    seen: Sighting | None

    @property
    def cleared(self) -> Episode:
        """The episode without the timer."""
        return _cleared(self.episode, self.timer)

    def again_at(self, due: datetime) -> Episode:
        """The episode with the timer at another time."""
        again = Timer(self.timer.stream, self.timer.name, due, self.timer.facts)
        return replace(self.episode, timers=(*self.episode.timers, again))


def _cleared(episode: Episode, timer: Timer) -> Episode:
    return replace(episode, clears=(*episode.clears, timer.name))


def _ends(due: Due, now: datetime) -> Episode:
    """Its time is over, unless it was sent again meanwhile. Senders of Alertmanager's API let alerts end so; of any
    other nobody knows."""
    alert = due.alert
    if alert.status == "stale" or not (alert.is_open or alert.ended_how == "person"):
        return due.cleared
    until = max(filter(None, (due.timer.due, due.seen.until if due.seen is not None else None)))
    if until > now:
        return due.again_at(until)
    if not alert.is_open:  # a person ended it, and its sender agrees by now
        return due.cleared
    if due.timer.facts.get("kind") == EXPIRING:
        why = f"It was not sent again, and its time was over at {until:%H:%M:%S} UTC."
        return due.cleared.adding((events.resolved("expired", until, why),), now)
    why = f"It counted until {until:%H:%M:%S} UTC and was not sent again; nobody knows whether it still fires."
    return due.cleared.adding((events.stale(why),), now)


def _quiet(due: Due, now: datetime) -> Episode:
    """Its sender used to say it again and does not any more. One that never did so tells nothing by its silence."""
    if not due.alert.is_open or due.alert.status == "stale" or due.seen is None or due.seen.at <= due.alert.starts_at:
        return due.cleared
    every = (due.seen.at - due.alert.first_at) / max(1, due.seen.count)
    until = due.seen.at + max(MISSED * every, LEAST_QUIET)
    if until > now:
        return due.again_at(until)
    why = (
        f"Its sender said it about every {max(1, round(every.total_seconds() / 60))} min and has been quiet since"
        f" {due.seen.at:%H:%M} UTC; nobody knows whether it still fires."
    )
    return due.cleared.adding((events.stale(why),), now)


def _again(due: Due, now: datetime) -> Episode:
    """A person said that it is over, its sender spoke of it after that, and nobody has said since that it is."""
    if due.alert.is_open or due.alert.ended_how != "person":
        return due.cleared
    if due.seen is not None and due.seen.until is not None and due.seen.until <= now:
        return due.cleared  # it was not sent again: it is over indeed
    began = datetime.fromisoformat(due.timer.facts["starts_at"])
    until = due.seen.until if due.seen is not None else None
    opened = events.reopened(still_fires(due.alert), starts_at=began, ends_at=until)
    return due.cleared.adding((opened,), now)


def _unanswered(due: Due, now: datetime) -> Episode:
    """The acknowledgement is over, and it still fires."""
    until = due.alert.acknowledged_until
    if not due.alert.is_open or not due.alert.acknowledged_by or until is None:
        return due.cleared
    if until > now:
        return due.again_at(until)
    why = f"{due.alert.acknowledged_by} took care of it until {until:%H:%M} UTC, and it still fires."
    return due.cleared.adding((events.unacknowledged(why),), now)


_LOOKS: dict[str, Callable[[Due, datetime], Episode]] = {
    ENDS: _ends,
    QUIET: _quiet,
    AGAIN: _again,
    ACK: _unanswered,
}
