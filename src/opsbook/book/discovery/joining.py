"""The same service told by several files becomes one, which keeps all places; and who owns it by CODEOWNERS."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from posixpath import basename, dirname

import msgspec

from opsbook.book.discovery.found import Found, FoundCheck, Told
from opsbook.book.discovery.helm import with_values
from opsbook.book.discovery.words import readable
from opsbook.book.ownership import Owner, owner_of

# What starts a service knows more of how it is operated than what only watches or describes it.
_PRECEDENCE = (
    "kubernetes", "compose", "nomad", "systemd", "helm", "script", "procfile", "prometheus", "backstage",
)  # fmt: skip


def joined(found: Sequence[Found]) -> tuple[Found, ...]:
    """One of each service, in the order in which they are first met. What runs it comes before what tells of it: the
    first has the say on how it is operated, and all places, needs, links and notes are kept.

    Two of one name in Compose files of different folders, or whose names differ in the same file, are two services: the
    later one is named by its folder, or by a number."""
    groups: dict[str, list[Found]] = {}
    for each in with_values(found):
        name = each.name
        number = 2
        while any(_is_other(each, member) for member in groups.get(_key(name), ())):
            folder = basename(dirname(each.place.path))
            name = f"{folder}-{each.name}" if folder and number == 2 else f"{each.name}-{number}"
            number += 1
        if name != each.name:
            note = f"Another service is called {each.name} too, so this one is told as {name}."
            each = msgspec.structs.replace(each, name=name, title=readable(name), notes=(*each.notes, note))
        groups.setdefault(_key(name), []).append(each)
    return tuple(_one(group) for group in groups.values())


def _is_other(one: Found, other: Found) -> bool:
    """Whether two of the same name are not one service."""
    if one.origin != "compose" or other.origin != "compose":
        return False
    if one.place.path == other.place.path:
        return one.name != other.name
    return dirname(one.place.path) != dirname(other.place.path)


def owned(found: Iterable[Found], owners: tuple[Owner, ...]) -> tuple[Found, ...]:
    """Each service with the owner of the file that tells of it, where nothing else has said who it is."""
    return tuple(
        each if each.owner else msgspec.structs.replace(each, owner=owner_of(owners, each.place.path) or "")
        for each in found
    )


def _key(name: str) -> str:
    return re.sub(r"[-_.\s]+", "-", name.lower())


def _one(group: list[Found]) -> Found:
    ranked = sorted(group, key=lambda each: _PRECEDENCE.index(each.origin))
    first = ranked[0]
    if len(ranked) == 1:
        return first
    places = dict.fromkeys(place for each in ranked for place in (each.places or (each.place,)))
    have = {operation.operation for operation in first.operations}
    operations = list(first.operations)
    for other in ranked[1:]:
        more = [operation for operation in other.operations if operation.operation not in have]
        # Another way to run the same thing is no help where the first is complete; a missing one is.
        operations += more if not first.operations or other.origin == first.origin else []
        have |= {operation.operation for operation in more}
    return msgspec.structs.replace(
        first,
        **{field: _first(ranked, field) for field in
           ("description", "technology", "image", "where", "replicas", "ports", "owner")},
        title=next((each.title for each in ranked if each.origin == "backstage" and each.title), first.title),
        checks=_checks(ranked), operations=tuple(operations), places=tuple(places),
        needs=_told(each.needs for each in ranked), keeps=_told(each.keeps for each in ranked),
        logs=_told(each.logs for each in ranked),
        links=tuple(dict.fromkeys(link for each in ranked for link in each.links)),
        jobs=tuple(dict.fromkeys(job for each in ranked for job in each.jobs)),
        facts=tuple({words: (words, value) for each in reversed(ranked) for words, value in each.facts}.values()),
        notes=tuple(dict.fromkeys(note for each in ranked for note in each.notes)),
        is_job=all(each.is_job for each in ranked),
    )  # fmt: skip


def _first(ranked: list[Found], field: str) -> object:
    values = [getattr(each, field) for each in ranked]
    return next((value for value in values if value not in ("", None, ())), values[0])


def _checks(ranked: list[Found]) -> tuple[FoundCheck, ...]:
    """Those of all, the same address once; those that an address tells before those of a command."""
    seen: dict[str, FoundCheck] = {}
    is_asked = any(each.checks for each in ranked if each.origin != "prometheus")
    for each in ranked:
        for check in each.checks:
            # Its figures are asked only where nothing tells its health.
            if not (is_asked and each.origin == "prometheus" and check.url.endswith("/metrics")):
                seen.setdefault(check.url or check.command, check)
    return tuple(sorted(seen.values(), key=lambda check: not check.url))


def _told(all_told: Iterable[tuple[Told, ...]]) -> tuple[Told, ...]:
    seen: dict[str, Told] = {}
    for told in all_told:
        for each in told:
            seen.setdefault(each.text, each)
    return tuple(seen.values())
