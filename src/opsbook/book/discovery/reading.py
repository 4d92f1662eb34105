"""One file that deploys services, of whatever kind, read; the same service of several files made one. Pure; never
raises, whatever the text."""

from __future__ import annotations

from collections.abc import Callable
from posixpath import basename

from opsbook.book.discovery import located
from opsbook.book.discovery.backstage import is_backstage, read_backstage
from opsbook.book.discovery.compose import is_compose_name, read_compose
from opsbook.book.discovery.control_scripts import could_control, read_control_script
from opsbook.book.discovery.found import Found
from opsbook.book.discovery.helm import is_chart_name, read_chart
from opsbook.book.discovery.joining import joined as joined
from opsbook.book.discovery.joining import owned as owned
from opsbook.book.discovery.kubernetes import is_manifest, read_kubernetes, without_templates
from opsbook.book.discovery.located import Located
from opsbook.book.discovery.makefile import is_makefile_name, read_makefile
from opsbook.book.discovery.nomad import is_nomad_name, read_nomad
from opsbook.book.discovery.procfile import is_procfile_name, read_procfile
from opsbook.book.discovery.systemd import is_unit_name, read_unit
from opsbook.book.discovery.targets import found_targets as found_targets
from opsbook.book.discovery.targets import is_prometheus, read_prometheus
from opsbook.book.discovery.words import is_plain
from opsbook.ground.errors import Finding, Span
from opsbook.ground.yaml_events import read_any_yaml
from opsbook.ground.yaml_nodes import Node, SourceLines, Unreadable

Readings = tuple[tuple[Found, ...], tuple[Finding, ...]]
_BY_NAME: tuple[tuple[Callable[[str], bool], Callable[[str, str], tuple[Found, ...]]], ...] = (
    (is_procfile_name, read_procfile),
    (is_nomad_name, read_nomad),
    (is_unit_name, read_unit),
    (is_makefile_name, read_makefile),
    (could_control, read_control_script),
)
LARGEST = 2_000_000
"""Characters of the largest file that is read: no deployment is written by hand at that length."""


def could_deploy(path: str) -> bool:
    """Whether a file of this name may deploy something, so that its text is worth reading."""
    return basename(path).lower().endswith((".yml", ".yaml")) or any(is_named(path) for is_named, _ in _BY_NAME)


def read_deployment(path: str, text: str) -> Readings:
    """The services that the file deploys, in its order, and what is wrong with it. A file that deploys nothing gives
    nothing, and no finding."""
    if not could_deploy(path) or not is_plain(path) or len(text) > LARGEST:
        return (), ()
    for is_named, read in _BY_NAME:
        if is_named(path):
            return read(path, text), ()
    return _yaml(path, text)


def _yaml(path: str, text: str) -> Readings:
    if "{{" in text and not is_compose_name(path):
        text = without_templates(text)
    file = Located(path, SourceLines(text))
    findings: list[Finding] = []
    try:
        documents = read_any_yaml(file.source)
    except Unreadable as wrong:
        documents = wrong.partial
        if is_compose_name(path):
            findings.append(Finding(
                "unreadable-deployment", "warning", Span(path, wrong.line, wrong.column),
                f"This file is not YAML from here on, so what it deploys is not known: {wrong.why}.",
                "Mend it here."))  # fmt: skip
    found: list[Found] = []
    # A workload is told by its Service and Ingress too, which stand in other documents of the same file.
    manifests = [] if is_compose_name(path) else [each for each in documents if is_manifest(each)]
    for services, more in (read_kubernetes(file, manifests), *(_document(file, each) for each in documents)):
        found += services
        findings += more
    return tuple(found), tuple(findings)


def _document(file: Located, document: Node) -> Readings:
    if is_chart_name(file.path):
        return read_chart(file, document), ()
    if located.mapping(document, "services") and is_compose_name(file.path):
        return read_compose(file, document)
    if is_backstage(document):
        return read_backstage(file, [document])
    if is_prometheus(document):
        return read_prometheus(file, document)
    return (), ()

