"""The verb new: one page from the book's own template, with what is known. Never changes a page that is there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from msgspec import Struct

from opsbook.book.metadata import plain_key
from opsbook.book.page import Page, read_page, stem
from opsbook.book.severity import PRIORITIES, read_severity
from opsbook.book.slots import is_unfilled
from opsbook.book.templates import Template, fill, may_hold_template, slots_left, template_of
from opsbook.ground.errors import Refusal, Usage
from opsbook.ground.slugs import github_slug
from opsbook.usecases.ports import BookSource, FileMaker, Seed

KINDS = ("runbook", "procedure", "incident", "post-mortem")
_FOLDERS = {"runbook": "runbooks", "procedure": "procedures", "incident": "incidents", "post-mortem": "incidents"}
# What `init` writes is the fallback: where the seed's template of each kind stands.
_SEEDED = {
    "runbook": "README.md",
    "incident": "incidents/incident-response.md",
    "post-mortem": "incidents/post-mortem-template.md",
}
_LONGEST_NAME = 120
_DATED = re.compile(r"^\d{4}-\d{2}-\d{2}-")


class Asked(Struct, frozen=True):
    """What was asked for: the kind, the name as typed, values by label, and the moment (aware, in UTC)."""

    kind: str
    name: str
    settings: Mapping[str, str]
    at: datetime
    severities: Mapping[str, str] = {}


class Created(Struct, frozen=True):
    """The page that was made: its path from the repository, its template, what was filled in, how much is left."""

    path: str
    template: str
    filled: Mapping[str, str]
    slots_left: int


def new(source: BookSource, maker: FileMaker, seed: Seed, asked: Asked, *, person: str | None) -> Created:
    """Makes the page. Raises Usage for a name or label that means nothing, Refusal where the page is there already.

    `maker` works below the book's folder; `person` is whoever sits at the keyboard.
    """
    title = _title(asked.name)
    within = _path(asked, title)
    path = f"{source.book}/{within}".lstrip("/")
    _check_values(asked)
    template = template_for(source, seed, asked.kind)
    known = _known(asked, source.owner_of(path) or person)
    if asked.kind == "post-mortem":
        known |= _from_incident(source, within)
    content, filled = fill(template, title, known, asked.settings)
    if maker.exists(within) or not maker.create({within: content}):
        raise Refusal(f"The page '{path}' is there already, and was left as it is. Choose another name.")
    return Created(path, template.origin, filled, slots_left(content))


def _title(name: str) -> str:
    """The name as a title; a path or a file name is taken for its last part."""
    title = " ".join(name.split())
    if title.lower().endswith(".md"):
        title = title[:-3].rsplit("/", 1)[-1]
    if not title or any(ord(character) < 32 for character in title) or len(title) > _LONGEST_NAME:
        raise Usage(f"'{name[:40]}' cannot be the name of a page: write a few words, such as 'checkout'.")
    return title


def _path(asked: Asked, title: str) -> str:
    words = github_slug(title).strip("-_")
    slug = "-".join(part for part in words.split("-") if part)
    if not slug:
        raise Usage(f"'{asked.name}' has no letters for a file name: write a few words, such as 'checkout'.")
    if asked.kind == "post-mortem" and "mortem" not in slug:
        slug += "-post-mortem"
    if asked.kind in ("incident", "post-mortem") and not slug[:4].isdigit():
        slug = f"{asked.at:%Y-%m-%d}-{slug}"
    return f"{_FOLDERS[asked.kind]}/{slug}.md"


def _check_values(asked: Asked) -> None:
    for key, value in asked.settings.items():
        if any(ord(character) < 32 for character in value):
            raise Usage(f"The value of '{key}' holds a line break or a control character; write it in one line.")
        if plain_key(key) == "severity" and read_severity(value, asked.severities) is None:
            raise Usage(f"'{value}' is none of the severities {', '.join(PRIORITIES)}.")


def _known(asked: Asked, owner: str | None) -> dict[str, str]:
    """What can be told without asking, by label."""
    day = f"{asked.at:%Y-%m-%d}"
    known = {"last updated": day, "date": day}
    if owner:
        known["owner"] = owner
    if asked.kind == "incident":
        known |= {"started": f"{asked.at:%Y-%m-%d %H:%M} UTC", "status": "Investigating"}
    elif asked.kind == "post-mortem":
        known["status"] = "Draft"
    return known


def _from_incident(source: BookSource, within: str) -> dict[str, str]:
    """What the report on an incident of the same name tells its post-mortem."""
    slug = _DATED.sub("", stem(within)).removesuffix("-post-mortem")
    for file in source.pages():
        if _DATED.sub("", stem(file.path)) != slug:
            continue
        raw = source.read(file.path)
        page = read_page(file.path, raw, source.reading) if isinstance(raw, bytes) else None
        if page is None or page.kind != "incident":
            continue
        known = {"incident": f"[{page.title}]({file.path.rpartition('/')[2]})"}
        for key in ("severity", "started", "resolved"):
            datum = page.metadata.first(key)
            if datum is not None and not is_unfilled(datum.value):
                known[key] = datum.value
        return known
    return {}


def template_for(source: BookSource, seed: Seed, kind: str) -> Template:
    """The book's own template of a kind, else the one that comes with Opsbook."""
    own = template_of(kind, _candidates(source))
    if own is not None:
        return own
    if kind == "procedure":
        return Template(seed.procedure_template(), "Opsbook's own template")
    path = _SEEDED[kind]
    found = template_of(kind, iter([read_page(path, seed.pages[path])]))
    if found is None:
        raise AssertionError(f"The seed has no template of a {kind}.")
    return Template(found.content, "Opsbook's own template")


def _candidates(source: BookSource) -> Iterator[Page]:
    """The pages of the book that may hold a template, those nearest to its top first."""
    paths = [file.path for file in source.pages() if may_hold_template(file.path)]
    for path in sorted(paths, key=lambda path: (path.count("/"), path)):
        raw = source.read(path)
        if isinstance(raw, bytes):
            yield read_page(path, raw, source.reading)
