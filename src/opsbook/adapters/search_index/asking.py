"""Asks the tables of the search index: the book's words, what matches, the answer. Writes nothing."""

from __future__ import annotations

from collections.abc import Collection

import apsw
import msgspec

from opsbook.adapters.search_index.tables import path_of
from opsbook.book.search import (
    MANY_SECTIONS,
    MOST_ADDED_ENTRIES,
    MOST_ANY_ENTRIES,
    WEIGHTS,
    Candidate,
    Hit,
    Matched,
    Plan,
    Query,
    Ranked,
    SearchAnswer,
    match_all,
    match_any,
    match_heads,
    plan,
    rank,
    relaxed,
    snippet,
    without_exclusions,
)

# How many sections are put in order for each that is shown, and at least: bm25 alone misjudges headings.
CANDIDATES_PER_HIT, FEWEST_CANDIDATES = 3, 60
# When fewer sections than this hold all words of a query of so many, those that hold most are shown as well:
# one word too many must not hide the page that was meant.
MANY_WORDS, FEWEST_HITS = 4, 3
# How many sections are weighed by how much of the query they hold, which needs their text.
PARTIAL_CANDIDATES = 30

_SCORED = f"""
SELECT f.id AS id, -f.score AS score
FROM (SELECT rowid AS id, bm25(fts, {", ".join(map(str, WEIGHTS))}) AS score
      FROM fts WHERE fts MATCH ? ORDER BY score LIMIT ?) AS f
"""
_HEADS = f"""
SELECT s.id, s.path, s.line, s.slot, s.names, f.score, '', ''
FROM ({_SCORED}) AS f CROSS JOIN section AS s ON s.id = f.id
"""
_WHOLE = _HEADS.replace("f.score, '', ''", "f.score, s.symptoms, s.text")
_SHOWN = "SELECT path, anchor, page, section, line, symptoms, text FROM section WHERE id = ?"
_LAST = "\U0010ffff"


class Words:
    """The words of the book, as the planning of a query asks for them."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self.sections = msgspec.convert(connection.execute("SELECT sections FROM total").get, int)

    def docs(self, words: Collection[str]) -> dict[str, int]:
        if not words:
            return {}
        marks = ",".join("?" * len(words))
        rows = self._connection.execute(f"SELECT term, docs FROM word WHERE term IN ({marks})", tuple(words))
        return dict(msgspec.convert(rows.fetchall(), list[tuple[str, int]]))

    def starting(self, prefix: str) -> int:
        query = "SELECT sum(docs) FROM word WHERE term >= ? AND term < ?"
        return msgspec.convert(self._connection.execute(query, (prefix, prefix + _LAST)).get or 0, int)

    def completions(self, prefix: str, most: int) -> list[tuple[str, int]]:
        query = "SELECT term, docs FROM word WHERE term >= ? AND term < ? ORDER BY docs DESC, term LIMIT ?"
        rows = self._connection.execute(query, (prefix, prefix + _LAST, most))
        return msgspec.convert(rows.fetchall(), list[tuple[str, int]])

    def sharing(self, stems: Collection[str]) -> list[tuple[str, str, int]]:
        if not stems:
            return []
        marks = ",".join("?" * len(stems))
        rows = self._connection.execute(
            f"SELECT stem, term, docs FROM word WHERE stem IN ({marks}) ORDER BY stem, docs DESC, term",
            tuple(stems),
        )
        return msgspec.convert(rows.fetchall(), list[tuple[str, str, int]])

    def resembling(self, beginning: str, shortest: int, longest: int) -> list[tuple[str, int]]:
        rows = self._connection.execute(
            "SELECT term, docs FROM word WHERE term >= ? AND term < ? AND length(term) BETWEEN ? AND ?",
            (beginning, beginning + _LAST, shortest, longest),
        )
        return msgspec.convert(rows.fetchall(), list[tuple[str, int]])


def answer(connection: apsw.Connection, query: Query, limit: int) -> SearchAnswer:
    """The best `limit` sections for a query; reads one state of the index throughout."""
    connection.execute("BEGIN")
    try:
        asked = plan(query, Words(connection))
        ranked, matched = _ranked(connection, asked, limit)
        hits = tuple(_hit(connection, one, asked) for one in ranked[:limit])
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    return SearchAnswer(hits, matched if hits else "none", asked.mended, asked.unknown)


def _ranked(connection: apsw.Connection, asked: Plan, limit: int) -> tuple[list[Ranked], Matched]:
    if not asked.required:
        return [], "none"
    most = max(FEWEST_CANDIDATES, CANDIDATES_PER_HIT * limit)
    if asked.is_pasted:
        return rank(_candidates(connection, _WHOLE, match_any(asked), most), asked, covered=False), "any"
    found = _holding_all(connection, asked, most)
    if not found and asked.excluded:
        asked = without_exclusions(asked)
        found = _holding_all(connection, asked, most)
    looser = relaxed(asked)
    enough = FEWEST_HITS if len(asked.sought) >= MANY_WORDS else 1
    if len(found) >= enough or len(looser.required) < 2:
        return rank(found, asked, covered=True), "all"
    match = match_any(looser, MOST_ADDED_ENTRIES if found else MOST_ANY_ENTRIES)
    some = {one.number: one for one in _candidates(connection, _WHOLE, match, PARTIAL_CANDIDATES)}
    whole = [some.get(one.number) or one for one in found]
    partial = [one for number, one in some.items() if number not in {each.number for each in found}]
    first = rank(whole, looser, covered=True)
    rest = rank(partial, looser, covered=False)
    ordered = sorted((*first, *rest), key=lambda one: -one.score)
    return ordered, "all" if found else "most"


def _holding_all(connection: apsw.Connection, asked: Plan, most: int) -> list[Candidate]:
    """Sections that hold everything required; of very many, those that hold it in their headings."""
    if asked.expected > MANY_SECTIONS:
        found = _candidates(connection, _HEADS, match_heads(asked), most)
        if len(found) >= most // CANDIDATES_PER_HIT:
            return found
    return _candidates(connection, _HEADS, match_all(asked), most)


def _candidates(connection: apsw.Connection, statement: str, match: str, most: int) -> list[Candidate]:
    rows = msgspec.convert(
        connection.execute(statement, (match, most)).fetchall(),
        list[tuple[int, bytes, int, str, str, float, str, str]],
    )
    return [
        Candidate(number, path_of(path), line, slot, names, weight, symptoms, text)
        for number, path, line, slot, names, weight, symptoms, text in rows
    ]


def _hit(connection: apsw.Connection, one: Ranked, asked: Plan) -> Hit:
    row = connection.execute(_SHOWN, (one.number,)).fetchone()
    path, anchor, page, title, line, symptoms, text = msgspec.convert(row, tuple[bytes, str, str, str, int, str, str])
    cut, marks = snippet(text or symptoms, asked.sought)
    return Hit(path_of(path), anchor, page, title, cut, one.score, line, marks)
