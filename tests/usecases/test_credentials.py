"""Names, passwords and tokens: whatever is given, what comes out keeps its rules."""

from __future__ import annotations

import re
import zlib

from hypothesis import given
from hypothesis import strategies as st

from opsbook.ground.errors import Refusal
from opsbook.ledger.sign_in import source_key
from opsbook.usecases.credentials import (
    account_name,
    check_password,
    clean,
    is_token,
    name_from,
    new_secret,
    new_token,
    typed_password,
)

ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=80)  # lone surrogates too


@given(ANY_TEXT, ANY_TEXT)
def test_a_name_made_of_anything_is_a_name(first, second):
    name = name_from(first, second)
    assert account_name(name) == name


@given(ANY_TEXT)
def test_a_name_is_refused_or_kept_as_it_will_be_found_again(text):
    try:
        name = account_name(text)
    except Refusal as refused:
        assert str(refused).encode()
        return
    assert account_name(name) == name == clean(name, 64).lower()


@given(ANY_TEXT)
def test_a_password_that_is_good_to_be_set_is_good_to_sign_in(text):
    try:
        kept = check_password("ada", text)
    except Refusal:
        return
    assert typed_password(text) == kept
    assert kept.encode().decode() == kept


@given(ANY_TEXT, st.integers(1, 40))
def test_what_is_cleaned_is_printable_and_short(text, longest):
    kept = clean(text, longest)
    assert kept.isprintable()
    assert len(kept) <= longest
    assert kept.encode().decode() == kept


@given(st.binary(min_size=32, max_size=32))
def test_a_token_is_a_token_and_a_changed_one_is_not(chance):
    token = new_token(lambda _: chance)
    assert is_token(token)
    assert re.fullmatch(r"opsb_[0-9A-Za-z]{49}", token)
    assert not is_token(token[:-1])
    assert not is_token(token[:20] + ("0" if token[20] != "0" else "1") + token[21:])
    assert new_secret(lambda _: chance) == token[5:48]


def test_the_checksum_is_the_one_that_the_manual_names():
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    token = new_token(lambda _: b"\x07" * 32)
    assert sum(digits.index(c) * 62**power for power, c in enumerate(reversed(token[48:]))) == zlib.crc32(
        token[5:48].encode()
    )


@given(ANY_TEXT | st.ip_addresses().map(str) | st.ip_addresses(v=6).map(lambda ip: f"{ip}%eth0"))
def test_any_address_counts_against_something(source):
    assert source_key(source).startswith("source ")


def test_addresses_of_one_place_count_together():
    assert source_key("2001:db8::1") == source_key("2001:db8::ffff:1") == "source 2001:db8::/64"
    assert source_key("2001:db8:0:1::1") != source_key("2001:db8::1")
    assert source_key("::ffff:192.0.2.1") == source_key("192.0.2.1") == "source 192.0.2.1"
