"""Addresses of contacts: which kind one is, whether it can be one, how it is masked. Reaches nobody."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from opsbook.ground.errors import Usage
from opsbook.usecases.credentials import clean

# In the order in which a form offers them.
KINDS = ("email", "sms", "phone", "push", "chat", "webhook")
LONGEST = 1000  # characters of an address
_MAIL = re.compile(r"[^\s@<>()\[\],;:\"\\]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")
_PHONE = re.compile(r"\+?[\d ()/.-]{4,30}")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]{1,30}://\S+", re.IGNORECASE)
_WITHIN = re.compile(
    r"(?:mailto:)?([^\s@<>()\[\],;:\"\\|]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,})|([a-z][a-z0-9+.-]+://[^\s<>|,;]+)"
    r"|(?:tel:|sms:)?(\+?\d[\d ()/.-]{4,}\d)",
    re.IGNORECASE,
)


def is_mail(address: str) -> bool:
    """Whether an e-mail can be sent to it."""
    return bool(_MAIL.fullmatch(address)) and len(address) <= 254


def is_web(address: str) -> bool:
    """Whether it is the address of something that takes JSON over HTTP."""
    return address.lower().startswith(("http://", "https://"))


def has_scheme(address: str) -> bool:
    """Whether it says by itself how it is reached, as `ntfy://…` does."""
    return bool(_SCHEME.fullmatch(address))


def from_page(kind: str, text: str) -> tuple[str, str] | None:
    """What a cell of a page says: the kind and the address, None where it is none. A column that says nothing of its
    kind, such as Contact, is known by what it holds."""
    words = " ".join(text[:LONGEST].split())
    found = _WITHIN.search(words)
    mail, url, phone = found.groups() if found else ("", "", "")
    if kind == "email":
        return ("email", mail) if mail else None
    if kind in ("sms", "phone"):
        return (kind, phone) if phone else ("webhook" if is_web(url) else kind, url) if url else None
    if kind == "pager" and (mail or phone) and not url:
        return ("email", mail) if mail else ("sms", phone)
    if kind in ("chat", "push", "webhook", "pager"):
        plain = "push" if kind == "pager" else kind
        return (plain, url or words) if url or (words and kind != "webhook") else None
    if mail or url or phone:
        return ("email", mail) if mail else ("webhook" if is_web(url) else "push", url) if url else ("phone", phone)
    return ("chat", words) if words.startswith(("#", "@")) else None


def by_itself(address: str) -> tuple[str, str] | None:
    """The kind and address of something that a policy names without a person; None where it names a person."""
    found = address.strip()
    if is_mail(found.removeprefix("mailto:")):
        return "email", found.removeprefix("mailto:")
    if has_scheme(found):
        return ("webhook" if is_web(found) else "push"), found
    lead, _, number = found.partition(":")
    if lead.lower() in ("tel", "sms") and _PHONE.fullmatch(number):
        return ("sms" if lead.lower() == "sms" else "phone"), number
    return ("phone", found) if _PHONE.fullmatch(found) else None


def checked(kind: str, address: str) -> str:
    """An address as it is kept; raises Usage for one that cannot be of that kind, without repeating it."""
    if kind not in KINDS:
        raise Usage(f"'{clean(kind, 20)}' is no kind of contact. Write one of {', '.join(KINDS)}.")
    kept = address.strip()
    if not kept or len(kept) > LONGEST or clean(kept, LONGEST) != kept:
        raise Usage(f"This cannot be an address for {kind}: write it on one line, of at most {LONGEST} characters.")
    if kind == "email" and not is_mail(kept):
        raise Usage("This is no e-mail address. Write such as ada@example.org.")
    if kind in ("sms", "phone"):
        return kept if has_scheme(kept) and not is_web(kept) else _number(kept)
    if kind == "webhook":
        return _web(kept)
    return kept


def _number(text: str) -> str:
    digits = re.sub(r"[^\d+]", "", text)
    if not _PHONE.fullmatch(text) or not 4 <= len(digits.lstrip("+")) <= 15 or "+" in digits[1:]:
        raise Usage("This is no telephone number. Write it with the country, such as +45 5550 0101.")
    return digits


def _web(text: str) -> str:
    try:
        parts = urlsplit(text)
        is_good = parts.scheme.lower() in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good:
        raise Usage("This is no address that takes a webhook. Write such as https://hooks.example.org/opsbook.")
    return text


def masked(kind: str, address: str) -> str:
    """An address as it may be shown and recorded: enough to tell one's own contacts apart."""
    if kind == "channel":
        return address
    if has_scheme(address):
        scheme = address.partition("://")[0].lower()
        host = _host(address) if is_web(address) else ""
        return f"{scheme}://{host}/***" if host else f"{scheme}://***"
    if is_mail(address):
        name, _, domain = address.partition("@")
        return f"{name[0]}***@{domain}"
    if _PHONE.fullmatch(address):
        digits = re.sub(r"\D", "", address)
        return f"***{digits[-2:]}"
    return f"{address[:2]}***"


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""
