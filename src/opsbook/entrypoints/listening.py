"""The address that a server is asked at. Knows nobody who answers there: connections wait until somebody does."""

from __future__ import annotations

import errno
import os
import socket

from opsbook.ground.errors import Failure

# Connections that wait to be taken while the loop is busy; the kernel allows no more (net.core.somaxconn). In a storm
# of alerts thousands come at once, and whoever finds no place waits a second or three before it tries again.
BACKLOG = 4096


def listen(host: str, port: int) -> socket.socket:
    """A socket that takes connections at the address, though one was here a moment ago; raises Failure when it cannot
    be taken."""
    try:
        known = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, where = known[0]
        listener = socket.create_server((where[0], port), family=family, backlog=BACKLOG)
        # Connections take it over. asyncio sets it by itself only where a socket names its protocol, and without it an
        # answer's second piece waits 40 ms for the other side's acknowledgement of the first.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener
    except socket.gaierror as wrong:
        message = f"The address '{host}' is not known here: {wrong.strerror}. Name another with --host."
        raise Failure(message) from wrong
    except OSError as wrong:
        raise Failure(f"Cannot listen on {address_of(host, port)}: {_why(wrong)}") from wrong


def _why(wrong: OSError) -> str:
    if wrong.errno == errno.EADDRINUSE:
        return "another program is there already. Stop it, or choose a port with --port (0 takes a free one)."
    if wrong.errno == errno.EACCES:
        return "ports below 1024 are for root. Choose another with --port."
    if wrong.errno == errno.EADDRNOTAVAIL:
        return "this machine does not have that address. Choose another with --host."
    return f"{os.strerror(wrong.errno)}." if wrong.errno else f"{wrong}."


def address_of(host: str, port: int) -> str:
    """How whoever sits at this machine reaches a server that listens there."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"
