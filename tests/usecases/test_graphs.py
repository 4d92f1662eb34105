"""A monitoring server is asked as little as can be: answers are kept, questions are shared, one that is away rests."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from opsbook.book.measures import Measure
from opsbook.ground.errors import Failure
from opsbook.usecases.graph_sources import Graph, Watched
from opsbook.usecases.graphs import SPANS, Graphs, graphs_model
from opsbook.usecases.monitoring_ports import Series, ServerRule

NOW = datetime(2026, 3, 26, 3, 0, 7, tzinfo=UTC)
HOUR = SPANS["1h"]


class Server:
    """A server that counts what it is asked."""

    address = "http://prometheus.example.org"

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.is_away = False
        self.gate: threading.Event | None = None
        self.reached = threading.Event()
        self.told: tuple[ServerRule, ...] = ()

    def over(self, expressions, start, end, step):
        self.asked.append(expressions)
        self.reached.set()
        if self.gate is not None:
            assert self.gate.wait(20)
        if self.is_away:
            raise Failure("It does not answer.")
        return tuple(
            "1:3: parse error" if each == "bad" else (Series({"alertname": "Slow", "alertstate": "firing"}, ((end.timestamp(), 1.0),)),)
            for each in expressions
        )  # fmt: skip

    def rules(self):
        self.asked.append(("rules",))
        if self.is_away:
            raise Failure("It does not answer.")
        return self.told


class Asking:
    """Graphs of a server, with a clock that a test turns."""

    def __init__(self) -> None:
        self.server, self.at = Server(), NOW
        self.graphs = Graphs(self.server, now=lambda: self.at)

    def look(self, *expressions: str, span=HOUR, alerts: tuple[str, ...] = ()):
        return self.graphs.look([Graph(each, each, Measure(), "m.md", 1, alerts=alerts) for each in expressions], span)


@pytest.fixture
def asking() -> Asking:
    return Asking()


def test_all_graphs_and_the_states_of_their_alerts_are_one_question(asking):
    looked = asking.look("a", "b", alerts=("Slow", "Pa|y"))
    assert asking.server.asked == [("a", "b", 'max by (alertname, alertstate) (ALERTS{alertname=~"Pa.y|Slow"})')]
    assert [each.graph.expression for each in looked.graphs] == ["a", "b"] and looked.graphs[0].states
    assert (looked.start, looked.end) == (datetime(2026, 3, 26, 2, 0, 8, tzinfo=UTC), datetime(2026, 3, 26, 3, 0, 8, tzinfo=UTC))


def test_an_answer_is_kept_for_some_seconds_by_expression_and_span(asking):
    asking.look("a")
    asking.look("a", "b")
    asking.look("a", span=SPANS["6h"])
    assert asking.server.asked == [("a",), ("b",), ("a",)]
    asking.at += timedelta(seconds=11)
    asking.look("a")
    assert len(asking.server.asked) == 4


def test_who_asks_what_is_in_flight_waits_for_that(asking):
    asking.server.gate = threading.Event()
    found = []
    threads = [threading.Thread(target=lambda: found.append(asking.look("a"))) for _ in range(4)]
    threads[0].start()
    assert asking.server.reached.wait(20)
    for thread in threads[1:]:
        thread.start()
    asking.server.gate.set()
    for thread in threads:
        thread.join(20)
    assert asking.server.asked == [("a",)] and len(found) == 4 and all(each.graphs for each in found)


def test_one_refused_expression_leaves_the_others(asking):
    looked = asking.look("a", "bad")
    assert [each.why for each in looked.graphs] == ["", "1:3: parse error"]


def test_a_server_that_is_away_is_left_alone_longer_and_longer(asking):
    asking.server.is_away = True
    assert asking.look("a").away == "It does not answer." and asking.look("b").tried_at == NOW
    assert asking.graphs.states().away and asking.server.asked == [("a",)]
    asking.at += timedelta(seconds=11)
    asking.look("a")
    asking.at += timedelta(seconds=11)  # it rests for twice as long now
    asking.look("a")
    assert len(asking.server.asked) == 2
    asking.at += timedelta(seconds=11)
    asking.server.is_away = False
    assert not asking.look("a").away and not asking.look("b").away


def test_the_gravest_state_of_rules_of_one_name_counts(asking):
    def rule(name: str, state: str, firing: int, kind="alert") -> ServerRule:
        return ServerRule(kind=kind, name=name, expression="a", group="g", state=state, firing=firing)

    asking.server.told = (rule("Slow", "inactive", 0), rule("Slow", "firing", 2), rule("Slow", "firing", 1), rule("Slow", "pending", 4),
                          rule("calm", "inactive", 0), rule("sum", "", 0, "record"))  # fmt: skip
    states = asking.graphs.states()
    assert (states.of("slow").state, states.of("SLOW").count, states.of("Calm").state) == ("firing", 3, "inactive")
    assert states.of("sum") is None and asking.graphs.states() == states and len(asking.server.asked) == 1


def test_what_is_wrong_with_us_is_not_told_as_away_and_not_kept(asking):
    asking.server.over = lambda *words: 1 / 0
    with pytest.raises(ZeroDivisionError):
        asking.look("a")
    del asking.server.over
    assert asking.look("a").graphs


def test_without_a_server_nothing_is_asked():
    graphs = Graphs(None, now=lambda: NOW)
    looked = graphs.look([Graph("a", "a", Measure(), "m.md", 1)], HOUR)
    assert not graphs.is_configured and looked.graphs == () and not looked.away and not graphs.states().by_name


def test_plain_values_hold_no_number_that_json_has_not(asking):
    asking.server.over = lambda expressions, *more: ((Series({}, ((1.0, float("nan")), (2.0, 3.0))),),)
    looked = asking.look("a")
    model = graphs_model(looked, asking.graphs.states(), Watched())
    assert model["graphs"][0]["series"] == [{"labels": {}, "points": [[1.0, None], [2.0, 3.0]]}]
