"""Transport of requests over aiohttp: limits bytes and time, and keeps the key out of logs and traces."""

import asyncio
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp.abc import AbstractResolver
from pydantic import SecretStr

from bot.segmind.errors import KeyRejected, OutcomeUnknown, SegmindError, Unreachable
from bot.segmind.requests import Request, UploadBody
from bot.segmind.responses import REFUSALS, Response

_CHUNK = 64 * 1024
_HIDDEN = "***"
# Hiding a shorter key would replace parts of ordinary words, and so show which letters it has.
_SHORTEST_HIDDEN_KEY = 8

# aiohttp raises these before there is a connection: unknown host, refused connection, failed TLS handshake,
# connection timeout. Nothing was sent then.
_NOT_CONNECTED = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)
_BROKEN = (aiohttp.ClientError, OSError)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Timeouts of a request to Segmind, in seconds; uploads take long, so they have a total of their own."""

    total: float = 60.0
    connect: float = 10.0
    read: float = 30.0
    upload: float = 180.0


class ResponseTooLong(OutcomeUnknown):
    """The response is longer than its limit."""


class Transport:
    """Pooled HTTP session. An async context manager; raises `KeyRejected` for a key that no header allows."""

    def __init__(
        self, key: SecretStr, *, timeouts: Timeouts, resolver: AbstractResolver | None = None
    ) -> None:
        self._key = key
        if not _is_header_safe(self._secret()):
            raise KeyRejected("the key is missing, or contains characters that no header allows")
        self._timeouts = timeouts
        self._resolver = resolver
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            # Load balancers usually close idle connections after 60 s. The client closes them earlier, so
            # that no POST goes out over a connection that is just being closed.
            connector=aiohttp.TCPConnector(resolver=self._resolver, limit=100, keepalive_timeout=15),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": "doppel", "Accept": "application/json"},
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def exchange(self, request: Request, limit: int) -> Response:
        """Send one request; raise `Unreachable` if nothing was sent, else `OutcomeUnknown` on failure."""
        if self._session is None:
            raise RuntimeError("open the Transport with `async with`")
        failure: SegmindError
        try:
            # aiohttp repeats a request over a new connection if a pooled one broke, but never a POST.
            async with self._session.request(
                request.method,
                request.url,
                params=request.params,
                data=_data(request.body),
                headers=self._headers(request.body),
                timeout=self._timeout(request),
                allow_redirects=False,
            ) as response:
                return await self._read(response, limit)
        except _NOT_CONNECTED as error:
            failure = Unreachable(self._describe(error))
        except _BROKEN as error:
            failure = OutcomeUnknown(self._describe(error))
        # Raised outside of the handlers, as the frames of aiohttp's exception hold the headers with the key.
        raise failure

    async def _read(self, response: aiohttp.ClientResponse, limit: int) -> Response:
        try:
            body = await _body(response, limit)
        except (*_BROKEN, ResponseTooLong):
            # The status alone says that a POST was refused, even if its body is lost.
            if response.method != "POST" or response.status not in REFUSALS:
                raise
            body = b""
        headers = {name.lower(): value for name, value in response.headers.items()}
        # Some services quote a key that they reject.
        return Response(response.status, self._hide_key(body), headers)

    def _headers(self, body: bytes | UploadBody | None) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "x-api-key": _HiddenHeader(self._secret())}
        # Without the length, aiohttp would send pieces in chunked encoding, which not every server takes.
        return headers | {"Content-Length": str(len(body))} if isinstance(body, UploadBody) else headers

    def _secret(self) -> str:
        return self._key.get_secret_value().strip()

    def _timeout(self, request: Request) -> aiohttp.ClientTimeout:
        timeouts = self._timeouts
        return aiohttp.ClientTimeout(
            total=timeouts.upload if request.is_upload else timeouts.total,
            connect=timeouts.connect,
            sock_connect=timeouts.connect,
            sock_read=timeouts.read,
        )

    def _describe(self, error: Exception) -> str:
        return self._hide_key(f"{type(error).__name__}: {error}".encode()).decode()

    def _hide_key(self, text: bytes) -> bytes:
        key = self._secret().encode()
        return text if len(key) < _SHORTEST_HIDDEN_KEY else text.replace(key, _HIDDEN.encode())


def _is_header_safe(text: str) -> bool:
    return bool(text) and text.isascii() and text.isprintable()


class _HiddenHeader(str):
    """Header value that stays hidden in traces that print the locals of aiohttp's frames."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"'{_HIDDEN}'"


def _data(body: bytes | UploadBody | None) -> io.BytesIO | AsyncIterator[bytes] | None:
    if isinstance(body, UploadBody):
        return _pieces(body)
    # aiohttp would write bytes of more than a megabyte in one go.
    return None if body is None else io.BytesIO(body)


async def _pieces(body: UploadBody) -> AsyncIterator[bytes]:
    for piece in body:
        yield piece
        # A fast connection takes each piece at once, and everybody else would wait for the last one.
        await asyncio.sleep(0)


async def _body(response: aiohttp.ClientResponse, limit: int) -> bytes:
    declared, content = response.content_length or 0, bytearray()
    if declared <= limit:
        async for chunk in response.content.iter_chunked(_CHUNK):
            content += chunk
            if len(content) > limit:
                break
        else:
            return bytes(content)
    raise ResponseTooLong(f"the response has more than {limit} bytes")
