"""A chat as it is copied from somewhere becomes messages: who, when, what; and nothing that is pasted breaks it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from opsbook.usecases.chat_import import entries_of, read_chat

DAY = date(2026, 3, 26)


def told(text: str) -> list[tuple[str, str, str]]:
    return [(f"{said.at:%d %H:%M}", said.who, said.text) for said in read_chat(text, DAY).messages]


@pytest.mark.parametrize(("text", "messages"), [
    ("[03:12] ada: it is down", [("26 03:12", "ada", "it is down")]),
    ("03:12 <@ada> it is down", [("26 03:12", "ada", "it is down")]),
    ("[03:12:09] <ada> it is down", [("26 03:12", "ada", "it is down")]),
    ("03:12 ada: it is down", [("26 03:12", "ada", "it is down")]),
    ("03:12 * ada waves", [("26 03:12", "ada", "waves")]),
    ("2026-03-27 03:12:05 <ada> it is down", [("27 03:12", "ada", "it is down")]),
    ("2026-03-27T03:12:05Z ada: it is down", [("27 03:12", "ada", "it is down")]),
    ("[27.03.2026, 03:12] Ada Byron: it is down", [("27 03:12", "Ada Byron", "it is down")]),
    ("Ada Byron  3:12 PM\nit is down\nreally", [("26 15:12", "Ada Byron", "it is down\nreally")]),
    ("ada  12:05 AM\nit is down\n12:06 AM\nstill", [("26 00:05", "ada", "it is down"), ("26 00:06", "ada", "still")]),
    ("[03:12] ada: one\nben: two", [("26 03:12", "ada", "one"), ("26 03:12", "ben", "two")]),
    ("[03:12] ada: see\nhttps://example.org/x: yes", [("26 03:12", "ada", "see\nhttps://example.org/x: yes")]),
    ("[23:58] ada: one\n[00:02] ada: two", [("26 23:58", "ada", "one"), ("27 00:02", "ada", "two")]),
    ("[03:12] ada: one\n[03:11] ben: crossed", [("26 03:12", "ada", "one"), ("26 03:11", "ben", "crossed")]),
    ("--- 2026-03-28 ---\n[03:12] ada: one", [("28 03:12", "ada", "one")]),
    ("[03:12] @ada:example.org: it is down", [("26 03:12", "@ada:example.org", "it is down")]),
    ("03:12 <@ada:example.org> it is down", [("26 03:12", "@ada:example.org", "it is down")]),
    ("@ada:example.org:8448  3:12 AM\nit is down", [("26 03:12", "@ada:example.org:8448", "it is down")]),
    ("[25:99] ada: no such time", []),
])  # fmt: skip
def test_what_is_copied_is_read(text, messages):
    assert told(text) == messages


def test_times_are_of_the_zone_that_is_given():
    (said,) = read_chat("[03:12] ada: x", DAY, ZoneInfo("Asia/Kathmandu")).messages
    assert said.at == datetime(2026, 3, 25, 21, 27, tzinfo=UTC)


def test_what_could_not_be_read_is_told_with_its_line():
    chat = read_chat("hello\n\n[03:12] ada: x", DAY)
    assert chat.left_out == ((1, "hello"),)


def test_the_same_message_has_the_same_key_and_two_alike_have_two():
    text = "[03:12] ada: +1\n[03:12] ada: +1\n"
    first, second = (key for _, _, key in entries_of(read_chat(text, DAY)))
    assert first != second
    assert [key for _, _, key in entries_of(read_chat(text, DAY))] == [first, second]


@settings(max_examples=300, deadline=None)
@given(some.lists(some.one_of(
    some.text(max_size=30),
    some.from_regex(r"\[?\d{1,2}:\d\d(:\d\d)?\]? ?<?[@a-z]{0,5}>?:? .{0,9}", fullmatch=True),
    some.sampled_from(["ada  3:12 PM", "9999-12-31 23:59 ada: x", "0001-01-01 00:00 <a> b", "[99.99.9999, 1:00] a: b"]),
), max_size=12), some.sampled_from(["UTC", "Pacific/Kiritimati", "America/St_Johns"]))  # fmt: skip
def test_whatever_is_pasted_is_read_without_a_crash_and_nothing_is_lost_unseen(lines, zone):
    text = "\n".join(lines)
    chat = read_chat(text, DAY, ZoneInfo(zone))
    for said in chat.messages:
        assert said.who and said.text and said.at.tzinfo is UTC
    assert len({key for _, _, key in entries_of(chat)}) == len(chat.messages)


def test_a_long_chat_is_read_in_time_linear_in_it():
    text = "[03:12] ada: " + "a " * 3000 + "\n"
    begun = datetime.now(UTC)
    read_chat(text * 150, DAY)
    read_chat(("a" * 50 + " ") * 18000, DAY)
    assert (datetime.now(UTC) - begun).total_seconds() < 5
