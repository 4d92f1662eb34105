"""What the rows of a view say last of each group, in a PostgreSQL that is left as it is. Makes no tables."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing

import psycopg
from psycopg.types.json import Jsonb

from opsbook.adapters.postgres_ledger.connecting import Server
from opsbook.adapters.postgres_ledger.tables import version_of
from opsbook.ground.errors import Refusal
from opsbook.ledger.view import View

WITHIN_S = 2  # so soon it must let one in: whoever asks can do without
MOST = 10_000  # rows, those that began last: what began before them says nothing new

_VERSION = "SELECT version FROM view WHERE name = %s"
_NEWEST = """
SELECT belongs, max((said ->> %s) COLLATE "C") FROM (
  SELECT belongs, document::jsonb AS said FROM view_row WHERE view = %s AND NOT is_open ORDER BY first DESC LIMIT %s
) AS last WHERE said @> %s GROUP BY belongs
"""


def newest(url: str, view: View, of: str, where: Mapping[str, str | bool]) -> dict[str, str]:
    """By group the greatest value `of` a document among the rows that nothing is to come of, and whose documents say
    what `where` says; empty where there is no ledger. Raises Refusal for one of a newer Opsbook, Failure where it
    cannot be read now."""
    server = Server(url, within_s=WITHIN_S)
    with closing(server.connect()) as connection:
        try:
            if not version_of(connection, server):
                return {}
            found = connection.execute(_VERSION, (view.name,)).fetchone()
            if found is not None and int(found[0]) > view.version:
                raise Refusal(f"The ledger {server.shown} was brought up to date by a newer Opsbook.")
            rows = connection.execute(_NEWEST, (of, view.name, MOST, Jsonb(dict(where)))).fetchall()
        except psycopg.errors.UndefinedTable:  # it is older than views
            return {}
        except psycopg.Error as wrong:
            raise server.failure(wrong) from wrong
    return {str(group): str(value) for group, value in rows if value is not None}
