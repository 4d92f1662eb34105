"""The names by which a service that is deployed and a runbook of the book are known to be of one another."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

from opsbook.book.discovery.found import Found
from opsbook.book.metadata import plain_key
from opsbook.book.page import Page, stem

ALIASES = ("aliases", "alias", "also known as", "other names")
T = TypeVar("T")


def plain_name(name: str) -> str:
    """A name as it is compared: `Api_Gateway`, `api-gateway` and `API gateway` are one."""
    return plain_key(name).replace(" ", "")


def names_of(page: Page) -> tuple[str, ...]:
    """All names by which a service may be found to have this runbook, as they are compared."""
    aliases = page.metadata.first(*ALIASES)
    others = re.split(r"[,;]", aliases.value) if aliases is not None else []
    names = (page.service or "", stem(page.path), *others)
    return tuple(dict.fromkeys(plain_name(name) for name in names if name.strip()))


def goes_by(found: Found) -> tuple[str, ...]:
    """The names of a service that was found, as they are compared, the best first."""
    names = (found.name, found.title, *found.jobs)
    return tuple(dict.fromkeys(plain_name(name) for name in names if name))


def matching(found: Found, known: Mapping[str, T]) -> T | None:
    """What is known by the best of its names."""
    return next((known[name] for name in goes_by(found) if name in known), None)


def are_known(found: Found, known: Iterable[str]) -> bool:
    """Whether it goes by any of these names."""
    return not set(goes_by(found)).isdisjoint(known)
