"""What an answer is judged to be, and that no answer gets more than a few harmless words into the reason."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.book.answer import Answer, difference, judge_answer, shown_address, statuses_in_words
from opsbook.book.excerpt import LONGEST, excerpt, shown
from opsbook.book.probe import Expectation


def judged(body: bytes = b"ok", status: int = 200, took: float = 10.0, **expected: object) -> tuple[str, str]:
    return judge_answer(Answer(status, body, took), Expectation(**expected), time.monotonic)


@pytest.mark.parametrize(
    ("body", "expected", "outcome"),
    [
        (b"all ok", {"contains": ("ok",)}, "ok"),
        (b"all ok", {"contains": ("ok", "all")}, "ok"),
        (b"all ok", {"contains": ("ok", "fine")}, "body"),
        ("größe".encode(), {"contains": ("größe",)}, "ok"),
        (b'{"status": "ok"}', {"contains": ('"status":"ok"',)}, "ok"),
        (b'{"status":"ok"}', {"contains": ('"status": "ok"',)}, "ok"),
        (b"not ok", {"contains": ("notok",)}, "body"),
        (b"version 1.2.3", {"pattern": r"version \d+\.\d+"}, "ok"),
        (b"version x", {"pattern": r"version \d+\.\d+"}, "body"),
        (b"ok", {"pattern": "("}, "body"),
        (b'{"status": "ok", "more": 1}', {"json_subset": '{"status": "ok"}'}, "ok"),
        (b'\xef\xbb\xbf{"status": "ok"}', {"json_subset": '{"status": "ok"}'}, "ok"),
        (b'{"status": "bad"}', {"json_subset": '{"status": "ok"}'}, "body"),
        (b"{}", {"json_subset": '{"status": "ok"}'}, "body"),
        (b"<html>", {"json_subset": '{"status": "ok"}'}, "body"),
        (b"[" * 100_000, {"json_subset": "[]"}, "body"),
        (b"{}", {"json_subset": "{"}, "body"),
        (b"ok", {"within_ms": 10.0}, "ok"),
        (b"ok", {"within_ms": 9.9}, "slow"),
        (b"bad", {"within_ms": 9.9, "contains": ("ok",)}, "body"),
        (b"", {"statuses": ((200, 299), (404, 404))}, "ok"),
        (b"", {"statuses": ((404, 404),)}, "status"),
        (b"", {"statuses": ()}, "status"),
    ],
)
def test_every_part_that_is_expected_must_hold(body, expected, outcome):
    assert judged(body, **expected)[0] == outcome


def test_an_expression_that_takes_too_long_is_given_up():
    ticking = iter(range(1000))
    answer = Answer(200, b"x" * 1000, 1.0)
    outcome, why = judge_answer(answer, Expectation(pattern="y"), lambda: next(ticking))
    assert outcome == "body" and "took too long" in why


@pytest.mark.parametrize(
    ("wanted", "found", "wrong"),
    [
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}, None),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, "“a.b” is 2 where 1 was expected"),
        ({"a": {"b": 1}}, {"a": {}}, "“a.b” is absent from it"),
        ({"a": {"b": 1}}, {"a": [1]}, "“a” is [1] instead of an object"),
        ({"ok": True}, {"ok": 1}, "“ok” is 1 where true was expected"),
        (1, 1.0, None),
        ([{"name": "db"}], [{"name": "cache"}, {"name": "db", "up": True}], None),
        ([1, 2], [2], "the answer lacks 1"),
        ([], [], None),
        ({}, [], "the answer is [] instead of an object"),
        ([1], None, "the answer is null instead of a list"),
    ],
)
def test_json_differs_with_the_place_and_both_values(wanted, found, wrong):
    assert difference(wanted, found) == wrong


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(_JSON)
def test_every_json_holds_itself(value):
    assert difference(value, value) is None


@given(st.dictionaries(st.text(max_size=5), _JSON, max_size=4), st.dictionaries(st.text(max_size=5), _JSON, max_size=4))
def test_an_object_holds_its_part_whatever_is_added(part, more):
    assert difference(part, {**more, **part}) is None


@given(
    st.binary(max_size=400) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")),
    st.integers(100, 599),
    st.sampled_from([{}, {"contains": ("\x00\u202e<b>",)}, {"json_subset": '{"a": [1]}'}, {"pattern": "[a-z]{3}"}, {"statuses": ((201, 204),)}]),
    st.text(max_size=100),
)
def test_no_answer_gets_more_into_the_reason_than_short_visible_words(body, status, expected, leads_to):
    answer = Answer(status, body * 50, 1.0, is_cut=True, leads_to=leads_to)
    _, why = judge_answer(answer, Expectation(**expected), time.monotonic)
    assert why.isprintable() and len(why) < 500 and why[-1] in ".”", why


@given(st.binary(max_size=5000))
def test_an_excerpt_is_one_visible_line_of_at_most_eighty_characters(body):
    assert len(excerpt(body)) <= LONGEST and excerpt(body).isprintable()


@pytest.mark.parametrize(
    "body",
    [
        "password=hunter2s3cret",
        '{"db": {"password": "hunter2s3cret"}}',
        "Authorization: Bearer hunter2s3cret",
        "Set-Cookie: hunter2s3cret; HttpOnly",
        "cannot connect to postgres://app:hunter2s3cret@db/app",
        "api_key: hunter2s3cret",
        "token hunter2s3cret was refused",
        "aws_secret_access_key=hunter2s3cret",
        "key AKIAhunter2s3cret99999X was refused",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxhunter2s3cretMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
    ],
)
def test_what_looks_like_a_secret_is_left_out_of_the_reason(body):
    for answer in (Answer(500, body.encode(), 1.0), Answer(200, body.encode(), 1.0)):
        assert "hunter2s3cret" not in judge_answer(answer, Expectation(contains=("ok",)), time.monotonic)[1]


def test_a_secret_of_the_json_that_differs_is_left_out():
    body = json.dumps({"auth": {"token": "hunter2s3cret"}}).encode()
    assert "hunter2s3cret" not in judged(body, json_subset='{"auth": {"token": null}}')[1]


def test_the_title_of_a_page_says_more_than_its_first_bytes():
    assert excerpt(b"<!DOCTYPE html><html><head>\n<title>\n502 Bad Gateway </title>" + b"x" * 5000) == "502 Bad Gateway"


def test_what_cannot_be_seen_is_spelled_out():
    assert shown("a\x1b[31m\u202eb\x00") == "a\\x1b[31m\\u202eb\\x00"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://me:pw@a.example:8/x?y=1#z", "https://a.example:8/x"),
        ("/login?token=1", "/login"),
        ("https://a.example", "https://a.example"),
        ("", ""),
    ],
)
def test_an_address_is_told_without_what_it_carries(url, told):
    assert shown_address(url) == told


@pytest.mark.parametrize(
    ("statuses", "words"),
    [(((200, 299),), "2xx"), (((200, 200), (204, 204)), "200 or 204"), (((200, 399),), "200–399"), ((), "no status at all")],
)
def test_statuses_are_told_as_people_write_them(statuses, words):
    assert statuses_in_words(statuses) == words
