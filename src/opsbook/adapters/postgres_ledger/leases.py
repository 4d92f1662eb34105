"""Leases and timers on PostgreSQL, by its clock. Each of these may be asked twice, with the same outcome.

`clock_timestamp()` is the time of day and not that of the transaction's begin; asked for in a subquery it is asked for
once, and the index on due times can be used.
"""

from __future__ import annotations

from datetime import UTC

from opsbook.adapters.postgres_ledger import tables
from opsbook.adapters.postgres_ledger.connecting import Db
from opsbook.usecases.ledger_ports import Lease, Timer

NOBODY = ""  # owns a lease that was given up

# The row stays for ever, so that no epoch is given out twice. What is proposed ends at the end of the new lease, so the
# time now is that minus its length: one look at the clock decides all of it.
_CLAIM = """
INSERT INTO lease AS had (name, owner, epoch, until)
VALUES (%(name)s, %(owner)s, 1, clock_timestamp() + make_interval(secs => %(for_s)s))
ON CONFLICT (name) DO UPDATE SET
  owner = excluded.owner,
  epoch = had.epoch + CASE WHEN had.until > excluded.until - make_interval(secs => %(for_s)s) THEN 0 ELSE 1 END,
  until = greatest(had.until, excluded.until)
WHERE had.owner = excluded.owner OR had.until <= excluded.until - make_interval(secs => %(for_s)s)
RETURNING epoch, until
"""
_RENEW = """
UPDATE lease SET until = clock_timestamp() + make_interval(secs => %s)
WHERE name = %s AND owner = %s AND epoch = %s RETURNING until
"""
_RELEASE = (
    f"UPDATE lease SET owner = '{NOBODY}', until = clock_timestamp() WHERE name = %s AND owner = %s AND epoch = %s"
)
_HELD = """
SELECT name, owner, epoch, until FROM lease WHERE starts_with(name, %s) AND until > (SELECT clock_timestamp())
ORDER BY name
"""
_DUE = """
SELECT stream, name, due, facts FROM timer WHERE due <= (SELECT clock_timestamp()) AND starts_with(stream, %s)
ORDER BY due, stream, name LIMIT %s
"""
_NEXT = """
SELECT greatest(0, extract(epoch FROM due - clock_timestamp())) FROM timer WHERE starts_with(stream, %s)
ORDER BY due LIMIT 1
"""


def claim(connection: Db, name: str, owner: str, for_s: float) -> Lease | None:
    """The lease, None while another owner's has not ended."""
    row = connection.execute(_CLAIM, {"name": name, "owner": owner, "for_s": for_s}).fetchone()
    return None if row is None else Lease(name, owner, row[0], row[1].astimezone(UTC))


def renew(connection: Db, lease: Lease, for_s: float) -> Lease | None:
    """The lease for longer, None where it was taken or given up."""
    row = connection.execute(_RENEW, (for_s, lease.name, lease.owner, lease.epoch)).fetchone()
    return None if row is None else Lease(lease.name, lease.owner, lease.epoch, row[0].astimezone(UTC))


def release(connection: Db, lease: Lease) -> None:
    """Ends the lease, where it is still this one."""
    connection.execute(_RELEASE, (lease.name, lease.owner, lease.epoch))


def held(connection: Db, prefix: str) -> list[Lease]:
    """The leases whose names begin so and which have not ended."""
    rows = connection.execute(_HELD, (prefix,)).fetchall()
    return [Lease(name, owner, epoch, until.astimezone(UTC)) for name, owner, epoch, until in rows]


def due(connection: Db, limit: int, prefix: str) -> list[Timer]:
    """The timers whose time has come, the longest due first."""
    rows = connection.execute(_DUE, (prefix, limit)).fetchall()
    return [Timer(stream, name, at.astimezone(UTC), tables.decode(facts)) for stream, name, at, facts in rows]


def next_due_s(connection: Db, prefix: str) -> float | None:
    """In how many seconds the next timer is due."""
    row = connection.execute(_NEXT, (prefix,)).fetchone()
    return None if row is None else float(row[0])
