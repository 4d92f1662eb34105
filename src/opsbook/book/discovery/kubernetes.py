"""Services out of manifests of Kubernetes, also those that Helm fills: what is templated there is left out."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from itertools import islice

from msgspec import Struct

from opsbook.book.discovery import located
from opsbook.book.discovery.found import Found, FoundCheck, FoundOperation, Told
from opsbook.book.discovery.kubernetes_operations import (
    Workload,
    cron_operations,
    job_operations,
    kubernetes_operations,
    rolled_out,
)
from opsbook.book.discovery.located import Located
from opsbook.book.discovery.technologies import technology_of_command, technology_of_image
from opsbook.book.discovery.words import is_name, is_plain, quoted, readable
from opsbook.ground.errors import Finding, Span
from opsbook.ground.yaml_nodes import Node, Scalar

TEMPLATED = "\ue000"
"""Stands for each character of a template, so that all else keeps its place."""
_KINDS = {"Deployment": "deployment", "StatefulSet": "statefulset", "DaemonSet": "daemonset", "CronJob": "cronjob",
          "Job": "job"}  # fmt: skip
_PROBES = ("readinessProbe", "livenessProbe", "startupProbe")
_HOST = re.compile(
    r"(?:[a-z][a-z0-9+]*://(?:[^@/\s]*@)?)?([a-z][a-z0-9-]{0,62})(?:\.[a-z0-9-]+)?(?:\.svc[\w.]*)?(:\d{2,5})?(?:/\S*)?\Z"
)


def without_templates(text: str) -> str:
    """The text with each template of Go as marks of the same length; a line of nothing else is blank."""
    lines = []
    for line in text.split("\n"):
        marked = re.sub(r"\{\{.*?\}\}", lambda match: TEMPLATED * len(match[0]), line)
        bare = marked.replace(TEMPLATED, "").strip()
        # A list item or a value that is a template alone may be a whole mapping: it stays a mark.
        lines.append(" " * len(line) if TEMPLATED in marked and not bare else marked)
    return "\n".join(lines)


class _Around(Struct, frozen=True):
    """What the file holds besides the workload: Services, Ingresses and autoscalers."""

    services: dict[tuple[str, str], list[dict[str, Node]]]  # by the first label that each selects
    ingresses: tuple[dict[str, Node], ...]
    autoscalers: tuple[dict[str, Node], ...]


def is_manifest(document: Node) -> bool:
    """Whether the document is a resource of Kubernetes."""
    return bool(located.text(document, "apiVersion") and located.text(document, "kind"))


def read_kubernetes(file: Located, documents: list[Node]) -> tuple[tuple[Found, ...], tuple[Finding, ...]]:
    """The workloads of the file, each with what the same file says of how it is reached and scaled."""
    resources = [each for document in documents for each in _flat(document)]
    by_kind: dict[str, list[dict[str, Node]]] = {}
    for each in resources:
        by_kind.setdefault(located.text(each, "kind"), []).append(each)
    around = _Around(
        _by_label(by_kind.get("Service", [])), tuple(by_kind.get("Ingress", ())),
        tuple(by_kind.get("HorizontalPodAutoscaler", ())),
    )  # fmt: skip
    found, findings = [], []
    for each in resources:
        if located.text(each, "kind") not in _KINDS:
            continue
        name = located.scalar(each, "metadata", "name")
        if name is not None and is_name(name.text) and name.text == name.text.lower():
            found.append(_workload(file, each, name, around))
        elif name is None or TEMPLATED in name.text:
            findings.append(Finding("odd-deployment", "info", file.place(name or each),
                "The name of this workload is filled in by a template, so what it is called is not known here.",
                "Render the chart first (`helm template`), and read what comes out."))  # fmt: skip
        else:
            findings.append(Finding("odd-deployment", "warning", file.place(name),
                f"Kubernetes has no workload of the name {name.text[:60]!r}, so it was passed over."))  # fmt: skip
    return tuple(found), tuple(findings)


def _flat(document: Node) -> Iterator[dict[str, Node]]:
    if not isinstance(document, dict):
        return
    if located.text(document, "kind").endswith("List"):
        for item in located.items(document, "items"):
            if isinstance(item, dict):
                yield item
    elif is_manifest(document):
        yield document


def _known(words: str) -> str:
    """The words, or "" where a template makes part of them or they do not fit on a line."""
    return words if TEMPLATED not in words and is_plain(words) else ""


def _workload(file: Located, resource: dict[str, Node], name: Scalar, around: _Around) -> Found:
    kind = _KINDS[located.text(resource, "kind")]
    template = located.at(resource, "spec", *(("jobTemplate", "spec") if kind == "cronjob" else ()), "template")
    containers = [each for each in located.items(template, "spec", "containers") if isinstance(each, dict)]
    first: dict[str, Node] = containers[0] if containers else {}
    namespace = _known(located.text(resource, "metadata", "namespace"))
    namespace = namespace if is_name(namespace) else ""
    whole = located.text(first, "image")
    image = _known(whole)
    words = [each.text for key in ("command", "args") for each in located.scalars(first, key)]
    labels = {key: value for key, value in located.pairs(template, "metadata", "labels") if _known(value)}
    selector = dict(located.pairs(resource, "spec", "selector", "matchLabels"))
    is_selected = selector and all(_known(key) and _known(value) for key, value in selector.items())
    services = [each for pair in labels.items() for each in around.services.get(pair, ()) if _selects(each, labels)]
    container = _known(located.text(first, "name"))
    autoscaler = next((_known(located.text(each, "metadata", "name")) for each in around.autoscalers
        if located.text(each, "spec", "scaleTargetRef", "name") == name.text), "")  # fmt: skip
    what = Workload(
        name=name.text, kubectl=f"kubectl -n {quoted(namespace)}" if namespace else "kubectl",
        target=f"{kind}/{quoted(name.text)}", path=file.path, image=image,
        container=container if is_name(container) else name.text,
        technology=technology_of_image(image) or technology_of_command(words),
        selector=",".join(f"{key}={value}" for key, value in selector.items()) if is_selected else "",
        replicas=located.whole_number(located.text(resource, "spec", "replicas")), autoscaler=autoscaler,
    )  # fmt: skip
    place = file.place(name)
    is_job = kind in ("cronjob", "job")
    checks = () if is_job else _checks(file, what, (first, place), (services, around, namespace))
    operations: tuple[FoundOperation, ...]
    if kind == "cronjob":
        operations = cron_operations(what)
    else:
        operations = job_operations(what) if is_job else kubernetes_operations(what, checks)
    told = dict(located.pairs(resource, "metadata", "labels")) | dict(
        located.pairs(resource, "metadata", "annotations"))  # fmt: skip
    templated = "Some of what it says is filled in by a template; that is left out." if TEMPLATED in whole else ""
    schedule = _known(located.text(resource, "spec", "schedule"))
    return Found(
        name=name.text, origin="kubernetes", place=place, title=readable(name.text), image=image,
        description=_known(told.get("kubernetes.io/description", "") or told.get("description", "")),
        technology=what.technology, where=namespace,
        replicas=what.replicas if what.replicas is not None or kind not in ("deployment", "statefulset") else 1,
        ports=_ports(first, services), checks=checks, operations=operations,
        needs=_needs(file, name.text, containers), keeps=_keeps(file, resource, template),
        links=tuple((f"Reached as {host}", url) for host, url, _, _ in _routes(services, around)),
        owner=next((_known(told[key]) for key in ("owner", "team") if key in told), ""), is_job=is_job,
        facts=tuple(row for row in (("Schedule", schedule), ("Scaled by", autoscaler)) if row[1]),
        notes=(templated,) if templated else (),
    )  # fmt: skip


def _by_label(services: list[dict[str, Node]]) -> dict[tuple[str, str], list[dict[str, Node]]]:
    found: dict[tuple[str, str], list[dict[str, Node]]] = {}
    for each in services:
        for pair in islice(located.pairs(each, "spec", "selector"), 1):
            found.setdefault(pair, []).append(each)
    return found


def _selects(service: dict[str, Node], labels: dict[str, str]) -> bool:
    selector = dict(located.pairs(service, "spec", "selector"))
    return bool(selector) and all(labels.get(key) == value for key, value in selector.items())


def _routes(services: list[dict[str, Node]], around: _Around) -> list[tuple[str, str, str, bool]]:
    """How Ingresses lead to the services: host, address, path, and whether the path is the only one."""
    names = {located.text(each, "metadata", "name") for each in services}
    found = []
    for ingress in around.ingresses:
        secure = {host.text for tls in located.items(ingress, "spec", "tls") for host in located.scalars(tls, "hosts")}
        rewrites = any("rewrite" in key for key in located.mapping(ingress, "metadata", "annotations"))
        for rule in located.items(ingress, "spec", "rules"):
            host = located.text(rule, "host")
            for path in located.items(rule, "http", "paths"):
                name = located.text(path, "backend", "service", "name") or located.text(path, "backend", "serviceName")
                start = located.text(path, "path") or "/"
                if name in names and re.fullmatch(r"[a-z0-9.-]+", host) and re.fullmatch(r"/[\w./-]*", start):
                    scheme = "https" if host in secure else "http"
                    is_exact = rewrites or located.text(path, "pathType") == "Exact"
                    found.append((host, f"{scheme}://{host}{start}", start, is_exact))
    return found


def _checks(
    file: Located, what: Workload, about: tuple[dict[str, Node], Span],
    reach: tuple[list[dict[str, Node]], _Around, str],
) -> tuple[FoundCheck, ...]:  # fmt: skip
    container, place = about
    services, around, namespace = reach
    found = []
    probe = next((located.mapping(container, key) for key in _PROBES if located.mapping(container, key)), None)
    every_s = located.whole_number(located.text(probe, "periodSeconds"))
    get = located.mapping(probe, "httpGet")
    path = _known(located.text(get, "path")) or "/"
    place = file.place(probe) if probe else place
    if get and re.fullmatch(r"/?[\w./?=&%~:+-]*", path) and TEMPLATED not in located.text(get, "path"):
        path = "/" + path.lstrip("/")
        for host, url, start, is_exact in _routes(services, around):
            if path == start or (not is_exact and path.startswith(start.rstrip("/") + "/")):
                address = f"{url.partition('://')[0]}://{host}{path}"
                found.append(FoundCheck(url=address, every_s=every_s, place=place))
                break
        else:
            raw = _through_server(container, get, path, (services, namespace))
            if raw:
                found.append(FoundCheck(command=f"{what.kubectl} get --raw {quoted(raw)}", every_s=every_s,
                                        place=place))  # fmt: skip
    words = [each.text for each in located.scalars(probe, "exec", "command")]
    if words and all(_known(word.replace("\n", " ")) for word in words):
        command = f"{what.kubectl} exec {what.target} -c {quoted(what.container)} -- {shlex.join(words)}"
        found.append(FoundCheck(command=command, every_s=every_s, place=place))
    return (*found, FoundCheck(command=rolled_out(what), place=place))


def _through_server(
    container: dict[str, Node], get: dict[str, Node], path: str, reach: tuple[list[dict[str, Node]], str]
) -> str:
    """The address within the API server that asks the Service, or "" where no Service of the file has the port."""
    services, namespace = reach
    wanted = located.text(get, "port")
    named = {located.text(each, "name"): located.text(each, "containerPort")
             for each in located.items(container, "ports")}  # fmt: skip
    same = {wanted, named.get(wanted, wanted), *(name for name, port in named.items() if port == wanted and name)}
    scheme = "https:" if located.text(get, "scheme").upper() == "HTTPS" else ""
    for service in services:
        name = located.text(service, "metadata", "name")
        for port in located.items(service, "spec", "ports"):
            number = located.text(port, "port")
            is_same = (located.text(port, "targetPort") or number) in same
            if is_same and is_name(name) and namespace and number.isdigit():
                return f"/api/v1/namespaces/{namespace}/services/{scheme}{name}:{number}/proxy{path}"
    return ""


def _ports(container: dict[str, Node], services: list[dict[str, Node]]) -> tuple[tuple[str, str], ...]:
    found = []
    for service in services:
        name = _known(located.text(service, "metadata", "name"))
        for port in located.items(service, "spec", "ports"):
            number, inner = located.text(port, "port"), located.text(port, "targetPort")
            if name and number.isdigit() and _known(inner) == inner:
                kind = (located.text(port, "protocol") or "tcp").lower()
                found.append((f"{name}:{number}", f"{inner or number}/{_known(kind) or 'tcp'}"))
    if not found:
        numbers = [located.text(each, "containerPort") for each in located.items(container, "ports")]
        found = [("", f"{number}/tcp") for number in numbers if number.isdigit()]
    return tuple(found)


def _needs(file: Located, name: str, containers: list[dict[str, Node]]) -> tuple[Told, ...]:
    """What its variables name as host and port, or as an address within the cluster."""
    found: dict[str, Told] = {}
    for variable in [each for container in containers for each in located.items(container, "env")]:
        value = located.scalar(variable, "value")
        match = _HOST.match(value.text) if value else None
        is_address = match and (match[2] or "://" in match[0])
        if value and match and is_address and match[1] not in (name, "localhost"):
            found.setdefault(match[1], file.told(value, match[1]))
    return tuple(found.values())


def _keeps(file: Located, resource: dict[str, Node], template: Node | None) -> tuple[Told, ...]:
    found = []
    for volume in located.items(template, "spec", "volumes"):
        for key, field, words in (("persistentVolumeClaim", "claimName", "claim"), ("hostPath", "path", "host path")):
            scalar = located.scalar(volume, key, field)
            if scalar and _known(scalar.text) and not re.match(r"/(?:etc|sys|proc|dev|run|var/run)\b", scalar.text):
                found.append(file.told(scalar, f"{words} {scalar.text}"))
    for claim in located.items(resource, "spec", "volumeClaimTemplates"):
        scalar = located.scalar(claim, "metadata", "name")
        if scalar and _known(scalar.text):
            found.append(file.told(scalar, f"claim {scalar.text} of each copy"))
    return tuple(found)
