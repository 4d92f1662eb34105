"""The API: one short function an operation, under /api/v1. Translates; decides nothing."""

from __future__ import annotations

from opsbook.entrypoints.api import book, duties, events, inlets, lists, measured, people, runs

ROUTES = (*book.ROUTES, *lists.ROUTES, *duties.ROUTES, *inlets.ROUTES, *measured.ROUTES, *people.ROUTES, *runs.ROUTES, *events.ROUTES)
