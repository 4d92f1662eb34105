"""What can be done to a release of a chart, by helm, and by kubectl on the label that charts give all they make.

What release it is, and in which namespace, no chart tells: both are asked for.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from opsbook.book.discovery.found import FoundOperation, FoundStep
from opsbook.book.discovery.keeping import Inside, in_shell, keeping
from opsbook.book.discovery.steps import REPLICAS, asking
from opsbook.book.discovery.words import quoted, quoted_path

_RELEASE = (
    ("RELEASE", "string", "required", "The release, as helm list -A names it"),
    ("NAMESPACE", "string", "required", "The namespace that the release is in"),
)
_HELM, _KUBECTL = 'helm -n "$NAMESPACE"', 'kubectl -n "$NAMESPACE"'
_ALL = '-l "app.kubernetes.io/instance=$RELEASE"'
_KINDS = "deployment,statefulset,daemonset"
_READY = f"{_KUBECTL} rollout status {_KINDS} {_ALL} --timeout=5m"
_THERE = f'test -n "$({_KUBECTL} get {_KINDS} {_ALL} -o name)"'
_DEPLOYED = f'{_HELM} status "$RELEASE" | grep -c "^STATUS: deployed"'
_BACK = FoundStep("Go back to the revision before.", f'{_HELM} rollback "$RELEASE" --wait --timeout 5m', _DEPLOYED)


class Chart(Struct, frozen=True, kw_only=True):
    """A chart as its operations see it. `keys` are those of its values that scaling sets; `url` is its health check."""

    name: str
    folder: str
    technology: str = ""
    has_dependencies: bool = False
    keys: frozenset[str] = frozenset()
    url: str = ""


def helm_operations(what: Chart) -> tuple[FoundOperation, ...]:
    """All that can be done to a release of the chart."""
    well = (FoundStep("All that it runs is ready.", f"{_THERE}\n{_READY}"),
            *((FoundStep(f"{what.name} is healthy.", asking(what.url)),) if what.url else ()))  # fmt: skip
    folder = quoted_path(what.folder if what.folder.startswith((".", "/")) else f"./{what.folder}")
    upgrade = f'{_HELM} upgrade "$RELEASE" {folder} --atomic --wait --timeout 5m'
    fetch = (FoundStep("Fetch the charts that it is made of.", f"helm dependency build {folder}"),)
    found = [
        FoundOperation(operation="status", steps=(
            FoundStep("See the release.", f'{_HELM} status "$RELEASE"'),
            FoundStep("See its revisions.", f'{_HELM} history "$RELEASE" --max 10'),
            FoundStep("See its pods.", f"{_KUBECTL} get pods {_ALL} -o wide"))),
        FoundOperation(operation="logs", steps=(FoundStep("Read the last quarter of an hour.",
            f"{_KUBECTL} logs {_ALL} --since=15m --tail=-1 --prefix --all-containers --max-log-requests=50"),)),
        FoundOperation(operation="restart", steps=(FoundStep("Replace its pods one after the other.",
            f"{_THERE}\n{_KUBECTL} rollout restart {_KINDS} {_ALL}", _READY),), verification=well),
        FoundOperation(operation="deploy", steps=(*(fetch if what.has_dependencies else ()),
            FoundStep("Upgrade the release to the chart that is checked out.", upgrade, _DEPLOYED)),
            verification=well, rollback=(_BACK,),
            note="The values that the release was given stay. An upgrade that fails goes back by itself."),
        FoundOperation(operation="rollback", steps=(
            FoundStep("See its revisions.", f'{_HELM} history "$RELEASE" --max 10'),
            FoundStep("Go back.", f'{_HELM} rollback "$RELEASE" "$REVISION" --wait --timeout 5m', _DEPLOYED)),
            verification=well, parameters=(("REVISION", "integer", "0", "The revision; 0 is the one before"),)),
        *_scaling(what, f"{upgrade} --reuse-values"), *_kept(what),
    ]  # fmt: skip
    return tuple(msgspec.structs.replace(each, parameters=(*_asked(each), *each.parameters)) for each in found)


def _asked(operation: FoundOperation) -> tuple[tuple[str, str, str, str], ...]:
    """What of release and namespace its commands use: what somebody does by hand needs neither."""
    text = "\n".join(step.command for step in operation.steps + operation.verification)
    return tuple(row for row in _RELEASE if f"${row[0]}" in text)


def _scaling(what: Chart, upgrade: str) -> list[FoundOperation]:
    found = []
    rows: tuple[tuple[str, str, str, str], ...] = (REPLICAS,)
    command = f'{upgrade} --set replicaCount="$REPLICAS"'
    if "autoscaling" in what.keys:
        command = f'{upgrade} --set "autoscaling.minReplicas=$MIN_REPLICAS,autoscaling.maxReplicas=$MAX_REPLICAS"'
        rows = (("MIN_REPLICAS", "integer", "required", "The least copies that run"),
                ("MAX_REPLICAS", "integer", "required", "The most copies that run"))  # fmt: skip
    if not what.keys.isdisjoint(("autoscaling", "replicaCount")):
        step = FoundStep("Set the number of copies.", command, _DEPLOYED)
        note = "It lasts until the next upgrade that sets it; write it to the release's values too."
        found += [
            FoundOperation(operation="scale-up", steps=(step,), rollback=(_BACK,), parameters=rows, note=note),
            FoundOperation(operation="scale-down", steps=(step,), rollback=(_BACK,), parameters=rows, note=note,
                           danger="Fewer copies take the same load."),
        ]  # fmt: skip
    if "resources" in what.keys:
        shares = "resources.requests.cpu=$CPU,resources.requests.memory=$MEMORY,resources.limits.memory=$MEMORY"
        found.append(FoundOperation(
            operation="scale-vertically", rollback=(_BACK,),
            steps=(FoundStep("Give it other shares; its pods are replaced.",
                             f'{upgrade} --set-string "{shares}"', _DEPLOYED),),
            parameters=(("CPU", "string", "required", "Processors, as 500m or 2"),
                        ("MEMORY", "string", "required", "Memory, as 512Mi or 2Gi"))))  # fmt: skip
    return found


def _kept(what: Chart) -> tuple[FoundOperation, ...]:
    pods = f'-l {quoted(f"app.kubernetes.io/name={what.name}")}",app.kubernetes.io/instance=$RELEASE"'
    first = f"{_KUBECTL} get pods {pods} -o 'jsonpath={{.items[0].metadata.name}}'"
    return keeping(what.technology, Inside(name=what.name, run=in_shell(f'{_KUBECTL} exec -i "$({first})" --')))
