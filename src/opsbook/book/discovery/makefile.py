"""Services that targets of a Makefile do something to, as `make restart-web`. Read by their names; nothing is run."""

from __future__ import annotations

import re
from posixpath import basename, dirname

from opsbook.book.discovery.found import Found, FoundOperation, FoundStep, Operation
from opsbook.book.discovery.words import is_name, quoted, readable
from opsbook.ground.errors import Span

_ACTIONS: dict[str, Operation] = {
    "status": "status", "logs": "logs", "restart": "restart", "start": "start", "stop": "stop", "deploy": "deploy",
    "rollback": "rollback", "backup": "backup",
}  # fmt: skip
_TITLES = {
    "status": "See whether {0} runs.", "logs": "Read the log of {0}.", "restart": "Restart {0}.", "start": "Start {0}.",
    "stop": "Stop {0}.", "deploy": "Deploy {0}.", "rollback": "Put the version before in place of {0}.",
    "backup": "Back {0} up.",
}  # fmt: skip
_TARGET = re.compile(r"^([A-Za-z0-9][\w.-]{0,100})\s*:(?![=:])", re.M)

def is_makefile_name(path: str) -> bool:
    """Whether a file of this name is a Makefile."""
    return basename(path) in ("Makefile", "makefile", "GNUmakefile")


def read_makefile(path: str, text: str) -> tuple[Found, ...]:
    """The services that its targets do something to, in the order in which it names them."""
    folder = dirname(path)
    make = f"make -C {quoted(folder)}" if folder else "make"
    found: dict[str, list[tuple[str, str]]] = {}
    places: dict[str, int] = {}
    for match in _TARGET.finditer(text):
        for action in _ACTIONS:
            words = match[1]
            name = words[len(action) + 1 :] if words.startswith((f"{action}-", f"{action}_")) else ""
            name = name or (words[: -len(action) - 1] if words.endswith((f"-{action}", f"_{action}")) else "")
            if name and is_name(name):
                found.setdefault(name, []).append((action, f"{make} {quoted(words)}"))
                places.setdefault(name, match.start())
    return tuple(
        _found(name, _place(path, text, places[name]), commands) for name, commands in found.items()
        if {action for action, _ in commands} & {"restart", "start"}
    )  # fmt: skip


def _found(name: str, place: Span, commands: list[tuple[str, str]]) -> Found:
    by_action = dict(commands)
    proof = (FoundStep(f"{name} runs.", by_action["status"]),) if "status" in by_action else ()
    operations = []
    for action, operation in _ACTIONS.items():
        if action not in by_action:
            continue
        start = (FoundStep(f"Start {name} again.", by_action["start"]),) if "start" in by_action else ()
        is_change = action in ("restart", "start", "deploy", "rollback")
        operations.append(FoundOperation(
            operation=operation, steps=(FoundStep(_TITLES[action].format(name), by_action[action]),),
            verification=proof if is_change else (), rollback=start if action == "stop" else (),
            danger=f"Nothing of {name} answers until it is started." if action == "stop" else "",
        ))  # fmt: skip
    return Found(name=name, origin="script", place=place, title=readable(name), operations=tuple(operations))


def _place(path: str, text: str, at: int) -> Span:
    line = text.count("\n", 0, at) + 1
    return Span(path, line, at - (text.rfind("\n", 0, at) + 1) + 1)
