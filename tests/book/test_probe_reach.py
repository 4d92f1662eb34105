"""Which addresses a probe may reach, in all the ways that an address can be written."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.book.probe_reach import Reach

METADATA = IPv4Address("169.254.169.254")
DRESSED = [
    f"::ffff:{METADATA}",
    f"::{METADATA}",
    f"64:ff9b::{METADATA}",
    str(IPv6Address((0x2002 << 112) | (int(METADATA) << 80))),
    str(IPv6Address((0x20010000 << 96) | (int(IPv4Address("8.8.8.8")) << 64) | (int(METADATA) ^ 0xFFFFFFFF))),
]


@pytest.mark.parametrize(
    "address",
    ["169.254.169.254", "169.254.0.1", "169.254.170.2", "100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254",
     "0.0.0.0", "0.1.2.3", "::", "224.0.0.1", "239.1.1.1", "255.255.255.255", "fe80::1", "fe80::1%eth0", "ff02::1", *DRESSED],
)  # fmt: skip
def test_addresses_that_hand_out_keys_or_are_nobodys_are_refused(address):
    assert Reach().refusal(address)


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "10.0.0.1", "192.168.1.1", "8.8.8.8", "fd12::1", "2606:4700::1", "::ffff:10.0.0.1", "100.64.0.1"]
)
def test_other_addresses_may_be_reached_also_inner_ones(address):
    assert Reach().refusal(address) is None


@pytest.mark.parametrize("entry", ["169.254.169.254", "169.254.0.0/16", " 169.254.169.254 ", "169.254.1.1/16"])
def test_what_is_listed_may_be_reached_however_it_is_dressed(entry):
    reach = Reach([entry])
    assert [reach.refusal(each) for each in [str(METADATA), *DRESSED]] == [None] * 6
    assert reach.refusal("fe80::1") == "link-local"


@pytest.mark.parametrize("entry", ["", "metadata", "169.254.169", "10.0.0.0/33"])
def test_an_entry_that_is_no_address_is_told(entry):
    with pytest.raises(ValueError, match=f"^{entry}$"):
        Reach([entry])


@given(st.text(max_size=30) | st.ip_addresses().map(str))
def test_every_text_is_judged_and_twice_alike(text):
    reach = Reach()
    assert reach.refusal(text) == reach.refusal(text)


@given(st.ip_addresses(v=4))
def test_a_mapped_address_is_judged_as_the_one_that_it_is(address):
    assert Reach().refusal(f"::ffff:{address}") == Reach().refusal(str(address))


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.0.0.1", "192.168.1.1", "172.16.0.1", "fd12::1", "::ffff:10.0.0.1", "100.64.0.1",
                                     "64:ff9b::a00:1", "2002:7f00:1::", "fec0::1", "240.0.0.1", "169.254.169.254"])  # fmt: skip
def test_nothing_inside_may_be_reached_for_a_stranger(address):
    assert Reach(is_public=True).refusal(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1", "::ffff:8.8.8.8"])
def test_the_internet_may_be_reached_for_a_stranger(address):
    assert Reach(is_public=True).refusal(address) is None


def test_what_is_listed_may_be_reached_for_a_stranger_too():
    assert Reach(["127.0.0.0/8"], is_public=True).refusal("127.0.0.1") is None


def test_what_is_no_address_is_refused():
    assert Reach().refusal("localhost") == "no address of the internet"
