"""Who sends alerts and who is notified of them, each in a process of its own, so that neither is counted with a server
nor waits for the other. Measures nothing on its own."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.programs import ROOT
from bench.table import Broken

TRIES = 30  # of one body: who is told to come again does so
PATIENCE_S = 300.0


class Receiver:
    """A webhook that answers 200, and writes down when each request came."""

    def __init__(self, port: int, told: Path) -> None:
        self.port = port
        self._told = told

    def times(self) -> list[float]:
        """When each came, in seconds since 1970."""
        return [float(line) for line in self._told.read_text().split()]

    def count(self) -> int:
        """How many came."""
        return self._told.read_bytes().count(b"\n")

    def at(self, number: int, patience_s: float) -> float:
        """When the one with that number came, counted from 0; waited for."""
        until = time.monotonic() + patience_s
        while self.count() <= number:
            if time.monotonic() > until:
                raise Broken(f"no notification came within {patience_s:.0f} s")
            time.sleep(0.002)
        return self.times()[number]


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A receiver that runs."""
    with tempfile.TemporaryDirectory(prefix="opsbook-bench-") as folder:
        told = Path(folder) / "told"
        told.touch()
        running = _program("receive", str(told))
        try:
            assert running.stdout is not None
            yield Receiver(int(running.stdout.readline()), told)
        finally:
            running.kill()
            running.wait()


def storm(port: int, bodies: Sequence[bytes], at_once: int) -> tuple[float, float]:
    """Sends bodies over connections that are all open before the first is sent; when that began, in seconds since 1970,
    and how long it took until each was answered with 200."""
    with tempfile.TemporaryDirectory(prefix="opsbook-bench-") as folder:
        file = Path(folder) / "bodies"
        file.write_bytes(b"\n".join(bodies))
        sending = _program("storm", str(port), str(file), str(at_once))
        said, _ = sending.communicate(timeout=PATIENCE_S)
    if sending.returncode:
        raise Broken("not all alerts of the storm were taken")
    began, took, again = json.loads(said)
    if again:
        sys.stderr.write(f"told to come again: {again} times\n")
    return began, took


def _program(*words: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "bench.alert_clients", *words]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, env=environment, cwd=ROOT)


async def _receive(told: str) -> None:
    with Path(told).open("ab", buffering=0) as file:

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while head := await _head(reader):
                await reader.readexactly(_length(head))
                file.write(f"{time.time()}\n".encode())
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=4096)
        sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
        sys.stdout.flush()
        await server.serve_forever()


async def _storm(port: int, bodies: list[bytes], at_once: int) -> tuple[float, float, int]:
    again = 0
    gate = asyncio.Event()
    opened = asyncio.Semaphore(500)  # at a time: how fast connections are taken is not what is measured

    async def connected() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        for _ in range(TRIES):
            try:
                async with opened:
                    return await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.5)
        raise SystemExit("no connection")

    async def send(own: list[bytes], ready: asyncio.Semaphore) -> None:
        nonlocal again
        reader, writer = await connected()
        ready.release()
        await gate.wait()
        for body in own:
            for _ in range(TRIES):
                try:
                    status = await _posted(reader, writer, port, body)
                except (OSError, asyncio.IncompleteReadError):
                    status = 0
                if status == 200:
                    break
                again += 1
                if status == 0:
                    reader, writer = await connected()
                else:
                    await asyncio.sleep(1)
            else:
                raise SystemExit("a body was never taken")
        writer.close()

    ready = asyncio.Semaphore(0)
    senders = [asyncio.create_task(send(bodies[number::at_once], ready)) for number in range(at_once)]
    for _ in senders:
        await ready.acquire()
    began, clock = time.time(), time.perf_counter()
    gate.set()
    await asyncio.gather(*senders)
    return began, time.perf_counter() - clock, again


async def _posted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int, body: bytes) -> int:
    head = f"POST /api/v2/alerts HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    answer = await _head(reader)
    if not answer:
        return 0
    await reader.readexactly(_length(answer))
    return int(answer.split(b" ", 2)[1])


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


def main() -> None:
    """Runs one of the programs; only this module starts them."""
    name, *words = sys.argv[1:]
    if name == "receive":
        asyncio.run(_receive(*words))
    else:
        port, file, at_once = words
        bodies = Path(file).read_bytes().split(b"\n")
        sys.stdout.write(json.dumps(asyncio.run(_storm(int(port), bodies, int(at_once)))))


if __name__ == "__main__":
    main()
