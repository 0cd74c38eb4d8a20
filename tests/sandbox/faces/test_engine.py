"""The engine: error messages, cancellation, and an event loop that stays free."""

import asyncio
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager, suppress
from functools import cache
from time import process_time

import pytest

from bot.sandbox.faces.engine import FaceEngine
from bot.sandbox.faces.errors import CannotSwap
from tests.patience import PATIENCE
from tests.sandbox.faces.conftest import DEFAULTS, Render
from tests.sandbox.faces.scenes import clip, couple, encoded, nobody


@cache
def long_clip() -> bytes:
    """Return a clip that takes far longer to render than these tests may run."""
    return clip([couple()] * 250)


@contextmanager
def little_work() -> Generator[None]:
    """Check that this process computes little, however long it waits."""
    before = process_time()
    yield
    assert process_time() - before < 3


async def begun(media: "Watched") -> None:
    async with asyncio.timeout(PATIENCE):
        while not media.looked_at:
            await asyncio.sleep(0.01)


@pytest.fixture
async def single() -> AsyncIterator[FaceEngine]:
    """An engine with one worker, so that a second job has to wait for the first."""
    engine = FaceEngine(workers=1)
    yield engine
    await engine.close()


class Watched(dict[str, bytes]):
    """Files that remember whether they were read."""

    looked_at = False

    def get(self, key: str, default: bytes | None = None) -> bytes | None:  # type: ignore[override]
        self.looked_at = True
        return super().get(key, default)


async def long_job(engine: FaceEngine, source: bytes) -> asyncio.Task[object]:
    """Start a rendering that is under way when this returns."""
    media = Watched(source_image=source, target=long_clip())
    job = asyncio.create_task(engine.render("ai-face-swap", DEFAULTS["ai-face-swap"], media))
    await begun(media)
    return job


def short_job(
    engine: FaceEngine, source: bytes, media: dict[str, bytes] | None = None
) -> asyncio.Task[object]:
    media = media or {"source_image": source, "target_image": source}
    return asyncio.create_task(engine.render("faceswap-v5", DEFAULTS["faceswap-v5"], media))


async def test_a_cancelled_job_frees_its_worker(single: FaceEngine, face_a: bytes) -> None:
    long = await long_job(single, face_a)
    long.cancel()
    with pytest.raises(asyncio.CancelledError):
        await long
    with little_work():
        await short_job(single, face_a)


async def test_a_job_that_is_cancelled_while_it_waits_never_starts(single: FaceEngine, face_a: bytes) -> None:
    media = Watched(source_image=face_a, target_image=face_a)
    first = await long_job(single, face_a)
    waiting = short_job(single, face_a, media)
    await asyncio.sleep(0.1)
    waiting.cancel()
    first.cancel()
    for task in (waiting, first):
        with suppress(asyncio.CancelledError):
            await task
    await short_job(single, face_a)
    assert not media.looked_at


async def test_closing_abandons_what_is_under_way(face_a: bytes) -> None:
    engine = FaceEngine(workers=1)
    running, waiting = await long_job(engine, face_a), short_job(engine, face_a)
    # The second order has to be in the queue before everything closes.
    await asyncio.sleep(0)
    with little_work():
        await engine.close()
    for task in (running, waiting):
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_the_event_loop_goes_on_during_a_rendering(render: Render, face_a: bytes) -> None:
    ticks = 0
    rendering = asyncio.create_task(render("faceswap-v5", face_a, encoded(couple())))
    while not rendering.done():
        await asyncio.sleep(0.005)
        ticks += 1
    assert (await rendering).content
    assert ticks >= 8


async def test_two_jobs_at_once_do_not_disturb_each_other(
    render: Render, face_a: bytes, face_b: bytes, face_c: bytes
) -> None:
    alone = [(await render("faceswap-v5", face_a, target)).content for target in (face_b, face_c)]
    jobs = [render("faceswap-v5", face_a, target) for target in (face_b, face_c) * 2]
    together = [rendering.content for rendering in await asyncio.gather(*jobs)]
    assert together == alone * 2


async def test_an_unknown_model_is_an_error(engine: FaceEngine) -> None:
    with pytest.raises(CannotSwap, match="no recipe for the model faceswap-v9"):
        await engine.render("faceswap-v9", {}, {})


async def test_a_missing_picture_is_an_error(engine: FaceEngine, face_a: bytes) -> None:
    with pytest.raises(CannotSwap, match="Nothing was sent as target_image"):
        await engine.render("faceswap-v5", DEFAULTS["faceswap-v5"], {"source_image": face_a})


@pytest.mark.parametrize("slug", DEFAULTS)
async def test_a_missing_face_is_an_error_that_names_the_picture(
    render: Render, face_a: bytes, slug: str
) -> None:
    with pytest.raises(CannotSwap, match="No face was found in the source picture"):
        await render(slug, encoded(nobody()), face_a)
    with pytest.raises(CannotSwap, match="No face was found in the target picture"):
        await render(slug, face_a, encoded(nobody()))


async def test_the_notes_can_be_sent_as_json(render: Render, face_a: bytes, face_b: bytes) -> None:
    local = (await render("faceswap-v4", face_a, face_b)).local
    assert local["faces_found"] == 1
    assert local["faces_swapped"] == 1
    assert local["approximated"].keys() == {"swap_type"}
    assert isinstance(local["identity_distance"], float)
    assert "OpenCV" in local["engine"]
