"""Declares incidents and writes to them without end, prints what was acknowledged: `declaring_program.py LEDGER SEED`."""

from __future__ import annotations

import sys

from tests.usecases.incident_world import IncidentWorld, opened_at

from opsbook.ledger.incident_events import Members


def main(address: str, seed: str, most: str = "1000000") -> None:
    world = IncidentWorld(opened_at(address))
    for count in range(int(most)):
        said = f"{seed}-{count}"
        alert = world.alert(id=f"{seed}{count}")
        made = world.declare(said, members=Members(alerts=(alert,)))
        told("declared", said, made.number)
        world.acts.note(made.number, "ada", said, key=said, files=[("a.txt", "text/plain", said.encode())])
        told("noted", said, made.number)
        world.acts.move(made.number, "ada", "resolved")
        told("resolved", said, made.number)


def told(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
