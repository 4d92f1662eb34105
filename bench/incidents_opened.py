"""What it costs routing that the policy page opens incidents by itself, and that it could: a storm with and without.

Measured within one process, without doors and messages, so that nothing else hides it.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from bench.table import Broken, Row, show, verdict
from tests.usecases.alert_world import AlertWorld
from tests.usecases.opening_world import OpeningWorld

ALERTS, GROUPS, ROUNDS = 10_000, 1_000, 5
A_BODY = 500
AIM = 2.0  # times as long as without a line


def rows(alerts: int = ALERTS, groups: int = GROUPS, rounds: int = ROUNDS) -> list[Row]:
    """A storm routed where nothing opens an incident, and where every alert of it may."""
    without, opening = [], []
    for _ in range(rounds):
        without.append(routed(AlertWorld, alerts, groups)[0])
        took, incidents = routed(OpeningWorld, alerts, groups)
        opening.append(took)
        if incidents > 4 * (1 + took / 300):
            raise Broken(f"the storm opened {incidents} incidents")
    plain, named = statistics.median(without), statistics.median(opening)
    ratio = named / plain
    what = f"routing {alerts:,} alerts of {groups:,} groups, which open incidents"
    return [Row(what, f"{alerts / named:,.0f}/s", f"{alerts / plain:,.0f}/s without", f"{ratio:.2f}", f"≤ {AIM:g}",
                verdict(ratio <= AIM))]  # fmt: skip


def routed(kind: type[AlertWorld], alerts: int, groups: int) -> tuple[float, int]:
    """How long routing takes, and how many incidents there are then."""
    with tempfile.TemporaryDirectory() as place:
        world = kind(Path(place))
        for start in range(0, alerts, A_BODY):
            world.receive(*(
                world.fires(f"A{number % groups}", f"k{number}", labels={"service": f"s{number % groups}"})
                for number in range(start, min(start + A_BODY, alerts))
            ))  # fmt: skip
        begun = time.perf_counter()
        world.route()
        took = time.perf_counter() - begun
        incidents = len(world.ledger.rows("incidents", limit=1000))
        if len(world.alerts) != alerts:
            raise Broken("some alerts are not there")
        world.close()
    return took, incidents


def main() -> int:
    """Prints the row; `python -m bench.incidents_opened small` tries it with little."""
    show(rows(1000, 100, 1) if sys.argv[1:] == ["small"] else rows())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
