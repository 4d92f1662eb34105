"""What opens incidents of runs and health by itself, put together from a Config, for the child that pages."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

from opsbook.config import Config
from opsbook.usecases.engine_loop import Chore, Work
from opsbook.usecases.ids import run_id
from opsbook.usecases.incident_opener import Opener
from opsbook.usecases.ledger_ports import EngineLedger
from opsbook.usecases.library import Library
from opsbook.usecases.trouble_incidents import OPENS, PROBES, TroubleIncidents

FOLLOWS_S = 1.0
_LETTERS = 7


def build_opening_works(config: Config, ledger: EngineLedger, library: Library) -> tuple[list[Work], list[Chore]]:
    """Whoever opens incidents when it is time, and what follows runs and health."""
    opener = Opener(
        ledger, library.snapshot, flap=timedelta(seconds=config.flap_window_s),
        new_id=lambda: run_id(_now(), secrets.token_bytes(_LETTERS)),
    )  # fmt: skip
    trouble = TroubleIncidents(opener, library.snapshot, now=_now)
    return (
        [Work(PROBES, trouble.due, name=OPENS)],
        [Chore("incidents of runs and health", FOLLOWS_S, trouble.follow)],
    )


def _now() -> datetime:
    return datetime.now(UTC)
