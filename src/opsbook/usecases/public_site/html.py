"""The public pages as HTML: no script needed, nothing fetched from elsewhere, no link to a page inside. Everything that
somebody wrote is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from html import escape
from itertools import groupby

from opsbook.usecases.public_site.words import (
    OVERALL,
    PHASES,
    PLANNED,
    STATES,
    Links,
    clean,
    component_names,
    day_words,
    incident_file,
    percent,
    prose,
    stamp,
    time_words,
)
from opsbook.usecases.public_status import (
    IMPACT,
    PublicComponent,
    PublicIncident,
    PublicMaintenance,
    PublicStatus,
    PublicUpdate,
    UptimeDay,
)

RECENT_DAYS = 14  # on the first page; the history has the rest
LEAST_DAYS = 2  # with readings, before a share of them is told
_STEP, _HEIGHT = 10, 30  # of a bar in the picture of days


def home_page(status: PublicStatus, links: Links) -> bytes:
    """The first page: how all is, what is being done, what is planned, the last days."""
    parts = [_banner(status)]
    if status.introduction:
        parts.insert(0, f"<p>{_text(status.introduction)}</p>")
    if status.incidents:
        parts.append("<h2>Now</h2>")
        parts += [_incident(each, status, links, depth=0) for each in status.incidents]
    if status.maintenances:
        parts.append("<h2>Planned work</h2>")
        parts += [_maintenance(each, status) for each in status.maintenances]
    parts.append("<h2>Components</h2>")
    parts += list(_components(status))
    parts.append("<h2>Past incidents</h2>")
    since = status.at.date() - timedelta(days=RECENT_DAYS - 1)
    parts += list(_days(status, links, since))
    parts.append(f'<p><a href="{links.file("history.html")}">All of the last 90 days</a></p>')
    return _document(status, links, status.title, "".join(parts), depth=0)


def history_page(status: PublicStatus, links: Links) -> bytes:
    """What was within the days that are shown."""
    past = list(_days(status, links, date.min))
    body = "<h2>The last 90 days</h2>" + "".join(past or ["<p>Customers were told of nothing in these days.</p>"])
    return _document(status, links, f"History — {status.title}", body, depth=0)


def incident_page(status: PublicStatus, public_id: str, links: Links) -> bytes | None:
    """One incident with all that was said of it; None where there is none of that id."""
    found = next((each for each in status.all_incidents if each.id == public_id), None)
    if found is None:
        return None
    body = _incident(found, status, links, depth=1, is_alone=True)
    return _document(status, links, f"{found.title} — {status.title}", body, depth=1)


def missing_page(status: PublicStatus, links: Links) -> bytes:
    """What is answered where there is no such page."""
    return _document(status, links, status.title, "<h2>There is no such page</h2>", depth=1)


def own_page(status: PublicStatus, links: Links, title: str, body: str) -> bytes:
    """A page beside those of the status: `body` is HTML that is safe."""
    return _document(status, links, title, body, depth=1, is_live=False)


def _document(
    status: PublicStatus, links: Links, title: str, body: str, *, depth: int, is_live: bool = True
) -> bytes:
    home, text = links.home(depth), _text(status.title)
    feeds = [("Atom", "feed.atom"), ("RSS", "feed.rss"), ("JSON", "api/v2/summary.json")]
    shown = [f'<a href="{links.file(name, depth)}">{word}</a>' for word, name in feeds]
    shown.insert(0, f'<a href="{links.file("history.html", depth)}">History</a>')
    if links.subscribe:
        shown.insert(0, f'<a href="{escape(links.subscribe)}">Subscribe</a>')
    made = _time(status.at)
    # A form is not loaded anew under whoever fills it in.
    script = f'<script src="{links.file("status.js", depth)}" defer></script>\n' if is_live else ""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{_text(title)}</title>\n"
        f'<link rel="icon" type="image/svg+xml" href="{links.file("icon.svg", depth)}">\n'
        f'<link rel="stylesheet" href="{links.file("style.css", depth)}">\n'
        f'<link rel="alternate" type="application/atom+xml" title="{text}" href="{links.file("feed.atom", depth)}">\n'
        f'<link rel="alternate" type="application/rss+xml" title="{text}" href="{links.file("feed.rss", depth)}">\n'
        f"{script}</head>\n<body>\n"
        f'<header><h1><a href="{home}">{text}</a></h1>\n'
        f'<p id="old" class="old" role="alert" hidden>This page has not been updated since {made}. What it says may not'
        " be so any more.</p></header>\n"
        f"<main>\n{body}\n</main>\n"
        f'<footer><p class="quiet" id="made" data-at="{stamp(status.at)}" data-old="{links.old_s}">As of {made}.</p>\n'
        f"<nav aria-label=\"More\">{' '.join(shown)}</nav>\n{_contact(status)}</footer>\n</body>\n</html>\n"
    ).encode()


def _contact(status: PublicStatus) -> str:
    told = clean(status.contact)
    if not told:
        return ""
    if "@" in told and " " not in told and ":" not in told:
        return f'<p class="quiet">Questions: <a href="mailto:{escape(told)}">{escape(told)}</a></p>\n'
    return f'<div class="quiet">{prose("Questions: " + told)}</div>\n'


def _banner(status: PublicStatus) -> str:
    if not status.is_set_up:
        return '<p class="banner unknown" role="status">Nobody has said yet what is shown here.</p>'
    return f'<p class="banner {IMPACT[status.state]} {status.state}" role="status">{OVERALL[status.state]}</p>'


# -- components ------------------------------------------------------------------------------------------------------


def _components(status: PublicStatus) -> Iterator[str]:
    if not status.components:
        yield "<p>There are none.</p>"
    groups = list(dict.fromkeys(each.group for each in status.components))
    for group in sorted(groups, key=bool):  # those of no group first, the others in their order
        if group:
            yield f"<h3>{_text(group)}</h3>"
        members = [each for each in status.components if each.group == group]
        yield f'<ul class="parts">{"".join(map(_component, members))}</ul>'


def _component(component: PublicComponent) -> str:
    about = f'<p class="quiet">{_text(component.description)}</p>' if component.description else ""
    return (
        f'<li id="c-{component.id}"><div class="row"><b>{_text(component.name)}</b>'
        f'<span class="state s-{component.state}">{STATES[component.state]}</span></div>'
        f"{about}{_uptime(component)}</li>"
    )


def _uptime(component: PublicComponent) -> str:
    share = component.uptime
    if share is None:
        return ""
    days = component.days
    worse = [each for each in days if each.failed]
    measured = sum(1 for each in days if each.share is not None)
    told = f"Health checks in {_counted(measured)}: {percent(share)} as expected."
    if worse:
        named = ", ".join(f"{day_words_of(each.day)} {percent(each.share or 0)}" for each in worse[-10:])
        told += f" Days below: {named}."
    bars = "".join(_bar(at, each) for at, each in enumerate(days))
    width, words = len(days) * _STEP, uptime_words(share, measured, len(days))
    return (
        f'<svg class="days" viewBox="0 0 {width} {_HEIGHT}" preserveAspectRatio="none" role="img"'
        f' aria-label="{escape(told)}">{bars}</svg>'
        f'<div class="row quiet"><span>{len(days)} days ago</span><span>{words}</span>'
        "<span>today</span></div>"
    )


def uptime_words(share: float, measured: int, all_days: int) -> str:
    """The uptime with the time that it is of. Minutes of a first day say nothing, and would look like a bad one."""
    if measured < LEAST_DAYS:
        return "uptime is told from the second day of measuring on"
    return f"{percent(share)} uptime" + (f" in {_counted(measured)}" if measured < all_days else "")


def _counted(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def _bar(at: int, day: UptimeDay) -> str:
    share = day.share
    kind = "none" if share is None else "ok" if share == 1 else "minor" if share >= 0.99 else "major"
    kind = "critical" if share is not None and share < 0.95 else kind
    told = "nothing measured" if share is None else percent(share)
    return (
        f'<rect class="d-{kind}" x="{at * _STEP}" width="{_STEP - 3}" height="{_HEIGHT}" rx="2">'
        f"<title>{day_words_of(day.day)}: {told}</title></rect>"
    )


def day_words_of(day: date) -> str:
    """A day with the short name of its month."""
    return f"{day.day} {day:%b}"


# -- incidents and planned work --------------------------------------------------------------------------------------


def _incident(
    incident: PublicIncident, status: PublicStatus, links: Links, *, depth: int, is_alone: bool = False
) -> str:
    title = _text(incident.title)
    if not is_alone:
        title = f'<a href="{links.file(incident_file(incident.id), depth)}">{title}</a>'
    level = "h2" if is_alone else "h3"
    over = f"<p>Resolved {_time(incident.resolved_at)}.</p>" if incident.resolved_at is not None else ""
    return (
        f'<article class="card {incident.impact}"><{level}>{title}</{level}>'
        f'<p class="quiet">{_phase(incident)}{_affected(incident.components, status)}</p>{over}'
        f'<ul class="updates">{"".join(map(_update, incident.updates))}</ul></article>'
    )


def _phase(incident: PublicIncident) -> str:
    return f"<b>{PHASES[incident.phase]}</b>, first told {_time(incident.began)}"


def _affected(ids: Sequence[str], status: PublicStatus) -> str:
    names = component_names(status)
    known = [names[each] for each in ids if each in names]
    return f" · {_text(', '.join(known))}" if known else ""


def _update(update: PublicUpdate) -> str:
    corrected = f' · corrected {_time(update.corrected_at)}' if update.corrected_at is not None else ""
    parts = "; ".join(f"{_text(each.name)}: {STATES[each.after].lower()}" for each in update.affected)
    stated = f'<p class="quiet">{parts}</p>' if parts else ""
    return (
        f'<li><p class="quiet"><b>{PHASES[update.phase]}</b> · {_time(update.at)}{corrected}</p>'
        f"{prose(update.body)}{stated}</li>"
    )


def _maintenance(planned: PublicMaintenance, status: PublicStatus) -> str:
    return (
        f'<article class="card maintenance" id="m-{planned.id}"><h3>{_text(planned.title)}</h3>'
        f'<p class="quiet"><b>{PLANNED[planned.phase]}</b>, from {_time(planned.starts_at)} until'
        f" {_time(planned.ends_at)}{_affected(planned.components, status)}</p>{prose(planned.body)}</article>"
    )


def _days(status: PublicStatus, links: Links, since: date) -> Iterator[str]:
    """What is over, by the day on which it began; on the first page a day without anything says so."""
    found: list[tuple[date, str]] = [
        (each.began.date(), _incident(each, status, links, depth=0)) for each in status.past
    ]  # fmt: skip
    found += [(each.starts_at.date(), _maintenance(each, status)) for each in status.past_maintenances]
    found = sorted((pair for pair in found if pair[0] >= since), key=lambda pair: pair[0], reverse=True)
    for day, pairs in groupby(found, key=lambda pair: pair[0]):
        yield f"<h3>{day_words(datetime(day.year, day.month, day.day))}</h3>{_joined(text for _, text in pairs)}"
    if not found and since > date.min:
        yield f"<p>None in the last {RECENT_DAYS} days.</p>"


def _joined(texts: Iterable[str]) -> str:
    return "".join(texts)


def _time(at: datetime | None) -> str:
    return f'<time datetime="{stamp(at)}">{time_words(at)}</time>' if at is not None else ""


def _text(text: str) -> str:
    return escape(clean(text))
