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


OPPOSITES = [
    "anything but 5xx", "any status but 503", "all but 500, 502 and 503", "non-5xx", "non 5xx", "non5xx", "no 5xx", "not 503",
    "everything except 500", "everything except `503`", "anything except `500`, `503`", "any status other than 503",
    "any status other than `503`", "never 503", "isn't 503", "isn’t a 503", "must not return a 503", "without any 5xx errors",
    "anything besides 503", "excluding 503", "any answer, excluding 500, 503", "all statuses unless 503", "neither 500 nor 503",
    "apart from 503", "!= 503", "!503", "≠ 503", "status != 503", "status <> 503", "~5xx", "<600", "< 600", "below 600", "status below 504",
    "less than 504", "under 504", "≤ 503", "<= 503", "at most 503", "up to 503", ">= 200", "> 200", ">=200 and <600", "at least 200",
    "200+", "200 or above", "200 and up", "503 or lower", "503 is not ok", "5xx isn't allowed", "503 is unhealthy", "503 means down", "503: down",
    "503 excluded", "fails on 503", "unhealthy if status is 503", "down when `503`", "outside the 5xx range", "not: 500, 503",
    "different from 503", "nothing in the 5xx range", "not a 500 or 503", "cannot be 503", "anything (except 5xx)", "any code except HTTP 503",
]  # fmt: skip


@pytest.mark.parametrize("words", OPPOSITES)
def test_what_a_status_must_not_be_is_never_taken_for_what_it_must_be(words):
    expectation, problem = read_expectation(words)
    assert problem is not None
    assert not any(low <= 503 <= high for low, high in expectation.statuses)


@pytest.mark.parametrize(
    ("words", "understood"),
    [
        ("200 or non-5xx", "status 200"), ("200 instead of 503", "status 200"), ("2xx, except 204", "status 2xx"),
        ("2xx or 3xx, not 500, 503", "status 2xx or 3xx"), ("not 500 but 200", "status 200"), ("200, never 500 or 503", "status 200"),
        ("200 unless 503 is returned", "status 200"),
    ],
)  # fmt: skip
def test_a_status_beside_one_that_is_not_wanted_is_still_wanted(words, understood):
    expectation, problem = read_expectation(words)
    assert (describe(expectation), problem is not None) == (understood, True)


@pytest.mark.parametrize(
    ("words", "understood"),
    [
        ("404 Not Found", "status 404"), ("Not Found: 404", "status 404"), ("nothing but 200", "status 200"),
        ("without a token: 401", "status 401"), ("200 OK, not cached", "status 200"), ("→ 200", "status 200"), ("406 Not Acceptable", "status 406"),
        ("304 Not Modified", "status 304"), ("405 Method Not Allowed", "status 405"),
        ("200 OK; `503` when redis is down", "status 200"), ("`200 OK`, `503` while it starts", "status 200"), ("200 or `204`", "status 200 or 204"),
        ("Status: `200`", "status 200"), ("200 within 300 ms, no more than 500 ms", "status 200, within 300 ms"),
    ],
)  # fmt: skip
def test_words_that_only_look_like_a_negation_change_nothing(words, understood):
    expectation, problem = read_expectation(words)
    assert (describe(expectation), problem) == (understood, None)


@pytest.mark.parametrize(
    ("words", "unread"),
    [
        ("200, contains missingword", "contains missingword"), ("200 and includes missingword", "includes missingword"),
        ("200 with body missingword", "body missingword"), ("HTTP 200 with status UP", "status UP"), ("200 with status ok", "status ok"),
        ("200 OK and valid JSON", "valid JSON"), ("200 OK with a JSON body", "a JSON body"), ("200, Content-Type: text/html", "Content-Type: text/html"),
        ("200 OK and Content-Type: text/html", "Content-Type: text/html"), ("200 with Cache-Control: no-cache", "Cache-Control: no-cache"),
        ("200, body is not empty", "body is not empty"), ("200 and says missingword", "says missingword"), ("200, db: up", "db: up"),
        ("200 OK with the security headers", "the security headers"), ("200 and contains the word missingword", "contains the word missingword"),
        ("200, starts with missingword", "starts"), ("200 and status is healthy", "status is healthy"), ("200 and title Login", "title Login"),
    ],
)  # fmt: skip
def test_a_condition_without_quotes_is_told(words, unread):
    expectation, problem = read_expectation(words)
    assert describe(expectation) == "status 200"
    assert problem is not None and problem.message == f"'{unread}' is not understood, so it is not looked at."


@pytest.mark.parametrize(
    "words",
    [
        '200 OK with "status": "ok" and the version', "200 OK with `\"status\": \"ok\"` and the row count", "200 and the login page",
        '200 OK and JSON with "status": "ok"', '200 JSON containing `"status": "ok"`', "200 OK, includes the version", "status is 200",
        "200 and the body contains `ready`", "status OK", "200 status", "HTTP status 200", "200 OK from the status page", "200 OK without errors",
        "200 OK with body `OK`", "200 with a JSON body: `{\"a\": 1}`", "200 OK once it is up", "200 (includes version info)",
        "Returns 200 when the service is healthy", "200 OK while healthy; 503 when a dependency is down", "200, quickly", "response is 200 OK",
    ],
)  # fmt: skip
def test_prose_beside_a_condition_is_no_condition(words):
    assert read_expectation(words)[1] is None


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
