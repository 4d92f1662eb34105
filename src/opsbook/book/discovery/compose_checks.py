"""The health checks of a Compose service: its own, as an address where its port is published, else as a command; what
a known product answers to; or that it takes connections. One that cannot be known is none."""

from __future__ import annotations

import re
import shlex

from opsbook.book.discovery import located
from opsbook.book.discovery.compose_operations import Composed, running
from opsbook.book.discovery.compose_ports import Port
from opsbook.book.discovery.found import FoundCheck
from opsbook.book.discovery.inner_check import outside_address
from opsbook.book.discovery.located import Located
from opsbook.book.discovery.technologies import KNOWN
from opsbook.book.discovery.words import filled, quoted
from opsbook.ground.durations import read_duration
from opsbook.ground.errors import Span
from opsbook.ground.yaml_nodes import Node, Scalar

_CONNECTED = "connection accepted"


def compose_checks(
    file: Located, service: dict[str, Node], what: Composed, ports: tuple[Port, ...]
) -> tuple[FoundCheck, ...]:
    """The checks, the one to be asked first first; at the least that it runs."""
    health = located.mapping(service, "healthcheck")
    test = health.get("test")
    reached = {port.inner: port.reached for port in ports if port.reached and port.kind == "tcp"}
    place = file.place(test) if test else file.key_place(what.name, service)
    if test and located.text(health, "disable") != "true":
        found = _own(service, what, (test, reached, place))
        if found:
            return found
    return _usual(what, reached, place)


def _own(service: dict[str, Node], what: Composed, about: tuple[Node, dict[str, str], Span]) -> tuple[FoundCheck, ...]:
    test, reached, place = about
    script, command = _script(test, what)
    if not script:
        return ()
    every_s = _seconds(located.text(service, "healthcheck", "interval"))
    # A variable of the container stands as $$NAME in the file; its environment may say what it is.
    values = dict(located.pairs(service, "environment"))
    asked = re.sub(r"\$\{?(\w+)\}?", lambda match: filled(values.get(match[1], "")) or match[0], script)
    is_host = located.text(service, "network_mode") == "host"
    names = frozenset((what.name, located.text(service, "container_name"), located.text(service, "hostname")))
    url = outside_address(asked, names, reached, is_host=is_host)
    inner = FoundCheck(command=command, every_s=every_s, place=place)
    if not url:
        return (inner,)
    if url.startswith("tcp://"):
        return FoundCheck(url=url, expected=_CONNECTED, every_s=every_s, place=place), inner
    return (FoundCheck(url=url, every_s=every_s, place=place),)


def _script(test: Node, what: Composed) -> tuple[str, str]:
    """The check as the container's shell runs it, and the command that has it run there; "" for none (NONE)."""
    words = [item.text for item in test if isinstance(item, Scalar)] if isinstance(test, list) else []
    if isinstance(test, Scalar):
        words = ["CMD-SHELL", test.text]
    if len(words) < 2 or words[0] == "NONE":
        return "", ""
    inside = f"{what.compose} exec -T {quoted(what.name)}"
    known = [filled(word) for word in words[1:]]
    if any(word is None or "\0" in word for word in known):
        # What the variables are only Compose knows; it also knows how its own check went.
        state = f"{what.compose} ps {quoted(what.name)} | grep -cF '(healthy)'"
        return " ".join(words[1:]), state
    real = [word for word in known if word is not None]
    if words[0] == "CMD-SHELL":
        return real[0].strip(), f"{inside} sh -c {quoted(real[0].strip())}"
    return shlex.join(real), f"{inside} {shlex.join(real)}"


def _usual(what: Composed, reached: dict[str, str], place: Span) -> tuple[FoundCheck, ...]:
    known = KNOWN.get(what.technology)
    found = []
    if known and known.path and known.port in reached:
        return (FoundCheck(url=f"http://{reached[known.port]}{known.path}", place=place),)
    first = reached.get(known.port, "") if known else ""
    first = first or next(iter(reached.values()), "")
    if first:
        found.append(FoundCheck(url=f"tcp://{first}", expected=_CONNECTED, place=place))
    if known and known.ping:
        found.append(FoundCheck(
            command=f"{what.compose} exec -T {quoted(what.name)} sh -c {quoted(known.ping)}", place=place))  # fmt: skip
    return tuple(found) or (FoundCheck(command=running(what), place=place),)


def _seconds(words: str) -> int | None:
    # Compose writes 1m30s, as Go does.
    try:
        length = read_duration(filled(words) or "")
    except ValueError:
        return None
    return int(length.total_seconds()) if length is not None else None
