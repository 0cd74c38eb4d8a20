"""Invalid requests are counted in discord.py's session, and the bot sends less before Discord bans it."""

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


def reject(counter: InvalidRequestCounter, times: int) -> None:
    for _ in range(times):
        counter.count(403)


def test_an_invalid_request_counts_for_ten_minutes(clock: LeapingClock) -> None:
    counter = InvalidRequestCounter(clock, limit=2)
    for status, scope in ((200, ""), (404, ""), (500, ""), (429, "shared")):
        counter.count(status, scope)
    assert counter.level is ThrottleLevel.NOTHING
    counter.count(401)
    assert counter.level is ThrottleLevel.MOST_STAGES
    clock.time += 300
    counter.count(429, "user")
    assert counter.level is ThrottleLevel.RESULTS
    clock.time += 300
    assert counter.level is ThrottleLevel.MOST_STAGES
    clock.time += 300
    assert counter.level is ThrottleLevel.NOTHING


def test_the_level_rises_with_the_count_and_each_change_is_logged(
    clock: LeapingClock, capsys: pytest.CaptureFixture[str]
) -> None:
    counter = InvalidRequestCounter(clock, limit=10_000)
    steps: list[tuple[int, ThrottleLevel]] = []
    for count in range(1, 10_001):
        counter.count(403)
        if not steps or steps[-1][1] is not counter.level:
            steps.append((count, counter.level))
    assert steps == [
        (1, ThrottleLevel.NOTHING),
        (5000, ThrottleLevel.MOST_STAGES),
        (8000, ThrottleLevel.ALL_STAGES),
        (9500, ThrottleLevel.RESULTS),
    ]
    clock.time += 600
    assert counter.level is ThrottleLevel.NOTHING
    output = capsys.readouterr()
    assert (output.out + output.err).count("may ban the address") == 3
    assert (output.out + output.err).count("accepts requests again") == 1


class RecordingWatcher:
    """Watcher that records what it is told."""

    def __init__(self) -> None:
        self.stages: list[Stage] = []
        self.finished: list[str] = []

    def show(self, job: Job, stage: Stage) -> None:
        del job
        self.stages.append(stage)

    async def finish(self, job: Job, result: bytes | None) -> Delivery:
        del result
        self.finished.append(job.id)
        return Delivery.GONE


async def test_stages_are_skipped_first_and_results_wait_last(clock: LeapingClock) -> None:
    counter, recorder = InvalidRequestCounter(clock, limit=100), RecordingWatcher()
    watcher = ThrottledWatcher(recorder, counter, clock)
    stages = [Waiting(2), Waiting(1), Queued(0, 1)]

    def show_all() -> list[Stage]:
        recorder.stages.clear()
        for stage in stages:
            watcher.show(job(), stage)
        return recorder.stages

    assert show_all() == stages
    reject(counter, 50)
    clock.time += 30
    assert show_all() == stages[:1]
    clock.time += 30
    assert show_all() == stages[:1]
    reject(counter, 30)
    clock.time += 30
    assert show_all() == []
    await watcher.finish(job("a"), None)
    reject(counter, 20)
    began = clock.time
    await watcher.finish(job("b"), None)
    assert recorder.finished == ["a", "b"]
    # The wait ends when the first fifty are older than ten minutes.
    assert 0 < clock.time - began <= 600


def test_jobs_that_never_finish_here_are_forgotten(clock: LeapingClock) -> None:
    watcher = ThrottledWatcher(RecordingWatcher(), InvalidRequestCounter(clock, limit=100), clock)
    for number in range(200):
        clock.time += 1
        watcher.show(job(str(number)), Waiting(1))
    assert len(watcher._shown_at) <= 30  # pyright: ignore[reportPrivateUsage]


@pytest.fixture
async def api(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[tuple[int, dict[str, str]]]]:
    """Discord with these responses, one after the other, and 200 after them."""
    responses: list[tuple[int, dict[str, str]]] = []

    async def respond(request: web.Request) -> web.Response:
        del request
        status, headers = responses.pop(0) if responses else (200, {})
        # discord.py reads no JSON under any other type, and takes a 429 without `Via` for a ban.
        headers = {"Via": "1.1 google", "Content-Type": "application/json", **headers}
        body = b'{"message": "no", "code": 0, "retry_after": 0, "id": "1"}'
        return web.Response(body=body, status=status, headers=headers)

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", respond)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    monkeypatch.setattr(Route, "BASE", f"http://127.0.0.1:{site.port}/api/v10")
    yield responses
    await runner.cleanup()


async def test_responses_to_rest_and_to_webhooks_are_counted(
    api: list[tuple[int, dict[str, str]]], clock: LeapingClock
) -> None:
    counter = InvalidRequestCounter(clock, limit=6)
    client = discord.Client(intents=discord.Intents(guilds=True), http_trace=counter.trace())
    async with client:
        api += [(401, {})]
        with pytest.raises(discord.LoginFailure):
            await client.login("token")
        webhook = discord.Webhook.partial(1, "token", client=client)
        api += [(403, {}), (429, {"X-RateLimit-Scope": "shared"}), (429, {"X-RateLimit-Scope": "user"})]
        with pytest.raises(discord.Forbidden):
            await webhook.edit_message(1, content="a")
        await webhook.delete_message(1)
        assert (api, counter.level) == ([], ThrottleLevel.MOST_STAGES)
        # Other hosts count for themselves.
        api += [(403, {})]
        with pytest.raises(discord.Forbidden):
            await client.http.get_from_cdn(Route.BASE.replace("/api/v10", "/file"))
        assert counter.level is ThrottleLevel.MOST_STAGES
        api += [(429, {}), (403, {}), (403, {})]
        for _ in range(2):
            with pytest.raises(discord.Forbidden):
                await client.http.get_channel(1)
        assert counter.level is ThrottleLevel.RESULTS
