"""How text becomes words."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsbook.book.search import fold, indexed, indexed_name, stem, words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Restart the API.", ["restart", "the", "api"]),
        ("node_exporter kube-state-metrics", ["node", "exporter", "kube", "state", "metrics"]),
        ("/var/lib/pg.conf:5432", ["var", "lib", "pg", "conf", "5432"]),
        ("Café déjà-vu Žluťoučký", ["cafe", "deja", "vu", "zlutoucky"]),
        ("Cafe\u0301", ["cafe"]),
        ("Перезапуск сервера", ["перезапуск", "сервера"]),
        ("ещё й", ["еще", "и"]),
        ("数据库 down", ["数", "据", "库", "down"]),
        ("ＦＵＬＬ", ["full"]),
        ("a\x00b", ["a", "b"]),
        ("\ud800x", ["x"]),
        ("— … !", []),
        ("", []),
    ],
)
def test_words_are_runs_of_letters_and_digits_folded(text: str, found: list[str]) -> None:
    assert words(text) == found


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("KubePodCrashLooping", ["kube", "pod", "crash", "looping"]),
        ("KubeAPIDown", ["kube", "api", "down"]),
        ("etcdGRPCRequestsSlow", ["etcd", "grpc", "requests", "slow"]),
        ("OOMKilled", ["oom", "killed"]),
        ("PrometheusTSDBReloadsFailing", ["prometheus", "tsdb", "reloads", "failing"]),
    ],
)
def test_a_camel_case_word_is_kept_whole_and_in_parts(name: str, parts: list[str]) -> None:
    assert indexed(f"see {name}") == ["see", name.lower(), *parts]


def test_plain_words_and_base64_have_no_parts() -> None:
    assert indexed("Restart API UUIDs") == ["restart", "api", "uuids"]
    assert len(indexed("aB" * 30)) == 1


@pytest.mark.parametrize("name", ["kube_pod_crash", "kube-pod-crash", "KubePodCrash"])
def test_a_name_is_found_whole_however_it_is_written(name: str) -> None:
    assert {"kube", "pod", "crash", "kubepodcrash"} <= set(indexed_name(name))


def test_neighbouring_parts_of_a_name_are_found_as_one_word() -> None:
    assert {"crashlooping", "podcrash"} <= set(indexed_name("KubePodCrashLooping"))


@pytest.mark.parametrize(
    "family",
    [
        ("restart", "restarts", "restarted", "restarting"),
        ("expire", "expired", "expires", "expiration"),
        ("run", "runs", "running"),
        ("policy", "policies"),
        ("process", "processes"),
        ("fail", "failed", "failing", "failure", "failures"),
        ("connect", "connection", "connections", "connected"),
        ("node", "nodes"),
    ],
)
def test_the_forms_of_a_word_share_their_stem(family: tuple[str, ...]) -> None:
    assert len({stem(word) for word in family}) == 1


@pytest.mark.parametrize("word", ["s3", "access", "перезапуск", "pod", "is"])
def test_a_word_that_has_no_ending_is_its_own_stem(word: str) -> None:
    assert stem(word) == word


@settings(max_examples=200)
@given(st.text())
def test_folding_keeps_every_place(text: str) -> None:
    assert len(fold(text)) == len(text)


@settings(max_examples=200)
@given(st.text(alphabet=st.characters()))
def test_words_are_the_same_when_read_again(text: str) -> None:
    found = words(text)
    assert words(" ".join(found)) == found
