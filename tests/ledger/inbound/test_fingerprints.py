"""Fingerprints are those of Prometheus' own programs, one by one and side by side."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.ledger.inbound.fingerprints import LONGEST_KEY, fingerprint, fingerprints, key_of

CODELAB = {"alertname": "InstanceDown", "code": "200", "instance": "127.0.0.1:9090", "job": "prometheus",
           "monitor": "codelab-monitor", "severity": "critical"}  # fmt: skip
CHECKED = (
    (CODELAB, "791cec13fcba0368"),
    ({**CODELAB, "instance": "localhost:9090"}, "8df98227bdd81384"),
    ({"job": "node", "group": "production", "instance": "localhost:8081", "severity": "critical",
      "alertname": "InstanceDown"}, "f404ecabc8dd5cd7"),
)  # fmt: skip
LABELS = st.dictionaries(st.text(max_size=8), st.text(max_size=20), max_size=6)


@pytest.mark.parametrize(("labels", "expected"), CHECKED)
def test_a_fingerprint_is_prometheus_own(labels, expected):
    assert fingerprint(labels) == expected
    assert fingerprint(dict(reversed(labels.items()))) == expected


@given(st.lists(LABELS, max_size=30))
def test_many_side_by_side_are_what_each_is_alone(many):
    assert fingerprints(many) == [fingerprint(labels) for labels in many]


def test_a_giant_among_many_keeps_its_fingerprint():
    many = [{"a": "x" * 9_000}, *({"n": str(number)} for number in range(20))]
    assert fingerprints(many) == [fingerprint(labels) for labels in many]


def test_a_plain_key_stays_as_it_is():
    assert key_of("db-1/disk full") == "db-1/disk full"


@given(st.lists(st.text(), min_size=1, max_size=3), st.lists(st.text(), min_size=1, max_size=3))
def test_two_keys_are_one_only_where_they_were_the_same(one, other):
    assert (key_of(*one) == key_of(*other)) == (one == other)


@given(st.text())
def test_a_key_is_short_and_printable_whatever_was_sent(text):
    key = key_of(text)
    assert key and len(key) <= LONGEST_KEY and key.isprintable()
