"""What can be done to a service of Compose, by `docker compose` on its file. Refuses to scale what cannot be."""

from __future__ import annotations

from msgspec import Struct

from opsbook.book.discovery.found import FoundCheck, FoundOperation, FoundStep
from opsbook.book.discovery.keeping import Inside, in_shell, keeping
from opsbook.book.discovery.steps import REPLICAS, proofs
from opsbook.book.discovery.words import quoted

_KEEPING = frozenset((
    "postgresql", "mysql", "mariadb", "mongodb", "redis", "valkey", "rabbitmq", "elasticsearch", "opensearch", "kafka",
    "zookeeper", "minio", "etcd", "consul", "influxdb", "clickhouse", "cassandra", "couchdb", "neo4j",
    "prometheus", "loki",
))  # fmt: skip


class Composed(Struct, frozen=True, kw_only=True):
    """A service as its operations see it: `compose` is the command up to the verb. `tag_variables` stand in its image's
    tag, with their defaults; `unscalable` says why there can be only one, or is empty."""

    name: str
    compose: str
    technology: str
    image: str = ""
    image_place: str = ""
    is_built: bool = False
    tag_variables: tuple[tuple[str, str], ...] = ()
    unscalable: str = ""
    is_append_only: bool = False


def running(what: Composed) -> str:
    """A command that succeeds while a container of the service runs."""
    # grep counts rather than being quiet: quiet, it would end early and the pipe would break (pipefail).
    return f"{what.compose} ps --status running --services | grep -cxF -e {quoted(what.name)}"


def operations(what: Composed, checks: tuple[FoundCheck, ...]) -> tuple[FoundOperation, ...]:
    """All that can be done to it, in the order of a runbook."""
    name, on = quoted(what.name), what.compose
    up = f"{on} up -d --no-deps {name}"
    well = proofs(what.name, checks, running(what))
    found = [
        FoundOperation(operation="status", steps=(FoundStep("See what runs.", f"{on} ps -a {name}"),)),
        FoundOperation(operation="logs", steps=(FoundStep(
            "Read the last quarter of an hour.", f"{on} logs --since 15m --no-color {name}"),)),
        FoundOperation(operation="restart", steps=(FoundStep(
            f"Restart {what.name}.", f"{on} restart {name}", running(what)),), verification=well),
        FoundOperation(operation="stop", steps=(FoundStep(f"Stop {what.name}.", f"{on} stop {name}"),),
                       rollback=(FoundStep(f"Start {what.name} again.", up),),
                       danger=f"Nothing of {what.name} answers until it is started."),
        FoundOperation(operation="start", steps=(FoundStep(f"Start {what.name}.", up, running(what)),),
                       verification=well),
    ]  # fmt: skip
    found += _scaling(what)
    found.append(_vertical(what))
    found += _deploying(what, well)
    found += keeping(what.technology, _inside(what))
    return tuple(found)


def once(what: Composed) -> tuple[FoundOperation, ...]:
    """What can be done to a service that runs and ends."""
    name, on = quoted(what.name), what.compose
    return (
        FoundOperation(operation="status", steps=(FoundStep("See how it ended.", f"{on} ps -a {name}"),)),
        FoundOperation(operation="logs", steps=(FoundStep("Read what it wrote.", f"{on} logs --no-color {name}"),)),
        FoundOperation(operation="start", steps=(FoundStep(
            f"Run {what.name} once more.", f"{on} run --rm --no-deps -T {name}"),)),
    )  # fmt: skip


def _scaling(what: Composed) -> tuple[FoundOperation, ...]:
    unscalable = what.unscalable
    if not unscalable and what.technology in _KEEPING:
        unscalable = "a second copy would write to the same volume; what keeps data needs clustering of its own"
    if unscalable:
        note = f"There can be only one of it: {unscalable}."
        step = FoundStep(f"Take away what keeps {what.name} single, then use `--scale`.")
        return (FoundOperation(operation="scale-up", steps=(step,), note=note),)
    name = quoted(what.name)
    scale = f'{what.compose} up -d --no-deps --scale {name}="$REPLICAS" {name}'
    count = f'test "$({what.compose} ps --status running -q {name} | wc -l)" -eq "$REPLICAS"'
    note = "It lasts until the next `up` without `--scale`; write the number into the file to keep it."
    return (
        FoundOperation(
            operation="scale-up",
            steps=(FoundStep("Run more copies.", scale, count),),
            parameters=(REPLICAS,),
            note=note,
        ),
        FoundOperation(
            operation="scale-down",
            steps=(FoundStep("Run fewer copies.", scale, count),),
            parameters=(REPLICAS,),
            danger=f"With 0, nothing of {what.name} answers.",
            note=note,
        ),
    )


def _vertical(what: Composed) -> FoundOperation:
    update = (
        f"{what.compose} ps -q {quoted(what.name)}"
        ' | xargs docker update --cpus "$CPUS" --memory "$MEMORY" --memory-swap "$MEMORY"'
    )
    return FoundOperation(
        operation="scale-vertically",
        steps=(FoundStep("Give it other limits of processors and memory.", update),),
        parameters=(
            ("CPUS", "string", "required", "Processors, as 1.5"),
            ("MEMORY", "string", "required", "Memory, as 512m or 2g"),
        ),
        note="It lasts until the container is made anew; write it to deploy.resources.limits to keep it.",
    )


def _deploying(what: Composed, well: tuple[FoundStep, ...]) -> tuple[FoundOperation, ...]:
    name, on = quoted(what.name), what.compose
    given = "".join(f'{variable}="${variable}" ' for variable, _ in what.tag_variables)
    fetch = FoundStep("Build the image.", f"{given}{on} build --pull {name}") if what.is_built else (
        FoundStep("Fetch the image.", f"{given}{on} pull {name}"))  # fmt: skip
    replace = FoundStep("Replace the container.", f"{given}{on} up -d --no-deps --wait {name}", running(what))
    parameters = tuple(
        (variable, "string", default or "required", f"Version of {what.name}'s image")
        for variable, default in what.tag_variables
    )
    deploy = FoundOperation(
        operation="deploy", steps=(fetch, replace), verification=well, parameters=parameters,
        note="" if what.tag_variables else f"What is deployed is what the file says: {what.image}." if what.image
        else "What is deployed is built from the files that are checked out.",
    )  # fmt: skip
    if what.tag_variables:
        before = tuple(
            (variable, "string", "required", f"The version of {what.name}'s image that was good")
            for variable, _ in what.tag_variables
        )
        if not what.is_built:
            return deploy, FoundOperation(
                operation="rollback", steps=(fetch, replace), verification=well, parameters=before
            )
        # What is checked out now is what went wrong: it must not be built under the name of what was good.
        back = f"{given}{on} up -d --no-deps --no-build --wait {name}"
        return deploy, FoundOperation(
            operation="rollback", verification=well, parameters=before,
            steps=(FoundStep("Replace the container by one of the image that was good.", back, running(what)),),
            note="The image must still be here. Where it is not, check out the commit it was built of, and deploy.",
        )  # fmt: skip
    words = (
        f"Put the image that was good in place of {what.image} at {what.image_place}."
        if what.image and not what.is_built
        else f"Check out the version of the files that was good; {what.name} is built from them."
    )
    steps = (FoundStep(words), fetch, replace)
    return deploy, FoundOperation(
        operation="rollback", steps=steps, verification=well, note="The file names one fixed version."
    )


def _inside(what: Composed) -> Inside:
    name, on = quoted(what.name), what.compose
    return Inside(
        name=what.name,
        run=in_shell(f"{on} exec -T {name}"),
        stop=f"{on} stop {name}",
        start=f"{on} start {name}",
        copy_in=lambda path: f'{on} cp -- "$BACKUP_FILE" {quoted(what.name + ":" + path)}',
        is_append_only=what.is_append_only,
    )
