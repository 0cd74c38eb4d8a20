"""Runs the examples of the page about the local Segmind, and checks that its tables are complete."""

# The page shows only the SDK's public parts, but the test has to close its private client.
# pyright: reportPrivateUsage=false

import asyncio
import json
import re
import shlex
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

from bot.sandbox.segmind import LocalSegmind
from bot.sandbox.segmind.faults.fault import Fault, FaultKind
from bot.sandbox.segmind.faults.script import ENDPOINTS
from bot.sandbox.segmind.middleware import PUBLIC
from tests.clocks import HeldClock
from tests.docs.checks import understood
from tests.docs.pages import Block, page
from tests.harness import local_segmind
from tests.patience import PATIENCE
from tests.sandbox.segmind.client import data_url, picture

PAGE = page("docs/local-segmind.md")
WITH_TEXT = {FaultKind.FAILED, FaultKind.BLOCKED, FaultKind.COST, FaultKind.SHAPE}
ADDRESS = "http://127.0.0.1:8700"


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
async def segmind(clock: HeldClock) -> AsyncGenerator[LocalSegmind]:
    async with local_segmind(clock) as segmind:
        yield segmind


@dataclass
class Reader:
    """Runs the page's examples in order, and reuses values of earlier responses."""

    segmind: LocalSegmind
    clock: HeldClock
    session: aiohttp.ClientSession
    known: dict[str, str] = field(default_factory=dict[str, str])

    async def runs(self, command: str) -> Any:
        program, _, address, *rest = shlex.split(self._filled(command))
        assert program == "curl"
        given = list(zip(rest[::2], rest[1::2], strict=True))
        assert {flag for flag, _ in given} <= {"-H", "-d"}
        headers = dict(words.split(": ", 1) for flag, words in given if flag == "-H")
        data = next((words for flag, words in given if flag == "-d"), None)
        method = "GET" if data is None else "POST"
        async with self.session.request(method, address, data=data, headers=headers) as answer:
            return json.loads(await answer.text())

    async def told(self, said: Any) -> None:
        match said:
            case {"file_urls": [str(address)]}:
                self.known["FILE"] = address
            case {"request_id": str(request), "status": "QUEUED"}:
                self.known["REQUEST"] = request
                # The page's next example shows a finished job.
                async with asyncio.timeout(PATIENCE):
                    while not self.segmind.billed:
                        self.clock.move(1)
                        await asyncio.sleep(0.01)
            case _:
                pass

    def _filled(self, text: str) -> str:
        for name, value in self.known.items():
            text = text.replace(name, value)
        return text.replace("data:image/png;base64,PICTURE", data_url(picture())).replace(
            ADDRESS, self.segmind.url
        )

    def alike(self, expected: Any, said: Any, where: str) -> None:
        """Compare a response: numbers by type, texts literally, and an ellipsis matches anything."""
        match expected:
            case "…":
                pass
            case dict():
                assert list(said) == list(expected), where  # pyright: ignore[reportUnknownArgumentType]
                for key, value in expected.items():  # pyright: ignore[reportUnknownVariableType]
                    self.alike(value, said[key], f"{where}, {key}")
            case list():
                for one, other in zip(expected, said, strict=True):  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
                    self.alike(one, other, where)
            case str():
                form = re.escape(self._filled(expected)).replace("…", ".+")
                assert re.fullmatch(form, said), f"{where}: {said}"
            case None | bool():
                assert said is expected, where
            case _:
                assert isinstance(said, int | float), where


def examples() -> list[tuple[Block, Block]]:
    """Return each curl command of the page with the response below it."""
    blocks = PAGE.blocks
    asked = [number for number, block in enumerate(blocks) if block.text.startswith("curl ")]
    return [(blocks[number], blocks[number + 1]) for number in asked]


async def test_the_examples_are_answered_as_the_page_says(segmind: LocalSegmind, clock: HeldClock) -> None:
    assert len(examples()) >= 9
    async with aiohttp.ClientSession() as session:
        reader = Reader(segmind, clock, session)
        for asked, answered in examples():
            said = await reader.runs(asked.text)
            await reader.told(said)
            assert answered.language == "json", str(answered)
            reader.alike(json.loads(answered.text), said, str(answered))


def test_what_starts_the_server_is_a_command_of_the_program() -> None:
    asked = {id(block) for block, _ in examples()}
    for block in PAGE.blocks:
        if block.language == "sh" and id(block) not in asked:
            program, *words = shlex.split(block.text)
            assert program == ".venv/bin/doppel"
            understood(words)


async def test_the_sdk_works_as_the_page_says(
    segmind: LocalSegmind, clock: HeldClock, capsys: pytest.CaptureFixture[str]
) -> None:
    (program,) = [block.text for block in PAGE.blocks if "SegmindClient" in block.text]
    running = asyncio.create_task(asyncio.to_thread(_run, program.replace(ADDRESS, segmind.url)))
    while not running.done():
        clock.move(1)
        await asyncio.sleep(0.01)
    await running
    assert capsys.readouterr().out.startswith(f"{segmind.url}/outputs/")


def _run(program: str) -> None:
    names: dict[str, Any] = {}
    exec(compile(program, PAGE.name, "exec"), names)
    names["client"]._client.close()


async def test_faults_are_said_as_the_page_says(segmind: LocalSegmind) -> None:
    (lines,) = [block.text for block in PAGE.blocks if "segmind.faults" in block.text]
    exec(lines, {"segmind": segmind})
    written = re.findall(r"--(?:segmind|faults) \"([^\"]+)\"", PAGE.text)
    assert len(written) == 2
    for faults in written:
        segmind.faults.add_rules(faults)


def test_the_table_of_faults_is_whole() -> None:
    rows = re.findall(r"(?m)^\| `([a-z-]+)(?:=([^`]+))?` \|", PAGE.section("Faults on purpose"))
    assert [name for name, _ in rows] == [trouble.value for trouble in FaultKind]
    for name, value in rows:
        usual = Fault(name)
        if value.isdigit():
            assert usual.number == float(value), name
        else:
            assert bool(value) == (FaultKind(name) in WITH_TEXT)


def test_the_tables_of_endpoints_are_whole(segmind: LocalSegmind) -> None:
    routes = {
        (route.method, route.resource.canonical): route.name
        for route in segmind._runner.app.router.routes()
        if route.method != "HEAD" and route.resource is not None
    }
    rows = re.findall(r"(?m)^\| `(GET|POST) (\S+)` \| (.+) \|$", PAGE.text)
    assert {(method, path) for method, path, _ in rows} == set(routes)
    for method, path, words in rows:
        assert ("without a key" in words) == (routes[method, path] in PUBLIC), path
    (sentence,) = re.findall(r"The endpoints' names are (.+?); `\*`", PAGE.text, re.DOTALL)
    assert set(re.findall(r"`(\w+)`", sentence)) == set(ENDPOINTS)
