"""The verbs of runs: plan, start, answer, approve, decide, cancel. They record what people want; none executes.

Each change is decided on a run as it is, and recorded behind exactly that. Where somebody else was quicker it is
decided anew, unless the step that it is about is not what it was: then whoever asked has to look again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from opsbook.book.plan import Plan
from opsbook.book.planner import Known
from opsbook.ground.errors import Conflict, Usage
from opsbook.ledger.event import Draft
from opsbook.ledger.run import Run, folded, stream_of
from opsbook.ledger.run_events import Decision, run_started
from opsbook.ledger.run_view import RUNS
from opsbook.usecases import approvals, run_answers, run_history, run_start
from opsbook.usecases.ledger_ports import EngineLedger, Lease, Timer, Write
from opsbook.usecases.run_form import Form, Prepared, Source, form_of, plan_of, prepared
from opsbook.usecases.run_history import Brief, History
from opsbook.usecases.run_journal import TOLD, is_told
from opsbook.usecases.run_ports import Inventory
from opsbook.usecases.run_start import Starter

__all__ = ["Brief", "Form", "History", "Runs", "Source", "Starter"]
_TRIES = 8  # a run is written to by its runner and by people; more than a few in the same moment is a fault


class Runs:
    """The runs of a ledger. Every verb gives the run as it is after it; raises Usage where there is no such run or
    step, Refusal where it may not be done now, Conflict where somebody else was quicker."""

    def __init__(
        self, ledger: EngineLedger, find: Callable[[str], Source], inventory: Inventory, *, node: str,
        now: Callable[[], datetime], chance: Callable[[int], bytes],
    ) -> None:  # fmt: skip
        self._ledger = ledger
        self._find = find
        self._inventory = inventory
        self._node = node
        self._now = now
        self._chance = chance
        self._known = Known(inventory.hosts, inventory.groups, inventory.approvers)

    def _prepared(self, where: str, values: dict[str, str], on: str | None) -> Prepared:
        return prepared(where, self._find, self._inventory, values=values, on=on)

    def form(self, where: str) -> Form:
        """What a start of PAGE#ANCHOR asks for; raises Usage, with a guess, where there is no such procedure."""
        return form_of(self._prepared(where, {}, None))

    def plan(self, where: str, values: dict[str, str], on: str | None = None) -> Plan:
        """What a run of PAGE#ANCHOR would do, on the target `on` where it is given.

        Raises Usage for parameters that are missing, not known or not of their type (all of them at once), Refusal
        where a step cannot be run, with the place of each.
        """
        return plan_of(self._prepared(where, values, on))

    def start(
        self, where: str, values: dict[str, str], starter: Starter, *, on: str | None = None, assumes_yes: bool = False,
        is_dry: bool = False, is_interactive: bool = True, incident: int | None = None, is_stepwise: bool = False,
        before: Callable[[str], object] | None = None,
    ) -> Run:  # fmt: skip
        """Records a run; a runner takes it up. Raises as `plan`, and Refusal where it may not run unattended or could
        never be approved. It belongs to the `incident` of that number; raises Usage where there is none.

        With `is_stepwise` no command is begun before a person said so. `before` gets the id before it is recorded, so
        that whoever starts the run can hold its lease before any other runner sees it.
        """
        found = self._prepared(where, values, on)
        plan = plan_of(found)
        if not starter.name.strip():
            raise Usage("A run needs the name of whoever starts it.")
        if not is_interactive:
            run_start.check_unattended(found, self._inventory)
        if not is_dry:
            run_start.check_approvals(plan, starter, found.editor)
        draft = run_started(
            plan, document=found.source.content.decode("utf-8", "replace"), blob=found.source.blob, commit=found.commit,
            aliases=starter.aliases, editor=found.editor, node=self._node, is_interactive=is_interactive,
            assumes_yes=assumes_yes, is_dry=is_dry, incident=incident, is_stepwise=is_stepwise,
            is_trusted=found.commit is not None and found.key in self._inventory.trusted,
        )  # fmt: skip
        return self._begun(draft, starter.name, before, incident)

    def start_drill(
        self, where: str, values: dict[str, str], on: str, *, due: str, by: str, fence: Lease,
        besides: Callable[[str], Write],
    ) -> Run:  # fmt: skip
        """Records a run that nobody starts: of a procedure that was due to be practised, where nothing can break.

        Raises as `start`, and Refusal where anything of it would wait for a person, or be done on another machine.
        What `besides` gives for its id is recorded with it or not at all: so nothing is begun twice.
        """
        found = self._prepared(where, values, on)
        plan = plan_of(found)
        run_start.check_unattended(found, self._inventory)
        as_written = self._prepared(where, values, None).planning.plan  # `on` is taken in the place of a step's host
        hosts = frozenset(self._inventory.groups.get(on, (on,)))
        run_start.check_drill(plan, as_written, hosts, on)
        draft = run_started(
            plan, document=found.source.content.decode("utf-8", "replace"), blob=found.source.blob, commit=found.commit,
            aliases=(), editor=found.editor, node=self._node, is_interactive=False, assumes_yes=False, is_dry=False,
            is_trusted=True, drill=due,
        )  # fmt: skip
        return self._begun(draft, by, besides=besides, fence=fence)

    def _begun(
        self, draft: Draft, actor: str, before: Callable[[str], object] | None = None, incident: int | None = None, *,
        besides: Callable[[str], Write] | None = None, fence: Lease | None = None,
    ) -> Run:  # fmt: skip
        for tried in range(1, _TRIES + 1):
            now = self._now()
            run_id = run_start.run_id(now, self._chance(4))
            stream = stream_of(run_id)
            writes = [Write(stream, (draft,), 0), *run_start.joining(self._ledger, incident, run_id)]
            if before is not None:
                before(run_id)
            writes += [besides(run_id)] if besides is not None else []
            try:
                recorded = self._ledger.record(writes, actor=actor, at=now, fence=fence)
                run = folded(event for event in recorded if event.stream == stream)
            except Conflict:  # another has the same four letters in this second, or the incident moved on
                if tried == _TRIES:
                    raise
                continue
            assert run is not None
            return run
        raise AssertionError("the loop ends by itself")

    def find(self, run: str) -> Run:
        """The run of that id, or of the only id that begins so."""
        found = folded(self._ledger.read(stream_of(run))) if run else None
        if found is not None:
            return found
        named = [stream.removeprefix("run/") for stream in self._ledger.streams(stream_of(run))] if run else []
        if len(named) == 1 and (found := folded(self._ledger.read(stream_of(named[0])))) is not None:
            return found
        if named:
            listed = ", ".join(named[:8]) + (" and others" if len(named) > 8 else "")
            raise Usage(f"'{run}' may mean {listed}. Write more of it.")
        if not run:
            raise Usage("Name a run.")
        raise Usage(f"There is no run '{run[:80]}'.", at_terminal="'opsbook runs list' shows all.")

    def briefs(
        self, *, where: str | None = None, is_open: bool | None = None, before: int | None = None, limit: int = 50
    ) -> list[Brief]:
        """Runs, the last started first: all, or those of PAGE#ANCHOR, from the position `before` on back."""
        group = None if where is None else self._group(where)
        rows = self._ledger.rows(RUNS.name, group=group, is_open=is_open, before=before, limit=limit)
        return [run_history.brief_of(kept) for kept in rows]

    def brief(self, run: str) -> Brief | None:
        """The run of that id as lists show it, None where there is none."""
        kept = self._ledger.row(RUNS.name, stream_of(run))
        return run_history.brief_of(kept) if kept is not None else None

    def history(self, where: str, limit: int = 100) -> History:
        """What earlier runs of PAGE#ANCHOR say."""
        return run_history.history_of(self._ledger.rows(RUNS.name, group=self._group(where), limit=limit))

    def practice(self, path: str, anchor: str, limit: int = 100) -> History:
        """As `history`, of a page by its whole path, which is not looked for: cheap enough to ask for many."""
        return run_history.history_of(self._ledger.rows(RUNS.name, group=f"{path}#{anchor}", limit=limit))

    def _group(self, where: str) -> str:
        """PATH#ANCHOR of what was named; runs of a page that is gone are found by its whole path."""
        if self._ledger.rows(RUNS.name, group=where, limit=1):
            return where  # looking for the page reads the whole folder, and asks git
        name, _, anchor = where.partition("#")
        try:
            return f"{self._find(name).page.path}#{anchor}"
        except Usage:
            return where

    def confirm(
        self, run: str, step: str, by: str, *, values: dict[str, str] | None = None, why: str = "", typed: str = "",
        is_seen: bool = True,
    ) -> Run:  # fmt: skip
        """A person says yes at a step that waits: that the manual step was done (with the values it asked for), or that
        it may go on; `typed` is the word that a danger asks for."""
        def answer(at: Run) -> list[Draft]:
            return run_answers.confirmed(
                at, step, values=values or {}, why=why, typed=typed, is_seen=is_seen, known=self._known
            )

        return self._change(run, by, answer, step=step)

    def skip(self, run: str, step: str, by: str, why: str) -> Run:
        """Leaves out a step that waits or has failed, with a reason."""
        return self._change(run, by, lambda at: run_answers.skipped(at, step, why), step=step)

    def fail(self, run: str, step: str, by: str, why: str) -> Run:
        """Says that a step that waits did not work out."""
        return self._change(run, by, lambda at: run_answers.failed(at, step, why), step=step)

    def approve(self, run: str, step: str, by: Starter, *, digest: str, why: str = "") -> Run:
        """An approval of exactly what `digest` says; raises Refusal for whoever may not approve it, and why."""
        def answer(at: Run) -> list[Draft]:
            return approvals.approved(at, step, by, digest=digest, now=self._now(), why=why, known=self._known)

        return self._change(run, by.name, answer)

    def why_not_approve(self, run: Run, step: str, by: Starter) -> str:
        """Why somebody does not approve a step, whatever they are shown; empty where they may."""
        planned = run.plan.step(step)
        if planned is None or planned.gate is None:
            return f"Step {step} of run {run.id} is no approval."
        return approvals.why_not_by(run, step, by, approvals.people_now(planned.gate, self._known))

    def decide(
        self, run: str, step: str, decision: Decision, *, by: str, why: str, aliases: tuple[str, ...] = ()
    ) -> Run:
        """Settles a step that is unknown or failed. To run again what must never be repeated takes a second person:
        raises Refusal where `by`, or another of their names, is who started it, or nothing proves who it is."""
        def answer(at: Run) -> list[Draft]:
            return run_answers.decided(at, step, decision, by=by, why=why, aliases=aliases)

        return self._change(run, by, answer, step=step)

    def cancel(self, run: str, by: str, why: str) -> Run:
        """Asks a run to end now; it is cancelled once its processes are gone."""
        return self._change(run, by, lambda at: run_answers.cancelled(at, why))

    def roll_back(self, run: str, by: str, why: str) -> Run:
        """Begins the rollback of a run that waits, or of one that failed or was cancelled, which goes on by that."""
        return self._change(run, by, lambda at: run_answers.rolled_back(at, why))

    def pause(self, run: str, by: str, why: str) -> Run:
        """Stops a run before its next step."""
        return self._change(run, by, lambda at: run_answers.paused(at, why))

    def resume(self, run: str, by: str, why: str = "") -> Run:
        """Lets a paused run go on, and one that waits because its page changed, as it was planned."""
        return self._change(run, by, lambda at: run_answers.resumed(at, why))

    def _change(self, name: str, by: str, answer: Callable[[Run], list[Draft]], *, step: str | None = None) -> Run:
        """Records what `answer` makes of the run as it is; where it has moved on meanwhile, of the run as it is then,
        unless another thing is asked at the step by now."""
        if not by.strip():
            raise Usage("A run is only changed under somebody's name.")
        run = self.find(name)
        for _ in range(_TRIES):
            drafts = answer(run)
            if not drafts:
                return run
            try:
                now, stream = self._now(), stream_of(run.id)
                told = [Timer(stream, TOLD, now)] if any(is_told(run, each) for each in run.steps) else []
                recorded = self._ledger.append(
                    stream, drafts, expected=run.number, actor=by, at=now, set_timers=told
                )
            except Conflict:
                fresh = self.find(run.id)
                if step is not None and not _is_same(run, fresh, step):
                    raise
                run = fresh
                continue
            after = folded(recorded, run)
            assert after is not None
            return after
        raise Conflict(f"Run {run.id} changes too quickly. Look at it again, and try once more.")


def _is_same(before: Run, after: Run, number: str) -> bool:
    one, other = before.step(number), after.step(number)
    return one is not None and other is not None and (one.state, one.asked) == (other.state, other.asked)
