"""Secrets are taken out of what is received, and nothing else is."""

from __future__ import annotations

import base64
import json

import msgspec
import pytest
from tests.usecases.inlet_world import batch_with, firing

from opsbook.usecases.redaction import masked, redacted

TOKEN = "ghp_" + "Ab3dEf6hIj" * 4


@pytest.mark.parametrize(
    "content",
    [
        b'{"password": "correct-horse-9"}',
        b'{"api_key":"k9k9k9k9k9"}',
        b'{"X-Token" : "k9k9k9k9k9"}',
        b'{"url": "https://x.io/hook?token=k9k9k9k9k9&x=1"}',
        b'{"text": "' + TOKEN.encode() + b'"}',
        b'{"url": "https://ada:k9k9k9k9k9@db.acme.io/x"}',
    ],
)
def test_a_secret_becomes_stars_and_the_json_stays_json(content):
    told = masked(content)
    assert b"***" in told and b"k9k9k9k9k9" not in told and b"correct-horse-9" not in told and TOKEN.encode() not in told
    json.loads(told)


@pytest.mark.parametrize(
    "content",
    [
        b'{"alertname": "TokenExpired", "summary": "the password is wrong", "token_count": "123456789"}',
        b'{"generatorURL": "http://p/graph?g0.expr=up&g0.tab=1", "key": "fingerprint-of-alert"}',
        b"",
    ],
)
def test_what_is_no_secret_stays_byte_for_byte(content):
    assert masked(content) is content


def test_a_known_secret_is_hidden_however_it_is_written():
    raw = b'{"a": "s\\u00fcper-secret-1", "b": "s\xc3\xbcper-secret-1"}'
    told = masked(raw, ["süper-secret-1"])
    assert json.loads(told) == {"a": "***", "b": "***"}


def test_what_is_escaped_in_the_body_is_hidden_in_what_was_understood():
    raw = b'{"password": "k9k9\\u006b9k9k9", "note": "k9k9\\u006b9k9k9"}'
    _, batch = redacted(raw, batch_with(firing(annotations={"note": "k9k9k9k9k9"})))
    assert batch.signals[0].annotations == {"note": "***"}


def test_what_came_in_base64_is_hidden_in_what_was_understood():
    raw = b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.b64encode(TOKEN.encode())
    _, batch = redacted(raw, batch_with(firing(annotations={"description": f"use {TOKEN} now"})))
    assert batch.signals[0].annotations == {"description": "use *** now"}


def test_a_body_without_secrets_costs_no_copy():
    raw, batch = b'{"alerts": []}', batch_with(firing())
    kept, told = redacted(raw, batch)
    assert kept is raw and told is batch


def test_a_short_word_is_no_secret_that_could_be_hidden():
    assert masked(b'{"token": "on", "x": "on"}', ["on"]) == b'{"token": "on", "x": "on"}'


def test_identity_does_not_change_from_one_delivery_to_the_next():
    raw = b'{"token": "k9k9k9k9k9"}'
    one, two = (redacted(raw, batch_with(firing(labels={"alertname": "k", "t": "k9k9k9k9k9"})))[1] for _ in range(2))
    assert msgspec.json.encode(one) == msgspec.json.encode(two)
