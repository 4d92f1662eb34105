"""Everything that a serving process needs, put together from a Config. Of runs it has the verbs, and nothing that
executes: that is another process's."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime

from opsbook.alert_parts import build_alert_desk, build_contacts
from opsbook.config import Config
from opsbook.drill_parts import build_drill_desk
from opsbook.incident_parts import build_incident_desk
from opsbook.ledger.health import Health
from opsbook.run_parts import build_outputs, build_runs
from opsbook.status_parts import build_maintenances, build_public_reading
from opsbook.usecases.deployed import Deployed
from opsbook.usecases.desk import Desk
from opsbook.usecases.edit import BookEditing
from opsbook.usecases.graphs import Graphs
from opsbook.usecases.ledger_trial import Trial
from opsbook.usecases.ledger_upkeep import vouching
from opsbook.wire import (
    build_accounts,
    build_book,
    build_branches,
    build_ledger,
    build_library,
    build_monitored,
    build_repository,
    build_samples,
    build_search_index,
    build_search_upkeep,
    build_watch,
    deployed_services,
    lint_scope,
)
from opsbook.wire_ledger import node_of, serving


@contextmanager
def build_desk(config: Config, address: str, nudge: Callable[[], None] = lambda: None) -> Iterator[Desk]:
    """The desk of the one process that serves a ledger at `address`, at work until the end of the `with`; `nudge` wakes
    the one that pages.

    Raises Refusal where another serves it, Failure where the book or the ledger cannot be used.
    """
    with ExitStack() as stack:
        ledger = build_ledger(config)
        stack.callback(ledger.close)
        stack.enter_context(serving(config, ledger, address))
        library = build_library(
            config, ledger, verified=lambda book: build_contacts(ledger, lambda: book).verified()
        )  # fmt: skip
        stack.callback(library.close)
        index = build_search_index(config)
        stack.callback(index.close)
        scope = lint_scope(config, date.today())
        upkeep = build_search_upkeep(config, library, index)
        stack.callback(upkeep.close)
        samples = build_samples(config)
        stack.callback(samples.close)
        outputs = build_outputs(config)
        stack.callback(outputs.close)
        runs = build_runs(config, ledger, node_of(config))
        watch = build_watch(config, library, samples, ledger, address=address)
        stack.callback(watch.stop)
        watch.start()
        stack.enter_context(vouching(ledger.checkpoint))
        repository = build_repository(config)
        editing = BookEditing(library, repository, ledger, _now)
        yield Desk(
            name=os.path.basename(config.root), library=library, index=upkeep, repository=repository,
            rule_files=build_book(config), alerting=scope.alerting, scope=lambda: lint_scope(config, date.today()),
            watch=watch, samples=samples, ledger=ledger, trial=Trial(ledger.claim, time.monotonic),
            accounts=build_accounts(config, ledger), runs=runs,
            outputs=outputs, alert_desk=build_alert_desk(config, ledger, library.snapshot, nudge),
            incident_desk=build_incident_desk(config, ledger, editing, build_branches(config), nudge=nudge),
            public=build_public_reading(ledger, library.snapshot, samples, lambda keys: _known(watch.healths(), keys)),
            maintenances=build_maintenances(ledger, library.snapshot, nudge),
            drill_desk=build_drill_desk(config, ledger, lambda: library, nudge),
            graphs=Graphs(build_monitored(config), now=_now),
            deployed=Deployed(lambda: deployed_services(config), _now), now=_now,
        )  # fmt: skip


def _known(healths: Mapping[str, Health], keys: Sequence[str]) -> dict[str, Health]:
    return {key: healths[key] for key in keys if key in healths}


def _now() -> datetime:
    return datetime.now(UTC)
