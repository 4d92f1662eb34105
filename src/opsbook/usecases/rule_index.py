"""The index of a folder of rules' pages, so that each new page is linked from somewhere. Moves no line of a person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from opsbook.usecases.ports import BookSource

if TYPE_CHECKING:
    from opsbook.usecases.rule_import import PageChange

_TITLES = {
    "alerts": ("Alerts by rule group", "Each page tells the alerts of one group of rules."),
    "metrics": ("Metrics by rule group", "Each page tells the series that one group of rules records."),
}


def linked_index(source: BookSource, made: Sequence[str]) -> list[PageChange]:
    """The README of each folder that got new pages, with a line for each of them."""
    from opsbook.usecases.rule_import import PageChange

    by_folder: dict[str, list[str]] = {}
    for path in made:
        folder, _, name = path.rpartition("/")
        by_folder.setdefault(folder, []).append(name)
    changes = []
    for folder, names in by_folder.items():
        path = f"{folder}/README.md"
        raw = source.read(path) if source.exists(path) else None
        if raw is not None and not isinstance(raw, bytes):
            continue
        title, sentence = _TITLES[folder.rpartition("/")[2]]
        before = raw if raw is not None else f"# {title}\n\n{sentence}\n\n".encode()
        lines = [f"- [{name.removesuffix('.md')}]({name})\n" for name in sorted(names)
                 if f"({name})".encode() not in before]  # fmt: skip
        joint = "" if before.endswith(b"\n") else "\n"
        after = before + (joint + "".join(lines)).encode() if lines else before
        changes.append(PageChange(path, "updated" if raw is not None else "created", raw, after, 0))
    return [change for change in changes if change.after != change.before]
