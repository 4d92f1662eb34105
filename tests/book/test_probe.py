"""The probes of a page: addresses, the labels beside them, keys, and what the manual says of all that."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.book.whole_reading import page_of

from opsbook.book.expectation import describe, read_expectation
from opsbook.book.grammar.problem import Problem
from opsbook.book.health_checks import LABELS
from opsbook.book.probe import Probe, as_configured, misread_of, probes_of
from opsbook.book.probe_address import kind_of, rewritten, unasked
from opsbook.book.probe_settings import read_frequency, read_redirects, read_thresholds, read_timeout
from opsbook.ledger.health import Outcome

MANUAL = (Path(__file__).resolve().parents[2] / "docs/probing.md").read_text(encoding="utf-8")
HEAD = "# API Runbook\n\n**Service:** api\n\n## Health Checks\n\n"


def probes(text: str, path: str = "runbooks/a.md") -> tuple[Probe, ...]:
    return probes_of(page_of(HEAD + text, path))


def test_a_probe_has_what_its_labels_say():
    (probe,) = probes(
        "- **Health Check URL:** https://a/h\n- **Expected Response:** `200 OK`\n- **Check Frequency:** 30 seconds\n- **Timeout:** 4s\n"
        "- **Unhealthy After:** 5 failures\n- **Healthy After:** 3 successes\n- **Follow Redirects:** yes\n"
    )
    assert (probe.path, probe.line, probe.service, probe.kind, probe.address) == ("runbooks/a.md", 7, "api", "http", "https://a/h")
    assert (probe.every_s, probe.timeout_s, probe.failures, probe.successes, probe.follows_redirects) == (30, 4, 5, 3, True)
    assert (probe.expectation.words, describe(probe.expectation)) == ("`200 OK`", "status 200")


def test_what_is_not_said_is_as_usual():
    (probe,) = probes("- **Health Check URL:** https://a/h\n")
    assert (probe.every_s, probe.timeout_s, probe.failures, probe.successes, probe.follows_redirects) == (60, 10, 3, 2, False)
    assert probe.expectation.words == "2xx"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("- **Probe:** tcp://db:5432\n  - **Check Frequency:** 10s\n", [("tcp", "tcp://db:5432", 10, "a connection")]),
        ("- **Probe:** tls://a\n- **Certificate:** 30 days left\n", [("tls", "tls://a", 60, "a valid certificate, a certificate good for 30 more days")]),
        ("- **Probe:** tls://a\n", [("tls", "tls://a", 60, "a valid certificate, a certificate good for 14 more days")]),
        ("- **Probe:** dns://r/a.b?type=A\n- **Addresses:** 10.0.0.1\n", [("dns", "dns://r/a.b?type=A", 60, "the addresses 10.0.0.1")]),
        ("- **Readiness:** https://a/r\n- **Liveness:** https://a/l\n- **Expected:** 204\n- **Interval:** 5s\n",
         [("http", "https://a/r", 5, "status 204"), ("http", "https://a/l", 5, "status 204")]),
        ("- **Readiness:** https://a/r\n- **Expected:** 204\n- **Liveness:** https://a/l\n", [("http", "https://a/r", 60, "status 204"), ("http", "https://a/l", 60, "status 2xx")]),
        ("- **Health Check URLs:**\n  - https://a/r\n  - https://a/l\n- **Expected:** 204\n", [("http", "https://a/r", 60, "status 204"), ("http", "https://a/l", 60, "status 204")]),
        ("- **Health Check URL:** https://a/r and https://a/l\n", [("http", "https://a/r", 60, "status 2xx"), ("http", "https://a/l", 60, "status 2xx")]),
        ("- **Health:** https://a/h\n- **Expected Response:**\n  ```json\n  {\"status\": \"ok\"}\n  ```\n- **Every:** 5s\n",
         [("http", "https://a/h", 5, 'status 2xx, JSON with {"status": "ok"}')]),
        ("| Check | URL | Expected | Interval |\n|-|-|-|-|\n| live | https://a/l | `200` | 15s |\n", [("http", "https://a/l", 15, "status 200")]),
        ("- **Health Check URL:** [URL]\n- **Expected Response:** [Response]\n", []),
        ("- **Health Check URL:** https://api.<env>.example.com/health\n", []), ("- **Health Check URL:** http://a:{{ port }}/h\n", []),
    ],
)  # fmt: skip
def test_probes_are_read_as_people_write_them(text, found):
    assert [(p.kind, p.address, p.every_s, describe(p.expectation, p.kind)) for p in probes(text)] == found


@pytest.mark.parametrize("form", ["{}", "`{}`", "<{}>", "[here]({})", "see {}, please", "({})", "**{}**"])
@pytest.mark.parametrize(
    "address",
    ["http://[::1]:9/health", "https://[2001:db8::1]", "tcp://[::1]:5432", "tls://[::1]", "dns://[::1]:53/x?type=A", "http://[fe80::1%25eth0]:1/"],
)  # fmt: skip
def test_an_address_of_ipv6_is_read_whole(form, address):
    (probe,) = probes(f"- **Health Check URL:** {form.format(address)}\n")
    assert probe.address == address


def test_an_address_of_ipv6_in_a_table_is_read_whole():
    (probe,) = probes("| Check | URL |\n| --- | --- |\n| database | tcp://[::1]:5432 |\n")
    assert (probe.address, probe.kind) == ("tcp://[::1]:5432", "tcp")


def test_a_row_and_a_label_name_their_probe():
    text = "- **Readiness:** https://a/r\n\n| Check | URL |\n|-|-|\n| live | https://a/l |\n"
    assert [probe.name for probe in probes(text)] == ["Readiness", "live"]
    assert [probe.name for probe in probes("- **Health Check URL:** https://a/h\n")] == [""]


@pytest.mark.parametrize("path", ["incidents/2026-01-02-outage.md", "templates/a.md", "postmortems/a.md"])
def test_reports_and_templates_ask_for_nothing(path):
    assert probes("- **Health Check URL:** https://a/h\n", path) == ()


def test_a_key_outlives_changes_of_the_page_elsewhere_and_tells_probes_apart():
    (first,) = probes("- **Health Check URL:** https://a/h\n")
    (moved,) = probes("Words.\n\n- **Health Check URL:** https://a/h\n- **Expected:** 204\n")
    assert first.key == moved.key
    assert re.fullmatch(r"[0-9a-f]{16}", first.key)
    others = [*probes("- **Health Check URL:** https://a/h\n", "runbooks/b.md"), *probes("- **Health Check URL:** https://a/i\n")]
    twice = probes("- **Health:** https://a/h\n- **Expected:** 200\n- **Health:** https://a/h\n- **Expected:** 204\n")
    assert len({first.key, *(probe.key for probe in (*others, *twice))}) == 4


@pytest.mark.parametrize(
    ("text", "failures", "successes"),
    [
        ("- **Unhealthy After:** 5 failures\n", 5, 2), ("- **Failures:** 4\n", 4, 2), ("- **Failure Threshold:** three\n", 3, 2),
        ("- **Down After:** 3 minutes\n", 18, 2), ("- **Unhealthy After:** 10 consecutive failed checks\n", 10, 2),
        ("- **Healthy After:** 1 success\n", 3, 1), ("- **Recovers After:** 3 in a row\n", 3, 3),
        ("- **Thresholds:** unhealthy after 5 failures, healthy after 4 successes\n", 5, 4), ("- **Threshold:** 5 failures / 4 successes\n", 5, 4),
        ("- **Unhealthy After:** a while\n", 3, 2), ("- **Unhealthy After:** 0 failures\n", 3, 2), ("- **Unhealthy After:** 9999\n", 3, 2),
    ],
)  # fmt: skip
def test_how_many_readings_change_the_health(text, failures, successes):
    (probe,) = probes(f"- **Health Check URL:** https://a/h\n- **Interval:** 10s\n{text}")
    assert (probe.failures, probe.successes) == (failures, successes)


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("http://a", "http"), ("HTTPS://A/b?c=d#e", "http"), ("https://[::1]:8443/", "http"), ("tcp://db:5432", "tcp"), ("tls://a", "tls"),
        ("dns://a.b", "dns"), ("dns://10.0.0.1:5353/a.b?type=mx", "dns"), ("http://a/@P@", None), ("http://{{ host }}/", None),
    ],
)  # fmt: skip
def test_the_kind_of_an_address(address, kind):
    assert kind_of(address) == kind


@pytest.mark.parametrize(
    ("address", "fix"),
    [
        ("postgres://db/x", "tcp://db:5432"), ("redis://r:7000", "tcp://r:7000"), ("tcp://db", "tcp://db:5432"), ("https://u:p@a/", "password"),
        ("https://u@a/", "password"), ("http://a:99999/", "https://host:port"), ("http://", "http://host"), ("http://[::1/", "https://host"),
        ("https://$HOST/", "as it is to be asked"), ("https://a/{id}", "as it is"), ("dns://", "dns://name"), ("dns://a?type=Z", "AAAA"),
        ("http://a/" + "yz" * 1000, "shorter"), ("http://<host>/", "as it is"),
    ],
)  # fmt: skip
def test_an_address_that_nobody_can_ask_is_refused_with_the_way_to_mend_it(address, fix):
    problem = kind_of(address)
    assert isinstance(problem, Problem)
    assert fix in problem.fix
    assert "p@a" not in problem.message


@pytest.mark.parametrize(
    ("value", "fix"),
    [("db:5432", "tcp://db:5432"), ("/healthz", "https://host/healthz"), ("GET /healthz", "https://host/healthz"), ("amqp://q", "begins with http"),
     ("api.example.org/health", "https://api.example.org/health"), ("see the dashboard", ""), ("none", ""), ("https://a", ""), ("", "")],
)  # fmt: skip
def test_a_value_that_only_looks_like_an_address(value, fix):
    problem = unasked(value)
    assert (fix in problem.fix) if fix else problem is None


@pytest.mark.parametrize(
    ("address", "rewrite", "asked"),
    [
        ("http://a:80/x?y", {"a:80": "b:81"}, "http://b:81/x?y"), ("http://a/x", {"a:80": "b:81"}, "http://b:81/x"), ("https://a/x", {"a:443": "b:1"}, "https://b:1/x"),
        ("http://a:80/", {"a:443": "b"}, "http://a:80/"), ("http://127.0.0.1:8000/h", {"127.0.0.1:8000": "self"}, "http://127.0.0.1:9000/h"),
        ("tcp://db:5432", {"db:5432": "db2:1"}, "tcp://db2:1"), ("http://[::1]:80/", {"[::1]:80": "b:1"}, "http://b:1/"), ("http://a/", {}, "http://a/"),
    ],
)  # fmt: skip
def test_an_address_is_rewritten(address, rewrite, asked):
    assert rewritten(address, rewrite, "127.0.0.1:9000") == asked


def test_the_configuration_holds_where_the_page_says_nothing():
    silent, telling = probes("- **Health:** https://a/h\n\n## B\n\n- **Health:** https://b/h\n- **Every:** 60s\n- **Timeout:** 10s\n")
    rules = {"every_s": 5, "timeout_s": 2, "rewrite": {"a:443": "c:1"}}
    silent, telling = as_configured(silent, **rules), as_configured(telling, **rules)
    assert (silent.every_s, silent.timeout_s, silent.address) == (5, 2, "https://c:1/h")
    assert (telling.every_s, telling.timeout_s, telling.address) == (60, 10, "https://b/h")
    assert silent.key == probes("- **Health:** https://a/h\n")[0].key


def test_what_cannot_be_read_is_told_once_for_all_that_share_it():
    page = page_of(f"{HEAD}- **Readiness:** https://a/r\n- **Liveness:** https://a/l\n- **Expected:** pong\n- **Every:** often\n")
    assert [each.about for each in misread_of(page)] == ["expectation", "setting"]


@given(st.text(max_size=60) | st.from_regex(r"[0-9]{1,3} ?[a-z]{0,9}( [a-z]+)?", fullmatch=True))
def test_any_value_is_read_or_told(text):
    for read in (read_frequency, read_timeout, read_redirects):
        value = read(text)
        assert isinstance(value, Problem) or value >= 0
    counts = read_thresholds(text, "failures", 10)
    assert isinstance(counts, Problem) or all(1 <= count <= 100 for count in counts.values())


@given(st.text(max_size=80) | st.from_regex(r"(https?|tcp|dns|tls)://[\w:@\[\]./?=<>{}%-]{0,40}", fullmatch=True))
def test_any_address_is_read_or_told(text):
    assert kind_of(text) is None or kind_of(text) in ("http", "tcp", "tls", "dns") or kind_of(text).fix
    unasked(text)
    rewritten(text, {"a:80": "b:81"}, None)


def rows(section: str) -> list[list[str]]:
    """The rows of the first table in a section of the manual."""
    part = re.search(rf"^## {section}\n(.*?)(?=^## |\Z)", MANUAL, re.M | re.S)[1]
    lines = [line for line in part.split("\n") if line.startswith("|")][2:]
    return [[cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


@pytest.mark.parametrize(("words", "understood"), rows("What is expected"))
def test_an_example_of_the_manual_is_understood_as_it_says(words, understood):
    text, kind = re.fullmatch(r"`(.+)`(?: \((\w+)\))?", words).groups()
    expectation, problem = read_expectation(text, kind or "http")
    assert (describe(expectation, kind or "http"), problem) == (understood, None)


def test_the_labels_of_the_manual_are_read():
    known = {name for names in LABELS.values() for name in names}
    told = [name.strip("` ").lower() for label, also, *_ in rows("Labels") for name in (label, *also.split(","))]
    assert [name for name in told if name not in known] == []
    assert [names[0] for names in LABELS.values() if names[0] not in told] == []


def test_the_outcomes_of_the_manual_are_all():
    told = next(what for field, what in rows("JSON") if field == "`outcome`")
    assert set(re.findall(r"\w+", told)) - {"or"} == set(get_args(Outcome))


def test_the_way_to_mend_an_address_of_ipv6_can_be_followed():
    for address in ("redis://[::1]", "tcp://[::1]"):
        wrong = kind_of(address)
        assert isinstance(wrong, Problem) and "tcp://[::1]:" in wrong.fix
