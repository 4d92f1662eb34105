"""The API: one short function an operation, under /api/v1. Translates; decides nothing."""

from __future__ import annotations

from opsbook.entrypoints.api import (
    book,
    duties,
    events,
    inlets,
    lists,
    measured,
    people,
    runs,
    silences,
)

MODULES = (
    book,
    lists,
    duties,
    inlets,
    measured,
    people,
    runs,
    silences,
    events,
)
ROUTES = tuple(route for module in MODULES for route in module.ROUTES)
