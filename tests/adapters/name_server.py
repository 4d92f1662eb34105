"""A real name server over UDP on a free port, in a thread, for the tests."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

Zone = Mapping[tuple[str, str], Sequence[str]]


@contextmanager
def name_server(reply: Callable[[bytes], bytes | None]) -> Iterator[int]:
    """The port of a server that replies so, or not at all for None."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    server.settimeout(0.05)
    ended = threading.Event()

    def serve() -> None:
        while not ended.is_set():
            try:
                question, sender = server.recvfrom(4096)
            except TimeoutError:
                continue
            answer = reply(question)
            if answer is not None:
                server.sendto(answer, sender)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        ended.set()
        thread.join(5)
        server.close()


def mute(_question: bytes) -> None:
    """Says nothing."""


def zone(records: Zone) -> Callable[[bytes], bytes]:
    """The replies of a server of these records, aliases followed; the record SERVFAIL of a name makes it fail."""
    names = {name for name, _ in records}

    def reply(question: bytes) -> bytes:
        query = dns.message.from_wire(question)
        asked = query.question[0]
        name, kind = asked.name.to_text(), dns.rdatatype.to_text(asked.rdtype)
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        if (name, "SERVFAIL") in records:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif name not in names:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif (name, "CNAME") in records:
            alias = records[name, "CNAME"][0]
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", "CNAME", alias))
            if (alias, kind) in records:
                answer.answer.append(dns.rrset.from_text(alias, 60, "IN", kind, *records[alias, kind]))
        elif (name, kind) in records:
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", kind, *records[name, kind]))
        return answer.to_wire()

    return reply
