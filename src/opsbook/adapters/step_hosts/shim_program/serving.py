"""The server of one machine: answers requests on a pipe, forks a shim for each start, and holds nothing that matters.

It may be ended at any moment. Whoever asks again, here or by another server, finds all in the folder. Its end of the
output is a file: a shim only wakes it, so a reader that is slow, or gone, never holds up a command.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import time
import traceback
from contextlib import suppress
from typing import Any

from opsbook.adapters.step_hosts.shim_program.folder import Folder, Refused, read_json, write_whole
from opsbook.adapters.step_hosts.shim_program.framing import VERSION, Frames, pack
from opsbook.adapters.step_hosts.shim_program.tree import Ending, boot_id, marked
from opsbook.adapters.step_hosts.shim_program.watching import stand_by

_PART = 256 * 1024
_WINDOW = 1024 * 1024  # sent and not yet taken by the reader
_MOST_WAITING = 2 * 1024 * 1024  # in our own memory, for a pipe that takes no more
_POLL_S = 0.03  # how often is looked at what another server's shim writes


class Follow:
    """One reader of one command: `at` is what was sent so far, `taken` what the reader has."""

    def __init__(self, number: int, key: str, at: int, teller: int | None) -> None:
        self.number = number
        self.key = key
        self.at = self.taken = at
        self.teller = teller  # the number of the line by which our own shim wakes us; None: look again and again
        self.file: int | None = None
        self.secrets: dict[str, str] = {}  # that the command exported: told once, and kept nowhere


class Shim:
    """One of our forks: its line, what it said of the command it has now, and who follows that."""

    def __init__(self, line: socket.socket) -> None:
        self.line = line
        self.follow: Follow | None = None
        self.first = b""  # its first word, as far as it came
        self.secrets = b""  # what it tells of secrets, as far as it came
        self.is_begun = False

    def hear(self, said: bytes) -> bytes:
        """Takes note of what it tells of secrets; what is left of it are single letters."""
        said, self.secrets = self.secrets + said, b""
        at = said.find(b"s")
        if at < 0:
            return said
        end = said.find(b"\n", at)
        if end < 0:
            self.secrets = said[at:]
            return said[:at]
        if self.follow is not None:
            self.follow.secrets = json.loads(said[at + 1 : end].decode("ascii"))
        return said[:at] + said[end + 1 :]


class Server:
    """Requests in, answers out, until the pipe ends."""

    def __init__(self, source: int, sink: int) -> None:
        self.source, self.sink = source, sink
        self.folder = Folder("")
        self.frames = Frames()
        self.waiting = bytearray()
        self.follows: dict[int, Follow] = {}
        self.stoppers: dict[int, tuple[int, bytearray]] = {}
        self.shims: dict[int, Shim] = {}
        self.idle: list[Shim] = []
        self.poll = select.poll()
        for each in (source, sink):
            os.set_blocking(each, False)
        self.poll.register(source, select.POLLIN)

    def serve(self) -> None:
        """Answers until whoever asks is gone."""
        while True:
            polls = any(follow.teller is None for follow in self.follows.values())
            for number, _ in self.poll.poll(int(_POLL_S * 1000) if polls else None):
                if number == self.sink:
                    self._go_on_sending()
                if number == self.source and not self._read_requests():
                    return
                if number in self.stoppers:
                    self._read_stopper(number)
                if number in self.shims:
                    self._hear(self.shims[number])
            for follow in list(self.follows.values()):
                if follow.teller is None:
                    self._advance(follow)
            _reap()

    def _read_requests(self) -> bool:
        try:
            part = os.read(self.source, 1 << 20)
        except BlockingIOError:
            return True
        for request, _ in self.frames.feed(part):
            answer = getattr(self, "on_" + str(request["do"]), None)
            if answer is None:
                self.say(request["id"], "error", kind="failed", why=f"Nobody here knows {request['do']!r}.")
                continue
            try:
                answer(request)
            except Refused as wrong:
                self.say(request["id"], "error", kind=wrong.kind, why=wrong.why)
            except OSError as wrong:
                why = f"{wrong.strerror}: {wrong.filename or self.folder.root}."
                self.say(request["id"], "error", kind="failed", why=why)
        return bool(part)

    def on_hello(self, request: dict) -> None:  # type: ignore[type-arg]
        """Where things are kept."""
        self.folder = Folder(request.get("folder") or "")
        self.folder.make()
        if request.get("keep_days"):
            self.folder.sweep(request["keep_days"])
        self.say(request["id"], "ok", version=VERSION, boot=boot_id(), folder=self.folder.root)

    def on_fence(self, request: dict) -> None:  # type: ignore[type-arg]
        """Refuses smaller epochs from now on."""
        self.folder.fence(request["run"], request["epoch"])
        self.say(request["id"], "ok")

    def on_look(self, request: dict) -> None:  # type: ignore[type-arg]
        """Says what is known of a key."""
        self.say(request["id"], "ok", **self.folder.look(request["key"], seal=bool(request.get("seal"))))

    def on_start(self, request: dict) -> None:  # type: ignore[type-arg]
        """Has a shim begin it, which answers by itself."""
        order = pack(dict(request, folder=self.folder.root))
        while True:
            shim = self.idle.pop() if self.idle else self._fork_shim()
            try:
                shim.line.sendall(order)
                break
            except OSError:
                self._lose(shim)  # somebody ended it; it never had the whole order
        shim.first, shim.secrets, shim.is_begun = b"", b"", False
        shim.follow = Follow(request["id"], request["key"], 0, shim.line.fileno())
        self.follows[request["id"]] = shim.follow

    def _fork_shim(self) -> Shim:
        ours, its = socket.socketpair()
        if not os.fork():
            status = 1
            try:
                self._let_go()
                ours.close()
                line = its.dup()  # the lowest number that is free: those of a command's own descriptors are high
                its.close()
                stand_by(line)
                status = 0
            finally:
                if status:  # a mistake of ours: what there is to know of it is kept
                    with open(os.path.join(self.folder.root, "trouble"), "a") as file:
                        traceback.print_exc(file=file)
                os._exit(status)
        its.close()
        shim = Shim(ours)
        self.shims[ours.fileno()] = shim
        self.poll.register(ours.fileno(), select.POLLIN)
        return shim

    def _let_go(self) -> None:
        """In a fork: closes whatever is the server's, so that its end is seen when it ends."""
        null = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(null, number)
        for number in {self.source, self.sink, *self.stoppers} - {0, 1}:
            os.close(number)
        for shim in self.shims.values():
            shim.line.close()
        for follow in self.follows.values():
            if follow.file is not None:
                os.close(follow.file)

    def on_follow(self, request: dict) -> None:  # type: ignore[type-arg]
        """Sends output from a place on, and the end."""
        follow = Follow(request["id"], request["key"], request["at"], None)
        self.follows[request["id"]] = follow
        self._advance(follow)

    def on_took(self, request: dict) -> None:  # type: ignore[type-arg]
        """The reader has come so far."""
        follow = self.follows.get(request["of"])
        if follow is not None:
            follow.taken = request["upto"]
            self._advance(follow)

    def on_leave(self, request: dict) -> None:  # type: ignore[type-arg]
        """The reader wants no more."""
        follow = self.follows.get(request["of"])
        if follow is not None:
            self._forget(follow)

    def on_stop(self, request: dict) -> None:  # type: ignore[type-arg]
        """Ends a command, in a fork, since that waits."""
        hearing, telling = os.pipe()
        if not os.fork():
            status = 1
            try:
                self._let_go()
                left = stop(self.folder, request["key"], float(request["grace_s"]))
                os.write(telling, json.dumps({"id": request["id"], "left": left}).encode("ascii"))
                status = 0
            finally:
                os._exit(status)
        os.close(telling)
        self.stoppers[hearing] = (request["id"], bytearray())
        self.poll.register(hearing, select.POLLIN)

    def _read_stopper(self, number: int) -> None:
        part = os.read(number, 65536)
        asked, said = self.stoppers[number]
        said += part
        if part:
            return
        self.poll.unregister(number)
        os.close(number)
        del self.stoppers[number]
        if said:
            self.say(asked, "ok", left=json.loads(said.decode("ascii"))["left"])
        else:
            self.say(asked, "error", kind="failed", why="What was to end the command was ended itself; ask again.")

    def _hear(self, shim: Shim) -> None:
        """A shim has something to say: its first word, that there is more, that it is done, or free again."""
        try:
            part = shim.line.recv(65536, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError:
            part = b""
        said = part
        if not shim.is_begun and shim.follow is not None:
            shim.first += part
            word, newline, said = shim.first.partition(b"\n")
            if newline:
                shim.is_begun = True
                self._on_first_word(shim.follow, json.loads(word.decode("ascii")))
        said = shim.hear(said) if shim.is_begun else said
        follow = shim.follow
        if follow is not None and follow.number not in self.follows:
            follow = shim.follow = None
        if follow is not None and (b"e" in said or b"i" in said or not part):
            follow.teller = shim.follow = None
        if follow is not None and (shim.is_begun or not part):
            self._advance(follow)
        if not part:
            self._lose(shim)
        elif b"i" in said and shim.is_begun:
            self.idle.append(shim)

    def _on_first_word(self, follow: Follow, said: dict[str, str]) -> None:
        if said and said["kind"] != "same":
            self.say(follow.number, "error", **said)
            self._forget(follow)
            return
        if said:
            follow.teller = None
        self.say(follow.number, "begun")

    def _lose(self, shim: Shim) -> None:
        number = shim.line.fileno()
        self.poll.unregister(number)
        del self.shims[number]
        shim.line.close()
        if shim in self.idle:
            self.idle.remove(shim)

    def _advance(self, follow: Follow) -> None:
        """Sends what is there and may be sent, and the end when all is sent."""
        # Asked before the file is read: what is written between the two is read too.
        known: dict[str, Any] = self.folder.look(follow.key) if follow.teller is None else {"state": "running"}
        is_read = self._send_output(follow)
        if known["state"] == "running" or not is_read:
            return
        if known["state"] == "ended":
            self.say(follow.number, "ended", secret_values=follow.secrets, **known["ended"])
        elif known["state"] == "lost":
            self.say(follow.number, "ended", outcome="lost", why=known["why"])
        else:
            self.say(follow.number, "error", kind="not-begun", why="It was never begun on that machine.")
        self._forget(follow)

    def _send_output(self, follow: Follow) -> bool:
        """Sends output as the window allows; True when all that is there is sent."""
        if follow.file is None:
            try:
                follow.file = os.open(os.path.join(self.folder.place(follow.key), "out"), os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                return True
        while follow.at - follow.taken < _WINDOW and len(self.waiting) < _MOST_WAITING:
            part = os.pread(follow.file, _PART, follow.at)
            if not part:
                return True
            self._send(pack({"id": follow.number, "is": "out", "at": follow.at}, part))
            follow.at += len(part)
        return False

    def _forget(self, follow: Follow) -> None:
        del self.follows[follow.number]
        if follow.file is not None:
            os.close(follow.file)

    def say(self, number: int, what: str, **more: object) -> None:
        """Answers a request."""
        self._send(pack(dict(more, id=number, **{"is": what})))

    def _send(self, frame: bytes) -> None:
        was_waiting = bool(self.waiting)
        self.waiting += frame
        if not was_waiting:
            self._flush()
            if self.waiting:
                self.poll.register(self.sink, select.POLLOUT)

    def _go_on_sending(self) -> None:
        self._flush()
        if self.waiting:
            return
        self.poll.unregister(self.sink)
        for follow in list(self.follows.values()):
            if follow.file is not None:
                self._advance(follow)

    def _flush(self) -> None:
        try:
            while self.waiting:
                with memoryview(self.waiting) as view:
                    sent = os.write(self.sink, view)
                del self.waiting[:sent]
        except BlockingIOError:
            return


def stop(folder: Folder, key: str, grace_s: float) -> list[str]:
    """Ends all of a command, by its shim where that lives, and proves it from /proc: what is left."""
    place = folder.place(key)
    if not os.path.isdir(place):
        return []
    answer = os.path.join(place, "stopped")
    left: list[str] = []
    if folder.is_watched(key):
        began = None
        if os.path.exists(answer):
            os.unlink(answer)
        write_whole(os.path.join(place, "stop"), json.dumps({"grace_s": grace_s}).encode("ascii"), synced=False)
        while folder.is_watched(key):
            now = read_json(os.path.join(place, "pid"))
            if now is not None and began is None:
                began = now
                os.kill(now["shim"], signal.SIGTERM)
            said = read_json(answer)
            if said is not None:
                left = list(said["left"])
                break
            time.sleep(0.005)
    # The proof, and the end of what has no shim any more: what bears the marker is of this command, wherever it hangs.
    return left + [each for each in map(str, Ending(lambda: marked(key), grace_s).finish()) if each not in left]


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def main() -> None:
    """Serves whoever stands at the other end of standard input and output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is meant for whoever started us
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    gc.collect()
    if hasattr(gc, "freeze"):
        gc.freeze()  # else a fork would copy what a collection touches
    with suppress(BrokenPipeError):  # nobody reads: the same as the end of the pipe
        Server(0, 1).serve()


if __name__ == "__main__":
    main()
