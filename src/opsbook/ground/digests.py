"""The name of a page's bytes, by which an edit says what it was based on. Knows no page."""

from __future__ import annotations

from hashlib import blake2b


def digest_of(raw: bytes) -> str:
    """32 hexadecimal digits that no other bytes have."""
    return blake2b(raw, digest_size=16).hexdigest()
