"""What keeps the public status page as files in a folder and pushes it elsewhere, put together from a Config: only the
child that pages has it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from opsbook.adapters.pushing_program import PushingProgram
from opsbook.adapters.site_folder import FolderOfFiles
from opsbook.config import Config, variable_for_steps
from opsbook.status_parts import build_public_reading, links_of
from opsbook.usecases.engine_loop import Chore
from opsbook.usecases.guarding import Guarded
from opsbook.usecases.ledger_ports import EngineLedger
from opsbook.usecases.library import Library
from opsbook.usecases.status_export import PUSHED_S, Exporting
from opsbook.wire import build_samples

LOOKED_S = 5.0  # how often it is asked whether something changed
# What the program gets of the environment: where programs and the user's own keys are, and no secret of Opsbook.
_PASSED_ON = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSH_AUTH_SOCK")


def build_status_chores(config: Config, ledger: EngineLedger, library: Library, guard: Guarded) -> list[Chore]:
    """What is done every so often for the folder that is configured; nothing where none is."""
    if not config.status_export:
        return []
    folder = os.path.join(config.root, config.status_export)
    exporting = Exporting(
        build_public_reading(ledger, library.snapshot, build_samples(config)).status, FolderOfFiles(folder),
        _pushing(config, folder), links=links_of(config, is_static=True),
        every=timedelta(seconds=config.status_every_s), now=lambda: datetime.now(UTC), guard=guard,
    )  # fmt: skip
    return [Chore("the public status page", LOOKED_S, lambda lease: exporting.look(_aside))]


def _pushing(config: Config, folder: str) -> PushingProgram | None:
    if not config.status_push:
        return None
    known = {name: variable_for_steps(name) for name in _PASSED_ON}
    environment: Mapping[str, str] = {name: value for name, value in known.items() if value is not None}
    return PushingProgram(config.status_push, folder, environment, limit_s=PUSHED_S, here=config.root)


def _aside(job: Callable[[], None]) -> None:
    threading.Thread(target=job, name="status page", daemon=True).start()
