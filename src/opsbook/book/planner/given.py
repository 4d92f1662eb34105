"""The parameters of a run and the values that were given for them: each against its type, all wrong ones at once.

No message repeats a value that is long or a secret's. Nothing here asks for one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from opsbook.book.expecting.slow_regex import read_search
from opsbook.book.grammar import Expect, ParameterType, Problem, Secret, When, name_problem, read_type
from opsbook.book.grammar.parameter_type import MOST_CHARACTERS, STRING
from opsbook.book.page import Page
from opsbook.book.parameters import Parameter
from opsbook.book.plan import PlannedParameter, PlannedStep
from opsbook.book.planner.bounded_match import matches_whole
from opsbook.book.planner.known import Known
from opsbook.book.planner.problems import Hindrances
from opsbook.book.procedure import Procedure
from opsbook.book.shell.parameters import variables
from opsbook.ground.guesses import closest


class Wanted(Struct, frozen=True):
    """What a run has to be told. `defaults` are also those that stand in the commands, as in `${NAME:-x}`: these are
    left to the shell, since another command may have another. `own` are those that the table gives."""

    parameters: tuple[PlannedParameter, ...]
    defaults: dict[str, str]
    own: dict[str, str]
    required: frozenset[str]


def wanted_of(
    visited: Sequence[tuple[Page, Procedure]], steps: Sequence[PlannedStep], environment: str | None,
    wrong: Hindrances, *, secrets: Sequence[Secret] = (),
) -> Wanted:  # fmt: skip
    """The declared parameters, those of the procedure that is run before those of what it links to; then those that
    the commands imply. `secrets` are those of the whole procedure."""
    found: dict[str, PlannedParameter] = {}
    own: dict[str, str] = {}
    implied: dict[str, str] = {}
    required: set[str] = set()
    for page, procedure in visited:
        for parameter in procedure.declared:
            if parameter.name not in found:
                planned = _declared(page, parameter, wrong)
                if planned is None:
                    continue
                found[parameter.name] = planned
                if planned.secret is None and parameter.default is not None:
                    own[parameter.name] = parameter.default
                elif planned.secret is None:
                    required.add(parameter.name)
    fetched = {secret.name for step in steps for secret in step.secrets}.union(secret.name for secret in secrets)
    known = {*found, *fetched, *({"ENVIRONMENT"} if environment is not None else ())}
    for name, uses in _implied(steps, known, visited[0][0], wrong).items():
        found[name] = PlannedParameter(name, STRING)
        default = next((use for use in uses if use is not None), None)
        if default is None:
            required.add(name)
        elif None in uses:
            own[name] = default  # a command that states no default gets that of the others
        else:
            implied[name] = default
    return Wanted(tuple(found.values()), {**implied, **own}, own, frozenset(required))


def _declared(page: Page, parameter: Parameter, wrong: Hindrances) -> PlannedParameter | None:
    place = (parameter.start, parameter.end)
    problem = name_problem(parameter.name)
    kind = read_type(parameter.type)
    if isinstance(kind, Problem):
        wrong.add(page, place, kind.message, kind.fix)
        return None
    if problem is not None:
        wrong.add(page, place, problem.message, problem.fix)
        return None
    secret = None
    if kind.kind == "secret":
        source, _, path = kind.source.partition(":")
        secret = Secret(parameter.name, source or "env", path or parameter.name)
    return PlannedParameter(parameter.name, kind, parameter.description, secret)


def _implied(
    steps: Sequence[PlannedStep], known: set[str], page: Page, wrong: Hindrances
) -> dict[str, list[str | None]]:
    """The variables that commands use and nothing before them sets, each with the defaults of its uses."""
    found: dict[str, list[str | None]] = {}
    known = set(known)
    for step in steps:
        given = step.script.environment if step.script else ()
        for text in _texts(step):
            script = variables(text)
            for use in script.used:
                if use.name in known or use.name in given:
                    continue
                if name_problem(use.name) is None:
                    found.setdefault(use.name, []).append(use.default)
                elif use.default is None:
                    _refused(use.name, step, page, wrong)
            known.update(name for name in script.assigned if name not in found)
        known.update({each.name for each in step.capture}.union(each.name for each in step.ask).difference(found))
    return found


def _refused(name: str, step: PlannedStep, page: Page, wrong: Hindrances) -> None:
    if step.path == page.path:
        content = page.document.content
        at = content.find(name.encode(), max(content.find(b"$" + name.encode()), 0))
        problem = name_problem(name)
        message = f"The command uses ${name}, which nothing sets, and no parameter may have that name."
        wrong.add(page, (max(at, 0), max(at, 0) + len(name)), message, problem.fix if problem else "")


def _texts(step: PlannedStep) -> Iterable[str]:
    """Every shell text of a step, in the order in which they may be run."""
    if isinstance(step.when, When) and step.when.command:
        yield step.when.command
    if isinstance(step.when, When) and step.when.parameter:
        yield f'"${step.when.parameter}"'
    if step.script is not None and step.script.language != "python":
        yield step.script.text
    if step.repeat.done_if:
        yield step.repeat.done_if
    if step.dry_run is not None and step.dry_run.command:
        yield step.dry_run.command
    if isinstance(step.expect, Expect) and step.expect.parameter:
        yield f'"${step.expect.parameter}"'


def mismatches(wanted: Wanted, given: Mapping[str, str], known: Known) -> list[str]:
    """What is wrong with the values that were given, a sentence each: unknown names, values of another type, missing
    ones."""
    names = {parameter.name: parameter for parameter in wanted.parameters}
    found = []
    for name, value in given.items():
        parameter = names.get(name)
        if parameter is None:
            found.append(_unknown(name, names))
        elif parameter.secret is not None:
            source = f"{parameter.secret.source}:{parameter.secret.path}"
            found.append(f"{name} is a secret and comes from {source}; it is never given at a start.")
        else:
            why = mismatch(parameter.type, value, known)
            if why:
                found.append(f"{name} cannot be {_shown(value)}: {why}.")
    missing = [name for name in names if name in wanted.required and name not in given]
    if missing:
        verb = "is missing" if len(missing) == 1 else "are missing"
        found.append(f"{' and '.join(missing)} {verb}, and must be given.")
    return found


def _unknown(name: str, names: Iterable[str]) -> str:
    shown = name[:80]
    near = closest(shown, sorted(names))
    problem = name_problem(name)
    if near is None and problem is not None and re.fullmatch(r"[A-Z][A-Z0-9_]*", name):
        return problem.message
    known = f" It has {', '.join(sorted(names))}." if names else " It has none."
    return f"There is no parameter '{shown}'." + (f" Did you mean '{near}'?" if near else known)


def _shown(value: str) -> str:
    printable = "".join(letter if letter.isprintable() else "�" for letter in value[:60])
    return f"'{printable}'" if len(value) <= 60 else f"'{printable}…' ({len(value)} characters)"


_CONTROLS = {"\n": r"\n", "\t": r"\t", "\r": r"\r"}


def mismatch(kind: ParameterType, value: str, known: Known) -> str | None:
    """Why a value is not of a type, or None when it is; never takes long, whatever the page's regex is.

    A line break or a tab is taken only by a regex that says so, by `\\n` or `\\t`; a NUL never.
    """
    if not value.isascii() and re.search("[\ud800-\udfff]", value):
        return "it holds bytes that are no text"
    if kind.kind != "pattern":
        return kind.mismatch(value) or _no_host(kind, value, known)
    if len(value) > MOST_CHARACTERS:
        return f"it is longer than {MOST_CHARACTERS} characters"
    controls = {letter for letter in value if ord(letter) < 32 or ord(letter) == 127}
    if any(_CONTROLS.get(letter, "\0") not in kind.pattern for letter in controls):
        return "it holds a control character"
    if read_search(kind.pattern) is None:
        is_match = re.fullmatch(kind.pattern, value) is not None
    else:
        found = matches_whole(kind.pattern, value)
        if found is None:
            return f"whether it matches /{kind.pattern}/ may take for ever to say; write a plainer one on the page"
        is_match = found
    return None if is_match else f"it does not match /{kind.pattern}/"


def _no_host(kind: ParameterType, value: str, known: Known) -> str | None:
    """Why a value of type host is none of the inventory's."""
    if kind.kind != "host":
        return None
    group = kind.group
    members = known.groups.get(group) if group else known.hosts
    if members is None:
        return f"there is no group '{group}'"
    if value in members:
        return None
    near = closest(value, sorted(members))
    guess = f"; did you mean '{near}'" if near else ""
    return (f"it is no host of '{group}'" if group else "there is no such host") + guess
