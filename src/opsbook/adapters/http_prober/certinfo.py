"""The certificate that a server showed, out of what libcurl writes down of it; also where it was not trusted."""

from __future__ import annotations

from datetime import UTC, datetime

import pycurl

from opsbook.book.certificate import Certificate

_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def shown_certificate(curl: pycurl.Curl) -> Certificate:
    """The server's own certificate; an empty one where none was shown. Those behind it in the chain are not looked at:
    servers often send one that has expired besides others that lead to a trusted root."""
    try:
        chain = curl.getinfo(pycurl.INFO_CERTINFO)
    except (UnicodeDecodeError, pycurl.error):
        return Certificate()
    leaf: dict[str, str] = dict(next(iter(chain), ()))
    alternative = leaf.get("X509v3 Subject Alternative Name", "")
    return Certificate(
        subject=leaf.get("Subject", ""),
        issuer=leaf.get("Issuer", ""),
        names=alternative.replace("DNS:", "").replace("IP Address:", "") or leaf.get("Subject", ""),
        starts=read_moment(leaf.get("Start date", "")),
        ends=read_moment(leaf.get("Expire date", "")),
    )


def read_moment(text: str) -> datetime | None:
    """ "Jan  1 00:00:00 2021 GMT" as OpenSSL writes it, whatever the locale; None for what is no such moment."""
    parts = text.split()
    try:
        hour, minute, second = map(int, parts[2].split(":"))
        month = _MONTHS.index(parts[0]) + 1
        return datetime(int(parts[3]), month, int(parts[1]), hour, minute, second, tzinfo=UTC)
    except (IndexError, ValueError):
        return None
