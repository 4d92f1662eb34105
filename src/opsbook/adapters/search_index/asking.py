"""Asks the tables of the search index: the book's words, what matches, the answer. Writes nothing."""

from __future__ import annotations

from collections.abc import Collection

import apsw
import msgspec

from opsbook.adapters.search_index.tables import path_of
from opsbook.book.search import (
    MANY_SECTIONS,
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
# With fewer hits than this that hold everything, those that hold most of it are shown as well.
FEWEST_HITS = 3

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

    def starting(self, prefix: str, most: int) -> tuple[int, list[tuple[str, int]]]:
        bounds = (prefix, prefix + _LAST)
        within = "FROM word WHERE term >= ? AND term < ?"
        total = self._connection.execute(f"SELECT sum(docs) {within}", bounds).get
        rows = self._connection.execute(
            f"SELECT term, docs {within} ORDER BY docs DESC, term LIMIT ?", (*bounds, most)
        )
        return msgspec.convert(total or 0, int), msgspec.convert(rows.fetchall(), list[tuple[str, int]])

    def sharing(self, stems: Collection[str]) -> list[tuple[str, str, int]]:
        if not stems:
            return []
        marks = ",".join("?" * len(stems))
        rows = self._connection.execute(
            f"SELECT stem, term, docs FROM word WHERE stem IN ({marks}) ORDER BY stem, docs DESC, term",
            tuple(stems),
        )
        return msgspec.convert(rows.fetchall(), list[tuple[str, str, int]])

    def resembling(self, word: str, slack: int) -> list[tuple[str, int]]:
        # The first two letters may have been swapped; otherwise the first is taken as right, as it mostly is
        # and a scan of all words is not.
        found: list[tuple[str, int]] = []
        for letter in dict.fromkeys(word[:2]):
            rows = self._connection.execute(
                "SELECT term, docs FROM word WHERE term >= ? AND term < ? AND length(term) BETWEEN ? AND ?",
                (letter, letter + _LAST, len(word) - slack, len(word) + slack),
            )
            found.extend(msgspec.convert(rows.fetchall(), list[tuple[str, int]]))
        return found


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
    if len(found) >= FEWEST_HITS or len(looser.required) < 2:
        return rank(found, asked, covered=True), "all"
    some = _candidates(connection, _WHOLE, match_any(looser), most)
    whole = {one.number: one for one in _candidates(connection, _WHOLE, match_all(asked), most)}
    whole.update((one.number, one) for one in some)
    return rank(whole.values(), looser, covered=False), "all" if found else "most"


def _holding_all(connection: apsw.Connection, asked: Plan, most: int) -> list[Candidate]:
    """Sections that hold everything required; of very many, those that hold it in their headings."""
    if asked.expected > MANY_SECTIONS:
        found = _candidates(connection, _HEADS, match_heads(asked), most)
        if len(found) >= most:
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
    path, anchor, page, title, line, symptoms, text = msgspec.convert(
        row, tuple[bytes, str, str, str, int, str, str]
    )
    cut, marks = snippet(text or symptoms, asked.sought)
    return Hit(path_of(path), anchor, page, title, cut, one.score, line, marks)
