"""Services out of units of systemd, and what their drop-ins add. Sources: systemd.syntax(7), systemd.unit(5),
systemd.exec(5). What the machine itself brings (targets, mounts, the network) is no need of a service of ours.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from posixpath import basename, dirname

from msgspec import Struct

from opsbook.book.discovery.found import Found, FoundCheck, FoundOperation, FoundStep, Told
from opsbook.book.discovery.keeping import Inside, in_shell, keeping
from opsbook.book.discovery.procfile import port_of
from opsbook.book.discovery.steps import proofs
from opsbook.book.discovery.technologies import technology_of_command
from opsbook.book.discovery.words import is_plain, quoted, readable
from opsbook.ground.errors import Span

_UNIT = re.compile(r"([A-Za-z0-9][\w:.\\-]{0,200})(@?)\.service\Z")
_SECTION = re.compile(r"\[([A-Za-z-]+)\]\s*\Z")
_NEEDS = ("Requires", "BindsTo", "Requisite", "Wants", "PartOf")
_FROM_MACHINE = re.compile(r"systemd-|dbus|network|nss-|local-fs|remote-fs|time-sync|syslog|cloud-|NetworkManager")
_PARAMETERS = (
    ("CPU_QUOTA", "string", "required", "Share of one processor, as 150%"),
    ("MEMORY_MAX", "string", "required", "Memory, as 512M or 2G"),
)


class Entry(Struct, frozen=True):
    """One assignment of a unit, its continued lines joined."""

    section: str
    key: str
    value: str
    line: int


def unit_of(path: str) -> str:
    """The name of the unit that a file is, or adds to as a drop-in; "" for any other."""
    folder = basename(dirname(path))
    name = folder[:-2] if path.endswith(".conf") and folder.endswith(".service.d") else basename(path)
    match = _UNIT.match(name)
    return match[1] + match[2] if match else ""


def is_unit_name(path: str) -> bool:
    """Whether a file of this name is a unit of a service, or a drop-in of one."""
    return bool(unit_of(path))


def read_unit(path: str, text: str) -> tuple[Found, ...]:
    """The service of the unit. A template (`worker@.service`) is one with an instance to be named."""
    entries = list(_entries(text))
    unit = unit_of(path)
    if not any(entry.section == "Service" for entry in entries):
        return ()
    is_template = unit.endswith("@")
    name = unit.rstrip("@")
    starts = [entry for entry in entries if entry.key == "ExecStart" and entry.value]
    command = re.sub(r"^[-@:+!|]+", "", starts[-1].value) if starts else ""
    stays = _last(entries, "RemainAfterExit").lower() in ("yes", "true", "1")
    is_job = _last(entries, "Type") == "oneshot" and not stays
    line = starts[-1].line if starts else next(entry.line for entry in entries if entry.section == "Service")
    place = Span(path, line, 1)
    technology = technology_of_command(_words(command))
    port = port_of(command) if not is_job else ""
    checks = (FoundCheck(url=f"tcp://127.0.0.1:{port}", place=place),) if port else ()
    described = " ".join(_last(entries, "Description").split())
    facts = [("Command", command), ("User", _last(entries, "User")), ("Restart", _last(entries, "Restart"))]
    return (Found(
        name=name, origin="systemd", place=place, title=readable(name), technology=technology,
        description=described if is_plain(described) and "%" not in described else "", checks=checks,
        operations=tuple(_operations((name, is_template, technology), checks, is_job)),
        needs=tuple(_needs(path, name, entries)), keeps=tuple(_keeps(path, entries)), is_job=is_job,
        logs=(Told(f"`journalctl -u {unit}{'$INSTANCE' if is_template else ''}`", place),),
        facts=tuple((words, value) for words, value in facts if value and is_plain(value)),
        notes=(f"It is a template: the instance of {name} is asked for.",) if is_template else (),
    ),)  # fmt: skip


def _entries(text: str) -> Iterator[Entry]:
    section, lines = "", text.split("\n")
    at = 0
    while at < len(lines):
        first, line = at, lines[at].strip()
        while line.endswith("\\") and at + 1 < len(lines):
            at += 1
            more = lines[at].strip()
            line = line[:-1] + " " + more if not more.startswith(("#", ";")) else line
        at += 1
        if not line or line[0] in "#;":
            continue
        head = _SECTION.match(line)
        key, sign, value = line.partition("=")
        if head:
            section = head[1]
        elif sign:
            yield Entry(section, key.strip(), value.strip(), first + 1)


def _last(entries: list[Entry], key: str) -> str:
    return next((entry.value for entry in reversed(entries) if entry.key == key), "")


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return command.split()


def _needs(path: str, own: str, entries: list[Entry]) -> Iterator[Told]:
    seen = {own}
    for entry in entries:
        for word in entry.value.split() if entry.key in _NEEDS else ():
            match = _UNIT.match(word)
            if match and not _FROM_MACHINE.match(word) and match[1] not in seen:
                seen.add(match[1])
                yield Told(match[1], Span(path, entry.line, 1))


def _keeps(path: str, entries: list[Entry]) -> Iterator[Told]:
    for entry in entries:
        for word in entry.value.split() if entry.key == "StateDirectory" else ():
            if is_plain(word) and "%" not in word:
                yield Told(f"/var/lib/{word.partition(':')[0]}", Span(path, entry.line, 1))


def _operations(
    what: tuple[str, bool, str], checks: tuple[FoundCheck, ...], is_job: bool
) -> Iterator[FoundOperation]:  # fmt: skip
    name, is_template, technology = what
    unit = f'{quoted(name)}@"$INSTANCE"' if is_template else quoted(name)
    given = (("INSTANCE", "string", "required", f"Which {name}"),) if is_template else ()
    active = f"systemctl is-active --quiet {unit}"
    well = proofs(name, checks, active)
    rights = "It needs the right to manage units: run it as root, or on a host whose user may."
    yield FoundOperation(operation="status", parameters=given, steps=(FoundStep(
        "See whether it runs.", f"systemctl status --no-pager --lines=20 {unit}"),))  # fmt: skip
    yield FoundOperation(operation="logs", parameters=given, steps=(FoundStep(
        "Read the last quarter of an hour.", f"journalctl --no-pager --since=-15min --unit={unit}"),))  # fmt: skip
    if is_job:
        yield FoundOperation(operation="start", parameters=given, note=rights, steps=(FoundStep(
            "Run it once more and wait until it has ended.", f"systemctl start {unit}"),))  # fmt: skip
        return
    yield FoundOperation(operation="restart", parameters=given, note=rights, verification=well, steps=(FoundStep(
        f"Restart {name}.", f"systemctl restart {unit}", active),))  # fmt: skip
    yield FoundOperation(
        operation="stop", parameters=given, note=rights, danger=f"Nothing of {name} answers until it is started.",
        steps=(FoundStep(f"Stop {name}.", f"systemctl stop {unit}"),),
        rollback=(FoundStep(f"Start {name} again.", f"systemctl start {unit}"),),
    )  # fmt: skip
    yield FoundOperation(operation="start", parameters=given, note=rights, verification=well, steps=(FoundStep(
        f"Start {name}.", f"systemctl start {unit}", active),))  # fmt: skip
    yield FoundOperation(
        operation="scale-vertically", parameters=(*given, *_PARAMETERS), note=rights, verification=well,
        steps=(FoundStep("Give it other limits of processors and memory.",
                         f'systemctl set-property {unit} CPUQuota="$CPU_QUOTA" MemoryMax="$MEMORY_MAX"'),),
    )  # fmt: skip
    if not is_template:
        yield from keeping(technology, Inside(
            name=name, run=in_shell(""), stop=f"systemctl stop {unit}", start=f"systemctl start {unit}"))  # fmt: skip
