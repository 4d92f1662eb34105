"""What lists show of runs: a row for each, folded event by event. A small shadow of `run`, which alone decides.

`tests/ledger/test_run_view.py` holds it to the fold of the whole run. What was done with a step is kept as seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from opsbook.ledger import run_events as kinds
from opsbook.ledger.event import Event
from opsbook.ledger.run_events import ENDED
from opsbook.ledger.view import Row, View

_WORKING = {"steps": "running", "verification": "verifying", "rollback": "rolling-back"}
Document = dict[str, Any]


def group_of(path: str, anchor: str) -> str:
    """The group of the runs of a procedure."""
    return f"{path}#{anchor}"


def _fold(row: Row | None, event: Event) -> Row | None:
    if event.kind == kinds.RUN_STARTED:
        document = _started(event)
    elif row is None:
        return None
    else:
        fold = _FOLDS.get(event.kind)
        if fold is None:
            return row
        document = {**row.document}
        fold(document, event, event.facts)
    is_open = document["state"] not in ENDED
    document["waits_for"] = _waits_for(document) if is_open else ""
    return Row(is_open, group_of(document["path"], document["anchor"]), document)


def _started(event: Event) -> Document:
    plan = event.facts["plan"]
    return {
        "id": event.stream.removeprefix("run/"), "path": plan["path"], "anchor": plan["anchor"], "title": plan["title"],
        "service": plan.get("service"), "state": "running", "started_at": event.at.isoformat(), "ended_at": None,
        "actor": event.actor, "commit": event.facts["commit"], "is_dry": event.facts["is_dry"], "waits_for": "",
        "why": "", "incident": event.facts.get("incident"), "aims": "steps", "is_paused": False, "asked": {},
        "unknown": [], "open": {}, "began": {}, "took": {}, "behind": "", "lock": plan.get("lock", ""),
        "drill": event.facts.get("drill", ""),
    }  # fmt: skip


def _waits_for(document: Document) -> str:
    """What a person is waited for, in words; empty where none is."""
    if document["unknown"]:
        return f"a decision about step {document['unknown'][0]}"
    for step, question in document["asked"].items():
        return {
            "approval": f"an approval at step {step}",
            "failed": f"a decision about step {step}, which failed",
            "ask": f"values at step {step}",
        }.get(question, f"a person at step {step}")
    return "somebody to resume it" if document["is_paused"] else ""


def _going_on(document: Document) -> None:
    """The state that follows from what keeps the run, else from what is worked on; also where it had ended."""
    document.update(ended_at=None, behind="")
    if document["unknown"]:
        document["state"] = "unknown"
    elif document["is_paused"] or document["asked"]:
        document["state"] = "waiting"
    else:
        document["state"] = _WORKING[document["aims"]]


def _without(document: Document, step: str) -> None:
    """A step that nobody is asked about any more, and that is in no doubt."""
    document["asked"] = {each: question for each, question in document["asked"].items() if each != step}
    document["unknown"] = [each for each in document["unknown"] if each != step]


def _began(document: Document, step: str, at: datetime) -> None:
    if step not in document["began"]:
        document["began"] = {**document["began"], step: at.isoformat()}


def _paused(document: Document, _event: Event, facts: dict[str, Any]) -> None:
    document.update(is_paused=True, why=facts["why"])
    _going_on(document)


def _attached(document: Document, _event: Event, facts: dict[str, Any]) -> None:
    document["incident"] = facts["incident"]


def _resumed(document: Document, _event: Event, facts: dict[str, Any]) -> None:
    document.update(is_paused=False, why=facts["why"])
    _going_on(document)


def _why(document: Document, _event: Event, facts: dict[str, Any]) -> None:
    document["why"] = facts["why"]


def _held(document: Document, _event: Event, facts: dict[str, Any]) -> None:
    if not facts["why"]:
        document["why"] = ""
        _going_on(document)
    else:
        document.update(state="waiting", why=facts["why"], behind=facts.get("behind", ""))


def _phase_begun(document: Document, _event: Event, facts: dict[str, Any]) -> None:
    document.update(aims=facts["phase"], why=facts["why"])
    document["asked"] = {step: each for step, each in document["asked"].items() if step in document["unknown"]}
    _going_on(document)


def _ended(document: Document, event: Event, facts: dict[str, Any]) -> None:
    document.update(state=facts["state"], why=facts["why"], ended_at=event.at.isoformat())


def _intended(document: Document, event: Event, facts: dict[str, Any]) -> None:
    step = facts["step"]
    _without(document, step)
    _began(document, step, event.at)
    document["open"] = {**document["open"], step: [*document["open"].get(step, []), facts["key"]]}
    _going_on(document)


def _attempt_ended(document: Document, _event: Event, facts: dict[str, Any]) -> None:
    step = facts["step"]
    keys = [key for key in document["open"].get(step, []) if key != facts["key"]]
    document["open"] = {each: held for each, held in document["open"].items() if each != step}
    if keys:
        document["open"][step] = keys
    if step in document["unknown"] and facts["outcome"] != "lost" and not keys:
        _without(document, step)
    if document["state"] not in ENDED:
        _going_on(document)


def _asked(document: Document, event: Event, facts: dict[str, Any]) -> None:
    step = facts["step"]
    _without(document, step)
    document["asked"] = {**document["asked"], step: facts["question"]}
    _began(document, step, event.at)
    _going_on(document)


def _answered(document: Document, _event: Event, facts: dict[str, Any]) -> None:
    _without(document, facts["step"])
    _going_on(document)


def _step_ended(document: Document, event: Event, facts: dict[str, Any]) -> None:
    step = facts["step"]
    _without(document, step)
    if facts["undoes"]:
        _without(document, facts["undoes"])
    began = document["began"].get(step)
    if facts["state"] == "done" and began is not None:
        took = (event.at - datetime.fromisoformat(began)).total_seconds()
        document["took"] = {**document["took"], step: round(took, 3)}
    _going_on(document)


def _step_unknown(document: Document, _event: Event, facts: dict[str, Any]) -> None:
    step = facts["step"]
    document["unknown"] = [*(each for each in document["unknown"] if each != step), step]
    document["asked"] = {**document["asked"], step: "unknown"}
    _going_on(document)


def _decided(document: Document, _event: Event, facts: dict[str, Any]) -> None:
    step = facts["step"]
    _without(document, step)
    document["open"] = {each: held for each, held in document["open"].items() if each != step}
    document["why"] = ""
    _going_on(document)


_FOLDS: dict[str, Callable[[Document, Event, dict[str, Any]], None]] = {
    kinds.RUN_ATTACHED: _attached,
    kinds.RUN_PAUSED: _paused,
    kinds.RUN_RESUMED: _resumed,
    kinds.CANCEL_ASKED: _why,
    kinds.CANCEL_HELD: _why,
    kinds.HELD: _held,
    kinds.PHASE_BEGUN: _phase_begun,
    kinds.RUN_ENDED: _ended,
    kinds.INTENDED: _intended,
    kinds.ATTEMPT_ENDED: _attempt_ended,
    kinds.ASKED: _asked,
    kinds.ANSWERED: _answered,
    kinds.STEP_ENDED: _step_ended,
    kinds.STEP_UNKNOWN: _step_unknown,
    kinds.DECIDED: _decided,
}

RUNS = View("runs", 5, "run/", _fold)
# By what its row says a run is practice of its procedure, and since when.
PRACTICE: dict[str, str | bool] = {"state": "succeeded", "is_dry": False}
PRACTISED_AT = "ended_at"
