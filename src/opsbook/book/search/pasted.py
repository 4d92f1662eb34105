"""Recognises text pasted from a log or a terminal and keeps its telling words; asks no index which are rare.

What changes from one occurrence to the next is dropped: times, addresses, ids, numbers, paths, stack frames.
"""

from __future__ import annotations

import re
from functools import cache

from opsbook.book.search.folding import humps, words

# A question of more words than this is better answered by any of its words than by all.
MOST_TYPED_WORDS = 16
# A text with an address, a time or the name of an error in it is taken as pasted from this many words on.
FEWEST_PASTED_WORDS = 4
# Beyond this the words of a log repeat themselves.
MOST_RUNS = 400

# Field names and levels of log lines, which say nothing of what went wrong.
_NOISE_TEXT = """
    level lvl msg ts caller time timestamp info debug trace warn logger log thread pid err severity component
    traceback recent call last stack goroutine main line file module in at most caused exception
    usr lib bin site packages
"""
_NOISE = frozenset(_NOISE_TEXT.split())
# A number straight after one of these names the error itself (`exit code 137`, `ORA-00600`, `HTTP 502`).
_NUMBERED = frozenset(("code", "status", "errno", "exit", "error", "http", "ora", "sqlstate", "signal", "err"))


@cache
def _volatile() -> re.Pattern[str]:
    month = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
    return re.compile(
        r"\d{4}[-/]\d\d[-/]\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|\s?[+-]\d\d:?\d\d|\sUTC)?)?"
        rf"|\b{month}\s+\d{{1,2}}\s+\d\d:\d\d:\d\d|\b[IWEF]\d{{4}}\s+\d\d:\d\d:\d\d\.\d+\s+\d+"
        r"|\b\d{1,2}:\d\d:\d\d(?:[.,]\d+)?"
        r"|\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b"
        r"|\b(?:sha256:|0x)[0-9a-fA-F]+|\b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{7,}\b"
        r"|\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?(?:/\d+)?"
        r"|(?<![\w:])(?:[0-9a-fA-F]{0,4}:){3,7}[0-9a-fA-F]{0,4}(?![\w:])"
        r"|-[0-9a-f]{8,10}-[a-z0-9]{5}\b"
        r"|\b\w+://"
    )


@cache
def _telltale() -> re.Pattern[str]:
    return re.compile(
        r"\b[A-Z]\w*(?:Error|Exception)\b|\b(?:ERROR|FATAL|PANIC|WARN|WARNING|CRITICAL)\b"
        r"|\b(?:error|fatal|panic|failed)\s?:|\[Errno \d+\]|/[\w.+-]+/[\w.+-]+/|\w+=\"|\w+\.\w+\.\w+\.[A-Z]"
    )


@cache
def _dropped() -> re.Pattern[str]:
    # Directories of a path, keeping its last part; amounts with a unit; `file.py:12`, `main.go:123]`.
    return re.compile(
        r"(?<![\w:/])/(?:[\w.@+~-]+/)+|\b[A-Za-z]:\\(?:[\w .-]+\\)+"
        r"|\b\d+(?:\.\d+)?\s?(?:ns|us|µs|ms|s|sec|seconds|m|min|h|d|[KMGT]i?B?|bytes|%)(?![\w-])"
        r"|\b[\w-]+\.(?:go|py|java|rb|js|ts|c|cc|cpp|rs|scala|kt):\d+(?::\d+)?"
    )


@cache
def _frame() -> re.Pattern[str]:
    return re.compile(
        r"\s*(?:at\s+[\w$.<>/]+\s?\(|at\s+\S+:\d+:\d+|goroutine \d+|\.{3} \d+ (?:more|common frames)"
        r"|\S+\.go:\d+ \+0x|#\d+\s+0x|from \S+:\d+:in )"
    )


@cache
def _source_line() -> re.Pattern[str]:
    return re.compile(r'\s*File ".*", line \d+')


def is_pasted(text: str) -> bool:
    """Whether the text looks copied from a log or a terminal rather than typed into a search box."""
    pieces = len(text.split())
    if pieces > MOST_TYPED_WORDS or "://" in text:
        return True
    if pieces < FEWEST_PASTED_WORDS:
        return False
    has_lines = len([line for line in text.splitlines() if line.strip()]) > 1
    return has_lines or bool(_volatile().search(text)) or bool(_telltale().search(text))


def telling_runs(text: str) -> tuple[tuple[str, ...], ...]:
    """The words worth looking for, in runs that stood side by side; empty when nothing but noise is left."""
    runs: dict[tuple[str, ...], None] = {}
    for line in _lines(text):
        cleaned = _dropped().sub(" | ", _volatile().sub(" | ", line))
        for piece in re.split(r"[|;,(){}\[\]=]|: |\. |\\n", cleaned):
            _add_runs(piece, runs)
        if len(runs) >= MOST_RUNS:
            break
    return tuple(runs)


def _lines(text: str) -> list[str]:
    kept: list[str] = []
    is_source = False
    for line in text.splitlines():
        if is_source and line.startswith("    "):
            is_source = False
            continue
        is_source = bool(_source_line().match(line))
        if not is_source and not _frame().match(line):
            kept.append(line)
    return kept


def _add_runs(piece: str, runs: dict[tuple[str, ...], None]) -> None:
    run: list[str] = []
    previous = ""
    for word in words(piece):
        if word in _NOISE or _is_volatile(word, previous):
            if run:
                runs[tuple(run)] = None
            run = []
        else:
            run.append(word)
        previous = word
    if run:
        runs[tuple(run)] = None
    for chunk in piece.split():
        parts = humps(chunk.strip("\"'`.:"))
        if parts:
            runs[parts] = None


def _is_volatile(word: str, previous: str) -> bool:
    if word.isdigit():
        return not (previous in _NUMBERED and len(word) <= 5)
    # Letters and digits mixed over a length are ids; `http2`, `s3`, `p99` are words.
    digits = sum(char.isdigit() for char in word)
    return digits > 2 and len(word) > 5
