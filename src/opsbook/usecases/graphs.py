"""What a Prometheus says of graphs and alerts, asked so that pages never wait for it twice: answers are kept for a few
seconds, a question is in flight once however many ask it, and one that is away is left alone for a while."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from datetime import datetime, timedelta
from typing import Any, Literal

from msgspec import Struct

from opsbook.book.page import Page
from opsbook.ground.errors import Failure
from opsbook.usecases.graph_sources import Graph, Watched, watched
from opsbook.usecases.library import Book
from opsbook.usecases.monitoring_ports import Monitored, Series

KEPT = timedelta(seconds=10)
MOST_KEPT = 500  # answers
FIRST_REST, LONGEST_REST = timedelta(seconds=10), timedelta(minutes=2)
State = Literal["firing", "pending", "inactive"]
_GRAVITY: tuple[State, ...] = ("firing", "pending", "inactive")


class Span(Struct, frozen=True):
    """How far back graphs reach, in words, and how far their points are apart."""

    name: str
    words: str
    length: timedelta
    step: timedelta

    @property
    def last(self) -> str:
        """The words behind "the last"."""
        return "hour" if self.words == "1 hour" else self.words


SPANS: dict[str, Span] = {
    span.name: span
    for span in (
        Span("1h", "1 hour", timedelta(hours=1), timedelta(seconds=30)),
        Span("6h", "6 hours", timedelta(hours=6), timedelta(minutes=3)),
        Span("24h", "24 hours", timedelta(hours=24), timedelta(minutes=10)),
        Span("7d", "7 days", timedelta(days=7), timedelta(hours=1)),
    )
}
USUAL = SPANS["1h"]


class Drawn(Struct, frozen=True):
    """A graph with its lines, or why the server refuses to tell them; and when its alerts were pending or firing: the
    points of Prometheus' own ALERTS series."""

    graph: Graph
    lines: tuple[Series, ...] = ()
    why: str = ""
    states: tuple[Series, ...] = ()


class Looked(Struct, frozen=True):
    """Graphs over a span. `away` says why there are none now, and `tried_at` when the server was last asked."""

    span: Span
    start: datetime
    end: datetime
    graphs: tuple[Drawn, ...] = ()
    away: str = ""
    tried_at: datetime | None = None
    is_configured: bool = True


class AlertState(Struct, frozen=True):
    """The state of an alert as the server runs it, and of how many series it is pending or firing."""

    state: State
    count: int = 0


class States(Struct, frozen=True):
    """The states of alerts by their name in lower case; as in Looked otherwise."""

    by_name: Mapping[str, AlertState] = {}
    away: str = ""
    tried_at: datetime | None = None

    def of(self, alert: str) -> AlertState | None:
        """The state of an alert; None where the server knows none of that name."""
        return self.by_name.get(alert.lower())


class _Away(Exception):
    """The server does not answer, or is left alone for a while because it did not."""


class Graphs:
    """Asks one server; None where none is configured. For threads."""

    def __init__(self, server: Monitored | None, *, now: Callable[[], datetime]) -> None:
        self._server = server
        self._now = now
        self._lock = threading.Lock()
        self._held: dict[Any, tuple[datetime, Future[Any]]] = {}
        self._rest_until: datetime | None = None
        self._rest = FIRST_REST
        self._why = ""
        self._tried_at: datetime | None = None
        self._watched: tuple[int, dict[str, Watched]] = (-1, {})

    @property
    def is_configured(self) -> bool:
        """Whether there is a server to be asked."""
        return self._server is not None and bool(self._server.address)

    @property
    def address(self) -> str:
        """Where the server is, without a password; empty where there is none."""
        return self._server.address if self._server is not None else ""

    def watched(self, book: Book, service: str, runbook: Callable[[], Page]) -> Watched:
        """The graphs and alerts of a service, worked out once for each state of the book."""
        number, known = self._watched
        if number != book.number:
            known = {}
            self._watched = (book.number, known)
        if service not in known:
            known[service] = watched(book, service, runbook())
        return known[service]

    def look(self, graphs: Sequence[Graph], span: Span) -> Looked:
        """The graphs as they are now."""
        now = self._now()
        end = now.replace(microsecond=0) + timedelta(seconds=1)  # what was read within this second is asked for too
        start = end - span.length
        alerts = sorted({alert for graph in graphs for alert in graph.alerts})
        expressions = [graph.expression for graph in graphs] + ([_states_of(alerts)] if alerts else [])
        if not graphs or not self.is_configured:
            return Looked(span, start, end, is_configured=self.is_configured)
        try:
            answers = self._over(expressions, span, (start, end))
        except _Away as wrong:
            return Looked(span, start, end, away=str(wrong), tried_at=self._tried_at)
        states = answers[-1] if alerts and not isinstance(answers[-1], str) else ()
        return Looked(
            span, start, end,
            tuple(_drawn(graph, answer, states) for graph, answer in zip(graphs, answers, strict=False)),
        )  # fmt: skip

    def states(self) -> States:
        """The states of all alerts that the server runs."""
        if not self.is_configured:
            return States()
        try:
            return States(self._asked(("rules",), lambda server: _by_name(server)))
        except _Away as wrong:
            return States(away=str(wrong), tried_at=self._tried_at)

    # -- asking ----------------------------------------------------------------------------------------------------

    def _over(
        self, expressions: Sequence[str], span: Span, times: tuple[datetime, datetime]
    ) -> list[tuple[Series, ...] | str]:
        """The answer for each expression, from those that are kept, those in flight, and one question for the rest."""
        futures: dict[str, Future[Any]] = {}
        mine: dict[str, Future[Any]] = {}
        with self._lock:
            self._forget()
            for expression in expressions:
                kept = self._held.get((expression, span.name))
                if kept is not None:
                    futures[expression] = kept[1]
            lacking = [each for each in dict.fromkeys(expressions) if each not in futures]
            if lacking:
                self._may_ask()
            for expression in lacking:
                future: Future[Any] = Future()
                self._held[(expression, span.name)] = (self._now(), future)
                futures[expression] = mine[expression] = future
        if mine:
            self._ask(
                {(each, span.name): future for each, future in mine.items()},
                lambda server: server.over(tuple(mine), *times, span.step),
            )
        return [futures[each].result() for each in expressions]

    def _asked(self, key: tuple[str, ...], ask: Callable[[Monitored], Any]) -> Any:
        with self._lock:
            self._forget()
            kept = self._held.get(key)
            if kept is None:
                self._may_ask()
                future: Future[Any] = Future()
                self._held[key] = (self._now(), future)
        if kept is not None:
            return kept[1].result()
        self._ask({key: future}, lambda server: (ask(server),))
        return future.result()

    def _may_ask(self) -> None:
        """Raises where the server is left alone now; otherwise the one that asks keeps the others away meanwhile."""
        now = self._now()
        if self._rest_until is not None:
            if now < self._rest_until:
                raise _Away(self._why)
            self._rest_until = now + self._rest

    def _ask(self, waiting: Mapping[Any, Future[Any]], ask: Callable[[Monitored], Sequence[Any]]) -> None:
        """Asks, and tells all who wait; what failed is not kept."""
        server = self._server
        assert server is not None
        try:
            answers = ask(server)
        except BaseException as wrong:
            with self._lock:
                for key in waiting:
                    self._held.pop(key, None)
                if isinstance(wrong, Failure):
                    self._fell(str(wrong))
            told = _Away(str(wrong)) if isinstance(wrong, Failure) else wrong
            for future in waiting.values():
                future.set_exception(told)
            if not isinstance(wrong, Failure):
                raise
            return
        with self._lock:
            self._rest_until, self._rest, self._why = None, FIRST_REST, ""
        for future, answer in zip(waiting.values(), answers, strict=True):
            future.set_result(answer)

    def _fell(self, why: str) -> None:
        now = self._now()
        if self._rest_until is not None:
            self._rest = min(self._rest * 2, LONGEST_REST)
        self._rest_until, self._why, self._tried_at = now + self._rest, why, now

    def _forget(self) -> None:
        """Lets go of what is too old, and of the oldest where there is too much; never of what is in flight."""
        limit = self._now() - KEPT
        old = [key for key, (at, future) in self._held.items() if at <= limit and future.done()]
        done = [key for key, (_, future) in self._held.items() if future.done() and key not in old]
        for key in (*old, *done[: max(0, len(self._held) - len(old) - MOST_KEPT)]):
            del self._held[key]


def graphs_model(looked: Looked, states: States, found: Watched) -> dict[str, Any]:
    """Graphs and the states of alerts as plain values; what is no finite number is none there."""
    return {
        "range": looked.span.name, "start": looked.start, "end": looked.end,
        "step_s": looked.span.step.total_seconds(), "is_configured": looked.is_configured, "away": looked.away,
        "more": found.more, "graphs": [_graph_model(each) for each in looked.graphs],
        "alerts": [
            {"name": name, "state": state.state if state else None, "count": state.count if state else 0}
            for name in dict.fromkeys(found.alerts) for state in (states.of(name),)
        ],
    }  # fmt: skip


def _graph_model(drawn: Drawn) -> dict[str, Any]:
    graph = drawn.graph
    return {
        "title": graph.title, "expression": graph.expression, "unit": graph.measure.kind,
        "factor": graph.measure.factor, "path": graph.path, "line": graph.line, "why_not": drawn.why or None,
        "thresholds": [
            {"alert": each.alert, "operator": each.limit.operator, "value": _finite(each.limit.number)}
            for each in graph.thresholds
        ],
        "series": [
            {"labels": dict(line.labels), "points": [[at, _finite(value)] for at, value in line.points]}
            for line in drawn.lines
        ],
    }  # fmt: skip


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _states_of(alerts: Sequence[str]) -> str:
    """Prometheus' own series of when alerts were pending or firing."""
    names = "|".join(_escaped(alert) for alert in alerts)
    return f'max by (alertname, alertstate) (ALERTS{{alertname=~"{names}"}})'


def _escaped(alert: str) -> str:
    """A name within a pattern within a quoted text of PromQL: what is neither letter nor digit means itself."""
    return "".join(each if each.isalnum() or each == "_" else _any(each) for each in alert)


def _any(letter: str) -> str:
    return letter if letter in " -:@" else "."


def _drawn(graph: Graph, answer: tuple[Series, ...] | str, states: Sequence[Series]) -> Drawn:
    mine = tuple(each for each in states if each.labels.get("alertname", "") in graph.alerts)
    if isinstance(answer, str):
        return Drawn(graph, why=answer, states=mine)
    return Drawn(graph, answer, states=mine)


def _by_name(server: Monitored) -> dict[str, AlertState]:
    """The gravest state of each alert: several rules may have one name."""
    found: dict[str, AlertState] = {}
    for rule in server.rules():
        state = next((each for each in _GRAVITY if each == rule.state), None)
        if rule.kind != "alert" or state is None:
            continue
        name, known = rule.name.lower(), found.get(rule.name.lower())
        if known is None or _GRAVITY.index(state) < _GRAVITY.index(known.state):
            found[name] = AlertState(state, rule.firing)
        elif known.state == state:
            found[name] = AlertState(state, known.count + rule.firing)
    return found
