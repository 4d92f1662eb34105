"""Status updates to a real mail server and a real webhook, while whoever sends is killed: everything that is owed comes,
what may have come twice says so, and two nodes send nothing twice without a label."""

from __future__ import annotations

import hmac
import json
import random
import secrets
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from tests.adapters.receivers import mail_server, web_server
from tests.stories.opsbook_program import write
from tests.stories.paging_nodes import POLICY, Node, config_of, leader, looked_at, wait_until
from tests.usecases.snapshots import snapshot

from opsbook.ledger import incident_events as kinds
from opsbook.ledger.event import verify
from opsbook.ledger.incident import Incident, incident_of
from opsbook.ledger.telling import Telling, telling_of
from opsbook.status_parts import build_maintenances
from opsbook.telling_parts import build_subscriptions, build_updates
from opsbook.usecases.library import Book
from opsbook.usecases.run_start import run_id
from opsbook.usecases.subscriptions import Subscriptions

SETTINGS = """[notify]
timeout = "3s"
smtp = "smtp://127.0.0.1:{mail}"
from = "Opsbook <ops@example.org>"

[notify.channels]
"#ops" = "http://127.0.0.1:{hook}/ops"

[paging]
lease = "1s"

[probes]
allow = ["127.0.0.1"]
"""
UPDATES, EACH = 8, 5


def mailed(number: int) -> list[str]:
    """Whom one update goes to by mail."""
    return [f"mail:team-{number}-{each}@example.org" for each in range(EACH)]


TEMPLATES = f"""# Incident Response

## Communication Templates

### Internal Update

- **Channels:** #ops, {", ".join(each for number in range(UPDATES) for each in mailed(number))}

```markdown
[What we know]
```
"""


class Told:
    """A book, a ledger with one incident, and receivers of what is told of it."""

    def __init__(self, root: Path, db: str, stack: ExitStack) -> None:
        self.hook = stack.enter_context(web_server())
        self.mailbox = stack.enter_context(mail_server())
        write(root, {
            ".git/HEAD": "ref: refs/heads/main\n", "docs/operations/escalation.md": POLICY,
            "docs/operations/opsbook.toml": SETTINGS.format(mail=self.mailbox.port, hook=self.hook.port),
        })  # fmt: skip
        self.book, self.db = root / "docs/operations", db
        self.config = config_of(self.book, db)
        self.ledger: Any = stack.enter_context(looked_at(self.config))
        named = snapshot({"docs/operations/incidents/incident-response.md": TEMPLATES})
        self.updates = build_updates(self.ledger, lambda: named)
        self.subscriptions: Subscriptions = build_subscriptions(self.config, self.ledger)
        self.id = run_id(_now(), secrets.token_bytes(4))
        self.ledger.append(f"incident/{self.id}", [kinds.declared(
            number=1, title="Cards", state="investigating", severity="P3", severity_why="",
        ), kinds.role_given("Incident Commander", "Ada")], expected=0, actor="Ada", at=_now())  # fmt: skip

    @property
    def incident(self) -> Incident:
        """The incident as it is now."""
        kept = self.ledger.row("incidents", f"incident/{self.id}")
        assert kept is not None
        return incident_of(kept)

    def publish(self, audience: str, body: str, channels: list[str]) -> int:
        """An update that is approved and published; its id."""
        update = self.updates.draft(self.incident, "Ada", audience=audience, body=body, channels=channels).updates[-1].id
        if audience == "customers":
            self.updates.approve(self.incident, "Ada", update)
        self.updates.publish(self.incident, "Ada", update)
        return update

    def tellings(self) -> list[Telling]:
        """All that was owed."""
        return [telling_of(kept) for kept in self.ledger.rows("tellings", limit=100_000)]

    def is_settled(self) -> bool:
        """Whether nothing is to come."""
        return all(each.is_over for each in self.tellings())

    def has_begun(self, update: int) -> bool:
        """Whether an update is being handed over, or was."""
        return any(each.attempts for each in self.tellings() if each.update == update)

    def came(self) -> list[tuple[str, bool]]:
        """What came to the receivers until now: the key of each attempt, and whether it says that it may have come."""
        found = []
        while not self.hook.got.empty():
            _, headers, body, *_ = self.hook.got.get()
            found.append((headers["Idempotency-Key"], json.loads(body)["is_duplicate"]))
        while not self.mailbox.mails.empty():
            mail = self.mailbox.mails.get()
            text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
            found.append((mail["X-Opsbook-Key"], "You may have got this already" in text))
        return found


def judge(told: Told) -> int:
    """Compares what was owed with what came; how many came more than once."""
    came = told.came()
    again = [key for key, times in Counter(key for key, _ in came).items() if times > 1]
    assert not again, f"an attempt was made twice: {again[:3]}"
    attempts: dict[str, list[tuple[int, bool]]] = {}
    for key, is_duplicate in came:
        telling, _, attempt = key.rpartition(".")
        attempts.setdefault(telling, []).append((int(attempt), is_duplicate))
    for each in told.tellings():
        got = sorted(attempts.get(each.id, []))
        assert each.state in ("accepted", "dropped"), f"{each.id} is {each.state}: {each.why}"
        assert got or each.state == "dropped", f"{each.id} is {each.state} and never came"
        assert all(is_duplicate for _, is_duplicate in got[1:]), got
        assert each.state != "dropped" or "took its place" in each.why
    newest = [each for each in told.tellings() if each.update == max(one.id for one in told.incident.updates)]
    assert {each.state for each in newest} == {"accepted"}
    assert verify(told.ledger.after(0, 1_000_000)) == []
    return sum(len(got) - 1 for got in attempts.values() if got)


def campaign(told: Told, nodes: list[Node], seed: int) -> None:
    """Publishes while whoever sends is killed, and judges when all has come to rest."""
    chance = random.Random(seed)
    for node in nodes:
        node.start()
    wait_until(lambda: leader(told.ledger), lambda: nodes[0].told())
    for number in range(UPDATES):
        told.publish("team", f"Update {number}", ["#ops", *mailed(number)])
        if number % 3 == 1:
            wait_until(partial(told.has_begun, number + 1))
            victim = chance.choice([node for node in nodes if not node.has_ended()])
            victim.kill()
            victim.start()
    wait_until(told.is_settled, lambda: (nodes[0].told(), Counter(each.state for each in told.tellings())))
    judge(told)


def test_kills_of_who_sends_lose_no_update_and_repeat_none_unlabelled(tmp_path: Path) -> None:
    with ExitStack() as stack:
        told = Told(tmp_path, f"sqlite:///{tmp_path}/opsbook.db", stack)
        node = Node(told.book, told.db)
        stack.callback(node.end)
        campaign(told, [node], 5)


def test_two_nodes_send_nothing_twice_unlabelled(tmp_path: Path, postgres_url: str) -> None:
    with ExitStack() as stack:
        told = Told(tmp_path, postgres_url, stack)
        nodes = [Node(told.book, told.db, name=name) for name in ("one", "two")]
        for node in nodes:
            stack.callback(node.end)
        campaign(told, nodes, 7)


@pytest.mark.torture
@pytest.mark.parametrize("seed", range(20))
def test_many_kills_lose_no_update(tmp_path: Path, seed: int) -> None:
    with ExitStack() as stack:
        told = Told(tmp_path, f"sqlite:///{tmp_path}/opsbook.db", stack)
        node = Node(told.book, told.db)
        stack.callback(node.end)
        campaign(told, [node], seed)


def _now() -> datetime:
    return datetime.now(UTC)


def test_subscribers_confirm_are_told_and_can_leave(tmp_path: Path) -> None:
    with ExitStack() as stack:
        told = Told(tmp_path, f"sqlite:///{tmp_path}/opsbook.db", stack)
        node = Node(told.book, told.db)
        stack.callback(node.end)
        node.start()
        mail = told.subscriptions.ask("email", "reader@example.org").id
        hook = told.subscriptions.ask("webhook", f"http://127.0.0.1:{told.hook.port}/mine", is_confirmed=True, by="Ada")
        asked = told.mailbox.mails.get(timeout=60)
        link = asked.get_body(("plain",)).get_content().split("/subscribe/")[1].split()[0]
        assert link.startswith(f"{mail}/confirm?key=")
        told.subscriptions.confirm(mail, link.partition("key=")[2])
        told.publish("customers", "Cards do not work.", [])
        got = told.mailbox.mails.get(timeout=60)
        assert got["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        leave = got["List-Unsubscribe"].strip("<>")
        path, headers, body = told.hook.got.get(timeout=60)
        signed = f"v1={hmac.new(hook.signer.encode(), body, sha256).hexdigest()}"
        assert (path, headers["X-Opsbook-Signature"]) == ("/mine", signed)
        told.subscriptions.leave(mail, leave.partition("key=")[2])
        told.publish("customers", "Cards work again.", [])
        assert json.loads(told.hook.got.get(timeout=60)[2])["update"]["body"] == "Cards work again."
        wait_until(told.is_settled)
        assert told.mailbox.mails.empty()


def test_subscribers_are_told_of_planned_work_by_mail(tmp_path: Path) -> None:
    with ExitStack() as stack:
        told = Told(tmp_path, f"sqlite:///{tmp_path}/opsbook.db", stack)
        node = Node(told.book, told.db)
        stack.callback(node.end)
        node.start()
        told.subscriptions.ask("email", "reader@example.org", is_confirmed=True, by="Ada")
        told.subscriptions.ask("email", "other@example.org", topics=["Mailing"], is_confirmed=True, by="Ada")
        planned = build_maintenances(told.ledger, lambda: Book(1, None, {}))
        at = _now() + timedelta(days=1)
        made = planned.announce("Upgrade", "db-admin", starts_at=at, ends_at=at + timedelta(hours=1), body="Paying pauses.")
        first = told.mailbox.mails.get(timeout=60)
        said = first.get_body(("plain",)).get_content()
        assert (first["Subject"], first["To"]) == ("Planned work: Upgrade", "reader@example.org")
        assert f"{at:%A %Y-%m-%d %H:%M}" in said and "Paying pauses." in said and "To get no more of these: " in said
        assert "db-admin" not in said
        planned.announce("Upgrade", "ada", id=made.id, starts_at=at, ends_at=at + timedelta(hours=2), body="Paying pauses.")
        assert told.mailbox.mails.get(timeout=60)["Subject"] == "Planned work changed: Upgrade"
        planned.end(made.id, "ada")
        last = told.mailbox.mails.get(timeout=60)
        assert last["Subject"] == "Planned work cancelled: Upgrade"
        assert "It does not take place." in last.get_body(("plain",)).get_content()
        wait_until(told.is_settled)
        assert told.mailbox.mails.empty()
