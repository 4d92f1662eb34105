"""Services that a control script looks after: one that takes an action and perhaps a name (`bin/svc restart web`), and
the targets of a Makefile that do the same (`make restart-web`). Read by their shape; nothing is run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from posixpath import basename, dirname, splitext

from opsbook.book.discovery.found import Found, FoundOperation, FoundStep, Operation
from opsbook.book.discovery.words import is_name, quoted, quoted_path, readable
from opsbook.ground.errors import Span

_FOLDERS = frozenset(("bin", "sbin", "script", "scripts", "tools", "ops", "init.d", "rc.d"))
_ACTIONS: dict[str, Operation] = {
    "status": "status", "logs": "logs", "restart": "restart", "start": "start", "stop": "stop", "deploy": "deploy",
    "rollback": "rollback", "backup": "backup",
}  # fmt: skip
_TITLES = {
    "status": "See whether {0} runs.", "logs": "Read the log of {0}.", "restart": "Restart {0}.", "start": "Start {0}.",
    "stop": "Stop {0}.", "deploy": "Deploy {0}.", "rollback": "Put the version before in place of {0}.",
    "backup": "Back {0} up.",
}  # fmt: skip
_ASSIGNED = re.compile(r"""(?:^|[\s;])(?:local\s+|readonly\s+)?(\w{1,40})=["']?\$\{?(\d)\b[^\s;"']*["']?""", re.M)
_CASE = re.compile(r"""\bcase\s+["']?\$\{?(\w{1,40})[^\s"']{0,40}["']?\s+in\b""")
_WORD = r"""["']?[\w.-]{1,60}["']?"""
_ARM = re.compile(rf"(?:^|;;|\bin\b)\s*\(?\s*({_WORD}(?:\s*\|\s*{_WORD}){{0,20}})\s*\)", re.M)
_TARGET = re.compile(r"^([A-Za-z0-9][\w.-]{0,100})\s*:(?![=:])", re.M)
LARGEST = 200_000


def is_script_name(path: str) -> bool:
    """Whether a file of this name may be a control script or a Makefile."""
    name, folder = basename(path), basename(dirname(path)).lower()
    if name in ("Makefile", "makefile", "GNUmakefile"):
        return True
    return folder in _FOLDERS and splitext(name)[1] in ("", ".sh", ".bash") and is_name(splitext(name)[0])


def read_script(path: str, text: str) -> tuple[Found, ...]:
    """The services that it looks after, in the order in which it names them."""
    if len(text) > LARGEST:
        return ()
    if basename(path).lower().endswith("makefile"):
        return tuple(_of_makefile(path, text))
    return tuple(_of_script(path, text)) if text.startswith("#!") and "sh" in text.split("\n", 1)[0] else ()


def _of_script(path: str, text: str) -> Iterator[Found]:
    positions = {name: int(at) for name, at in _ASSIGNED.findall(text)}
    arms: dict[int, dict[str, int]] = {}
    for variable, at, names in _cases(text):
        position = int(variable) if variable.isdigit() else positions.get(variable, 0)
        for name, where in names:
            arms.setdefault(position, {}).setdefault(name, where + at)
    action = next((at for at in (1, 2) if len(set(arms.get(at, ())) & {"start", "stop", "restart"}) >= 2), 0)
    if not action:
        return
    actions = [name for name in arms[action] if name in _ACTIONS]
    others = {name: at for name, at in arms.get(3 - action, {}).items() if is_name(name) and name not in _ACTIONS}
    command = quoted_path(path if "/" in path else f"./{path}")
    if not others:
        name = splitext(basename(path))[0]
        if is_name(name):
            yield _found(name, _place(path, text, 0), [(each, f"{command} {each}") for each in actions])
        return
    for name, at in others.items():
        words = [(each, f"{command} {each} {quoted(name)}" if action == 1 else f"{command} {quoted(name)} {each}")
                 for each in actions]  # fmt: skip
        yield _found(name, _place(path, text, at), words)


def _cases(text: str) -> Iterator[tuple[str, int, list[tuple[str, int]]]]:
    """The variable of each `case`, where it begins, and its own arms with their places within it."""
    lines = re.sub(r"(?m)(^|\s)#.*$", lambda match: " " * len(match[0]), text)  # of the same length: places hold
    found = list(_CASE.finditer(lines))
    for match in found[:100]:
        body, depth, end = match.end(), 1, match.end()
        for word in re.finditer(r"\b(?:case|esac)\b", lines[body:]):
            depth += 1 if word[0] == "case" else -1
            end = body + word.start()
            if depth == 0:
                break
        own = _own(lines[body:end])
        yield match[1], body, [
            (name.strip("\"' "), arm.start(1)) for arm in _ARM.finditer("in " + own) for name in arm[1].split("|")
        ]  # fmt: skip


def _own(body: str) -> str:
    """The body of a `case` with those within it blanked, so that their arms are not taken for its own."""
    pieces, depth, last = [], 0, 0
    for word in re.finditer(r"\b(?:case|esac)\b", body):
        pieces.append(body[last : word.start()] if depth == 0 else " " * (word.start() - last))
        depth = max(depth + (1 if word[0] == "case" else -1), 0)
        last = word.start()
    pieces.append(body[last:] if depth == 0 else " " * (len(body) - last))
    return "".join(pieces)


def _of_makefile(path: str, text: str) -> Iterator[Found]:
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
    for name, commands in found.items():
        if {action for action, _ in commands} & {"restart", "start"}:
            yield _found(name, _place(path, text, places[name]), commands)


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
