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
# Labels of people's prose. Some are near to one of ours by chance, and none is a misspelling of it; inside a step they
# are notes like any other text. Chosen by holding 4,586 labels and 80,000 words of real pages against the labels above.
_PROSE = frozenset("""
    action actions activities alert alerts alternative approach approve approved approves aspects availability
    background basis benefit benefits body capable caption captive captured category cause causes caution caveat
    check checklist checks clock command commands comment condition consequence context cost costs critical culture
    dagger dangers data date dates decision dependencies deployments description desk details development diagnosis
    disk documentation done download downtime duration effect effected effects effort elected elects else endpoint
    entry environmental environments error errors event events example examples except excerpt excessive exclusion
    exclusively executed exit expend expense expert experts expired explanation export exported exports extent
    extents failure fallback file files fix fixes format formula frequency goal health hint hints hist holt honest
    hosted hosting hostname hot houses how hsts if immediately impact important input inputs installation lack level
    limitations link links location locked locks log logs look loss luck mask meaning method metric modification
    monitoring most name next no note notes notification objective ok optional output outputs overview owner part
    path pattern pitfall port ports possible post posts prevention probes problem problems procedural procedures
    proceed proceeds processed processes processor product profit progress project promise promote promoted prompted
    prompts promql purpose range rationale reality reason recent recommendation record recovery redhat reference
    reject related release relevant relies remark remedy repair repeated repeater replay replayable replies report
    require required requirement requirements resent resolution respect response result results retains retire
    retired retreat retried retrieve retrieves retro return reveal revert rewrites risk risks rock role rollbacks
    rollout runbook sample scenario scope section sector secure secured see select selects server service severity
    sleeps socket sockets solution solutions source stage stages stamps state states status step stops straps stress
    strips success summary symptom symptoms tagged tangent targeted task tasks team test testing then time timeit
    timeline timeouts tip title tools total trigger type undone usage validated validating validations validator
    variation verifications verified violation warning what where who why workaround yes
""".split())  # fmt: skip
_PROSE_PHRASES = frozenset({
    "long term", "short term", "root cause", "rule of thumb", "run as", "run at", "run by", "run for", "run id",
    "run in", "runs at", "runs by", "runs in", "see also", "side effect", "steps to", "when to use", "only in",
    "only on", "only at", "health check",
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


def is_prose(key: str) -> bool:
    """Whether an unknown label is one that people write in any text, so that nobody need be told of it."""
    return key in _PROSE or key in _PROSE_PHRASES


@lru_cache(maxsize=4096)
def misspelt(key: str, *, is_near: bool = False) -> str | None:
    """The label that an unknown key was likely meant to be, as it is written (`timout` → `Timeout`), or None.

    One edit away, or two for words of six letters or more (of ten, when only what `is_near` counts).
    """
    if is_prose(key) or len(key) < 4 or key in _table(()):
        return None
    limit = 2 if len(key) >= (10 if is_near else 6) else 1
    best, best_cost = None, limit + 1
    for word, label in _table(()).items():
        if word[0] != key[0] or len(word) < 4:
            continue
        cost = distance(key, word, limit)
        if cost < best_cost:
            best, best_cost = label if label.lower() == word else word[:1].upper() + word[1:], cost
    return best


def labels() -> tuple[str, ...]:
    """Every canonical label."""
    return tuple(_LABELS)
