"""Which addresses a probe may reach: not those that hand out a machine's keys, nor those that are nobody's.

Looks at addresses that were resolved already, and resolves nothing: a name says little about where it leads.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

_Address = IPv4Address | IPv6Address
_Network = IPv4Network | IPv6Network

# What each network is, from the narrowest: the first that holds an address names it. Each cloud's own page says where
# its metadata lies; those within 169.254/16 are named apart, because people look for that word.
_REFUSED: tuple[tuple[_Network, str], ...] = tuple(
    (ip_network(network), what)
    for network, what in (
        ("169.254.169.254/32", "where clouds hand out a machine's keys"),  # AWS, Google, Azure, and most others
        ("169.254.170.2/32", "where AWS hands out a container's keys"),
        ("100.100.100.200/32", "where Alibaba Cloud hands out a machine's keys"),
        ("168.63.129.16/32", "where Azure hands out a machine's settings"),
        ("192.0.0.192/32", "where Oracle Cloud hands out a machine's keys"),
        ("fd00:ec2::/32", "where AWS hands out a machine's keys"),
        ("fd20:ce::254/128", "where Google Cloud hands out a machine's keys"),
        ("fd00:42::42/128", "where Scaleway hands out a machine's keys"),
        ("169.254.0.0/16", "link-local"),
        ("fe80::/10", "link-local"),
        ("0.0.0.0/8", "unspecified"),  # Linux takes 0.0.0.0 for this machine
        ("::/128", "unspecified"),
        ("224.0.0.0/4", "multicast"),
        ("ff00::/8", "multicast"),
        ("255.255.255.255/32", "broadcast"),
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")
_COMPATIBLE = IPv6Network("::/96")  # RFC 4291 2.5.5.1, deprecated, yet some systems still carry it
_REMEMBERED = 4096


class Reach:
    """The addresses that may be reached: all but those that are refused, and of these the ones that are listed.

    `allow` has addresses and networks; raises ValueError, with the entry, for one that is neither. With `is_public`
    also this machine and all that the internet does not carry is refused: for what strangers name.
    """

    def __init__(self, allow: Sequence[str] = (), *, is_public: bool = False) -> None:
        self._is_public = is_public
        self._allowed = tuple(_network(entry) for entry in allow)
        self._known: dict[str, str | None] = {}

    def refusal(self, address: str) -> str | None:
        """What a refused address is, in words ("link-local"), and None for one that may be reached."""
        try:
            return self._known[address]
        except KeyError:
            pass
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        return self._known.setdefault(address, self._judged(address))

    def _judged(self, address: str) -> str | None:
        try:
            bare = ip_address(address.partition("%")[0])  # behind % stands the network card
        except ValueError:
            return "no address of the internet"
        forms = (bare, *_within(bare))
        if any(form in network for form in forms for network in self._allowed if network.version == form.version):
            return None
        found = (what for form in forms for network, what in _REFUSED if form in network)
        return next(found, None) or (_inside(forms) if self._is_public else None)


def _network(entry: str) -> _Network:
    try:
        return ip_network(entry.strip(), strict=False)
    except ValueError:
        raise ValueError(entry) from None


def _inside(forms: Sequence[_Address]) -> str | None:
    """What an address is that the internet does not carry; None for one that it does."""
    if isinstance(forms[0], IPv6Address) and forms[0].ipv4_mapped is not None:
        forms = forms[1:]  # only what it stands for says where it leads
    if any(form.is_loopback for form in forms):
        return "this machine"
    is_carried = all(form.is_global and not getattr(form, "is_site_local", False) for form in forms)
    return None if is_carried else "private"


def _within(address: _Address) -> tuple[IPv4Address, ...]:
    """The IPv4 addresses that an IPv6 address stands for: mapped, compatible, NAT64, 6to4, Teredo."""
    if isinstance(address, IPv4Address):
        return ()
    found = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    last = int(address) & 0xFFFFFFFF
    if address in _NAT64 or (address in _COMPATIBLE and last > 0xFFFF):  # ::1 is not 0.0.0.1
        found.append(IPv4Address(last))
    return tuple(each for each in found if each is not None)
