"""Talks with the shim of a machine over a pipe that may break at any time. Knows nothing of how the pipe is made.

For a new kind of connection: give `ShimHost` a function that connects and returns a `Pipe`, with `preamble()` of
`shim.py` written already; everything else (requests by id, finding the way back, never starting a thing twice) is here.
`connect` raises Failure where the machine cannot be reached now; `read` returns b"" at the end, and both it and `write`
may raise OSError, which is the same. `write` may be called by several threads, one at a time; `read` by one.
"""

from __future__ import annotations

import queue
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Protocol

from opsbook.adapters.step_hosts.shim_program.framing import Frames, pack
from opsbook.ground.errors import Failure, Fenced, NotBegun, Refusal
from opsbook.usecases.run_ports import Ended, Look, Order

_ACKNOWLEDGED_BYTES = 256 * 1024
_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 5.0
_ANSWER_S = 60.0  # a machine that says nothing for so long to a small question is not there

Frame = tuple[dict[str, Any], bytes]


class Pipe(Protocol):
    """Bytes to and from a shim."""

    def write(self, part: bytes) -> None:
        """Sends all of it."""
        ...

    def read(self) -> bytes:
        """The next bytes, as many as are there; b"" at the end."""
        ...

    def close(self) -> None:
        """Ends it; a `read` that waits returns."""
        ...


class Broken(Exception):
    """The connection is gone; what it was about is not."""


class Connection:
    """One pipe, its requests told apart by number, each with a queue of the frames that answer it."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self._lock = threading.Lock()
        self._asked: dict[int, queue.SimpleQueue[Frame | None]] = {}
        self._next = 0
        self.is_broken = False
        self._reader = threading.Thread(target=self._read, name="shim", daemon=True)
        self._reader.start()

    def ask(self, request: dict[str, Any]) -> tuple[int, queue.SimpleQueue[Frame | None]]:
        """Sends a request: its number, and where its answers come; None there means that the connection is gone."""
        answers: queue.SimpleQueue[Frame | None] = queue.SimpleQueue()
        with self._lock:
            if self.is_broken:
                raise Broken
            self._next += 1
            number = self._next
            self._asked[number] = answers
        self.send({**request, "id": number})
        return number, answers

    def send(self, header: dict[str, Any]) -> None:
        """Sends a frame."""
        frame = pack(header)
        try:
            with self._lock:
                if self.is_broken:
                    raise Broken
                self._pipe.write(frame)
        except OSError as wrong:
            self.close()
            raise Broken from wrong

    def forget(self, number: int) -> None:
        """Wants no more answers of it."""
        with self._lock:
            self._asked.pop(number, None)

    def close(self) -> None:
        """Ends it, for all who wait too."""
        with self._lock:
            self.is_broken = True
            waiting = list(self._asked.values())
            self._asked.clear()
        for answers in waiting:
            answers.put(None)
        with suppress(OSError):
            self._pipe.close()
        if threading.current_thread() is not self._reader:
            self._reader.join(_LONGEST_PAUSE_S)  # it reads the end, and lets go of what is left of the other side

    def _read(self) -> None:
        frames = Frames()
        try:
            while part := self._pipe.read():
                for header, body in frames.feed(part):
                    with self._lock:
                        answers = self._asked.get(header["id"])
                    if answers is not None:
                        answers.put((header, body))
        except (OSError, ValueError):
            pass  # the same as its end: whoever waits asks again, on another
        self.close()


class ShimHost:
    """A machine, by its shim: implements StepHost. `patience_s` is for how long a lost connection is looked for."""

    def __init__(
        self, connect: Callable[[], Pipe], folder: str, *, name: str, patience_s: float = 60.0,
        cap_bytes: int = 64 * 1024 * 1024, keep_days: float = 0, grace_s: float = 5.0,
    ) -> None:  # fmt: skip
        self._connect = connect
        self._hello = {"do": "hello", "folder": folder, "keep_days": keep_days}
        self._name = name
        self._patience_s = patience_s
        self._cap_bytes = cap_bytes
        self._grace_s = grace_s
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._doubtful: set[str] = set()  # keys whose start was sent, and perhaps lies in a pipe still

    def fence(self, run: str, epoch: int) -> None:
        """From now on no order of a smaller epoch."""
        self._answer({"do": "fence", "run": run, "epoch": epoch})

    def run(self, order: Order, tell: Callable[[int, bytes], None]) -> Ended:
        """Does it; see StepHost."""
        return _Following(self, order.key, tell).start(self._request_of(order))

    def rejoin(self, key: str, offset: int, tell: Callable[[int, bytes], None]) -> Ended:
        """Goes on reading what was started before; see StepHost."""
        return _Following(self, key, tell).follow(offset)

    def look(self, key: str) -> Look:
        """What is known of a key. One whose start may still be on its way is claimed by this, so that it stays so."""
        with self._lock:
            seal = key in self._doubtful
        said = self._answer({"do": "look", "key": key, "seal": seal})
        ended = said.get("ended")
        return Look(
            said["state"], ended=None if ended is None else ended_of(ended), why=said.get("why", ""),
            alive=tuple(said.get("alive", ())),
        )  # fmt: skip

    def stop(self, key: str, grace_s: float) -> tuple[str, ...]:
        """Ends all of it; what is left."""
        return tuple(self._answer({"do": "stop", "key": key, "grace_s": grace_s}, wait_s=grace_s + _ANSWER_S)["left"])

    def close(self) -> None:
        """Lets go of the connection; what runs there goes on."""
        with self._lock:
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def connection(self) -> Connection:
        """One that works, as far as is known; raises Failure where the machine cannot be reached now, and never
        NotBegun: something may have been begun there before."""
        with self._lock:
            if self._connection is None or self._connection.is_broken:
                fresh = Connection(self._connect())
                try:
                    number, answers = fresh.ask(self._hello)
                    said = _expect(self._name, answers, _ANSWER_S)
                    fresh.forget(number)
                    if said["is"] == "error":
                        raise Failure(said["why"])
                except (Broken, Failure) as wrong:
                    fresh.close()
                    why = str(wrong) or "The connection was lost."
                    said_so = f"{self._name} was reached, and what watches over steps could not be begun there: {why}"
                    raise Failure(said_so, retryable=True) from wrong
                self._connection = fresh
            return self._connection

    def patiently(self, is_first: bool) -> Connection:
        """As `connection`, trying again for a while unless it is the first time."""
        until = time.monotonic() + (0 if is_first else self._patience_s)
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                return self.connection()
            except Failure:
                if time.monotonic() + pause_s > until:
                    raise
            time.sleep(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    def pause_before_again(self, until: float, broken: Broken) -> None:
        """A machine that is reached and goes away each time is not asked for ever, nor as fast as can be."""
        if time.monotonic() >= until:
            raise Failure(f"{self._name} goes away whenever it is asked.", retryable=True) from broken
        time.sleep(_FIRST_PAUSE_S)

    def patience_until(self) -> float:
        """When to give up what begins to fail now, by the monotonic clock."""
        return time.monotonic() + self._patience_s

    def held(self, since: float) -> bool:
        """Whether a connection that is gone now was good for a while."""
        return time.monotonic() - since >= min(self._patience_s, _LONGEST_PAUSE_S)

    def doubt(self, key: str, *, is_doubtful: bool) -> None:
        """Remembers whether a start may still be on its way."""
        with self._lock:
            (self._doubtful.add if is_doubtful else self._doubtful.discard)(key)

    def wrong(self, said: dict[str, Any]) -> Exception:
        """What an error of the shim is here."""
        why = f"{self._name}: {said['why']}"
        kinds: dict[str, type[Exception]] = {"fenced": Fenced, "claimed": Refusal, "not-begun": NotBegun}
        return kinds.get(said["kind"], Failure)(why)

    def _answer(self, request: dict[str, Any], wait_s: float = _ANSWER_S) -> dict[str, Any]:
        """The answer to what may be asked twice."""
        is_first = True
        until = self.patience_until()
        while True:
            connection = self.patiently(is_first)
            try:
                number, answers = connection.ask(request)
                try:
                    said = _expect(self._name, answers, wait_s)
                finally:
                    connection.forget(number)
            except Broken as broken:
                is_first = False
                self.pause_before_again(until, broken)
                continue
            if said["is"] == "error":
                raise self.wrong(said)
            return said

    def _request_of(self, order: Order) -> dict[str, Any]:
        script = order.script
        return {
            "do": "start", "key": order.key, "epoch": order.epoch, "nonce": secrets.token_hex(16), "text": script.text,
            "language": script.language, "shell": script.shell, "user": script.user, "strict": script.strict,
            "background": script.background,
            "environment": {**order.environment, "OPSBOOK_TARGET": self._name}, "secrets": order.secrets,
            "cwd": order.cwd, "limit_s": order.limit_s,
            "cap_bytes": self._cap_bytes, "grace_s": self._grace_s,
        }  # fmt: skip


class _Following:
    """One reader of one command, over as many connections as it takes."""

    def __init__(self, host: ShimHost, key: str, tell: Callable[[int, bytes], None]) -> None:
        self._host = host
        self._key = key
        self._tell = tell
        self._at = self._taken = 0
        self._is_begun = False
        self._was_sent = False

    def start(self, request: dict[str, Any]) -> Ended:
        """Starts and follows. Sent again, it is the same start: the shim knows it by its nonce."""
        try:
            return self._go_on(request)
        except Failure as wrong:
            if self._was_sent or isinstance(wrong, NotBegun):
                raise
            raise NotBegun(str(wrong), retryable=wrong.retryable) from wrong

    def follow(self, offset: int) -> Ended:
        """Follows what was begun."""
        self._is_begun = True
        self._at = offset
        return self._go_on({})

    def _go_on(self, request: dict[str, Any]) -> Ended:
        is_first = True
        until, reached = self._host.patience_until(), (False, 0)
        while True:
            connection = self._host.patiently(is_first)
            is_first, since = False, time.monotonic()
            asked = {"do": "follow", "key": self._key, "at": self._at} if self._is_begun else request
            if not self._is_begun:
                self._host.doubt(self._key, is_doubtful=True)
                self._was_sent = True
            try:
                number, answers = connection.ask(asked)
                try:
                    return self._read(connection, number, answers)
                finally:
                    connection.forget(number)
            except Broken as broken:
                # It went on meanwhile; or the connection held, and the command was quiet.
                if (self._is_begun, self._at) != reached or self._host.held(since):
                    until, reached = self._host.patience_until(), (self._is_begun, self._at)
                self._host.pause_before_again(until, broken)

    def _read(self, connection: Connection, number: int, answers: queue.SimpleQueue[Frame | None]) -> Ended:
        self._taken = self._at
        while True:
            frame = answers.get()
            if frame is None:
                raise Broken
            said, body = frame
            if said["is"] == "out":
                self._take(said["at"], body)
                if self._at - self._taken >= _ACKNOWLEDGED_BYTES:
                    self._taken = self._at
                    connection.send({"do": "took", "id": 0, "of": number, "upto": self._at})
                continue
            self._host.doubt(self._key, is_doubtful=False)
            if said["is"] == "error":
                raise self._host.wrong(said)
            self._is_begun = True
            if said["is"] == "ended":
                return ended_of(said)

    def _take(self, at: int, body: bytes) -> None:
        part = body[self._at - at :] if at < self._at else body
        if part:
            self._tell(self._at, part)
            self._at += len(part)


def ended_of(said: dict[str, Any]) -> Ended:
    """What the shim's `exit` says, as the port has it."""
    return Ended(
        outcome=said["outcome"],
        exit=said.get("exit"),
        why=said.get("why", ""),
        started_at=_time(said.get("started_at")),
        ended_at=_time(said.get("ended_at")),
        cwd=said.get("cwd", ""),
        exports=said.get("exports", {}),
        secret_exports=tuple(said.get("secret_exports", ())),
        secret_values=said.get("secret_values", {}),
        output_bytes=said.get("output_bytes", 0),
        redactions=said.get("redactions", 0),
        is_truncated=said.get("is_truncated", False),
        left=tuple(said.get("left", ())),
    )


def _expect(name: str, answers: queue.SimpleQueue[Frame | None], wait_s: float) -> dict[str, Any]:
    try:
        frame = answers.get(timeout=wait_s)
    except queue.Empty:
        raise Failure(f"{name} has said nothing for {wait_s:.0f} s.", retryable=True) from None
    if frame is None:
        raise Broken
    return frame[0]


def _time(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
