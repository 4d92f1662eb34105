"""kill -9 of what routes, at any moment: every alert that was received is there once, and belongs to one open page."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from tests.usecases.alert_world import AlertWorld

from opsbook.ledger.event import verify

ROOT = Path(__file__).parents[2]
ROUTER = """
import sys
from pathlib import Path
from tests.usecases.alert_world import AlertWorld
from opsbook.usecases import routing

routing.MOST_IN_ONE = 40
world = AlertWorld(Path(sys.argv[1]))
lease = None
while lease is None:
    lease = world.ledger.claim("pager", sys.argv[2], 0.2)
print("routes", flush=True)
while timers := world.ledger.due(7, "batch/"):
    world.router.route([timer.stream for timer in timers], lease)
    lease = world.ledger.renew(lease, 5)
world.ledger.release(lease)
world.close()
"""


def received(world: AlertWorld, batches: int) -> None:
    """Bodies of alerts that fire, each third of which end, some of them told twice."""
    for batch in range(batches):
        fires = [world.fires(f"A{(batch + n) % 11}", f"k{batch}-{n}") for n in range(60)]
        world.receive(*fires)
        if batch % 3 == 0:
            world.receive(*(world.ends(each) for each in fires[::3]))
        world.receiving.forget("am", fires[1].key)
        world.receive(fires[1])


def program(folder: Path, name: str) -> subprocess.Popen[str]:
    """What routes, once it has begun."""
    started = subprocess.Popen(
        [sys.executable, "-c", ROUTER, str(folder), name], stdout=subprocess.PIPE, text=True, cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"},
    )  # fmt: skip
    assert started.stdout is not None
    assert started.stdout.readline() == "routes\n"
    return started


def campaign(folder: Path, kills: int, seed: int) -> None:
    """Kills what routes so often, lets it finish at the end, and looks at what is recorded."""
    chance = random.Random(seed)
    batches = 12 * kills
    world = AlertWorld(folder)
    received(world, batches)
    for number in range(kills):
        running = program(folder, f"r{number}")
        time.sleep(chance.uniform(0, 0.15))
        running.kill()
        running.communicate()
    last = program(folder, "last")
    assert last.wait(120) == 0
    last.communicate()
    alerts, pages = world.alerts, world.pages
    keys = Counter(alert.key for alert in alerts)
    assert len(keys) == 60 * batches, f"seed {seed}"
    assert set(keys.values()) == {1}, f"seed {seed}"
    over = {alert.key for alert in alerts if not alert.is_open}
    assert over == {f"k{batch}-{n}" for batch in range(0, batches, 3) for n in range(0, 60, 3)}
    members = Counter(alert for page in pages if page.is_open for alert in page.alerts)
    assert set(members) == {alert.id for alert in alerts if alert.is_open} and set(members.values()) == {1}
    assert max(Counter(page.group for page in pages if page.is_open).values()) == 1
    assert world.timers("batch/") == []
    events = []
    while more := world.ledger.after(events[-1].position if events else 0, 5000):
        events += more
    assert verify(events) == []
    world.close()


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """The campaign's own, or the one that is named to play it again."""
    named = request.config.getoption("--hypothesis-seed", default=None)
    return int(named) if str(named).isdigit() else random.randrange(1 << 30)


def test_kills_of_what_routes_lose_and_double_nothing(tmp_path: Path, seed: int) -> None:
    campaign(tmp_path, 2, seed)


@pytest.mark.torture
def test_hundreds_of_kills_of_what_routes_lose_and_double_nothing(tmp_path: Path, seed: int) -> None:
    for number in range(20):
        folder = tmp_path / str(number)
        folder.mkdir()
        campaign(folder, 10, seed + number)
    sys.stderr.write(f"200 kills of seed {seed} and those behind it\n")
