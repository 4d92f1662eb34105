"""What is typed or pasted, cut into words."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsbook.book.search import parse


def tokens_of(text: str) -> list[tuple[str, ...]]:
    return [word.tokens for word in parse(text).words]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("restart api", [("restart",), ("api",)]),
        ("node_exporter down", [("node", "exporter"), ("down",)]),
        ('"connection refused" db', [("connection", "refused"), ("db",)]),
        ("“connection refused” db", [("connection", "refused"), ("db",)]),
        ('"never closed', [("never", "closed")]),
        ("can't doesn’t db's", [("can",), ("doesn",), ("db",)]),
        ("api api", [("api",)]),
        ("what? (really)!", [("what",), ("really",)]),
        ("kubectl logs -n web --previous", [("kubectl",), ("logs",), ("n",), ("web",), ("previous",)]),
        ("", []),
        ('"" -- * ^ () :', []),
    ],
)
def test_typed_text_is_cut_into_words_and_phrases(text: str, found: list[tuple[str, ...]]) -> None:
    assert tokens_of(text) == found


@pytest.mark.parametrize("text", ["a AND b", "a OR b NOT c", "NEAR(a b)", "col : x", "^a", "a*", '"a" + "b"'])
def test_operators_of_the_index_are_only_words(text: str) -> None:
    assert all(token.isalnum() for tokens in tokens_of(text) for token in tokens)


@pytest.mark.parametrize(("text", "excluded"), [("db -staging", ("staging",)), ('db -"old one"', ("old", "one"))])
def test_a_word_after_a_dash_is_left_out(text: str, excluded: tuple[str, ...]) -> None:
    query = parse(text)
    assert [word.tokens for word in query.excluded] == [excluded]
    assert tokens_of(text) == [("db",)]


def test_nothing_but_exclusions_is_taken_as_words() -> None:
    assert tokens_of("-staging") == [("staging",)]


def test_a_camel_case_name_is_known_by_its_parts_too() -> None:
    assert parse("KubePodCrashLooping").words[0].parts == ("kube", "pod", "crash", "looping")


@pytest.mark.parametrize(("text", "is_open"), [("kube po", True), ("kube po ", False), ('kube "po"', False)])
def test_only_the_last_word_may_still_be_being_typed(text: str, is_open: bool) -> None:
    first, last = parse(text).words
    assert not first.is_open
    assert last.is_open is is_open


@pytest.mark.parametrize(
    "text",
    [
        "dial tcp 10.0.0.5:5432: connect: connection refused",
        "ERROR 1045 (28000): Access denied for user",
        "2026-01-05T12:00:00Z api started with errors",
        "one two\nthree four",
        "open /var/lib/db/file: no such file",
        "http://localhost:9090/alerts",
        "java.net.ConnectException: Connection refused to host",
    ],
)
def test_what_was_pasted_is_known_by_its_look(text: str) -> None:
    assert parse(text).is_pasted


@pytest.mark.parametrize("text", ["restart the api", "10.0.0.5", "how do I fix a node that is not ready", "a/b c d e"])
def test_what_was_typed_is_not_taken_as_pasted(text: str) -> None:
    assert not parse(text).is_pasted


VOLATILE = [
    ("error at 2026-01-05T12:33:44.123Z in api", {"2026", "01", "05t12", "33", "44", "123z"}),
    ("pod api-7d9f8b6c5d-x2x4z not found", {"7d9f8b6c5d", "x2x4z"}),
    ("id 550e8400-e29b-41d4-a716-446655440000 not found", {"550e8400", "e29b", "41d4", "a716"}),
    ("at address 0xc000123456 in 10.2.3.4:9090 now", {"0xc000123456", "10", "9090"}),
    ("commit 9fceb02d0ae598e95dc970b74767f19372d61af8 is bad", {"9fceb02d0ae598e95dc970b74767f19372d61af8"}),
    ("took 5.1s for 512MiB in total", {"5", "1s", "512mib"}),
    ("IPv6 fe80:0:0:0:200:f8ff:fe21:67cf is unreachable", {"fe80", "200", "f8ff"}),
]


@pytest.mark.parametrize(("text", "dropped"), VOLATILE, ids=[text for text, _ in VOLATILE])
def test_what_changes_from_time_to_time_is_dropped_from_pasted_text(text: str, dropped: set[str]) -> None:
    query = parse(f"{text}\nand more")
    assert query.is_pasted
    assert not dropped & {word for run in query.runs for word in run}


def test_numbers_that_name_the_error_are_kept() -> None:
    runs = parse("OSError: [Errno 107] Transport endpoint, exit code 137, pid 4711").runs
    found = {word for run in runs for word in run}
    assert {"107", "137"} <= found
    assert "4711" not in found


def test_stack_frames_and_their_source_are_dropped() -> None:
    runs = parse(
        "Traceback (most recent call last):\n"
        '  File "/opt/app/worker.py", line 12, in run\n'
        "    queue.drain(timeout)\n"
        "\tat com.example.Foo.bar(Foo.java:12)\n"
        "ValueError: bucket is missing\n"
    ).runs
    found = {word for run in runs for word in run}
    assert {"bucket", "missing", "valueerror"} <= found
    assert not {"drain", "worker", "foo"} & found


def test_of_a_very_long_text_only_head_and_tail_are_read() -> None:
    query = parse("head words here\n" + "x y z\n" * 100_000 + "tail words here")
    found = {word for run in query.runs for word in run}
    assert {"head", "tail"} <= found


TYPED = st.text(alphabet=st.sampled_from("ab -\"'():*^+{}/.\n\t\x00é中-Ж🙂") | st.characters())


@settings(max_examples=300)
@given(TYPED)
def test_no_text_makes_parsing_fail(text: str) -> None:
    query = parse(text)
    for word in (*query.words, *query.excluded):
        assert word.tokens
        assert all(token and token.isalnum() for token in word.tokens)
    assert all(token.isalnum() for run in query.runs for token in run)
