"""The verb route: what senders said becomes alerts, and alerts become pages, in one transaction for each part.

Reads batches in the order in which they came, some at a time, so that memory stays small whatever comes. Within those
the gravest groups are recorded first, and of these the newest. Everything is decided on alerts as they are, and where
somebody else was quicker it is decided anew. A batch that was read half before a crash is read again: what was recorded
of it then is a repeat.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from opsbook.ground.errors import Conflict
from opsbook.ledger import alert_events as events
from opsbook.ledger.alert import ALERT_VIEW, Alert, alert_of, identity, stream_of
from opsbook.ledger.alert_moves import Windows
from opsbook.ledger.drill_events import DRILL_INLET, LABEL
from opsbook.ledger.event import Draft, Event
from opsbook.ledger.page import page_of
from opsbook.ledger.page_events import FrozenPolicy
from opsbook.ledger.path_test import PATH_TEST
from opsbook.ledger.signal import ROUTE, batch_of, source_of
from opsbook.ledger.silence import SILENCES
from opsbook.usecases.alert_incidents import AlertIncidents
from opsbook.usecases.alert_timers import looked_at
from opsbook.usecases.drill_policy import policy_of
from opsbook.usecases.episodes import LOOK, Episode, Spoken, Telling, Told
from opsbook.usecases.holds import Holds, On
from opsbook.usecases.incident_opener import Opener
from opsbook.usecases.inhibiting import Inhibiting
from opsbook.usecases.ledger_ports import EngineLedger, Lease, Timer, Write
from opsbook.usecases.matching import Matcher
from opsbook.usecases.page_plan import policy_for
from opsbook.usecases.paged_groups import Change, Group, Paged, PolicyFor, paged
from opsbook.usecases.path_test import path_test_policy
from opsbook.usecases.run_start import run_id
from opsbook.usecases.silence_reminders import forgotten, reminding
from opsbook.usecases.silences import REMIND, Silences

ACTOR = "router"
MOST_AT_ONCE = 4000  # signals that are looked at together; about 20 MB
# Alerts of one transaction, apart from those of one group, which are never parted. While it is being written nothing
# that inlets take can be, so it is only so long that a few more syncs cost next to nothing.
MOST_IN_ONE = 250
MOST_ROWS = 500  # of a view, read at a time
MOST_POLICIES = 10_000
SPELL = timedelta(seconds=20)  # of one call: whoever calls has to show progress to keep the lease
WHOLE_S = 20.0  # for a book to be read; then alerts are routed by what is known of it
LETTERS = 7  # of chance in the ids of alerts and pages: many begin in one second
_TRIES = 8
# What is recorded of new pages besides that they are open, and what is called once it is.
Opening = Callable[[Sequence[Write], datetime], tuple[Sequence[Write], Callable[[], object]]]
_RANKS = {"P0": 0, "P1": 1, "P2": 2, "P3": 3}


class Routes(Struct, frozen=True):
    """How alerts are grouped and how long things count, as configured."""

    group_by: tuple[str, ...] = ("alertname", "service")
    flap_window_s: float = 600.0
    ack_timeout_s: float = 1800.0
    catch_all: tuple[str, ...] = ()
    path_test_to: tuple[str, ...] = ()


class Router:
    """What routes; one thread at a time may call it. Everything is recorded under the lease that it is handed: raises
    Fenced where somebody else has taken that since, Failure where nothing can be recorded now."""

    def __init__(
        self, ledger: EngineLedger, matcher: Matcher, silences: Silences, routes: Routes, *,
        now: Callable[[], datetime], chance: Callable[[int], bytes], inhibiting: Inhibiting | None = None,
    ) -> None:  # fmt: skip
        self._ledger = ledger
        self._holds = Holds(silences, inhibiting)
        self._matcher = matcher
        self._silences = silences
        self._routes = routes
        self._now = now
        self._chance = chance
        self._windows = Windows(timedelta(seconds=routes.flap_window_s), timedelta(seconds=routes.ack_timeout_s))
        self._telling = Telling(matcher, self._windows, routes.group_by, self._new_id)
        self._incidents = AlertIncidents(Opener(
            ledger, matcher.library.snapshot, flap=self._windows.flap, new_id=self._new_id
        ))  # fmt: skip
        self._policies: dict[tuple[int, str | None, str], tuple[FrozenPolicy | None, str]] = {}

    def route(
        self, batches: Sequence[str], fence: Lease | None = None, *, between: Callable[[], object] = lambda: None,
        opening: Opening = lambda writes, at: (writes, bool),
    ) -> int:  # fmt: skip
        """Routes batches by their streams, in order, and clears their timers; gives how many signals they held.
        `between` is called after each part that is recorded: whoever pages does so while the rest of a storm waits.
        `opening` adds to each part what follows at once of the pages that it opens."""
        self._wait_for_book()
        count, until = 0, self._now() + SPELL
        for streams, told in self._windows_of(batches):
            count += sum(len(each.spoken) for each in told)
            done = [Write(stream, (), None, (), (ROUTE,)) for stream in streams]
            chunks = list(_chunks(told))
            for place, chunk in enumerate(chunks):
                is_last = place == len(chunks) - 1
                further = done if is_last else []
                self._settle(lambda chunk=chunk: self._episodes(chunk), fence, further, opening)  # type: ignore[misc]
                between()
            if not chunks:
                self._record(done, fence)
            if self._now() > until:
                break  # the rest stays due
        self._look_behind(fence)
        return count

    def look(self, timers: Sequence[Timer], fence: Lease | None = None) -> None:
        """Looks at alerts whose timers are due: their time is over, their sender is quiet, nobody answered."""
        self._wait_for_book()
        for start in range(0, len(timers), MOST_IN_ONE):
            some = timers[start : start + MOST_IN_ONE]
            self._settle(lambda some=some: looked_at(self._ledger, some, self._now()), fence)  # type: ignore[misc]
        self._look_behind(fence)

    def _wait_for_book(self) -> None:
        """Waits for a book that is being read for the first time: of half a book an alert would lead elsewhere, and its
        page to the catch-all."""
        library = self._matcher.library
        if not library.snapshot().is_whole:
            library.wait_whole(WHOLE_S)

    def _look_behind(self, fence: Lease | None) -> None:
        """Alerts that keep others quiet began or ended: looks at those others."""
        if self._holds.moved():
            self.look_again(fence)

    def turn(self, timers: Sequence[Timer], fence: Lease | None = None) -> None:
        """Silences began or ended, as their timers say: looks again at every open alert, sets the next timers, and
        reminds whoever made one that is in force still."""
        if any(timer.name != REMIND for timer in timers):
            self.look_again(fence)
        for stream in dict.fromkeys(timer.stream for timer in timers):
            names = {timer.name for timer in timers if timer.stream == stream}
            silence = self._silences.find(stream.removeprefix(SILENCES))
            if names - {REMIND}:
                writes = [self._silences.turned(silence), *forgotten(self._ledger, silence, self._now())]
                self._record(writes, fence)
            if REMIND in names:
                silence = self._silences.find(silence.id)
                id, now = self._new_id(), self._now()
                self._record(reminding(self._ledger, self._silences, silence, page=id, now=now), fence)

    def _record(self, writes: Sequence[Write], fence: Lease | None) -> None:
        self._ledger.record(writes, actor=ACTOR, at=self._now(), fence=fence)

    def taken(self, fence: Lease | None = None) -> None:
        """Whoever routed before was another: looks at everything as it is recorded."""
        self._holds.reload()
        self.look_again(fence)

    def follow_book(self, fence: Lease | None = None) -> None:
        """Looks at every open alert again, where the book says since that others keep alerts quiet."""
        if self._holds.are_others():
            self.look_again(fence)

    def look_again(self, fence: Lease | None = None) -> int:
        """Suppresses what is silent now and releases what no longer is, which pages people then; gives how many open
        alerts there are."""
        count = 0
        for alerts in self._open():
            count += len(alerts)
            now, on = self._now(), self._holds.asked()
            names = [
                identity(alert.source_group, alert.key) for alert in alerts
                if alert.status != "stale" and on(alert, now)[0] != alert.suppressed_by
            ]  # fmt: skip
            if names:
                self._settle(lambda names=names: self._as_they_are(names), fence)  # type: ignore[misc]
        return count

    def _open(self) -> Iterator[list[Alert]]:
        before: int | None = None
        while rows := self._ledger.rows("alerts", is_open=True, before=before, limit=MOST_ROWS):
            before = rows[-1].first
            yield [alert_of(row) for row in rows]

    def _as_they_are(self, names: Sequence[str]) -> list[Episode]:
        rows = self._ledger.latest("alerts", names)
        return [Episode(alert.id, alert, alert) for alert in map(alert_of, rows.values()) if alert.is_open]

    # -- from batches to what is told of each alert ---------------------------------------------------------------

    def _windows_of(self, batches: Sequence[str]) -> Iterator[tuple[list[str], list[Told]]]:
        """The batches, as many at a time as may be looked at together, with what they tell by identity."""
        streams: list[str] = []
        received: list[Event] = []
        count = 0
        for stream in batches:
            streams.append(stream)
            events_of = self._ledger.read(stream)[:1]
            received += events_of
            count += sum(len(event.facts["batch"].get("signals", ())) for event in events_of)
            if count >= MOST_AT_ONCE:
                yield streams, self._told(received)
                streams, received, count = [], [], 0
        if streams:
            yield streams, self._told(received)

    def _told(self, received: list[Event]) -> list[Told]:
        """What batches tell by identity, each in the order in which it came."""
        told: dict[str, list[Spoken]] = {}
        for event in sorted(received, key=lambda each: each.position):
            source = source_of(event)
            for signal in batch_of(event).signals:
                spoken = self._telling.spoken(source, signal, event.at, event.stream)
                told.setdefault(identity(source.group, signal.key), []).append(spoken)
        return [Told(name, tuple(spoken)) for name, spoken in told.items()]

    def _episodes(self, told: Sequence[Told]) -> list[Episode]:
        rows = self._ledger.latest("alerts", [each.name for each in told])
        now = self._now()
        found: list[Episode] = []
        for each in told:
            row = rows.get(each.name)
            found += self._telling.episodes(each, alert_of(row) if row is not None else None, now)
        return found

    # -- from episodes to what is recorded ------------------------------------------------------------------------

    def _settle(
        self, made: Callable[[], list[Episode]], fence: Lease | None, further: Sequence[Write] = (),
        opening: Opening | None = None,
    ) -> None:  # fmt: skip
        for tried in range(1, _TRIES + 1):
            now = self._now()
            episodes = made()
            self._holds.expect(each.after for each in episodes if each.drafts and each.after is not None)
            on = self._holds.asked()
            episodes = [_held(each, now, on) for each in episodes]
            writes = [*self._writes(episodes, now), *further]
            if not writes:
                return
            whole, then = opening(writes, now) if opening is not None else (writes, bool)
            try:
                self._ledger.record(whole, actor=ACTOR, at=now, fence=fence)
            except Conflict:  # a person, or whoever pages, was quicker: look again
                if tried == _TRIES:
                    raise
                continue
            then()
            self._holds.follow(each for each in episodes if each.drafts)
            return

    def _writes(self, episodes: Sequence[Episode], now: datetime) -> list[Write]:
        changed = [each for each in episodes if each.after is not None]
        by_group: dict[str, list[Episode]] = {}
        for each in changed:
            if (each.drafts or LOOK in each.clears) and each.after is not None:
                by_group.setdefault(each.after.group, []).append(each)
        kept = self._ledger.latest("pages", list(by_group)) if by_group else {}
        pages = {key: page_of(row) for key, row in kept.items()}
        outcome: dict[str, Paged] = {}
        for key, members in by_group.items():
            changes = [Change(each.before, each.after) for each in members if each.after is not None]
            group = Group(key, pages.get(key), changes, self._windows.flap, alert_of=self._alert_of)
            outcome[key] = paged(group, self._chooser(members), self._new_id, now)
        writes = [_write(each, outcome.get(each.after.group, Paged())) for each in changed if each.after is not None]
        writes += (write for result in outcome.values() for write in result.writes)
        writes += _others(changed, outcome)
        return self._incidents.adding(writes, changed, pages, now)

    def _alert_of(self, id: str) -> Alert | None:
        kept = self._ledger.row(ALERT_VIEW.name, stream_of(id))
        return alert_of(kept) if kept is not None else None

    def _chooser(self, members: Sequence[Episode]) -> PolicyFor:
        """What chooses the escalation of a group: the test of the path goes to those alone who are to get it, a drill
        to those who joined it."""
        drill = next((each.after.labels.get(LABEL, "") for each in members if each.after is not None), "")
        if all(each.after is not None and each.after.source == DRILL_INLET for each in members):
            return lambda service, severity: policy_of(self._ledger, drill)
        to = self._routes.path_test_to
        is_test = all(each.after is not None and each.after.source == PATH_TEST for each in members)
        return (lambda service, severity: (path_test_policy(to), "")) if to and is_test else self._policy_for

    def _policy_for(self, service: str | None, severity: str) -> tuple[FrozenPolicy | None, str]:
        book = self._matcher.library.snapshot()
        key = (book.number, service, severity)
        found = self._policies.get(key)
        if found is None:
            if len(self._policies) > MOST_POLICIES:
                self._policies.clear()
            found = self._policies[key] = policy_for(
                book, service, severity, commit=self._matcher.commit(), catch_all=self._routes.catch_all,
                ack_timeout_s=self._routes.ack_timeout_s,
            )  # fmt: skip
        return found

    def _new_id(self) -> str:
        return run_id(self._now(), self._chance(LETTERS))


def _held(episode: Episode, now: datetime, on: On) -> Episode:
    """The episode with what suppresses it, or no longer does."""
    alert = episode.after
    if alert is None or not alert.is_open or alert.status == "stale":
        return episode
    by, why = on(alert, now)
    if by == alert.suppressed_by:
        return episode
    draft = events.suppressed(by, why) if by else events.released("Nothing holds it back any more.")
    return episode.adding((draft,), now)


def _chunks(told: Sequence[Told]) -> Iterator[list[Told]]:
    """The gravest and newest groups first, some at a time, and no group parted."""
    groups: dict[str, list[Told]] = {}
    first: dict[str, tuple[int, float]] = {}
    for each in told:
        group = each.spoken[-1].group
        groups.setdefault(group, []).append(each)
        rank = min(_rank(spoken) for spoken in each.spoken)
        first[group] = min(first.get(group, rank), rank)
    chunk: list[Told] = []
    for group in sorted(groups, key=lambda each: first[each]):
        chunk += groups[group]
        if len(chunk) >= MOST_IN_ONE:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _rank(spoken: Spoken) -> tuple[int, float]:
    return _RANKS.get(spoken.heard.severity, 9), -spoken.heard.began.timestamp()


def _write(episode: Episode, outcome: Paged) -> Write:
    """What is recorded of an episode, with the page that it belongs to, or why there is none."""
    drafts = list(episode.drafts)
    page, why = outcome.page_of.get(episode.id), outcome.why_not.get(episode.id)
    alert = episode.after
    said: dict[str, str] = {}
    if page is not None:
        said = {"page": page}
    elif why is not None and alert is not None and alert.why_not_paged != why:
        said = {"why_not_paged": why}
    if said and drafts and drafts[0].kind == events.ALERT_FIRED:
        drafts[0] = Draft(drafts[0].kind, {**drafts[0].facts, **said})
    elif page is not None:
        drafts.append(events.paged(page))
    elif said:
        drafts.append(events.changed(dict(said)))
    number = episode.before.number if episode.before is not None else 0
    return Write(stream_of(episode.id), drafts, number, episode.timers, episode.clears)


def _others(episodes: Sequence[Episode], outcome: dict[str, Paged]) -> Iterator[Write]:
    """That alerts which do not change now belong to a page that took the place of theirs."""
    known = {each.id for each in episodes}
    for result in outcome.values():
        for alert, page in result.page_of.items():
            if alert not in known:
                yield Write(stream_of(alert), [events.paged(page)])
