"""Asks name servers: those of this system, or the one that the address names. Reads no hosts file and keeps no answer.

An address is `dns://name`, `dns://server/name` or either with `?type=MX`. Without a type the name must have an IPv4 or
an IPv6 address. Each question waits in a thread of its own; the probe's timeout bounds the whole.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qs, urlsplit

import dns.exception
import dns.message
import dns.name
import dns.nameserver
import dns.query
import dns.rdatatype
import dns.resolver
from msgspec import Struct

from opsbook.book import unanswered
from opsbook.book.answer import in_words, too_slow
from opsbook.book.excerpt import shown
from opsbook.book.probe import Probe
from opsbook.book.probe_reach import Reach
from opsbook.ledger.health import Outcome, Reading
from opsbook.usecases.probing import ask_side_by_side

_TOLD_AT_MOST = 5  # records in a reason


class _Question(Struct, frozen=True):
    """`server` is None for the system's own name servers, `record` None for an address of either kind."""

    name: str
    record: str | None
    server: str | None
    port: int


class _Found(Struct, frozen=True):
    """The records as text, and the names that led to them by CNAME."""

    records: tuple[str, ...]
    aliases: tuple[str, ...]


class _Wrong(Exception):
    """The question came to no answer: its outcome and reason."""

    def __init__(self, outcome: Outcome, why: str) -> None:
        super().__init__(why)
        self.outcome: Outcome = outcome


class _Connected(dns.nameserver.Do53Nameserver):
    """A name server that is asked over a connected socket: only such a one is told that nobody listens there."""

    def query(self, request: dns.message.QueryMessage, timeout: float, *rest: Any, **named: Any) -> dns.message.Message:
        """The reply; over TCP where `max_size` says that it did not fit into a datagram."""
        if named.get("max_size"):
            return super().query(request, timeout, *rest, **named)
        family = socket.AF_INET6 if ":" in self.address else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as connected:
            connected.setblocking(False)
            connected.connect((self.address, self.port))
            return dns.query.udp(
                request, self.address, timeout, self.port,
                sock=connected, raise_on_truncation=True, ignore_errors=True, ignore_unexpected=True,
            )  # fmt: skip


class DnsProber:
    """A `Prober` for the kind dns. May be asked by several threads at once."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach

    def ask(self, probes: Sequence[Probe], tell: Callable[[Probe, Reading], None]) -> None:
        """Asks all side by side and tells each reading; returns when all have come."""
        ask_side_by_side(probes, self._ask_one, tell)

    def _ask_one(self, probe: Probe) -> Reading:
        began = time.monotonic()
        try:
            question = _read(probe.address)
            found = _answer(question, self._resolver(question, probe.timeout_s), probe)
            took_ms = (time.monotonic() - began) * 1000
            outcome, why = _judged(question, found, probe, took_ms)
        except _Wrong as wrong:
            took_ms = (time.monotonic() - began) * 1000
            outcome, why = wrong.outcome, str(wrong)
        return Reading(probe.key, datetime.now(UTC), outcome, why, took_ms)

    def _resolver(self, question: _Question, timeout_s: float) -> dns.resolver.Resolver:
        try:
            resolver = dns.resolver.Resolver(configure=not _is_address(question.server))
        except (dns.exception.DNSException, OSError) as wrong:
            raise _Wrong("dns", "This machine knows no name server. Look at its resolv.conf.") from wrong
        if question.server is not None:
            address = self._server(question.server, resolver, timeout_s)
            resolver.nameservers = [_Connected(address, question.port)]
        resolver.cache = None
        resolver.timeout = max(0.05, timeout_s / 3)  # a lost packet is sent again
        resolver.lifetime = timeout_s
        return resolver

    def _server(self, host: str, resolver: dns.resolver.Resolver, timeout_s: float) -> str:
        """The address of a named server, if it may be reached. The system's own may lie anywhere: clouds put theirs
        at link-local addresses."""
        address = "127.0.0.1" if host == "localhost" else host
        if not _is_address(address):
            try:
                address = next(resolver.resolve_name(host, lifetime=timeout_s, search=False).addresses())
            except dns.exception.Timeout as wrong:
                raise _Wrong("timeout", unanswered.timed_out(host, timeout_s, "resolving")) from wrong
            except (dns.exception.DNSException, OSError, UnicodeError, StopIteration) as wrong:
                raise _Wrong("dns", unanswered.unresolved(host)) from wrong
        what = self._reach.refusal(address)
        if what is not None:
            raise _Wrong("forbidden", unanswered.forbidden(host, address, what))
        return address


def _is_address(host: str | None) -> bool:
    try:
        return host is not None and bool(ip_address(host))
    except ValueError:
        return False


def _read(address: str) -> _Question:
    try:
        parts = urlsplit(address)
        path = parts.path.strip("/")
        port = parts.port or 53
        host = parts.hostname or ""
    except ValueError as wrong:
        raise _Wrong("protocol", "The address is none of dns://name or dns://server/name.") from wrong
    record = parse_qs(parts.query).get("type", [""])[0].upper() or None
    name, server = (path, host or None) if path else (host, None)
    if parts.scheme != "dns" or not name or (record and record not in dns.rdatatype.RdataType.__members__):
        raise _Wrong("protocol", "The address is none of dns://name, dns://server/name, or these with ?type=MX.")
    return _Question(name, record, server, port)


def _answer(question: _Question, resolver: dns.resolver.Resolver, probe: Probe) -> _Found:
    """What was found; of a question without a type, the addresses of both kinds when both are expected."""
    until = time.monotonic() + probe.timeout_s
    expected = [each for each in probe.expectation.addresses if _is_address(each)]
    records = [question.record] if question.record else _kinds(expected)
    found: list[str] = []
    aliases: list[str] = []
    for record in records:
        left_s = until - time.monotonic()
        more = _asked(question, record, resolver, (max(0.01, left_s), probe.timeout_s))
        found.extend(more.records)
        aliases.extend(more.aliases)
        if found and not expected:
            break
    if not found:
        raise _Wrong("dns", f"The name {shown(question.name)} has no record of type {' or '.join(records)}.")
    return _Found(tuple(found), tuple(aliases))


def _kinds(expected: Sequence[str]) -> list[str]:
    has_ipv6, has_ipv4 = any(":" in each for each in expected), any(":" not in each for each in expected)
    return [
        record for record, is_asked in (("A", has_ipv4 or not expected), ("AAAA", has_ipv6 or not expected)) if is_asked
    ]


def _asked(question: _Question, record: str, resolver: dns.resolver.Resolver, times_s: tuple[float, float]) -> _Found:
    left_s, timeout_s = times_s
    who = unanswered.endpoint(question.server, question.port) if question.server else "The name server"
    try:
        name = dns.name.from_text(question.name)
        answer = resolver.resolve(name, record, lifetime=left_s, search=False, raise_on_no_answer=False)
    except dns.resolver.NXDOMAIN as wrong:
        raise _Wrong("dns", f"{who} says that {shown(question.name)} does not exist. Look for a slip in it.") from wrong
    except dns.exception.Timeout as wrong:
        raise _Wrong("timeout", _silence(who, timeout_s)) from wrong
    except dns.resolver.NoNameservers as wrong:
        raise _refused(who, question.name, wrong) from wrong
    except (dns.exception.DNSException, UnicodeError, ValueError) as wrong:
        raise _Wrong("protocol", f"{shown(question.name)} cannot be looked up: {shown(str(wrong))}.") from wrong
    except OSError as wrong:
        raise _Wrong("unreachable", unanswered.unreachable(who, wrong.strerror or "no way there")) from wrong
    # Sorted, since servers turn the order at every question.
    records = sorted(each.to_text() for each in answer.rrset) if answer.rrset is not None else []
    aliases = [alias.target.to_text() for each in answer.chaining_result.cnames for alias in each]
    return _Found(tuple(records), tuple(aliases))


def _silence(who: str, timeout_s: float) -> str:
    return (
        f"{who} did not answer within {timeout_s:g} s. Look whether it runs, and at firewalls between here and there."
    )


def _refused(who: str, name: str, wrong: dns.resolver.NoNameservers) -> _Wrong:
    """Why no name server gave an answer: each is left at its first error that asking again would not mend."""
    errors = [entry[3] for entry in wrong.kwargs.get("errors", ())]
    last = errors[-1] if errors else "no answer"
    if isinstance(last, ConnectionRefusedError):
        return _Wrong("refused", unanswered.refused(who))
    if isinstance(last, OSError):
        return _Wrong("unreachable", unanswered.unreachable(who, last.strerror or str(last)))
    if isinstance(last, Exception):
        return _Wrong("protocol", unanswered.garbled(who, str(last) or type(last).__name__))
    return _Wrong(
        "dns", f"{who} answers {shown(str(last))} when asked for {shown(name)}. Look at its log and its zone."
    )


def _judged(question: _Question, found: _Found, probe: Probe, took_ms: float) -> tuple[Outcome, str]:
    records = found.records
    told = ", ".join(shown(each) for each in records[:_TOLD_AT_MOST])
    more = f" and {len(records) - _TOLD_AT_MOST} more" if len(records) > _TOLD_AT_MOST else ""
    has = {_plain(each) for each in (*records, *found.aliases)}
    missing = [each for each in probe.expectation.addresses if _plain(each) not in has]
    if missing:
        return "body", f"{shown(question.name)} leads to {told}{more}, and {', '.join(missing)} was expected too."
    slow = too_slow(took_ms, probe.expectation)
    return ("slow", slow) if slow else ("ok", f"{shown(question.name)} leads to {told}{more}, in {in_words(took_ms)}.")


def _plain(record: str) -> str:
    """A record so that two ways of writing it are one."""
    try:
        return str(ip_address(record))
    except ValueError:
        return record.strip('"').rstrip(".").lower()
