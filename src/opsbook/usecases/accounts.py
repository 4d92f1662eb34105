"""Accounts, sessions and tokens: who somebody is and how they prove it. Every change is an event in the ledger."""

from __future__ import annotations


class Accounts:
    """The accounts of one ledger."""
