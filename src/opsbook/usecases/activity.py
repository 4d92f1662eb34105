"""What happened lately, in words: changes of health, runs, pages saved, commits. Tells what is recorded and no more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from opsbook.ledger.event import Event
from opsbook.ledger.run_events import APPROVED, CANCEL_ASKED, RUN_ENDED, RUN_STARTED, STEP_UNKNOWN
from opsbook.usecases.library import Book
from opsbook.usecases.run_names import run_name
from opsbook.usecases.serving_ports import Change

_SHOWN = 20


class Activity(Struct, frozen=True, gc=False):
    """Something that happened: `kind` is health, save, run or commit, `path` the page that it is about and `run`
    the run (or empty)."""

    at: datetime
    kind: str
    actor: str
    text: str
    path: str = ""
    run: str = ""


def recent_activity(book: Book, events: Sequence[Event], commits: Sequence[Change]) -> tuple[Activity, ...]:
    """The last happenings, the newest first. A save that made a commit is told once."""
    titles = {event.stream: _title(book, event) for event in events if event.kind == RUN_STARTED}
    found = [told for event in events if (told := _told(book, event)) is not None]
    found += [told for event in events if (told := _run(event, titles.get(event.stream, ""))) is not None]
    saved = {str(event.facts.get("commit")) for event in events if event.kind == "PageSaved"}
    found.extend(Activity(change.at, "commit", change.author, change.subject) for change in commits
                 if change.commit not in saved)  # fmt: skip
    found.sort(key=lambda each: each.at, reverse=True)
    return tuple(found[:_SHOWN])


def activity_model(found: Sequence[Activity]) -> dict[str, Any]:
    """The happenings as plain values."""
    return {
        "activity": [
            {"at": a.at.isoformat(), "kind": a.kind, "actor": a.actor, "text": a.text, "path": a.path or None,
             "run": a.run or None}
            for a in found
        ]
    }


def _told(book: Book, event: Event) -> Activity | None:
    teller = _TELLERS.get(event.kind)
    return teller(book, event) if teller else None


def _health(book: Book, event: Event) -> Activity:
    facts = event.facts
    path = str(facts.get("path") or "")
    page = book.facts.get(path)
    service = facts.get("service") or (page.service if page else None) or facts.get("probe") or "A probe"
    state, why = facts.get("state") or facts.get("to") or "unknown", str(facts.get("why") or "").rstrip(".")
    return Activity(event.at, "health", event.actor, f"{service} is {state}" + (f": {why}" if why else ""), path)


def _saved(book: Book, event: Event) -> Activity:
    path = str(event.facts.get("path") or "")
    page = book.facts.get(path)
    message = str(event.facts.get("message") or "").split("\n")[0]
    title = page.title if page else path
    return Activity(event.at, "save", event.actor, f"{title}: {message}" if message else f"{title} was edited", path)


def _title(book: Book, event: Event) -> str:
    plan = event.facts.get("plan")
    if not isinstance(plan, dict) or not plan.get("title"):
        return ""
    return run_name(book, str(plan.get("path") or ""), plan.get("service"), str(plan["title"]))


def _run(event: Event, title: str) -> Activity | None:
    """What is told of a run: that it began, waits for somebody, or has ended; not each of its steps."""
    run, why = event.stream.removeprefix("run/"), str(event.facts.get("why") or "")
    what = title or f"The run {run}"
    told = {
        RUN_STARTED: f"{what} was started" + (" as a dry run" if event.facts.get("is_dry") else ""),
        CANCEL_ASKED: f"{what} is to be cancelled" + (f": {why}" if why else ""),
        STEP_UNKNOWN: f"{what}: whether step {event.facts.get('step')} was done is unknown",
        APPROVED: f"{what}: step {event.facts.get('step')} was approved",
        RUN_ENDED: f"{what} {_ENDINGS.get(str(event.facts.get('state')), 'has ended')}" + (f": {why}" if why else ""),
    }
    words = told.get(event.kind)
    return Activity(event.at, "run", event.actor, words, run=run) if words else None


_ENDINGS = {
    "succeeded": "succeeded", "failed": "failed", "rolled-back": "was rolled back",
    "rollback-failed": "could not be rolled back", "cancelled": "was cancelled",
}  # fmt: skip
_TELLERS: dict[str, Callable[[Book, Event], Activity]] = {"HealthChanged": _health, "PageSaved": _saved}
