"""Search: what is typed becomes a plan, what the index offers becomes hits in order. Holds no index."""

from opsbook.book.search.excerpt import snippet
from opsbook.book.search.folding import fold, indexed, indexed_name, stem, words
from opsbook.book.search.hit import Hit, Matched, SearchAnswer, SearchSection
from opsbook.book.search.indexing import COLUMNS, GENERATION, WEIGHTS, columns_of, names_of
from opsbook.book.search.planning import (
    MANY_SECTIONS,
    MOST_ADDED_ENTRIES,
    MOST_ANY_ENTRIES,
    Phrase,
    Plan,
    Sought,
    Vocabulary,
    match_all,
    match_any,
    match_heads,
    plan,
    relaxed,
    without_exclusions,
)
from opsbook.book.search.query import Query, Word, parse
from opsbook.book.search.ranking import Candidate, Ranked, rank

__all__ = [
    "COLUMNS",
    "GENERATION",
    "MANY_SECTIONS",
    "MOST_ADDED_ENTRIES",
    "MOST_ANY_ENTRIES",
    "WEIGHTS",
    "Candidate",
    "Hit",
    "Matched",
    "Phrase",
    "Plan",
    "Query",
    "Ranked",
    "SearchAnswer",
    "SearchSection",
    "Sought",
    "Vocabulary",
    "Word",
    "columns_of",
    "fold",
    "indexed",
    "indexed_name",
    "match_all",
    "match_any",
    "match_heads",
    "names_of",
    "parse",
    "plan",
    "rank",
    "relaxed",
    "snippet",
    "stem",
    "without_exclusions",
    "words",
]
