"""One attempt in the world: started at most once, found again, or stopped; and the event that says what became of it.

Everything here may take long and is done in threads of its own; nothing here records anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from msgspec import Struct

from opsbook.book.plan import LOCAL, Gate, PlannedStep, Script
from opsbook.ground.errors import Failure, Fenced, NotBegun, Refusal
from opsbook.ledger import run_events as events
from opsbook.ledger.event import Draft
from opsbook.ledger.run import EVERYWHERE, Approved, Attempt, Run
from opsbook.ledger.run_targets import AGAIN_AFTER, unreached
from opsbook.usecases import run_environment as environment
from opsbook.usecases.judging import READ_BYTES, TAIL_BYTES, Verdict, answered, judged, needs_output, plain
from opsbook.usecases.run_ports import Ended, Find, Look, Outputs, SecretSources, StepHost, StepHosts

LEFT_GRACE_S = 5.0  # for what an earlier attempt left to end by itself, before the next one begins

Tell = Callable[[str, str, int, bytes], None]  # step, key, offset, bytes of its output


class World(Struct, frozen=True):
    """What attempts are made in: machines, outputs, secrets, what looks for regular expressions; `node` is the name of
    this machine, and `home` the folder in which steps on it begin. `may_approve` says whether whoever gave an approval
    may give it today, `inherited` gives a variable of the runner's own environment; `carried` are secrets that steps
    exported."""

    hosts: StepHosts
    outputs: Outputs
    secrets: SecretSources
    find: Find
    node: str
    carried: environment.Carried
    now: Callable[[], datetime]
    home: str = ""
    may_approve: Callable[[Gate, Approved], bool] = lambda _gate, _approved: True
    inherited: Callable[[str], str | None] = lambda _name: None


class Errand(Struct, frozen=True):
    """An attempt of a run as it was when it was begun. `typed` are secrets that a person typed, kept by nobody."""

    run: Run
    planned: PlannedStep
    attempt: Attempt
    epoch: int
    tell: Tell | None = None
    typed: Mapping[str, str] = {}

    @property
    def script(self) -> Script:
        """What it runs."""
        return environment.script_of(self.planned, self.attempt.purpose)


class Elsewhere(Failure):
    """The attempt was made on another node's own machine, which only that node can ask."""


class Voided(Exception):
    """Nothing was begun, for secrets changed since they were approved: `drafts` are to be recorded, which has the
    approval asked for anew."""

    def __init__(self, *drafts: Draft) -> None:
        super().__init__("What was approved is void.")
        self.drafts = drafts


def begin(world: World, errand: Errand) -> Draft:
    """Starts it and returns what became of it. Raises Fenced, Voided, and Failure where nobody can tell now."""
    try:
        host = world.hosts.host(errand.attempt.target)
        given = environment.gather(
            errand.run, errand.planned, errand.script, errand.attempt.target, sources=world.secrets, typed=errand.typed,
            inherited=world.inherited, carried=world.carried,
        )  # fmt: skip
    except (Refusal, Failure) as wrong:
        is_void = isinstance(wrong, environment.SecretsChanged) and _is_asked_anew(errand)
        told = _told(world, errand, _never(world, str(wrong)), is_known=not is_void)
        if isinstance(wrong, environment.SecretsChanged) and is_void:
            raise Voided(told, events.secrets_marked(wrong.marks)) from wrong
        return told
    order = environment.order_for(
        errand.run, errand.planned, errand.script, key=errand.attempt.key, target=errand.attempt.target,
        epoch=errand.epoch, given=given, home=world.home,
    )  # fmt: skip
    kept = _Kept(world.outputs, errand)
    try:
        beside = _still_there(host, errand)
        if beside:
            return _told(world, errand, _never(world, beside), is_known=True)
        ended = host.run(order, kept.take)
    except NotBegun as wrong:
        is_again = wrong.retryable and _unreached_before(errand) < len(AGAIN_AFTER)
        never = _never(world, str(wrong))
        return _told(world, errand, never, is_known=not is_again, is_unreached=is_again)
    except Fenced:
        raise
    except (Refusal, Failure):  # claimed before, or nobody knows: then the machine is asked what it knows
        ended = _found(host, errand, kept, world)
    return _told(world, errand, ended, is_known=True, is_cut=kept.is_cut)


def _still_there(host: StepHost, errand: Errand) -> str:
    """Why it must not be begun, since an earlier attempt still runs that nobody watches over any more. What may be
    repeated safely is ended first; what may not, only a person ends."""
    step = errand.run.step(errand.planned.number)
    target, is_safe = errand.attempt.target, errand.planned.repeat.mode == "safe"
    for earlier in step.attempts if step and errand.attempt.purpose == "step" else ():
        if earlier.outcome != "lost" or earlier.target != target:
            continue
        look = host.look(earlier.key)
        is_there = look.state == "running" or bool(look.alive)
        if is_there and is_safe:
            is_there = bool(host.stop(earlier.key, LEFT_GRACE_S))
        if is_there:
            where = "this machine" if target == LOCAL else target
            what = f": {', '.join(look.alive)}" if look.alive else ""
            return (
                f"Attempt {earlier.number} still runs on {where}{what}, and a second one is not begun beside it. Wait"
                f" for its end, or kill it there, or end all of the run by 'opsbook runs cancel {errand.run.id}'; then"
                " decide again."
            )
    return ""


def _unreached_before(errand: Errand) -> int:
    """How often in a row the machine could not be reached for this."""
    step = errand.run.step(errand.planned.number)
    mine = errand.attempt
    tried = step.attempts if step else ()
    return unreached([
        each for each in tried
        if (each.target, each.purpose) == (mine.target, mine.purpose) and each.ended_at is not None
    ])  # fmt: skip


def _is_asked_anew(errand: Errand) -> bool:
    """Whether there is an approval before it in its phase, to which the run can go back."""
    steps = zip(errand.run.plan.steps, errand.run.steps, strict=True)
    return any(
        planned.gate is not None and planned.phase == errand.planned.phase and step.state == "done"
        for planned, step in steps
    )  # fmt: skip


def find_again(world: World, errand: Errand) -> Draft:
    """What became of an attempt that somebody began before: taken, rejoined, or found never to have been started.
    Raises Fenced, and Failure where the machine cannot be asked now."""
    host = _host(world, errand)
    kept = _Kept(world.outputs, errand)
    return _told(world, errand, _found(host, errand, kept, world), is_known=False, is_cut=kept.is_cut)


def stop(world: World, errand: Errand, grace_s: float) -> tuple[Draft | None, tuple[str, ...]]:
    """Ends every process of an attempt; what became of it, None while that is not known, and what is left of it.
    Raises Fenced, and Failure where the machine cannot be asked now."""
    host = _host(world, errand)
    host.fence(errand.run.id, errand.epoch)
    left = host.stop(errand.attempt.key, grace_s)
    look = host.look(errand.attempt.key)
    if left or look.state == "running":
        return None, left
    ended = look.ended or _never(world, look.why) if look.state != "lost" else Ended("killed", ended_at=world.now())
    return _told(world, errand, ended, is_known=False), ()


def _host(world: World, errand: Errand) -> StepHost:
    target = errand.attempt.target
    if target == LOCAL and errand.run.node != world.node:
        raise Elsewhere(f"It was started on {errand.run.node}, and only that machine can tell what became of it.")
    try:
        return world.hosts.host(target)
    except Refusal as wrong:  # the inventory was changed: what was begun there can be asked nowhere
        raise Failure(str(wrong)) from wrong


def _found(host: StepHost, errand: Errand, kept: _Kept, world: World) -> Ended:
    key = errand.attempt.key
    host.fence(errand.run.id, errand.epoch)  # first: nobody begins it from now on
    look: Look = host.look(key)
    if look.state == "running":
        return host.rejoin(key, kept.size, kept.take)
    if look.state == "ended" and look.ended is not None:
        _fetch_rest(host, key, kept, look.ended)
        return look.ended
    if look.state == "lost":
        return Ended("lost", why=look.why or "What became of it cannot be known.", ended_at=world.now())
    return _never(world, look.why)


def _fetch_rest(host: StepHost, key: str, kept: _Kept, ended: Ended) -> None:
    """The output that nobody saw; what is known of the end does not wait for it."""
    if kept.size >= ended.output_bytes:
        return
    try:
        host.rejoin(key, kept.size, kept.take)
    except Failure:
        kept.is_cut = True


def _never(world: World, why: str) -> Ended:
    return Ended("never-started", why=why or "It was never started.", ended_at=world.now())


class _Kept:
    """Takes the output of an attempt: to be kept, and to whoever looks on. What cannot be kept stops no step."""

    def __init__(self, outputs: Outputs, errand: Errand) -> None:
        self._outputs, self._errand = outputs, errand
        self.is_cut = False

    @property
    def size(self) -> int:
        """How much of it is there."""
        return self._outputs.size(self._errand.attempt.key)

    def take(self, offset: int, part: bytes) -> None:
        """Takes a part."""
        key = self._errand.attempt.key
        try:
            self._outputs.append(key, offset, part)
        except Failure:
            self.is_cut = True
        if self._errand.tell is not None:
            self._errand.tell(self._errand.planned.number, key, offset, part)


def _told(
    world: World, errand: Errand, ended: Ended, *, is_known: bool, is_cut: bool = False, is_unreached: bool = False
) -> Draft:
    """The event of an end. One that was never started is a failure where we tried (`is_known`), and nothing at all
    where somebody was cut off before it, or where it is tried again by itself."""
    tail, verdict = "", Verdict(False, ended.why)
    is_ok: bool | None = None
    if ended.outcome == "never-started":
        is_ok = False if is_known else None
    elif ended.outcome != "lost":
        tail, verdict = _judged(world, errand, ended)
        for name, value in verdict.hidden.items():
            tail = tail.replace(value, f"[secret {name}]") if value else tail
        is_ok = verdict.is_ok
    carries = bool(is_ok) and errand.attempt.purpose == "step"
    secrets = _secret_exports(errand, ended, verdict.hidden) if carries else {}
    if carries:
        known = {name: value for name, value in secrets.items() if value is not None}
        world.carried.keep(errand.run.id, errand.attempt.target, known)
        world.carried.keep(errand.run.id, EVERYWHERE, verdict.hidden)
    return events.attempt_ended(
        errand.planned.number, errand.attempt.key, outcome=ended.outcome, exit_code=ended.exit, is_ok=is_ok,
        why=" ".join(filter(None, (verdict.why, unstopped(errand, ended.left) if ended.left else ""))),
        started_at=ended.started_at, ended_at=ended.ended_at or world.now(), tail=tail,
        output_bytes=ended.output_bytes, redactions=ended.redactions, is_truncated=ended.is_truncated or is_cut,
        cwd=ended.cwd if carries and not errand.script.cwd else None,
        exports=_exports(errand, ended, verdict.hidden) if carries else None,
        captured=verdict.captured if carries else None,
        secret_names=(*verdict.secret_names, *ended.secret_exports) if carries else (),
        secret_marks={name: "" if value is None else world.secrets.mark(value) for name, value in secrets.items()},
        captured_marks={name: world.secrets.mark(value) for name, value in verdict.hidden.items() if carries},
        is_unreached=is_unreached,
    )  # fmt: skip


def _secret_exports(errand: Errand, ended: Ended, hidden: Mapping[str, str]) -> dict[str, str | None]:
    """What is carried on of the exports that hold a secret, None for a value that nobody was told: also of what was
    only found to be one by its capture, `hidden`. A variable that was one stays one, whatever is in it by now."""
    before = errand.run.secret_exports.get(errand.attempt.target, {})
    found = {name: ended.secret_values.get(name) for name in ended.secret_exports}
    found.update({name: value for name, value in ended.exports.items() if name in before or value in hidden.values()})
    own = _own(errand).union(hidden)
    return {name: value for name, value in found.items() if name not in own}


def _own(errand: Errand) -> set[str]:
    """The variables that the run sets itself, whatever a step makes of them."""
    plan = errand.run.plan
    secrets = {secret.name for secret in (*plan.secrets, *errand.planned.secrets)}
    secrets |= {each.name for each in plan.parameters if each.secret is not None}
    return {*plan.values, *errand.run.captured, *secrets, "ENVIRONMENT"}


def _exports(errand: Errand, ended: Ended, hidden: Mapping[str, str]) -> dict[str, str]:
    """What is carried on of the exports: neither what the run sets itself, nor what holds a secret."""
    run = errand.run
    own = {*run.plan.values, *run.captured, *environment.secret_names(run), "ENVIRONMENT"}
    secret = {secret.name for secret in errand.planned.secrets}.union(hidden)
    told = {name: value for name, value in ended.exports.items() if name not in own and name not in secret}
    return {name: value for name, value in told.items() if value not in hidden.values()}


def _judged(world: World, errand: Errand, ended: Ended) -> tuple[str, Verdict]:
    key, planned, script = errand.attempt.key, errand.planned, errand.script
    size = world.outputs.size(key) if ended.output_bytes else 0
    tail = plain(world.outputs.read(key, max(size - TAIL_BYTES, 0), TAIL_BYTES)) if size else ""
    if errand.attempt.purpose != "step" and script is not planned.script:
        return tail, answered(ended)
    whole = size > TAIL_BYTES and needs_output(planned, script)
    output = plain(world.outputs.read(key, 0, READ_BYTES)) if whole else tail
    values = environment.visible(errand.run, errand.attempt.target)
    return tail, judged(planned, script, ended, output, values=values, find=world.find)


def unstopped(errand: Errand, left: tuple[str, ...]) -> str:
    """What is left of an attempt, in a sentence."""
    return f"Still there on {errand.attempt.target}: {', '.join(left)}." if left else "It has not ended yet."
