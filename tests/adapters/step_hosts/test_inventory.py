"""Where machines are, as opsbook.toml writes it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.adapters.step_hosts.inventory import Place, read_place


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("", Place("web-1", "web-1")),
        ("10.0.0.7", Place("web-1", "10.0.0.7")),
        ("web.example.org:2222", Place("web-1", "web.example.org", 2222)),
        ("deploy@web.example.org", Place("web-1", "web.example.org", 22, "deploy")),
        ("deploy@", Place("web-1", "web-1", 22, "deploy")),
        ("deploy@[2001:db8::7]:2222", Place("web-1", "2001:db8::7", 2222, "deploy")),
        ("2001:db8::7", Place("web-1", "2001:db8::7")),
        ("DOMAIN\\ops@WEB", Place("web-1", "web", 22, "DOMAIN\\ops")),
    ],
)
def test_an_address_is_user_host_and_port(written, place):
    assert read_place("web-1", written) == place


@pytest.mark.parametrize(
    "written",
    ["a b", "-oProxyCommand=x", "user@-x", "host:0", "host:99999", "[::1", "1:2:3", "x y@host", "@@h", "host:ssh", "ssh://h", "$(id)"],
)
def test_what_is_no_address_is_none(written):
    assert read_place("web-1", written) is None


def test_a_user_of_the_address_wins_over_the_configured_one():
    assert read_place("a", "b", "ops").user == "ops"
    assert read_place("a", "me@b", "ops").user == "me"


@pytest.mark.parametrize("written", ["deploy@[2001:db8::7]:2222", "web:2222", "deploy@web", "[::1]"])
def test_a_place_reads_as_it_is_written(written):
    assert str(read_place("x", written)) == written


@given(st.text(max_size=40))
def test_whatever_is_written_is_an_address_or_none(written):
    place = read_place("name", written)
    assert place is None or read_place("name", str(place)) == place
