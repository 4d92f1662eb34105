"""The folder and the templates that come with Opsbook, as bytes out of the package. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable


class PackagedSeed:
    """What `opsbook init` writes and what `opsbook new` falls back to."""

    @cached_property
    def pages(self) -> dict[str, bytes]:
        """Every page of the folder by its path within it, in the order in which the README shows them."""
        found = dict(_walk(files("opsbook") / "seed", ""))
        return {path: found[path] for path in sorted(found, key=_shown_order)}

    def procedure_template(self) -> bytes:
        """The template of a procedure, for which the folder has no place of its own."""
        return (files("opsbook") / "seed_templates" / "procedure.md").read_bytes()


def _shown_order(path: str) -> tuple[int, str]:
    folder = path.rpartition("/")[0]
    return ("", "runbooks", "incidents", "monitoring", "procedures").index(folder), path


def _walk(folder: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        path = f"{prefix}{entry.name}"
        if entry.is_dir():
            yield from _walk(entry, path + "/")
        elif entry.name.endswith(".md"):
            yield path, entry.read_bytes()
