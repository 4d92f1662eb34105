"""Components and resources of a Backstage catalog: what they are called, who owns them, what they depend on.

The format is Backstage's own (its page "Descriptor Format of Catalog Entities"). A catalog runs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from opsbook.book.discovery import located
from opsbook.book.discovery.found import Found, Told
from opsbook.book.discovery.located import Located
from opsbook.book.discovery.technologies import technology_of_job
from opsbook.book.discovery.words import is_name, is_plain, readable
from opsbook.ground.errors import Finding
from opsbook.ground.yaml_nodes import Node

_OPERATED = frozenset(("component", "resource"))
_NOT_RUN = frozenset(("library", "documentation", "template"))
_ADDRESSES = {"backstage.io/source-location": "Source", "backstage.io/view-url": "Source"}


def is_backstage(document: Node) -> bool:
    """Whether a document is an entity of a catalog."""
    return located.text(document, "apiVersion").startswith("backstage.io/")


def read_backstage(file: Located, documents: list[Node]) -> tuple[tuple[Found, ...], tuple[Finding, ...]]:
    """What is operated of the entities of a file: no library, no system, no person."""
    return tuple(_entities(file, documents)), ()


def _entities(file: Located, documents: list[Node]) -> Iterator[Found]:
    for document in documents:
        name, kind = located.text(document, "metadata", "name"), located.text(document, "kind").lower()
        type_ = located.text(document, "spec", "type").lower()
        if not is_backstage(document) or kind not in _OPERATED or type_ in _NOT_RUN or not is_name(name):
            continue
        title = located.text(document, "metadata", "title")
        description = " ".join(located.text(document, "metadata", "description").split())
        system = located.text(document, "spec", "system")
        facts = [("Type", type_), ("Lifecycle", located.text(document, "spec", "lifecycle")), ("System", system)]
        yield Found(
            name=name, origin="backstage", place=file.key_place("name", located.at(document, "metadata", "name")),
            title=title if title and is_plain(title) else readable(name),
            description=description if is_plain(description) else "",
            technology=technology_of_job(name) if kind == "resource" else "",
            needs=tuple(_needs(file, document, name)), links=tuple(dict.fromkeys(_links(document))),
            owner=_owner(located.text(document, "spec", "owner")),
            facts=tuple((words, value) for words, value in facts if value and is_plain(value)),
        )  # fmt: skip


def _owner(written: str) -> str:
    """`group:default/payments` is payments."""
    return written.rpartition("/")[2].rpartition(":")[2] if is_plain(written) else ""


def _needs(file: Located, document: Node, own: str) -> Iterator[Told]:
    for scalar in located.scalars(document, "spec", "dependsOn"):
        kind, _, rest = scalar.text.rpartition(":")
        name = rest.rpartition("/")[2]
        if is_name(name) and name != own and kind.lower() in ("", "component", "resource"):
            yield file.told(scalar, name)


def _links(document: Node) -> Iterator[tuple[str, str]]:
    for link in located.items(document, "metadata", "links"):
        address, title = located.text(link, "url"), located.text(link, "title")
        if address.startswith(("https://", "http://")) and is_plain(address) and is_plain(title):
            yield title or address, address
    for key, value in located.pairs(document, "metadata", "annotations"):
        address = value.removeprefix("url:")
        if key in _ADDRESSES and address.startswith(("https://", "http://")) and is_plain(address):
            yield _ADDRESSES[key], address
