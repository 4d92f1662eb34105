"""What can be done to a workload of Kubernetes, by kubectl. Refuses to scale what runs once on each node."""

from __future__ import annotations

from msgspec import Struct

from opsbook.book.discovery.found import FoundCheck, FoundOperation, FoundStep
from opsbook.book.discovery.keeping import Inside, in_shell, keeping
from opsbook.book.discovery.steps import REPLICAS, proofs
from opsbook.book.discovery.words import quoted


class Workload(Struct, frozen=True, kw_only=True):
    """A workload as its operations see it. `kubectl` is the command with its namespace, `target` kind/name,
    `autoscaler` the name of what scales it by itself, or ""; `selector` its pods' labels."""

    name: str
    kubectl: str
    target: str
    container: str
    path: str
    technology: str = ""
    image: str = ""
    selector: str = ""
    replicas: int | None = None
    autoscaler: str = ""

    @property
    def is_daemon(self) -> bool:
        """Whether it runs once on each node."""
        return self.target.startswith("daemonset/")


def rolled_out(what: Workload) -> str:
    """A command that succeeds once all its pods are there and ready."""
    return f"{what.kubectl} rollout status {what.target} --timeout=2m"


def kubernetes_operations(what: Workload, checks: tuple[FoundCheck, ...]) -> tuple[FoundOperation, ...]:
    """All that can be done to a workload that keeps running."""
    on, target = what.kubectl, what.target
    done = rolled_out(what)
    well = proofs(what.name, checks, done)
    pods = f"-l {quoted(what.selector)} --tail=-1 --prefix --max-log-requests=50" if what.selector else target
    see = f"{on} get pods -l {quoted(what.selector)} -o wide" if what.selector else f"{on} describe {target}"
    back = FoundStep("Go back to the version before.", f"{on} rollout undo {target}", done)
    image = (("IMAGE", "string", "required", f"Image with its tag, as {what.image or 'repository:tag'}"),)
    found = [
        FoundOperation(operation="status", steps=(
            FoundStep("See the workload.", f"{on} get {target} -o wide"), FoundStep("See its pods.", see))),
        FoundOperation(operation="logs", steps=(FoundStep(
            "Read the last quarter of an hour.", f"{on} logs {pods} --since=15m --all-containers"),)),
        FoundOperation(operation="restart", steps=(FoundStep(
            "Replace its pods one after the other.", f"{on} rollout restart {target}", done),), verification=well),
        FoundOperation(operation="deploy", steps=(
            FoundStep("Set the image.", f'{on} set image {target} {quoted(what.container)}="$IMAGE"', done),),
            verification=well, rollback=(back,), parameters=image,
            note=f"{what.path} keeps the image that it names: change it there too, or the next apply takes it back."),
        FoundOperation(operation="rollback", steps=(back,), verification=well,
                       note="The file still names the newer one: put it right there too."),
        *_scaling(what), _vertical(what, done),
        *keeping(what.technology, Inside(name=what.name, run=in_shell(
            f"{on} exec -i {target} -c {quoted(what.container)} --"))),
    ]  # fmt: skip
    return tuple(found)


def _scaling(what: Workload) -> tuple[FoundOperation, ...]:
    on, target = what.kubectl, what.target
    if what.is_daemon:
        step = FoundStep("Add or take away nodes that its node selector and tolerations fit.")
        return (FoundOperation(operation="scale-up", steps=(step,), note="It runs once on each node."),)
    if what.autoscaler:
        patch = '"{\\"spec\\":{\\"minReplicas\\":$MIN_REPLICAS,\\"maxReplicas\\":$MAX_REPLICAS}}"'
        step = FoundStep("Give the autoscaler other bounds.",
                         f"{on} patch hpa {quoted(what.autoscaler)} --type=merge --patch={patch}")  # fmt: skip
        bounds = (("MIN_REPLICAS", "integer", "required", "The least copies that run"),
                  ("MAX_REPLICAS", "integer", "required", "The most copies that run"))  # fmt: skip
        note = f"The autoscaler {what.autoscaler} sets the number; a number set by hand would not last."
        return (
            FoundOperation(operation="scale-up", steps=(step,), parameters=bounds, note=note),
            FoundOperation(operation="scale-down", steps=(step,), parameters=bounds, note=note,
                           danger="Fewer copies take the same load."),
        )  # fmt: skip
    scale = f'{on} scale {target} --replicas="$REPLICAS"'
    step = FoundStep("Set the number of copies.", scale, rolled_out(what))
    again = "" if what.replicas is None else f"{on} scale {target} --replicas={what.replicas}"
    rollback = (FoundStep("Go back to the number of the file.", again),) if again else ()
    start = again if what.replicas else f"{on} scale {target} --replicas=1"
    return (
        FoundOperation(operation="scale-up", steps=(step,), rollback=rollback, parameters=(REPLICAS,)),
        FoundOperation(operation="scale-down", steps=(step,), rollback=rollback, parameters=(REPLICAS,),
                       danger=f"With 0, nothing of {what.name} answers."),
        FoundOperation(operation="stop", steps=(FoundStep("Run no copy.", f"{on} scale {target} --replicas=0"),),
                       rollback=(FoundStep("Run it again.", start),),
                       danger=f"Nothing of {what.name} answers until it is started."),
        FoundOperation(operation="start", steps=(FoundStep("Run it again.", start, rolled_out(what)),)),
    )  # fmt: skip


def _vertical(what: Workload, done: str) -> FoundOperation:
    command = (
        f"{what.kubectl} set resources {what.target} -c {quoted(what.container)}"
        ' --requests="cpu=$CPU,memory=$MEMORY" --limits="memory=$MEMORY"'
    )
    return FoundOperation(
        operation="scale-vertically",
        steps=(FoundStep("Give it other shares; its pods are replaced.", command, done),),
        rollback=(FoundStep("Go back to the shares before.", f"{what.kubectl} rollout undo {what.target}", done),),
        parameters=(("CPU", "string", "required", "Processors, as 500m or 2"),
                    ("MEMORY", "string", "required", "Memory, as 512Mi or 2Gi")),
    )  # fmt: skip


def cron_operations(what: Workload) -> tuple[FoundOperation, ...]:
    """What can be done to a CronJob."""
    on, name = what.kubectl, what.target
    suspend = f"{on} patch {name} --type=merge --patch="
    return (
        FoundOperation(operation="status", steps=(FoundStep("See when it ran last.", f"{on} get {name} -o wide"),)),
        FoundOperation(operation="start", steps=(FoundStep(
            "Run it now.", f'{on} create job --from={name} {quoted(what.name[:40])}-"$(date +%s)"'),)),
        FoundOperation(operation="stop", danger="It does not run again until this is taken back.",
            steps=(FoundStep("Let it start no more.", suspend + quoted('{"spec":{"suspend":true}}')),),
            rollback=(FoundStep("Let it run again.", suspend + quoted('{"spec":{"suspend":false}}')),)),
    )  # fmt: skip


def job_operations(what: Workload) -> tuple[FoundOperation, ...]:
    """What can be done to a Job."""
    on = what.kubectl
    return (
        FoundOperation(operation="status", steps=(FoundStep("See how it ended.", f"{on} get {what.target}"),)),
        FoundOperation(operation="logs", steps=(FoundStep(
            "Read what it wrote.", f"{on} logs {what.target} --all-containers"),)),
    )  # fmt: skip
