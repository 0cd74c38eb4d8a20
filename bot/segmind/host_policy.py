"""Policy of hosts that files are downloaded from: public ones, and those that the settings allow (pure)."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

# RFC 6052 and RFC 3056: these embed an IPv4 address, which is the one that is reached.
_NAT64 = IPv6Network("64:ff9b::/96")
_SIX_TO_FOUR = IPv6Network("2002::/16")
# RFC 4380 and RFC 8215: tunnels and local translators, which may lead into a private network.
_TUNNELS = (IPv6Network("2001::/32"), IPv6Network("64:ff9b:1::/48"))


def is_public(text: str) -> bool:
    """Return whether `text` is an IP address that anybody on the internet can reach."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        if (embedded := _embedded_ipv4(address)) is not None:
            return _is_global(embedded)
        if any(address in network for network in _TUNNELS):
            return False
    return _is_global(address)


def _embedded_ipv4(address: IPv6Address) -> IPv4Address | None:
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    if address in _SIX_TO_FOUR:
        return address.sixtofour
    return address.ipv4_mapped


def _is_global(address: IPv4Address | IPv6Address) -> bool:
    if address.is_multicast or address.is_reserved or address.is_unspecified:
        return False
    return address.is_global and not (isinstance(address, IPv6Address) and address.is_site_local)


class AllowedHosts:
    """Hosts that are allowed in any network: `localhost` at any port, `127.0.0.1:8700` at that port only."""

    def __init__(self, hosts: Iterable[str]) -> None:
        self._hosts = frozenset(host.strip().lower() for host in hosts)

    def __contains__(self, host_and_port: tuple[str, int]) -> bool:
        host, port = host_and_port[0].lower().strip("[]"), host_and_port[1]
        bracketed = f"[{host}]" if ":" in host else host
        return not self._hosts.isdisjoint({host, bracketed, f"{bracketed}:{port}"})
