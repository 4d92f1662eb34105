"""A Prometheus is asked within bounds, and tells its rules, targets, metrics and graphs."""

from __future__ import annotations

import socket
import time
from datetime import UTC, datetime, timedelta

import pytest
from tests.adapters.prometheus_running import running
from tests.adapters.test_firing_lists import serving

from opsbook.adapters.prometheus_server import PrometheusServer
from opsbook.ground.errors import Failure

RULES = """
groups:
- name: api
  interval: 1s
  rules:
  - {alert: ApiGone, expr: 'up{job="gone"} == 0', for: 1h, labels: {severity: page}, annotations: {summary: It is gone.}}
  - {record: 'job:up:sum', expr: sum by (job) (up)}
"""
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A real Prometheus, for all tests here."""
    with running(tmp_path_factory.mktemp("prometheus"), RULES, ready="count(job:up:sum) == 2 and on () job:up:sum{job=\"api\"} == 1") as told:
        yield told


@pytest.fixture
def server(address):
    """Asks it."""
    return PrometheusServer(address + "/")


def now() -> datetime:
    """The time of the server that runs."""
    return datetime.now(UTC)


def test_a_real_prometheus_tells_its_rules(server):
    alert, record = server.rules()
    assert (alert.kind, alert.name, alert.group, alert.hold, alert.labels) == ("alert", "ApiGone", "api", HOUR, {"severity": "page"})
    assert (alert.annotations, alert.interval, alert.file.endswith("rules.yml")) == ({"summary": "It is gone."}, timedelta(seconds=1), True)
    assert (record.kind, record.name, record.expression, record.state) == ("record", "job:up:sum", "sum by (job) (up)", "")


def test_a_real_prometheus_tells_its_targets(server):
    up, gone = sorted(server.targets(), key=lambda target: target.job)
    assert (up.job, up.is_up, up.labels, up.url.endswith("/metrics")) == ("api", True, {"team": "payments"}, True)
    assert (gone.job, gone.address, gone.is_up) == ("gone", "127.0.0.1:1", False)


def test_a_real_prometheus_tells_its_metrics(server):
    assert {"up", "job:up:sum"} <= server.metric_names()
    assert server.present(frozenset({"up", "no.such", "nothing"}), now(), HOUR) == {"up"}


def test_a_real_prometheus_answers_several_questions_side_by_side(server):
    graph, none, wrong = server.over(("sum by (job) (up)", "vector(1) > 2", "sum("), now() - HOUR, now(), timedelta(seconds=60))
    assert {line.labels["job"] for line in graph} == {"api", "gone"}
    assert all(isinstance(value, float) for line in graph for _, value in line.points)
    assert none == () and "parse error" in wrong


def test_no_question_is_no_answer(server):
    assert server.over((), now(), now(), HOUR) == ()


def test_where_none_is_configured_there_is_no_address():
    server = PrometheusServer("")
    assert server.address == ""
    with pytest.raises(Failure, match="No Prometheus"):
        server.rules()


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({}, "answers 404"), ({"/api/v1/rules": 503}, "answers 503"), ({"/api/v1/rules": {"a": 1}}, "as a Prometheus does"),
        ({"/api/v1/rules": {"status": "success", "data": {"groups": [{"name": 1}]}}}, "as a Prometheus does"),
        ({"/api/v1/rules": "/api/v1/rules"}, "redirects"), ({"/api/v1/rules": "file:///etc/passwd"}, "does not answer"),
        ({"/api/v1/rules": {"status": "success", "data": "x" * 2000}}, "more than 1,000 bytes"),
    ],
)  # fmt: skip
def test_what_is_no_prometheus_is_a_failure_with_the_reason(answers, words):
    with serving(answers) as address, pytest.raises(Failure, match=words):
        PrometheusServer(address, most_bytes=1000).rules()


def test_a_prometheus_that_does_not_answer_is_given_up_in_time():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        begun = time.monotonic()
        with pytest.raises(Failure, match="does not answer"):
            PrometheusServer(f"http://127.0.0.1:{silent.getsockname()[1]}", limit_s=0.2).over(("up",) * 20, now(), now(), HOUR)
        assert time.monotonic() - begun < 3


def test_neither_password_nor_token_is_shown():
    server = PrometheusServer("http://somebody:hunter2@127.0.0.1:1/hunter2", token=lambda: "tok3n")
    with pytest.raises(Failure) as wrong:
        server.rules()
    assert "somebody" not in str(wrong.value) and ":hunter2" not in str(wrong.value) and "tok3n" not in str(wrong.value)


@pytest.mark.parametrize("address", ["file:///etc/passwd", "127.0.0.1:9090", "http://", "http://[", "http://\ud800"])
def test_what_is_no_address_is_a_failure(address):
    with pytest.raises(Failure):
        PrometheusServer(address).rules()
