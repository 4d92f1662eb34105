"""Who is on call for the next 30 days, whom each escalation reaches, and how: computed once, told by date.

What "now", "today" and "tomorrow" are is worked out where it is read, from the instants that stand in the rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from html import escape
from typing import TYPE_CHECKING

from opsbook.book.plan_words import length_words
from opsbook.book.reach import Directory, Meant
from opsbook.book.rendering import Places
from opsbook.book.roster.calendar import shifts, zone_of
from opsbook.book.roster.values import Person, Schedule, plain_name
from opsbook.usecases.library import Book
from opsbook.usecases.oncall import Escalation, directory_of, oncall
from opsbook.usecases.static_site.frame import banner, empty, link, section, table, tag

if TYPE_CHECKING:
    from opsbook.usecases.static_site import Site

DAYS = 30
_BEYOND = '<span class="quiet">beyond this copy</span>'
Contacts = Mapping[str, Sequence[tuple[str, str]]]  # of people by name as compared: more ways than the pages tell
_CALLED = frozenset({"phone", "sms", "pager", "mobile", "telephone", "tel"})


def duty_parts(book: Book, site: Site, to: Places, contacts: Contacts | None = None) -> str:
    """The whole of it as HTML: schedules, escalations, people."""
    return schedule_parts(book, site, to) + phone_tree(book, site, to, contacts)


def schedule_parts(book: Book, site: Site, to: Places) -> str:
    """Each schedule with its shifts of the next 30 days, by the clock of the schedule."""
    directory = directory_of(book)
    found = oncall(book, site.at, catch_all=site.catch_all)
    if not found.duties:
        return empty("No schedule is written yet")
    parts = []
    for number, duty in enumerate(found.duties, 1):
        _, schedule = directory.schedules[plain_name(duty.schedule.name)]  # with what its calendars say
        parts.append(
            _schedule(
                schedule, directory, site.at, number=number, written=link(to("page", duty.path, ""), "As written")
            )
        )
    return "\n".join(parts)


def _schedule(schedule: Schedule, directory: Directory, at: datetime, *, number: int, written: str) -> str:
    zone = zone_of(schedule.time_zone)
    # From the beginning of the day, so that whoever exports again on the same day has the same bytes.
    begin = at.replace(hour=0, minute=0, second=0, microsecond=0)
    end = begin + timedelta(days=DAYS + 1)
    ahead = shifts(schedule, begin, end) if zone is not None else []
    if zone is None or not ahead:
        why = schedule.flaws[0].message if schedule.flaws else f"Nobody can be computed by '{schedule.time_zone}'."
        return section(schedule.name, f"schedule-{number}", banner("warn", "It cannot be computed", escape(why)))
    rows = "".join(
        f'<tr data-from="{shift.start.isoformat()}" data-until="{shift.end.isoformat()}">'
        f'<th scope="row">{_moment(shift.start.astimezone(zone))}</th>'
        f'<td data-label="Until">{_moment(shift.end.astimezone(zone)) if shift.end < end else _BEYOND}</td>'
        f'<td data-label="On call">{_people(directory, shift.people)}</td>'
        f'<td data-label="Why"><span class="quiet small">{escape(shift.why)}</span></td></tr>\n'
        for shift in ahead
    )
    body = (
        f'<p class="on-now" data-duty-now></p>\n<p class="quiet small">By the clock of {escape(schedule.time_zone)}.'
        f' {written}</p>\n<div class="scroller" role="group" aria-label="{escape(schedule.name)}" tabindex="0">'
        '<table class="rows cards"><thead><tr><th scope="col">From</th><th scope="col">Until</th>'
        f'<th scope="col">On call</th><th scope="col">Why</th></tr></thead>\n<tbody>\n{rows}</tbody></table></div>'
    )
    anchor = f"schedule-{number}"
    return (
        f'<section class="part duty" data-zone="{escape(schedule.time_zone)}" aria-labelledby="{anchor}">'
        f'<div class="part-head"><h2 id="{anchor}">{escape(schedule.name)}</h2></div>\n{body}\n</section>'
    )


def _people(directory: Directory, names: Sequence[str]) -> str:
    found = [directory.somebody(name).name for name in names]
    return f"<b data-who>{escape(', '.join(found))}</b>" if found else tag("nobody", "bad")


def _moment(at: datetime) -> str:
    return f'<time datetime="{at.isoformat()}">{at:%a %d %b %H:%M}</time>'


def phone_tree(book: Book, site: Site, to: Places, contacts: Contacts | None = None) -> str:
    """Whom each escalation reaches, level by level, and how everybody is reached."""
    found = oncall(book, site.at, catch_all=site.catch_all)
    parts = [_escalation(each, number, to, contacts or {}) for number, each in enumerate(found.escalations, 1)]
    if found.people:
        rows = [
            (
                link(to("page", path, ""), person.name or person.handle),
                f"@{escape(person.handle)}" if person.handle else "",
                " · ".join(_ways(person, contacts or {})),
                escape(person.time_zone),
            )
            for person, path, _, _ in found.people
        ]
        parts.append(section("People", "people", table("People", ("Name", "Handle", "How", "Time zone"), rows)))
    return "\n".join(parts)


def _escalation(of: Escalation, number: int, to: Places, contacts: Contacts) -> str:
    rows = [
        (
            f"{level.number}",
            "" if level.after is None else "at once" if not level.after else length_words(level.after),
            _whom(level.meant, contacts),
        )
        for level in of.levels
    ]
    if of.catch_all:
        rows.append(("Else", "", _whom(of.catch_all, contacts)))
    about = ", ".join(of.policy.severities) or "every severity"
    of_services = f", of {', '.join(of.policy.services)}" if of.policy.services else ""
    line = (
        f'<p class="quiet small">For {escape(about + of_services)}. {link(to("page", of.path, ""), "As written")}</p>'
    )
    levels = table(of.policy.name, ("Level", "After", "Who"), rows)
    return section(of.policy.name, f"escalation-{number}", line + levels)


def _whom(meant: Sequence[Meant], contacts: Contacts) -> str:
    """The names of a level, with the ways to reach those who are the same at any time."""
    found = []
    for each in meant:
        people = each.people if each.meaning in ("person", "team") else ()
        if not people:
            found.append(escape(each.name))
        for one in people:
            more = contacts.get(plain_name(one.handle or one.name), ())
            ways = " ".join(reach(kind, address) for kind, address in dict.fromkeys((*one.contacts, *more)))
            found.append(f"<b>{escape(one.name)}</b> {ways}".strip())
    return f"<span>{'<br>'.join(found)}</span>"


def _ways(person: Person, contacts: Contacts) -> Iterator[str]:
    more = contacts.get(plain_name(person.handle or person.name), ())
    for kind, address in dict.fromkeys((*person.contacts, *more)):
        yield f'<span class="quiet">{escape(kind)}</span> {reach(kind, address)}'


def reach(kind: str, address: str) -> str:
    """How somebody is reached, as what can be pressed."""
    if kind.lower() in _CALLED:
        return link("tel:" + address.replace(" ", ""), address, ' class="nowrap"')
    if "@" in address and kind.lower() in ("email", "e-mail", "mail"):
        return link(f"mailto:{address}", address)
    return f'<span class="mono">{escape(address)}</span>'
