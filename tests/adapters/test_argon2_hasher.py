"""Hashes of passwords: argon2id, salted, and nobody's is like any other."""

from __future__ import annotations

import pytest

from opsbook.adapters.argon2_hasher import Argon2Hasher

QUICK = Argon2Hasher(passes=1, memory_kib=64)


def test_a_password_matches_its_own_hash_alone():
    made = QUICK.hash("correct horse battery")
    assert QUICK.matches(made, "correct horse battery")
    assert not QUICK.matches(made, "correct horse batterz")
    assert made != QUICK.hash("correct horse battery")


def test_what_is_kept_is_argon2id_with_64_mib():
    assert Argon2Hasher().hash("correct horse battery").startswith("$argon2id$v=19$m=65536,t=3,p=4$")


@pytest.mark.parametrize("kept", ["", "plain", "$argon2id$v=19$m=64,t=1,p=4$", "$2b$12$abcdefghijklmnopqrstuu"])
def test_what_is_no_such_hash_is_of_no_password(kept):
    assert not QUICK.matches(kept, "correct horse battery")


@pytest.mark.parametrize("hasher", [QUICK, Argon2Hasher()])
def test_nobodys_hash_is_made_like_any_other_and_of_no_password(hasher):
    assert not hasher.is_outdated(hasher.nobody)
    assert not hasher.matches(hasher.nobody, "")
    assert len(hasher.nobody) == len(hasher.hash("x"))


def test_a_hash_of_other_settings_is_outdated_and_still_good():
    made = QUICK.hash("correct horse battery")
    assert Argon2Hasher().is_outdated(made)
    assert Argon2Hasher().matches(made, "correct horse battery")
