"""The API: one short function an operation, under /api/v1. Translates; decides nothing."""

from __future__ import annotations

from opsbook.entrypoints.api import book, events, measured, people

ROUTES = (*book.ROUTES, *measured.ROUTES, *people.ROUTES, *events.ROUTES)
