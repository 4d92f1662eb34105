"""Any JSON as signals, by expressions that somebody wrote (JMESPath): a field's name → where its value stands. Guesses
nothing; see `shapes` for what is read without a mapping.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from opsbook.ground.guesses import closest
from opsbook.ledger.inbound import loose
from opsbook.ledger.inbound.fingerprints import fingerprint, key_of
from opsbook.ledger.inbound.words import action_of
from opsbook.ledger.signal import Batch, Signal

FORMAT = "mapped"
FIELDS = (
    "alerts", "key", "status", "severity", "summary", "description", "service", "starts_at", "ends_at", "url", "labels",
    "annotations",
)  # fmt: skip
TABLES = ("labels.", "annotations.")
MOST_ALERTS = 20_000  # of one body


def mapping_problems(mapping: Mapping[str, str]) -> list[str]:
    """What is wrong with a mapping, each in a sentence with its place."""
    problems = []
    for name, expression in mapping.items():
        if name not in FIELDS and not (name.startswith(TABLES) and name.partition(".")[2]):
            near = closest(name, FIELDS)
            known = f" There are {', '.join(FIELDS)}, labels.NAME and annotations.NAME."
            guess = f" Did you mean '{near}'?" if near else known
            problems.append(f"A mapping has no field '{name[:64]}'.{guess}")
            continue
        why = _why_not(expression)
        if why:
            problems.append(f"The mapping of '{name}' is no JMESPath: {why}")
    if mapping and not problems and not _tells_alerts_apart(mapping):
        problems.append("A mapping needs a key, a summary or a label, so that one alert can be told from another.")
    return problems


def read(value: Any, mapping: Mapping[str, str]) -> Batch:
    """The batch of a body by a mapping that has no problems."""
    slips = loose.Slips()
    items = _items(value, mapping, slips)
    signals = []
    for place, item in enumerate(items):
        where = f"alerts[{place}]" if "alerts" in mapping else "body"
        signal = _signal(_Found(item, value, mapping, where=where, slips=slips))
        if signal is not None:
            signals.append(signal)
    return Batch(FORMAT, tuple(signals), slips.all())


def _items(value: Any, mapping: Mapping[str, str], slips: loose.Slips) -> list[Any]:
    if "alerts" not in mapping:
        return [value]
    found, why = _search(mapping["alerts"], value)
    if isinstance(found, dict):
        return [found]
    if not isinstance(found, list):
        slips.add("alerts", why or f"'{mapping['alerts']}' leads to no list in this body.")
        return []
    if len(found) > MOST_ALERTS:
        slips.add("alerts", f"Only the first {MOST_ALERTS} of {len(found)} were read.")
    return found[:MOST_ALERTS]


class _Found:
    """What the expressions find in one alert, or else in the whole body."""

    def __init__(self, item: Any, whole: Any, mapping: Mapping[str, str], *, where: str, slips: loose.Slips) -> None:
        self.item = item
        self.whole = whole
        self.mapping = mapping
        self.where = where
        self.slips = slips

    def value(self, name: str) -> Any:
        """The value of a field; None where the mapping has none, or it leads nowhere."""
        if name not in self.mapping:
            return None
        found, why = _search(self.mapping[name], self.item)
        if why:
            self.slips.add(f"{self.where}.{name}", why)
        if found is None and self.item is not self.whole:
            found, _ = _search(self.mapping[name], self.whole)
        return found

    def text(self, name: str) -> str:
        """The value of a field as text."""
        return loose.as_text(self.value(name))

    def table(self, name: str) -> dict[str, str]:
        """The labels or annotations: the whole table if there is one, then those that are named."""
        found = loose.as_labels(self.value(name)) or {}
        for each in self.mapping:
            if each.startswith(f"{name}.") and (text := self.text(each)):
                found[each.partition(".")[2]] = text
        return found


def _signal(found: _Found) -> Signal | None:
    labels, annotations = found.table("labels"), found.table("annotations")
    for name in ("summary", "description"):
        if text := found.text(name):
            annotations[name] = text
    if service := found.text("service"):
        labels["service"] = service
    if "alertname" not in labels and (title := annotations.get("summary", "")):
        labels["alertname"] = title
    key = found.text("key")
    if not key and not labels:
        found.slips.add(found.where, "The mapping finds neither a key nor a label in it, so it is no alert.")
        return None
    action, why = action_of(found.value("status"))
    if why:
        found.slips.add(f"{found.where}.status", why)
    times = []
    for name in ("starts_at", "ends_at"):
        at, why = loose.as_time(found.value(name))
        if why:
            found.slips.add(f"{found.where}.{name}", why)
        times.append(at)
    url = found.text("url")
    return Signal(
        key_of(key) if key else fingerprint(labels), action, labels, annotations, times[0], times[1], generator=url,
        severity=found.text("severity"),
    )  # fmt: skip


def _tells_alerts_apart(mapping: Mapping[str, str]) -> bool:
    return any(name in ("key", "summary", "labels", "service") or name.startswith("labels.") for name in mapping)


@lru_cache(maxsize=1024)
def _compiled(expression: str) -> Any:
    import jmespath  # type: ignore[import-untyped]  # inside: whoever lints pays nothing for it

    return jmespath.compile(expression)


def _why_not(expression: Any) -> str:
    from jmespath.exceptions import JMESPathError  # type: ignore[import-untyped]

    if not isinstance(expression, str) or not expression.strip():
        return "it is empty."
    try:
        _compiled(expression)
    except (JMESPathError, RecursionError, ValueError) as wrong:
        return " ".join(str(wrong).split())[:300] + "."
    return ""


def _search(expression: str, value: Any) -> tuple[Any, str]:
    from jmespath.exceptions import JMESPathError

    try:
        return _compiled(expression).search(value), ""
    except (JMESPathError, RecursionError, ValueError, TypeError, AttributeError, OverflowError) as wrong:
        return None, f"'{expression}' cannot be worked out here: {' '.join(str(wrong).split())[:200]}."
