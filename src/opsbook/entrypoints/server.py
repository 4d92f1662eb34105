"""The serving process: takes the address, says when it is ready, stops cleanly. Knows no page."""

from __future__ import annotations

import errno
import os
import signal
import socket

import click
import uvicorn

from opsbook.config import Config
from opsbook.entrypoints.hosts import HostGate
from opsbook.entrypoints.web import build_app
from opsbook.ground.errors import Failure

BACKLOG = 1024  # connections that wait while a start or a stop is at hand; uvicorn's own default is 2048
LAST_REQUESTS_S = 10  # how long requests at hand may still take after the signal to stop


class Server(uvicorn.Server):
    """A uvicorn server that tells its address on standard output once it answers."""

    def __init__(self, config: uvicorn.Config, address: str, *, opens_browser: bool) -> None:
        super().__init__(config)
        self.address = address
        self.opens_browser = opens_browser

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts to answer, then prints the address (flushed, so that a script can wait for the line)."""
        await super().startup(sockets)
        click.echo(f"Opsbook is ready on {self.address}")
        if self.opens_browser:
            import webbrowser  # inside: only --open needs it

            webbrowser.open(self.address)


def serve(config: Config, *, host: str, port: int, opens_browser: bool) -> None:
    """Serves until SIGTERM or Ctrl-C; raises Failure when the address cannot be taken."""
    listener = _listen(host, port)
    address = _address(host, listener.getsockname()[1])
    settings = uvicorn.Config(
        HostGate(build_app(config), host), log_level="warning", server_header=False, lifespan="on",
        timeout_graceful_shutdown=LAST_REQUESTS_S,
    )  # fmt: skip
    # uvicorn stops cleanly, then raises the signal again; being asked to stop is no error, so it ends here.
    for asked in (signal.SIGTERM, signal.SIGINT):
        signal.signal(asked, lambda *_: None)
    with listener:
        Server(settings, address, opens_browser=opens_browser).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    try:
        known = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, where = known[0]
        return socket.create_server((where[0], port), family=family, backlog=BACKLOG)
    except socket.gaierror as wrong:
        message = f"The address '{host}' is not known here: {wrong.strerror}. Name another with --host."
        raise Failure(message) from wrong
    except OSError as wrong:
        raise Failure(f"Cannot listen on {_address(host, port)}: {_why(wrong)}") from wrong


def _why(wrong: OSError) -> str:
    if wrong.errno == errno.EADDRINUSE:
        return "another program is there already. Stop it, or choose a port with --port (0 takes a free one)."
    if wrong.errno == errno.EACCES:
        return "ports below 1024 are for root. Choose another with --port."
    if wrong.errno == errno.EADDRNOTAVAIL:
        return "this machine does not have that address. Choose another with --host."
    return f"{os.strerror(wrong.errno)}." if wrong.errno else f"{wrong}."


def _address(host: str, port: int) -> str:
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"
