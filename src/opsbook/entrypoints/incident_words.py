"""What people type about incidents, as values: impact, times, members, files, severities. Decides nothing."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from opsbook.ground.errors import Usage

if TYPE_CHECKING:
    from opsbook.book.impact import Impact
    from opsbook.ledger.incident import Incident
    from opsbook.ledger.incident_events import Members

_NIGHT = timedelta(hours=6)
_AGO = re.compile(r"(.+?)\s+ago", re.I)
_LARGEST_MB = 10  # of one file of an entry
DATA = ("none", "at risk", "corrupted", "lost", "exposed")
WORKAROUNDS = ("full", "partial", "none")


def impact_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that declare an impact, which `impact_of` takes."""
    for option in reversed((
        click.option("--users", metavar="40%", help="The share of users who are hindered."),
        click.option("--function", "functions", multiple=True, metavar="NAME", help="What does not work; repeatable."),
        click.option("--data", type=click.Choice(DATA), metavar="WORD", help=f"{', '.join(DATA)}."),
        click.option("--security/--no-security", default=None, help="Whether security is touched."),
        click.option("--workaround", type=click.Choice(WORKAROUNDS), metavar="WORD", help=f"{', '.join(WORKAROUNDS)}."),
        click.option("--region", "regions", multiple=True, metavar="NAME", help="Where; repeatable."),
        click.option("--impact", "sentence", metavar="TEXT", help="What users notice, as a sentence."),
        click.option("--business", metavar="TEXT", help="What it costs, as a sentence."),
    )):  # fmt: skip
        function = option(function)
    return function


def member_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that name what belongs to an incident, which `members_of` takes."""
    for option in reversed((
        click.option("--service", "services", multiple=True, metavar="S", help="A service of it; repeatable."),
        click.option("--alert", "alerts", multiple=True, metavar="ALERT", help="An alert of it; repeatable."),
        click.option("--run", "runs", multiple=True, metavar="RUN", help="A run of it; repeatable."),
        click.option("--page", "pages", multiple=True, metavar="PAGE", help="A page of it; repeatable."),
    )):  # fmt: skip
        function = option(function)
    return function


def impact_of(before: Impact | None = None, **told: Any) -> Impact | None:
    """The impact that was typed, over what was declared `before`; None where nothing was typed."""
    from msgspec.structs import replace

    from opsbook.book.impact import Impact

    changes: dict[str, Any] = {}
    if told["users"] is not None:
        changes["users_pct"] = percent(told["users"])
    said = {
        "functions": tuple(told["functions"]), "data": told["data"], "workaround": told["workaround"],
        "regions": tuple(told["regions"]), "users": told["sentence"], "business": told["business"],
    }  # fmt: skip
    changes |= {name: value for name, value in said.items() if value}
    if told["security"] is not None:
        changes["is_security"] = told["security"]
    return replace(before or Impact(), **changes) if changes else None


def percent(text: str) -> float:
    """A share as it was typed: `40%`, `0.4 %`, `all`; raises Usage for what is none."""
    plain = text.strip().lower().removesuffix("%").strip()
    known = {"all": 100.0, "everybody": 100.0, "none": 0.0, "nobody": 0.0, "half": 50.0}
    if plain in known:
        return known[plain]
    try:
        share = float(plain.replace(",", "."))
    except ValueError:
        share = -1.0
    if not 0 <= share <= 100:
        raise Usage(f"'{text}' is no share of users. Write one such as 40% or 0.5%, or 'all'.")
    return share


def members_of(
    *, services: Sequence[str], alerts: Sequence[str], runs: Sequence[str], pages: Sequence[str]
) -> Members:
    """What was named, as what belongs to an incident."""
    from opsbook.ledger.incident_events import Members

    return Members(alerts=tuple(alerts), pages=tuple(pages), runs=tuple(runs), services=tuple(services))


def moment_of(text: str | None, *, after: datetime | None = None, is_planned: bool = False) -> datetime | None:
    """When something happened: `02:40` is the last time that the clock here showed it, `10 min ago`, RFC 3339; None
    where nothing was typed. Where an incident began `after` which it lies, a time of the clock alone is of that night:
    one that is still to come is not put off to the day before. Of what `is_planned` it is the next time that the clock
    shows it. Raises Usage for what is no time, or may be none."""
    if text is None:
        return None
    from opsbook.config import local_zone
    from opsbook.entrypoints.duties import asked_instant
    from opsbook.ground.durations import read_duration

    now = datetime.now(UTC)
    ago = _AGO.fullmatch(text.strip())
    length = read_duration(ago[1]) if ago else None
    if length is not None:
        return now - length
    at = asked_instant(text, local_zone(), now).at
    is_clock_alone = re.fullmatch(r"\d{1,2}:\d{2}(:\d{2})?( ?[ap]m)?", text.strip(), re.I)
    if not is_clock_alone:
        return at
    day = timedelta(days=1)
    if is_planned:
        return at + day if at < now - timedelta(minutes=1) else at
    if at <= now + timedelta(minutes=1):
        return at
    if after is not None and at - day < after - _NIGHT:  # shortly after midnight, 23:58 was yesterday
        raise Usage(
            f"{text.strip()} is still to come today, and yesterday's is before the incident began"
            f" ({after:%Y-%m-%d %H:%M} UTC). Write the day with it, such as {at - day:%Y-%m-%dT%H:%MZ}, if it is meant."
        )
    return at - day


def day_of(text: str) -> str:
    """A day as it was typed: `today` and `tomorrow` are days of the clock here; everything else stays as it is."""
    ahead = {"today": 0, "tomorrow": 1}.get(text.strip().lower())
    if ahead is None:
        return text
    return f"{datetime.now().astimezone() + timedelta(days=ahead):%Y-%m-%d}"


def happened_of(incident: Incident, text: str | None) -> datetime | None:
    """When something of an incident happened, as `moment_of`; raises Usage where a clock time may not be of it."""
    known = (incident.started_at, incident.detected_at, incident.declared_at)
    return moment_of(text, after=min(at for at in known if at is not None))


def told_at(at: datetime | None) -> str:
    """The time that was taken, for an answer; empty where none was typed."""
    from opsbook.entrypoints.shown.clock import Clock

    return f" (at {Clock(datetime.now(UTC)).at(at)})" if at is not None else ""


def files_of(paths: Sequence[str]) -> list[tuple[str, str, bytes]]:
    """The names, media types and bytes of files; raises Usage for one that is too large or cannot be read."""
    from mimetypes import guess_type

    found = []
    for path in paths:
        try:
            with open(path, "rb") as file:
                content = file.read((_LARGEST_MB << 20) + 1)
        except OSError as wrong:
            raise Usage(f"'{path}' cannot be read: {wrong.strerror}.") from wrong
        if len(content) > _LARGEST_MB << 20:
            raise Usage(f"'{path}' is larger than {_LARGEST_MB} MB. Put it where all reach it, and note its address.")
        found.append((os.path.basename(path), guess_type(path)[0] or "application/octet-stream", content))
    return found


def words_of(parts: Sequence[str]) -> str:
    """The text that was typed; `-` alone is standard input."""
    if list(parts) == ["-"]:
        return sys.stdin.read().rstrip("\n")
    return " ".join(parts)


def severity_of(text: str | None, words: dict[str, str]) -> str:
    """P0 to P3 as it was typed, "" where nothing was."""
    from opsbook.entrypoints.duties import asked_severity

    return asked_severity(text, words) if text else ""
