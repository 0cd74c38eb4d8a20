"""Discord's refusals are counted where discord.py hears of them, and edits are spared before a ban."""

from collections.abc import AsyncIterator

import discord
import pytest
from aiohttp import web
from discord.http import Route

from bot.chat.delivery.invalid_requests import InvalidRequestCounter, ThrottledWatcher, ThrottleLevel
from bot.jobs.delivery import Delivery
from bot.jobs.job import Job
from bot.jobs.stages import Queued, Stage, Waiting
from tests.clocks import LeapingClock
from tests.jobs.orders import job


@pytest.fixture
def clock() -> LeapingClock:
    return LeapingClock()


def refused(refusals: InvalidRequestCounter, times: int) -> None:
    for _ in range(times):
        refusals.count(403)


def test_what_discord_holds_against_a_bot_counts_for_ten_minutes(clock: LeapingClock) -> None:
    refusals = InvalidRequestCounter(clock, most=2)
    for status, scope in ((200, ""), (404, ""), (500, ""), (429, "shared")):
        refusals.count(status, scope)
    assert refusals.thrift is ThrottleLevel.NOTHING
    refusals.count(401)
    assert refusals.thrift is ThrottleLevel.MOST_STAGES
    clock.time += 300
    refusals.count(429, "user")
    assert refusals.thrift is ThrottleLevel.ENDS
    clock.time += 300
    assert refusals.thrift is ThrottleLevel.MOST_STAGES
    clock.time += 300
    assert refusals.thrift is ThrottleLevel.NOTHING


def test_more_is_spared_the_closer_a_ban_comes_and_each_step_is_logged(
    clock: LeapingClock, capsys: pytest.CaptureFixture[str]
) -> None:
    refusals = InvalidRequestCounter(clock, most=10_000)
    steps: list[tuple[int, ThrottleLevel]] = []
    for count in range(1, 10_001):
        refusals.count(403)
        if not steps or steps[-1][1] is not refusals.thrift:
            steps.append((count, refusals.thrift))
    assert steps == [
        (1, ThrottleLevel.NOTHING),
        (5000, ThrottleLevel.MOST_STAGES),
        (8000, ThrottleLevel.ALL_STAGES),
        (9500, ThrottleLevel.ENDS),
    ]
    clock.time += 600
    assert refusals.thrift is ThrottleLevel.NOTHING
    said = capsys.readouterr()
    assert (said.out + said.err).count("Discord refuses") == 4


class Shown:
    """A watcher that remembers."""

    def __init__(self) -> None:
        self.stages: list[Stage] = []
        self.ends: list[str] = []

    def show(self, job: Job, stage: Stage) -> None:
        del job
        self.stages.append(stage)

    async def finish(self, job: Job, result: bytes | None) -> Delivery:
        del result
        self.ends.append(job.id)
        return Delivery.GONE


async def test_passing_stages_are_spared_first_and_the_ends_last(clock: LeapingClock) -> None:
    refusals, shown = InvalidRequestCounter(clock, most=100), Shown()
    watcher = ThrottledWatcher(shown, refusals, clock)
    stages = [Waiting(2), Waiting(1), Queued(0, 1)]

    def show_all() -> list[Stage]:
        shown.stages.clear()
        for stage in stages:
            watcher.show(job(), stage)
        return shown.stages

    assert show_all() == stages
    refused(refusals, 50)
    clock.time += 30
    assert show_all() == stages[:1]
    clock.time += 30
    assert show_all() == stages[:1]
    refused(refusals, 30)
    clock.time += 30
    assert show_all() == []
    await watcher.finish(job("a"), None)
    refused(refusals, 20)
    began = clock.time
    await watcher.finish(job("b"), None)
    assert shown.ends == ["a", "b"]
    # Until the first fifty are forgotten.
    assert 0 < clock.time - began <= 600


@pytest.fixture
async def api(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[tuple[int, dict[str, str]]]]:
    """A Discord that gives these answers, one after the other, and after them 200."""
    answers: list[tuple[int, dict[str, str]]] = []

    async def answer(request: web.Request) -> web.Response:
        del request
        status, headers = answers.pop(0) if answers else (200, {})
        # discord.py reads no JSON under any other type, and takes a 429 without `Via` for a ban.
        headers = {"Via": "1.1 google", "Content-Type": "application/json", **headers}
        body = b'{"message": "no", "code": 0, "retry_after": 0, "id": "1"}'
        return web.Response(body=body, status=status, headers=headers)

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    monkeypatch.setattr(Route, "BASE", f"http://127.0.0.1:{site.port}/api/v10")
    yield answers
    await runner.cleanup()


async def test_every_answer_to_rest_and_webhooks_is_seen(
    api: list[tuple[int, dict[str, str]]], clock: LeapingClock
) -> None:
    refusals = InvalidRequestCounter(clock, most=6)
    client = discord.Client(intents=discord.Intents(guilds=True), http_trace=refusals.trace())
    async with client:
        api += [(401, {})]
        with pytest.raises(discord.LoginFailure):
            await client.login("token")
        webhook = discord.Webhook.partial(1, "token", client=client)
        api += [(403, {}), (429, {"X-RateLimit-Scope": "shared"}), (429, {"X-RateLimit-Scope": "user"})]
        with pytest.raises(discord.Forbidden):
            await webhook.edit_message(1, content="a")
        await webhook.delete_message(1)
        assert (api, refusals.thrift) == ([], ThrottleLevel.MOST_STAGES)
        # What is read from elsewhere counts for itself.
        api += [(403, {})]
        with pytest.raises(discord.Forbidden):
            await client.http.get_from_cdn(Route.BASE.replace("/api/v10", "/file"))
        assert refusals.thrift is ThrottleLevel.MOST_STAGES
        api += [(429, {}), (403, {}), (403, {})]
        for _ in range(2):
            with pytest.raises(discord.Forbidden):
                await client.http.get_channel(1)
        assert refusals.thrift is ThrottleLevel.ENDS
