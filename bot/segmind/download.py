"""Fetching a file from an address that somebody else has named: bounded in bytes, time and reach."""

import asyncio
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from bot.segmind.errors import DownloadFailed, DownloadRefused, TooLargeDownload, plain
from bot.segmind.host_policy import AllowedHosts, is_public
from bot.segmind.responses import SERVER_ERRORS

_CHUNK = 64 * 1024
# Each may take twice its limit in memory.
_AT_ONCE = 16
# HTML, XML and JSON; neither pictures nor videos begin like that.
_WORDS, _LEAD = (b"<", b"{", b"[", b"\xef\xbb\xbf"), 256
_MOVED = frozenset({301, 302, 303, 307, 308})
_PASSING = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class DownloadTimeouts:
    """Seconds, and the bytes a second that a server must keep up once the grace is over."""

    total: float = 180.0
    connect: float = 10.0
    read: float = 20.0
    grace: float = 15.0
    floor: float = 16 * 1024


class Downloader:
    """Reads files. An async context manager; each `get` is one attempt."""

    def __init__(
        self,
        *,
        allowed_hosts: Iterable[str] = (),
        patience: DownloadTimeouts = DownloadTimeouts(),
        resolver: AbstractResolver | None = None,
        clock: Callable[[], float] | None = None,
        max_redirects: int = 3,
    ) -> None:
        self._allowed = AllowedHosts(allowed_hosts)
        self._patience = patience
        self._resolver = resolver
        self._clock = clock
        self._max_redirects = max_redirects
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        resolver = _PublicResolver(self._resolver or aiohttp.ThreadedResolver(), self._allowed)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=resolver, limit=0, ttl_dns_cache=10),
            # No gzip: what is declared is then what comes.
            headers={"Accept-Encoding": "identity", "User-Agent": "doppel"},
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(
                total=self._patience.total,
                connect=self._patience.connect,
                sock_connect=self._patience.connect,
                sock_read=self._patience.read,
            ),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def get(self, url: str, *, limit: int) -> bytes:
        """The bytes at `url`, no more than `limit` of them."""
        place = _parsed(url)
        try:
            # Whoever waits for room has not begun to wait for the server.
            async with self._room, asyncio.timeout(self._patience.total):
                for _ in range(self._max_redirects + 1):
                    found = await self._hop(place, limit)
                    if isinstance(found, bytes):
                        return found
                    place = found
        except TimeoutError:
            raise DownloadFailed("it took too long") from None
        raise DownloadFailed("it was passed on too often", passing=False, answered=True)

    async def _hop(self, place: URL, limit: int) -> bytes | URL:
        """The bytes, or the address that it goes on at."""
        self._check(place)
        if self._session is None:
            raise RuntimeError("Downloads are opened with `async with`")
        try:
            # Every hop is checked, so redirects are not aiohttp's to follow.
            async with self._session.get(place, allow_redirects=False) as response:
                if response.status in _MOVED:
                    return _onward(place, response.headers.get("Location", ""))
                if response.status != 200:  # noqa: PLR2004 - nothing but 200 brings a whole file
                    broken = response.status in SERVER_ERRORS
                    passing = broken or response.status in _PASSING
                    raise DownloadFailed(f"HTTP {response.status}", passing=passing, answered=not broken)
                return await self._read(response, limit)
        except aiohttp.ClientConnectorDNSError as error:
            if isinstance(error.os_error, _NotPublicError):
                raise DownloadRefused(str(error.os_error)) from None
            raise DownloadFailed("there is no such host") from None
        except TimeoutError:
            raise DownloadFailed("it took too long") from None
        except (aiohttp.ClientError, OSError) as error:
            raise DownloadFailed(f"{type(error).__name__}: {plain(str(error))}") from None

    def _check(self, place: URL) -> None:
        host, port = place.host, place.port
        if place.scheme not in {"http", "https"} or not host or port is None:
            raise DownloadRefused("this is no http(s) address")
        if place.user is not None or place.password is not None:
            raise DownloadRefused("the address holds a password")
        # An IP address in the URL never reaches the resolver, so it is looked at here.
        if _is_literal(host) and (host, port) not in self._allowed and not is_public(host):
            raise DownloadRefused("the address is not a public one")

    async def _read(self, response: aiohttp.ClientResponse, limit: int) -> bytes:
        if (response.content_length or 0) > limit:
            raise TooLargeDownload(limit)
        clock = self._clock or asyncio.get_running_loop().time
        begun, content = clock(), bytearray()
        async for chunk in response.content.iter_chunked(_CHUNK):
            content += chunk
            if len(content) > limit:
                raise TooLargeDownload(limit)
            elapsed = clock() - begun
            if elapsed > self._patience.grace and len(content) < elapsed * self._patience.floor:
                raise DownloadFailed("it came too slowly")
        if not content:
            raise DownloadFailed("it was empty", answered=True)
        if content[:_LEAD].lstrip().startswith(_WORDS):
            # As error pages come with 200, under whatever type.
            raise DownloadFailed("it was no file but words", answered=True)
        return bytes(content)


class _NotPublicError(OSError):
    """A name leads into a network that is not public."""


class _PublicResolver(AbstractResolver):
    """Answers with public addresses alone.

    aiohttp connects to the very addresses that its resolver gave, so a name cannot mean one thing when it is
    checked and another when it is used.
    """

    def __init__(self, inner: AbstractResolver, allowed: AllowedHosts) -> None:
        self._inner = inner
        self._allowed = allowed

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        # One private address among public ones is refused too: no honest name answers like that.
        if (host, port) not in self._allowed and not all(is_public(each["host"]) for each in found):
            raise _NotPublicError("the name leads to an address that is not public")
        return found

    async def close(self) -> None:
        await self._inner.close()


def _parsed(url: str) -> URL:
    try:
        return URL(url.strip())
    except (ValueError, TypeError):
        raise DownloadRefused("this is no http(s) address") from None


def _onward(place: URL, location: str) -> URL:
    if not location:
        raise DownloadFailed("it was passed on to nowhere", passing=False, answered=True)
    try:
        return place.join(URL(location))
    except (ValueError, TypeError):
        raise DownloadRefused("it was passed on to what is no address") from None


def _is_literal(host: str) -> bool:
    # As aiohttp decides whether to ask its resolver.
    return ":" in host or host.replace(".", "").isdigit()
