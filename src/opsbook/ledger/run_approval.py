"""What an approval signs, and whose approvals count, looked at again whenever they are used. Asks nobody.

One person is one person, by whichever of their names: an approval carries all that its giver is known by. Who started
a run and who changed its page last do not count, and nobody is above that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from opsbook.book.plan import plan_digest
from opsbook.ledger.run import Approved, Run, RunStep


def approval_digest(run: Run, until: datetime | None) -> str:
    """What an approval of this run is bound to: the run itself, its document, plan, secrets, and until when it may be
    used."""
    return plan_digest(run.plan, run.blob, run.secret_marks, f"{run.id} {until.isoformat() if until else ''}")


_ADDRESS = re.compile(r"(.*?)\s*<([^<>]*)>\s*")


def names_of(*written: str) -> frozenset[str]:
    """All that people are compared by, of names as they are written: `Ada Lovelace <ada@example.org>` is the name, the
    address, and what stands before its `@`; `terminal:ada` is ada too, and letter case does not count."""
    found: set[str] = set()
    for text in written:
        address = _ADDRESS.fullmatch(text)
        for part in address.groups() if address else (text,):
            plain = " ".join(part.strip().lstrip("@").casefold().split())
            found.update((plain, plain.partition("@")[0], plain.partition(":")[2]))
    return frozenset(found - {""})


def barred(run: Run) -> frozenset[str]:
    """The names of those who never count: who started the run, by all names, and who changed its pages last."""
    return names_of(run.actor, *run.aliases, *run.editor.split("; "))


def counts_as(names: Iterable[str], people: Iterable[str]) -> str | None:
    """The one of the people whom somebody with these names is; None when none of them."""
    mine = {each.strip().lstrip("@").casefold() for each in names}
    return next((person for person in people if person.strip().lstrip("@").casefold() in mine), None)


def approvers(run: Run, step: RunStep, people: Iterable[str] | None = None) -> tuple[str, ...]:
    """The people whose approvals count, each once: of exactly what the run does now, given in time, by somebody among
    those who were asked (or among `people`, where these are known better by now) and not barred."""
    asked, planned = step.asked, run.plan.step(step.number)
    if asked is None or planned is None or planned.gate is None or asked.question != "approval":
        return ()
    if asked.digest != approval_digest(run, asked.until):
        return ()
    gate = set(planned.gate.people)
    found: list[tuple[str, frozenset[str]]] = []
    for each in step.approvals:
        person = counts_as(_names(each), gate if people is None else gate.intersection(people))
        mine = names_of(*_names(each))
        is_late = asked.until is not None and each.at > asked.until
        if person is None or is_late or each.digest != asked.digest or mine & barred(run):
            continue
        if not any(mine & theirs for _, theirs in found):
            found.append((each.by, mine))
    return tuple(by for by, _ in found)


def _names(approved: Approved) -> tuple[str, ...]:
    return (approved.by, *approved.aliases)


def is_approved(run: Run, step: str, now: datetime, people: Iterable[str] | None = None) -> bool:
    """Whether enough people have approved a step that waits for them, and the time to use it is not over."""
    at, planned = run.step(step), run.plan.step(step)
    if at is None or at.asked is None or planned is None or planned.gate is None:
        return False
    if at.asked.until is not None and now > at.asked.until:
        return False
    return len(approvers(run, at, people)) >= planned.gate.count
