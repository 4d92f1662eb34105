"""What is to be done next in an incident, what cannot wait first, with the words that do it. Does none of it."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct

from opsbook.book.impact import Impact
from opsbook.ledger.incident import Incident
from opsbook.ledger.incident_events import IncidentState
from opsbook.usecases.untold import untold

SOON = timedelta(minutes=5)  # an update that is due so soon is written now
GRAVE = ("P0", "P1")
_ONWARD: dict[IncidentState, tuple[str, str]] = {
    "triage": ("Say whether it is an incident.", "status {n} investigating"),
    "investigating": ("Once it is known what is wrong, say so.", "status {n} identified --why 'what it is'"),
    "identified": ("Once somebody mends it, say so.", "status {n} mitigating --why 'what is done'"),
    "mitigating": ("Once nobody is hindered any more, say so.", "status {n} monitoring"),
    "monitoring": ("Once it stays well, resolve it.", "resolve {n} --why 'what helped'"),
}  # fmt: skip


class NextStep(Struct, frozen=True):
    """Something to do, and what to type behind `opsbook incident`; `is_late` where it should have been done."""

    words: str
    typed: str
    is_late: bool = False


def next_steps(incident: Incident, now: datetime) -> list[NextStep]:
    """What is to be done, what cannot wait first."""
    again = [NextStep(each.words, f"update {{n}} --audience {each.audience}", True) for each in untold(incident)]
    found = [*again, *(_live(incident, now) if incident.is_live else _over(incident))]
    return [NextStep(step.words, step.typed.format(n=incident.number), step.is_late) for step in found]


def _live(incident: Incident, now: datetime) -> list[NextStep]:
    steps: list[NextStep] = []
    due = incident.update_due_at
    if due is not None and due <= now + SOON:
        words = "A status update is late." if due < now else "A status update is due."
        steps.append(NextStep(words, "update {n}", due < now))
    if incident.acknowledged_at is None and incident.state != "triage":
        steps.append(NextStep("Nobody takes care of it yet.", "ack {n}"))
    elif not incident.holders("commander") and incident.state != "triage":
        steps.append(NextStep("Nobody is its commander.", "role {n} commander NAME"))
    if incident.impact == Impact() and incident.state != "triage":
        steps.append(NextStep("Nobody has said yet whom it hinders.", "severity {n} --users 40% --function NAME"))
    words, typed = _ONWARD[incident.state]
    steps.append(NextStep(words, typed))
    return steps


def _over(incident: Incident) -> list[NextStep]:
    if incident.state in ("dismissed", "merged"):
        return []
    steps: list[NextStep] = []
    if not incident.root_cause:
        steps.append(NextStep("Nobody has said what the cause was.", "edit {n} root_cause 'what it was'"))
    if incident.started_at is None and incident.severity in GRAVE:
        steps.append(NextStep("Nobody has said since when people were hindered.", "edit {n} started_at '02:40'"))
    if not any(each.what == "report" for each in incident.writings):
        steps.append(NextStep("Its report is not written yet.", "report {n}"))
    post_mortem = incident.post_mortem
    if post_mortem is None and incident.severity in GRAVE and not incident.is_drill:
        steps.append(NextStep("It was grave: write what was learned.", "post-mortem {n}"))
    elif post_mortem is not None and post_mortem.state not in ("reviewed", "waived"):
        due = f" It is due on {post_mortem.due}." if post_mortem.due else ""
        words = f"The post-mortem is {post_mortem.state}.{due} Once it is read: say so, with what came of it."
        is_written = any(each.what == "post-mortem" for each in incident.writings)
        steps.append(NextStep(words, "post-mortem {n} --state reviewed --why 'what came of it'")
                     if post_mortem.state == "in review" else
                     NextStep(f"The post-mortem is {post_mortem.state}.{due} Read it, and accept its page.",
                              "show {n}" if is_written else "post-mortem {n}"))  # fmt: skip
    elif incident.state == "resolved":
        steps.append(NextStep("Nothing more is due; it can be closed.", "status {n} closed"))
    return steps
