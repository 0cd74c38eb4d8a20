"""The server: ports, outages, failing engines and many requests at once."""

import asyncio
import math
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

from bot.models import FaceModel
from bot.registry import ModelRegistry
from bot.sandbox.faces.engine import FaceEngine
from bot.sandbox.faces.errors import CannotSwap
from bot.sandbox.segmind import Engine, LocalSegmind, PortInUse, Rendering, StampEngine
from tests.sandbox.segmind.client import ApiClient, Clock, data_url, picture
from tests.sandbox.segmind.conftest import Start


class EngineError(Exception):
    """Error of an engine whose message users may read."""


@dataclass
class SlowEngine:
    """Engine that renders when the test allows it, or raises a given error."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)
    error: BaseException | None = None
    running: int = 0
    most_running: int = 0

    async def render(self, slug: str, parameters: Mapping[str, Any], media: Mapping[str, bytes]) -> Rendering:
        del slug
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            await self.gate.wait()
        finally:
            self.running -= 1
        if self.error is not None:
            raise self.error
        return Rendering(next(iter(media.values())), "image/png", {"seen": sorted(parameters)})


async def test_a_used_port_is_named(start: Start, models: ModelRegistry) -> None:
    first = await start()
    with pytest.raises(PortInUse) as raised:
        async with LocalSegmind(models, engine=StampEngine(), port=first.port):
            pass
    assert (raised.value.host, raised.value.port) == ("127.0.0.1", first.port)
    assert str(first.port) in str(raised.value)


async def test_a_host_that_is_not_ours_is_another_error(models: ModelRegistry) -> None:
    with pytest.raises(OSError, match=r"192\.0\.2\.1") as raised:
        async with LocalSegmind(models, engine=StampEngine(), host="192.0.2.1"):
            pass
    assert not isinstance(raised.value, PortInUse)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("0.0.0.0", "http://127.0.0.1:8010"),
        ("::", "http://[::1]:8010"),
        ("localhost", "http://localhost:8010"),
    ],
)
def test_the_url_is_one_that_a_client_can_use(models: ModelRegistry, host: str, url: str) -> None:
    segmind = LocalSegmind(models, engine=StampEngine(), host=host, port=8010)
    assert (segmind.host, segmind.url) == (host, url)


@pytest.mark.parametrize("options", [{"speed": 0.0}, {"speed": math.nan}, {"workers": 0}])
def test_invalid_options_are_rejected(models: ModelRegistry, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="above zero"):
        LocalSegmind(models, engine=StampEngine(), **options)


async def test_an_outage_refuses_connections_and_work_goes_on(
    segmind: LocalSegmind, client: ApiClient, v5: type[FaceModel]
) -> None:
    request_id = await client.submit(v5)
    port = segmind.port
    await segmind.pause()
    await segmind.pause()
    with pytest.raises(aiohttp.ClientConnectorError):
        await client.get("/v1/get-user-credits")
    while request_id not in segmind.billed:
        await asyncio.sleep(0.005)
    await segmind.resume()
    await segmind.resume()
    assert segmind.port == port
    assert (await client.finish(request_id)).status == 200


async def test_a_port_that_was_taken_during_an_outage_is_named(segmind: LocalSegmind) -> None:
    await segmind.pause()
    with socket.create_server(("127.0.0.1", segmind.port)), pytest.raises(PortInUse):
        await segmind.resume()
    await segmind.resume()


async def test_an_engine_that_takes_longer_makes_the_request_longer(
    start: Start, session: aiohttp.ClientSession, clock: Clock, v5: type[FaceModel]
) -> None:
    engine = SlowEngine()
    client = ApiClient(session, (await start(engine=engine, speed=1, clock=clock, sleep=clock.sleep)).url)
    request_id = await client.submit(v5)
    clock.advance(10)
    assert await client.status(request_id) == "PROCESSING"
    clock.advance(5)
    engine.gate.set()
    response = await client.finish(request_id)
    assert response.json["metrics"]["total_time"] == 15
    assert response.json["metrics"]["local"]["seen"] == [
        "additional_prompt",
        "image_format",
        "quality",
        "seed",
    ]


async def test_an_engine_that_is_done_early_is_shown_at_its_time(
    start: Start, session: aiohttp.ClientSession, clock: Clock, v5: type[FaceModel]
) -> None:
    segmind = await start(speed=1, clock=clock, sleep=clock.sleep)
    client = ApiClient(session, segmind.url)
    request_id = await client.submit(v5)
    clock.advance(2)
    assert await client.status(request_id) == "PROCESSING"
    await asyncio.sleep(0.05)
    assert await client.status(request_id) == "PROCESSING"
    clock.advance(100)
    assert (await client.finish(request_id)).json["metrics"]["total_time"] == pytest.approx(10)


async def test_no_more_than_the_workers_run_at_once(
    start: Start, session: aiohttp.ClientSession, v5: type[FaceModel]
) -> None:
    engine = SlowEngine()
    client = ApiClient(session, (await start(engine=engine, workers=2)).url)
    ids = [await client.submit(v5) for _ in range(5)]
    while engine.running < 2:
        await asyncio.sleep(0.005)
    assert sorted([await client.status(each) for each in ids]) == ["PROCESSING"] * 2 + ["QUEUED"] * 3
    engine.gate.set()
    assert [(await client.finish(each)).status for each in ids] == [200] * 5
    assert engine.most_running == 2


async def test_an_engines_error_message_reaches_the_caller(
    start: Start, session: aiohttp.ClientSession, v5: type[FaceModel]
) -> None:
    engine = SlowEngine(error=EngineError("There is no face in the picture."))
    engine.gate.set()
    client = ApiClient(session, (await start(engine=engine, user_errors=(EngineError,))).url)
    assert (await client.finish(await client.submit(v5))).error == "There is no face in the picture."


async def test_the_face_engines_error_message_reaches_the_caller(
    start: Start, session: aiohttp.ClientSession, v5: type[FaceModel]
) -> None:
    faces = FaceEngine(workers=1)
    engine: Engine = faces
    client = ApiClient(session, (await start(engine=engine, user_errors=(CannotSwap,))).url)
    assert (
        "face"
        in (await client.finish(await client.submit(v5, source_image=data_url(picture(size=64))))).error
    )
    await faces.close()


async def test_every_parameter_reaches_the_engine_by_name(client: ApiClient, models: ModelRegistry) -> None:
    for model in models.values():
        seen = (await client.finish(await client.submit(model))).json["metrics"]["local"]["ignored"]
        assert seen == sorted(each.name for each in model.parameters() if each.slot is None)


async def test_a_broken_engine_is_logged_and_fails_the_request(
    start: Start, session: aiohttp.ClientSession, v5: type[FaceModel], caplog: pytest.LogCaptureFixture
) -> None:
    engine = SlowEngine(error=ZeroDivisionError("secret"))
    engine.gate.set()
    client = ApiClient(session, (await start(engine=engine)).url)
    assert (
        await client.finish(await client.submit(v5))
    ).error == "Internal error while processing the request."
    assert "rendering failed: faceswap-v5" in caplog.text


async def test_an_engine_that_is_closed_fails_the_request(
    start: Start, session: aiohttp.ClientSession, v5: type[FaceModel]
) -> None:
    engine = SlowEngine(error=asyncio.CancelledError())
    engine.gate.set()
    client = ApiClient(session, (await start(engine=engine)).url)
    assert (await client.finish(await client.submit(v5))).error == "The worker stopped."


async def test_closing_cancels_running_requests(
    models: ModelRegistry, session: aiohttp.ClientSession, v5: type[FaceModel]
) -> None:
    engine = SlowEngine()
    async with LocalSegmind(models, engine=engine, speed=math.inf) as segmind:
        await ApiClient(session, segmind.url).submit(v5)
        while not engine.running:
            await asyncio.sleep(0.005)
    assert engine.running == 0


async def test_requests_complete_without_polls(
    start: Start, session: aiohttp.ClientSession, clock: Clock, models: ModelRegistry
) -> None:
    segmind = await start(speed=1, clock=clock, sleep=clock.sleep)
    client = ApiClient(session, segmind.url)
    await client.submit(models["faceswap-v4"])
    await client.submit(models["faceswap-v5"])
    for expected in (1, 2):
        while len(segmind.billed) < expected:
            clock.advance(1)
            await asyncio.sleep(0.005)


async def test_waiting_costs_no_task(
    start: Start, session: aiohttp.ClientSession, v5: type[FaceModel]
) -> None:
    segmind = await start(speed=1)
    client = ApiClient(session, segmind.url)
    address = await client.upload(picture())
    before = len(asyncio.all_tasks())
    ids = [await client.submit(v5, source_image=address, target_image=address) for _ in range(300)]
    assert len(set(ids)) == len(segmind.submissions) == 300
    # Only the running requests have a task, and there are four workers.
    assert len(asyncio.all_tasks()) <= before + 6
