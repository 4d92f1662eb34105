"""The words that people use for how grave a thing is mean P0 to P3, or nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.book.severity import PRIORITIES, read_severity


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("P0", "P0"), ("p3", "P3"), ("`P1`", "P1"), ("**P2**", "P2"), ("P 1", "P1"), ("Severity: 1", "P1"),
        ("SEV0", "P0"), ("sev-2", "P2"), ("SEV4", "P3"), ("s1", "P1"), ("Priority 2", "P2"),
        ("critical", "P0"), ("High", "P1"), ("warning", "P2"), ("info", "P3"), ("page", "P1"), ("ticket", "P2"),
        ("Critical - customers cannot pay", "P0"), ("Major (High Impact, Service Degradation)", "P1"),
        ("Sev1 (major degradation - crawls running 27 days)", "P1"), ("P2 (ticket) / P1 (SLO burn-rate fast)", "P1"),
        ("P3 -> P1 escalation", "P1"), ("warning/critical", "P0"), ("hoch", "P1"),
    ],
)  # fmt: skip
def test_words_that_are_known(text: str, meant: str) -> None:
    assert read_severity(text) == meant


@pytest.mark.parametrize("text", ["", "P4", "P9", "P12", "SEV9", "P9 (critical)", "purple", "very much so", "the site was down"])
def test_words_that_are_none(text: str) -> None:
    assert read_severity(text) is None


def test_a_teams_own_words_win() -> None:
    own = {"Wake Up": "P0", "P4": "P3", "critical": "P1"}
    assert [read_severity(text, own) for text in ("wake up", "p4", "P4 (ticket)", "critical", "low")] == [
        "P0", "P3", "P3", "P1", "P3",
    ]  # fmt: skip


@given(st.text(max_size=40), st.dictionaries(st.text(max_size=8), st.sampled_from(PRIORITIES), max_size=3))
def test_reading_a_severity_never_raises(text: str, own: dict[str, str]) -> None:
    assert read_severity(text, own) in (*PRIORITIES, None)
