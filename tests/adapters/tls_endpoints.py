"""Real endpoints that speak TLS, for the tests of probers."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.adapters.endpoints import Behaviour, listening


@contextmanager
def tls_listening(certificate: Path, behave: Behaviour, host: str = "127.0.0.1") -> Iterator[int]:
    """The port of a server that does `behave` behind the encryption, with the certificate and key of a file."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def encrypted(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as inner:
            behave(inner)

    with listening(encrypted, host) as port:
        yield port
