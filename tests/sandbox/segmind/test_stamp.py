"""The stamp engine, prices, and bills."""

from pathlib import Path

import aiohttp
import pytest

from bot.registry import ModelRegistry
from bot.sandbox.segmind import CannotRender, StampEngine, account, pricing
from tests.sandbox.segmind.client import ApiClient, picture
from tests.sandbox.segmind.conftest import Start

CLIP = Path(__file__).parents[3] / "bot" / "sandbox" / "samples" / "clip.mp4"


async def test_the_stamp_is_seen_and_the_rest_is_the_target() -> None:
    made = await StampEngine().render(
        "faceswap-v5", {"image_format": "png"}, {"target_image": picture(size=64)}
    )
    assert made.media_type == "image/png"
    assert made.content != picture(size=64)
    assert made.local["ignored"] == ["image_format"]


@pytest.mark.parametrize(
    ("media", "message"),
    [
        ({"source_image": b""}, "no target"),
        ({"target_image": b"words, words"}, "neither a picture nor a video"),
        ({"target_image": picture()[:40]}, "cannot be read"),
    ],
)
async def test_an_unusable_target_is_an_error(media: dict[str, bytes], message: str) -> None:
    with pytest.raises(CannotRender, match=message):
        await StampEngine().render("faceswap-v5", {}, media)


async def test_a_video_comes_back_as_it_is(
    start: Start, session: aiohttp.ClientSession, models: ModelRegistry
) -> None:
    client = ApiClient(session, (await start()).url)
    target = await client.upload(CLIP.read_bytes(), "video/mp4", "clip.mp4")
    request_id = await client.submit(models["ai-face-swap"], target=target)
    await client.finish(request_id)
    response = await client.get(f"/v2/requests/{request_id}", "shape=documented")
    assert response.json["video"] == {"url": response.json["output"], "content_type": "video/mp4"}
    assert response.json["metrics"]["cost"] == 0.103
    assert (await client.get(response.json["output"])).body == CLIP.read_bytes()
    sync = await client.post("/v1/ai-face-swap", {"source_image": target, "target": target, "base64": True})
    assert set(sync.json) == {"video"}


@pytest.mark.parametrize(
    ("video_seconds", "usd"), [(None, 0.103), (0.5, 0.103), (10.0, 0.103), (10.1, 0.206), (25, 0.309)]
)
def test_a_video_costs_by_each_ten_seconds_begun(
    models: ModelRegistry, video_seconds: float | None, usd: float
) -> None:
    assert pricing.usd(models["ai-face-swap"].card, {}, video_seconds) == usd


def test_a_length_is_read_from_videos_alone() -> None:
    assert pricing.video_seconds(picture(), "image/png") is None
    assert pricing.video_seconds(b"nothing", "video/mp4") is None
    assert (pricing.video_seconds(CLIP.read_bytes(), "video/mp4") or 0) > 0


def test_the_oldest_bills_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account, "MAX_REMEMBERED", 2)
    balance = account.Account(1.0)
    for request_id in "abc":
        balance.charge(request_id, 0.1)
    assert dict(balance.billed) == {"b": 0.1, "c": 0.1}
    assert balance.balance == 0.7
