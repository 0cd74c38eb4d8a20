"""Reads the input files of a request, as Segmind's workers do."""

import asyncio
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

import aiohttp

from bot.sandbox.segmind.assets import Assets, parse_data_url
from bot.sandbox.segmind.engine import CannotRender
from bot.sandbox.segmind.errors import ApiError

MAX_BYTES = 64 * 1024 * 1024
TIMEOUT = 30.0


class InputReader:
    """Decodes data URLs, reads this server's files from memory, and downloads everything else.

    It does not block private addresses: this is a development server on loopback, and its clients use them.
    """

    def __init__(self, hosted: Sequence[Assets], *, max_bytes: int = MAX_BYTES) -> None:
        self._hosted = hosted
        self._max_bytes = max_bytes
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def read(self, addresses: Mapping[str, str], now: float) -> dict[str, bytes]:
        """Return the bytes by parameter name; raises `CannotRender`, which names the parameter."""
        contents = await asyncio.gather(
            *(self._read_one(name, address, now) for name, address in addresses.items())
        )
        return dict(zip(addresses, contents, strict=True))

    async def _read_one(self, name: str, address: str, now: float) -> bytes:
        if address[:5].lower() == "data:":
            try:
                return parse_data_url(address).content
            except ApiError as error:
                raise CannotRender(f"The input {name} cannot be read: {error.detail}.") from None
        for assets in self._hosted:
            if (asset := assets.find(address, now)) is not None:
                return asset.content
        try:
            return await self._download(name, address)
        except (aiohttp.ClientError, TimeoutError, ValueError):
            host = urlsplit(address).netloc
            raise CannotRender(f"The input {name} could not be downloaded from {host}.") from None

    async def _download(self, name: str, address: str) -> bytes:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT))
        async with self._session.get(address) as response:
            if not response.ok:
                raise CannotRender(f"The input {name} could not be downloaded: HTTP {response.status}.")
            content = bytearray()
            async for chunk in response.content.iter_chunked(1 << 16):
                content += chunk
                if len(content) > self._max_bytes:
                    raise CannotRender(f"The input {name} is larger than {self._max_bytes} bytes.")
            return bytes(content)
