"""What keeps an alert from waking anybody: silences, and alerts that the book says keep others quiet. Records nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial

from opsbook.ledger.alert import Alert, stream_of
from opsbook.ledger.drill_events import LABEL
from opsbook.ledger.silence import Silence
from opsbook.usecases.episodes import Episode
from opsbook.usecases.inhibiting import Inhibiting
from opsbook.usecases.silences import Silences

Holding = Callable[[Mapping[str, str], datetime], Sequence[Silence]]
On = Callable[[Alert, datetime], tuple[tuple[str, ...], str]]
MOST_EXPECTED = 20  # alerts of one transaction that are looked at as reasons for the quiet of others in it


class Holds:
    """What holds alerts back, as it is known now; for the one thread that routes."""

    def __init__(self, silences: Silences, inhibiting: Inhibiting | None = None) -> None:
        self._silences = silences
        self._inhibiting = inhibiting
        self._expected: list[Alert] = []
        self._has_moved = False
        self._rules: object = None

    def asked(self) -> On:
        """Tells of many alerts at one moment the streams of what holds each back, and why in a sentence; empty where
        nothing does. Which silences there are is looked up once for all."""
        return partial(self._on, self._silences.asked())

    def _on(self, holding: Holding, alert: Alert, at: datetime) -> tuple[tuple[str, ...], str]:
        labels = alert.matched_labels
        # Nobody silenced a drill by what they said of real alerts, unless they named it.
        silences = [each for each in holding(labels, at) if LABEL not in labels or _names_drills(each)]
        by, why = tuple(f"silence/{each.id}" for each in silences), _told(silences)
        other = self._quieting(alert, labels)
        if other is not None:
            by, why = (*by, other[0]), why or other[1]
        return by, why

    def _quieting(self, alert: Alert, labels: dict[str, str]) -> tuple[str, str] | None:
        if self._inhibiting is None or alert.is_drill:  # a drill keeps nothing real quiet, nor the other way round
            return None
        stream = stream_of(alert.id)
        found = self._inhibiting.inhibited_by(labels, stream)
        if found is not None:
            return found
        for source in self._expected:
            if source.id != alert.id and self._inhibiting.quiets(source.matched_labels, labels):
                return stream_of(source.id), f"Quiet while {source.name} fires."
        return None

    def expect(self, alerts: Iterable[Alert]) -> None:
        """Takes in what is about to be recorded, so that what comes with its cause wakes nobody for a moment."""
        self._expected = []
        if self._inhibiting is None:
            return
        for alert in alerts:
            if _fires(alert) and not alert.is_drill and self._inhibiting.may_quiet(alert.matched_labels):
                self._expected.append(alert)
                if len(self._expected) == MOST_EXPECTED:
                    return

    def follow(self, episodes: Iterable[Episode]) -> None:
        """Takes in what was recorded."""
        self._expected = []
        if self._inhibiting is None:
            return
        for episode in episodes:
            alert, before = episode.after, episode.before
            if alert is None:
                continue
            fires, fired = _fires(alert), before is not None and _fires(before)
            may_quiet = self._inhibiting.follow(alert)
            if fires != fired and may_quiet:
                self._has_moved = True

    def moved(self) -> bool:
        """Whether alerts that keep others quiet began or ended since this was asked last."""
        has_moved, self._has_moved = self._has_moved, False
        return has_moved

    def are_others(self) -> bool:
        """Whether the book says otherwise by now what keeps what quiet."""
        if self._inhibiting is None:
            return False
        before, self._rules = self._rules, self._inhibiting.rules()
        return before is not None and before != self._rules

    def reload(self) -> None:
        """Reads again what is open."""
        if self._inhibiting is not None:
            self._inhibiting.reload()


def _fires(alert: Alert) -> bool:
    return alert.is_open and alert.status != "stale"


def _names_drills(silence: Silence) -> bool:
    return any(each.name == LABEL for each in silence.matchers)


def _told(silences: Sequence[Silence]) -> str:
    if not silences:
        return ""
    first = silences[0]
    what = "Maintenance" if first.kind == "maintenance" else "A silence"
    more = f" and {len(silences) - 1} more" if len(silences) > 1 else ""
    return f"{what} of {first.created_by}{more} holds it: {first.comment}"
