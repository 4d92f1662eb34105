"""Everything that a serving process holds, as ports: what its doors hand to the verbs. Builds nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from opsbook.usecases.library import Library
from opsbook.usecases.lint import Scope
from opsbook.usecases.ports import Alerting, RuleFiles
from opsbook.usecases.search import Index
from opsbook.usecases.serving_ports import Ledger, Repository, Samples, Watch

if TYPE_CHECKING:
    from opsbook.usecases.accounts import Accounts
    from opsbook.usecases.alert_desk import AlertDesk
    from opsbook.usecases.deployed import Deployed
    from opsbook.usecases.drill_desk import DrillDesk
    from opsbook.usecases.graphs import Graphs
    from opsbook.usecases.incident_desk import IncidentDesk
    from opsbook.usecases.ledger_trial import Trial
    from opsbook.usecases.maintenance import Maintenances
    from opsbook.usecases.public_reading import PublicReading
    from opsbook.usecases.run_ports import Outputs
    from opsbook.usecases.runs import Runs


class Desk(Struct, frozen=True):
    """The ports of one served book. `now` is the clock; `scope` what lint asks today."""

    name: str
    library: Library
    index: Index
    repository: Repository
    rule_files: RuleFiles
    alerting: Alerting
    scope: Callable[[], Scope]
    watch: Watch
    samples: Samples
    ledger: Ledger
    trial: Trial
    accounts: Accounts
    runs: Runs
    outputs: Outputs
    alert_desk: AlertDesk
    incident_desk: IncidentDesk
    public: PublicReading
    maintenances: Maintenances
    graphs: Graphs
    deployed: Deployed
    drill_desk: DrillDesk
    now: Callable[[], datetime]
