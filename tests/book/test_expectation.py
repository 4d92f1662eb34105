"""What people write behind Expected Response, and what is understood of it."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.book.expectation import describe, read_expectation
from opsbook.book.expecting.slow_regex import MOST_SEARCHED, read_search, search


@pytest.mark.parametrize(
    ("words", "understood"),
    [
        ("200 OK", "status 200"), ("200", "status 200"), ("HTTP 200", "status 200"), ("`200 OK`", "status 200"),
        ("**200 OK**", "status 200"), ("HTTP/1.1 200 OK", "status 200"), ("status code 200", "status 200"),
        ("Status: 200", "status 200"), ("returns 200", "status 200"), ("curl returns 200", "status 200"),
        ("2xx", "status 2xx"), ("any 2xx", "status 2xx"), ("3XX", "status 3xx"), ("200-299", "status 2xx"),
        ("200–299", "status 2xx"), ("200 to 204", "status 200-204"), ("between 200 and 299", "status 2xx"),
        ("200 or 204", "status 200 or 204"), ("200, 204", "status 200 or 204"), ("200/204", "status 200 or 204"),
        ("204 No Content", "status 204"), ("401 without credentials", "status 401"), ("301 to https", "status 301"),
        ("OK", "status 2xx"), ("Success", "status 2xx"), ("200 (OK)", "status 200"), ("200 OK when healthy", "status 200"),
        ('HTTP 200 with "status":"ok"', 'status 200, JSON with {"status": "ok"}'),
        ('{"status": "ok"}', 'status 2xx, JSON with {"status": "ok"}'),
        ('200 OK with `{"status":"ok","service":"web"}`', 'status 200, JSON with {"status": "ok", "service": "web"}'),
        ('200 status, "db": "up", "cache": "up"', 'status 200, JSON with {"db": "up", "cache": "up"}'),
        ('{"status":"ok", ...}', 'status 2xx, JSON with {"status": "ok"}'),
        ('{"status":"ok","version":"<version>"}', 'status 2xx, JSON with {"status": "ok"}'),
        ('`{"status":"ok","uptime":<seconds>}`', 'status 2xx, JSON with {"status": "ok"}'),
        ("{'status': 'ok'}", 'status 2xx, JSON with {"status": "ok"}'), ("{status: 'ok'}", 'status 2xx, JSON with {"status": "ok"}'),
        ('200 and body contains "ready"', 'status 200, the text "ready"'), ('"pong"', 'status 2xx, the text "pong"'),
        ("HTTP 200 and text “ready”", 'status 200, the text "ready"'), ("`OK`", 'status 2xx, the text "OK"'),
        ("`HTTP 200` with body `OK`", 'status 200, the text "OK"'), ("200 OK from `/healthz`", "status 200"),
        ("200 OK - body is 'healthy'", 'status 200, the text "healthy"'),
        ("/ok|ready/", "status 2xx, a match of /ok|ready/"), ("200 matching `/^ok$/`", "status 200, a match of /^ok$/"),
        ("200 and the body matches `ok|ready`", "status 200, a match of /ok|ready/"),
        ("under 500 ms", "status 2xx, within 500 ms"), ("within 2s", "status 2xx, within 2 s"),
        ("200 OK, response time < 500ms", "status 200, within 500 ms"), ("200 in under 1 second", "status 200, within 1 s"),
        ("no more than 300 milliseconds", "status 2xx, within 300 ms"), ("200, 2 seconds or less", "status 200, within 2 s"),
        ('200 OK with "status": "ok" and the version; 503 and the failing check otherwise', 'status 200, JSON with {"status": "ok"}'),
        ('200 OK with "status": "ok"; 503 when redis is down or refuses writes', 'status 200, JSON with {"status": "ok"}'),
        ("200 when healthy, 503 when degraded", "status 200"), ("200 OK (503 while it starts)", "status 200"),
        ("200 OK (usually 50ms)", "status 200"), ("200 OK without errors", "status 200"),
        ("200 and an empty body", r"status 200, a match of /\A\s*\Z/"),
        ("200, certificate good for 21 days", "status 200, a certificate good for 21 more days"),
    ],
)  # fmt: skip
def test_what_is_expected_of_a_web_address(words, understood):
    expectation, problem = read_expectation(words)
    assert (describe(expectation), problem) == (understood, None)


@pytest.mark.parametrize(
    ("kind", "words", "understood"),
    [
        ("tcp", "connection accepted", "a connection"), ("tcp", "200 OK", "a connection"), ("tcp", "port open", "a connection"),
        ("tcp", "connects within 1s", "a connection, within 1 s"),
        ("tls", "14 days left", "a valid certificate, a certificate good for 14 more days"),
        ("tls", "valid certificate, at least 30 days left", "a valid certificate, a certificate good for 30 more days"),
        ("tls", "not expiring within 2 weeks", "a valid certificate, a certificate good for 14 more days"),
        ("tls", "valid certificate", "a valid certificate, a certificate good for 14 more days"),
        ("dns", "10.0.0.1, 10.0.0.2", "the addresses 10.0.0.1, 10.0.0.2"), ("dns", "`10.0.0.1`", "the addresses 10.0.0.1"),
        ("dns", "resolves to lb.example.com", "the addresses lb.example.com"), ("dns", "2001:DB8::1", "the addresses 2001:db8::1"),
        ("dns", "resolves", "any address"),
    ],
)  # fmt: skip
def test_what_is_expected_of_other_addresses(kind, words, understood):
    expectation, problem = read_expectation(words, kind)
    assert (describe(expectation, kind), problem) == (understood, None)


@pytest.mark.parametrize(("kind", "words"), [("tcp", '"PONG"'), ("tls", '"ready"'), ("dns", "/ok/"), ("tcp", '{"a": 1}')])
def test_a_status_or_a_text_is_not_looked_at_where_no_page_is_asked_for(kind, words):
    expectation, problem = read_expectation(words, kind)
    assert problem is not None and "no status and no text is looked at" in problem.message
    assert (expectation.contains, expectation.pattern, expectation.json_subset) == ((), None, None)



@pytest.mark.parametrize(
    ("words", "understood", "said"),
    [
        ("pong", "status 2xx", 'Write "pong" in quotes'), ("everything is green", "status 2xx", "Write a status"),
        ('must not contain "error"', "status 2xx", "Write a status"), ("exit code 0", "status 2xx", "Write a status"),
        ("200, not 500", "status 200", "Understood is: status 200."),
        ("200 and at least 40 rows", "status 200", "Understood is: status 200."),
        ("200 with `Content-Type: text/html`", "status 200", "Understood is: status 200."),
        ("/[/", "status 2xx", "Mend the regex"), ("200 and /(a+)+$/", "status 200", "plainer"),
        ("/a/ and /b/", "status 2xx, a match of /a/", "Join them"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_told_with_what_is(words, understood, said):
    expectation, problem = read_expectation(words)
    assert describe(expectation) == understood
    assert said in problem.fix


def test_the_words_of_the_page_are_kept_for_people():
    assert read_expectation("**200 OK**\n within 2s")[0].words == "**200 OK** within 2s"


PIECES = st.sampled_from(["200", " OK", "2xx", "-", " or ", ";", ",", "(", ")", '"', "`", "{", "}", "[", "]", '"a":1', "/", "\\", "<x>",
                          "under ", "500", " ms", "14 days left", "1.2.3.4", "::1", "not ", "…", "'", " ", "\n", "é", "\ue000", "**"])  # fmt: skip


@given(st.lists(PIECES, max_size=30).map("".join) | st.text(max_size=300), st.sampled_from(["http", "tcp", "tls", "dns"]))
def test_any_words_are_read(words, kind):
    expectation, problem = read_expectation(words, kind)
    assert describe(expectation, kind)
    assert problem is None or (problem.message and problem.fix)
    assert all(100 <= low <= high <= 599 for low, high in expectation.statuses)
    if expectation.json_subset is not None:
        json.loads(expectation.json_subset)
    if expectation.pattern is not None:
        assert read_search(expectation.pattern) is None


@pytest.mark.parametrize("depth", [10, 400, 999])
def test_deep_json_is_read_or_left(depth):
    read_expectation("[" * depth + "]" * depth)
    read_expectation('{"a":' * depth + "1" + "}" * depth)


@pytest.mark.parametrize(
    "source",
    ["(a+)+", "(a|b)*c", "(?:a*)*", "(a?){20}", r"(a)\1", ".*a.*b.*c", "a+b+c+d+e+f+g+h+i+", "((a+))+", r"\s*\s*x", r".*\s*\d*", "(?P<x>a)(?P=x)", "("],
)  # fmt: skip
def test_an_expression_that_may_take_for_ever_is_refused(source):
    assert read_search(source) is not None


@pytest.mark.parametrize(
    "source", [r"ok|ready", r'"version":\s*"\d+\.\d+\.\d+"', r"\bup\b", r"(?i)healthy", r"[^a]+b", r"(ok|ready)", r"\(a+\)+", "status.*ok", r"\d+\s*ms", r'"up":\s*\d+\s*,']
)  # fmt: skip
def test_a_plain_expression_is_taken(source):
    assert read_search(source) is None


def test_an_expression_is_looked_for_in_the_beginning_of_an_answer():
    assert search("b$", "a" * (MOST_SEARCHED - 1) + "b" + "c" * 9, lambda: 0.0) is True
    assert search("c", "a" * MOST_SEARCHED + "c", lambda: 0.0) is False
    assert search("^b", "ab", lambda: 0.0) is False


def test_a_search_ends_when_its_time_is_over():
    ticks = iter(range(100))
    assert search("b", "a" * 100, lambda: next(ticks)) is None


@pytest.mark.parametrize("unit", ["1", "1.", "is ", "or ", "status ", "under ", "::", '"\\', "((", "a.", "200,", "{a:", "not ", "`a"])
def test_no_words_take_long_to_read(unit):
    began = time.process_time()
    for kind in ("http", "tls", "dns"):
        read_expectation(unit * 2000, kind)
    assert time.process_time() - began < 2.0
