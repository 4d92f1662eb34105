"""The shim: watches over one command until nothing of it is left, whatever becomes of those who asked for it.

It is the subreaper of all that the command starts, so that nothing escapes it, by `setsid` or by being orphaned. The
step ends when the command itself does; what that left behind (a daemon that it started) goes on, and the shim stays
with it, so that `stop` can still end it. What it prints from then on is kept nowhere.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import json
import os
import resource
import select
import signal
import socket
import struct
import subprocess
import termios
import time
from contextlib import suppress
from typing import Any

from opsbook.adapters.step_hosts.shim_program.carried import OF_THE_SHELL, read_bash, read_env
from opsbook.adapters.step_hosts.shim_program.command import Command
from opsbook.adapters.step_hosts.shim_program.folder import (
    Folder,
    Refused,
    make_room,
    read_json,
    write_in_room,
    write_new,
    write_whole,
)
from opsbook.adapters.step_hosts.shim_program.framing import Frames
from opsbook.adapters.step_hosts.shim_program.output import Output
from opsbook.adapters.step_hosts.shim_program.redaction import Redactor
from opsbook.adapters.step_hosts.shim_program.tree import Ending, boot_id, descendants, see

_PART = 64 * 1024
_MOST_AT_ONCE = 256 * 1024  # coalesced before it is looked through: a terminal gives 4 KiB at a time
_MOST_LEFT = 4 * 1024 * 1024  # read after the command's own end, while others still write
_IDLE_S = 0.05
_BACKGROUND_S = 1.0  # what ends sooner has failed to stay in the background, and is told as it ended
_TICK_S = 0.02
_SUBREAPER, _DUMPABLE = 36, 4  # prctl(2): PR_SET_CHILD_SUBREAPER, PR_SET_DUMPABLE
_LIBC = ctypes.CDLL(None, use_errno=True)


class Watch:
    """One command being watched over."""

    def __init__(self, order: dict, folder: Folder, line: socket.socket) -> None:  # type: ignore[type-arg]
        self.order = order
        self.place = folder.place(order["key"])
        self.line = line
        self.child: subprocess.Popen[bytes] | None = None
        self.status: int | None = None
        self.ending: Ending | None = None
        self.outcome = "finished"
        self.why = ""
        self.told = b""
        self.limit_at: float | None = None
        self.started_at = time.time()
        self.is_asked = False  # somebody waits to hear that it is ended
        self.is_over = False
        self.secret_values: dict[str, str] = {}  # exported variables that hold a secret: told, and written nowhere
        self.leave_at: float | None = None  # when a command of the background is left to itself
        self._opened = [folder.claim(order["key"], order["epoch"], order["nonce"])]

    def begin(self) -> None:
        """Everything up to the moment where the command begins: what raises here was never begun."""
        text_path = os.path.join(self.place, "cmd")
        self.command = Command(self.order, text_path)
        write_new(text_path, self.command.text)
        make_room(os.path.join(self.place, "exit"))
        self.redactor = Redactor(self.order.get("secrets") or {})
        self.output = Output(os.path.join(self.place, "out"), self.redactor, int(self.order["cap_bytes"]))
        self.master, slave = _terminal()
        self.told_from, told = os.pipe()
        self._opened += [self.master, self.told_from]
        try:
            self.child = self.command.spawn(slave, told)
        except OSError as wrong:
            self.outcome, self.why = "never-started", f"{wrong.strerror}: {wrong.filename}."
        finally:
            os.close(slave)
            os.close(told)
        if self.child is None:
            return
        seen = see(self.child.pid)
        began = {"pid": self.child.pid, "since": seen.since if seen else 0, "boot": boot_id(), "shim": os.getpid()}
        write_new(os.path.join(self.place, "pid"), json.dumps(began).encode("ascii"))
        self.started_at = time.time()
        if self.order.get("limit_s") is not None:
            self.limit_at = time.monotonic() + self.order["limit_s"]
        if self.order.get("background"):
            self.leave_at = time.monotonic() + _BACKGROUND_S
        self.command.let_go()

    def run(self, wakeup: int) -> None:
        """Reads, tells and waits until the command itself has ended."""
        poll = select.poll()
        for each in (self.master, self.told_from, wakeup):
            os.set_blocking(each, False)
            poll.register(each, select.POLLIN)
        while self.child is not None:
            ready = {number for number, _ in poll.poll(self._wait_ms())}
            if self.master in ready and self._read_master(_MOST_AT_ONCE) is False:
                poll.unregister(self.master)
            if not ready and self.output.idle():
                self.tell()
            if self.told_from in ready and not self._read_told():
                poll.unregister(self.told_from)
            if wakeup in ready:
                self._on_signals(_read(wakeup))
            if self.status is None and self.limit_at is not None and time.monotonic() >= self.limit_at:
                self.end("timed-out", float(self.order.get("grace_s") or 5))
            is_over = self.ending is None or self.ending.go_on()
            self.reap()
            if is_over and self.leave_at is not None and time.monotonic() >= self.leave_at:
                return
            if is_over and (self.status is not None or self.ending is not None):
                return

    def end(self, outcome: str, grace_s: float) -> None:
        """Begins to end all of it."""
        if self.ending is None:
            self.ending = Ending(lambda: descendants(os.getpid()), grace_s)
            self.outcome = outcome
            self.limit_at = None

    def reap(self) -> bool:
        """Takes note of whatever has ended; True while something of it is left."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if not pid:
                return True
            if self.child is not None and pid == self.child.pid:
                self.status = status
                self.child.returncode = status  # it is reaped: nobody else need look for it

    def conclude(self) -> None:
        """Takes the rest of the output, and says for ever what became of it."""
        self._read_master(None if not self.reap() else _MOST_LEFT)
        self._read_told()
        self.output.finish()
        self.is_over = True
        ended = self._ended()
        try:
            write_in_room(os.path.join(self.place, "exit"), json.dumps(ended).encode("ascii"))
        except OSError:
            # For this much there is room: an end must never be lost for the sake of what it exported.
            ended.update(exports={}, secret_exports=[], why=ended["why"] or "There was no room for what it exported.")
            write_in_room(os.path.join(self.place, "exit"), json.dumps(ended).encode("ascii"))

    def linger(self, wakeup: int) -> None:
        """Stays while something of it is left, and ends that when it is asked to."""
        poll = select.poll()
        poll.register(wakeup, select.POLLIN)
        poll.register(self.master, select.POLLIN)
        self.ending = None
        while self.reap():
            ready = {number for number, _ in poll.poll(int(_TICK_S * 1000) if self.ending else None)}
            if self.master in ready and self._read_master(_MOST_LEFT) is False:
                poll.unregister(self.master)
            if wakeup in ready:
                self._on_signals(_read(wakeup))
            if self.ending is not None and self.ending.go_on():
                self.answer_stop()

    def answer_stop(self) -> None:
        """Says to whoever asked for the end what is left."""
        left = [str(each) for each in self.ending.left] if self.ending else []
        self.ending = None
        write_whole(os.path.join(self.place, "stopped"), json.dumps({"left": left}).encode("ascii"), synced=False)

    def close(self) -> None:
        """Lets go of all, the sign of life last."""
        for opened in reversed(self._opened):
            os.close(opened)

    def abandon(self) -> None:
        """Sees to it that what could not be begun does nothing."""
        if self.child is not None:
            self.command.abandon()
            self.child.wait()

    def tell(self) -> None:
        """Wakes whoever follows; one that is slow is woken already."""
        with suppress(OSError):  # nobody follows any more, or has yet to read that there is something
            self.line.send(b".", socket.MSG_DONTWAIT)

    def tell_secrets(self) -> None:
        """Says what exported secrets are to whoever follows; where nobody does, they are forgotten."""
        if self.secret_values:
            with suppress(OSError):
                self.line.sendall(b"s" + json.dumps(self.secret_values).encode("ascii") + b"\n")
            self.secret_values = {}

    def _on_signals(self, numbers: bytes) -> None:
        asked = read_json(os.path.join(self.place, "stop")) if signal.SIGTERM in numbers else None
        if asked is not None:  # else it was meant for the command that was watched over before
            self.is_asked = True
            self.end("killed", float(asked["grace_s"]))

    def _wait_ms(self) -> int | None:
        if self.ending is not None:
            return int(_TICK_S * 1000)
        waits = []
        if self.redactor.is_waiting:
            waits.append(_IDLE_S)
        if self.leave_at is not None:
            waits.append(max(0.0, self.leave_at - time.monotonic()))
        if self.limit_at is not None:
            waits.append(max(0.0, self.limit_at - time.monotonic()))
        return int(min(waits) * 1000) + 1 if waits else None

    def _read_master(self, most: int | None) -> bool | None:
        """Takes what is there; False when the terminal is closed on the other side."""
        parts = []
        size = total = 0
        is_open = None
        while most is None or total < most:
            try:
                part = os.read(self.master, _PART)
            except OSError as wrong:
                is_open = wrong.errno in (errno.EAGAIN, errno.EINTR)
                break
            if not part:
                is_open = False
                break
            parts.append(part)
            size += len(part)
            total += len(part)
            if size >= _MOST_AT_ONCE:
                self._take(parts)
                parts, size = [], 0
        self._take(parts)
        return is_open

    def _take(self, parts: list[bytes]) -> None:
        if parts and not self.is_over and self.output.take(b"".join(parts)):
            self.tell()

    def _read_told(self) -> bool:
        part = _read(self.told_from)
        self.told += part
        return bool(part)

    def _ended(self) -> dict:  # type: ignore[type-arg]
        status = self.status
        left = [str(each) for each in self.ending.left] if self.ending else []
        ended: dict[str, Any] = {
            "outcome": self.outcome, "exit": None, "why": self.why or self.output.trouble,
            "started_at": self.started_at, "ended_at": time.time(), "cwd": os.fsdecode(self.command.cwd),
            "exports": {}, "secret_exports": [],
            "output_bytes": self.output.size, "redactions": self.redactor.count, "is_truncated": self.output.is_cut,
            "left": left,
        }  # fmt: skip
        if status is None and self.leave_at is not None and self.outcome == "finished":
            ended.update(exit=0, why="It goes on in the background.")
        if status is not None:
            ended["exit"] = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
            if os.WIFSIGNALED(status) and self.outcome == "finished":
                ended["why"] = f"It was ended by signal {os.WTERMSIG(status)}. {ended['why']}".strip()
        read = read_bash if self.command.kind == "bash" else read_env
        carries = read(self.told)
        if carries is not None:
            ended["cwd"] = os.fsdecode(carries[0])
            ended["exports"], ended["secret_exports"] = self._exports(carries[1])
        return ended

    def _exports(self, now: dict[bytes, bytes]) -> tuple[dict[str, str], list[str]]:
        """The variables that differ from what was given, and the names of those that hold a secret. What is no text in
        UTF-8 cannot be kept, and is left out."""
        shown: dict[str, str] = {}
        hidden = []
        for name, value in now.items():
            known = name.decode("ascii")
            if known in OF_THE_SHELL or self.command.variables.get(name) == value:
                continue
            is_secret = self.redactor.holds(value)
            if is_secret:
                hidden.append(known)
            try:
                (self.secret_values if is_secret else shown)[known] = value.decode("utf-8")
            except UnicodeDecodeError:
                continue
        return shown, sorted(hidden)


def stand_by(line: socket.socket) -> None:
    """In a fork of the server: watches over one command after the other, as the line orders, until it ends. A fork for
    each would cost twice what the rest does: what it touches of the server's memory is copied, page by page.

    It answers with a line of JSON, empty when the command was begun; then a dot for each time that there is more; `s`
    and a line of JSON, what exported secrets are; `e` when it has ended; `i` when nothing of it is left, and the next
    can come."""
    wakeup = _stand_alone()
    while True:
        order = _next_order(line)
        if order is None:
            return
        _read(wakeup)
        _watch(order, line, wakeup)
        with suppress(OSError):
            line.send(b"i")


def _watch(order: dict, line: socket.socket, wakeup: int) -> None:  # type: ignore[type-arg]
    watching = None
    said: dict[str, str] = {}
    try:
        watching = Watch(order, Folder(order["folder"]), line)
        watching.begin()
    except Refused as wrong:
        said = {"kind": wrong.kind, "why": wrong.why}
    except OSError as wrong:
        said = {"kind": "not-begun", "why": f"{wrong.strerror}: {wrong.filename or order['folder']}."}
    if watching is not None and said:
        watching.abandon()
    with suppress(OSError):
        line.sendall(json.dumps(said).encode("ascii") + b"\n")
    if watching is None:
        return
    if not said:
        watching.run(wakeup)
        watching.conclude()
        watching.tell_secrets()
        with suppress(OSError):
            line.send(b"e")
        if watching.is_asked:
            watching.answer_stop()
        watching.linger(wakeup)
    watching.close()


def _next_order(line: socket.socket) -> dict | None:  # type: ignore[type-arg]
    frames = Frames()
    while True:
        try:
            part = line.recv(1 << 20)
        except OSError:
            return None
        if not part:
            return None
        for order, _ in frames.feed(part):
            return order


def _stand_alone() -> int:
    """Makes this a program by itself; what is told of signals can be read from what it returns."""
    os.setsid()
    os.chdir("/")
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    if _LIBC.prctl(_SUBREAPER, 1, 0, 0, 0) or _LIBC.prctl(_DUMPABLE, 0, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(2) failed")
    wakeup, waker = os.pipe()
    for each in (wakeup, waker):
        os.set_blocking(each, False)
    # Not ignored, which a command would inherit: heard, and nothing done.
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: None)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    return wakeup


def _terminal() -> tuple[int, int]:
    """A terminal that changes nothing of what is written, and is nobody's controlling one: what would ask for a
    password there fails at once instead of waiting for ever."""
    master, slave = os.openpty()
    settings = termios.tcgetattr(slave)
    settings[1] &= ~termios.OPOST
    settings[3] &= ~(termios.ECHO | termios.ICANON | termios.ISIG)
    termios.tcsetattr(slave, termios.TCSANOW, settings)
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    return master, slave


def _read(number: int) -> bytes:
    """Whatever is there to be read without waiting."""
    parts = []
    while True:
        try:
            part = os.read(number, _PART)
        except OSError:
            break
        if not part:
            break
        parts.append(part)
    return b"".join(parts)
