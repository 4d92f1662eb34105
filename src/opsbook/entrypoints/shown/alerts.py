"""Alerts as text: lists with severities in colour, groups, one alert with all that is known of it. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

import click

from opsbook.entrypoints.shown.terminal import columns, printable, wrapped
from opsbook.ledger.alert import Alert
from opsbook.ledger.event import Event
from opsbook.ledger.page import Page
from opsbook.usecases.alert_story import story
from opsbook.usecases.alerts import Noise

_INK = {"P0": "red", "P1": "red", "P2": "yellow", "P3": "blue"}
_GRAVITY = {"firing": 0, "stale": 1, "acknowledged": 2, "suppressed": 3, "resolved": 4}
_HANGING = 4
NOTHING = "No alert fires."
LONGEST_VALUE = 60  # letters of a label's value in a list
LONGEST_SUMMARY = 300  # letters of what is said of an alert in a list


def list_lines(alerts: Sequence[Alert], now: datetime, width: int | None) -> Iterator[str]:
    """The alerts, those that are open first: id, severity, status, since when, name, service, and their own words."""
    if not alerts:
        yield NOTHING
        return
    names = max(columns(_name(each)) for each in alerts)
    for each in alerts:
        severity = click.style(each.severity, fg=_INK[each.severity], bold=each.severity == "P0")
        told = f"{each.id}  {severity}  {each.status:<12}  {_since(each, now):>8}  "
        name = _name(each) + " " * (names - columns(_name(each)))
        summary = _cut(each.annotations.get("summary", ""), LONGEST_SUMMARY) or _labels(each, LONGEST_VALUE)
        drill = "DRILL " if each.is_drill else ""
        line = f"{told}{drill}{click.style(name, bold=True)}  {printable(summary)}{_state(each)}"
        yield from wrapped(click.style(line, dim=True) if each.status == "resolved" else line, width, _HANGING)


def sender_lines(address: str) -> Iterator[str]:
    """How a sender is pointed here, where there is nothing to list."""
    yield NOTHING
    yield f"Point a sender here, while 'opsbook serve' runs at {address}:"
    yield f"  Prometheus     alerting, alertmanagers, targets: {address.partition('://')[2]}"
    yield f"  Alertmanager   webhook_configs, url: {address}/inlets/alertmanager"
    yield f"  Grafana        a contact point of type webhook: {address}/inlets/grafana"
    yield f"  amtool         amtool --alertmanager.url={address} alert add Hello severity=P3"
    yield f"{address}/alerts shows the exact lines, and those of other senders."


def group_lines(alerts: Sequence[Alert], now: datetime, width: int | None) -> Iterator[str]:
    """The groups of open alerts, the gravest first, each with how many fire and who takes care of it."""
    groups: dict[str, list[Alert]] = {}
    for each in alerts:
        if each.is_open:
            groups.setdefault(each.group, []).append(each)
    if not groups:
        yield NOTHING
    for key in sorted(groups, key=lambda each: _rank(groups[each])):
        members = groups[key]
        grave = min(each.severity for each in members)
        counts = {status: sum(1 for each in members if each.status == status) for status in _GRAVITY}
        told = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
        name = click.style(printable(_cut(key, LONGEST_SUMMARY)), bold=True)
        line = f"{click.style(grave, fg=_INK[grave])}  {name}  {told}"
        newest = max(members, key=lambda each: each.starts_at)
        yield from wrapped(f"{line}, the newest for {_since(newest, now)}", width, _HANGING)


def alert_lines(
    alert: Alert, events: Iterable[Event], noise: Noise, *, steps: Sequence[str], page: Page | None, now: datetime,
    width: int | None,
) -> Iterator[str]:  # fmt: skip
    """All that is known of one alert."""
    head = f"{click.style(alert.severity, fg=_INK[alert.severity], bold=True)}  {printable(alert.name)}"
    yield from wrapped(f"{head}  {alert.status}, for {_since(alert, now)}", width, _HANGING)
    for text in (alert.annotations.get("summary"), alert.annotations.get("description")):
        if text and text != alert.name:
            yield from wrapped(f"  {printable(text)}", width, 2)
    yield ""
    rows = [("id", alert.id), ("service", alert.service or "-"), ("labels", _labels(alert)), ("source", alert.source),
            ("began", _clock(alert.starts_at)), ("group", alert.group), ("severity", alert.severity_why)]  # fmt: skip
    rows += [("ended", _clock(alert.ends_at))] if alert.ends_at is not None and not alert.is_open else []
    rows += [("taken by", f"{alert.acknowledged_by}{_until(alert)}")] if alert.acknowledged_by else []
    rows += [("why", alert.why)] if alert.why else []
    rows += [("no page", alert.why_not_paged)] if alert.why_not_paged else []
    for name, value in rows:
        yield from wrapped(f"  {name:<9} {printable(value)}", width, 12)
    yield from _section(alert, steps, width)
    yield from _paged(page, width)
    yield from _noise(noise)
    yield ""
    for told in story(events):
        why = f" {printable(told.why)}" if told.why else ""
        yield from wrapped(f"  {_clock(told.at)}  {printable(told.words)}{why}", width, 25)


def done_lines(alerts: Sequence[Alert], said: str) -> Iterator[str]:
    """What was done with each."""
    for each in alerts:
        yield f"{printable(each.name)} ({each.id}) is {said}."


def _section(alert: Alert, steps: Sequence[str], width: int | None) -> Iterator[str]:
    yield ""
    place = alert.place
    if place is None:
        yield "  Nothing in the book speaks of it."
        return
    where = f"{place.path}#{place.anchor}" if place.anchor else place.path
    score = f" (score {place.score:.2f})" if place.score < 1 else ""
    title = click.style(printable(place.title), bold=True)
    yield from wrapped(f"  {title}  {printable(where)}{score}", width, _HANGING)
    yield from wrapped(click.style(f"  {printable(place.why)}", dim=True), width, _HANGING)
    for step in steps:
        yield f"    {printable(step)}"


def _paged(page: Page | None, width: int | None) -> Iterator[str]:
    if page is None:
        return
    yield ""
    by = ", ".join(each.by for each in page.acknowledged)
    counted = f"{page.answers}: " if page.answers else "acknowledged by "
    yield f"  Page {page.id}: {page.state}{f', {counted}{printable(by)}' if by else ''}"
    for each in page.notifications:
        last = each.attempts[-1] if each.attempts else None
        took = f" in {last.latency_ms:.0f} ms" if last is not None and last.latency_ms is not None else ""
        reason = each.settled_why or (last.reason if last is not None else "")
        told = f"    level {each.owed.level}  {each.owed.person} by {each.owed.kind}: {each.state}{took}"
        yield from wrapped(printable(f"{told}{f'; {reason}' if reason else ''}"), width, 6)


def _noise(noise: Noise) -> Iterator[str]:
    if len(noise.episodes) > 1:
        yield ""
        yield (f"  It fired {noise.fired} times lately, was answered {noise.answered} times, and was over by itself"
               f" {noise.by_itself} times.")  # fmt: skip


def _rank(members: Sequence[Alert]) -> tuple[int, str, float]:
    newest = max(each.starts_at.timestamp() for each in members)
    return min(_GRAVITY[each.status] for each in members), min(each.severity for each in members), -newest


def _name(alert: Alert) -> str:
    service = f" ({_cut(alert.service, LONGEST_VALUE)})" if alert.service else ""
    return printable(alert.name[:60] + service)


def _labels(alert: Alert, longest: int | None = None) -> str:
    """Its labels; with `longest`, for lists, each value cut to that many letters, and all of them to a few lines."""
    told = (f"{name}={_cut(value, longest)}" for name, value in sorted(alert.labels.items()) if name != "alertname")
    return _cut(" ".join(told), longest and LONGEST_SUMMARY)


def _cut(text: str, longest: int | None) -> str:
    return text if longest is None or len(text) <= longest else f"{text[: longest - 1]}…"


def _state(alert: Alert) -> str:
    if alert.acknowledged_by and alert.is_open:
        return f" [{printable(alert.acknowledged_by)}{_until(alert)}]"
    return ""


def _until(alert: Alert) -> str:
    until = alert.acknowledged_until
    return f" until {until.astimezone(UTC):%H:%M} UTC" if until is not None else ""


def _since(alert: Alert, now: datetime) -> str:
    """How long ago it began, in the largest unit that is whole."""
    seconds = max(0, round((now - alert.starts_at).total_seconds()))
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _clock(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z" if at is not None else "-"
