"""The events of a run: their kinds, and a draft of each. Folds nothing, and decides nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

from opsbook.book.plan import Plan
from opsbook.ledger.event import Draft

State = Literal[
    "running", "waiting", "verifying", "rolling-back", "succeeded", "failed", "rolled-back", "rollback-failed",
    "cancelled", "unknown",
]  # fmt: skip
ENDED: frozenset[str] = frozenset({"succeeded", "failed", "rolled-back", "rollback-failed", "cancelled"})
StepState = Literal["pending", "running", "waiting", "done", "skipped", "failed", "unknown", "rolled-back"]
Purpose = Literal["step", "when", "done-if", "dry"]
Outcome = Literal["finished", "timed-out", "killed", "lost", "never-started"]
Question = Literal["confirm", "danger", "ask", "check", "approval", "failed", "unknown", "changed"]
Decision = Literal["done", "again", "failed", "undo", "roll-back", "abort"]


RUN_STARTED = "RunStarted"
RUN_TAKEN = "RunTaken"
RUN_PAUSED = "RunPaused"
RUN_RESUMED = "RunResumed"
CANCEL_ASKED = "RunCancelAsked"
CANCEL_HELD = "RunCancelHeld"
HELD = "RunHeld"
PHASE_BEGUN = "RunPhaseBegun"
RUN_ENDED = "RunEnded"
INTENDED = "AttemptIntended"
ATTEMPT_ENDED = "AttemptEnded"
ASKED = "PersonAsked"
ANSWERED = "StepAnswered"
APPROVED = "StepApproved"
APPROVAL_VOIDED = "StepApprovalVoided"
SECRETS_MARKED = "SecretsMarked"
STEP_ENDED = "StepEnded"
STEP_UNKNOWN = "StepUnknown"
DECIDED = "StepDecided"
RETRY_DUE = "StepRetryDue"
RUN_ATTACHED = "RunAttached"
OWED = "NotificationOwed"


def run_started(
    plan: Plan, *, document: str, blob: str, commit: str | None, aliases: tuple[str, ...], editor: str, node: str,
    is_interactive: bool, assumes_yes: bool, is_dry: bool, incident: int | None = None,
    is_trusted: bool = False, is_stepwise: bool = False, drill: str = "",
) -> Draft:  # fmt: skip
    """A run begins: all it needs stands in this event. `editor` changed the page last; `aliases` are the names that
    the starter is known by, none of which may approve; `is_trusted` lets inline checks run without a person;
    `is_stepwise` has each command wait until a person says that it may be run; `drill` is the due date of a drill that
    began by itself."""
    facts = {
        "plan": msgspec.to_builtins(plan), "document": document, "blob": blob, "commit": commit,
        "aliases": list(aliases), "editor": editor, "node": node, "is_interactive": is_interactive,
        "assumes_yes": assumes_yes, "is_dry": is_dry, "incident": incident,
        "is_trusted": is_trusted, "is_stepwise": is_stepwise, **({"drill": drill} if drill else {}),
    }  # fmt: skip
    return Draft(RUN_STARTED, facts)


def run_attached(incident: int | None, why: str = "") -> Draft:
    """It belongs to the incident of that number from now on; None: to none any more."""
    return Draft(RUN_ATTACHED, {"incident": incident, "why": why})


def run_taken(owner: str, epoch: int) -> Draft:
    """A runner took the run, by lease."""
    return Draft(RUN_TAKEN, {"owner": owner, "epoch": epoch})


def run_paused(why: str) -> Draft:
    """A person stopped it between steps."""
    return Draft(RUN_PAUSED, {"why": why})


def run_resumed(why: str) -> Draft:
    """A person let it go on."""
    return Draft(RUN_RESUMED, {"why": why})


def cancel_asked(why: str) -> Draft:
    """A person wants it ended now. It has ended once its processes are gone."""
    return Draft(CANCEL_ASKED, {"why": why})


def cancel_held(why: str) -> Draft:
    """It cannot be cancelled yet: what of it is still there, or which machine cannot be asked."""
    return Draft(CANCEL_HELD, {"why": why})


def run_held(why: str, behind: str = "") -> Draft:
    """It waits for its turn: another run, `behind` where it is known, has the lock of its procedure. Without a reason
    its turn has come."""
    return Draft(HELD, {"why": why, "behind": behind})


def phase_begun(phase: str, why: str) -> Draft:
    """The verification or the rollback begins."""
    return Draft(PHASE_BEGUN, {"phase": phase, "why": why})


def run_ended(state: State, why: str) -> Draft:
    """It has ended, and nothing of it goes on."""
    return Draft(RUN_ENDED, {"state": state, "why": why})


def attempt_intended(
    step: str, key: str, *, target: str, purpose: Purpose, epoch: int, limit_at: datetime | None
) -> Draft:
    """A command is about to be started; recorded and synced before it is."""
    facts = {
        "step": step, "key": key, "target": target, "purpose": purpose, "epoch": epoch, "limit_at": _text(limit_at),
    }  # fmt: skip
    return Draft(INTENDED, facts)


def attempt_ended(
    step: str, key: str, *, outcome: Outcome, exit_code: int | None, is_ok: bool | None, why: str,
    started_at: datetime | None, ended_at: datetime, tail: str = "", output_bytes: int = 0, redactions: int = 0,
    is_truncated: bool = False, cwd: str | None = None, exports: dict[str, str] | None = None,
    captured: dict[str, str] | None = None, secret_names: tuple[str, ...] = (), is_unreached: bool = False,
    secret_marks: dict[str, str] | None = None, captured_marks: dict[str, str] | None = None,
) -> Draft:  # fmt: skip
    """What became of a command; `cwd`, `exports` and `captured` are carried on only where it succeeded. `secret_marks`
    are of exported variables that hold a secret, by name: the mark of the value, empty where nobody was told it;
    `captured_marks` are of what was captured and is secret."""
    facts: dict[str, Any] = {
        "step": step, "key": key, "outcome": outcome, "exit": exit_code, "is_ok": is_ok, "why": why,
        "started_at": _text(started_at), "ended_at": _text(ended_at), "tail": tail, "output_bytes": output_bytes,
        "redactions": redactions, "is_truncated": is_truncated,
    }  # fmt: skip
    carried = {
        "cwd": cwd, "exports": exports, "captured": captured, "secret_names": list(secret_names),
        "is_unreached": is_unreached, "secret_marks": secret_marks, "captured_marks": captured_marks,
    }  # fmt: skip
    facts.update({name: value for name, value in carried.items() if value})
    return Draft(ATTEMPT_ENDED, facts)


def person_asked(
    step: str, question: Question, words: str, *, until: datetime | None = None, digest: str = ""
) -> Draft:
    """The run waits for a person at this step."""
    return Draft(ASKED, {"step": step, "question": question, "words": words, "until": _text(until), "digest": digest})


def step_answered(step: str, *, values: dict[str, str] | None = None, why: str = "", is_seen: bool = True) -> Draft:
    """A person said yes at this step, with the values that it asked for; `is_seen` is False when nobody looked."""
    return Draft(ANSWERED, {"step": step, "values": values or {}, "why": why, "is_seen": is_seen})


def step_approved(step: str, digest: str, why: str = "", *, aliases: tuple[str, ...] = ()) -> Draft:
    """An approver agreed to exactly this digest; `aliases` are the other names that they are known by."""
    return Draft(APPROVED, {"step": step, "digest": digest, "why": why, "aliases": list(aliases)})


def approval_voided(step: str, by: tuple[str, ...], why: str) -> Draft:
    """Approvals that do not count any more when they are to be used: whose, and why."""
    return Draft(APPROVAL_VOIDED, {"step": step, "by": list(by), "why": why})


def secrets_marked(marks: dict[str, str]) -> Draft:
    """What an approval signs of the secrets as they are now: the mark of each, by its name. Where one is another than
    before, what was approved is void."""
    return Draft(SECRETS_MARKED, {"marks": marks})


def step_ended(step: str, state: StepState, why: str = "", *, is_seen: bool = True, undoes: str = "") -> Draft:
    """A step is done, skipped or failed; `undoes` is the step that is taken back by it."""
    return Draft(STEP_ENDED, {"step": step, "state": state, "why": why, "is_seen": is_seen, "undoes": undoes})


def step_unknown(step: str, why: str) -> Draft:
    """Nobody can tell whether the command of this step was done."""
    return Draft(STEP_UNKNOWN, {"step": step, "why": why})


def step_decided(step: str, decision: Decision, why: str) -> Draft:
    """A person settled a step that was unknown or had failed."""
    return Draft(DECIDED, {"step": step, "decision": decision, "why": why})


def retry_due(step: str, at: datetime, why: str) -> Draft:
    """The step is tried again at that time."""
    return Draft(RETRY_DUE, {"step": step, "at": _text(at), "why": why})


def notification_owed(to: tuple[str, ...], subject: str, why: str) -> Draft:
    """People should be told; paging delivers it."""
    return Draft(OWED, {"to": list(to), "subject": subject, "why": why})


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
