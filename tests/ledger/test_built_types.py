"""Structs are built before threads use them."""

from __future__ import annotations

from opsbook.ledger.built_types import build_types
from opsbook.ledger.incident_values import Incident


def test_what_is_imported_is_built_also_where_some_of_it_is_never_decoded():
    assert Incident.__module__.startswith("opsbook.")
    assert build_types() > 5
