"""Connections to machines over SSH, one each, kept and shared. Knows nothing of steps.

asyncssh lives on one event loop in a thread of its own, and these coroutines are the only ones below the doors; all
others call plain functions that come back within a time. That a machine cannot be reached is a plain Failure: only who
asks knows whether something was begun there before. What is run there is one constant line, whatever is asked
of the machine: it reads a program, with its length before it, from its input, and becomes that.

Nothing is forwarded (no agent, no port, no display), nothing is typed in, and `~/.ssh/config` is not read: who is
asked, by which key, stands in opsbook.toml alone. A machine whose key is not pinned is not spoken to.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as TooLong
from contextlib import suppress
from typing import Any, cast

import asyncssh

from opsbook.adapters.step_hosts.inventory import SSH_PORT, Place, SshSettings
from opsbook.ground.errors import Failure

# What comes in is held until it is read, up to this, and then the other side waits.
_HELD_MOST = 4 * 1024 * 1024
_SAID_MOST = 4096  # of what the far side complains, for a message
# So many missed answers are a dead connection, and a new one is made: a pause of the network costs a step nothing.
_ALIVE_MISSED = 3
# Says by a zero byte that it is there, then reads exactly so many bytes, for one more would be of what the program is
# told. -I and -S: neither variables nor files of that machine's user change what it is. The quotes are those that sh,
# fish and csh read alike.
_BOOTSTRAP = (
    "import os,sys;sys.version_info>=(3,7)or os._exit(126);os.write(1,bytes(1));"
    "r=lambda n,b=bytes():b if len(b)==n else r(n,b+(os.read(0,n-len(b))or os._exit(1)));exec(r(int(r(8))))"
)
_IS_THERE = b"\0"
_TOO_OLD, _ABSENT = 126, 127  # as sh has it: what cannot be run, and what is not there
# Asked for behind the kinds that are pinned, so that a machine with another key says which, instead of hanging up.
_KEY_KINDS = (
    "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa-sha2-512", "rsa-sha2-256",
)  # fmt: skip


def constant_command(python: str) -> str:
    """All that a machine is ever told to run; sh finds the program, so that a login shell of any kind does."""
    return f"exec sh -c 'exec {python} -ISc \"{_BOOTSTRAP}\"'"


class Pipe(asyncssh.SSHClientSession[bytes]):
    """The input and output of a program that runs there, for plain threads: one that writes, one that reads."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.began: asyncio.Future[bool] = loop.create_future()  # whether the program is there, once that is known
        self._channel: asyncssh.SSHClientChannel[bytes] | None = None
        self._parts: deque[bytes] = deque()
        self._held = 0
        self._is_held_back = False
        self._is_over = False
        self._changed = threading.Condition()
        self._room = threading.Event()
        self._room.set()
        self.said = b""  # what it complained
        self.exit: int | None = None

    def write(self, content: bytes) -> None:
        """Sends all of it, or waits for room to; raises OSError where the connection is gone."""
        self._room.wait()
        if self._is_over:
            raise BrokenPipeError("The connection is closed.")
        try:
            self._loop.call_soon_threadsafe(self.send, content)
        except RuntimeError as wrong:  # the loop has ended
            raise BrokenPipeError("The connection is closed.") from wrong

    def read(self) -> bytes:
        """What came since, at least a byte; empty when it is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._parts or self._is_over)
            content = b"".join(self._parts)
            self._parts.clear()
            self._held = 0
            resumes, self._is_held_back = self._is_held_back, False
        if resumes:
            self._loop.call_soon_threadsafe(self._resume)
        return content

    def close(self) -> None:
        """Ends the channel; who reads comes back. The program there sees the end of its input."""
        self._over()
        with suppress(RuntimeError):  # the loop has ended, and the channel with it
            self._loop.call_soon_threadsafe(self._shut)

    # What follows is called on the loop.

    def send(self, content: bytes) -> None:
        """Sends it, whether there is room or not."""
        with suppress(OSError):  # gone meanwhile: who reads will see it
            cast("asyncssh.SSHClientChannel[bytes]", self._channel).write(content)

    def _resume(self) -> None:
        cast("asyncssh.SSHClientChannel[bytes]", self._channel).resume_reading()

    def _shut(self) -> None:
        if self._channel is not None:
            self._channel.close()

    def connection_made(self, chan: asyncssh.SSHClientChannel[bytes]) -> None:
        self._channel = chan

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        if datatype is not None:
            self.said = (self.said + data)[:_SAID_MOST]
            return
        if not self.began.done():
            _, is_there, data = data.partition(_IS_THERE)  # before it, files of start may have greeted somebody
            if is_there:
                self.began.set_result(True)
        if data:
            self._keep(data)

    def _keep(self, data: bytes) -> None:
        with self._changed:
            self._parts.append(data)
            self._held += len(data)
            if self._held > _HELD_MOST and not self._is_held_back:
                self._is_held_back = True
                cast("asyncssh.SSHClientChannel[bytes]", self._channel).pause_reading()
            self._changed.notify_all()

    def exit_status_received(self, status: int) -> None:
        self.exit = status

    def pause_writing(self) -> None:
        self._room.clear()

    def resume_writing(self) -> None:
        self._room.set()

    def eof_received(self) -> bool:
        return False  # closes the channel: a program that says nothing more is over

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.began.done():
            self.began.set_result(False)
        self._over()

    def _over(self) -> None:
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
        self._room.set()


class SshConnections:
    """One connection to each machine, made when it is first needed and again when it is lost."""

    def __init__(self, settings: SshSettings) -> None:
        self._settings = settings
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="ssh", daemon=True)
        self._thread.start()
        self._kept: dict[Place, asyncio.Task[asyncssh.SSHClientConnection]] = {}  # of the loop alone
        self._is_closed = False

    def begin(self, place: Place, program: bytes) -> Pipe:
        """Has a program begin there, which has its length in eight digits before it. Raises Failure, with how to mend
        it, where that cannot be."""
        if self._is_closed:
            raise Failure(f"The host {place.name} ({place}) is not asked any more: Opsbook is ending.")
        waiting = asyncio.run_coroutine_threadsafe(self._begin(place, program), self._loop)
        try:
            return waiting.result(2 * self._settings.limit_s + 1)
        except (TooLong, CancelledError):  # cancelled by another, who gave it up or closes
            waiting.cancel()
            self.forget(place)
            raise _unanswered(place) from None

    def forget(self, place: Place) -> None:
        """Closes the connection, so that the next program gets a new one; nothing is waited for."""
        with suppress(RuntimeError):  # the loop has ended, and all connections with it
            self._loop.call_soon_threadsafe(self._drop, place)

    def close(self) -> None:
        """Closes all of them; what goes on there goes on."""
        if self._is_closed:
            return
        self._is_closed = True
        with suppress(TooLong):
            asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(5.0)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5.0)
        if not self._thread.is_alive():
            self._loop.close()

    async def _begin(self, place: Place, program: bytes) -> Pipe:
        try:
            connection = await self._connection(place)
            return await asyncio.wait_for(self._begun(connection, place, program), self._settings.limit_s)
        except TimeoutError as wrong:
            self._drop(place)
            raise _unanswered(place) from wrong
        except (OSError, asyncssh.Error) as wrong:  # its connection was closed, or it takes no further program
            self._drop(place)
            said = f"The host {place.name} ({place}) takes no program: {_said(wrong)}."
            raise Failure(said, retryable=True) from wrong

    async def _begun(self, connection: asyncssh.SSHClientConnection, place: Place, program: bytes) -> Pipe:
        command = constant_command(self._settings.python)
        _, session = await connection.create_session(
            lambda: Pipe(self._loop), command, encoding=None, window=_HELD_MOST
        )
        pipe = cast("Pipe", session)
        pipe.send(program)
        if not await pipe.began:
            raise _not_there(place, self._settings.python, pipe)
        return pipe

    async def _connection(self, place: Place) -> asyncssh.SSHClientConnection:
        """The kept one; several that ask at once wait for the same. A failure is kept for nobody."""
        kept = self._kept.get(place)
        if kept is None or (kept.done() and (_trouble(kept) is not None or kept.result().is_closed())):
            kept = self._kept[place] = self._loop.create_task(self._connected(place))
            kept.add_done_callback(_trouble)  # whoever waited may have given up
        return await asyncio.shield(kept)

    async def _connected(self, place: Place) -> asyncssh.SSHClientConnection:
        pinned, kinds = _pinned(self._settings.known_hosts, place)
        limit_s = self._settings.limit_s
        try:
            return await asyncssh.connect(
                place.address, place.port, username=place.user or (), known_hosts=pinned, config=None,
                server_host_key_algs=kinds,
                client_keys=list(self._settings.keys) or (), agent_path=None if self._settings.keys else (),
                preferred_auth=["publickey"], password=None, agent_forwarding=False, x11_forwarding=False,
                compression_algs=None, keepalive_interval=self._settings.alive_s, keepalive_count_max=_ALIVE_MISSED,
                connect_timeout=limit_s, login_timeout=limit_s,
            )  # fmt: skip
        except asyncssh.HostKeyNotVerifiable as wrong:
            what = f"shows another key than the pinned one ({_said(wrong)})"
            raise _unpinned(place, self._settings.known_hosts, what) from wrong
        except asyncssh.KeyExchangeFailed as wrong:
            what = f"has no key of the pinned kind, or speaks no cipher of ours ({_said(wrong)})"
            raise _unpinned(place, self._settings.known_hosts, what) from wrong
        except asyncssh.PermissionDenied as wrong:
            raise Failure(_denied(place, self._settings.keys)) from wrong
        except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as wrong:
            raise Failure(
                f"A private key for the host {place.name} cannot be used: {_said(wrong)}. One with a passphrase belongs"
                " in the agent; others stand in 'ssh.keys' of opsbook.toml."
            ) from wrong
        except (OSError, asyncssh.Error) as wrong:  # TimeoutError is an OSError
            raise Failure(
                f"The host {place.name} ({place}) cannot be reached: {_said(wrong)}.", retryable=True
            ) from wrong

    def _drop(self, place: Place) -> None:
        kept = self._kept.pop(place, None)
        if kept is not None and not kept.done():
            kept.cancel()
        elif kept is not None and _trouble(kept) is None:
            kept.result().abort()

    async def _close(self) -> None:
        for place in list(self._kept):
            self._drop(place)
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


def _trouble(made: asyncio.Task[asyncssh.SSHClientConnection]) -> BaseException | None:
    return asyncio.CancelledError() if made.cancelled() else made.exception()


def _pinned(path: str, place: Place) -> tuple[Any, list[str]]:
    """The keys that a machine may show, by its address or by its name in the inventory, and the kinds of keys to ask it
    for; raises Failure where there are none."""
    try:
        known = asyncssh.read_known_hosts(path)
    except FileNotFoundError as wrong:
        raise _unpinned(place, path, "has no pinned key, for there is no such file") from wrong
    except (OSError, ValueError) as wrong:
        raise Failure(f"The file of pinned host keys {path} cannot be read: {_said(wrong)}.") from wrong
    port = None if place.port == SSH_PORT else place.port
    found = [known.match(name, "", port) for name in dict.fromkeys((place.address, place.name))]
    merged = tuple([key for keys in kind for key in keys] for kind in zip(*found, strict=True))
    keys, authorities = merged[:2]
    if not keys and not authorities:
        raise _unpinned(place, path, "has no pinned key there")
    certified = [_certified(kind) for kind in _KEY_KINDS] if authorities else []
    own = [algorithm.decode() for key in keys for algorithm in key.sig_algorithms]
    return merged, list(dict.fromkeys([*certified, *own, *_KEY_KINDS]))


def _certified(kind: str) -> str:
    return f"{kind}-cert-v01@openssh.com"


def _unpinned(place: Place, path: str, what: str) -> Failure:
    port = "" if place.port == SSH_PORT else f"-p {place.port} "
    return Failure(
        f"The host {place.name} ({place}) is not trusted: it {what}, in {path}. Nothing was sent to it. Ask for its key"
        f" with `ssh-keyscan {port}{place.address}`, compare it with what that machine itself says by"
        " `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`, and write it into the file."
    )


def _unanswered(place: Place) -> Failure:
    return Failure(f"The host {place.name} ({place}) does not answer.", retryable=True)


def _not_there(place: Place, python: str, pipe: Pipe) -> Failure:
    who = f"The host {place.name} ({place})"
    if pipe.exit == _ABSENT:
        return Failure(
            f"{who} has no '{python}'. Steps need sh and Python 3.7 or later there: install it, or say where it is as"
            " 'ssh.python' in opsbook.toml."
        )
    if pipe.exit == _TOO_OLD:
        return Failure(f"{who} cannot use '{python}': steps need Python 3.7 or later there ('ssh.python').")
    said = pipe.said.decode("utf-8", "replace").strip()
    ended = "closed the connection" if pipe.exit is None else f"ended with exit status {pipe.exit}"
    return Failure(f"{who} {ended} before '{python}' began{': ' if said else '.'}{said}", retryable=pipe.exit is None)


def _denied(place: Place, keys: tuple[str, ...]) -> str:
    which = ", ".join(keys) if keys else "the agent and ~/.ssh, as 'ssh.keys' of opsbook.toml names none"
    return (
        f"The host {place.name} ({place}) lets nobody in by the keys that were tried: {which}. Put the public key into"
        " ~/.ssh/authorized_keys there, and name the user in [hosts] as USER@ADDRESS."
    )


def _said(wrong: BaseException) -> str:
    said = str(getattr(wrong, "reason", "") or getattr(wrong, "strerror", "") or wrong) or type(wrong).__name__
    return said.strip().rstrip(".")
