"""Every view of the ledger: what is kept of streams beside their events. Folds nothing itself."""

from __future__ import annotations

from opsbook.ledger.alert import ALERT_VIEW
from opsbook.ledger.drill import DRILL_VIEW
from opsbook.ledger.heartbeat import HEARTBEAT_VIEW
from opsbook.ledger.incident import INCIDENT_VIEW
from opsbook.ledger.inlet import INLET_VIEW
from opsbook.ledger.maintenance import MAINTENANCE_VIEW
from opsbook.ledger.page import PAGE_VIEW
from opsbook.ledger.probe_view import PROBE_VIEW
from opsbook.ledger.proposal import PROPOSAL_VIEW
from opsbook.ledger.run_view import RUNS
from opsbook.ledger.silence import SILENCE_VIEW
from opsbook.ledger.subscription import SUBSCRIPTION_VIEW
from opsbook.ledger.telling import TELLING_VIEW
from opsbook.ledger.view import View

# A view is entered here and nowhere else; whoever opens a ledger brings the rows of these up to date.
VIEWS: tuple[View, ...] = (
    RUNS,
    ALERT_VIEW,
    PAGE_VIEW,
    SILENCE_VIEW,
    INLET_VIEW,
    HEARTBEAT_VIEW,
    INCIDENT_VIEW,
    MAINTENANCE_VIEW,
    PROPOSAL_VIEW,
    TELLING_VIEW,
    SUBSCRIPTION_VIEW,
    PROBE_VIEW,
    DRILL_VIEW,
)
