"""The proxy in front of the preview: what it changes and which requests it accepts."""

import asyncio
from importlib.resources import files

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from bot.sandbox import proxy
from bot.sandbox.app import Sandbox
from bot.sandbox.patches import PATCHES
from bot.sandbox.proxy import PAGE, STATE_HEADER, Proxy
from tests.patience import PATIENCE
from tests.sandbox.visitor import Visitor, words_of

# The open sandbox lives in the loop of the module.
with_sandbox = pytest.mark.asyncio(loop_scope="module")

STATIC = files("simcord") / "preview" / "static"


@pytest.mark.parametrize("path", PATCHES)
def test_the_preview_has_every_text_that_the_proxy_replaces(path: str) -> None:
    text = (STATIC / ("index.html" if path == "/" else path[1:])).read_text("utf-8")
    for old, _ in PATCHES[path]:
        assert text.count(old) == 1, old


def test_the_preview_has_every_element_that_the_page_script_uses() -> None:
    ours = "".join(path.read_text("utf-8") for path in PAGE.glob("*.js"))
    theirs = "".join((STATIC / name).read_text("utf-8") for name in ("index.html", "text.js", "messages.js"))
    for name in (
        "new-messages",
        "channel-timeline",
        "channel-message-list",
        "discord-timestamp",
        "viewer-picker",
        "message-context-actions",
        "message-interaction-header",
        "message-avatar",
        "message-author",
    ):
        assert name in ours
        assert name in theirs


async def test_a_proxy_without_a_preview_responds_503() -> None:
    async with (
        Proxy().open("127.0.0.1", 0) as address,
        aiohttp.ClientSession() as session,
        session.get(address) as answer,
    ):
        assert answer.status == 503
        assert answer.headers["Retry-After"] == "1"
        async with session.get(f"{address}/operator/") as operator:
            assert operator.status == 503


@with_sandbox
async def test_the_operators_page_is_one_click_away_and_for_this_machine_only(sandbox: Sandbox) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.get(sandbox.address) as answer:
            assert 'href="/operator/"' in await answer.text()
        async with session.get(f"{sandbox.address}/operator") as answer:
            assert str(answer.url) == f"{sandbox.address}/operator/"
            assert 'src="page.js"' in await answer.text()
        async with session.get(f"{sandbox.address}/operator/figures") as answer:
            assert (answer.status, (await answer.json())["pause"]) == (200, None)
        for path, paused in (("pause", True), ("resume", False)):
            address = f"{sandbox.address}/operator/{path}"
            for headers in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}):
                async with session.post(address, headers=headers) as answer:
                    assert answer.status == 403
            assert sandbox.app.engine.gate.is_paused is not paused
            async with session.post(address, headers={"Origin": sandbox.address}) as answer:
                assert answer.status == 200
            assert sandbox.app.engine.gate.is_paused is paused


@with_sandbox
async def test_the_page_lies_at_the_plain_address_and_is_for_this_machine_only(sandbox: Sandbox) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.get(sandbox.address) as answer:
            page = await answer.text()
            assert "<title>Doppel's sandbox</title>" in page
        for name in ("page.js", "server.js", "page.css", "logo.svg"):
            assert f"/page/{name}" in page
            async with session.get(f"{sandbox.address}/page/{name}") as answer:
                assert answer.status == 200
        foreign = (
            {"Host": "evil.example"},
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Origin": "http://localhost:1"},
        )
        for headers in foreign:
            async with session.post(f"{sandbox.address}/api/pages", json={}, headers=headers) as answer:
                assert answer.status == 403, headers
        async with session.post(
            f"{sandbox.address}/api/pages", json={}, headers={"Origin": sandbox.address}
        ) as answer:
            assert answer.status == 200


@pytest.mark.parametrize("path", ["api/state", "operator/figures"])
async def test_a_page_that_asks_while_the_sandbox_closes_gets_an_answer(path: str) -> None:
    subject = Proxy()
    async with (
        subject.open("127.0.0.1", 0) as address,
        subject.forward_to("http://127.0.0.1:9/#key", asyncio.Lock()),
        subject.forward_operator_to("http://127.0.0.1:9", SecretStr("token")),
        aiohttp.ClientSession() as session,
        session.get(f"{address}/{path}") as answer,
    ):
        assert answer.status == 503


@with_sandbox
async def test_a_change_ends_the_wait_of_a_page(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    # Only a change does.
    monkeypatch.setattr(proxy, "HOLD", 10 * PATIENCE)
    async with asyncio.timeout(PATIENCE):
        shown = await visitor.state()
        messages = len(words_of(shown))
        command = asyncio.create_task(visitor.run("credits balance", {}))
        while len(words_of(shown)) == messages:
            # The last answer may have had this change already, under its older number.
            shown = await visitor.next_state()
        await command


async def test_a_page_that_waits_costs_nothing_and_gets_an_answer_when_the_sandbox_closes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(proxy, "HOLD", 10 * PATIENCE)
    reads: list[web.Request] = []

    async def state(request: web.Request) -> web.Response:
        reads.append(request)
        return web.json_response({})

    preview = web.Application()
    preview.router.add_get("/api/state", state)
    subject = Proxy()
    async with (
        TestServer(preview) as server,
        subject.open("127.0.0.1", 0) as address,
        aiohttp.ClientSession(address) as session,
    ):
        async with subject.forward_to(f"{server.make_url('/')!s}#key", asyncio.Lock()):
            async with session.get("/api/state") as answer:
                known = answer.headers[STATE_HEADER]
            waiting = asyncio.create_task(status_of(session, known))
            # The request that waits was sent before this one.
            async with session.get("/page/page.js") as answer:
                assert answer.status == 200
            assert len(reads) == 1
            assert not waiting.done()
        assert await asyncio.wait_for(waiting, PATIENCE) == 503


async def status_of(session: aiohttp.ClientSession, known: str) -> int:
    async with session.get("/api/state", headers={STATE_HEADER: known}) as answer:
        return answer.status
