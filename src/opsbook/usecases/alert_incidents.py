"""What alerts do to incidents while they are routed: open one by the policy, join one, make it graver, suggest its end.

All of it is recorded with the alerts themselves. Where the policy names no alerts and none of the alerts belongs to an
incident nothing is read. No incident is ever resolved here: that is a person's word.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from opsbook.book.incident_opening import Opening
from opsbook.ledger import alert_events, page_events
from opsbook.ledger.alert import ALERT_VIEW, Alert, alert_of
from opsbook.ledger.alert import stream_of as alert_stream
from opsbook.ledger.event import Draft
from opsbook.ledger.incident import INCIDENT_VIEW, Incident, incident_of, stream_of
from opsbook.ledger.incident_events import Members, noted
from opsbook.ledger.page import PAGE_VIEW, Page
from opsbook.ledger.page import stream_of as page_stream
from opsbook.ledger.page_events import PAGES
from opsbook.usecases.episodes import Episode
from opsbook.usecases.incident_answers import answering, answers_in
from opsbook.usecases.incident_opener import Cause, Opener
from opsbook.usecases.incident_rating import reconsidered
from opsbook.usecases.incident_writes import joined
from opsbook.usecases.ledger_ports import EngineLedger, Timer, Write
from opsbook.usecases.notices import notice
from opsbook.usecases.paged_groups import subject_for

OPENS = "incident"  # the timer of an alert that opens an incident once it has fired for so long
MOST_LOOKED_AT = 200  # alerts of one incident, whose severities are compared; of more nobody is told to lower it
_FIRES = frozenset({"firing", "acknowledged"})


class _Group(Struct, frozen=True):
    """The alerts of a group that change, and its page: the one that opens now, else the one that is open."""

    key: str
    alerts: tuple[Alert, ...]
    page: str = ""
    subject: str = ""
    incident: int | None = None
    joining: frozenset[str] = frozenset()


class AlertIncidents:
    """What routing asks; for the one thread that routes."""

    def __init__(self, opener: Opener) -> None:
        self._opener = opener
        self._ledger = opener.ledger

    def adding(
        self, writes: Sequence[Write], episodes: Sequence[Episode], pages: Mapping[str, Page], now: datetime
    ) -> list[Write]:
        """What is about to be recorded, with what follows for incidents; `pages` are the last ones of the groups."""
        openings = self._opener.openings("alerts")
        known = [page for page in pages.values() if page.is_open and page.incident is not None]
        of_incidents = [each for each in episodes if each.after is not None and each.after.incident is not None]
        if not openings and not known and not of_incidents:
            return list(writes)
        groups = list(_groups(writes, episodes, pages))
        causes, timers = self._causes(groups, openings, now)
        causes += _instead(writes, pages, {each.key for each in causes})
        settled = self._opener.settle(causes, now)
        begun = {write.stream for write in writes if _begins(write)}
        numbers = {write.stream: write.drafts[0].facts["incident"] for write in settled.writes if write.stream in begun}
        told = [_telling(write, numbers) for write in writes]
        own = [write for write in settled.writes if write.stream not in begun]  # those tell it as they begin
        more = [*own, *(Write(timer.stream, (), None, (timer,)) for timer in timers)]
        more += self._following(of_incidents, frozenset(settled.numbers.values()), now)
        answers = list(answers_in(writes, known))
        more += answering(self._ledger, answers, takes_command=not answers or self._opener.gives_command())
        return joined([*told, *more])

    # -- what opens or joins one --------------------------------------------------------------------------------

    def _causes(
        self, groups: Sequence[_Group], openings: Sequence[Opening], now: datetime
    ) -> tuple[list[Cause], list[Timer]]:
        causes: list[Cause] = []
        timers: list[Timer] = []
        for group in groups:
            named: list[tuple[Alert, Opening | None]] = []
            for alert in group.alerts:
                opening = next((each for each in openings if each.names(alert.service, alert.severity)), None)
                is_later = opening is not None and opening.after_s > 0  # without it a sender's clock may be ahead
                due = alert.starts_at + timedelta(seconds=opening.after_s) if opening is not None and is_later else now
                if alert.id in group.joining and group.incident is not None:
                    named.append((alert, opening))
                elif opening is not None and due > now:
                    timers.append(Timer(alert_stream(alert.id), OPENS, due))
                elif opening is not None:
                    named.append((alert, opening))
            if named:
                causes.append(_cause(group, named))
        causes.sort(key=lambda each: each.severity)  # in a storm the gravest have their own
        return causes, timers

    # -- what follows for those that alerts belong to -----------------------------------------------------------

    def _following(self, episodes: Sequence[Episode], joins: frozenset[int], now: datetime) -> Iterator[Write]:
        by_number: dict[int, list[Episode]] = {}
        for each in episodes:
            before, after = each.before, each.after
            if before is None or after is None or after.incident is None:
                continue
            if before.severity != after.severity or (before.is_open and not after.is_open):
                by_number.setdefault(after.incident, []).append(each)
        rows = self._ledger.latest(INCIDENT_VIEW.name, [str(each) for each in by_number]) if by_number else {}
        for number, changed in by_number.items():
            kept = rows.get(str(number))
            incident = incident_of(kept) if kept is not None else None
            if incident is not None and incident.is_live:
                yield from self._changed(incident, changed, joins, now)

    def _changed(
        self, incident: Incident, episodes: Sequence[Episode], joins: frozenset[int], now: datetime
    ) -> Iterator[Write]:
        alerts = [each.after for each in episodes if each.after is not None]
        drafts: list[Draft] = []
        live = [alert for alert in alerts if alert.is_open]
        if live:
            gravest = min(live, key=lambda alert: alert.severity)
            told = f"{gravest.name} is {gravest.severity}."
            drafts += reconsidered(incident, gravest.severity, told, self._opener.follows())
        writes: list[Write] = []
        if not drafts and incident.number not in joins:
            drafts, writes = self._suggested(incident, episodes, now)
        if drafts:
            yield Write(stream_of(incident.id), tuple(drafts), incident.version)
        yield from writes

    def _suggested(
        self, incident: Incident, episodes: Sequence[Episode], now: datetime
    ) -> tuple[list[Draft], list[Write]]:
        """An entry, and a reminder to whoever leads it: that its alerts are all over, or that those which still fire
        are less grave."""
        known = {each.id: each.after for each in episodes if each.after is not None}
        live: list[Alert] = [alert for alert in known.values() if alert.is_open]
        others = [each for each in incident.alerts if each not in known]
        for alert in _alerts(self._ledger, others):
            if alert.is_open:
                live.append(alert)
                if len(others) > MOST_LOOKED_AT:
                    return [], []
        if not live:
            count = len(incident.alerts)
            what = "The alert of it is over." if count == 1 else f"All {count} alerts of it are over."
            text = f"{what} Resolve {incident.name} if nobody is hindered any more."
            mark = f"over-{incident.regressions}"
        else:
            gravest = min(alert.severity for alert in live)
            was = min((each.before.severity for each in episodes if each.before is not None), default=gravest)
            if gravest <= incident.severity or was > incident.severity or incident.is_overridden:
                return [], []
            text = f"What still fires of it is {gravest} at the most. Lower {incident.name} from {incident.severity}"
            text, mark = f"{text} if that tells how it is.", f"lower-{gravest}"
        return [noted(text, key=f"alerts-{mark}")], list(reminder(self._ledger, incident, text, mark=mark, now=now))


def reminder(ledger: EngineLedger, incident: Incident, text: str, *, mark: str, now: datetime) -> Iterator[Write]:
    """A message to whoever leads an incident, once for each `mark`; nothing where nobody does."""
    people = incident.holders("commander") or tuple(filter(None, (incident.acknowledged_by,)))
    id = f"{incident.id}-{mark}"
    if people and ledger.row(PAGE_VIEW.name, page_stream(id)) is None:
        yield notice(
            id, people, f"{incident.name}: {text}", f"You lead {incident.name}.", group=f"incident/{incident.number}",
            at=now, severity=incident.severity, incident=incident.number, is_drill=incident.is_drill,
        )  # fmt: skip


def _alerts(ledger: EngineLedger, ids: Iterable[str]) -> Iterator[Alert]:
    for id in ids:
        kept = ledger.row(ALERT_VIEW.name, alert_stream(id))
        if kept is not None:
            yield alert_of(kept)


def _groups(writes: Sequence[Write], episodes: Sequence[Episode], pages: Mapping[str, Page]) -> Iterator[_Group]:
    """The groups with alerts that may open or join an incident now."""
    found: dict[str, list[Alert]] = {}
    for each in episodes:
        if (alert := _beginning(each)) is not None:
            found.setdefault(alert.group, []).append(alert)
    if not found:
        return
    opening = {draft.facts["group"]: (write.stream, draft) for write in writes for draft in write.drafts
               if draft.kind == page_events.PAGE_OPENED}  # fmt: skip
    joining = {
        write.stream: frozenset(draft.facts["alerts"]) for write in writes for draft in write.drafts
        if draft.kind == page_events.PAGE_JOINED
    }  # fmt: skip
    for key, alerts in found.items():
        group = _Group(key, tuple(alerts))
        page = pages.get(key)
        if page is not None and page.is_open:
            coming = joining.get(page_stream(page.id), frozenset())
            group = replace(group, page=page.id, subject=page.subject, incident=page.incident, joining=coming)
        if key in opening:
            stream, draft = opening[key]
            page_id, subject = stream.removeprefix(PAGES), draft.facts["subject"]
            group = replace(group, page=page_id, subject=subject, joining=frozenset(draft.facts["alerts"]))
        yield group


def _instead(writes: Sequence[Write], pages: Mapping[str, Page], known: Collection[str]) -> Iterator[Cause]:
    """The pages that take the place of those which belong to an incident, as far as nothing else makes them join it."""
    for write in writes:
        page = pages.get(write.drafts[0].facts["group"]) if _opens(write) else None
        if page is not None and page.is_open and page.incident is not None and page.group not in known:
            facts = write.drafts[0].facts
            yield Cause(
                key=page.group, origin="alerts", title=facts["subject"], severity=facts["severity"], severity_why="",
                service=None, started_at=page.opened_at, why=f"Another escalation goes on with page {page.id}.",
                members=Members((), (write.stream.removeprefix(PAGES),)), numbers=(page.incident,),
                is_drill=page.is_drill, may_open=False,
            )  # fmt: skip


def _beginning(episode: Episode) -> Alert | None:
    """The alert of an episode that begins, or begins again, as far as incidents go: what did not change since a person
    took it out of one stays out."""
    before, alert = episode.before, episode.after
    if alert is None or alert.status not in _FIRES:
        return None
    is_again = before is not None and not before.is_open
    if alert.incident is not None and not is_again:
        return None
    is_news = before is None or is_again or OPENS in episode.clears or (
        (before.status in _FIRES, before.severity, before.service) != (True, alert.severity, alert.service)
    )  # fmt: skip
    return alert if is_news else None


def _cause(group: _Group, named: Sequence[tuple[Alert, Opening | None]]) -> Cause:
    alerts = [alert for alert, _ in named]
    gravest = min(alerts, key=lambda alert: alert.severity)
    given = min((each.severity for _, each in named if each is not None and each.severity), default="")
    why = f"{gravest.name} fires." if len(alerts) == 1 else f"{len(alerts)} alerts fire, {gravest.name} first."
    numbers = dict.fromkeys(filter(None, (group.incident, *(alert.incident for alert in alerts))))
    return Cause(
        key=group.key, origin="alerts", title=group.subject or subject_for(gravest, len(alerts)),
        severity=given or gravest.severity,
        severity_why=f"{gravest.name} is {gravest.severity}. {gravest.severity_why}",
        service=gravest.service, started_at=min(alert.starts_at for alert in alerts), why=why,
        members=Members(tuple(alert.id for alert in alerts), (group.page,) if group.page else ()),
        numbers=tuple(numbers), is_drill=gravest.is_drill, may_open=any(each is not None for _, each in named),
    )  # fmt: skip


def _opens(write: Write) -> bool:
    return write.stream.startswith(PAGES) and bool(write.drafts) and write.drafts[0].kind == page_events.PAGE_OPENED


def _begins(write: Write) -> bool:
    return bool(write.drafts) and write.drafts[0].kind in (alert_events.ALERT_FIRED, page_events.PAGE_OPENED)


def _telling(write: Write, numbers: Mapping[str, int]) -> Write:
    """What begins tells its incident from the first: an event more for each alert would cost as much as all else."""
    number = numbers.get(write.stream)
    if number is None:
        return write
    first, *others = write.drafts
    return replace(write, drafts=(Draft(first.kind, {**first.facts, "incident": number}), *others))
