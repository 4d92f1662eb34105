"""Addresses of logs and dashboards with the service and the time filled in: `https://logs…/?q={service}&from={from_ms}`.

What is filled in is percent-encoded. Anything but an address of http or https is refused. Opens nothing.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache
from urllib.parse import quote, urlsplit

LONGEST = 4_000
_GRAFANA = re.compile(r"/(?:d|d-solo|explore|dashboard/(?:db|snapshot))(?:/|\?|$)")


@cache
def _places() -> re.Pattern[str]:
    """What is filled in; a renderer may have encoded the braces already."""
    return re.compile(r"(?:\{|%7b)(service|from_ms|to_ms|from|to)(?:\}|%7d)", re.I)


def is_fillable(address: str) -> bool:
    """Whether an address is one of the web that has a place to fill in."""
    return bool(_places().search(address)) and _is_web(address)


def filled(address: str, service: str, since: datetime, until: datetime) -> str:
    """The address for a service from `since` to `until`; with the range added where it is a Grafana's that has none of
    its own; as it was where it has no place for either. Empty for what is no address of http or https."""
    if not _is_web(address):
        return ""
    if _places().search(address):
        told = {
            "service": service, "from": _instant(since), "to": _instant(until), "from_ms": _ms(since),
            "to_ms": _ms(until),
        }  # fmt: skip
        address = _places().sub(lambda found: quote(told[found[1].lower()], safe=""), address)
        return address if _is_web(address) else ""
    return _with_range(address, since, until) if is_grafana(address) else address


def is_grafana(address: str) -> bool:
    """Whether an address looks like that of a dashboard of Grafana."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(_GRAFANA.search(parts.path + ("?" if parts.query else "")))


def _with_range(address: str, since: datetime, until: datetime) -> str:
    before, hash_, fragment = address.partition("#")
    path, _, query = before.partition("?")
    kept = [each for each in query.split("&") if each]
    if any(each.partition("=")[0] in ("from", "to") for each in kept):
        return address  # somebody chose a time of their own
    return f"{path}?{'&'.join([*kept, f'from={_ms(since)}', f'to={_ms(until)}'])}{hash_}{fragment}"


def _is_web(address: str) -> bool:
    if len(address) > LONGEST or any(ord(letter) <= 0x20 or letter in "<>\"'`\\\x7f" for letter in address):
        return False
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return False
    # A name of the host that is filled in would let the name of a service choose where one is led.
    return parts.scheme.lower() in ("http", "https") and bool(host) and not _places().search(parts.netloc)


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _ms(at: datetime) -> str:
    return str(int(at.timestamp() * 1000))
