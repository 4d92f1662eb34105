"""Where a step is done and who must agree: the values of Run on, Approval and Secrets. Knows no host and no person."""

from __future__ import annotations

import re
from datetime import timedelta

from msgspec import Struct

from opsbook.book.grammar.parameter_type import HOST
from opsbook.book.grammar.problem import Problem
from opsbook.book.grammar.words import SUCH_AS, clauses, name_problem, pattern, read_length, trimmed, unticked, variable


class RunOn(Struct, frozen=True):
    """Where commands run: on each of `targets`, which are hosts, `$PARAM`s, or, with `each`, groups.

    No target means the machine of the run (`local`). `at_once` members of a group at a time (None: one after the
    other), until `stop_after` of them failed (None: the first).
    """

    targets: tuple[str, ...] = ()
    each: bool = False
    at_once: int | None = None
    stop_after: int | None = None

    @property
    def is_local(self) -> bool:
        return not self.targets


class Approval(Struct, frozen=True):
    """`count` of the people named by `approvers` (groups and users, without `@`), asked for `within` a time.

    Whoever started the run never counts.
    """

    count: int
    approvers: tuple[str, ...]
    within: timedelta | None = None


class Secret(Struct, frozen=True):
    """A variable that is fetched when a step starts: from `source` (vault, env, file, …) at `path`."""

    name: str
    source: str
    path: str


_RUN_ON = "Write local, a host, 'a, b', `$PARAM`, or 'each of GROUP, 1 at a time, stop after 1 failure'."


def read_run_on(text: str) -> RunOn | Problem:
    """`local`, `db-1`, `a, b`, `$TARGET`, `each of web, 2 at a time, stop after 1 failure`."""
    targets: list[str] = []
    each, at_once, stop_after = False, None, None
    for part in clauses(trimmed(text).rstrip(".")):
        pace = pattern(r"(\d{1,4}|one)\s+at\s+(?:a|one)\s+time|one\s+by\s+one").fullmatch(part)
        stop = pattern(r"stop\s+after\s+(\d{1,4}|one)\s+(?:failures?|failed)").fullmatch(part)
        group = pattern(r"(?:each|every|all)\s+of\s+(.+)").fullmatch(part)
        if pace or stop:
            count = _count((pace or stop)[1] or "one")  # type: ignore[index]
            if not count:
                return Problem(f"'{part}' would never do anything.", "Write a number of at least 1.")
            at_once, stop_after = (count, stop_after) if pace else (at_once, count)
            continue
        each = each or group is not None
        for name in re.split(r"\s+and\s+", group[1] if group else part):
            target = _target(name)
            if target is None:
                return Problem(f"'{name.strip()[:80]}' is no host, group or parameter.", _RUN_ON)
            targets.append(target)
    if not targets:
        return Problem("Nothing says where to run.", _RUN_ON)
    if not each and (at_once or stop_after):
        return Problem("'at a time' and 'stop after' go with a group.", "Write 'each of GROUP' before them.")
    if "local" in targets:
        if len(targets) > 1 or each:
            fix = "Write 'local', or hosts, not both."
            return Problem("'local' is the machine of the run, and stands alone.", fix)
        return RunOn()
    return RunOn(tuple(targets), each, at_once, stop_after)


def _count(word: str) -> int:
    return int(word) if word.isdecimal() else 1


def _target(written: str) -> str | None:
    bare = unticked(written)
    name = variable(bare)
    if name is not None:
        return f"${name}"
    if bare.lower() in ("local", "locally"):
        return "local"
    return bare if re.fullmatch(HOST, bare, re.ASCII) else None


_NUMBERS = {"any": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5}
_APPROVAL = "Write '1 of @sre-leads', '2 of @alice, @bob or @carol within 1h'."


def read_approval(text: str) -> Approval | Problem:
    """`@sre-leads`, `2 of @alice, @bob or @leads within 1h`; without a number one person is enough."""
    found = pattern(r"(?:(\d{1,3}|[a-z]+)\s+(?:of|from)\s+)?(.+?)(?:[,\s]+within\s+([^@]+))?").fullmatch(
        unticked(text).rstrip(".")
    )
    if found is None:
        return Problem("Nothing says who approves.", _APPROVAL)
    count = 1 if found[1] is None else int(found[1]) if found[1].isdecimal() else _NUMBERS.get(found[1].lower(), 0)
    if count < 1:
        return Problem(f"'{found[1]} of' is no number of people.", _APPROVAL)
    approvers = []
    for name in pattern(r"\s*(?:,|\bor\b|\band\b)\s*").split(found[2]):
        if not name:
            continue
        who = re.fullmatch(r"`?@([A-Za-z0-9][\w.-]*(?:/[\w.-]+)?)`?", name, re.ASCII)
        if who is None:
            return Problem(f"'{name[:80]}' is no @user and no @group.", _APPROVAL)
        approvers.append(who[1])
    within = None
    if found[3]:
        within = read_length(found[3])
        if within is None:
            return Problem(f"'within {found[3].strip()}' is not a duration {SUCH_AS}.", "Write 'within 1h'.")
    return Approval(count, tuple(dict.fromkeys(approvers)), within)


def read_secret(text: str) -> Secret | Problem:
    """`` `NAME` from vault:path ``."""
    text = trimmed(text)
    found = re.fullmatch(r"`?([^`\s]+)`?\s+from\s+`?([a-z][\w-]*):([^\s`]+)`?\.?", text, re.ASCII | re.I)
    if found is None:
        return Problem(f"'{text[:80]}' does not say where a secret comes from.", "Write `NAME` from vault:path.")
    name = found[1].lstrip("$")
    return name_problem(name) or Secret(name, found[2].lower(), found[3])


def read_secrets(text: str) -> tuple[Secret, ...] | Problem:
    """The secrets of a value, with commas between them."""
    secrets = []
    for part in clauses(trimmed(text)):
        secret = read_secret(part)
        if isinstance(secret, Problem):
            return secret
        secrets.append(secret)
    return tuple(secrets) or Problem("No secret is named.", "Write `NAME` from vault:path.")
