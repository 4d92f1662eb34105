"""Scripts by which people start, stop and restart services, as found services: `svc ACTION SERVICE`, or a script of one
service in the manner of init. Read by the shell's own grammar; runs nothing, and never raises.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from posixpath import basename, splitext
from typing import Any

from opsbook.book.discovery.found import Found, FoundOperation, FoundStep, Operation
from opsbook.book.shell.grammar import parse
from opsbook.ground.errors import Span

_FOLDERS = frozenset({"bin", "sbin", "scripts", "script", "tools", "ops", "init.d", "rc.d", "control"})
_ENDINGS = ("", ".sh", ".bash")
_ACTIONS: dict[str, Operation] = {"restart": "restart", "start": "start", "stop": "stop", "status": "status"}
_WORD = re.compile(r"[A-Za-z0-9][\w.-]{0,63}\Z")
_OF_NOBODY = frozenset({"svc", "ctl", "control", "manage", "run", "main", "app", "service", "services", "stack", "all"})
_PROVIDES = re.compile(r"^#\s*Provides:\s*(\S+)", re.M)
_MOST_SERVICES = 50
_LARGEST = 200_000  # characters; nobody writes such a script by hand at that length


def could_control(path: str) -> bool:
    """Whether a file of this name may be such a script."""
    folder = path.rpartition("/")[0].rpartition("/")[2]
    stem, ending = splitext(basename(path))
    return ending in _ENDINGS and not stem.startswith(".") and (folder in _FOLDERS or (ending != "" and not folder))


def read_control_script(path: str, text: str) -> tuple[Found, ...]:
    """The services that the script controls, in its order; none where it is no such script."""
    if not text.startswith("#!") or "case" not in text or len(text) > _LARGEST:
        return ()
    tree = parse(text)
    if tree is None:
        return ()
    cases = list(_cases(tree.root_node))
    positions = _positions(tree.root_node)
    by_variable: dict[str, dict[str, int]] = {}
    for variable, patterns in cases:
        by_variable.setdefault(variable, {}).update(
            {word: line for word, line in patterns.items() if word not in by_variable.get(variable, {})}
        )
    action = next((name for name, words in by_variable.items() if {"start", "stop"} <= words.keys()), None)
    if action is None or positions.get(action, 0) not in (1, 2):
        return ()
    actions = by_variable[action]
    other = 3 - positions[action]
    named = next((name for name, words in by_variable.items() if positions.get(name) == other and words), None)
    if named is not None:
        words = list(by_variable[named].items())[:_MOST_SERVICES]
        is_first = positions[action] == 1
        return tuple(
            _found(Span(path, line, 1), word, actions, _call(path, word, is_first=is_first)) for word, line in words
        )  # fmt: skip
    provides = _PROVIDES.search(text)
    name = provides[1] if provides else splitext(basename(path))[0]
    if not _WORD.match(name) or name.lower() in _OF_NOBODY:
        return ()
    return (_found(Span(path, actions["start"], 1), name, actions, _call(path)),)


def _call(path: str, service: str = "", *, is_first: bool = True) -> str:
    """How the script is called, with `{}` where the action stands."""
    program = shlex.quote(path if "/" in path else f"./{path}").replace("{", "{{").replace("}", "}}")
    if not service:
        return f"{program} {{}}"
    return f"{program} {{}} {service}" if is_first else f"{program} {service} {{}}"


def _found(place: Span, name: str, actions: dict[str, int], call: str) -> Found:
    has_status = "status" in actions
    runs = (FoundStep(f"{name} runs.", call.format("status")),) if has_status else ()
    told = {
        "status": (f"See whether {name} runs.", (), ""),
        "restart": (f"Restart {name}.", runs, ""),
        "start": (f"Start {name}.", runs, ""),
        "stop": (f"Stop {name}.", (), f"Nothing of {name} answers until it is started."),
    }  # fmt: skip
    operations = [
        FoundOperation(
            operation=operation, steps=(FoundStep(told[word][0], call.format(word)),), verification=told[word][1],
            danger=told[word][2],
            rollback=(FoundStep(f"Start {name} again.", call.format("start")),) if word == "stop" else (),
        )
        for word, operation in _ACTIONS.items()
        if word in actions
    ]  # fmt: skip
    return Found(name=name, origin="script", place=place, operations=tuple(operations))


def _cases(node: Any) -> Iterator[tuple[str, dict[str, int]]]:
    """Each `case` of the script: the variable that it looks at, and its plain patterns with their lines."""
    for each in _all(node, "case_statement"):
        value = each.child_by_field_name("value")
        variable = _variable(value) if value is not None else None
        if variable is None:
            continue
        patterns: dict[str, int] = {}
        for item in each.named_children:
            if item.type == "case_item":
                for pattern in item.children_by_field_name("value"):
                    word = _text(pattern)
                    if _WORD.match(word):
                        patterns.setdefault(word, item.start_point[0] + 1)
        yield variable, patterns


def _positions(node: Any) -> dict[str, int]:
    """The variables that take an argument of the script, each with its number; the arguments themselves too."""
    found = {"1": 1, "2": 2}
    for each in _all(node, "variable_assignment"):
        name, value = each.child_by_field_name("name"), each.child_by_field_name("value")
        if name is None or value is None or _is_in_function(each):
            continue
        given = re.match(r'"?\$\{?([12])\b', _text(value))
        if given:
            found.setdefault(_text(name), int(given[1]))
    return found


def _is_in_function(node: Any) -> bool:
    above = node.parent
    while above is not None:
        if above.type == "function_definition":
            return True
        above = above.parent
    return False


def _variable(node: Any) -> str | None:
    found = re.fullmatch(r'"?\$\{?(\w+)(?:[:-][^}]*)?\}?"?', _text(node))
    return found[1] if found else None


def _all(node: Any, kind: str) -> Iterator[Any]:
    waiting: list[Any] = [node]
    while waiting:
        each = waiting.pop()
        if each.type == kind:
            yield each
        waiting.extend(reversed(each.children))


def _text(node: Any) -> str:
    return (node.text or b"").decode("utf-8", "replace")
