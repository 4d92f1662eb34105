"""The processes of a Procfile. It tells what is started and not by what, so nothing is invented that would restart it.
"""

from __future__ import annotations

import re
from posixpath import basename

from opsbook.book.discovery.found import Found, FoundCheck
from opsbook.book.discovery.technologies import technology_of_command
from opsbook.book.discovery.words import is_name, is_plain, readable
from opsbook.ground.errors import Span

_LINE = re.compile(r"^([A-Za-z0-9_-]{1,100})[ \t]*:[ \t]*(\S.*)$", re.M)
_PORT = re.compile(r"(?:(?:-p|--port|--http-port|PORT)[ =]|:)(\d{2,5})\b(?![.:])")
_ONCE = frozenset(("release", "postdeploy", "migrate"))


def is_procfile_name(path: str) -> bool:
    """Whether a file of this name lists processes; `Procfile.dev` too."""
    return re.match(r"Procfile(?:\.[\w-]+)?\Z", basename(path)) is not None


def port_of(command: str) -> str:
    """The port that a command line is told to listen on; "" where it does not say."""
    port = _PORT.search(command)
    return port[1] if port and 0 < int(port[1]) < 65_536 else ""


def read_procfile(path: str, text: str) -> tuple[Found, ...]:
    """Its processes, in its order."""
    found: dict[str, Found] = {}
    for match in _LINE.finditer(text):
        name, command = match[1], match[2].strip()
        if not is_name(name) or not is_plain(command) or name in found:
            continue
        line = text.count("\n", 0, match.start()) + 1
        place = Span(path, line, 1)
        port = port_of(command)
        is_job = name.lower() in _ONCE
        found[name] = Found(
            name=name, origin="procfile", place=place, title=readable(name),
            technology=technology_of_command(command.split()),
            checks=(FoundCheck(url=f"tcp://127.0.0.1:{port}", place=place),) if port and not is_job else (),
            facts=(("Command", command),), is_job=is_job,
            notes=() if is_job else (f"A Procfile does not say what starts it: write how {name} is restarted.",),
        )  # fmt: skip
    return tuple(found.values())
