"""The public status as feeds: an entry for each update and each planned work, in Atom (RFC 4287) and RSS 2.0."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from typing import NamedTuple

from opsbook.usecases.public_incidents import public_id
from opsbook.usecases.public_site.words import PHASES, PLANNED, Links, clean, incident_file, prose, stamp, time_words
from opsbook.usecases.public_status import PublicStatus

MOST = 60


class Entry(NamedTuple):
    """An entry of a feed; `content` is HTML."""

    id: str
    title: str
    link: str
    at: datetime
    changed_at: datetime
    content: str


def _entries(status: PublicStatus, links: Links) -> list[Entry]:
    found = [*_of_incidents(status, links), *_of_maintenances(status, links)]
    return sorted(found, key=lambda each: (each.changed_at, each.id), reverse=True)[:MOST]


def _of_incidents(status: PublicStatus, links: Links) -> Iterator[Entry]:
    for incident in status.all_incidents:
        link = links.whole(incident_file(incident.id))
        for update in incident.updates:
            corrected = " (corrected)" if update.corrected_at else ""
            title = f"{PHASES[update.phase]}{corrected}: {incident.title}"
            yield Entry(update.id, title, link, update.at, update.changed_at, prose(update.body))
        if incident.resolved_at is not None and incident.updates[0].phase != "resolved":
            at, title = incident.resolved_at, f"Resolved: {incident.title}"
            yield Entry(public_id("over", incident.id), title, link, at, at, "<p>It is over.</p>")


def _of_maintenances(status: PublicStatus, links: Links) -> Iterator[Entry]:
    for planned in status.all_maintenances:
        times = f"<p>From {time_words(planned.starts_at)} until {time_words(planned.ends_at)}.</p>"
        yield Entry(
            planned.id, f"{PLANNED[planned.phase]}: {planned.title}", links.whole() + f"#m-{planned.id}",
            planned.announced_at, planned.changed_at, times + prose(planned.body),
        )  # fmt: skip


def atom(status: PublicStatus, links: Links) -> bytes:
    """The feed in Atom."""
    title, changed = _text(status.title), stamp(status.changed_at or status.at)
    made = [
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en">\n',
        f"<id>urn:opsbook:status:{public_id('page', status.title)}</id>\n<title>{title}</title>\n",
        f"<updated>{changed}</updated>\n<author><name>{title}</name></author>\n",
        f'<link rel="alternate" type="text/html" href="{_text(links.whole())}"/>\n',
        f'<link rel="self" type="application/atom+xml" href="{_text(links.whole("feed.atom"))}"/>\n',
    ]
    for each in _entries(status, links):
        made.append(
            f"<entry><id>urn:opsbook:status:{each.id}</id><title>{_text(each.title)}</title>"
            f'<link rel="alternate" type="text/html" href="{_text(each.link)}"/>'
            f"<published>{stamp(each.at)}</published><updated>{stamp(each.changed_at)}</updated>"
            f'<content type="html">{_text(each.content)}</content></entry>\n'
        )
    return "".join([*made, "</feed>\n"]).encode()


def rss(status: PublicStatus, links: Links) -> bytes:
    """The feed in RSS."""
    title, changed = _text(status.title), _date(status.changed_at or status.at)
    about = _text(status.introduction or status.title)
    made = [
        '<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom">\n',
        f"<channel><title>{title}</title><link>{_text(links.whole())}</link><description>{about}</description>\n",
        f'<atom:link rel="self" type="application/rss+xml" href="{_text(links.whole("feed.rss"))}"/>\n',
        f"<language>en</language><lastBuildDate>{changed}</lastBuildDate>\n",
    ]
    for each in _entries(status, links):
        made.append(
            f'<item><guid isPermaLink="false">urn:opsbook:status:{each.id}</guid><title>{_text(each.title)}</title>'
            f"<link>{_text(each.link)}</link><pubDate>{_date(each.at)}</pubDate>"
            f"<description>{_text(each.content)}</description></item>\n"
        )
    return "".join([*made, "</channel></rss>\n"]).encode()


def _text(text: str) -> str:
    return escape(clean(text))


def _date(at: datetime) -> str:
    return format_datetime(at.astimezone(UTC))
