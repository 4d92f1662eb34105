"""The doors of inlets: what senders send, at the addresses that they know from elsewhere. Each hands a parser to
`receiving.taken`, and answers in its sender's own words."""

from __future__ import annotations

from opsbook.entrypoints.inlets import (
    alertmanager,
    alertmanager_api,
    alertmanager_silences,
    cloudevents,
    generic,
    grafana,
    heartbeats,
    opsgenie,
    pagerduty,
)

MODULES = (
    alertmanager,
    alertmanager_api,
    alertmanager_silences,
    cloudevents,
    generic,
    grafana,
    heartbeats,
    opsgenie,
    pagerduty,
)
ROUTES = tuple(route for module in MODULES for route in module.ROUTES)
