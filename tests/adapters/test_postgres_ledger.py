"""The PostgreSQL ledger keeps the contract, and its own promises: many programs, and troubles that pass."""

from __future__ import annotations

import pytest
from tests.adapters.engine_contract import EngineContract
from tests.adapters.ledger_contract import LedgerContract
from tests.adapters.view_contract import ViewContract


@pytest.fixture
def address(postgres_url: str) -> str:
    return postgres_url


class TestPostgresLedger(LedgerContract):
    pass


class TestPostgresEngine(EngineContract):
    pass


class TestPostgresViews(ViewContract):
    pass
