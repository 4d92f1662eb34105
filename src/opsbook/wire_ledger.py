"""Where the ledger of a Config is kept, and by whom it is served: a SQLite file, or a PostgreSQL for many nodes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date, datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from opsbook.config import Config
from opsbook.ground.errors import Failure, Usage

if TYPE_CHECKING:
    from opsbook.adapters.offline_file import OfflineFile
    from opsbook.adapters.postgres_ledger import PostgresLedger
    from opsbook.adapters.sqlite_ledger import SqliteLedger

SERVERS = "server/"  # leases of running servers, whose owners are their addresses
OFFLINE = "offline.db"  # what is recorded while the ledger is away


def is_shared(config: Config) -> bool:
    """Whether the ledger is one that many nodes use."""
    return not config.db.startswith("sqlite:///")


def build_ledger(config: Config, *, is_new_welcome: bool = True) -> SqliteLedger | PostgresLedger:
    """The ledger of a configuration, made if there is none, which is Usage where a new one makes no sense; raises
    Refusal or Failure where it cannot be used."""
    from opsbook.ledger.views import VIEWS

    if is_shared(config):
        from opsbook.adapters.postgres_ledger import PostgresLedger

        return PostgresLedger(config.db, views=VIEWS, is_new_welcome=is_new_welcome)
    from opsbook.adapters.sqlite_ledger import SqliteLedger

    file = _file(config)
    if not is_new_welcome and not os.path.exists(file):
        raise Usage(f"There is no ledger {file}. Name one with --db sqlite:///FILE.")
    _make_folder(config, file)
    return SqliteLedger(file, views=VIEWS)


def build_offline_file(config: Config) -> OfflineFile:
    """The file in which incidents are recorded while the ledger of a configuration is away."""
    from opsbook.adapters.offline_file import OfflineFile  # incidents alone have it

    _make_folder(config, os.path.join(config.state, OFFLINE))
    return OfflineFile(os.path.join(config.state, OFFLINE))


def build_offline_ledger(config: Config) -> SqliteLedger:
    """The ledger in that file, made if there is none."""
    from opsbook.adapters.sqlite_ledger import SqliteLedger
    from opsbook.ledger.views import VIEWS

    return SqliteLedger(os.path.join(config.state, OFFLINE), views=VIEWS)


@contextmanager
def opened_copy(config: Config, file: str) -> Iterator[SqliteLedger]:
    """A copy of the ledger in a file, which itself is only read; gone at the end. Raises Usage where there is none."""
    from opsbook.adapters.sqlite_ledger.backup import BackupFile  # only what is brought is copied
    from opsbook.ledger.views import VIEWS

    backup = BackupFile(file, VIEWS)
    if not backup.exists():
        raise Usage(f"There is no file {file}.")
    beside = os.path.join(config.state, f"bringing-{os.getpid()}.db")
    _make_folder(config, beside)
    with backup.opened(beside) as ledger:
        yield ledger


def has_ledger(config: Config) -> bool:
    """Whether there is a ledger to be asked; one that many nodes share is taken to be there."""
    return is_shared(config) or os.path.exists(_file(config))


def practised(config: Config) -> dict[str, date]:
    """The day of the last run of each procedure that succeeded and was no dry one, by its PATH#ANCHOR; empty where
    there is no ledger, and none is made. Raises Refusal, Usage or Failure where it cannot be read now."""
    if not has_ledger(config):
        return {}
    from opsbook.ledger.run_view import PRACTICE, PRACTISED_AT, RUNS

    if is_shared(config):
        from opsbook.adapters.postgres_ledger.newest import newest as newest_shared

        found = newest_shared(config.db, RUNS, PRACTISED_AT, PRACTICE)
    else:
        from opsbook.adapters.sqlite_ledger.newest import newest

        found = newest(_file(config), RUNS, PRACTISED_AT, PRACTICE)
    return {where: datetime.fromisoformat(at).date() for where, at in found.items()}


def node_of(config: Config) -> str:
    """The name of the node that this process belongs to: as it was given, else this machine's own."""
    from opsbook.adapters.this_machine import node_name

    return config.node or node_name()


@contextmanager
def serving(config: Config, ledger: SqliteLedger | PostgresLedger, address: str) -> Iterator[None]:
    """As `serving_lock`; and whoever shares the ledger can find the server at `address` for as long."""
    with ExitStack() as stack:
        stack.enter_context(serving_lock(config, address))
        if is_shared(config):
            from opsbook.adapters.postgres_ledger import PostgresLedger
            from opsbook.adapters.postgres_ledger.announcing import announced

            assert isinstance(ledger, PostgresLedger)
            name = f"{SERVERS}{node_of(config)}/{urlsplit(address).port or ''}"
            stack.enter_context(announced(ledger, name, address))
        yield


@contextmanager
def serving_lock(config: Config, address: str) -> Iterator[None]:
    """Held by the process that serves a configuration at `address`; raises Refusal for a second one. It is one for each
    ledger in a file, and one for each folder of state where many nodes share a ledger."""
    from opsbook.adapters.serving_lock import serving_lock as lock  # only serve needs it

    file = _lock(config)
    _make_folder(config, file)
    with lock(file, address, is_of_node=is_shared(config)):
        yield


def served_at(config: Config) -> str | None:
    """The address at which people reach a server that runs on the ledger of a configuration; None when none runs."""
    from opsbook.adapters.serving_lock import served_at as held_by  # only links need it

    address = held_by(_lock(config)) or (_elsewhere(config) if is_shared(config) else None)
    return config.public_url.rstrip("/") or address if address else None


def _elsewhere(config: Config) -> str | None:
    """The address of a server on another node that can be reached from here."""
    ledger = build_ledger(config)
    try:
        addresses = [lease.owner for lease in ledger.held(SERVERS)]
    finally:
        ledger.close()
    return next((each for each in addresses if config.public_url or not _is_loopback(each)), None)


def _is_loopback(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _lock(config: Config) -> str:
    return os.path.join(config.state, "serving") if is_shared(config) else f"{_file(config)}-serving"


def _file(config: Config) -> str:
    return config.db.removeprefix("sqlite:///")


def _make_folder(config: Config, file: str) -> None:
    from opsbook.adapters.state_folder import make_state_folder

    try:
        make_state_folder(os.path.dirname(file))
    except OSError as wrong:
        raise Failure(f"The folder for {file} cannot be made: {wrong.strerror}.") from wrong
