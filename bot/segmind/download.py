"""Downloads of files from untrusted URLs: limited in bytes and time, and to public networks."""

import asyncio
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from bot.segmind.errors import DownloadFailed, DownloadRefused, TooLargeDownload, sanitize
from bot.segmind.host_policy import AllowedHosts, is_public
from bot.segmind.responses import SERVER_ERRORS

_CHUNK = 64 * 1024
# Each download may take twice its limit in memory.
_MAX_CONCURRENT = 16
_MAX_REDIRECTS = 3
# HTML, XML and JSON begin like this; no picture or video does.
_TEXT_STARTS, _SNIFFED_BYTES = (b"<", b"{", b"[", b"\xef\xbb\xbf"), 256
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TRANSIENT = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class DownloadTimeouts:
    """Timeouts in seconds, and the bytes a second that a server must deliver once `grace` is over."""

    total: float = 180.0
    connect: float = 10.0
    read: float = 20.0
    grace: float = 15.0
    min_rate: float = 16 * 1024


class Downloader:
    """Downloader of files. An async context manager; each `get` is one attempt."""

    def __init__(
        self,
        *,
        allowed_hosts: Iterable[str] = (),
        timeouts: DownloadTimeouts = DownloadTimeouts(),
        resolver: AbstractResolver | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._allowed = AllowedHosts(allowed_hosts)
        self._timeouts = timeouts
        self._resolver = resolver
        self._clock = clock
        self._slots = asyncio.Semaphore(_MAX_CONCURRENT)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        resolver = _PublicResolver(self._resolver or aiohttp.ThreadedResolver(), self._allowed)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=resolver, limit=0, ttl_dns_cache=10),
            # Without gzip, the declared length is the length of the file.
            headers={"Accept-Encoding": "identity", "User-Agent": "doppel"},
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(
                total=self._timeouts.total,
                connect=self._timeouts.connect,
                sock_connect=self._timeouts.connect,
                sock_read=self._timeouts.read,
            ),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def get(self, url: str, *, limit: int) -> bytes:
        """Download the file at `url`, of at most `limit` bytes."""
        target = _parse(url)
        try:
            # The timeout covers the server's time, not the time spent waiting for a slot.
            async with self._slots, asyncio.timeout(self._timeouts.total):
                for _ in range(_MAX_REDIRECTS + 1):
                    response = await self._hop(target, limit)
                    if isinstance(response, bytes):
                        return response
                    target = response
        except TimeoutError:
            raise DownloadFailed("the download took too long") from None
        raise DownloadFailed("too many redirects", transient=False, server_works=True)

    async def _hop(self, url: URL, limit: int) -> bytes | URL:
        """Request one URL; return the file, or the target of a redirect."""
        self._check(url)
        if self._session is None:
            raise RuntimeError("open the Downloader with `async with`")
        try:
            # aiohttp would follow redirects without checking their targets.
            async with self._session.get(url, allow_redirects=False) as response:
                if response.status in _REDIRECTS:
                    return _redirect_target(url, response.headers.get("Location", ""))
                if response.status != 200:  # noqa: PLR2004 - only a 200 carries a whole file
                    broken = response.status in SERVER_ERRORS
                    transient = broken or response.status in _TRANSIENT
                    raise DownloadFailed(
                        f"HTTP {response.status}", transient=transient, server_works=not broken
                    )
                return await self._read(response, limit)
        except aiohttp.ClientConnectorDNSError as error:
            if isinstance(error.os_error, _NotPublicError):
                raise DownloadRefused(str(error.os_error)) from None
            raise DownloadFailed("no such host") from None
        except TimeoutError:
            raise DownloadFailed("the download took too long") from None
        except (aiohttp.ClientError, OSError) as error:
            raise DownloadFailed(f"{type(error).__name__}: {sanitize(str(error))}") from None

    def _check(self, url: URL) -> None:
        host, port = url.host, url.port
        if url.scheme not in {"http", "https"} or not host or port is None:
            raise DownloadRefused("not an http(s) URL")
        if url.user is not None or url.password is not None:
            raise DownloadRefused("the URL contains a password")
        # aiohttp does not pass an IP address in the URL to the resolver, so it is checked here.
        if _is_literal(host) and (host, port) not in self._allowed and not is_public(host):
            raise DownloadRefused("the address is not a public one")

    async def _read(self, response: aiohttp.ClientResponse, limit: int) -> bytes:
        if (response.content_length or 0) > limit:
            raise TooLargeDownload(limit)
        clock = self._clock or asyncio.get_running_loop().time
        started, content = clock(), bytearray()
        async for chunk in response.content.iter_chunked(_CHUNK):
            content += chunk
            if len(content) > limit:
                raise TooLargeDownload(limit)
            elapsed = clock() - started
            if elapsed > self._timeouts.grace and len(content) < elapsed * self._timeouts.min_rate:
                raise DownloadFailed("the server sent too slowly")
        if not content:
            raise DownloadFailed("the file is empty", server_works=True)
        if content[:_SNIFFED_BYTES].lstrip().startswith(_TEXT_STARTS):
            # Some servers send error pages with status 200 and the content type of the file.
            raise DownloadFailed("the server sent text instead of a file", server_works=True)
        return bytes(content)


class _NotPublicError(OSError):
    """The host name resolves to an address that is not public."""


class _PublicResolver(AbstractResolver):
    """Resolver that returns public addresses only.

    aiohttp connects to the addresses that its resolver returned, so a name cannot resolve to one address for
    the check and to another for the connection.
    """

    def __init__(self, inner: AbstractResolver, allowed: AllowedHosts) -> None:
        self._inner = inner
        self._allowed = allowed

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        addresses = await self._inner.resolve(host, port, family)
        # One private address among public ones is enough to refuse: no honest name resolves like that.
        if (host, port) not in self._allowed and not all(is_public(each["host"]) for each in addresses):
            raise _NotPublicError("the host name resolves to an address that is not public")
        return addresses

    async def close(self) -> None:
        await self._inner.close()


def _parse(url: str) -> URL:
    try:
        return URL(url.strip())
    except (ValueError, TypeError):
        raise DownloadRefused("not an http(s) URL") from None


def _redirect_target(url: URL, location: str) -> URL:
    if not location:
        raise DownloadFailed("redirect without a target", transient=False, server_works=True)
    try:
        return url.join(URL(location))
    except (ValueError, TypeError):
        raise DownloadRefused("redirect to an invalid URL") from None


def _is_literal(host: str) -> bool:
    # aiohttp uses the same test to decide whether to call its resolver.
    return ":" in host or host.replace(".", "").isdigit()
