"""Steps and checks that the readers share: asking an address, telling a step from its words."""

from __future__ import annotations

from opsbook.book.discovery.found import FoundCheck, FoundStep
from opsbook.book.discovery.words import quoted

REPLICAS = ("REPLICAS", "integer", "required", "How many copies shall run")


def asking(url: str) -> str:
    """A command that succeeds once the address answers, tried for half a minute; for tcp, once it takes a
    connection. Bash has its own way to connect, so nothing must be installed for it."""
    if url.startswith("tcp://"):
        host, _, port = url.removeprefix("tcp://").rpartition(":")
        connect = f"exec 3<>/dev/tcp/{host.strip('[]')}/{port}"
        return f"timeout 30 bash -c {quoted(f'until ({connect}) 2>/dev/null; do sleep 1; done')}"
    return f"curl -fsS --retry 15 --retry-delay 2 --retry-all-errors --max-time 10 -o /dev/null {quoted(url)}"


def proofs(name: str, checks: tuple[FoundCheck, ...], running: str) -> tuple[FoundStep, ...]:
    """What proves that the service is well again: that it runs, and its first health check."""
    found = [FoundStep(f"{name} runs.", running)] if running else []
    # A port that is open proves less than the check that the service has of itself.
    asked = [check for check in checks if not check.url.startswith("tcp://")] or list(checks)
    for check in asked[:1]:
        command = asking(check.url) if check.url else check.command
        if command != running:
            found.append(FoundStep(f"{name} is healthy.", command))
    return tuple(found)
