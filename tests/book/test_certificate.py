"""Why a certificate is not trusted, or not for long enough, with the day or the names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from opsbook.book.certificate import Certificate, ends_soon, untrusted

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
GOOD = Certificate("CN = a.example", "CN = R11", "a.example, b.example", NOW - timedelta(days=1), NOW + timedelta(days=30))
EXPIRED = Certificate("CN = a.example", "CN = a.example", "a.example", NOW - timedelta(days=9), NOW - timedelta(days=3))


@pytest.mark.parametrize(
    ("certificate", "verdict", "words"),
    [
        (EXPIRED, 10, "expired on 23 November 2026"),
        (EXPIRED, 18, "expired on 23 November 2026"),  # self-signed too, but the day is what to mend first
        (Certificate(), 10, "expired. Renew it"),
        (Certificate(starts=NOW + timedelta(days=1)), 9, "begins to be good on 27 November 2026"),
        (GOOD, 18, "is self-signed (CN = a.example)"),
        (GOOD, 20, "is from CN = R11, who is not trusted here"),
        (GOOD, 1, "is for a.example, b.example, not for c.example"),
    ],
)
def test_the_reason_names_what_is_wrong(certificate, verdict, words):
    assert words in (untrusted(certificate, verdict, where="c.example:443", host="c.example", now=NOW) or "")


def test_a_verdict_that_nothing_is_known_of_is_left_to_others():
    assert untrusted(GOOD, 23, where="c", host="c", now=NOW) is None


def test_a_certificate_that_ends_before_the_expected_days_is_told_with_its_day():
    assert ends_soon(GOOD, 30, NOW) is None and ends_soon(GOOD, None, NOW) is None
    assert "good for 30 days more, until 26 December 2026, and at least 31 days" in (ends_soon(GOOD, 31, NOW) or "")
    assert "no certificate" in (ends_soon(Certificate(), 1, NOW) or "")
