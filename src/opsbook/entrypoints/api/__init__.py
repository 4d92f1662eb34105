"""The API: one short function an operation, under /api/v1. Translates; decides nothing."""

from __future__ import annotations

from opsbook.entrypoints.api import book, duties, events, lists, measured, people, runs, silences

ROUTES = (
    *book.ROUTES, *lists.ROUTES, *duties.ROUTES, *measured.ROUTES, *people.ROUTES, *runs.ROUTES, *silences.ROUTES,
    *events.ROUTES,
)  # fmt: skip
