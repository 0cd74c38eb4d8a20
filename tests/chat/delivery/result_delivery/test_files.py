"""Files of a delivery: the original beside the result, and results that are too large."""

from collections.abc import Callable
from functools import partial
from io import BytesIO

import pytest
from PIL import Image

from bot.jobs.delivery import Delivery
from bot.media.probe import inspect
from bot.media.types import Limits
from tests.chat.delivery.result_delivery.harness import CHANNEL, CONTENT, NOW, WEBHOOK, Harness, galleries
from tests.discord.faults import ErrorReply
from tests.jobs.orders import job
from tests.media import files


@pytest.mark.parametrize(
    ("address", "is_shown"),
    [
        ("https://cdn.discordapp.com/ephemeral-attachments/1/b.png?ex=ffffffff&is=1&hm=2", True),
        ("https://images.segmind.com/assets/b.png", True),
        ("https://cdn.discordapp.com/ephemeral-attachments/1/b.png?ex=60000000&is=1&hm=2", False),
        ("https://cdn.discordapp.com/ephemeral-attachments/1/b.png?ex=soon", False),
        ("http://images.segmind.com/assets/b.png", False),
        ("https://segmind.com.example/b.png", False),
        ("https://files.example/b.png", False),
        ("data:image/png;base64,AAAA", False),
    ],
)
async def test_the_original_is_shown_beside_the_result_if_its_url_is_trusted_and_not_expired(
    harness: Harness, address: str, is_shown: bool
) -> None:
    body = {"source_image": "https://files.example/a.png", "target_image": address}
    finished, _ = harness.ordered(body=body)
    assert await harness.result_delivery.deliver(finished, CONTENT) is Delivery.EDITED
    (call,) = harness.sent("edit")
    result = f"attachment://faceswap-v5-{finished.id}.png"
    assert galleries(call) == [[address.partition("?")[0], result] if is_shown else [result]]


@pytest.mark.parametrize("token", [True, False])
async def test_a_rejected_preview_does_not_cost_the_result(harness: Harness, token: bool) -> None:
    body = {**job().body, "target_image": "https://images.segmind.com/assets/b.png"}
    finished, message = harness.ordered(token=token, body=body)
    harness.reject(WEBHOOK if token else CHANNEL, ErrorReply(400, 50035, "Invalid Form Body"))
    assert await harness.result_delivery.deliver(finished, CONTENT) is Delivery.EDITED
    _, call = harness.sent("edit" if token else "edit-in-channel")
    assert len(galleries(call)[0]) == 1
    assert len(harness.showing(message)) == 1


def alpha() -> bytes:
    image = files.noise(512, 384)
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    return files.saved(image, "PNG")


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (partial(files.picture, "PNG", 512, 384), "image/jpeg"),
        (alpha, "image/webp"),
        (partial(files.video, width=320, height=240, frames=24, rate=12, sound="aac"), "video/mp4"),
    ],
    ids=["picture", "alpha", "video"],
)
async def test_a_result_that_is_too_large_for_the_channel_is_made_to_fit(
    harness: Harness, make: Callable[[], bytes], found: str
) -> None:
    """The interaction reported a higher limit than the channel has."""
    content = make()
    harness.discord.messages.upload_limit = len(content) * 6 // 10
    finished, message = harness.ordered(token=False)
    assert await harness.result_delivery.deliver(finished, content) is Delivery.EDITED
    (attachment,) = message.attachments
    media = inspect(attachment.content, Limits())
    before = inspect(content, Limits())
    assert len(attachment.content) <= harness.discord.messages.upload_limit
    assert media.media_type == found
    assert media.width / media.height == pytest.approx(before.width / before.height, rel=0.02)
    assert media.seconds == (None if before.seconds is None else pytest.approx(before.seconds, abs=0.1))
    if found == "image/webp":
        with Image.open(BytesIO(attachment.content)) as image:
            assert image.getchannel("A").getextrema() == (0, 255)


async def test_a_result_that_fits_in_no_size_is_given_as_a_link_with_its_expiry(harness: Harness) -> None:
    harness.discord.messages.upload_limit = 100
    finished, message = harness.ordered()
    assert await harness.result_delivery.deliver(finished, files.picture("PNG", 512, 384)) is Delivery.EDITED
    assert len(harness.sent("edit")) == 3
    assert message.attachments == []
    text = message.edits[-1].text
    assert "https://files.example/result.png" in text
    assert f"<t:{int(NOW) + 7 * 24 * 3600}:f>" in text


async def test_a_smaller_file_stays_smaller_on_the_next_route(harness: Harness) -> None:
    finished, message = harness.ordered(token=False)
    harness.reject(CHANNEL, ErrorReply(413, 40005), ErrorReply(400, 50083))
    assert await harness.result_delivery.deliver(finished, CONTENT) is Delivery.REPLIED
    (reply,) = harness.showing(message)
    assert len(reply.attachments[0].content) <= len(CONTENT) / 2
