"""Bold labels are known by their synonyms, and a misspelt one by what it was likely meant to be."""

from __future__ import annotations

import pytest

from opsbook.book.labels import STEP_LABELS, canonical_label, labels, misspelt


@pytest.mark.parametrize(
    ("words", "label"),
    [
        ("run on|target|host|targets|hosts", "Run on"), ("time limit|timeout", "Time limit"), ("retry|retries", "Retry"),
        ("expect|expected|expected output", "Expect"), ("repeat|safe to repeat", "Repeat"), ("undo", "Undo"),
        ("undo steps", "Undo steps"), ("approval|approvals", "Approval"), ("when|only if", "When"), ("capture", "Capture"),
        ("ask", "Ask"), ("danger", "Danger"), ("one at a time|lock", "One at a time"), ("dry run|dry-run", "Dry run"),
        ("prerequisites|before you start", "Prerequisites"), ("secrets", "Secrets"), ("environment", "Environment"),
        ("deployment process|steps", "Deployment Process"), ("verification|verify|how to verify", "Verification"),
        ("rollback process|rollback|roll back|rollback plan", "Rollback Process"), ("owner|note|symptoms|", None),
    ],
)  # fmt: skip
def test_a_label_is_known_by_its_name_and_by_its_synonyms(words, label):
    assert {word: canonical_label(word) for word in words.split("|")} == dict.fromkeys(words.split("|"), label)


def test_a_team_may_add_words_of_its_own():
    assert canonical_label("zeitgrenze", {"Time limit": ["Zeitgrenze"]}) == "Time limit"
    assert canonical_label("timeout", {"Time limit": ["Zeitgrenze"]}) == "Time limit"
    assert canonical_label("zeitgrenze") is None


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("timout", "Timeout"), ("aproval", "Approval"), ("verificaton", "Verification"), ("rolback", "Rollback"), ("repat", "Repeat"),
        ("timeout", None), ("owner", None), ("note", None), ("post", None), ("xyz", None), ("ask", None), ("", None),
        ("impact", None), ("expert", None),
    ],
)  # fmt: skip
def test_a_misspelt_label_is_guessed_and_prose_is_let_be(key, meant):
    assert misspelt(key) == meant


def test_the_labels_of_steps_are_labels():
    assert set(labels()) >= STEP_LABELS
