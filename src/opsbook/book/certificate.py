"""What a server's certificate says, and why it is not trusted or not for long enough, in sentences.

Checks no signature: that is for whoever connects.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct

from opsbook.book.excerpt import shown

# OpenSSL's X509_V_ERR_… that people meet; the rest is told in OpenSSL's own words.
_NOT_YET, _EXPIRED = 9, 10
_SELF_SIGNED = frozenset({18, 19})
_UNKNOWN_ISSUER = frozenset({2, 20, 21})
_NO_VERDICT = frozenset({0, 1})


class Certificate(Struct, frozen=True):
    """A certificate as it was shown; what could not be read of it is empty or None."""

    subject: str = ""
    issuer: str = ""
    names: str = ""
    starts: datetime | None = None
    ends: datetime | None = None


def untrusted(certificate: Certificate, verdict: int, *, where: str, host: str, now: datetime) -> str | None:
    """Why it is not trusted; None for a `verdict` (OpenSSL's number) that nothing is known of here."""
    starts, ends = certificate.starts, certificate.ends
    its = f"The certificate of {where}"
    if verdict == _EXPIRED or (ends is not None and ends <= now):
        when = f" on {day(ends)}" if ends else ""
        return f"{its} expired{when}. Renew it, and have the server load it anew."
    if verdict == _NOT_YET or (starts is not None and starts > now):
        when = f" on {day(starts)}" if starts else " later"
        return f"{its} begins to be good{when}. Look at the clocks here and there."
    if verdict in _SELF_SIGNED:
        return f"{its} is self-signed ({shown(certificate.subject)}), so nobody known here vouches for it."
    if verdict in _UNKNOWN_ISSUER:
        issuer = shown(certificate.issuer) or "somebody"
        return f"{its} is from {issuer}, who is not trusted here; or the server omits certificates in between."
    if verdict in _NO_VERDICT and certificate.names:
        return f"{its} is for {shown(certificate.names)}, not for {shown(host)}."
    return None


def ends_soon(certificate: Certificate, left_days: float | None, now: datetime) -> str | None:
    """That it is not good for as long as expected, with its date; None when it is, or when nothing is expected."""
    if left_days is None:
        return None
    if certificate.ends is None:
        return "It showed no certificate whose end can be read, so nobody knows for how long it is good. Is it HTTPS?"
    left = certificate.ends - now
    if left >= timedelta(days=left_days):
        return None
    return (
        f"The certificate is good for {days(left)} more, until {day(certificate.ends)}, and at least"
        f" {left_days:g} days were expected. Renew it, and have the server load it anew."
    )


def day(moment: datetime) -> str:
    """A date as people say it: 3 March 2027."""
    return f"{moment.day} {moment:%B %Y}"


def days(length: timedelta) -> str:
    """Whole days that are left, in words."""
    return "1 day" if length.days == 1 else f"{max(length.days, 0)} days"
