"""Hashes of passwords by argon2id, at most two at a time. Knows no account."""

from __future__ import annotations

import threading

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

# RFC 9106, section 4, its second choice ("memory-constrained environments"): 64 MiB, 3 passes; about 50 ms here. The
# memory of whoever asks for many at once is bounded by AT_ONCE, as each takes it for that long.
PASSES, MEMORY_KIB, LANES = 3, 65_536, 4
AT_ONCE = 2
# Salt and hash of no password: chosen by chance, so that finding one for it means breaking argon2id itself.
_NOBODY = (
    f"$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}"
    "$bm9ib2R5LWhhcy10aGlzIQ$HUBcnYcmlAFyHZCQplRtvSIWCPZ8S4X5WTAfL7Ln26s"
)


class Argon2Hasher:
    """Makes and checks hashes of passwords; slow on purpose."""

    def __init__(self, *, passes: int = PASSES, memory_kib: int = MEMORY_KIB) -> None:
        self._hasher = PasswordHasher(passes, memory_kib, LANES, hash_len=32, salt_len=16, type=Type.ID)
        self._room = threading.BoundedSemaphore(AT_ONCE)
        self._nobody = _NOBODY.replace(f"m={MEMORY_KIB},t={PASSES}", f"m={memory_kib},t={passes}")

    @property
    def nobody(self) -> str:
        """A hash that no password matches and that takes as long as any to be refused."""
        return self._nobody

    def hash(self, password: str) -> str:
        """A new salted hash of a password."""
        with self._room:
            return self._hasher.hash(password)

    def matches(self, password_hash: str, password: str) -> bool:
        """Whether it is the hash of that password; a hash of another kind is of none."""
        try:
            with self._room:
                return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    def is_outdated(self, password_hash: str) -> bool:
        """Whether it was made with other settings than today's."""
        return self._hasher.check_needs_rehash(password_hash)
