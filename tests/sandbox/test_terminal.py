"""`doppel sandbox` and `doppel segmind`, started and stopped as in a terminal."""

import re
import signal
from pathlib import Path

import aiohttp

from tests.sandbox.photos import face_and_target
from tests.sandbox.programs import Program, program
from tests.sandbox.visitor import Visitor

CLOSED = {(0, ""), (130, "")}


def address_in(running: Program) -> str:
    found = re.search(r"http://[\w.]+:\d+", running.first)
    assert found is not None, running.first
    return found[0]


async def test_a_sandbox_that_is_opened_again_shows_its_chat_and_finishes_its_job(tmp_path: Path) -> None:
    options = ("sandbox", "--port", "0", "--no-browser", "--speed", "3")
    async with aiohttp.ClientSession() as session:
        async with program(*options, cwd=tmp_path) as running:
            visitor = await Visitor.open(session, address_in(running))
            files = face_and_target()
            await visitor.run("faceswap-v5", files)
            shown = await visitor.until("Processing")
            assert await running.end(signal.SIGINT) in CLOSED
        assert (tmp_path / "var" / "sandbox.db").exists()
        async with program(*options, cwd=tmp_path) as running:
            visitor = await Visitor.open(session, address_in(running))
            finished = await visitor.until("Completed")
            assert finished[:-1] == shown[:-1]
            assert len(finished) == len(shown)
            await visitor.run("faceswap-v5", files)
            await visitor.until("Processing")
            assert await running.end(signal.SIGTERM) in CLOSED


async def test_the_local_segmind_prints_its_usage_and_closes_silently(tmp_path: Path) -> None:
    async with (
        program("segmind", "--port", "0", cwd=tmp_path) as running,
        aiohttp.ClientSession() as session,
    ):
        address = address_in(running)
        credits_of = f"{address}/v1/get-user-credits"
        async with session.get(credits_of, headers={"x-api-key": "anything"}) as answer:
            assert answer.status == 200
        code, output = await running.end()
    assert output == f"To use it: SEGMIND_BASE_URL={address} SEGMIND_API_KEY=anything doppel run\n"
    assert code in {0, 130}
