"""Services that a Prometheus watches: by its targets, or by the scrape configurations of its file.

A probe job (blackbox_exporter and what is like it) tells the address that people reach; any other target tells only
that something is scraped there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from opsbook.book.discovery import located
from opsbook.book.discovery.found import Found, FoundCheck
from opsbook.book.discovery.located import Located
from opsbook.book.discovery.technologies import technology_of_job
from opsbook.book.discovery.words import is_name, is_plain, readable
from opsbook.ground.errors import Finding, Span
from opsbook.ground.yaml_nodes import Node, Scalar

Labels = tuple[tuple[str, str], ...]
_NAMING = ("service", "app", "app_kubernetes_io_name", "application", "component")
_OWNING = ("team", "owner")
_ADDRESS = re.compile(r"(https?|tcp)://[A-Za-z0-9.\-]{1,253}(?::\d{1,5})?(?:/[^\s\"'<>]{0,500})?\Z")
_HOST = re.compile(r"[A-Za-z0-9.\-]{1,253}:\d{1,5}\Z|\[[0-9A-Fa-f:.]{2,45}\]:\d{1,5}\Z")
_PROBING = re.compile(r"/probe\b")


class Watched(Struct, frozen=True):
    """A target: its job, what is asked (an address where it says one), its labels, whether it is a probe."""

    job: str
    address: str
    labels: Labels
    is_probe: bool
    path: str
    place: Span


def found_watched(watched: Sequence[Watched]) -> tuple[Found, ...]:
    """The services among them, in their order; several targets of one service are one, with the checks of each."""
    services: dict[str, list[Watched]] = {}
    for each in watched:
        name = _name_of(each)
        if name:
            services.setdefault(name, []).append(each)
    return tuple(_found(name, group) for name, group in services.items())


def _name_of(target: Watched) -> str:
    named = next((value for key in _NAMING for label, value in target.labels if label == key and value), "")
    # A probe job asks for many: without a label nothing says whom.
    name = named or ("" if target.is_probe else target.job)
    return name if is_name(name) else ""


def _found(name: str, group: list[Watched]) -> Found:
    # That something tells its figures is a weak sign of health: it counts where nothing else is asked, and never for a
    # database or queue, whose figures are told by an exporter beside it.
    probes = [each for each in group if each.is_probe]
    own = [] if any(technology_of_job(each.job) for each in group) else group
    checks = {check.url: check for each in probes or own for check in _checks(each)}
    owner = next((value for each in group for key in _OWNING for label, value in each.labels if label == key), "")
    return Found(
        name=name, origin="prometheus", place=group[0].place, title=readable(name),
        technology=next((found for each in group if (found := technology_of_job(each.job))), ""),
        checks=tuple(checks.values()), jobs=tuple(dict.fromkeys(each.job for each in group)),
        owner=owner if is_plain(owner) else "",
        places=tuple(dict.fromkeys(each.place for each in group)),
    )  # fmt: skip


def _checks(target: Watched) -> Iterator[FoundCheck]:
    address = target.address
    if not is_plain(address):
        return
    if target.is_probe:
        url = address if _ADDRESS.match(address) else f"tcp://{address}" if _HOST.match(address) else ""
        expected = "200 OK" if url.startswith("http") else ""
    else:
        # Not its health, but the only address that is known of it: it is up when it tells its figures.
        url = f"{address}{target.path}" if address.startswith("http") else f"http://{address}{target.path}"
        url, expected = (url, "200 OK") if _HOST.match(address) or _ADDRESS.match(address) else ("", "")
    if url:
        yield FoundCheck(url=url, expected=expected, place=target.place)


def found_targets(targets: Sequence[tuple[str, str, str, Sequence[tuple[str, str]]]]) -> tuple[Found, ...]:
    """The services among targets of a running Prometheus, each (job, address as configured, url that is scraped,
    labels). Their place is that url."""
    watched = []
    for job, address, url, labels in targets:
        if not is_plain(url) or not is_plain(job):
            continue
        is_probe = bool(_PROBING.search(url.partition("?")[0])) or bool(_ADDRESS.match(address))
        path = "/" + url.partition("://")[2].partition("/")[2].partition("?")[0]
        watched.append(Watched(job, address, tuple(labels), is_probe, path, Span(url or job, 1, 1)))
    return found_watched(watched)


def is_prometheus(document: Node) -> bool:
    """Whether a document is a configuration of Prometheus, or what an operator makes one of."""
    return bool(located.items(document, "scrape_configs"))


def read_prometheus(file: Located, document: Node) -> tuple[tuple[Found, ...], tuple[Finding, ...]]:
    """The services that the file has scraped or probed. Files of targets and discovery by it are not followed."""
    return found_watched(list(_watched(file, document))), ()


def _watched(file: Located, document: Node) -> Iterator[Watched]:
    for config in located.items(document, "scrape_configs"):
        job = located.text(config, "job_name")
        path = located.text(config, "metrics_path") or "/metrics"
        for statics in located.items(config, "static_configs"):
            labels = tuple(located.pairs(statics, "labels"))
            for target in located.scalars(statics, "targets"):
                is_probe = bool(_PROBING.search(path)) or bool(_ADDRESS.match(target.text))
                yield Watched(job, target.text, labels, is_probe, path, _place(file, target))


def _place(file: Located, target: Scalar) -> Span:
    return file.place(target)
