"""Names, passwords, secrets of sessions and tokens: what is good for one, and how they are made. Keeps none."""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Callable
from hashlib import sha256

from opsbook.ground.errors import Refusal

Chance = Callable[[int], bytes]

SHORTEST_PASSWORD = 12  # characters: between the 8 and the 15 that NIST SP 800-63B-4 asks for with and without a second
LONGEST_PASSWORD = 1024  # bytes: argon2 takes any length, and a request should not
_BESIDE_NAME = 8  # characters of a password that are left when the account's name is taken out of it

TOKEN_PREFIX = "opsb_"  # scanners of leaked secrets find it by this and by the checksum
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
SENDER_PREFIX = "opsi_"  # of the tokens of inlets, so that nobody looks for an account that has one
_TOKEN = re.compile(r"[0-9A-Za-z]{49}")
_SECRET_DIGITS, _SUM_DIGITS = 43, 6  # 62⁴³ > 2²⁵⁶; 62⁶ > 2³²
_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")


def account_name(text: str) -> str:
    """The name that somebody means; raises Refusal for what can be none."""
    name = unicodedata.normalize("NFKC", text).strip().lower()
    if not _NAME.fullmatch(name):
        raise Refusal(
            f"'{clean(text, 40)}' cannot be the name of an account. Write up to 64 of a-z, 0-9 and . _ @ + -, beginning"
            " with a letter or digit, such as 'ada'."
        )
    return name


def name_from(*wanted: str) -> str:
    """A name as near as can be to the first of these that is not empty."""
    for text in wanted:
        plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
        name = re.sub(r"[^a-z0-9._@+-]+", "-", plain).strip("-._@+")[:60]
        if name:
            return name
    return "person"


def check_password(name: str, password: str) -> str:
    """The password as it is hashed; raises Refusal where it will not do. Nothing is asked of its letters."""
    kept = unicodedata.normalize("NFC", password)  # one keyboard composes an ü, another does not
    if len(kept) < SHORTEST_PASSWORD:
        raise Refusal(
            f"A password needs at least {SHORTEST_PASSWORD} characters; this has {len(kept)}. Four or five words that"
            " do not belong together are easy to remember."
        )
    if encodable(kept) != kept:
        raise Refusal("This password is not in UTF-8. Type it on a terminal, or write it in UTF-8.")
    if len(kept.encode()) > LONGEST_PASSWORD:
        raise Refusal(f"A password may have at most {LONGEST_PASSWORD} bytes.")
    if name in kept.casefold() and len(kept.casefold().replace(name, "")) < _BESIDE_NAME:
        raise Refusal("This password is hardly more than the name of the account. Choose another.")
    return kept


def typed_password(password: str) -> str | None:
    """A password as somebody gave it to sign in; None where it can be no account's."""
    kept = unicodedata.normalize("NFC", password[: LONGEST_PASSWORD + 1])
    return kept if kept and encodable(kept) == kept and len(kept.encode()) <= LONGEST_PASSWORD else None


def encodable(text: str) -> str:
    """The text, with what cannot be written in UTF-8 (half of a pair of surrogates) written out."""
    return text.encode("utf-8", "backslashreplace").decode()


def clean(text: str, longest: int) -> str:
    """Text from outside as it may be kept and shown: printable, no longer than that, on one line."""
    kept = "".join(c if c.isprintable() else " " for c in text[: longest * 2])
    return " ".join(kept.split())[:longest]


def digest(secret: str) -> str:
    """What is kept of a secret. It has 256 bits of chance, so a quick hash is as good as a slow one."""
    return sha256(secret.encode("utf-8", "replace")).hexdigest()


def new_id(chance: Chance) -> str:
    """A public id, which is no secret."""
    return chance(8).hex()


def new_secret(chance: Chance) -> str:
    """The secret of a session or a link: 256 bits, in letters and digits."""
    return _digits(int.from_bytes(chance(32), "big"), _SECRET_DIGITS)


def new_token(chance: Chance, prefix: str = TOKEN_PREFIX) -> str:
    """The secret of a token: 256 bits with a prefix and a checksum."""
    secret = new_secret(chance)
    return f"{prefix}{secret}{_checksum(secret)}"


def is_token(text: str, prefix: str = TOKEN_PREFIX) -> bool:
    """Whether a text is built as a token is; a mistyped or cut one is not."""
    digits = text.removeprefix(prefix)
    is_built = text.startswith(prefix) and bool(_TOKEN.fullmatch(digits))
    return is_built and _checksum(digits[:-_SUM_DIGITS]) == digits[-_SUM_DIGITS:]


def _checksum(secret: str) -> str:
    return _digits(zlib.crc32(secret.encode()), _SUM_DIGITS)


def _digits(number: int, width: int) -> str:
    found = []
    for _ in range(width):
        number, digit = divmod(number, len(_DIGITS))
        found.append(_DIGITS[digit])
    return "".join(reversed(found))
