"""Browser of an operator, and the dashboard's page without the rest of the bot."""

import ipaddress
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any

import aiohttp
from pydantic import SecretStr

from bot.jobs.ports import StoreUnavailable
from bot.ops.dashboard import Dashboard, TimeSeries, TrustedProxies
from bot.ops.health import Health
from bot.ops.metrics import Metrics
from bot.ops.web import operator_server
from tests.clocks import HeldClock
from tests.ops.test_health import Stuck

TOKEN = "a-token-of-the-tests-0123456789"
SECRET = SecretStr(TOKEN)


class Values:
    """Key values that several processes share, and that may be away."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.away = False

    async def read_value(self, name: str) -> str | None:
        if self.away:
            raise StoreUnavailable("the disk is full")
        return self.texts.get(name)

    async def write_value(self, name: str, text: str) -> None:
        if self.away:
            raise StoreUnavailable("the disk is full")
        self.texts[name] = text


@asynccontextmanager
async def page(
    clock: HeldClock,
    token: SecretStr | None = SECRET,
    host: str = "127.0.0.1",
    values: Values | None = None,
    proxies: tuple[str, ...] = (),
) -> AsyncGenerator[str]:
    """Serve the page of a bot that has just begun, and yield its address."""
    metrics = Metrics()
    trusted = TrustedProxies([ipaddress.ip_network(proxy) for proxy in proxies])
    shown = Dashboard(
        token, TimeSeries(metrics, clock), clock, key_values=values or Values(), proxies=trusted
    )
    async with operator_server((host, 0), metrics, Health(Stuck()), shown) as address:
        assert address is not None
        yield address.replace("0.0.0.0", "127.0.0.1")


@dataclass(frozen=True)
class Answer:
    """Response of the dashboard's server."""

    status: int
    headers: Any
    text: str
    cookies: SimpleCookie

    @property
    def error(self) -> str:
        return json.loads(self.text)["error"]


@dataclass(frozen=True)
class Visitor:
    """A browser, or a program, that remembers cookies by itself alone."""

    session: aiohttp.ClientSession
    address: str

    async def ask(self, method: str, path: str, token: str | None = None, **headers: str) -> Answer:
        data = None if token is None else {"token": token}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.session.request(
            method, f"{self.address}/{path}", data=data, headers=named, allow_redirects=False
        ) as answer:
            return Answer(answer.status, answer.headers, await answer.text(), answer.cookies)

    async def sign_in(self, token: str = TOKEN) -> Answer:
        return await self.ask("POST", "login", token, Origin=self.address)


@asynccontextmanager
async def visiting(address: str | None) -> AsyncGenerator[Visitor]:
    assert address is not None
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        yield Visitor(session, address)
