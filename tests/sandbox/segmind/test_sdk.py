"""The official SDK, unchanged, against the local server."""

# The SDK is typed in part and ships no stubs.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportPrivateUsage=false

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from segmind import InferenceFailed, InferenceTimeout, SegmindClient, SegmindError
from segmind.files import Files

from bot.models import FaceModel
from bot.registry import ModelRegistry
from bot.sandbox.segmind import LocalSegmind
from tests.patience import PATIENCE
from tests.sandbox.segmind.client import body_of, picture


@pytest.fixture
def sdk(segmind: LocalSegmind, monkeypatch: pytest.MonkeyPatch) -> Iterator[SegmindClient]:
    monkeypatch.setenv("SEGMIND_API_KEY", "from-the-environment")
    client = SegmindClient(base_url=f"{segmind.url}/v1")
    yield client
    client._client.close()


async def test_run_returns_the_result_of_every_model(
    segmind: LocalSegmind, sdk: SegmindClient, models: ModelRegistry
) -> None:
    results: list[dict[str, Any]] = await asyncio.gather(
        *(asyncio.to_thread(sdk.run, slug, **body_of(model)) for slug, model in models.items())
    )
    for result in results:
        assert result["status"] == "COMPLETED"
        assert result["output"]
        assert result["metrics"]["inference_time"] >= 0
    assert len(segmind.billed) == 5
    assert {each.key for each in segmind.submissions} == {"from-the-environment"}


@pytest.mark.parametrize(
    "slug", ["faceswap-v4", "faceswap-v5", "faceswap-v3-multifaceswap", "faceswap-comic", "ai-face-swap"]
)
async def test_a_handle_can_be_asked_and_waited_for(
    sdk: SegmindClient, models: ModelRegistry, slug: str
) -> None:
    job = await asyncio.to_thread(sdk.submit_async, slug, **body_of(models[slug]))
    result = await asyncio.to_thread(job.wait, timeout=PATIENCE, interval=0.01)
    assert result == await asyncio.to_thread(job.result)
    assert (await asyncio.to_thread(job.status))["status"] == "COMPLETED"


async def test_a_failure_is_raised_with_its_message(
    sdk: SegmindClient, segmind: LocalSegmind, v5: type[FaceModel]
) -> None:
    segmind.faults.next("submit", "failed=No%20face%20found.")
    job = await asyncio.to_thread(sdk.submit_async, "faceswap-v5", **body_of(v5))
    with pytest.raises(InferenceFailed) as raised:
        await asyncio.to_thread(job.wait, timeout=PATIENCE, interval=0.01)
    assert raised.value.detail == "No face found."
    assert raised.value.status_body["status"] == "FAILED"


async def test_a_request_that_never_ends_times_out(
    sdk: SegmindClient, segmind: LocalSegmind, v5: type[FaceModel]
) -> None:
    segmind.faults.next("submit", "stuck")
    job = await asyncio.to_thread(sdk.submit_async, "faceswap-v5", **body_of(v5))
    with pytest.raises(InferenceTimeout):
        await asyncio.to_thread(job.wait, timeout=0.05, interval=0.01)


async def test_an_error_carries_its_status_and_message(sdk: SegmindClient, v5: type[FaceModel]) -> None:
    with pytest.raises(SegmindError) as raised:
        await asyncio.to_thread(sdk.submit_async, "faceswap-v5", **body_of(v5, quality=1))
    assert raised.value.status == 400
    assert str(raised.value.detail).startswith("Invalid value for quality")


@pytest.mark.parametrize(
    "slug", ["faceswap-v4", "faceswap-v5", "faceswap-v3-multifaceswap", "faceswap-comic", "ai-face-swap"]
)
async def test_run_sync_brings_the_bytes(sdk: SegmindClient, models: ModelRegistry, slug: str) -> None:
    response = await asyncio.to_thread(sdk.run_sync, slug, **body_of(models[slug]))
    assert response.headers["content-type"].startswith("image/")
    assert response.content
    assert float(response.headers["x-cost"]) == models[slug].card.usd


async def test_the_sdks_uploads_and_history_work_here_too(
    segmind: LocalSegmind,
    sdk: SegmindClient,
    v5: type[FaceModel],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    # The SDK has these addresses as constants; nothing else of it is touched.
    monkeypatch.setattr(Files, "STORAGE_BASE_URL", segmind.url)
    history = f"{segmind.url}/inference-request/request-history"
    monkeypatch.setattr(sys.modules["segmind.generations"], "REQUEST_HISTORY_URL", history)
    path = tmp_path / "cat.png"
    path.write_bytes(picture())
    (url,) = (await asyncio.to_thread(sdk.files.upload, path))["file_urls"]
    body = body_of(v5, source_image=url, target_image=url)
    job = await asyncio.to_thread(sdk.submit_async, "faceswap-v5", **body)
    await asyncio.to_thread(job.wait, timeout=PATIENCE, interval=0.01)
    listed = await asyncio.to_thread(sdk.generations.history, model_name="faceswap-v5", status="COMPLETED")
    assert [row["request_id"] for row in listed["data"]] == [job.request_id]
    assert (await asyncio.to_thread(sdk.generations.get, job.request_id))["data"]["request_body"] == body
