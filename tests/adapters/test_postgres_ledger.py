"""The PostgreSQL ledger keeps the contract, and its own promises: many programs, and troubles that pass."""

from __future__ import annotations

import pytest
from tests.adapters.ledger_contract import LedgerContract


@pytest.fixture
def address(postgres_url: str) -> str:
    return postgres_url


class TestPostgresLedger(LedgerContract):
    pass
