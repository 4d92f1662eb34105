"""What the info string of a fence says beyond its language: name, time limit, retries and the other mechanics.

Reads `key=value`, `{key=value …}` and Runme's JSON; words of other tools are kept or passed over, never refused.
"""

from __future__ import annotations

import re
from datetime import timedelta

from msgspec import Struct

from opsbook.book.grammar.limits import MOST_RETRIES
from opsbook.book.grammar.problem import Problem
from opsbook.book.grammar.words import SUCH_AS, name_problem, pattern, read_length
from opsbook.ground.guesses import distance

ATTRIBUTES = ("name", "timeout", "retries", "cwd", "shell", "user", "background", "env", "strict")
_MOST = 4096
_PAIR = r"([A-Za-z_][\w.-]*)=(?:\"((?:[^\"\\]|\\.)*)\"|'([^']*)'|([^\s\"']*))"


class Fence(Struct, frozen=True):
    """The mechanics of one command block. `env` names variables that it gets besides the parameters; `strict` is
    False where a failing line in the middle does not fail the block."""

    name: str = ""
    timeout: timedelta | None = None
    retries: int | None = None
    cwd: str = ""
    shell: str = ""
    user: str = ""
    background: bool = False
    env: tuple[str, ...] = ()
    strict: bool = True


def read_attributes(info: str) -> dict[str, str]:
    """The attributes behind the language of an info string, as written but without quotes; never raises."""
    info = info[:_MOST].strip()
    if "=" not in info and "{" not in info:
        return {}
    begin, end = info.find("{"), info.rfind("}")
    if 0 <= begin < end:
        found = _json(info[begin : end + 1])
        if found is not None:
            return found
    found = {}
    for pair in pattern(_PAIR).finditer(info):
        before = info[pair.start() - 1] if pair.start() else ""
        if before and before not in " \t{,":
            continue
        value = pair[4]
        if value is not None and begin >= 0:  # {a=1, b=2} and {a=1}
            value = value.rstrip(",}") if begin < pair.start() else value
        quoted = re.sub(r"\\(.)", r"\1", pair[2]) if pair[2] is not None else pair[3]
        found.setdefault(pair[1], quoted if quoted is not None else value)
    return found


def _json(text: str) -> dict[str, str] | None:
    """Runme's form: a JSON object, whose values become text."""
    if '"' not in text or ":" not in text:
        return None
    import msgspec  # its JSON reader; json itself would cost 2 ms of the start

    try:
        loaded = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return None
    return {str(key): _plain(value) for key, value in loaded.items()} if isinstance(loaded, dict) else None


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(_plain(each) for each in value)
    return "" if value is None else str(value)


def read_fence(info: str) -> tuple[Fence, tuple[Problem, ...]]:
    """The mechanics of a command block by its info string, and what of it cannot be read."""
    written = read_attributes(info)
    if not written:
        return Fence(), ()
    found: list[object] = [
        _length(written),
        _count(written),
        _flag(written, "background", default=False),
        _flag(written, "strict", default=True),
        _names(written),
    ]
    problems = [value for value in found if isinstance(value, Problem)]
    problems.extend(_misspelt(key) for key in written if _near(key))
    timeout, retries, background, strict, env = (None if isinstance(value, Problem) else value for value in found)
    fence = Fence(
        written.get("name", ""),
        timeout if isinstance(timeout, timedelta) else None,
        retries if isinstance(retries, int) else None,
        written.get("cwd", ""),
        written.get("shell") or written.get("interpreter", ""),
        written.get("user", ""),
        background is True,
        env if isinstance(env, tuple) else (),
        strict is not False,
    )
    return fence, tuple(problems)


def _length(written: dict[str, str]) -> timedelta | Problem | None:
    if "timeout" not in written:
        return None
    fix = "Write a number and a unit, such as timeout=5m."
    wrong = Problem(f"timeout={written['timeout']} is not a duration {SUCH_AS}.", fix)
    return read_length(written["timeout"]) or wrong


def _count(written: dict[str, str]) -> int | Problem | None:
    value = written.get("retries")
    if value is None:
        return None
    if re.fullmatch(r"[0-9]{1,4}", value) and int(value) <= MOST_RETRIES:
        return int(value)
    fix = f"Write a number from 0 to {MOST_RETRIES}, such as retries=3."
    return Problem(f"retries={value} is not a number of retries.", fix)


_FLAGS = {"true": True, "on": True, "yes": True, "1": True, "false": False, "off": False, "no": False, "0": False}


def _flag(written: dict[str, str], key: str, *, default: bool) -> bool | Problem:
    if key not in written:
        return default
    flag = _FLAGS.get(written[key].lower())
    wrong = Problem(f"{key}={written[key]} is neither on nor off.", f"Write {key}=on or {key}=off.")
    return wrong if flag is None else flag


def _names(written: dict[str, str]) -> tuple[str, ...] | Problem:
    names = tuple(name.strip() for name in written.get("env", "").split(",") if name.strip())
    wrong = next((problem for name in names if (problem := name_problem(name))), None)
    return wrong or names


def _near(key: str) -> str | None:
    """The attribute of ours that a word was likely meant to be; only long ones, since other tools have short words."""
    if key in ATTRIBUTES or len(key) < 5:
        return None
    return next((known for known in ATTRIBUTES if len(known) > 5 and distance(key.lower(), known, 1) <= 1), None)


def _misspelt(key: str) -> Problem:
    return Problem(f"The fence has no attribute '{key}'.", f"Did you mean {_near(key)}=?")
