"""Inlets take what they can hold, in turns; the rest is told to come again, and nobody else notices."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
import pytest

from opsbook.entrypoints import server
from opsbook.entrypoints.gates import overload
from opsbook.entrypoints.gates.overload import AT_WORK, Overload

PATH = "/inlets/alertmanager"
Answer = tuple[int, dict[str, str], bytes]


class Door:
    """The gate before an application that answers once it is let, and notes what it was sent."""

    def __init__(self, **bounds: int) -> None:
        self.gate = Overload(self._app, **bounds)
        self.got: list[bytes] = []
        self.working = 0
        self.most_working = 0
        self.lets = asyncio.Event()

    async def _app(self, _scope: Any, receive: Any, send: Any) -> None:
        self.working += 1
        self.most_working = max(self.most_working, self.working)
        whole = b""
        while (message := await receive())["type"] == "http.request":
            whole += message["body"]
            if not message["more_body"]:
                break
        self.got.append(whole)
        await self.lets.wait()
        self.working -= 1
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def ask(self, *pieces: bytes, path: str = PATH, method: str = "POST", length: int | None = None) -> Answer:
        sent: list[Any] = []
        rest = list(pieces)

        async def receive() -> Any:
            await asyncio.sleep(0)
            if not rest:
                return {"type": "http.disconnect"}
            return {"type": "http.request", "body": rest.pop(0), "more_body": bool(rest)}

        async def send(message: Any) -> None:
            sent.append(message)

        headers = [] if length is None else [(b"content-length", str(length).encode())]
        scope: Any = {"type": "http", "method": method, "path": path, "headers": headers}
        await self.gate(scope, receive, send)
        if not sent:
            return 0, {}, b""
        return sent[0]["status"], {n.decode(): v.decode() for n, v in sent[0]["headers"]}, sent[1]["body"]


def played(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(story())


def is_told_to_come_again(answer: Answer) -> bool:
    status, headers, body = answer
    told = msgspec.json.decode(body)
    return (status, headers["content-type"], told["status"]) == (503, "application/problem+json", 503) and (
        int(headers["retry-after"]) > 0 and "nothing of this was recorded" in told["detail"]
    )


def test_a_body_comes_through_in_one_piece():
    async def story() -> None:
        door = Door()
        door.lets.set()
        assert (await door.ask(b"a", b"", b"bc"))[0] == 200
        assert (await door.ask(b""))[0] == 200
        assert door.got == [b"abc", b""]
        assert (door.gate.requests, door.gate.size) == (0, 0)

    played(story)


def test_beyond_so_many_requests_one_is_told_to_come_again():
    async def story() -> None:
        door = Door(most_requests=3)
        held = [asyncio.create_task(door.ask(b"x")) for _ in range(3)]
        await asyncio.sleep(0.01)
        assert is_told_to_come_again(await door.ask(b"x"))
        reading = asyncio.create_task(door.ask(method="GET"))
        page = asyncio.create_task(door.ask(b"x", path="/runs"))
        door.lets.set()
        assert [(await each)[0] for each in (*held, reading, page)] == [200] * 5
        assert (await door.ask(b"x"))[0] == 200
        assert (door.gate.requests, door.gate.refused) == (0, 1)

    played(story)


@pytest.mark.parametrize(("length", "pieces"), [(60, [b"x" * 60]), (None, [b"x" * 20] * 3)])
def test_beyond_so_many_bytes_one_is_told_to_come_again(length, pieces):
    async def story() -> None:
        door = Door(most_bytes=100)
        held = asyncio.create_task(door.ask(b"x" * 50, length=50))
        await asyncio.sleep(0.01)
        assert is_told_to_come_again(await door.ask(*pieces, length=length))
        small = asyncio.create_task(door.ask(b"x" * 50, length=50))
        door.lets.set()
        assert [(await held)[0], (await small)[0]] == [200, 200]
        assert (door.gate.size, len(door.got)) == (0, 2)

    played(story)


def test_many_wait_for_their_turn_and_all_get_it():
    async def story() -> None:
        door = Door()
        asked = [asyncio.create_task(door.ask(b"x")) for _ in range(20 * AT_WORK)]
        await asyncio.sleep(0.05)
        assert door.working == AT_WORK
        door.lets.set()
        assert {(await each)[0] for each in asked} == {200}
        assert (door.most_working, len(door.got)) == (AT_WORK, 20 * AT_WORK)

    played(story)


def test_whoever_gets_no_turn_in_time_is_told_to_come_again(monkeypatch):
    monkeypatch.setattr(overload, "WAIT_S", 0.02)

    async def story() -> None:
        door = Door()
        held = [asyncio.create_task(door.ask(b"x")) for _ in range(AT_WORK)]
        await asyncio.sleep(0.01)
        assert is_told_to_come_again(await door.ask(b"late"))
        door.lets.set()
        assert {(await each)[0] for each in held} == {200}
        assert (await door.ask(b"again"))[0] == 200
        assert b"late" not in door.got

    played(story)


def test_what_is_larger_than_an_inlet_takes_is_told_so(monkeypatch):
    monkeypatch.setattr(overload, "LARGEST_BODY", 10)

    async def story() -> None:
        door = Door()
        door.lets.set()
        status, _, body = await door.ask(b"x" * 6, b"x" * 6)
        assert (status, b"larger than" in body, door.got, door.gate.size) == (413, True, [], 0)

    played(story)


def test_whoever_goes_away_in_the_midst_leaves_nothing():
    async def story() -> None:
        door = Door()
        assert await door.ask() == (0, {}, b"")
        assert (door.got, door.gate.requests, door.gate.size) == ([], 0, 0)

    played(story)


def test_a_body_that_does_not_come_is_not_waited_for_longer(monkeypatch):
    monkeypatch.setattr(overload, "READ_S", 0.02)

    async def story() -> None:
        sent: list[Any] = []

        async def never() -> Any:
            await asyncio.Event().wait()

        async def send(message: Any) -> None:
            sent.append(message)

        scope: Any = {"type": "http", "method": "POST", "path": PATH, "headers": []}
        door = Door()
        await door.gate(scope, never, send)
        assert (sent[0]["status"], door.gate.requests) == (408, 0)

    played(story)


def test_the_door_itself_tells_to_come_again(door):
    door.app.app.most_requests = 0
    answer = door.ask("POST", PATH, json={"alerts": []})
    assert is_told_to_come_again((answer.status_code, dict(answer.headers), answer.content))
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert door.ask("GET", "/healthz").status_code == 200


def test_a_server_may_have_as_many_files_open_as_the_system_lets_it():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, before[1]), before[1]))
    try:
        server._open_many()
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == before[1]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
