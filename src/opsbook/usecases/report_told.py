"""What an incident tells its report and its post-mortem, as the Markdown that the template takes: its essential
timeline, its times, what people wrote; without secrets, and with nothing that could be a mark. Writes no page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from opsbook.book.escapes import in_lines, one_line
from opsbook.book.plan_words import length_words
from opsbook.book.read_only import only_reads
from opsbook.book.report_page import Told
from opsbook.book.report_parts import Line, Todo
from opsbook.book.slots import is_unfilled
from opsbook.book.tables import plain_text
from opsbook.ledger.incident import Incident
from opsbook.ledger.run import Run, folded
from opsbook.usecases.incident_timeline import TimelineEntry
from opsbook.usecases.ledger_ports import EngineLedger
from opsbook.usecases.redaction import masked
from opsbook.usecases.report_words import severity_in, spoken

MOST_LINES = 150  # a report is read; everything stands in the incident's timeline
MOST_ALERTS = 12  # of one storm
LONGEST_LINE = 400
# What a report tells of a timeline. Of runs and their steps only what changed something: see _is_essential.
ESSENTIAL = frozenset({"declared", "status", "severity", "alert", "ack", "decision", "note", "command", "deploy",
                       "change", "run", "step"})  # fmt: skip
_HANDLE = re.compile(r"(?<![\w@./-])@([A-Za-z][\w.-]*)")
_MACHINES = frozenset({"router", "pager"})  # their notes remind whoever leads; a report tells what happened


def told_of(
    incident: Incident, entries: Sequence[TimelineEntry], *, status: str, ledger: EngineLedger, now: datetime
) -> Told:  # fmt: skip
    """What is known of it."""
    started = incident.started_at or incident.detected_at or incident.declared_at
    commander = next(iter(incident.holders("commander") or incident.holders("Incident Commander")), "")
    commander = commander or incident.acknowledged_by
    labels = {
        "severity": incident.severity, "status": status, "started": moment(started),
        "resolved": moment(incident.resolved_at), "detected": moment(incident.detected_at),
        "mitigated": moment(incident.mitigated_at), "date": f"{_utc(started):%Y-%m-%d}",
        "duration": length_words(incident.resolved_at - started) if incident.resolved_at else "",
        "services": ", ".join(map(line, incident.services)), "impact": line(_users(incident)),
        "business": line(incident.impact.business), "commander": handle(commander), "owner": handle(commander),
        "number": incident.name, "updated": f"{_utc(now):%Y-%m-%d}", "cause": line(incident.cause),
    }  # fmt: skip
    texts = {
        "overview": incident.summary, "root-cause": incident.root_cause or incident.cause,
        "resolution": incident.resolution, "lessons-learned": incident.lessons, "impact": _users(incident),
    }  # fmt: skip
    lists: dict[str, Iterable[str]] = {
        "services": incident.services, "factors": incident.factors, "well": incident.went_well,
        "wrong": incident.went_badly, "lucky": incident.lucky,
    }  # fmt: skip
    is_drill = "Drill: " if incident.is_drill else ""
    return Told(
        without_secrets(is_drill + incident.title), {part: value for part, value in labels.items() if value},
        tuple(timeline(incident, entries, ledger)), {part: lines(text) for part, text in texts.items() if text.strip()},
        {part: found for part, told in lists.items() if (found := tuple(filter(None, map(line, told))))},
        tuple(todos(incident)),
    )  # fmt: skip


def moment(at: datetime | None) -> str:
    """A time as the book writes it; empty where there is none."""
    return f"{_utc(at):%Y-%m-%d %H:%M} UTC" if at is not None else ""


def line(text: str) -> str:
    """Anybody's words in one line of Markdown, without secrets."""
    return one_line(without_secrets(text))


def lines(text: str) -> str:
    """Anybody's words in paragraphs and bullets of Markdown, without secrets."""
    return in_lines(without_secrets(text))


def handle(name: str) -> str:
    """A person as pages name them: `@ada`; a name with spaces as it is."""
    plain = line(name.removeprefix("terminal:"))
    if not plain or plain.startswith("@") or not plain.replace("-", "").replace(".", "").replace("_", "").isalnum():
        return plain
    return f"@{plain}"


def timeline(incident: Incident, entries: Sequence[TimelineEntry], ledger: EngineLedger) -> list[Line]:
    """The essential entries as lines, in their order; with days where they are of more than one."""
    changing = _changing(ledger)
    kept = [each for each in entries if not each.is_struck and _is_essential(each, changing)]
    kept, left = _shortened(kept)
    times = [*(each.at for each in kept), incident.started_at, incident.detected_at or incident.declared_at,
             incident.resolved_at]  # fmt: skip
    days = {_utc(at).date() for at in times if at is not None}
    is_one_day = len(days) <= 1
    made = []
    before = ""
    for each in kept:
        at = _utc(each.at)
        said, actor = spoken(each, incident, before)
        before = severity_in(each) or before
        if said or each.files or not each.text.strip():
            made.append(Line("" if is_one_day else f"{at:%Y-%m-%d}", f"{at:%H:%M}", _shown(each, said), handle(actor)))
    if left and made:
        more = f"{left} more entries stand in the timeline of {incident.name}"
        made.append(Line(made[-1].day, made[-1].time, more))
    return made


def todos(incident: Incident) -> list[Todo]:
    """The action items that were not dropped. A name in the text of one is put into code, so that it is no owner."""
    made = []
    for each in incident.actions:
        if each.state != "dropped":
            text = _kept(_unowned(line(each.text)))
            proof = line(each.proof)
            made.append(Todo(text, handle(each.owner), each.due, each.state in ("done", "verified"), each.kind, proof))
    return made


def _kept(text: str) -> str:
    """The text of an action item, so that one that looks like a slot or a comment is an item all the same."""
    text = text.replace("<!--", "<! --")
    return f"“{text}”" if is_unfilled(plain_text(text.replace("\\", ""))) else text


def _unowned(text: str) -> str:
    return _HANDLE.sub("&#64;\\1" if "`" in text else "`@\\1`", text)


def _users(incident: Incident) -> str:
    """Whom it hindered: in their own words, else what was declared."""
    impact = incident.impact
    if impact.users:
        return impact.users
    told = [f"{impact.users_pct:g} % of users"] if impact.users_pct is not None else []
    if told and not impact.functions:
        told.append("were hindered")
    elif impact.functions and not told:
        told.append("Users")
    if impact.functions:
        told.append(f"could not use {', '.join(impact.functions)}")
    if impact.regions:
        told.append(f"in {', '.join(impact.regions)}")
    if impact.workaround:
        told.append(f"({impact.workaround} workaround)" if impact.workaround != "none" else "(no workaround)")
    return " ".join(told)


def _is_essential(entry: TimelineEntry, changing: Callable[[str], bool]) -> bool:
    if entry.is_pinned:
        return True
    if entry.kind not in ESSENTIAL or (entry.kind == "note" and entry.actor in _MACHINES):
        return False
    return changing(entry.key) if entry.key.startswith("run/") else True


def _changing(ledger: EngineLedger) -> Callable[[str], bool]:
    """Whether an entry of a run tells of something that changed: its beginning and end, steps that came to an end and
    do more than look, decisions. Nothing of a dry one."""
    runs: dict[str, tuple[Run | None, dict[int, tuple[str, str]]]] = {}

    def is_change(key: str) -> bool:
        stream, _, number = key.rpartition(":")
        if stream not in runs:
            events = ledger.read(stream)
            told = {event.number: (event.kind, str(event.facts.get("step", ""))) for event in events}
            runs[stream] = folded(events), told
        run, kinds = runs[stream]
        kind, step = kinds.get(int(number) if number.isdigit() else 0, ("", ""))
        if run is None or run.is_dry:
            return False
        if kind in ("RunStarted", "RunEnded", "StepDecided"):
            return True
        planned = run.plan.step(step)
        if kind != "StepEnded" or planned is None:
            return False
        return planned.kind != "command" or planned.script is None or not only_reads(planned.script.text)

    return is_change


def _shortened(entries: list[TimelineEntry]) -> tuple[list[TimelineEntry], int]:
    """Without what a storm repeats, and so many at the most; pins stay. Also how many are left out."""
    kept: list[TimelineEntry] = []
    alerts = left = 0
    for each in entries:
        alerts += each.kind == "alert"
        if each.kind == "alert" and alerts > MOST_ALERTS and not each.is_pinned:
            left += 1
        else:
            kept.append(each)
    if len(kept) > MOST_LINES:
        first = [each for each in kept if each.is_pinned or each.kind in ("declared", "status", "severity")]
        chosen = {each.key for each in first[:MOST_LINES]}
        chosen |= {each.key for each in kept[: max(0, MOST_LINES - len(chosen))]}
        left += sum(each.key not in chosen for each in kept)
        kept = [each for each in kept if each.key in chosen]
    return kept, left


def _shown(entry: TimelineEntry, said: str) -> str:
    text = line(said.rstrip(" ."))
    if len(text) > LONGEST_LINE:
        text = line(without_secrets(said)[:LONGEST_LINE].rsplit(" ", 1)[0].rstrip("\\")) + " …"
    files = ", ".join(line(each.name) for each in entry.files)
    return (f"{text} ({files})" if files else text) or "(no words)"


def without_secrets(text: str) -> str:
    """The words with `***` in the place of every secret."""
    return masked(text.encode("utf-8", "replace")).decode("utf-8", "replace")


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC)
