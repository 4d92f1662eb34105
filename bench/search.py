"""Search beside SQLite FTS5 used by hand: the same 100,000 sections, the same queries, taken in turns.

The sections are those of the corpora, repeated with half of their rarer words changed, so that the copies are no more
alike than the pages of one team are. The peer is one FTS5 table with our columns and weights, optimized and given the
same cache as ours, asked for all words at once. Both are warm and within this process: what is served does not start
anew for each search.
"""

from __future__ import annotations

import re
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

import apsw
from bench.table import Absent, Row, show, verdict
from tests.book.markdown_sections import corpora, read_sections

from opsbook.adapters.search_index import SearchIndex
from opsbook.book.search import COLUMNS, WEIGHTS, SearchSection

SECTIONS = 100_000
QUERIES = 400
# The 95th percentile: of the peer's, and in milliseconds.
AT_MOST, AT_MOST_MS = 1.2, 10.0
# Words in fewer sections than this are changed in half of the copies: names of hosts, services, tables.
RARE = 60
_WORD = re.compile(r"[^\W_]+")
_SYLLABLES = (
    "ba",
    "ce",
    "di",
    "fo",
    "gu",
    "ka",
    "le",
    "mi",
    "no",
    "pu",
    "ra",
    "se",
    "ti",
    "vo",
    "zen",
    "tor",
)
Pages = dict[str, tuple[SearchSection, ...]]


def varied_pages(originals: Pages, sections: int) -> Pages:
    """The pages, repeated with other rare words until there are so many sections."""
    seen = Counter(
        word
        for page in originals.values()
        for section in page
        for word in set(_WORD.findall(f"{section.page} {section.section} {section.text}"))
    )
    pages: Pages = {}
    count = copy = 0
    while count < sections:
        for path, page in originals.items():
            kept = page if copy == 0 else tuple(_varied(section, copy, seen) for section in page)
            kept = kept[: sections - count]
            pages[f"{copy}/{path}"] = tuple(_moved(section, f"{copy}/{path}") for section in kept)
            count += len(kept)
            if count >= sections:
                break
        copy += 1
    return pages


def _moved(section: SearchSection, path: str) -> SearchSection:
    fields = (section.anchor, section.page, section.section, section.slot, section.line, section.alerts)
    return SearchSection(path, *fields, section.symptoms, section.text)


def _varied(section: SearchSection, copy: int, seen: Counter[str]) -> SearchSection:
    def other(match: re.Match[str]) -> str:
        word = match.group()
        chance = zlib.crc32(f"{copy} {word}".encode())
        if seen[word] > RARE or len(word) < 4 or chance % 2:
            return word
        return word[:2] + _SYLLABLES[chance // 2 % 16] + _SYLLABLES[chance // 32 % 16] + word[-2:]

    def change(text: str) -> str:
        return _WORD.sub(other, text)

    titles = (section.anchor, change(section.page), change(section.section), section.slot, section.line)
    alerts = tuple(map(change, section.alerts))
    return SearchSection(section.path, *titles, alerts, change(section.symptoms), change(section.text))


def queries_of(pages: Pages, count: int) -> list[list[str]]:
    """Two to five words of one section each, as a person might remember them; always the same ones."""
    random = Random(2)
    sections = [section for page in pages.values() for section in page]
    queries: list[list[str]] = []
    while len(queries) < count:
        section = random.choice(sections)
        words = _WORD.findall(f"{section.page} {section.section} {section.text}")
        if len(words) >= 6:
            queries.append(random.sample(words, random.randint(2, 5)))
    return queries


class ByHand:
    """FTS5 as one would use it by hand: one table, all words, bm25, twenty rows with their snippets."""

    def __init__(self, file: Path, pages: Pages) -> None:
        self.database = apsw.Connection(str(file))
        self.database.pragma("journal_mode", "WAL")
        self.database.pragma("synchronous", "OFF")
        self.database.pragma("cache_size", -64 * 1024)
        columns = f"path UNINDEXED, anchor UNINDEXED, {', '.join(COLUMNS)}"
        tokenizer = "tokenize='unicode61 remove_diacritics 2'"
        self.database.execute(f"CREATE VIRTUAL TABLE peer USING fts5({columns}, {tokenizer})")
        marks = ",".join("?" * (len(COLUMNS) + 2))
        with self.database:
            for path, page in pages.items():
                for one in page:
                    alerts = " ".join(one.alerts)
                    row = (path, one.anchor, alerts, one.page, one.section, one.symptoms, one.slot, one.text)
                    self.database.execute(f"INSERT INTO peer VALUES ({marks})", row)
        self.database.execute("INSERT INTO peer(peer) VALUES ('optimize')")
        weights = ", ".join(map(str, (0.0, 0.0, *WEIGHTS)))
        self.statement = (
            "SELECT path, anchor, page, section, snippet(peer, 7, '', '', '…', 24)"
            f" FROM peer WHERE peer MATCH ? ORDER BY bm25(peer, {weights}) LIMIT 20"
        )

    def search(self, words: Sequence[str], *, is_typing: bool = False) -> list[tuple[object, ...]]:
        match = " ".join(f'"{word}"' for word in words) + ("*" if is_typing else "")
        return self.database.execute(self.statement, (match,)).fetchall()


def timed(ask: Callable[[], object]) -> float:
    """Milliseconds that one call takes."""
    started = time.perf_counter()
    ask()
    return (time.perf_counter() - started) * 1000


def quantile(values: Sequence[float], share: float) -> float:
    """The value that this share of all values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def in_turns(
    asked: Sequence[Sequence[str]], index: SearchIndex, hand: ByHand, *, is_typing: bool = False
) -> tuple[list[float], list[float]]:
    """Milliseconds of each query, ours and the peer's; a quarter of them is asked beforehand to warm up."""
    ours: list[float] = []
    peer: list[float] = []

    def ask_ours(words: Sequence[str]) -> None:
        ours.append(timed(lambda: index.search(" ".join(words))))

    def ask_peer(words: Sequence[str]) -> None:
        peer.append(timed(lambda: hand.search(words, is_typing=is_typing)))

    for words in asked[: len(asked) // 4]:
        ask_ours(words)
        ask_peer(words)
    ours.clear()
    peer.clear()
    for number, words in enumerate(asked):
        # Not always the same one first: each warms the machine for the other.
        for ask in (ask_ours, ask_peer) if number % 2 else (ask_peer, ask_ours):
            ask(words)
    return ours, peer


def rows(sections: int = SECTIONS, queries: int = QUERIES) -> list[Row]:
    """p50 and p95 of a search, also while typing, and the time to index all pages and one changed page."""
    folder = corpora()
    if folder is None:
        raise Absent("no corpora: set OPSBOOK_CORPORA to their folder")
    pages = varied_pages(read_sections(folder), sections)
    given = {path: ("1", page) for path, page in pages.items()}
    with tempfile.TemporaryDirectory() as place:
        index = SearchIndex(Path(place) / "search.db")
        built = timed(lambda: index.update(given))
        started = time.perf_counter()
        hand = ByHand(Path(place) / "peer.db", pages)
        peer_built = (time.perf_counter() - started) * 1000
        asked = queries_of(pages, queries)
        whole = in_turns(asked, index, hand)
        begun = [[*words[:-1], words[-1][: 2 + number % 3]] for number, words in enumerate(asked)]
        typing = in_turns(begun, index, hand, is_typing=True)
        path = next(iter(given))
        followed = timed(lambda: index.update({**given, path: ("2", pages[path])}))
        index.close()
    what = f"search, {len(asked)} queries, {sum(map(len, pages.values())):,} sections"
    return [
        _row(f"{what}, p50", *(quantile(side, 0.5) for side in whole)),
        _judged(_row(f"{what}, p95", *(quantile(side, 0.95) for side in whole)), whole),
        _row("search, last word begun, p95", *(quantile(side, 0.95) for side in typing)),
        _row("search, indexing all pages", built, peer_built),
        Row("search, indexing one changed page", f"{followed:.1f} ms"),
    ]


def _row(what: str, ours: float, peer: float) -> Row:
    return Row(what, f"{ours:.2f} ms", f"FTS5 by hand {peer:.2f} ms", f"{ours / peer:.2f}×")


def _judged(row: Row, sides: tuple[list[float], list[float]]) -> Row:
    ours, peer = (quantile(side, 0.95) for side in sides)
    is_reached = ours <= AT_MOST * peer and ours < AT_MOST_MS
    return row._replace(aim=f"≤ {AT_MOST}×, < {AT_MOST_MS:.0f} ms", reached=verdict(is_reached))


def main() -> int:
    """Prints the rows; `python -m bench.search [SECTIONS [QUERIES]]`."""
    show(rows(*map(int, sys.argv[1:3])))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
