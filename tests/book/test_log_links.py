"""Addresses of logs with the service and the time filled in: what is filled, what is encoded, what is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.book.log_links import filled, is_fillable, is_grafana

SINCE, UNTIL = datetime(2026, 3, 26, 2, 45, tzinfo=UTC), datetime(2026, 3, 26, 3, 45, tzinfo=UTC)
MS = "1774493100000", "1774496700000"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("https://logs.example.org/?q={service}&f={from}&t={to}",
         "https://logs.example.org/?q=pay%2Fcard%20%26%20co&f=2026-03-26T02%3A45%3A00Z&t=2026-03-26T03%3A45%3A00Z"),
        ("http://logs.example.org/{service}?a={from_ms}&b={to_ms}", f"http://logs.example.org/pay%2Fcard%20%26%20co?a={MS[0]}&b={MS[1]}"),
        ("https://logs.example.org/?q=%7Bservice%7D", "https://logs.example.org/?q=pay%2Fcard%20%26%20co"),
        ("https://logs.example.org/", "https://logs.example.org/"),
        ("https://logs.example.org/?q={other}", "https://logs.example.org/?q={other}"),
        ("https://grafana.example.org/d/abc/api", f"https://grafana.example.org/d/abc/api?from={MS[0]}&to={MS[1]}"),
        ("https://grafana.example.org/d/abc?orgId=1#x", f"https://grafana.example.org/d/abc?orgId=1&from={MS[0]}&to={MS[1]}#x"),
        ("https://grafana.example.org/d/abc?from=now-6h&to=now", "https://grafana.example.org/d/abc?from=now-6h&to=now"),
    ],
)  # fmt: skip
def test_what_is_filled_in_is_encoded(written, shown):
    assert filled(written, "pay/card & co", SINCE, UNTIL) == shown


@pytest.mark.parametrize(
    "written",
    ["javascript:alert({service})", "ftp://logs.example.org/{service}", "//logs.example.org/{service}", "/logs/{service}", "",
     "https://{service}/logs", "https://{service}.example.org/", "https://logs.example.org:{from_ms}/", "https:///x", "https://[",
     "https://logs.example.org/ {service}", 'https://logs.example.org/"{service}', "data:text/html,{service}", "\x01https://a/{to}"],
)  # fmt: skip
def test_what_is_no_address_of_the_web_or_names_its_host_by_the_service_is_refused(written):
    assert filled(written, "evil.example.com", SINCE, UNTIL) == ""
    assert not is_fillable(written)


@given(st.text(max_size=80), st.text(max_size=40))
def test_whatever_is_written_the_answer_is_nothing_or_leads_to_the_same_host(written, service):
    for address in (written, f"https://logs.example.org/{written}", f"https://logs.example.org/{written}{{service}}"):
        shown = filled(address, service, SINCE, UNTIL)
        assert shown == "" or (shown.lower().startswith(("http://", "https://")) and not set(shown) & set("\"'<> \n"))
        if shown and address.startswith("https://logs.example.org/"):
            assert urlsplit(shown).hostname == "logs.example.org"
        assert is_grafana(address) in (True, False)
