"""From a page to a plan: every step with its command, targets, limits and way back, or all that keeps it from running.

Decides nothing about people or the world: who may start, which hosts answer, and what a command does are other
people's questions. Never raises for what a page says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from opsbook.book.grammar import RunOn, Secret, When
from opsbook.book.lint import Around, PageCheck
from opsbook.book.page import Page
from opsbook.book.plan import LOCAL, Plan, PlannedStep
from opsbook.book.planner.given import Wanted, mismatch, mismatches, wanted_of
from opsbook.book.planner.known import Known, plain_name
from opsbook.book.planner.making import Made, made_of
from opsbook.book.planner.parts import MOST_STEPS, ROLLBACK, Part, Scope, Walk, procedure_at
from opsbook.book.planner.problems import Hindrance, Hindrances
from opsbook.book.planner.settings import Settings, danger_of
from opsbook.book.planner.targets import Targets, read_on
from opsbook.book.planner.undoing import implicit_rollback, with_undos
from opsbook.book.procedure import Procedure

__all__ = [
    "Hindrance", "Known", "Planning", "Wanted", "holds", "mismatch", "plain_name", "planned", "procedure_at", "read_on",
]  # fmt: skip


class Planning(Struct, frozen=True):
    """A plan as far as it goes. `hindrances` keep it from being run whatever is given; `wrong_values` are sentences
    about what was given. Only where both are empty is the plan one that may be run. `pages` are all that it is made
    of, the one that it was asked of first."""

    plan: Plan
    wanted: Wanted
    hindrances: tuple[Hindrance, ...]
    wrong_values: tuple[str, ...]
    pages: tuple[Page, ...]


def planned(
    page: Page, procedure: Procedure, ending: str, known: Known, *, given: Mapping[str, str],
    around: Around, on: RunOn | None = None, service: str | None = None, checks: Sequence[PageCheck] = (),
) -> Planning:  # fmt: skip
    """The plan of a procedure, or of its rollback or verification alone (`ending`), with the values that were given.

    `checks` are rules of lint: what they find in the procedure keeps it from being run."""
    wrong = Hindrances(checks)
    walk, made = _made(page, procedure, ending, known, wrong=wrong)
    for visited, each in walk.visited:
        ranges = [(p.step.start, p.step.end) for p in walk.parts if p.step is not None and p.page is visited]
        wrong.look(visited, each, ranges, around, is_whole=not ending or each is not procedure)
    environment = _environment(walk, page, made, wrong)
    steps = [each.step for each in made]
    anchor, scope = procedure.anchor + ending, Scope(page, procedure.fields, None, procedure)
    secrets = _secrets(scope, walk.parts, wrong)
    wanted = wanted_of(walk.visited, steps, environment, wrong, secrets=secrets)
    wrong_values = mismatches(wanted, given, known)
    values = {**wanted.own, **{name: value for name, value in given.items() if _is_plain(wanted, name)}}
    targets = Targets(known, {**wanted.defaults, **values}, wrong, on)
    wrong_values += targets.wrong_on()
    done = tuple(_secrets_apart(targets.settled(each)) for each in made)
    if not any(step.phase != "rollback" for step in done) and not wrong.told():
        wrong.add(page, (procedure.start, procedure.start), f"'{procedure.title}' has no step to run.",
                  "Write its steps as a numbered list below the heading.")  # fmt: skip
    danger = danger_of(scope)
    lock = _lock(page, procedure, done, {**wanted.defaults, **values}, wrong=wrong)
    plan = Plan(
        page.path, anchor, procedure.title + _ENDINGS[ending], done, wanted.parameters, values,
        secrets, environment, lock, danger,
        _word(danger, done, procedure.title), service=service,
        rollback_on_request=not procedure.rollback,
    )  # fmt: skip
    pages = tuple(dict.fromkeys(visited for visited, _ in walk.visited))
    return Planning(plan, wanted, wrong.told(), tuple(wrong_values), pages)


_ENDINGS = {"": "", "/rollback": ": rollback", "/verification": ": verification"}


def _made(
    page: Page, procedure: Procedure, ending: str, known: Known, *, wrong: Hindrances
) -> tuple[Walk, list[Made]]:
    """The steps in the order of running, with undos in the place of "Undo steps"."""
    walk = Walk(known, wrong)
    if ending:
        steps = procedure.rollback if ending == ROLLBACK else procedure.verification
        walk.alone(page, procedure, steps, ending)
    else:
        walk.whole(page, procedure)
    made = [each for part in walk.parts for each in made_of(part, known, wrong)]
    if len(made) > MOST_STEPS:
        wrong.add(page, (procedure.start, procedure.start), f"The run would have {len(made)} steps, and no more than"
                  f" {MOST_STEPS} are planned.", "Run its parts one by one.")  # fmt: skip
        made = made[:MOST_STEPS]
    if ending:
        whole = Walk(known, Hindrances())
        whole.whole(page, procedure)
        steps_of_it = [each for part in whole.parts for each in made_of(part, known, Hindrances())]
        return walk, with_undos(made, wrong, is_alone=steps_of_it)
    made = with_undos(made, wrong)
    if not any(each.step.phase == "rollback" for each in made):
        made += implicit_rollback(made, wrong)
    return walk, made


def _environment(walk: Walk, page: Page, made: list[Made], wrong: Hindrances) -> str | None:
    """What steps see as ENVIRONMENT: that of the procedure that is run, else that of the only one it links to."""
    own = walk.visited[0][1].environment
    found = {each.environment for _, each in walk.visited if each.environment is not None}
    if own is None and len(found) == 1:
        return found.pop()
    if len(found) > 1 and any(each.step.script and "ENVIRONMENT" in each.step.script.text for each in made):
        start = walk.visited[0][1].start
        wrong.add(page, (start, start), "The procedures that this one links to are for other environments, and their"
                  " commands use $ENVIRONMENT.", "Run them one by one.")  # fmt: skip
    return own


def _is_plain(wanted: Wanted, name: str) -> bool:
    return any(each.name == name and each.secret is None for each in wanted.parameters)


def _secrets_apart(step: PlannedStep) -> PlannedStep:
    """The step, whose secrets are only those of itself where it runs a command."""
    return step if step.script is not None or not step.secrets else replace(step, secrets=())


def holds(when: When | None, values: Mapping[str, str]) -> bool | None:
    """Whether a condition on a parameter holds by its value; None where only running a command can tell."""
    if when is None:
        return True
    if when.kind == "command" or when.parameter not in values:
        return None
    is_in = values[when.parameter] in when.values
    return is_in if when.kind in ("is", "in") else not is_in


def _secrets(scope: Scope, parts: list[Part], wrong: Hindrances) -> tuple[Secret, ...]:
    """The secrets of the procedure's own label."""
    whole = Part("", "steps", scope.page, (Scope(scope.page, scope.fields), scope))
    return Settings(whole, wrong).secrets() if parts else ()


_VARIABLE = re.compile(r"\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\})", re.ASCII)


def _lock(
    page: Page, procedure: Procedure, steps: tuple[PlannedStep, ...], values: Mapping[str, str], *, wrong: Hindrances
) -> str:
    """The key that only one run at a time may hold: as written, else the procedure and where it is done. A rollback
    that is run alone holds the same one as its procedure."""
    found = procedure.field("One at a time")
    written = found.value.strip().strip("`").strip() if found else ""
    if found is None or not written or written.lower() in ("yes", "true"):
        targets = sorted({target for step in steps for target in step.targets if step.kind == "command"} or {LOCAL})
        return f"{page.path}#{procedure.anchor} on {', '.join(targets)}"

    def filled(name: re.Match[str]) -> str:
        value = values.get(name[1] or name[2])
        if value is None and not any(each.name == (name[1] or name[2]) for each in procedure.declared):
            place = (found.field.start, found.field.end) if found else (0, 0)
            wrong.add(page, place, f"The lock uses {name[0]}, which is no parameter.", "Declare it, or take it out.")
        return value or ""

    return _VARIABLE.sub(filled, written)


_ASKS_FOR_HOST = re.compile(r"\b(?:host ?name|host's name|name of the (?:host|target)|target's name)\b", re.I)


def _word(danger: str, steps: tuple[PlannedStep, ...], title: str) -> str:
    """What is typed to go on with a danger: the host's name where there is one host, else the title."""
    if not danger and not any(step.danger for step in steps):
        return ""
    targets = list(dict.fromkeys(target for step in steps for target in step.targets if target != LOCAL))
    if targets and (len(targets) == 1 or _ASKS_FOR_HOST.search(danger)):
        return targets[0]
    return title
