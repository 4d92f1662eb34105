"""What accounts need of the world besides a ledger. Nothing here does anything."""

from __future__ import annotations

from typing import Protocol


class Hasher(Protocol):
    """Makes and checks hashes of passwords; slow on purpose."""

    def hash(self, password: str) -> str:
        """A new salted hash of a password."""
        ...

    def matches(self, password_hash: str, password: str) -> bool:
        """Whether it is the hash of that password."""
        ...

    def is_outdated(self, password_hash: str) -> bool:
        """Whether it was made with other settings than today's."""
        ...

    @property
    def nobody(self) -> str:
        """A hash that no password matches and that takes as long as any to be refused."""
        ...
