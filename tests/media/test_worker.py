"""The media worker: bounds each call in time and memory, and survives whatever happens to its child."""

import asyncio
import gc
import os
import signal
import subprocess
import sys
import time
import weakref
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from bot.media.types import Animated, TooCostly, TooLarge
from bot.media.worker import process
from bot.media.worker.limits import WorkerLimits
from bot.media.worker.process import MediaWorker, WorkerFailed
from tests.media import operations
from tests.patience import PATIENCE

MIB = 2**20
# Without the decoders, a child starts quickly.
BARE: dict[str, Any] = {"preload": (), "wall_seconds": PATIENCE}


def limits(**changes: Any) -> WorkerLimits:
    return WorkerLimits(**BARE | changes)


@pytest.fixture(scope="module", autouse=True)
def real_children() -> Generator[None]:
    """Start each child as the bot does, instead of as a fork."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(process, "Popen", subprocess.Popen)
        yield


@pytest.fixture(scope="module")
def worker() -> Generator[MediaWorker]:
    shared = MediaWorker(limits(cpu_seconds=1, memory=64 * MIB))
    yield shared
    shared.close()


def is_alive(pid: int) -> bool:
    """Return whether the process exists; a zombie that nobody waits for has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def wait_until_dead(pid: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while is_alive(pid):
            await asyncio.sleep(0.01)


async def test_an_operation_runs_in_a_child_that_the_next_one_reuses(worker: MediaWorker) -> None:
    first = await worker.run(operations.pid)
    assert first != os.getpid()
    assert await worker.run(operations.pid) == first
    assert await worker.run(operations.echo, b"\0file" * MIB, times=2) == b"\0file" * MIB * 2


async def test_an_endless_operation_is_killed_by_its_cpu_time() -> None:
    # The limit counts from the next full second of the child's own time, most of which is left.
    worker = MediaWorker(limits(cpu_seconds=0))
    with pytest.raises(TooCostly):
        await worker.run(operations.burn)
    assert await worker.run(operations.echo, b"the next file") == b"the next file"
    worker.close()


async def test_an_operation_that_waits_for_ever_is_killed_at_its_deadline() -> None:
    worker = MediaWorker(limits(wall_seconds=0.2))
    with pytest.raises(TooCostly):
        await worker.run(operations.sleep, 10 * PATIENCE)
    worker.close()


@pytest.mark.skipif(sys.platform != "linux", reason="Only Linux limits the address space")
async def test_the_memory_of_an_operation_is_limited(worker: MediaWorker) -> None:
    assert await worker.run(operations.allocate, 48 * MIB) == 48 * MIB
    with pytest.raises(TooCostly):
        await worker.run(operations.allocate, 80 * MIB)
    # The file itself does not count.
    assert await worker.run(operations.length, bytes(100 * MIB)) == 100 * MIB
    # But the answer does.
    with pytest.raises(TooCostly):
        await worker.run(operations.echo, bytes(100 * MIB))


async def test_a_crash_is_an_error_of_the_file(worker: MediaWorker) -> None:
    with pytest.raises(TooCostly):
        await worker.run(operations.crash)
    assert await worker.run(operations.echo, b"the next file") == b"the next file"


async def test_an_unexpected_exception_names_its_place_and_quotes_nothing(worker: MediaWorker) -> None:
    with pytest.raises(WorkerFailed) as caught:
        await worker.run(operations.fail, "words of a member")
    assert "in fail" in str(caught.value)
    assert "ValueError" in str(caught.value)
    assert "words of a member" not in str(caught.value)


async def test_an_answer_that_is_no_data_is_refused(worker: MediaWorker) -> None:
    with pytest.raises(TooCostly):
        await worker.run(operations.return_code)


@pytest.mark.parametrize("error", [TooLarge(5, 3), Animated("image/png"), TooCostly()])
async def test_the_errors_of_files_come_back_with_their_facts(worker: MediaWorker, error: Exception) -> None:
    with pytest.raises(type(error)) as caught:
        await worker.run(operations.fail_with, error)
    assert vars(caught.value) == vars(error)


async def test_an_order_that_was_refused_leaves_the_memory_without_a_garbage_collection(
    worker: MediaWorker,
) -> None:
    class Order:
        """An order, of which each frame of the exception's traceback would keep the files."""

    async def prepare(_: Order) -> None:
        await worker.run(operations.fail_with, TooLarge(5, 3))

    order = Order()
    alive = weakref.ref(order)
    gc.disable()
    try:
        with suppress(TooLarge):
            await prepare(order)
        del order
        # The worker's thread and the event loop refer to the outcome until their present steps end.
        async with asyncio.timeout(PATIENCE):
            while alive() is not None:
                await asyncio.sleep(0.01)
    finally:
        gc.enable()


async def test_secrets_of_the_environment_stay_away_from_the_decoders(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("DISCORD_TOKEN", "SEGMIND_API_KEY", "DOPPEL_FACES__KEY", "DATABASE_URL"):
        monkeypatch.setenv(name, "hunter2")
    worker = MediaWorker(limits())
    assert "hunter2" not in (await worker.run(operations.environment)).values()
    worker.close()


async def test_a_child_retires_after_many_calls_and_when_nobody_needs_it() -> None:
    worker = MediaWorker(limits(calls=2, idle_seconds=PATIENCE))
    pids = [await worker.run(operations.pid) for _ in range(6)]
    assert [pids.count(each) for each in dict.fromkeys(pids)] == [2, 2, 2]
    worker.close()
    idle = MediaWorker(limits(idle_seconds=0.01))
    await wait_until_dead(await idle.run(operations.pid))
    assert await idle.run(operations.echo, b"again") == b"again"
    idle.close()


async def test_a_cancelled_call_ends_its_child_and_spares_the_next_call(tmp_path: Path) -> None:
    worker = MediaWorker(limits())
    pid, started = await worker.run(operations.pid), tmp_path / "started"
    running = asyncio.create_task(worker.run(operations.sleep, 10 * PATIENCE, started))
    waiting = asyncio.create_task(worker.run(operations.echo, b"waiting"))
    cancelled = asyncio.create_task(worker.run(operations.echo, b"cancelled"))
    async with asyncio.timeout(PATIENCE):
        while not started.exists():
            await asyncio.sleep(0.01)
    for each in (cancelled, running):
        each.cancel()
    assert await waiting == b"waiting"
    await wait_until_dead(pid)
    assert cancelled.cancelled()
    assert running.cancelled()
    worker.close()


async def test_closing_cancels_every_call_and_ends_the_child(tmp_path: Path) -> None:
    worker = MediaWorker(limits())
    pid, started = await worker.run(operations.pid), tmp_path / "started"
    calls = [asyncio.create_task(worker.run(operations.sleep, 10 * PATIENCE, started)) for _ in range(2)]
    async with asyncio.timeout(PATIENCE):
        while not started.exists():
            await asyncio.sleep(0.01)
    worker.close()
    assert not is_alive(pid)
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(each) for each in outcomes] == [asyncio.CancelledError] * 2


BOT = """
import asyncio, sys
from bot.media.worker import process
from bot.media.worker.limits import WorkerLimits
from bot.media.worker.process import MediaWorker
from tests.media import operations

async def main():
    worker = MediaWorker(WorkerLimits(preload=(), wall_seconds=600, cpu_seconds=600))
    print(await worker.run(operations.pid), flush=True)
    await worker.run(operations.burn)

asyncio.run(main())
"""


def test_a_child_does_not_survive_a_bot_that_was_killed_even_during_a_call() -> None:
    with subprocess.Popen([sys.executable, "-c", BOT], stdout=subprocess.PIPE, text=True) as bot:
        assert bot.stdout is not None
        child = int(bot.stdout.readline())
        # A service manager and a terminal signal every process, but the bot decides.
        for number in (signal.SIGINT, signal.SIGTERM):
            os.kill(child, number)
        time.sleep(0.05)
        assert is_alive(child)
        bot.kill()
    asyncio.run(wait_until_dead(child))
