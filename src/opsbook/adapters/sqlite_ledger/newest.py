"""What the rows of a view say last of each group, read out of a file that is left as it is. Makes no ledger."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import closing

import apsw

from opsbook.adapters.sqlite_ledger import tables
from opsbook.ground.errors import Refusal
from opsbook.ledger.view import View

BUSY_S = 0.5
MOST = 10_000  # rows, those that began last: what began before them says nothing new

_VERSION = "SELECT version FROM view WHERE name = ?"
_NEWEST = """
SELECT belongs, max(json_extract(document, ?1)) FROM (
  SELECT belongs, document FROM view_row WHERE view = ?2 AND is_open = 0 ORDER BY first DESC LIMIT ?3
) WHERE {conditions} GROUP BY belongs
"""


def newest(path: str, view: View, of: str, where: Mapping[str, str | bool]) -> dict[str, str]:
    """By group the greatest value `of` a document among the rows that nothing is to come of, and whose documents say
    what `where` says; empty where there is no ledger. Raises Refusal for one of a newer Opsbook, Failure where it
    cannot be read now."""
    if not os.path.exists(path):
        return {}
    try:
        with closing(tables.as_it_lies(path, BUSY_S)) as connection:
            version = connection.execute(_VERSION, (view.name,)).get
            if version is not None and int(version) > view.version:
                raise Refusal(f"The ledger {path} was brought up to date by a newer Opsbook.")
            question = _NEWEST.format(conditions=" AND ".join(["json_extract(document, ?) IS ?"] * len(where)))
            said = [each for key, value in where.items() for each in (f"$.{key}", value)]
            found = connection.execute(question, (f"$.{of}", view.name, MOST, *said)).fetchall()
    except apsw.SQLError:  # it is older than views
        return {}
    except apsw.Error as wrong:
        raise tables.failure(path, wrong) from wrong
    return {str(group): str(value) for group, value in found if value is not None}
