"""Fixtures: a misbehaving server, and a client that talks to it without waiting."""

import time
from collections.abc import AsyncIterator, Mapping
from socket import AF_INET, AddressFamily

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from hypothesis import HealthCheck, settings
from pydantic import SecretStr

from bot.segmind.breaker import BreakerConfig
from bot.segmind.client import RateConfig, Retry, SegmindClient
from bot.segmind.download import DownloadTimeouts
from bot.segmind.transport import Timeouts
from tests.clocks import LeapingClock
from tests.patience import PATIENCE
from tests.segmind.hostile_server import HostileServer

KEY = "SG_0123456789abcdef"
# The machine may be busy, so the time that an example takes proves nothing.
NO_DEADLINE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
NO_WAITS = Retry(attempts=3, initial_wait=0, max_wait=0, jitter=0)
# A test with a server that always fails counts every attempt.
NO_RATE_LIMIT = RateConfig(per_minute=1_000_000, breaker=BreakerConfig(failures=1_000_000))
SHORT = Timeouts(total=5, connect=2, read=0.8, upload=5)
LONG = Timeouts(total=PATIENCE, connect=PATIENCE, read=PATIENCE, upload=PATIENCE)


class FakeResolver(AbstractResolver):
    """Resolver that knows only the given names."""

    def __init__(self, names: Mapping[str, list[str]] | None = None) -> None:
        self.names = names or {}
        self.asked: list[str] = []

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: AddressFamily = AF_INET,  # noqa: ARG002 - the base has it
    ) -> list[ResolveResult]:
        self.asked.append(host)
        if host not in self.names:
            raise OSError(None, "no such name")
        return [
            ResolveResult(hostname=host, host=address, port=port, family=AF_INET, proto=0, flags=0)
            for address in self.names[host]
        ]

    async def close(self) -> None:
        pass


@pytest.fixture
async def server() -> AsyncIterator[HostileServer]:
    async with HostileServer() as server:
        yield server


@pytest.fixture
async def client(server: HostileServer, request: pytest.FixtureRequest) -> AsyncIterator[SegmindClient]:
    """Client with short timeouts for a test marked `silent`, whose server never responds."""
    silent = request.node.get_closest_marker("silent") is not None
    async with SegmindClient(
        SecretStr(KEY),
        base_url=server.url,
        timeouts=SHORT if silent else LONG,
        retry=NO_WAITS,
        download_timeouts=DownloadTimeouts(total=PATIENCE, connect=PATIENCE, read=PATIENCE),
        allowed_hosts={f"127.0.0.1:{server.port}"},
        rate_config=NO_RATE_LIMIT,
        clock=LeapingClock(time.time()),
    ) as segmind:
        yield segmind
