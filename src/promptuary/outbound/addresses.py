"""Rules for addresses that outgoing requests may reach: public ones, and those of networks that the operator allows.

Addresses that reach an IPv4 address by way of IPv6 are judged by both.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network

_NAT64 = IPv6Network("64:ff9b::/96")
_6TO4 = IPv6Network("2002::/16")
_IPV4_COMPATIBLE = IPv6Network("::/96")
# Local translation and relays: the address inside cannot be known, or says nothing of the machine that is reached. Networks for
# documentation and for segments of routes: versions of Python differ in whether they are public.
_FORBIDDEN = (
    IPv6Network("64:ff9b:1::/48"),
    IPv6Network("2001::/32"),
    IPv6Network("fec0::/10"),
    IPv6Network("3fff::/20"),
    IPv6Network("5f00::/16"),
    IPv4Network("192.88.99.0/24"),
)


def may_reach(text: str, allowed: Sequence[Network] = ()) -> bool:
    """Return `True` if requests may be sent to an address: a public one, or one of the allowed networks."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        return False
    inner = _embedded(address)
    reached = [address] if inner is None else [inner] if address in IPv6Network("::ffff:0:0/96") else [address, inner]
    return any(each in network for network in allowed for each in reached) or all(_is_public(each) for each in reached)


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    is_special = (
        address.is_private
        or address.is_loopback
        or address.is_link_local
        or address.is_multicast
        or address.is_reserved
        or address.is_unspecified
        or any(address in network for network in _FORBIDDEN)
    )
    # The address inside decides: NAT64 is in a reserved block, and versions of Python differ in whether 6to4 is public.
    return address in _NAT64 or address in _6TO4 or (address.is_global and not is_special)


def _embedded(address: IPv4Address | IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 address leads to, if any."""
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64 or address in _IPV4_COMPATIBLE:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour
