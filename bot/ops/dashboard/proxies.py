"""Client behind the proxies that the operator has named; nobody else's `X-Forwarded-…` is believed."""

import ipaddress
from collections.abc import Collection

from aiohttp import web

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class TrustedProxies:
    """Addresses of proxies whose headers are believed."""

    def __init__(self, networks: Collection[Network]) -> None:
        self._networks = networks

    def client_address(self, request: web.Request) -> str:
        """Address of the client: the last one on the way that is no trusted proxy."""
        client = request.remote or ""
        ways = [way for header in request.headers.getall("X-Forwarded-For", ()) for way in header.split(",")]
        while ways and self._trusts(client):
            client = ways.pop().strip()
        return client

    def is_secure(self, request: web.Request) -> bool:
        """Return whether the client came by TLS."""
        proto = request.headers.get("X-Forwarded-Proto", "").rpartition(",")[2].strip()
        return request.secure or (proto == "https" and self._trusts(request.remote or ""))

    def _trusts(self, address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
            parsed = parsed.ipv4_mapped
        return any(parsed in network for network in self._networks)
