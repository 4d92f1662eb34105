"""The bold labels that a procedure and its steps understand, with their synonyms, and the guess at a misspelt one.

The table is `reference` of the procedure's grammar: the first name of each line is the canonical one and is what
the model and the pages call it. A user's `[labels]` may add words of another language.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from opsbook.ground.guesses import distance

# canonical label: synonyms. Those of the user's own template come first.
_LABELS: dict[str, str] = {
    "Environment": "",
    "Deployment Process": "deployment|deploy process|process|deployment steps|steps|procedure",
    "Verification": "verify|how to verify|validation|verification steps|überprüfung|vérification|verificación|проверка",
    "Rollback Process": "rollback|roll back|rollback procedure|rollback steps|rollback plan|откат",
    "Prerequisites": "prerequisite|preconditions|before you start|requires|voraussetzungen|prérequis|requisitos",
    "Run on": "target|targets|host|hosts|runs on",
    "Time limit": "timeout|time-out|max duration",
    "Retry": "retries",
    "Expect": "expected|expects|expected output|expected result",
    "Repeat": "safe to repeat|repeatable",
    "Undo": "",
    "Undo steps": "",
    "Approval": "approvals|approved by|needs approval",
    "When": "only if|only when",
    "Capture": "captures",
    "Ask": "asks|prompt",
    "Danger": "dangerous",
    "One at a time": "lock|exclusive",
    "Dry run": "dry-run",
    "Secrets": "secret",
}
# Labels of people's prose, which are near to one of ours by chance and are never misspellings of it.
_PROSE = frozenset({
    "note", "notes", "why", "what", "where", "who", "how", "then", "owner", "impact", "cause", "risk", "link",
    "links", "alert", "alerts", "result", "output", "outputs", "input", "inputs", "reason", "action", "actions",
    "check", "checks", "example", "warning", "important", "symptoms", "solution", "status", "severity",
    "service", "name", "role", "task", "done", "ports", "post", "most", "cost", "port", "step", "steps to",
    "expert", "except", "report", "respect", "mask", "tasks", "desk", "disk", "rock", "clock", "block", "logs",
    "log", "look", "entry", "undone", "path", "date", "dates", "data", "hot", "hosting", "posts", "source",
    "level", "fix", "if", "else", "yes", "no", "ok", "goal",
})  # fmt: skip

STEP_LABELS = frozenset({
    "Run on", "Time limit", "Retry", "Expect", "Repeat", "Undo", "Undo steps", "Approval", "When", "Capture", "Ask",
    "Danger", "One at a time", "Dry run", "Secrets",
})  # fmt: skip


@lru_cache(maxsize=8)
def _table(extra: tuple[tuple[str, str], ...]) -> dict[str, str]:
    table = {word.lower(): label for word, label in extra}
    for label, synonyms in _LABELS.items():
        table.setdefault(label.lower(), label)
        for word in filter(None, synonyms.split("|")):
            table.setdefault(word, label)
    return table


def canonical_label(key: str, extra: Mapping[str, Sequence[str]] | None = None) -> str | None:
    """The label that a field's key means (`timeout` → `Time limit`), or None when it is not one of ours."""
    flat = tuple((word, label) for label, words in (extra or {}).items() for word in words)
    return _table(flat).get(key)


@lru_cache(maxsize=4096)
def misspelt_label(key: str) -> str | None:
    """The label that an unknown key was likely meant to be: one edit away, or two for words of six letters or more."""
    if key in _PROSE or len(key) < 4 or key in _table(()):
        return None
    limit = 2 if len(key) >= 6 else 1
    best, best_cost = None, limit + 1
    for word, label in _table(()).items():
        if word[0] != key[0] or len(word) < 4:
            continue
        cost = distance(key, word, limit)
        if cost < best_cost:
            best, best_cost = label, cost
    return best


def labels() -> tuple[str, ...]:
    """Every canonical label."""
    return tuple(_LABELS)
