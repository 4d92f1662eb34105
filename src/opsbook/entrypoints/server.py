"""The serving process: takes the address, says when it is ready, stops cleanly. Knows no page."""

from __future__ import annotations

import asyncio
import gc
import getpass
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
from opsbook.entrypoints.listening import BACKLOG, address_of
from opsbook.entrypoints.mail_in import taking_mail
from opsbook.entrypoints.web import build_app
from opsbook.ground.errors import Failure, Refusal
from opsbook.ledger.built_types import build_types
from opsbook.usecases.credentials import name_from
from opsbook.usecases.desk import Desk
from opsbook.wire import person_at

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
    config: Config, listener: socket.socket, *, host: str, opens_browser: bool, ready: Callable[[], None],
    nudge: Callable[[], None],
) -> None:  # fmt: skip
    """Serves what comes to `listener`, which was made for `host`, until SIGTERM or Ctrl-C. Calls `ready` once it does,
    `nudge` when there is something to page about; raises Refusal when it may not, Usage where what is configured cannot
    work."""
    check_serving(config)
    _open_many()
    address = address_of(host, listener.getsockname()[1])
    build_types()  # before there is another thread that decodes
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
