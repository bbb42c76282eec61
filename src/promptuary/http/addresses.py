"""Addresses of clients, as limits count them."""

from ipaddress import IPv6Address, ip_address

_IPV6_PREFIX_BITS = 64


def network_of(address: str) -> str:
    """Return what limits count an address under: IPv4 addresses themselves, of IPv6 addresses the /64."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    prefix = int(parsed) >> (128 - _IPV6_PREFIX_BITS) << (128 - _IPV6_PREFIX_BITS)
    return f"{IPv6Address(prefix)}/{_IPV6_PREFIX_BITS}"
