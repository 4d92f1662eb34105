"""The verbs of alerts: list, show, acknowledge, resolve, note. They record what people want; routing is another's.

Each change is decided on alerts and their pages as they are, and recorded of all of them at once, or of none. Where
somebody else was quicker it is decided anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from opsbook.ground.errors import Conflict, Refusal, Usage
from opsbook.ledger import alert_events as events
from opsbook.ledger.alert import ALERT_VIEW, Alert, alert_of, identity, stream_of
from opsbook.ledger.alert_moves import AGAIN
from opsbook.ledger.event import Draft, Event
from opsbook.ledger.matchers import Matcher
from opsbook.ledger.page import PAGE_VIEW, page_of
from opsbook.usecases import alert_finding
from opsbook.usecases.alert_board import Board
from opsbook.usecases.episodes import ACK, LOOK, Episode, imagined
from opsbook.usecases.incident_answers import answering, answers_in
from opsbook.usecases.incident_writes import joined
from opsbook.usecases.ledger_ports import EngineLedger, Timer, Write
from opsbook.usecases.paged_groups import Change, Group, paged

_TRIES = 8
MOST_AT_ONCE = 5000  # alerts of one change
LONGEST_NOTE = 10_000  # letters
SHOWN_ENDED = timedelta(days=1)  # in a list where nobody asks for more


class Noise(Struct, frozen=True):
    """How an alert behaved so far: its episodes, the newest first, how often it fired in all, how many were answered by
    a person, and how many were over before anybody did anything."""

    episodes: tuple[Alert, ...]
    fired: int
    answered: int
    by_itself: int


class Alerts:
    """The alerts of a ledger. Verbs raise Usage where there is no such alert, Refusal where it may not be done now.
    Wherever they take ids, a page or the key of a group means all of its alerts that are open, and where `all_of_name`
    so does a name; without that they raise SeveralMeant, a Refusal, for a name of several open alerts."""

    def __init__(
        self, ledger: EngineLedger, *, now: Callable[[], datetime], ack_timeout_s: float, board: Board | None = None
    ) -> None:
        self._ledger = ledger
        self._now = now
        self._ack_timeout_s = ack_timeout_s
        self._board = board or Board(ledger)

    def select(
        self, *, matchers: Sequence[Matcher] = (), status: Sequence[str] = (), is_open: bool | None = True,
        before: int | None = None, limit: int = 100,
    ) -> list[Alert]:  # fmt: skip
        """Alerts, those that began last first; `status` wins over `is_open`. Those that began before the position
        `before`, which each alert tells of itself."""
        return alert_finding.select(
            self._ledger, self._board, matchers=matchers, status=status, is_open=is_open, before=before, limit=limit
        )

    def listed(self, *, matchers: Sequence[Matcher] = (), status: Sequence[str] = ()) -> Iterator[Alert]:
        """All that is open, and behind it what ended within a day; of some statuses where they are named. Both the
        newest first, read as they are taken."""
        return alert_finding.listed(
            self._ledger, self._board, matchers=matchers, status=status, since=self._now() - SHOWN_ENDED
        )

    def find(self, alert: str) -> Alert:
        """The alert of that id, or of the only id that begins so, or the newest of that name or fingerprint."""
        return alert_finding.find(self._ledger, self._board, alert)

    def one(self, alert: str) -> Alert:
        """As `find`, where something is to be done with it; raises SeveralMeant for a name of several open alerts."""
        return alert_finding.one(self._ledger, self._board, alert)

    def events(self, alert: Alert) -> list[Event]:
        """What happened to one, in order."""
        return self._ledger.read(stream_of(alert.id))

    def noise(self, alert: Alert, limit: int = 100) -> Noise:
        """How the same alert behaved before, by its identity: the last episodes, this one among them."""
        rows = self._ledger.rows(ALERT_VIEW.name, group=identity(alert.source_group, alert.key), limit=limit)
        episodes = tuple(alert_of(row) for row in rows)
        return Noise(
            episodes,
            sum(each.episodes for each in episodes),
            sum(1 for each in episodes if each.acknowledged_at is not None or each.ended_how == "person"),
            sum(1 for each in episodes if each.acknowledged_at is None and each.ended_how in ("sender", "expired")),
        )

    def acknowledge(
        self, alerts: Sequence[str], by: str, *, via: str, why: str = "", for_s: float | None = None,
        all_of_name: bool = False,
    ) -> list[Alert]:  # fmt: skip
        """Somebody takes care of these, and of the pages for them: those are acknowledged too. Gives them after it."""
        until = self._now() + timedelta(seconds=self._ack_timeout_s if for_s is None else for_s)

        def answer(alert: Alert) -> Episode:
            episode = _open(alert)
            if alert.acknowledged_by == by and for_s is None and not why:
                return episode
            timer = Timer(stream_of(alert.id), ACK, until)
            return Episode(alert.id, alert, alert, timers=(timer,)).adding(
                (events.acknowledged(by, until, why, via=via),), self._now()
            )

        return self._change(alerts, by, answer, via=via, all_of_name=all_of_name)

    def unacknowledge(
        self, alerts: Sequence[str], by: str, why: str = "", *, all_of_name: bool = False
    ) -> list[Alert]:
        """Nobody takes care of them any more; their pages wake people again."""
        def answer(alert: Alert) -> Episode:
            episode = _open(alert)
            if not alert.acknowledged_by:
                return episode
            told = why or f"{by} takes the acknowledgement of {alert.acknowledged_by} back."
            look = Timer(stream_of(alert.id), LOOK, self._now())
            return Episode(alert.id, alert, alert, timers=(look,), clears=(ACK,)).adding(
                (events.unacknowledged(told, by),), self._now()
            )

        return self._change(alerts, by, answer, all_of_name=all_of_name)

    def resolve(
        self, alerts: Sequence[str], by: str, why: str = "", *, all_of_name: bool = False
    ) -> list[Alert]:
        """A person says that they are over. Where a sender says otherwise later they open again, with that reason."""
        def answer(alert: Alert) -> Episode:
            now = self._now()
            told = f"{by} says that it is over" + (f": {why}" if why else ".")
            drafts: tuple[Draft, ...] = (events.resolved("person", now, told, by),)
            return Episode(alert.id, alert, _open(alert).after, clears=(AGAIN, ACK)).adding(drafts, now)

        return self._change(alerts, by, answer, all_of_name=all_of_name)

    def reopen(
        self, alerts: Sequence[str], by: str, why: str = "", *, all_of_name: bool = False
    ) -> list[Alert]:
        """A person takes back that they are over; whoever routes pages people for them again. Raises Refusal for one
        that its sender ended."""
        def answer(alert: Alert) -> Episode:
            now = self._now()
            if alert.is_open:
                return Episode(alert.id, alert, alert)
            if alert.ended_how != "person":
                raise Refusal(f"{alert.name} ({alert.id}) was not ended by a person, so nobody can take that back.")
            told = why or f"{by} takes back that it is over."
            look = Timer(stream_of(alert.id), LOOK, now)
            opened = events.reopened(told, starts_at=alert.starts_at, ends_at=None)
            return Episode(alert.id, alert, alert, timers=(look,)).adding((opened,), now)

        return self._change(alerts, by, answer, all_of_name=all_of_name)

    def note(self, alert: str, by: str, text: str, *, all_of_name: bool = False) -> list[Alert]:
        """Writes something to an alert, also to one that is over."""
        text = text.strip()
        if not text:
            raise Usage("A note needs words.")
        if len(text) > LONGEST_NOTE:
            raise Usage(f"A note has at most {LONGEST_NOTE:,} letters; this one has {len(text):,}.")

        def answer(each: Alert) -> Episode:
            return Episode(each.id, each, each).adding((events.noted(text, by),), self._now())

        names = [alert] if all_of_name else [self.one(alert).id]
        return self._change(names, by, answer, all_of_name=all_of_name)

    def _change(
        self, names: Sequence[str], by: str, answer: Callable[[Alert], Episode], *, via: str = "",
        all_of_name: bool = False,
    ) -> list[Alert]:  # fmt: skip
        """Records what `answer` makes of each, and what follows for their pages, at once. Of several, those that are
        over meanwhile are passed over; where none is left the refusal of the first is raised."""
        if not by.strip():
            raise Usage("An alert is only changed under somebody's name.")
        for tried in range(1, _TRIES + 1):
            found = alert_finding.named(self._ledger, self._board, names, all_of_name=all_of_name)
            if len(found) > MOST_AT_ONCE:
                raise Usage(f"These are {len(found):,} alerts; name at most {MOST_AT_ONCE:,} at a time.")
            episodes = list(_answered(found, answer))
            writes = joined(self._writes(episodes, via))
            if not writes:
                return [each.after for each in episodes if each.after is not None]
            try:
                recorded = self._ledger.record(writes, actor=by, at=self._now())
            except Conflict:
                if tried == _TRIES:
                    raise
                continue
            return [_after(episode, recorded) for episode in episodes]
        raise AssertionError("the loop ends by itself")

    def _writes(self, episodes: Sequence[Episode], via: str) -> Iterator[Write]:
        changed = [each for each in episodes if each.drafts]
        groups: dict[str, list[Change]] = {}
        for each in changed:
            assert each.before is not None
            assert each.after is not None
            yield Write(stream_of(each.id), each.drafts, each.before.number, each.timers, each.clears)
            groups.setdefault(each.after.group, []).append(Change(each.before, each.after))
        pages = self._ledger.latest(PAGE_VIEW.name, list(groups)) if groups else {}
        found = {key: page_of(kept) for key, kept in pages.items()}
        written: list[Write] = []
        for key, page in found.items():
            group = Group(key, page, groups[key], via=via or "person")
            written += paged(group, _nobody, _no_page, self._now()).writes
        yield from written
        yield from answering(self._ledger, answers_in(written, found.values()))


def _nobody(service: str | None, severity: str) -> tuple[None, str]:
    """Verbs open no page: whoever routes does, who knows the escalation."""
    return None, ""


def _no_page() -> str:
    raise AssertionError("verbs open no page")


def _open(alert: Alert) -> Episode:
    if not alert.is_open:
        raise Refusal(f"{alert.name} ({alert.id}) is over: {alert.why}")
    return Episode(alert.id, alert, alert)


def _answered(alerts: Sequence[Alert], answer: Callable[[Alert], Episode]) -> Iterator[Episode]:
    refusals: list[Refusal] = []
    count = 0
    for alert in alerts:
        try:
            yield answer(alert)
            count += 1
        except Refusal as refused:
            refusals.append(refused)
    if refusals and not count:
        raise refusals[0]


def _after(episode: Episode, recorded: Sequence[Event]) -> Alert:
    """The alert as it was recorded."""
    stream = stream_of(episode.id)
    at = next((event.at for event in recorded if event.stream == stream), None)
    alert = episode.after if at is None else imagined(episode.before, episode.id, episode.drafts, at)
    assert alert is not None
    return alert
