"""Receives without end and prints what it acknowledged, until it is killed: `receiving_program.py LEDGER SEED`."""

from __future__ import annotations

import json
import secrets
import sys
from datetime import UTC, datetime

from opsbook.adapters.sqlite_ledger import SqliteLedger
from opsbook.ledger.inbound import alertmanager
from opsbook.ledger.signal import Source
from opsbook.ledger.views import VIEWS
from opsbook.usecases.receive import Receiving


def main(file: str, seed: str) -> None:
    receiving = Receiving(
        SqliteLedger(file, views=VIEWS), now=lambda: datetime.now(UTC), chance=secrets.token_bytes,
        nudge=lambda: None,
    )  # fmt: skip
    for number in range(1_000_000):
        alert = {"status": "firing", "labels": {"alertname": "A", "n": f"{seed}-{number}"}}
        raw = json.dumps({"version": "4", "groupKey": "g", "alerts": [alert]}).encode()
        receipt = receiving.receive(Source("a", "alertmanager", "a"), alertmanager.parse(raw), raw)
        sys.stdout.write(f"{receipt.batch} {seed}-{number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
