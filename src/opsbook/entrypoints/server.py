"""The serving process: takes the address, says when it is ready, stops cleanly. Knows no page."""

from __future__ import annotations

import asyncio
import errno
import gc
import getpass
import os
import resource
import socket
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from urllib.parse import urlsplit

import click
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from opsbook.config import Config
from opsbook.config_check import check_serving
from opsbook.desk_parts import build_desk
from opsbook.entrypoints.gates.overload import AT_WORK
from opsbook.entrypoints.hosts import LOOPBACK, HostGate
from opsbook.entrypoints.mail_in import taking_mail
from opsbook.entrypoints.web import build_app
from opsbook.ground.errors import Failure, Refusal
from opsbook.usecases.credentials import name_from
from opsbook.usecases.desk import Desk
from opsbook.wire import person_at

# Connections that wait to be taken while the loop is busy; the kernel allows no more (net.core.somaxconn). In a storm
# of alerts thousands come at once, and whoever finds no place waits a second or three before it tries again.
BACKLOG = 4096
LARGEST_HEAD = 65_536  # bytes; what proxies take is 8 to 16 KiB
# A thread that reads pages gives way to the loop after so long: Python's own 5 ms made every hundredth turn of the loop
# wait for 13 ms while an index was built, and this one 3.
SWITCH_S = 0.001
LAST_REQUESTS_S = 10  # how long requests at hand may still take after the signal to stop


class BoundedHeads(HttpToolsProtocol):
    """Reads requests as uvicorn does, and ends a connection whose headers have no end: the parser would keep them."""

    head_bytes = 0
    is_in_head = True

    def on_message_begin(self) -> None:
        """Begins to count."""
        super().on_message_begin()
        self.head_bytes, self.is_in_head = 0, True

    def on_headers_complete(self) -> None:
        """Stops to count: bodies have a bound of their own."""
        self.is_in_head = False
        super().on_headers_complete()

    def take(self, part: bytes) -> None:
        """Reads what came, unless it is too much."""
        super().data_received(part)
        if self.is_in_head:
            self.head_bytes += len(part)
            if self.head_bytes > LARGEST_HEAD:
                self.send_400_response("The headers of this request are longer than Opsbook reads.")

    data_received = take  # type: ignore[assignment] # what asyncio calls it, with a name of its own for the part


class Server(uvicorn.Server):
    """A uvicorn server that tells its address on standard output once it answers."""

    def __init__(self, config: uvicorn.Config, *, tell: Callable[[], None], stop: Callable[[], None]) -> None:
        super().__init__(config)
        self.tell = tell
        self.stop = stop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts to answer, then tells so."""
        # As many threads as inlets have requests at work: whatever waits for the disk together is one synced commit.
        # Beside another process that writes all the time, 32 threads recorded 2.5 times as many bodies as the six that
        # Python has by itself on two processors.
        threads = ThreadPoolExecutor(AT_WORK, thread_name_prefix="door")
        asyncio.get_running_loop().set_default_executor(threads)
        await super().startup(sockets)
        self.tell()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Ends the streams first, which would otherwise be waited for, then answers the last requests."""
        self.stop()
        await super().shutdown(sockets)


def serve(
    config: Config, *, host: str, port: int, opens_browser: bool, ready: Callable[[], None], nudge: Callable[[], None]
) -> None:
    """Serves until SIGTERM or Ctrl-C, and calls `ready` once it does, `nudge` when there is something to page about;
    raises Failure when the address cannot be taken, Refusal when it may not be, Usage where what is configured cannot
    work."""
    check_serving(config)
    _open_many()
    listener = listen(host, port)
    address = _address(host, listener.getsockname()[1])
    with listener, build_desk(config, address, nudge) as desk, taking_mail(config, desk.alert_desk):
        _demand_login(config, desk, host)
        app = build_app(config, desk, listening_on=host)
        settings = uvicorn.Config(
            HostGate(app, host, (*config.serve_hosts, urlsplit(config.public_url).netloc)), http=BoundedHeads,
            backlog=BACKLOG, log_level="warning", access_log=False, server_header=False, proxy_headers=False,
            lifespan="on", timeout_graceful_shutdown=LAST_REQUESTS_S,
        )  # fmt: skip
        sys.setswitchinterval(SWITCH_S)
        # What lives as long as the process is not looked through again at every collection of garbage.
        gc.freeze()
        gc.enable()

        def tell() -> None:
            _tell(desk, address, config, opens_browser=opens_browser)
            ready()

        Server(settings, tell=tell, stop=app.close_streams).run(sockets=[listener])


def _open_many() -> None:
    """Lets this process have as many connections open as the system allows it; most begin with a limit of 1024."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # what is allowed may be less than it says, as on some systems
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _demand_login(config: Config, desk: Desk, host: str) -> None:
    if host in LOOPBACK or config.oidc_issuer:
        return
    if any(account.is_enabled and account.password_hash for account in desk.accounts.people()):
        return
    raise Refusal(
        f"Nobody could sign in to a server at '{host}', which others can reach. Add an account with a password first"
        " (opsbook user add NAME --role admin), or set up OpenID Connect ([oidc] in opsbook.toml)."
    )


def _tell(desk: Desk, address: str, config: Config, *, opens_browser: bool) -> None:
    """Prints the address first, flushed, because scripts wait for that line; then the link for whoever sits here."""
    click.echo(f"Opsbook is ready on {address}")
    name = name_from(person_at(config.root) or "", getpass.getuser(), "admin")
    try:
        link = f"{address}/sign-in?link={desk.accounts.issue_link(name, 'admin', actor=name)}"
        click.echo(f"Sign in as {name}, once, within 10 minutes: {link}")
    except (Failure, Refusal) as wrong:  # reading goes on without it
        link = address
        click.echo(f"opsbook: no link to sign in with: {wrong}", err=True)
    if opens_browser:
        import webbrowser  # inside: only --open needs it

        webbrowser.open(link)


def listen(host: str, port: int) -> socket.socket:
    """A socket that takes connections at the address; raises Failure when the address cannot be taken."""
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
