"""kill -9 of any part of a server while alerts open incidents and people note, promise and publish: nothing that was
answered is lost, nothing is sent twice without a label, and no group of alerts has two incidents."""

from __future__ import annotations

import http.client
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.adapters.receivers import Web, free_port, web_server
from tests.stories.opsbook_program import SOURCE, write
from tests.stories.paging_nodes import POLICY, Node, Sender, config_of, looked_at, received, wait_until
from tests.stories.test_paging_kills import Disturbed, alerts_of, judge, pages_of

from opsbook.ledger import incident_events as kinds
from opsbook.ledger.event import verify
from opsbook.ledger.incident import Incident, folded, incident_of, stream_of
from opsbook.ledger.telling import Telling, telling_of

MANY = 1_000_000
LEASE_S = 1.0
PEOPLE = ("ada", "ben")
GROUPS = 9
VICTIMS = ("pager", "web", "server")
SETTINGS = """[alerts]
group_by = ["alertname"]

[notify]
timeout = "3s"

[notify.channels]
"#hook" = "http://127.0.0.1:{hook}/hook"
"#ops" = "http://127.0.0.1:{ops}/ops"

[paging]
lease = "1s"
catch_all = ["#hook"]
"""
RESPONSE = "# Incident Response\n\n- **Opens an Incident:** alerts of P0 and P1\n"


def alert(number: int) -> dict[str, Any]:
    """An alert of one of a few groups, each of a service of its own."""
    group = number % GROUPS
    return {"labels": {"alertname": f"Full{group}", "severity": "critical", "number": str(number), "service": f"s{group}"},
            "annotations": {"summary": f"Disk {number} is full"}}  # fmt: skip


class Person:
    """Somebody who works on incidents by the API as long as the `with` lasts, and remembers what was answered."""

    def __init__(self, name: str, port: int, token: str, chance: random.Random) -> None:
        self.name, self.port, self.token, self.chance = name, port, token, chance
        self.notes: list[tuple[str, str]] = []  # incident, key
        self.actions: list[tuple[str, str]] = []  # incident, text
        self.updates: list[tuple[str, int]] = []  # incident, update
        self.declared: list[str] = []  # titles
        self.acknowledged: list[str] = []
        self.statuses: Counter[int] = Counter()
        self._count = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work)

    def __enter__(self) -> Person:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._over.wait(0.05):
            self._count += 1
            incidents = (self._ask("GET", "/incidents?live=true&limit=20") or {}).get("incidents") or []
            known = [each["id"] for each in incidents if each.get("id")]
            if not known or self._count % 15 == 0:
                self._declare()
                continue
            act = self.chance.choice((self._note, self._note, self._promise, self._publish, self._acknowledge))
            act(self.chance.choice(known))

    def _declare(self) -> None:
        title = f"{self.name} saw {self._count}"
        if self._ask("POST", "/incidents", {"title": title, "severity": "P2"}):
            self.declared.append(title)

    def _note(self, incident: str) -> None:
        """One that got no answer is said again under its key."""
        key = f"{self.name}-{self._count}"
        body = {"text": f"{self.name} notes {self._count}", "key": key}
        while not self._over.is_set():
            if self._ask("POST", f"/incidents/{incident}/notes", body):
                self.notes.append((incident, key))
                return
            self._over.wait(0.1)

    def _promise(self, incident: str) -> None:
        text = f"{self.name} promises {self._count}"
        if self._ask("POST", f"/incidents/{incident}/actions", {"text": text}):
            self.actions.append((incident, text))

    def _publish(self, incident: str) -> None:
        text = f"{self.name} tells {self._count}"
        body = {"audience": "team", "body": text, "channels": ["#ops"]}
        drafted = self._ask("POST", f"/incidents/{incident}/updates", body)
        if drafted:
            update = next(each["update"] for each in drafted["updates"] if each["body"] == text)
            if self._ask("POST", f"/incidents/{incident}/updates/{update}/publish"):
                self.updates.append((incident, update))

    def _acknowledge(self, incident: str) -> None:
        if self._ask("POST", f"/incidents/{incident}/acknowledge", {}):
            self.acknowledged.append(incident)

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """What was answered; None for no answer, or one that is none."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        try:
            connection.request(method, f"/api/v1{path}", json.dumps(body) if body is not None else None, headers)
            answer = connection.getresponse()
            raw = answer.read()
        except (OSError, http.client.HTTPException):
            return None  # it is being killed, or starts again
        finally:
            connection.close()
        self.statuses[answer.status] += 1
        return json.loads(raw) if answer.status in (200, 201) else None


def token_of(book: Path, db: str, name: str) -> str:
    """What somebody shows to the API."""
    given = {**os.environ, "PYTHONPATH": str(SOURCE), "OPSBOOK_DB": db, "OPSBOOK_BOOK": str(book)}

    def said(*words: str) -> str:
        command = [sys.executable, "-m", "opsbook", *words]
        return subprocess.run(command, env=given, capture_output=True, text=True, timeout=60, check=True).stdout

    said("user", "add", name, "--role", "responder", "--no-password")
    return said("token", "issue", name, "--for", "read,respond", "--expires", "1d").split()[-1]


def incidents_of(ledger: Any) -> dict[str, Incident]:
    """All incidents by id."""
    return {each.id: each for each in map(incident_of, ledger.rows("incidents", limit=MANY))}


def is_settled(ledger: Any, answered: list[int]) -> bool:
    """Whether every alert that was answered is there, and nothing is owed for alerts any more; reminders of updates
    begin anew after minutes, so they are not waited for."""
    if not set(answered) <= set(alerts_of(ledger)):
        return False
    paged = [page for page in pages_of(ledger) if page.alerts]
    return all(page.notifications and all(each.has_ended for each in page.notifications) for page in paged)


def tellings_of(ledger: Any) -> list[Telling]:
    """All that was owed of updates."""
    return [telling_of(kept) for kept in ledger.rows("tellings", limit=MANY)]


def judge_incidents(ledger: Any, answered: list[int]) -> None:
    """Every alert has its incident, which knows it; a group has one; the rows are what the events say."""
    incidents = incidents_of(ledger)
    by_number = {each.number: each for each in incidents.values()}
    assert len(by_number) == len(incidents), "two incidents have one number"
    alerts = alerts_of(ledger)
    of_group: dict[str, set[int | None]] = {}
    for number in answered:
        found = alerts[number]
        assert found.incident in by_number, f"alert {number} has no incident"
        assert found.id in by_number[found.incident].alerts
        of_group.setdefault(found.name, set()).add(found.incident)
    assert [group for group, of in of_group.items() if len(of) > 1] == [], of_group
    held = Counter(alert for each in incidents.values() for alert in each.alerts)
    assert [alert for alert, times in held.items() if times > 1] == []
    for each in incidents.values():
        assert folded(ledger.read(stream_of(each.id))) == each


def judge_acts(ledger: Any, people: list[Person]) -> None:
    """All that was answered is there; what was said under a key is there once."""
    incidents = incidents_of(ledger)
    events = [event for each in incidents for event in ledger.read(stream_of(each))]
    keys = Counter(
        (event.stream, event.facts["key"]) for event in events if event.kind == kinds.NOTED and event.facts["key"]
    )
    assert [key for key, times in keys.items() if times > 1] == []
    titles = {each.title for each in incidents.values()}
    for person in people:
        assert {(stream_of(incident), key) for incident, key in person.notes} <= set(keys)
        assert set(person.declared) <= titles
        for incident, text in person.actions:
            assert [each.text for each in incidents[incident].actions].count(text) == 1
        for incident, number in person.updates:
            (update,) = [each for each in incidents[incident].updates if each.id == number]
            assert update.state == "published" and update.deliveries
        assert all(incidents[incident].acknowledged_at is not None for incident in person.acknowledged)


def judge_told(ledger: Any, hook: Web) -> int:
    """Every update that was owed came, and what may have come twice says so; how many came more than once."""
    came: dict[str, list[tuple[int, bool]]] = {}
    while not hook.got.empty():
        _, headers, body = hook.got.get()
        telling, _, attempt = headers["Idempotency-Key"].rpartition(".")
        came.setdefault(telling, []).append((int(attempt), json.loads(body)["is_duplicate"]))
    for each in tellings_of(ledger):
        got = sorted(came.get(each.id, []))
        assert each.state == "accepted" or "took its place" in each.why, f"{each.id} is {each.state}: {each.why}"
        assert got or each.state == "dropped", f"{each.id} never came"
        assert len({attempt for attempt, _ in got}) == len(got), got
        assert all(is_duplicate for _, is_duplicate in got[1:]), got
    return sum(len(got) - 1 for got in came.values())


def campaign(root: Path, db: str, victims: list[str], seed: int) -> None:
    """Kills these one after the other at moments that are up to chance, while alerts come in and people act."""
    chance = random.Random(seed)
    with ExitStack() as stack:
        hook, ops = (stack.enter_context(web_server()) for _ in range(2))
        hook.thinks_s = ops.thinks_s = 0.05  # some are killed between handing over and knowing that it arrived
        write(root, {
            ".git/HEAD": "ref: refs/heads/main\n", "docs/operations/escalation.md": POLICY,
            "docs/operations/incidents/incident-response.md": RESPONSE,
            "docs/operations/opsbook.toml": SETTINGS.format(hook=hook.port, ops=ops.port),
        })  # fmt: skip
        book = root / "docs/operations"
        people = [Person(name, 0, token_of(book, db, name), random.Random(f"{seed} {name}")) for name in PEOPLE]
        ledger = stack.enter_context(looked_at(config_of(book, db)))
        node = Node(book, db, port=free_port())
        stack.callback(node.end)
        node.start()
        disturbed = Disturbed(node, ledger, chance)

        def where() -> str:
            return f"seed {seed}, {dict(disturbed.killed)}: {node.told()}"

        def is_back() -> bool:
            if node.has_ended():
                node.start()
            return False

        with ExitStack() as work:
            sender = work.enter_context(Sender(node.port, 0.1, alert))
            wait_until(lambda: sender.answered, where)
            for person in people:
                person.port = node.port
                work.enter_context(person)
            for victim in victims:
                wait_until(lambda: disturbed.pager() or is_back(), where)
                time.sleep(chance.uniform(0.0, 0.8))  # what is hit is up to chance: a moment, not an event
                before = len(sender.answered)
                wait_until(lambda victim=victim: disturbed.kill(victim), where)  # type: ignore[misc]
                wait_until(lambda: len(sender.answered) > before or is_back(), where)  # noqa: B023
        wait_until(lambda: is_settled(ledger, sender.answered) or is_back(), where)
        wait_until(lambda: all(each.is_over for each in tellings_of(ledger)) or is_back(), where)
        twice = judge(ledger, [], received(hook), where())
        judge_incidents(ledger, sender.answered)
        judge_acts(ledger, people)
        again = judge_told(ledger, ops)
        assert verify(ledger.after(0, MANY)) == [], where()
        acts = {name: sum(len(getattr(person, name)) for person in people)
                for name in ("declared", "notes", "actions", "updates", "acknowledged")}  # fmt: skip
        sys.stderr.write(
            f"{dict(disturbed.killed)} of seed {seed}: {len(sender.answered)} alerts, {len(incidents_of(ledger))} incidents,"
            f" {acts}; {twice} pages and {again} updates came twice, labelled\n"
        )


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """That of the campaign, told when it fails."""
    named = request.config.getoption("--hypothesis-seed", default=None)
    return int(named) if named is not None else random.SystemRandom().getrandbits(32)


def test_a_few_kills_lose_nothing_of_incidents_on_sqlite(tmp_path: Path, seed: int) -> None:
    campaign(tmp_path, f"sqlite:///{tmp_path}/.opsbook/opsbook.db", ["web", "pager"], seed)


def test_a_few_kills_lose_nothing_of_incidents_on_postgresql(tmp_path: Path, postgres_url: str, seed: int) -> None:
    campaign(tmp_path, postgres_url, ["server"], seed)


@pytest.mark.torture
@pytest.mark.parametrize("part", range(3))
def test_many_kills_lose_nothing_of_incidents_on_sqlite(tmp_path: Path, seed: int, part: int) -> None:
    victims = random.Random(seed + part).choices(VICTIMS, (40, 40, 20), k=30)
    campaign(tmp_path, f"sqlite:///{tmp_path}/.opsbook/opsbook.db", victims, seed + part)


@pytest.mark.torture
@pytest.mark.parametrize("part", range(3))
def test_many_kills_lose_nothing_of_incidents_on_postgresql(
    tmp_path: Path, postgres_url: str, seed: int, part: int
) -> None:
    victims = random.Random(seed + part).choices(VICTIMS, (40, 40, 20), k=30)
    campaign(tmp_path, postgres_url, victims, seed + part)
