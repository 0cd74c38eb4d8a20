"""The account: keys, credits, prices, the rate limit; and v1, which tells the cost in its headers."""

import base64

import aiohttp

from bot.models import FaceModel
from bot.sandbox.segmind import LocalSegmind
from tests.sandbox.segmind.conftest import Start
from tests.sandbox.segmind.wire import Clock, Wire, body_of


async def test_a_key_is_asked_for(wire: Wire, v5: type[FaceModel]) -> None:
    wire.key = ""
    said = await wire.post("/v2/faceswap-v5", body_of(v5))
    assert (said.status, said.error) == (401, "Missing or invalid API key.")
    assert (await wire.get("/inference-model-information/list")).status == 200


async def test_a_wrong_key_is_refused(
    start: Start, session: aiohttp.ClientSession, v5: type[FaceModel]
) -> None:
    segmind = await start(key="right")
    assert (await Wire(session, segmind.url, "wrong").get("/v1/get-user-credits")).status == 401
    await Wire(session, segmind.url, "right").submit(v5)
    assert segmind.submissions[0].key == "right"


async def test_only_what_is_completed_is_billed_until_nothing_is_left(
    start: Start, session: aiohttp.ClientSession, v5: type[FaceModel]
) -> None:
    segmind = await start(credits=0.1)
    wire = Wire(session, segmind.url)
    await wire.finish(await wire.submit(v5, "failed"))
    for _ in range(2):
        await wire.finish(await wire.submit(v5))
    assert (await wire.get("/v1/get-user-credits")).json == {"credits": 0.0, "free-credits": 0.0}
    assert list(segmind.billed.values()) == [0.05, 0.05]
    said = await wire.post("/v2/faceswap-v5", body_of(v5))
    assert said.status == 406
    segmind.balance = 1
    await wire.submit(v5)


async def test_the_rate_limit_says_when_it_ends(
    start: Start, session: aiohttp.ClientSession, clock: Clock, v5: type[FaceModel]
) -> None:
    segmind = await start(rate=2, clock=clock, sleep=clock.sleep)
    wire = Wire(session, segmind.url)
    for _ in range(2):
        await wire.status(await wire.submit(v5))
    said = await wire.post("/v2/faceswap-v5", body_of(v5))
    assert said.status == 429
    assert said.headers["x-rate-limit-reset-at-utc"] == "2026-01-01T00:01:00+00:00"
    assert len(segmind.submissions) == 2
    clock.advance(60)
    await wire.submit(v5)


async def test_polls_count_where_they_are_said_to(start: Start, session: aiohttp.ClientSession) -> None:
    wire = Wire(session, (await start(rate=1, rate_counts_polls=True)).url)
    assert (await wire.get("/v2/requests/nobody/status")).status == 404
    assert (await wire.get("/v2/requests/nobody/status")).status == 429
    assert (await wire.get("/inference-model-information/list")).status == 200


async def test_hardware_changes_price_and_time_alone(
    start: Start, session: aiohttp.ClientSession, clock: Clock, v4: type[FaceModel]
) -> None:
    segmind = await start(speed=33, clock=clock, sleep=clock.sleep)
    wire = Wire(session, segmind.url)
    fast, cheap = await wire.submit(v4), await wire.submit(v4, hardware="cost")
    clock.advance(1)
    assert (await wire.finish(fast)).json["metrics"]["cost"] == 0.1235
    assert await wire.status(cheap) == "PROCESSING"
    clock.advance(0.6)
    assert (await wire.finish(cheap)).json["metrics"]["cost"] == 0.0741


async def test_v1_waits_and_answers_with_the_bytes(
    segmind: LocalSegmind, wire: Wire, v4: type[FaceModel]
) -> None:
    said = await wire.post("/v1/faceswap-v4", body_of(v4))
    assert said.body.startswith(b"\x89PNG")
    assert said.headers["Content-Type"] == "image/png"
    assert said.headers["x-cost"] == "0.1235"
    assert float(said.headers["x-remaining-credits"]) == segmind.balance
    assert said.headers["x-request-id"] == segmind.submissions[0].request_id


async def test_v1_answers_in_json_for_base64_and_failures(wire: Wire, v4: type[FaceModel]) -> None:
    said = await wire.post("/v1/faceswap-v4", body_of(v4, base64=True))
    assert base64.b64decode(said.json["image"]).startswith(b"\x89PNG")
    said = await wire.post("/v1/faceswap-v4", body_of(v4), "failed=Too%20dark")
    assert (said.status, said.error) == (422, "Too dark")


async def test_v1_of_a_result_that_is_not_kept_is_404(
    start: Start, session: aiohttp.ClientSession, v5: type[FaceModel]
) -> None:
    wire = Wire(session, (await start(keep_outputs=0)).url)
    assert (await wire.post("/v1/faceswap-v5", body_of(v5))).status == 404
