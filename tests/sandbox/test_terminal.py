"""`doppel sandbox` and `doppel segmind`, started and stopped as in a terminal."""

import re
from pathlib import Path

import aiohttp

from tests.discord.program import Program, forked_program, program
from tests.sandbox.photos import face_and_target
from tests.sandbox.visitor import Visitor

ENVIRONMENT = {"DOPPEL_CONSENT__REQUIRED": "false"}
# Ctrl-C may be known by the exit code.
CLOSED = {0, 130}


async def address_of(running: Program) -> str:
    await running.wait_for_lines(1)
    found = re.search(r"http://[\w.]+:\d+", running.output)
    assert found is not None, running.output
    return found[0]


async def test_a_sandbox_that_is_opened_again_shows_its_chat_and_finishes_its_job(tmp_path: Path) -> None:
    options = ("sandbox", "--port", "0", "--no-browser", "--speed", "3")
    async with aiohttp.ClientSession() as session:
        async with program(*options, cwd=tmp_path, environment=ENVIRONMENT) as running:
            visitor = await Visitor.open(session, await address_of(running))
            files = face_and_target()
            await visitor.run("faceswap-v5", files)
            shown = await visitor.until("Processing")
            assert await running.interrupt() in CLOSED
            assert running.output.count("\n") == 1
        assert (tmp_path / "var" / "sandbox.db").exists()
        async with forked_program(*options, cwd=tmp_path, environment=ENVIRONMENT) as running:
            visitor = await Visitor.open(session, await address_of(running))
            finished = await visitor.until("Completed")
            assert finished[:-1] == shown[:-1]
            assert len(finished) == len(shown)
            await visitor.run("faceswap-v5", files)
            await visitor.until("Processing")
            assert await running.terminate() in CLOSED
            assert running.output.count("\n") == 1


async def test_the_local_segmind_prints_its_usage_and_closes_silently(tmp_path: Path) -> None:
    async with (
        forked_program("segmind", "--port", "0", cwd=tmp_path, environment=ENVIRONMENT) as running,
        aiohttp.ClientSession() as session,
    ):
        address = await address_of(running)
        credits_of = f"{address}/v1/get-user-credits"
        async with session.get(credits_of, headers={"x-api-key": "anything"}) as answer:
            assert answer.status == 200
        assert await running.interrupt() in CLOSED
    assert running.output == (
        f"A local Segmind is at {address}  (Ctrl-C closes it)\n"
        f"To use it: SEGMIND_BASE_URL={address} SEGMIND_API_KEY=anything doppel run\n"
    )
