"""The engine that stamps, what a result costs, and the books that it is entered in."""

from pathlib import Path

import aiohttp
import pytest

from bot.registry import ModelRegistry
from bot.sandbox.segmind import CannotRender, StampEngine, account, pricing
from tests.sandbox.segmind.conftest import Start
from tests.sandbox.segmind.wire import Wire, picture

CLIP = Path(__file__).parents[3] / "bot" / "sandbox" / "samples" / "clip.mp4"


async def test_the_stamp_is_seen_and_the_rest_is_the_target() -> None:
    made = await StampEngine().render(
        "faceswap-v5", {"image_format": "png"}, {"target_image": picture(size=64)}
    )
    assert made.media_type == "image/png"
    assert made.content != picture(size=64)
    assert made.local["ignored"] == ["image_format"]


@pytest.mark.parametrize(
    ("media", "says"),
    [
        ({"source_image": b""}, "no target"),
        ({"target_image": b"words, words"}, "neither a picture nor a video"),
        ({"target_image": picture()[:40]}, "cannot be read"),
    ],
)
async def test_what_cannot_be_stamped_is_said(media: dict[str, bytes], says: str) -> None:
    with pytest.raises(CannotRender, match=says):
        await StampEngine().render("faceswap-v5", {}, media)


async def test_a_video_comes_back_as_it_is(
    start: Start, session: aiohttp.ClientSession, models: ModelRegistry
) -> None:
    wire = Wire(session, (await start()).url)
    target = await wire.upload(CLIP.read_bytes(), "video/mp4", "clip.mp4")
    said = await wire.finish(await wire.submit(models["ai-face-swap"], target=target))
    assert said.json["video"] == {"url": said.json["output"], "content_type": "video/mp4"}
    assert said.json["metrics"]["cost"] == 0.103
    assert (await wire.get(said.json["output"])).body == CLIP.read_bytes()
    sync = await wire.post("/v1/ai-face-swap", {"source_image": target, "target": target, "base64": True})
    assert set(sync.json) == {"video"}


@pytest.mark.parametrize(
    ("plays", "usd"), [(None, 0.103), (0.5, 0.103), (10.0, 0.103), (10.1, 0.206), (25, 0.309)]
)
def test_a_video_costs_by_each_ten_seconds_begun(
    models: ModelRegistry, plays: float | None, usd: float
) -> None:
    assert pricing.usd(models["ai-face-swap"].card, {}, plays) == usd


def test_a_length_is_read_from_videos_alone() -> None:
    assert pricing.plays(picture(), "image/png") is None
    assert pricing.plays(b"nothing", "video/mp4") is None
    assert (pricing.plays(CLIP.read_bytes(), "video/mp4") or 0) > 0


def test_the_oldest_bills_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account, "REMEMBERED", 2)
    books = account.Books(1.0)
    for request_id in "abc":
        books.charge(request_id, 0.1)
    assert dict(books.billed) == {"b": 0.1, "c": 0.1}
    assert books.balance == 0.7
