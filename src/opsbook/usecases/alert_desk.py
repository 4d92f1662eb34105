"""The verbs of alerts, silences, pages and inlets that doors hand to, in one place. Builds nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from opsbook.usecases.alert_board import Board
    from opsbook.usecases.alerting_ports import Addresses
    from opsbook.usecases.alerts import Alerts
    from opsbook.usecases.bodies import Bodies
    from opsbook.usecases.contact_book import ContactBook
    from opsbook.usecases.heartbeats import Heartbeats
    from opsbook.usecases.inlets import Inlets
    from opsbook.usecases.opsgenie_view import OpsgenieView
    from opsbook.usecases.pages import Pages
    from opsbook.usecases.paging_audit import Audit
    from opsbook.usecases.paging_measures import Measured
    from opsbook.usecases.receive import Receiving
    from opsbook.usecases.shared_calendars import SharedCalendars
    from opsbook.usecases.silences import Silences
    from opsbook.usecases.ways import Ways


class AlertDesk(Struct, frozen=True):
    """What a served book holds for alerts; see each."""

    receiving: Receiving
    inlets: Inlets
    bodies: Bodies
    heartbeats: Heartbeats
    alerts: Alerts
    board: Board
    opsgenie: OpsgenieView
    silences: Silences
    pages: Pages
    contacts: ContactBook
    addresses: Addresses
    catch_all: tuple[str, ...]
    ways: Ways
    calendars: SharedCalendars
    audit: Callable[[], Audit]
    measured: Callable[[], Measured]
