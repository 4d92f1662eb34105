"""What steps printed, in PostgreSQL, so that any node can show it: the first part of each, in pieces."""

from __future__ import annotations

import threading
from collections import OrderedDict
from datetime import datetime, timedelta

from opsbook.adapters.postgres_ledger import tables
from opsbook.adapters.postgres_ledger.connecting import Db, Pool, Server

MOST_OF_ONE = 10 * 1024 * 1024  # bytes that are kept of one output
MOST_CONNECTIONS = 4
MOST_REMEMBERED = 1000  # keys that are known to be full, so that the rest of a flood costs nothing

# Output is no event: that of the last moment may be lost in a crash of the server, and is not waited for.
_BEGIN = "SET LOCAL synchronous_commit TO off"
_ENTER = "INSERT INTO output(key, size) VALUES (%s, 0) ON CONFLICT DO NOTHING"
_LOCK = "SELECT size FROM output WHERE key = %s FOR UPDATE"
_ADD = "INSERT INTO output_part(key, start, part) VALUES (%s, %s, %s)"
_GROW = "UPDATE output SET size = %s, at = clock_timestamp() WHERE key = %s"
_READ = """
SELECT start, part FROM output_part WHERE key = %(key)s AND start < %(end)s AND start >= coalesce(
  (SELECT max(start) FROM output_part WHERE key = %(key)s AND start <= %(offset)s), 0)
ORDER BY start
"""
_SIZE = "SELECT size FROM output WHERE key = %s"
# The newest are kept as long as all of them together are not too much.
_SWEEP = """
DELETE FROM output WHERE key IN (
  SELECT key FROM (SELECT key, at, sum(size) OVER (ORDER BY at DESC, key) AS together FROM output) AS counted
  WHERE at < %s OR together > %s
)
"""


class PostgresOutputs:
    """The outputs in the database at `url`, kept for `keep` and up to `most_bytes` together."""

    def __init__(self, url: str, keep: timedelta, most_bytes: int, *, most_of_one: int = MOST_OF_ONE) -> None:
        server = Server(url)
        self._pool = Pool(server, MOST_CONNECTIONS)
        self._keep, self._most_bytes, self._most_of_one = keep, most_bytes, most_of_one
        self._full: OrderedDict[str, None] = OrderedDict()
        self._turn = threading.Lock()
        try:
            self._pool.run(lambda connection: tables.make(connection, server))
        except BaseException:
            self._pool.close()
            raise

    def append(self, key: str, offset: int, part: bytes) -> None:
        """Keeps a part of the output at its place; what is there already stays as it is. What is beyond the most that
        is kept is dropped."""
        with self._turn:
            if key in self._full:
                return
        if self._pool.run(lambda connection: self._add(connection, key, offset, part)) >= self._most_of_one:
            with self._turn:
                self._full[key] = None
                while len(self._full) > MOST_REMEMBERED:
                    self._full.popitem(last=False)

    def read(self, key: str, offset: int, limit: int) -> bytes:
        """The output from a place on, at most so many bytes; empty behind its end, or where it is not kept any more.
        What was lost in between, in a crash, is read as NULs."""
        end = min(offset + limit, self.size(key))
        if end <= offset:
            return b""
        asked = {"key": key, "offset": offset, "end": end}
        rows = self._pool.run(lambda connection: connection.execute(_READ, asked).fetchall())
        found = bytearray(end - offset)
        for start, part in rows:
            piece = bytes(part)[max(0, offset - start) : end - start]
            begin = max(0, start - offset)
            found[begin : begin + len(piece)] = piece
        return bytes(found)

    def size(self, key: str) -> int:
        """How many bytes are there."""
        row = self._pool.run(lambda connection: connection.execute(_SIZE, (key,)).fetchone())
        return 0 if row is None else int(row[0])

    def sweep(self, now: datetime) -> int:
        """Forgets what is too old, then the oldest of what is too much; how many outputs were forgotten."""
        forgotten = self._pool.run(
            lambda connection: connection.execute(_SWEEP, (now - self._keep, self._most_bytes)).rowcount
        )
        if forgotten:
            with self._turn:
                self._full.clear()
        return forgotten

    def close(self) -> None:
        """Closes the connections."""
        self._pool.close()

    def _add(self, connection: Db, key: str, offset: int, part: bytes) -> int:
        """The size of the output when it has the part, as far as it is kept."""
        with connection.transaction():
            connection.execute(_BEGIN)
            row = connection.execute(_LOCK, (key,)).fetchone()
            if row is None:
                connection.execute(_ENTER, (key,))
                row = connection.execute(_LOCK, (key,)).fetchone()
            size = int(row[0]) if row is not None else 0
            start = max(offset, size)
            new = part[start - offset : max(0, self._most_of_one - offset)]
            if not new:
                return size
            connection.execute(_ADD, (key, start, new))
            connection.execute(_GROW, (start + len(new), key))
            return start + len(new)
