"""What of a section is indexed, and in which columns; knows no index."""

from __future__ import annotations

from collections.abc import Sequence

from opsbook.book.search.folding import indexed, indexed_name, words
from opsbook.book.search.hit import SearchSection

# The index holds these columns, in this order; the weights are bm25's. A heading that holds a word must beat
# prose that repeats it; bm25 flattens beyond some ten repetitions, so more weight would change nothing.
# `place` is the slot and the words of the path, for pages that are known by their file's name.
COLUMNS = ("alerts", "page", "section", "symptoms", "place", "text")
WEIGHTS = (12.0, 8.0, 10.0, 5.0, 2.0, 1.0)
HEADS = "{alerts page section symptoms}"

# Raised whenever the same section would be indexed differently: an index of another number is built anew.
GENERATION = 1


def columns_of(section: SearchSection) -> tuple[str, ...]:
    """The words of a section for each of `COLUMNS`, parted by spaces."""
    columns: tuple[Sequence[str], ...] = (
        [word for alert in section.alerts for word in indexed_name(alert)],
        indexed_name(section.page),
        indexed_name(section.section),
        indexed(section.symptoms),
        [*words(section.slot), *words(_stem(section.path))],
        indexed(section.text),
    )
    return tuple(" ".join(column) for column in columns)


def _stem(path: str) -> str:
    stem, _, extension = path.rpartition(".")
    return stem if stem and len(extension) <= 8 and "/" not in extension else path


def names_of(section: SearchSection) -> str:
    """The heads of a section, ready to be compared: alerts, section title and page title, parted by `|`.

    Each is given first as whole names without spaces, then as its words; the file's name is one more title.
    """
    fields: tuple[Sequence[str], ...] = (
        ["".join(words(alert)) for alert in section.alerts],
        [word for alert in section.alerts for word in indexed_name(alert)],
        ["".join(words(section.section))],
        indexed_name(section.section),
        ["".join(words(section.page))],
        [*indexed_name(section.page), *words(_stem(section.path).rpartition("/")[2])],
    )
    return "|".join(f" {' '.join(field)} " for field in fields)
