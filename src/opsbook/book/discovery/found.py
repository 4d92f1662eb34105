"""What is found of a service where it is deployed, as values; each thing remembers the place that tells it."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from opsbook.ground.errors import Span

Origin = Literal["compose", "kubernetes", "helm", "systemd", "procfile", "backstage", "nomad", "prometheus", "script"]
# What can be done to a service. Each is a procedure of its runbook.
Operation = Literal[
    "status", "logs", "restart", "start", "stop", "scale-up", "scale-down", "scale-vertically", "deploy", "rollback",
    "backup", "restore",
]  # fmt: skip


class Told(Struct, frozen=True):
    """A word with the place that tells it."""

    text: str
    place: Span


class FoundCheck(Struct, frozen=True, kw_only=True):
    """A health check. `url` is asked by a prober (http, https or tcp, as people reach it from where Opsbook runs), or
    empty where only `command` tells, run where the service is deployed from; `expected` is in the words of a page."""

    url: str = ""
    command: str = ""
    expected: str = ""
    every_s: int | None = None
    place: Span


class FoundStep(Struct, frozen=True):
    """A step: what it does, in words, and the shell that does it, fit for `bash -euo pipefail`; parameters are
    variables. `check` succeeds only when it has worked; empty is none."""

    text: str
    command: str = ""
    check: str = ""


class FoundOperation(Struct, frozen=True, kw_only=True):
    """How something is done to the service there. `verification` proves it, `rollback` takes it back; `note` says what
    somebody must know first. Parameters are those of a page's table: name, type, default, description."""

    operation: Operation
    steps: tuple[FoundStep, ...]
    verification: tuple[FoundStep, ...] = ()
    rollback: tuple[FoundStep, ...] = ()
    parameters: tuple[tuple[str, str, str, str], ...] = ()
    danger: str = ""
    note: str = ""


class Found(Struct, frozen=True, kw_only=True):
    """A service and all that its deployment tells of it; what is not told is empty. `technology` is what runs there
    (postgresql, redis, nginx, …) by its image or command, `ports` are (as reached, as listened on). `where` is the
    environment or namespace, `needs` the services that it cannot do without, `jobs` its names in Prometheus."""

    name: str
    origin: Origin
    place: Span
    title: str = ""
    description: str = ""
    technology: str = ""
    image: str = ""
    where: str = ""
    replicas: int | None = None
    ports: tuple[tuple[str, str], ...] = ()
    checks: tuple[FoundCheck, ...] = ()
    operations: tuple[FoundOperation, ...] = ()
    needs: tuple[Told, ...] = ()
    keeps: tuple[Told, ...] = ()  # volumes and files that outlive it
    logs: tuple[Told, ...] = ()
    links: tuple[tuple[str, str], ...] = ()  # words, address
    jobs: tuple[str, ...] = ()
    owner: str = ""
    is_job: bool = False  # it runs and ends: there is nothing to keep running
    facts: tuple[tuple[str, str], ...] = ()  # what else the file tells, as words and value (Restart policy, always)
    places: tuple[Span, ...] = ()  # all files that tell of it, `place` first; empty is `place` alone
    notes: tuple[str, ...] = ()  # what could not be read or must be filled in by somebody
