"""One request over aiohttp and its whole answer: bounded in bytes and time, with the key out of sight."""

import io
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp.abc import AbstractResolver
from pydantic import SecretStr

from bot.segmind.errors import KeyRejected, OutcomeUnknown, SegmindError, Unreachable
from bot.segmind.requests import Request
from bot.segmind.responses import CLIENT_ERRORS, Response

_CHUNK = 64 * 1024
_HIDDEN = "***"

# What aiohttp raises while there is no connection yet: a name that is not found, a refusal, a failed TLS
# handshake, a wait for the connection that grew too long. Nothing was sent then.
_NOT_CONNECTED = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)
_BROKEN = (aiohttp.ClientError, OSError)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds for the phases of a request to Segmind; uploads are long, so they have a total of their own."""

    total: float = 60.0
    connect: float = 10.0
    read: float = 30.0
    upload: float = 180.0


class ResponseTooLong(OutcomeUnknown):
    """The answer is longer than any that is awaited."""


class Transport:
    """One pooled session. An async context manager; without a usable key there is none."""

    def __init__(
        self, key: SecretStr, *, timeouts: Timeouts, resolver: AbstractResolver | None = None
    ) -> None:
        self._key = key
        if not _fits_a_header(self._secret()):
            raise KeyRejected("there is no key, or one that no header can carry")
        self._timeouts = timeouts
        self._resolver = resolver
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            # Dropped well before a load balancer's usual 60 s of idleness, lest a POST goes out on one
            # that is just being closed.
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
        """Raises `Unreachable`, or `OutcomeUnknown` from the moment on that something may have been sent."""
        if self._session is None:
            raise RuntimeError("it is opened with `async with`")
        trouble: SegmindError
        try:
            # aiohttp repeats a request on a fresh connection where a pooled one broke, but never a POST.
            async with self._session.request(
                request.method,
                request.url,
                params=request.params,
                # bytes of more than a megabyte would be written in one go.
                data=None if request.body is None else io.BytesIO(request.body),
                headers={"Content-Type": "application/json", "x-api-key": _HiddenHeader(self._secret())},
                timeout=self._timeout(request),
                allow_redirects=False,
            ) as response:
                return await self._answer(response, limit)
        except _NOT_CONNECTED as error:
            trouble = Unreachable(self._words(error))
        except _BROKEN as error:
            trouble = OutcomeUnknown(self._words(error))
        # Raised out here, so that it does not carry aiohttp's exception along, whose frames hold the headers.
        raise trouble

    async def _answer(self, response: aiohttp.ClientResponse, limit: int) -> Response:
        try:
            body = await _body(response, limit)
        except (*_BROKEN, ResponseTooLong):
            # A 4xx to a POST has said no, whatever became of its words.
            if response.method != "POST" or response.status not in CLIENT_ERRORS:
                raise
            body = b""
        headers = {name.lower(): value for name, value in response.headers.items()}
        # Some services repeat a key that they do not like.
        return Response(response.status, body.replace(self._secret().encode(), _HIDDEN.encode()), headers)

    def _secret(self) -> str:
        return self._key.get_secret_value().strip()

    def _timeout(self, request: Request) -> aiohttp.ClientTimeout:
        times = self._timeouts
        return aiohttp.ClientTimeout(
            total=times.upload if request.long else times.total,
            connect=times.connect,
            sock_connect=times.connect,
            sock_read=times.read,
        )

    def _words(self, error: Exception) -> str:
        return f"{type(error).__name__}: {error}".replace(self._secret(), _HIDDEN)


def _fits_a_header(text: str) -> bool:
    return bool(text) and text.isascii() and text.isprintable()


class _HiddenHeader(str):
    """A header's value that does not show in the locals of aiohttp's frames, should a trace print them."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"'{_HIDDEN}'"


async def _body(response: aiohttp.ClientResponse, limit: int) -> bytes:
    declared, content = response.content_length or 0, bytearray()
    if declared <= limit:
        async for chunk in response.content.iter_chunked(_CHUNK):
            content += chunk
            if len(content) > limit:
                break
        else:
            return bytes(content)
    raise ResponseTooLong(f"an answer of more than {limit} bytes")
