"""Reads what the inputs of a request lead to, as Segmind's workers do."""

import asyncio
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

import aiohttp

from bot.sandbox.segmind.assets import Assets, read_data_url
from bot.sandbox.segmind.engine import CannotRender
from bot.sandbox.segmind.errors import Refusal

MOST_BYTES = 64 * 1024 * 1024
PATIENCE = 30.0


class Inputs:
    """Data URLs are decoded, this server's own files come from memory, everything else is fetched.

    There is no guard against addresses inside the own network: this is a development server on loopback, and
    such addresses are what it is for.
    """

    def __init__(
        self, hosted: Sequence[Assets], *, most_bytes: int = MOST_BYTES, patience: float = PATIENCE
    ) -> None:
        self._hosted = hosted
        self._most_bytes = most_bytes
        self._patience = aiohttp.ClientTimeout(total=patience)
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def read(self, addresses: Mapping[str, str], now: float) -> dict[str, bytes]:
        """The bytes by parameter; raises `CannotRender` with the parameter's name."""
        contents = await asyncio.gather(
            *(self._one(name, address, now) for name, address in addresses.items())
        )
        return dict(zip(addresses, contents, strict=True))

    async def _one(self, name: str, address: str, now: float) -> bytes:
        if address[:5].lower() == "data:":
            try:
                return read_data_url(address).content
            except Refusal as refusal:
                raise CannotRender(f"The input {name} cannot be read: {refusal.detail}.") from None
        for assets in self._hosted:
            if (asset := assets.behind(address, now)) is not None:
                return asset.content
        try:
            return await self._fetched(name, address)
        except (aiohttp.ClientError, TimeoutError, ValueError):
            host = urlsplit(address).netloc
            raise CannotRender(f"The input {name} could not be downloaded from {host}.") from None

    async def _fetched(self, name: str, address: str) -> bytes:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._patience)
        async with self._session.get(address) as response:
            if not response.ok:
                raise CannotRender(f"The input {name} could not be downloaded: HTTP {response.status}.")
            content = bytearray()
            async for chunk in response.content.iter_chunked(1 << 16):
                content += chunk
                if len(content) > self._most_bytes:
                    raise CannotRender(f"The input {name} is larger than {self._most_bytes} bytes.")
            return bytes(content)
