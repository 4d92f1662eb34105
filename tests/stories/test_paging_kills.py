"""kill -9 of any part of a server while alerts come in and pages go out, and a node that is cut off: every alert that was
answered with 200 is there, every owed page was handed over, what may have come twice says so, and the chain holds."""

from __future__ import annotations

import json
import random
import secrets
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import pytest
from tests.adapters.receivers import Web, free_port, web_server
from tests.stories.paging_nodes import (
    Node,
    Sender,
    alert,
    book_of,
    config_of,
    leader,
    looked_at,
    received,
    wait_until,
)

from opsbook.ledger.alert import Alert, alert_of
from opsbook.ledger.event import verify
from opsbook.ledger.inbound.alertmanager_api import Clock, parse
from opsbook.ledger.page import Page, page_of
from opsbook.ledger.signal import Source
from opsbook.usecases.receive import Receiving

LEASE_S = 1.0
SLACK_S = 2.5  # of a busy machine, beyond the lease
WAITED_FOR = 0.8  # how often it is let come to work before the next is killed; else that may hit it while it starts
VICTIMS = ("pager", "web", "server")
MANY = 1_000_000


def pages_of(ledger: Any) -> list[Page]:
    """All pages."""
    return [page_of(kept) for kept in ledger.rows("pages", limit=MANY)]


def alerts_of(ledger: Any) -> dict[int, Alert]:
    """All alerts by their number."""
    found = map(alert_of, ledger.rows("alerts", limit=MANY))
    return {int(each.labels["number"]): each for each in found}


def is_settled(ledger: Any, answered: list[int]) -> bool:
    """Whether every alert that was answered is there, and nothing is owed any more."""
    if not set(answered) <= set(alerts_of(ledger)):
        return False
    return all(page.notifications and all(each.has_ended for each in page.notifications) for page in pages_of(ledger))


def judge(ledger: Any, answered: list[int], came: list[tuple[str, bool]], where: str) -> int:
    """Compares what was answered, what the ledger says and what the receiver got; how many came twice."""
    pages = {page.id: page for page in pages_of(ledger)}
    alerts = alerts_of(ledger)
    assert set(answered) <= set(alerts), f"{where}: answered, and gone"
    assert all(alerts[number].page in pages for number in answered), f"{where}: nobody was paged"
    counted = Counter(key for key, _ in came)
    again = [key for key, times in counted.items() if times > 1]
    assert not again, f"{where}: an attempt was made twice: {again[:3]}"
    attempts: dict[tuple[str, int], list[tuple[int, bool]]] = {}
    for key, is_duplicate in came:
        page, notification, attempt = key.split(".")
        attempts.setdefault((page, int(notification)), []).append((int(attempt), is_duplicate))
    twice = 0
    for page in pages.values():
        for each in page.notifications:
            if each.state not in ("accepted", "delivered", "bundled"):
                continue
            got = sorted(attempts.get((page.id, each.owed.id), []))
            assert got, f"{where}: page {page.id} owes {each.owed.id}, which is {each.state} and never came"
            marked = {attempt.number for attempt in each.attempts if attempt.is_duplicate}
            assert all(is_duplicate and number in marked for number, is_duplicate in got[1:]), f"{where}: {got}"
            twice += len(got) - 1
    told = [each for page in pages.values() for each in page.notifications if each.has_told]
    assert len(told) >= len(answered), f"{where}: fewer were told than alerts were answered"
    return twice


def _has_open(pid: int, name: str) -> bool:
    """Whether a process has a file of that name open."""
    with suppress(OSError):
        return any(each.readlink().name == name for each in Path(f"/proc/{pid}/fd").iterdir())
    return False


class Disturbed:
    """A server that is killed, in part or whole, and comes back."""

    def __init__(self, node: Node, ledger: Any, chance: random.Random) -> None:
        self.node, self.ledger, self.chance = node, ledger, chance
        self.killed: Counter[str] = Counter()

    def kill(self, victim: str) -> bool:
        """Kills one; False where there is none at the moment."""
        if self.node.has_ended():
            self.node.start()
            return False
        child = None
        if victim != "server":
            child = self.pager() if victim == "pager" else self._web()
            if not child:
                return False
        self.node.kill(child)
        self.killed[victim] += 1
        return True

    def pager(self) -> int:
        """The process that pages, 0 while none does."""
        held = leader(self.ledger).split("/")
        pid = int(held[1]) if len(held) > 1 else 0
        return pid if pid in self.node.children() else 0

    def _web(self) -> int:
        """The process that answers, which keeps the search index up; 0 while none does."""
        others = (child for child in self.node.children() if child != self.pager())
        return next((child for child in others if _has_open(child, "search.db")), 0)


def campaign(root: Path, db: str, victims: list[str], seed: int) -> None:
    """Kills these one after the other at moments that are up to chance, while alerts come in."""
    chance = random.Random(seed)
    with ExitStack() as stack:
        hook = stack.enter_context(web_server())
        hook.thinks_s = 0.05  # so that some are killed between handing over and knowing that it arrived
        book = book_of(root, hook.port, LEASE_S)
        ledger = stack.enter_context(looked_at(config_of(book, db)))
        node = Node(book, db, port=free_port())
        stack.callback(node.end)
        node.start()
        disturbed = Disturbed(node, ledger, chance)

        def where() -> str:
            return f"seed {seed}, {dict(disturbed.killed)}: {node.told()}"

        with Sender(node.port, 0.02) as sender:
            wait_until(lambda: sender.answered, where)
            for victim in victims:
                if chance.random() < WAITED_FOR:
                    wait_until(lambda: disturbed.pager() or _back(node), where)
                time.sleep(chance.uniform(0.0, 0.5))  # what is hit is up to chance: a moment, not an event
                before = len(sender.answered)
                wait_until(lambda victim=victim: disturbed.kill(victim), where)  # type: ignore[misc]
                wait_until(lambda: len(sender.answered) > before or _back(node), where)  # noqa: B023
        wait_until(lambda: is_settled(ledger, sender.answered) or _back(node), where)
        assert sender.statuses <= {200, 503}, where()
        twice = judge(ledger, sender.answered, received(hook), where())
        assert verify(ledger.after(0, MANY)) == [], where()
        sys.stderr.write(f"{dict(disturbed.killed)} of seed {seed}: {len(sender.answered)} alerts, {twice} came twice\n")


def _back(node: Node) -> bool:
    if node.has_ended():
        node.start()
    return False


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """That of the campaign, told when it fails."""
    named = request.config.getoption("--hypothesis-seed", default=None)
    return int(named) if named is not None else random.SystemRandom().getrandbits(32)


def test_a_few_kills_lose_no_alert_and_no_page_on_sqlite(tmp_path: Path, seed: int) -> None:
    campaign(tmp_path, f"sqlite:///{tmp_path}/.opsbook/opsbook.db", ["pager", "web"], seed)


def test_a_few_kills_lose_no_alert_and_no_page_on_postgresql(tmp_path: Path, postgres_url: str, seed: int) -> None:
    campaign(tmp_path, postgres_url, ["pager", "server"], seed)


@pytest.mark.torture
@pytest.mark.parametrize("part", range(5))
def test_hundreds_of_kills_lose_no_alert_and_no_page_on_sqlite(tmp_path: Path, seed: int, part: int) -> None:
    victims = random.Random(seed + part).choices(VICTIMS, (50, 25, 25), k=100)
    campaign(tmp_path, f"sqlite:///{tmp_path}/.opsbook/opsbook.db", victims, seed + part)


@pytest.mark.torture
@pytest.mark.parametrize("part", range(5))
def test_hundreds_of_kills_lose_no_alert_and_no_page_on_postgresql(
    tmp_path: Path, postgres_url: str, seed: int, part: int
) -> None:
    victims = random.Random(seed + part).choices(VICTIMS, (50, 25, 25), k=100)
    campaign(tmp_path, postgres_url, victims, seed + part)


# -- a node that is cut off --------------------------------------------------------------------------------------


class Wire:
    """What lies between a node and its database: it can be cut without a word, and healed."""

    def __init__(self, url: str, folder: Path) -> None:
        parts = urlsplit(url)
        asked = dict(parse_qsl(parts.query))
        name = f".s.PGSQL.{asked.get('port', 5432)}"
        self._to = f"{asked['host']}/{name}"
        folder.mkdir()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / name))
        self._listener.listen()
        self._whole = threading.Event()
        self._whole.set()
        self._sockets: list[socket.socket] = []
        self.url = urlunsplit(parts._replace(query=urlencode({**asked, "host": str(folder)})))
        threading.Thread(target=self._listen, daemon=True).start()

    def cut(self) -> None:
        """From now on nothing comes through, in either way, and nobody is told."""
        self._whole.clear()

    def heal(self) -> None:
        """All comes through that was held back."""
        self._whole.set()

    def close(self) -> None:
        """Ends all connections."""
        self._whole.set()
        for each in (self._listener, *self._sockets):
            with suppress(OSError):
                each.close()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(self._to)
                self._sockets += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while part := one.recv(65536):
                self._whole.wait()
                other.sendall(part)
            other.shutdown(socket.SHUT_WR)


@contextmanager
def two_nodes(root: Path, url: str, hook: Web) -> Iterator[tuple[Any, dict[str, Node], dict[str, Wire]]]:
    """Two nodes that page over one database, each by a wire of its own, and a look at the ledger past both."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="wire-")))  # short: names of sockets must be
        nodes, wires = {}, {}
        for name in ("east", "west"):
            wires[name] = wire = Wire(url, folder / name)
            stack.callback(wire.close)
            nodes[name] = Node(book_of(root / name, hook.port, LEASE_S), wire.url, name=name)
            stack.callback(nodes[name].end)
        ledger = stack.enter_context(looked_at(config_of(nodes["east"].book, url)))
        for node in nodes.values():
            node.start()
        try:
            yield ledger, nodes, wires
        finally:
            for wire in wires.values():
                wire.heal()


def cut_and_heal(root: Path, url: str, times: int) -> None:
    """So often the node that pages is cut off; the other pages within one lease, and nothing comes twice unsaid."""
    with web_server() as hook, two_nodes(root, url, hook) as (ledger, nodes, wires):

        def where() -> str:
            return "; ".join(node.told() for node in nodes.values())

        receiving = Receiving(ledger, now=now, chance=secrets.token_bytes)
        came: list[tuple[str, bool]] = []
        number = 0

        def late_s(wanted: int) -> float:
            """Seconds from an alert's being safe to its page's being received."""
            body = json.dumps([alert(wanted)]).encode()
            batch = parse(body, Clock(now(), timedelta(hours=1)))
            receiving.receive(Source("test", "alertmanager-api", "test"), batch, body)
            began, before = time.monotonic(), len(came)
            wait_until(lambda: came.extend(received(hook)) or len(came) > before, where)
            return time.monotonic() - began

        for _ in range(times):
            wait_until(lambda: leader(ledger), where)
            number += 1
            late_s(number)
            cut = leader(ledger).split("/")[0]
            wires[cut].cut()
            number += 1
            took = late_s(number)
            assert took <= LEASE_S + SLACK_S, f"{took:.2f} s after it was owed: {where()}"
            assert leader(ledger).split("/")[0] != cut
            wires[cut].heal()
        wait_until(lambda: is_settled(ledger, list(range(1, number + 1))), where)
        came += received(hook)
        judge(ledger, list(range(1, number + 1)), came, where())
        assert verify(ledger.after(0, MANY)) == []


def now() -> datetime:
    return datetime.now(UTC)


def test_a_node_that_is_cut_off_is_replaced_within_a_lease(tmp_path: Path, postgres_url: str) -> None:
    cut_and_heal(tmp_path, postgres_url, 1)


@pytest.mark.torture
def test_nodes_that_are_cut_off_again_and_again_are_replaced_within_a_lease(tmp_path: Path, postgres_url: str) -> None:
    cut_and_heal(tmp_path, postgres_url, 15)
