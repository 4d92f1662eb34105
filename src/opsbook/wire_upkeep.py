"""What looking after a ledger needs: its version as it lies there, and files of backups. Decides nothing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from opsbook.config import Config
from opsbook.ground.errors import Failure, Usage
from opsbook.wire_ledger import is_shared

if TYPE_CHECKING:
    from opsbook.adapters.sqlite_ledger.backup import BackupFile


def build_backup(config: Config, file: str) -> BackupFile:
    """The backup in a file; raises Usage where that is the ledger itself."""
    from opsbook.adapters.sqlite_ledger.backup import BackupFile
    from opsbook.ledger.views import VIEWS

    own = config.db.removeprefix("sqlite:///")
    if os.path.realpath(file) == os.path.realpath(own):
        raise Usage(f"'{file}' is the ledger itself. Name another file for its backup.")
    return BackupFile(file, VIEWS)


def place_to_restore(config: Config) -> str:
    """Where a copy of a backup lies while it is read: beside the ledger, where there is a disk that is written to."""
    from opsbook.adapters.state_folder import make_state_folder

    try:
        make_state_folder(config.state)
    except OSError as wrong:
        raise Failure(f"The folder {config.state} cannot be made: {wrong.strerror}.") from wrong
    return os.path.join(config.state, "opsbook-restoring.db")


def versions(config: Config) -> tuple[int | None, int]:
    """The version of the ledger as it lies there, None where there is none, and the one that this Opsbook writes."""
    if is_shared(config):
        from opsbook.adapters.postgres_ledger.tables import VERSION, version_at

        return version_at(config.db), VERSION
    from opsbook.adapters.sqlite_ledger import tables

    file = config.db.removeprefix("sqlite:///")
    return tables.version_of(file) if os.path.exists(file) else None, tables.VERSION
