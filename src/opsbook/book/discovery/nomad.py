"""Services out of jobs of Nomad, written in HCL: each task that keeps running is one. Source: its job specification."""

from __future__ import annotations

from collections.abc import Iterator

from opsbook.book.discovery.found import Found, FoundCheck, FoundOperation, FoundStep, Told
from opsbook.book.discovery.hcl import Block, read_hcl
from opsbook.book.discovery.located import whole_number
from opsbook.book.discovery.steps import proofs
from opsbook.book.discovery.technologies import technology_of_image
from opsbook.book.discovery.words import is_name, is_plain, quoted, quoted_path, readable
from opsbook.ground.durations import read_duration
from opsbook.ground.errors import Span

_ONCE = frozenset(("batch", "sysbatch"))
_COUNT = ("COUNT", "integer", "required", "How many shall run")
_VERSION = ("JOB_VERSION", "integer", "required", "The version of the job to go back to; the history lists them")


def is_nomad_name(path: str) -> bool:
    """Whether a file of this name may hold a job."""
    return path.lower().endswith((".nomad", ".nomad.hcl", ".hcl"))


def read_nomad(path: str, text: str) -> tuple[Found, ...]:
    """The tasks of the file's jobs, in its order; a file of HCL that holds no job gives none."""
    return tuple(
        found for job in read_hcl(text).within("job") if job.labels and is_name(job.labels[0])
        for found in _job(path, text, job)
    )  # fmt: skip


def _job(path: str, text: str, job: Block) -> Iterator[Found]:
    is_job = job.text("type") in _ONCE
    groups = [group for group in job.within("group") if group.labels and is_name(group.labels[0])]
    tasks = [
        (group, task) for group in groups for task in group.within("task") if task.labels and is_name(task.labels[0])
    ]  # fmt: skip
    for group, task in tasks:
        name = job.labels[0] if len(tasks) == 1 else task.labels[0]
        image = task.one("config").text("image")
        checks = tuple(_checks(path, text, group, task))
        yield Found(
            name=name, origin="nomad", place=_place(path, text, task.at), title=readable(name), image=image,
            technology=technology_of_image(image) if image else "", where=job.text("namespace"),
            replicas=whole_number(group.text("count")), ports=tuple(_ports(group)), checks=() if is_job else checks,
            operations=tuple(_operations(path, (job.labels[0], group.labels[0], task.labels[0]), checks, is_job)),
            keeps=tuple(_keeps(path, text, group, task)), is_job=is_job,
        )  # fmt: skip


def _ports(group: Block) -> Iterator[tuple[str, str]]:
    for port in group.one("network").within("port"):
        if port.text("static"):
            yield f"127.0.0.1:{port.text('static')}", port.text("to") or port.text("static")


def _checks(path: str, text: str, group: Block, task: Block) -> Iterator[FoundCheck]:
    """Those of services whose port is the same on every machine: any other is known to Nomad alone."""
    fixed = {port.labels[0]: port.text("static") for port in group.one("network").within("port")
             if port.labels and port.text("static").isdigit()}  # fmt: skip
    for service in group.within("service") + task.within("service"):
        port = fixed.get(service.text("port"), service.text("port"))
        for check in service.within("check") if port.isdigit() else ():
            kind, place = check.text("type"), _place(path, text, check.at)
            asked = check.text("path") or "/"
            every = read_duration(check.text("interval")) if check.text("interval") else None
            every_s = int(every.total_seconds()) if every else None
            if kind == "http" and is_plain(asked) and " " not in asked:
                url = f"{check.text('protocol') or 'http'}://127.0.0.1:{port}{asked}"
                yield FoundCheck(url=url, expected="200 OK", every_s=every_s, place=place)
            elif kind == "tcp":
                yield FoundCheck(url=f"tcp://127.0.0.1:{port}", every_s=every_s, place=place)


def _keeps(path: str, text: str, group: Block, task: Block) -> Iterator[Told]:
    volumes = {volume.labels[0]: volume for volume in group.within("volume") if volume.labels}
    for mount in task.within("volume_mount"):
        source, target = mount.text("volume"), mount.text("destination")
        if source in volumes and is_plain(source + target):
            yield Told(f"{source} at {target}" if target else source, _place(path, text, mount.at))


def _operations(
    path: str, names: tuple[str, str, str], checks: tuple[FoundCheck, ...], is_job: bool
) -> Iterator[FoundOperation]:  # fmt: skip
    job, group, task = map(quoted, names)
    file, running = quoted_path(path), f"nomad job status {job} | grep -cE '^Status *= *running'"
    well = proofs(names[2], checks, running)
    yield FoundOperation(operation="status", steps=(FoundStep("See what runs.", f"nomad job status {job}"),))
    yield FoundOperation(operation="logs", steps=(FoundStep(
        "Read what it wrote last.", f"nomad alloc logs -tail -n 200 -job {job} {task}"),))  # fmt: skip
    if is_job:
        yield FoundOperation(operation="start", steps=(FoundStep("Run it once more.", f"nomad job run {file}"),))
        return
    yield FoundOperation(operation="restart", verification=well, steps=(FoundStep(
        f"Restart {names[2]}.", f"nomad job restart -yes -group {group} -task {task} {job}", running),))  # fmt: skip
    yield FoundOperation(
        operation="stop", danger=f"Nothing of {names[0]} answers until it is started.",
        steps=(FoundStep(f"Stop the job {names[0]}.", f"nomad job stop {job}"),),
        rollback=(FoundStep("Start it again.", f"nomad job run {file}"),),
    )  # fmt: skip
    yield FoundOperation(operation="start", verification=well, steps=(FoundStep(
        f"Start the job {names[0]}.", f"nomad job run {file}"),))  # fmt: skip
    scale = f'nomad job scale {job} {group} "$COUNT"'
    yield FoundOperation(operation="scale-up", parameters=(_COUNT,), verification=well,
                         steps=(FoundStep("Run more of it.", scale),))  # fmt: skip
    yield FoundOperation(operation="scale-down", parameters=(_COUNT,), danger=f"With 0, nothing of {names[2]} answers.",
                         steps=(FoundStep("Run fewer of it.", scale),))  # fmt: skip
    yield FoundOperation(
        operation="deploy", verification=well,
        steps=(FoundStep("Check the file of the job.", f"nomad job validate {file}"),
               FoundStep("Submit it and wait until it is out.", f"nomad job run {file}", running)),
    )  # fmt: skip
    yield FoundOperation(
        operation="rollback", parameters=(_VERSION,), verification=well,
        steps=(FoundStep("See which versions there were.", f"nomad job history {job}"),
               FoundStep("Go back to one of them.", f'nomad job revert {job} "$JOB_VERSION"')),
    )  # fmt: skip


def _place(path: str, text: str, at: int) -> Span:
    return Span(path, text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1) + 1)
