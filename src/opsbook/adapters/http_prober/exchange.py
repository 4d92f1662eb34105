"""One question over HTTP and its answer, on a libcurl handle that is used again and again; never its connection."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from socket import SocketType
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import pycurl

from opsbook.adapters.http_prober.certinfo import shown_certificate
from opsbook.adapters.http_prober.troubles import reading_of_trouble
from opsbook.book.answer import BODY_BYTES, Answer, as_expected, judge_answer, too_slow
from opsbook.book.certificate import day, days, ends_soon
from opsbook.book.excerpt import shown
from opsbook.book.probe import Probe
from opsbook.book.probe_reach import Reach
from opsbook.ledger.health import Outcome, Reading

_REDIRECTS_AT_MOST = 5
_NO_SOCKET: int = pycurl.SOCKET_BAD


class _Lent:
    """A socket's descriptor for pycurl, which takes a copy and lets go: then the first one is closed. A socket object
    would warn of having been forgotten."""

    __slots__ = ("_number",)

    def __init__(self, number: int) -> None:
        self._number = number

    def fileno(self) -> int:
        return self._number

    def __del__(self) -> None:
        os.close(self._number)


class Exchange:
    """A handle, the body that it reads, and the refused address that it was led to, if any."""

    def __init__(self, reach: Reach, agent: str, authorities: str) -> None:
        self.curl = pycurl.Curl()
        self.forbidden: tuple[str, str] | None = None  # the address and what it is
        self._reach = reach
        self._probe: Probe | None = None
        self._parts: list[bytes] = []
        self._left_bytes = 0
        self._follows = False
        self._connects_only = False
        self._set_once(agent, authorities)

    def _set_once(self, agent: str, authorities: str) -> None:
        option = self.curl.setopt
        option(pycurl.NOSIGNAL, 1)  # without it, a time limit on a name would use signals
        option(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        option(pycurl.REDIR_PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        option(pycurl.MAXREDIRS, _REDIRECTS_AT_MOST)
        option(pycurl.PROXY, "")  # and so none from the environment
        option(pycurl.NETRC, pycurl.NETRC_IGNORED)
        option(pycurl.FRESH_CONNECT, 1)
        option(pycurl.FORBID_REUSE, 1)
        option(pycurl.SSL_SESSIONID_CACHE, 0)
        option(pycurl.DNS_CACHE_TIMEOUT, 0)
        option(pycurl.OPT_CERTINFO, 1)
        option(pycurl.USERAGENT, agent)
        option(pycurl.HTTPHEADER, ["Connection: close"])
        option(pycurl.OPENSOCKETFUNCTION, self._open)
        option(pycurl.WRITEFUNCTION, self._write)
        if authorities:
            option(pycurl.CAINFO, authorities)

    def begin(self, probe: Probe) -> Reading | None:
        """Makes the handle ready to ask; a Reading when libcurl cannot even take the address."""
        self._probe = probe
        self.forbidden = None
        self._parts.clear()
        self._left_bytes = BODY_BYTES
        try:
            self.curl.setopt(pycurl.URL, _asked_as(probe))
        except (ValueError, pycurl.error) as wrong:  # UnicodeError is a ValueError
            return self._reading(
                "protocol", f"The address cannot be asked: {shown(str(wrong))}. Mend it on the page.", 0.0
            )
        self.curl.setopt(pycurl.TIMEOUT_MS, max(1, int(probe.timeout_s * 1000)))
        connects_only = probe.kind != "http"
        if self._connects_only is not connects_only:
            self._connects_only = connects_only
            self.curl.setopt(pycurl.CONNECT_ONLY, int(connects_only))
            self.curl.setopt(pycurl.SSL_ENABLE_ALPN, int(not connects_only))  # what it speaks behind TLS is not asked
        if self._follows is not probe.follows_redirects:
            self._follows = probe.follows_redirects
            self.curl.setopt(pycurl.FOLLOWLOCATION, int(self._follows))
        return None

    def end(self, code: int, said: str) -> tuple[Probe, Reading]:
        """What came of it; `code` is libcurl's, 0 for a whole answer."""
        assert self._probe is not None
        is_cut = code == pycurl.E_WRITE_ERROR and self._left_bytes <= 0
        if code == 0 or is_cut:
            return self._probe, self._judged(is_cut)
        outcome, why = reading_of_trouble(self.curl, self._probe, (code, said), self.forbidden)
        return self._probe, self._reading(outcome, why, self._took_ms())

    def _judged(self, is_cut: bool) -> Reading:
        assert self._probe is not None
        expected, took_ms = self._probe.expectation, self._took_ms()
        if self._probe.kind != "http":
            return self._connected(took_ms)
        status = self.curl.getinfo(pycurl.RESPONSE_CODE)
        leads_to = self.curl.getinfo(pycurl.REDIRECT_URL) if 300 <= status < 400 else None
        answer = Answer(status, b"".join(self._parts), took_ms, is_cut, leads_to)
        outcome, why = judge_answer(answer, expected, time.monotonic)
        if outcome == "ok" and expected.left_days is not None:
            soon = ends_soon(shown_certificate(self.curl), expected.left_days, datetime.now(UTC))
            if soon:
                return self._reading("tls", soon, took_ms, status)
        return self._reading(outcome, why, took_ms, status)

    def _connected(self, took_ms: float) -> Reading:
        """The reading of a connection that was made, with its encryption where that is what was asked for."""
        assert self._probe is not None
        slow, good = too_slow(took_ms, self._probe.expectation), ""
        if self._probe.kind == "tls":
            certificate, now = shown_certificate(self.curl), datetime.now(UTC)
            soon = ends_soon(certificate, self._probe.expectation.left_days, now)
            if soon:
                return self._reading("tls", soon, took_ms)
            if certificate.ends is not None:
                good = f" Its certificate is good for {days(certificate.ends - now)}, until {day(certificate.ends)}."
        if slow:
            return self._reading("slow", slow, took_ms)
        return self._reading("ok", f"{as_expected(None, took_ms)}{good}", took_ms)

    def _took_ms(self) -> float:
        return float(self.curl.getinfo(pycurl.TOTAL_TIME)) * 1000

    def _reading(self, outcome: Outcome, why: str, latency_ms: float, status: int | None = None) -> Reading:
        assert self._probe is not None
        is_encrypted = self._probe.kind == "tls" or self._probe.address[:6].lower() == "https:"
        ends = shown_certificate(self.curl).ends if is_encrypted else None
        return Reading(self._probe.key, datetime.now(UTC), outcome, why, latency_ms, status, ends)

    def _open(self, _purpose: int, address: Any) -> _Lent | int:
        """A socket for an address that may be reached: called for each connection, those of redirects too, with what
        the name was resolved to. An exception would be printed by pycurl and passed over."""
        host = address.addr[0]
        what = self._reach.refusal(host)
        if what is not None:
            self.forbidden = host, what
            return _NO_SOCKET
        try:
            return _Lent(SocketType(address.family, address.socktype, address.protocol).detach())
        except OSError:  # no more descriptors, or no such family here
            return _NO_SOCKET

    def _write(self, part: bytes) -> int:
        """Keeps a part of the body; takes less than it was given, which ends the answer, when it has enough."""
        kept = part[: self._left_bytes]
        self._parts.append(kept)
        self._left_bytes -= len(part)
        return len(part) if self._left_bytes > 0 else 0


def _asked_as(probe: Probe) -> str:
    """The address for libcurl, which makes mere connections too, under the names of HTTP."""
    scheme, separator, rest = _in_ascii(probe.address).partition("://")
    as_http = {"tcp": "http", "tls": "https"}.get(probe.kind) if separator else None
    return f"{as_http or scheme}{separator}{rest}"


def _in_ascii(address: str) -> str:
    """The address as it goes over the wire: a name in other letters by IDNA, the rest percent-encoded. libcurl's wheel
    does neither."""
    if address.isascii():
        return address
    parts = urlsplit(address)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host.encode("idna").decode("ascii")
    login, _, _ = parts.netloc.rpartition("@")
    place = f"{login}@{host}" if login else host
    place = place if parts.port is None else f"{place}:{parts.port}"
    rest = (quote(part, safe="%/:?[]@!$&'()*+,;=~") for part in parts[2:])
    return urlunsplit((parts.scheme, place, *rest))
