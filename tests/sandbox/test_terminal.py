"""`doppel sandbox` and `doppel segmind` as they are typed, and as they are closed."""

import re
import signal
from pathlib import Path

import aiohttp
import pytest

from bot.sandbox.welcome import FACE, TARGET, samples
from tests.sandbox.programs import Program, program
from tests.sandbox.visitor import Visitor

FILES = {path.name: path.read_bytes() for path in samples()}


def address_in(running: Program) -> str:
    found = re.search(r"http://[\w.]+:\d+", running.first)
    assert found is not None, running.first
    return found[0]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_ctrl_c_closes_the_sandbox_without_a_word_and_keeps_its_jobs(
    tmp_path: Path, number: signal.Signals
) -> None:
    async with (
        program("sandbox", "--port", "0", "--no-browser", "--speed", "1", cwd=tmp_path) as running,
        aiohttp.ClientSession() as session,
    ):
        visitor = await Visitor.come(session, address_in(running))
        files = {"source_image": (FACE, FILES[FACE]), "target_image": (TARGET, FILES[TARGET])}
        await visitor.run("faceswap-v5", files)
        await visitor.until("Processing")
        code, said = await running.end(number)
    assert said == ""
    assert code in {0, 130}
    assert (tmp_path / "var" / "sandbox.db").exists()


async def test_the_page_can_end_the_sandbox(tmp_path: Path) -> None:
    async with (
        program("sandbox", "--port", "0", "--no-browser", cwd=tmp_path) as running,
        aiohttp.ClientSession() as session,
    ):
        await (await Visitor.come(session, address_in(running))).close()
        assert await running.end(None) == (0, "")


async def test_the_local_segmind_says_how_it_is_used_and_closes_without_a_word(tmp_path: Path) -> None:
    async with (
        program("segmind", "--port", "0", cwd=tmp_path) as running,
        aiohttp.ClientSession() as session,
    ):
        address = address_in(running)
        credits_of = f"{address}/v1/get-user-credits"
        async with session.get(credits_of, headers={"x-api-key": "anything"}) as answer:
            assert answer.status == 200
        code, said = await running.end()
    assert said == f"To use it: SEGMIND_BASE_URL={address} SEGMIND_API_KEY=anything doppel run\n"
    assert code in {0, 130}


async def test_a_local_segmind_without_a_port_says_so_in_one_sentence(tmp_path: Path) -> None:
    async with program("segmind", "--port", "0", cwd=tmp_path) as running:
        port = address_in(running).rpartition(":")[2]
        async with program("segmind", "--port", port, cwd=tmp_path) as second:
            assert f"port {port} is in use" in second.first
