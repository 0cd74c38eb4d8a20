"""A local Segmind with a folder remembers its requests and files over a restart."""

import socket
from pathlib import Path

import aiohttp

from bot.models import FaceModel
from bot.registry import ModelRegistry
from bot.sandbox.segmind import LocalSegmind, StampEngine
from tests.sandbox.segmind.client import ApiClient, Clock, picture


def server(models: ModelRegistry, folder: Path, clock: Clock) -> LocalSegmind:
    return LocalSegmind(models, engine=StampEngine(), folder=folder, clock=clock, sleep=clock.sleep)


async def test_requests_results_and_the_balance_survive_a_restart(
    models: ModelRegistry,
    v5: type[FaceModel],
    session: aiohttp.ClientSession,
    clock: Clock,
    tmp_path: Path,
) -> None:
    async with server(models, tmp_path, clock) as first:
        client = ApiClient(session, first.url)
        face = await client.upload(picture("red"), name="face.png")
        done = await client.submit(v5)
        clock.advance(20)
        result = (await client.finish(done)).json
        running = await client.submit(v5, source_image=face)
        clock.advance(5)
        assert await client.status(running) == "PROCESSING"
        balance = first.balance
        first.save()
    async with server(models, tmp_path, clock) as second:
        # The same address, so what the bot remembers is still there.
        client = ApiClient(session, second.url)
        assert second.url == first.url
        assert second.balance == balance
        assert (await client.finish(done)).json == result
        assert (await client.get(face)).body == picture("red")
        assert await client.status(running) in {"QUEUED", "PROCESSING"}
        clock.advance(20)
        assert (await client.finish(running)).json["status"] == "COMPLETED"


async def test_a_port_that_was_taken_meanwhile_is_replaced(
    models: ModelRegistry, v5: type[FaceModel], session: aiohttp.ClientSession, clock: Clock, tmp_path: Path
) -> None:
    async with server(models, tmp_path, clock) as first:
        request_id = await ApiClient(session, first.url).submit(v5)
        first.save()
    with socket.create_server(("127.0.0.1", first.port)):
        async with server(models, tmp_path, clock) as second:
            assert second.port != first.port
            clock.advance(20)
            assert (await ApiClient(session, second.url).finish(request_id)).json["status"] == "COMPLETED"
