"""The public status page put together from a Config: its reading, and planned work. Writes nothing, starts nothing."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial

from opsbook.config import Config
from opsbook.ledger.health import Health, fold
from opsbook.usecases.kept_subscribers import KeptSubscribers
from opsbook.usecases.ledger_ports import EngineLedger
from opsbook.usecases.library import Book
from opsbook.usecases.maintenance import Maintenances
from opsbook.usecases.public_reading import Healths, PublicReading, Sources
from opsbook.usecases.public_site.words import OLD_S, Links
from opsbook.usecases.public_uptime import Uptimes
from opsbook.usecases.serving_ports import Samples
from opsbook.usecases.telling_planned import planned_owed_to


def build_public_reading(
    ledger: EngineLedger, book: Callable[[], Book], samples: Samples, healths: Healths | None = None
) -> PublicReading:
    """What tells the public status; without `healths` they are those that the ledger knows."""
    known = healths or partial(_recorded, ledger)
    return PublicReading(Sources(book, ledger, known, Uptimes(samples)), now=_now)


def build_maintenances(
    ledger: EngineLedger, book: Callable[[], Book], nudge: Callable[[], None] = lambda: None
) -> Maintenances:
    """The verbs of planned work."""
    kept = KeptSubscribers(ledger, now=_now, chance=secrets.token_bytes)
    owed = planned_owed_to(kept.of_components)
    return Maintenances(ledger, book, now=_now, chance=secrets.token_bytes, nudge=nudge, owed=owed)


def build_status_book(config: Config) -> Book:
    """As much of the book as the status page is made from: policies, and runbooks with their health checks."""
    from msgspec.structs import replace

    from opsbook.book.page import read_page
    from opsbook.book.probe import probes_of
    from opsbook.usecases.duty_book import duty_book
    from opsbook.usecases.ports import Unreadable
    from opsbook.wire import build_book

    source = build_book(config)
    book = duty_book(source)
    facts = dict(book.facts)
    for path, known in book.facts.items():
        raw = source.read(path) if known.kind == "runbook" else b""
        if raw and not isinstance(raw, Unreadable):
            facts[path] = replace(known, probes=probes_of(read_page(path, raw, source.reading)))
    return replace(book, facts=facts)


def links_of(config: Config, base: str = "", *, is_static: bool) -> Links:
    """How the files name one another; `base` in the place of what is configured."""
    has_files = bool(config.status_url and config.status_export) and not base
    known = base or config.status_url or ("" if is_static or not config.public_url else f"{config.public_url}/status")
    old_s = max(OLD_S, round(3 * config.status_every_s)) if is_static else OLD_S
    return Links(known.rstrip("/"), is_static, is_base_static=has_files, old_s=old_s)


def _recorded(ledger: EngineLedger, probes: Sequence[str]) -> Mapping[str, Health]:
    return {key: fold(key, ledger.read(f"probe/{key}")) for key in probes}


def _now() -> datetime:
    return datetime.now(UTC)
