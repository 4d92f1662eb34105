"""The API: one short function an operation, under /api/v1. Translates; decides nothing."""

from __future__ import annotations

from opsbook.entrypoints.api import (
    action_items,
    alerts,
    book,
    contacts,
    drills,
    duties,
    events,
    incident_entries,
    incident_figures,
    incident_writing,
    incidents,
    inlets,
    lists,
    measured,
    pages,
    paths,
    people,
    runs,
    silences,
    telling,
)

MODULES = (
    book,
    contacts,
    lists,
    duties,
    alerts,
    inlets,
    measured,
    pages,
    paths,
    people,
    runs,
    silences,
    incidents,
    incident_entries,
    incident_figures,
    incident_writing,
    action_items,
    telling,
    drills,
    events,
)
ROUTES = tuple(route for module in MODULES for route in module.ROUTES)
