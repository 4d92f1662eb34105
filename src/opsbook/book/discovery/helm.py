"""Charts of Helm: `Chart.yaml` names a service, the `values.yaml` beside it tells what it runs; the two become one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from posixpath import basename, dirname

import msgspec

from opsbook.book.discovery import located
from opsbook.book.discovery.found import Found, FoundCheck, Told
from opsbook.book.discovery.helm_operations import Chart, helm_operations
from opsbook.book.discovery.located import Located
from opsbook.book.discovery.technologies import technology_of_image
from opsbook.book.discovery.words import is_name, is_plain, readable
from opsbook.ground.yaml_nodes import Node

_OFF = "switched off"  # a fact of values alone, which no page sees
_PROBES = ("readinessProbe", "livenessProbe", "startupProbe")
_LIBRARIES = frozenset({"common", "library"})  # charts that hold templates for others and run nothing
_VERTICAL, _REPLICAS, _AUTOSCALED = "resources", "replicaCount", "autoscaling"


def is_chart_name(path: str) -> bool:
    """Whether it names a chart's file, or its values."""
    return basename(path) in ("Chart.yaml", "values.yaml")


def read_chart(file: Located, document: Node) -> tuple[Found, ...]:
    """What `Chart.yaml` or `values.yaml` tells. What values tell is nothing until `with_values` finds their chart."""
    if basename(file.path) == "values.yaml":
        return (_values(file, document),) if isinstance(document, dict) else ()
    name = located.scalar(document, "name")
    is_library = located.text(document, "type") == "library"
    if name is None or not is_name(name.text) or is_library or not located.text(document, "apiVersion"):
        return ()
    described = " ".join(located.text(document, "description").split())
    version = located.text(document, "appVersion")
    home = located.text(document, "home")
    owner = next((text for each in located.items(document, "maintainers") if (text := located.text(each, "name"))), "")
    has_parts = bool(located.items(document, "dependencies"))
    return (Found(
        name=name.text, origin="helm", place=file.place(name), title=readable(name.text),
        description=described if is_plain(described) else "", owner=owner if is_plain(owner) else "",
        operations=helm_operations(_chart(file.path, name.text, has_parts=has_parts)),
        needs=_needs(file, document, name.text),
        links=(("Home", home),) if re.fullmatch(r"https?://[\w./:%~?=&#+-]+", home) else (),
        facts=(("Version", version),) if version and is_plain(version) else (),
    ),)  # fmt: skip


def with_values(found: Sequence[Found]) -> list[Found]:
    """All services, each chart with what the values beside it tell. Values without a chart, and charts that lie within
    another, which that one deploys, are no services."""
    helm = [each for each in found if each.origin == "helm" and is_chart_name(each.place.path)]
    charts = {dirname(each.place.path) for each in helm if basename(each.place.path) == "Chart.yaml"}
    values = {dirname(each.place.path): each for each in helm if basename(each.place.path) == "values.yaml"}
    left = []
    for each in found:
        folder = dirname(each.place.path)
        if each.origin != "helm" or not is_chart_name(each.place.path):
            left.append(each)
        elif basename(each.place.path) == "Chart.yaml" and not _is_within(folder, charts):
            left.append(_filled(each, values[folder]) if folder in values else each)
    return left


def _is_within(folder: str, charts: set[str]) -> bool:
    parts = folder.split("/")
    return any("/".join(parts[:at]) in charts for at, part in enumerate(parts) if part == "charts")


def _filled(chart: Found, values: Found) -> Found:
    facts = dict(values.facts)
    off = facts.pop(_OFF, "").split()
    needs = tuple(each for each in chart.needs if each.text not in off)
    keys = frozenset(facts.pop(key, "") for key in (_REPLICAS, _AUTOSCALED, _VERTICAL))
    has_parts = any("dependency build" in step.command for each in chart.operations for step in each.steps)
    what = msgspec.structs.replace(
        _chart(chart.place.path, chart.name, has_parts=has_parts),
        technology=values.technology, keys=keys, url=next((each.url for each in values.checks), ""),
    )  # fmt: skip
    return msgspec.structs.replace(
        chart, technology=values.technology, image=values.image, replicas=values.replicas, ports=values.ports,
        checks=values.checks, keeps=values.keeps, needs=needs, operations=helm_operations(what),
        links=(*chart.links, *values.links), facts=(*chart.facts, *facts.items()),
        places=(chart.place, values.place),
    )  # fmt: skip


def _chart(path: str, name: str, *, has_parts: bool) -> Chart:
    return Chart(name=name, folder=dirname(path) or ".", has_dependencies=has_parts)


def _needs(file: Located, document: Node, own: str) -> tuple[Told, ...]:
    found: dict[str, Told] = {}
    for each in located.items(document, "dependencies"):
        scalar = located.scalar(each, "alias") or located.scalar(each, "name")
        if scalar and is_name(scalar.text) and scalar.text != own and located.text(each, "name") not in _LIBRARIES:
            found.setdefault(scalar.text, file.told(scalar))
    return tuple(found.values())


def _values(file: Located, values: dict[str, Node]) -> Found:
    image = _image(values)
    is_scaled = located.text(values, _AUTOSCALED, "enabled").lower() == "true"
    replicas = located.scalar(values, _REPLICAS)
    off = [key for key in values if located.text(values, key, "enabled").lower() == "false" and is_name(key)]
    facts = [(_OFF, " ".join(off))]
    if is_scaled:
        facts.append((_AUTOSCALED, _AUTOSCALED))
    elif replicas:
        facts.append((_REPLICAS, _REPLICAS))
    if _VERTICAL in values:
        facts.append((_VERTICAL, _VERTICAL))
    port = located.text(values, "service", "port")
    hosts = _hosts(values)
    return Found(
        name=basename(dirname(file.path)) or "values", origin="helm", place=file.place(values), image=image,
        technology=technology_of_image(image),
        replicas=None if is_scaled else located.whole_number(replicas.text if replicas else ""),
        ports=(("", f"{port}/tcp"),) if port.isascii() and port.isdigit() else (),
        checks=_checks(file, values, hosts), keeps=_keeps(file, values),
        links=tuple((f"Reached as {url.partition('://')[2]}", url) for url in hosts), facts=tuple(facts),
    )  # fmt: skip


def _image(values: dict[str, Node]) -> str:
    if whole := located.text(values, "image"):
        return whole if is_plain(whole) else ""
    parts = [located.text(values, "image", key) for key in ("registry", "repository", "tag")]
    image = "/".join(part for part in parts[:2] if part) + (f":{parts[2]}" if parts[2] else "")
    return image if parts[1] and is_plain(image) else ""


def _hosts(values: dict[str, Node]) -> tuple[str, ...]:
    """Where its Ingress is reached; nothing while it is off, for then its hosts are an example."""
    if located.text(values, "ingress", "enabled").lower() != "true":
        return ()
    secure = {host.text for tls in located.items(values, "ingress", "tls") for host in located.scalars(tls, "hosts")}
    written = [located.text(values, "ingress", "hostname"),
               *(each.text for each in located.scalars(values, "ingress", "hosts")),
               *(located.text(each, "host") for each in located.items(values, "ingress", "hosts"))]  # fmt: skip
    hosts = [host for host in dict.fromkeys(written) if re.fullmatch(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+", host)]
    return tuple(f"{'https' if host in secure else 'http'}://{host}" for host in hosts)


def _checks(file: Located, values: dict[str, Node], hosts: tuple[str, ...]) -> tuple[FoundCheck, ...]:
    for key in _PROBES:
        path = located.scalar(values, key, "httpGet", "path")
        if path and hosts and re.fullmatch(r"/[\w./~:+-]*", path.text):
            every_s = located.whole_number(located.text(values, key, "periodSeconds"))
            return (FoundCheck(url=hosts[0] + path.text, every_s=every_s, place=file.place(path)),)
    return ()


def _keeps(file: Located, values: dict[str, Node]) -> tuple[Told, ...]:
    for keys in (("persistence",), ("primary", "persistence"), ("master", "persistence")):
        switch = located.scalar(values, *keys, "enabled")
        if switch and switch.text.lower() == "true":
            claim = located.text(values, *keys, "existingClaim")
            size = located.text(values, *keys, "size")
            words = f"claim {claim}" if is_name(claim) else "a claim of the release"
            return (file.told(switch, f"{words} ({size})" if re.fullmatch(r"\d+\w{0,3}", size) else words),)
    return ()
