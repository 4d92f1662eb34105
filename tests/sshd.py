"""A real sshd on a free port of loopback, with keys of its own, for whoever runs the tests."""

from __future__ import annotations

import getpass
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import asyncssh

CONFIG = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized_keys
PidFile none
UsePAM no
StrictModes no
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
MaxStartups 200
SetEnv HOME={folder}
LogLevel VERBOSE
"""


@dataclass(frozen=True)
class Sshd:
    """Where it listens, as whom one comes in, and by which keys."""

    folder: Path
    port: int
    pid: int

    @property
    def address(self) -> str:
        """As [hosts] of opsbook.toml writes it."""
        return f"{getpass.getuser()}@127.0.0.1:{self.port}"

    @property
    def key(self) -> str:
        """The file of a private key that it lets in."""
        return str(self.folder / "user_key")

    @property
    def known_hosts(self) -> str:
        """The file that pins its own key."""
        return str(self.folder / "known_hosts")

    def sessions(self) -> set[int]:
        """The processes that serve its connections."""
        return set(_below(self.pid))

    def programs(self) -> set[int]:
        """What was started through its connections and has its other end there."""
        found, looked = set(), [*self.sessions()]
        while looked:
            pid = looked.pop()
            if Path(f"/proc/{pid}/comm").read_text(encoding="ascii").startswith("sshd"):
                looked += _below(pid)
            else:
                found.add(pid)
        return found

    def cut(self) -> None:
        """Kills what serves its connections; whatever was started through them goes on."""
        for pid in self.sessions():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@contextmanager
def running_sshd(program: str, folder: Path) -> Iterator[Sshd]:
    """Runs until the block is left."""
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where Debian's has it for its separated half
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    host_key, user_key = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    for name, key in (("host_key", host_key), ("user_key", user_key)):
        (folder / name).touch(mode=0o600)
        (folder / name).write_bytes(key.export_private_key())
    (folder / "authorized_keys").write_bytes(user_key.export_public_key())
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {host_key.export_public_key().decode()}")
    (folder / "sshd_config").write_text(CONFIG.format(port=port, folder=folder))
    command = [program, "-D", "-f", str(folder / "sshd_config"), "-E", str(folder / "sshd.log")]
    running = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        _wait(running, port, folder / "sshd.log")
        yield Sshd(folder, port, running.pid)
    finally:
        Sshd(folder, port, running.pid).cut()
        running.terminate()
        running.wait(10)


def _below(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in children.read_text(encoding="ascii").split()] if children.exists() else []


def _wait(running: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until and running.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.01)
    raise RuntimeError(f"sshd does not start: {log.read_text() if log.exists() else running.poll()}")
