"""The server's own life: ports, outages, engines that refuse or break, and many requests at once."""

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
from bot.sandbox.faces import CannotSwap, FaceEngine
from bot.sandbox.segmind import Engine, LocalSegmind, PortInUse, StampEngine
from bot.sandbox.segmind.stamp import Stamped
from tests.sandbox.segmind.conftest import Start
from tests.sandbox.segmind.wire import Clock, Wire, data_url, picture


class NotToday(Exception):
    """What an engine of its own raises."""


@dataclass
class SlowEngine:
    """Takes as long as the test wants, or raises what it wants."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)
    error: BaseException | None = None
    running: int = 0
    most: int = 0

    async def render(self, slug: str, parameters: Mapping[str, Any], media: Mapping[str, bytes]) -> Stamped:
        del slug
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await self.gate.wait()
        finally:
            self.running -= 1
        if self.error is not None:
            raise self.error
        return Stamped(next(iter(media.values())), "image/png", {"seen": sorted(parameters)})


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


@pytest.mark.parametrize("terms", [{"speed": 0.0}, {"speed": math.nan}, {"workers": 0}])
def test_terms_that_cannot_be_kept_are_refused(models: ModelRegistry, terms: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="above zero"):
        LocalSegmind(models, engine=StampEngine(), **terms)


async def test_an_outage_refuses_connections_and_work_goes_on(
    segmind: LocalSegmind, wire: Wire, v5: type[FaceModel]
) -> None:
    request_id = await wire.submit(v5)
    port = segmind.port
    await segmind.pause()
    await segmind.pause()
    with pytest.raises(aiohttp.ClientConnectorError):
        await wire.get("/v1/get-user-credits")
    while request_id not in segmind.billed:
        await asyncio.sleep(0.005)
    await segmind.resume()
    await segmind.resume()
    assert segmind.port == port
    assert (await wire.finish(request_id)).status == 200


async def test_a_port_that_was_taken_during_an_outage_is_named(segmind: LocalSegmind) -> None:
    await segmind.pause()
    with socket.create_server(("127.0.0.1", segmind.port)), pytest.raises(PortInUse):
        await segmind.resume()
    await segmind.resume()


async def test_an_engine_that_takes_longer_makes_the_request_longer(
    start: Start, session: aiohttp.ClientSession, clock: Clock, v5: type[FaceModel]
) -> None:
    engine = SlowEngine()
    wire = Wire(session, (await start(engine=engine, speed=1, clock=clock, sleep=clock.sleep)).url)
    request_id = await wire.submit(v5)
    clock.advance(10)
    assert await wire.status(request_id) == "PROCESSING"
    clock.advance(5)
    engine.gate.set()
    said = await wire.finish(request_id)
    assert said.json["metrics"]["total_time"] == 15
    assert said.json["metrics"]["local"]["seen"] == ["additional_prompt", "image_format", "quality", "seed"]


async def test_an_engine_that_is_done_early_is_shown_at_its_time(
    start: Start, session: aiohttp.ClientSession, clock: Clock, v5: type[FaceModel]
) -> None:
    segmind = await start(speed=1, clock=clock, sleep=clock.sleep)
    wire = Wire(session, segmind.url)
    request_id = await wire.submit(v5)
    clock.advance(2)
    assert await wire.status(request_id) == "PROCESSING"
    await asyncio.sleep(0.05)
    assert await wire.status(request_id) == "PROCESSING"
    clock.advance(100)
    assert (await wire.finish(request_id)).json["metrics"]["total_time"] == pytest.approx(10)


async def test_no_more_than_the_workers_run_at_once(
    start: Start, session: aiohttp.ClientSession, v5: type[FaceModel]
) -> None:
    engine = SlowEngine()
    wire = Wire(session, (await start(engine=engine, workers=2)).url)
    ids = [await wire.submit(v5) for _ in range(5)]
    while engine.running < 2:
        await asyncio.sleep(0.005)
    assert sorted([await wire.status(each) for each in ids]) == ["PROCESSING"] * 2 + ["QUEUED"] * 3
    engine.gate.set()
    assert [(await wire.finish(each)).status for each in ids] == [200] * 5
    assert engine.most == 2


async def test_the_engines_own_words_reach_the_caller(
    start: Start, session: aiohttp.ClientSession, v5: type[FaceModel]
) -> None:
    engine = SlowEngine(error=NotToday("There is no face in the picture."))
    engine.gate.set()
    wire = Wire(session, (await start(engine=engine, refusals=(NotToday,))).url)
    assert (await wire.finish(await wire.submit(v5))).error == "There is no face in the picture."


async def test_the_face_engine_fits_and_its_words_reach_the_caller(
    start: Start, session: aiohttp.ClientSession, v5: type[FaceModel]
) -> None:
    faces = FaceEngine(workers=1)
    engine: Engine = faces
    wire = Wire(session, (await start(engine=engine, refusals=(CannotSwap,))).url)
    assert "face" in (await wire.finish(await wire.submit(v5, source_image=data_url(picture(size=64))))).error
    await faces.close()


async def test_every_parameter_reaches_the_engine_by_name(wire: Wire, models: ModelRegistry) -> None:
    for model in models.values():
        seen = (await wire.finish(await wire.submit(model))).json["metrics"]["local"]["ignored"]
        assert seen == sorted(each.name for each in model.parameters() if each.slot is None)


async def test_a_broken_engine_is_logged_and_fails_the_request(
    start: Start, session: aiohttp.ClientSession, v5: type[FaceModel], caplog: pytest.LogCaptureFixture
) -> None:
    engine = SlowEngine(error=ZeroDivisionError("secret"))
    engine.gate.set()
    wire = Wire(session, (await start(engine=engine)).url)
    assert (await wire.finish(await wire.submit(v5))).error == "Internal error while processing the request."
    assert "the engine failed at faceswap-v5" in caplog.text


async def test_an_engine_that_is_closed_fails_the_request(
    start: Start, session: aiohttp.ClientSession, v5: type[FaceModel]
) -> None:
    engine = SlowEngine(error=asyncio.CancelledError())
    engine.gate.set()
    wire = Wire(session, (await start(engine=engine)).url)
    assert (await wire.finish(await wire.submit(v5))).error == "The worker stopped."


async def test_closing_gives_up_what_runs(
    models: ModelRegistry, session: aiohttp.ClientSession, v5: type[FaceModel]
) -> None:
    engine = SlowEngine()
    async with LocalSegmind(models, engine=engine, speed=math.inf) as segmind:
        await Wire(session, segmind.url).submit(v5)
        while not engine.running:
            await asyncio.sleep(0.005)
    assert engine.running == 0


async def test_the_background_needs_no_polls(
    start: Start, session: aiohttp.ClientSession, clock: Clock, models: ModelRegistry
) -> None:
    segmind = await start(speed=1, clock=clock, sleep=clock.sleep)
    wire = Wire(session, segmind.url)
    await wire.submit(models["faceswap-v4"])
    await wire.submit(models["faceswap-v5"])
    for expected in (1, 2):
        while len(segmind.billed) < expected:
            clock.advance(1)
            await asyncio.sleep(0.005)


async def test_waiting_costs_no_task(
    start: Start, session: aiohttp.ClientSession, v5: type[FaceModel]
) -> None:
    segmind = await start(speed=1)
    wire = Wire(session, segmind.url)
    address = await wire.upload(picture())
    before = len(asyncio.all_tasks())
    ids = [await wire.submit(v5, source_image=address, target_image=address) for _ in range(300)]
    assert len(set(ids)) == len(segmind.submissions) == 300
    # Those that run have a task each, and there are four workers.
    assert len(asyncio.all_tasks()) <= before + 6
