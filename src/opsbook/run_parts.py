"""Everything that runs need, put together from a Config: the verbs, the engine, the ledger, outputs, machines."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import TYPE_CHECKING, cast

from msgspec import Struct

from opsbook.book.plan import Gate
from opsbook.book.planner import Known
from opsbook.config import Config, variable_for_steps
from opsbook.ground.errors import Failure
from opsbook.ledger.run import Approved
from opsbook.usecases.ledger_ports import EngineLedger
from opsbook.usecases.run_ports import Outputs
from opsbook.usecases.runs import Runs
from opsbook.wire import build_accounts, build_book, build_ledger, lint_settings
from opsbook.wire_ledger import is_shared, node_of
from opsbook.wire_runs import build_hosts, build_inventory, build_secrets

if TYPE_CHECKING:  # the engine is imported where it is built: who answers the web has no code that executes
    from opsbook.adapters.outputs_folder import OutputsFolder
    from opsbook.adapters.postgres_ledger.outputs import PostgresOutputs
    from opsbook.usecases.execute import Engine
    from opsbook.usecases.runs import Source
    from opsbook.usecases.serving_ports import Ledger  # with all that it needs of probes, which cost 25 ms of a start

MOST_OF_ONE_BYTES = 64 << 20  # of one output; what is printed beyond is dropped


class RunParts(Struct, frozen=True):
    """What the doors of runs work with. `owner` names this program as the holder of a lease; `ledger` and `events` are
    the one ledger, as engines and as readers see it."""

    config: Config
    ledger: EngineLedger
    events: Ledger
    runs: Runs
    engine: Engine
    outputs: Outputs
    node: str
    owner: str
    lease_s: float
    now: Callable[[], datetime]


@contextmanager
def build_run_parts(config: Config) -> Iterator[RunParts]:
    """The parts of runs, until the end of the `with`; steps under way go on behind it."""
    from opsbook.adapters.regex_search import searched
    from opsbook.usecases.execute import Engine

    with ExitStack() as stack:
        ledger = build_ledger(config)
        stack.callback(ledger.close)
        hosts = build_hosts(config)
        stack.callback(hosts.close)
        outputs = build_outputs(config)
        stack.callback(outputs.close)
        sources = build_secrets(config)
        node = node_of(config)
        runs = build_runs(config, ledger, node)
        engine = Engine(
            ledger, hosts, outputs, sources, find=searched, node=node, now=_now, lease_s=config.run_lease_s,
            home=config.root, may_approve=_approving(config, ledger), inherited=variable_for_steps,
        )  # fmt: skip
        owner = f"{node}/{os.getpid()}/{secrets.token_hex(4)}"
        yield RunParts(config, ledger, ledger, runs, engine, outputs, node, owner, config.run_lease_s, _now)


def _approving(config: Config, ledger: Ledger) -> Callable[[Gate, Approved], bool]:
    """Whether whoever gave an approval may still give it, by the configuration and the accounts."""
    inventory = build_inventory(config)
    known = Known(inventory.hosts, inventory.groups, inventory.approvers)
    accounts = cache(lambda: build_accounts(config, ledger))  # most runs ask nobody

    def may_approve(gate: Gate, given: Approved) -> bool:
        from opsbook.usecases import approvals

        account = next((each for each in accounts().people() if each.name == given.by), None)
        return approvals.may_approve(gate, given, known, account)

    return may_approve


def build_runs(config: Config, ledger: EngineLedger, node: str) -> Runs:
    """The verbs of runs over a ledger. They touch no secret."""
    return Runs(
        ledger, partial(source_of, config), build_inventory(config), node=node, now=_now, chance=secrets.token_bytes
    )


def build_planner(config: Config) -> Runs:
    """The verbs that plan and record nothing: for a dry run, which opens no ledger."""

    return build_runs(config, cast(EngineLedger, _Nothing()), node_of(config))


class _Nothing:
    """In the place of a ledger that is not touched: it has nothing that could be called."""


def build_outputs(config: Config) -> OutputsFolder | PostgresOutputs:
    """What steps printed, beside the ledger: where nodes share that, they share this too."""
    keep, most_bytes = timedelta(days=config.run_keep_days), config.run_keep_mb << 20
    if is_shared(config):
        from opsbook.adapters.postgres_ledger.outputs import (
            PostgresOutputs,  # psycopg: only a shared ledger pays for it
        )

        return PostgresOutputs(config.db, keep, most_bytes)
    from opsbook.adapters.outputs_folder import OutputsFolder

    folder = os.path.join(config.state, "runs")  # where the steps of this machine write what they print
    return OutputsFolder(folder, cap_bytes=MOST_OF_ONE_BYTES, keep=keep, total_bytes=most_bytes)


def source_of(config: Config, page: str) -> Source:
    """The page of that path or name as it lies there now, and how it stands in git. Raises Usage, with a guess, where
    there is none."""
    from datetime import date

    from opsbook.adapters.git_repository.standing import standing_of
    from opsbook.book.lint import Around
    from opsbook.book.page import read_page
    from opsbook.usecases.ports import Unreadable
    from opsbook.usecases.runs import Source
    from opsbook.usecases.show import find_page

    book = build_book(config)
    pages = frozenset(file.path for file in book.pages())
    around = Around(
        date.min, lint_settings(config), pages=pages, exists=book.exists, owner_of=book.owner_of, book=book.book,
        is_repository=book.is_repository,
    )  # fmt: skip
    path = find_page(page, around)
    raw = book.read(path)
    if isinstance(raw, Unreadable):
        raise Failure(f"The page '{path}' cannot be read: {raw.why}.")
    found = read_page(path, raw, book.reading)
    standing = standing_of(config.root, path, raw, config.run_branches)
    return Source(
        found, standing.commit, standing.editor, is_protected=standing.is_protected, service=found.service, raw=raw,
    )  # fmt: skip


def _now() -> datetime:
    return datetime.now(UTC)
