"""Which open alert keeps another quiet, by the inhibition tables of the book. Suppresses nothing by itself.

Those that may keep others quiet are held in memory, by the labels in which both must agree: a question costs the same
with ten open alerts and with ten thousand. Whoever routes tells of each alert that it recorded; what others recorded
meanwhile is seen when it matters, because an alert is looked up before it is said to keep another quiet.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct

from opsbook.book.inhibition import Inhibition
from opsbook.book.matchers import matches
from opsbook.ledger.alert import Alert, alert_of, stream_of
from opsbook.usecases.ledger_ports import EngineLedger
from opsbook.usecases.library import Book

_AT_ONCE = 1000  # rows read at a time
# Nobody knows whether a stale alert still fires, so it keeps nothing quiet.
_FIRES = frozenset({"firing", "acknowledged", "suppressed"})


class Rule(Struct, frozen=True):
    """A row of an inhibition table, and the page that it stands on."""

    path: str
    inhibition: Inhibition

    def key(self, labels: Mapping[str, str]) -> tuple[str, ...]:
        """The values in which both alerts must agree; an absent label is the empty value."""
        return tuple(labels.get(name, "") for name in self.inhibition.same)


def rules_of(book: Book) -> tuple[Rule, ...]:
    """The inhibitions of a book, in the order of its pages."""
    policies = [(path, facts.policy) for path, facts in sorted(book.facts.items()) if facts.policy is not None]
    return tuple(Rule(path, each) for path, policy in policies for each in policy.inhibitions)


class _Sources:
    """The alerts that a rule says keep others quiet, by the key of the rule. Those that it would keep quiet too are
    kept apart: they keep none of their own kind quiet, or each would silence the other."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.plain: defaultdict[tuple[str, ...], dict[str, str]] = defaultdict(dict)  # key → stream → name
        self.both: defaultdict[tuple[str, ...], dict[str, str]] = defaultdict(dict)

    def take(self, alert: Alert) -> None:
        """Takes an alert in, if the rule is about it."""
        labels = alert.matched_labels
        if matches(self.rule.inhibition.source, labels):
            kept = self.both if matches(self.rule.inhibition.target, labels) else self.plain
            kept[self.rule.key(labels)][stream_of(alert.id)] = alert.name

    def drop(self, stream: str, labels: Mapping[str, str]) -> None:
        """Drops an alert."""
        key = self.rule.key(labels)
        for kept in (self.plain, self.both):
            if key in kept:
                kept[key].pop(stream, None)
                if not kept[key]:
                    del kept[key]

    def quieting(self, labels: Mapping[str, str]) -> Iterable[dict[str, str]]:
        """The alerts that keep one with these labels quiet: names by stream, as they are held."""
        if not matches(self.rule.inhibition.target, labels):
            return
        key = self.rule.key(labels)
        yield self.plain.get(key, {})
        if not matches(self.rule.inhibition.source, labels):
            yield self.both.get(key, {})


class Inhibiting:
    """The inhibitions of a served book over the alerts of a ledger. For one thread: that of whoever routes."""

    def __init__(self, ledger: EngineLedger, book: Callable[[], Book]) -> None:
        self._ledger = ledger
        self._book = book
        self._number = -1
        self._sources: list[_Sources] = []
        self._labels: dict[str, Mapping[str, str]] = {}  # of the alerts that are held, by stream

    def inhibited_by(self, labels: Mapping[str, str], stream: str = "") -> tuple[str, str] | None:
        """The stream of an alert that keeps one with these labels quiet, and why in a sentence; None where none does.
        `stream` is the alert's own, which never keeps itself quiet."""
        self._follow_book()
        for sources in self._sources:
            for held in sources.quieting(labels):
                while (other := next((each for each in held if each != stream), None)) is not None:
                    name = held[other]
                    if self._still_fires(other):
                        rule = sources.rule
                        return other, f"Quiet while {name} fires, as {rule.path}:{rule.inhibition.line} says."
                    held.pop(other, None)
        return None

    def may_quiet(self, labels: Mapping[str, str]) -> bool:
        """Whether an alert with these labels may keep others quiet: then those that are open are to be looked at again
        when it begins and when it ends."""
        self._follow_book()
        return any(matches(each.rule.inhibition.source, labels) for each in self._sources)

    def quiets(self, source: Mapping[str, str], target: Mapping[str, str]) -> bool:
        """Whether an alert with the labels `source`, while it fires, keeps one with those of `target` quiet."""
        self._follow_book()
        for rule in (each.rule for each in self._sources):
            inhibition = rule.inhibition
            if rule.key(source) == rule.key(target) and matches(inhibition.source, source):
                is_both = matches(inhibition.target, source) and matches(inhibition.source, target)
                if matches(inhibition.target, target) and not is_both:
                    return True
        return False

    def follow(self, alert: Alert) -> bool:
        """Takes in an alert as it is now, after it was recorded; whether it is one that may keep others quiet."""
        self._follow_book()
        return self._taken(alert)

    def _taken(self, alert: Alert) -> bool:
        labels, stream = alert.matched_labels, stream_of(alert.id)
        self._drop(stream)
        may_quiet = not alert.is_drill and any(
            matches(each.rule.inhibition.source, labels) for each in self._sources
        )
        if may_quiet and alert.status in _FIRES:
            self._labels[stream] = labels
            for each in self._sources:
                each.take(alert)
        return may_quiet

    def rules(self) -> tuple[Rule, ...]:
        """The inhibitions that hold now."""
        self._follow_book()
        return tuple(each.rule for each in self._sources)

    def reload(self) -> None:
        """Reads all open alerts again: whoever routed before was another."""
        self._number = -1
        self._follow_book()

    def _follow_book(self) -> None:
        book = self._book()
        if book.number == self._number:
            return
        rules = rules_of(book)
        if self._number < 0 or rules != tuple(each.rule for each in self._sources):
            self._sources = [_Sources(rule) for rule in rules]
            self._labels = {}
            self._load()
        self._number = book.number

    def _load(self) -> None:
        before: int | None = None
        while self._sources:
            rows = self._ledger.rows("alerts", is_open=True, before=before, limit=_AT_ONCE)
            for row in rows:
                self._taken(alert_of(row))
            if len(rows) < _AT_ONCE:
                return
            before = rows[-1].first

    def _drop(self, stream: str) -> None:
        labels = self._labels.pop(stream, None)
        if labels is not None:
            for each in self._sources:
                each.drop(stream, labels)

    def _still_fires(self, stream: str) -> bool:
        kept = self._ledger.row("alerts", stream)
        if kept is not None and kept.row.document["status"] in _FIRES:
            return True
        self._drop(stream)
        return False
