"""The tables of the samples' file, and the SQL over them; opens no file.

Each reading lies in one place only: raw, or counted in a bucket of five minutes. So a crash between them loses and
doubles nothing, and a question about any time adds both up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import cast, get_args

import apsw

from opsbook.book.answer import as_expected
from opsbook.ledger.health import Outcome, Reading
from opsbook.usecases.serving_ports import Bucket

APPLICATION = 0x4F505342  # "OPSB", in the file's header
VERSION = 1
BUCKET_US = 5 * 60 * 1_000_000
RAW = timedelta(days=2)
ROLLED = timedelta(days=90)
# What one transaction of rolling up takes of a probe: an hour, which at one reading a second takes some 10 ms.
_STRETCH_US = 12 * BUCKET_US
_MOST_BUCKETS = 100_000

# Outcomes are kept as their number: the order of Outcome must not change, and new ones go behind.
_OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
# Those that an answer led to: only their time says how quick an endpoint is; that of a timeout says how patient we are.
_ANSWERED = ", ".join(str(_OUTCOMES.index(each)) for each in ("ok", "slow", "status", "body", "redirect"))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)

# A reading's `number` is the order of coming in, by which the last ones are told even where a clock was set back.
# `why` is NULL where the rest tells it (`as_expected`), which is nearly always.
_SCHEMA = f"""
CREATE TABLE probe (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE reading (
    number INTEGER PRIMARY KEY, probe INTEGER NOT NULL, at INTEGER NOT NULL, outcome INTEGER NOT NULL,
    latency_ms REAL NOT NULL, status INTEGER, why TEXT
) STRICT;
CREATE UNIQUE INDEX reading_at ON reading (probe, at);
CREATE INDEX reading_number ON reading (probe);
CREATE TABLE bucket (
    probe INTEGER NOT NULL, at INTEGER NOT NULL, ok INTEGER NOT NULL, failed INTEGER NOT NULL,
    answered INTEGER NOT NULL, least_ms REAL, total_ms REAL NOT NULL, most_ms REAL, PRIMARY KEY (probe, at)
) STRICT, WITHOUT ROWID;
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {VERSION};
"""

# The columns of `bucket` behind its key, out of raw readings.
_COUNTED = f"""
    sum(outcome = 0), sum(outcome <> 0), sum(outcome IN ({_ANSWERED})),
    min(latency_ms) FILTER (WHERE outcome IN ({_ANSWERED})),
    total(latency_ms) FILTER (WHERE outcome IN ({_ANSWERED})),
    max(latency_ms) FILTER (WHERE outcome IN ({_ANSWERED}))
"""
_ROLL_UP = f"""
INSERT INTO bucket (probe, at, ok, failed, answered, least_ms, total_ms, most_ms)
SELECT probe, at / {BUCKET_US} * {BUCKET_US} AS start, {_COUNTED}
FROM reading WHERE probe = :probe AND at >= :start AND at < :end GROUP BY start
ON CONFLICT (probe, at) DO UPDATE SET
    ok = ok + excluded.ok, failed = failed + excluded.failed, answered = answered + excluded.answered,
    least_ms = min(ifnull(least_ms, excluded.least_ms), ifnull(excluded.least_ms, least_ms)),
    total_ms = total_ms + excluded.total_ms,
    most_ms = max(ifnull(most_ms, excluded.most_ms), ifnull(excluded.most_ms, most_ms))
"""
_BUCKETS = f"""
SELECT slot, sum(ok), sum(failed), sum(answered), min(least_ms), total(total_ms), max(most_ms) FROM (
    SELECT (at - :start) * :count / :length AS slot, sum(outcome = 0) AS ok, sum(outcome <> 0) AS failed,
        sum(outcome IN ({_ANSWERED})) AS answered,
        min(latency_ms) FILTER (WHERE outcome IN ({_ANSWERED})) AS least_ms,
        total(latency_ms) FILTER (WHERE outcome IN ({_ANSWERED})) AS total_ms,
        max(latency_ms) FILTER (WHERE outcome IN ({_ANSWERED})) AS most_ms
    FROM reading WHERE probe = :probe AND at >= :start AND at < :end GROUP BY slot
    UNION ALL
    SELECT (at - :start) * :count / :length AS slot, ok, failed, answered, least_ms, total_ms, most_ms
    FROM bucket WHERE probe = :probe AND at >= :start AND at < :end
) GROUP BY slot ORDER BY slot
"""


class Foreign(Exception):
    """The file is a database, but none of samples."""


class Newer(Exception):
    """The file was written by a later version, which is its only argument."""


@contextmanager
def changing(connection: apsw.Connection, begin: str = "BEGIN IMMEDIATE") -> Iterator[None]:
    """One transaction, which has the right to write from its start unless told otherwise.

    Not apsw's own `with connection`: that waits for other writers with the interpreter's lock held, so that nobody in
    this process could do anything, nor end a transaction that it waits for.
    """
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def prepare(connection: apsw.Connection) -> None:
    """Makes the tables in an empty file; raises Foreign or Newer for one that is not ours to write."""
    with changing(connection, "BEGIN"):  # one moment of the file, which another process may be making
        is_made = _is_ours(connection)
    if not is_made:
        with changing(connection):
            if not _is_ours(connection):  # as another process may have made it by now
                connection.execute(_SCHEMA)


def _is_ours(connection: apsw.Connection) -> bool:
    """Whether the tables are there. Call within a transaction."""
    application = connection.pragma("application_id")
    version = cast(int, connection.pragma("user_version"))
    if application == APPLICATION and version > VERSION:
        raise Newer(version)
    if application == APPLICATION and version == VERSION:
        return True
    if application or version or connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone():
        raise Foreign
    return False


def insert(connection: apsw.Connection, readings: Sequence[Reading]) -> None:
    """Keeps readings in one transaction; the second of a probe at one and the same moment is passed over."""
    keys = {reading.probe for reading in readings}
    with changing(connection):
        connection.executemany("INSERT OR IGNORE INTO probe (key) VALUES (?)", [(key,) for key in sorted(keys)])
        ids = {key: connection.execute("SELECT id FROM probe WHERE key = ?", (key,)).get for key in keys}
        connection.executemany(
            "INSERT OR IGNORE INTO reading (probe, at, outcome, latency_ms, status, why) VALUES (?, ?, ?, ?, ?, ?)",
            [_row(ids[reading.probe], reading) for reading in readings],
        )


def _row(probe: int, reading: Reading) -> tuple[int, int, int, float, int | None, str | None]:
    is_plain = reading.is_ok and reading.why == as_expected(reading.status, reading.latency_ms)
    why = None if is_plain else reading.why
    outcome = _OUTCOMES.index(reading.outcome)
    return probe, microseconds(reading.at), outcome, reading.latency_ms, reading.status, why


def last(connection: apsw.Connection, key: str, count: int) -> list[Reading]:
    """The readings that came in last, the newest first."""
    rows = connection.execute(
        "SELECT at, outcome, latency_ms, status, why FROM reading WHERE probe = (SELECT id FROM probe WHERE key = ?)"
        " ORDER BY number DESC LIMIT ?",
        (key, max(0, count)),
    )
    return [
        Reading(key, moment(at), _outcome(outcome), as_expected(status, took) if why is None else why, took, status)
        for at, outcome, took, status, why in rows
    ]


def _outcome(number: int) -> Outcome:
    if not 0 <= number < len(_OUTCOMES):
        raise Foreign
    return _OUTCOMES[number]


def buckets(connection: apsw.Connection, key: str, span: tuple[datetime, datetime], count: int) -> list[Bucket]:
    """What was read from one moment to another, in `count` stretches of one length."""
    start, end = map(microseconds, span)
    if end <= start or count < 1:
        return []
    count = min(count, _MOST_BUCKETS)
    probe = connection.execute("SELECT id FROM probe WHERE key = ?", (key,)).get
    length = end - start
    asked = {"probe": probe, "start": start, "end": end, "count": count, "length": length}
    return [
        Bucket(
            start=span[0] + (span[1] - span[0]) * slot / count,
            length_s=length / count / 1_000_000,
            ok=ok,
            failed=failed,
            least_ms=least or 0.0,
            mean_ms=total / answered if answered else 0.0,
            most_ms=most or 0.0,
        )
        for slot, ok, failed, answered, least, total, most in connection.execute(_BUCKETS, asked)
    ]


def roll_up(connection: apsw.Connection, now: datetime) -> None:
    """Counts raw readings of more than two days into buckets, and forgets buckets of more than ninety, by small
    transactions, so that nobody who adds meanwhile waits for long."""
    raw_from = microseconds(now - RAW) // BUCKET_US * BUCKET_US
    rolled_from = microseconds(now - ROLLED)
    for (probe,) in connection.execute("SELECT id FROM probe").fetchall():
        while _roll_stretch(connection, probe, raw_from):
            pass
        with changing(connection):
            connection.execute("DELETE FROM bucket WHERE probe = ? AND at < ?", (probe, rolled_from))


def _roll_stretch(connection: apsw.Connection, probe: object, until: int) -> bool:
    first: int | None = connection.execute("SELECT min(at) FROM reading WHERE probe = ? AND at < ?", (probe, until)).get
    if first is None:
        return False
    stretch = {"probe": probe, "start": first, "end": min(until, first // BUCKET_US * BUCKET_US + _STRETCH_US)}
    with changing(connection):
        connection.execute(_ROLL_UP, stretch)
        connection.execute("DELETE FROM reading WHERE probe = :probe AND at >= :start AND at < :end", stretch)
    return True


def microseconds(at: datetime) -> int:
    """Since 1970, exactly."""
    return (at - _EPOCH) // _US


def moment(at: int) -> datetime:
    """The moment of so many microseconds since 1970."""
    return _EPOCH + at * _US
