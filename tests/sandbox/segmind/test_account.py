"""The account: keys, credits, prices, the rate limit, and v1 with its cost headers."""

import base64

import aiohttp

from bot.models import FaceModel
from bot.sandbox.segmind import LocalSegmind
from tests.sandbox.segmind.client import ApiClient, Clock, body_of
from tests.sandbox.segmind.conftest import Start


async def test_a_key_is_required(client: ApiClient, v5: type[FaceModel]) -> None:
    client.key = ""
    response = await client.post("/v2/faceswap-v5", body_of(v5))
    assert (response.status, response.error) == (401, "Missing or invalid API key.")
    assert (await client.get("/inference-model-information/list")).status == 200


async def test_a_wrong_key_is_refused(
    start: Start, session: aiohttp.ClientSession, v5: type[FaceModel]
) -> None:
    segmind = await start(key="right")
    assert (await ApiClient(session, segmind.url, "wrong").get("/v1/get-user-credits")).status == 401
    await ApiClient(session, segmind.url, "right").submit(v5)
    assert segmind.submissions[0].key == "right"


async def test_only_what_is_completed_is_billed_until_nothing_is_left(
    start: Start, session: aiohttp.ClientSession, v5: type[FaceModel]
) -> None:
    segmind = await start(credits=0.1)
    client = ApiClient(session, segmind.url)
    await client.finish(await client.submit(v5, "failed"))
    for _ in range(2):
        await client.finish(await client.submit(v5))
    assert (await client.get("/v1/get-user-credits")).json == {"credits": 0.0, "free-credits": 0.0}
    assert list(segmind.billed.values()) == [0.05, 0.05]
    response = await client.post("/v2/faceswap-v5", body_of(v5))
    assert response.status == 406
    segmind.balance = 1
    await client.submit(v5)


async def test_the_rate_limit_says_when_it_ends(
    start: Start, session: aiohttp.ClientSession, clock: Clock, v5: type[FaceModel]
) -> None:
    segmind = await start(rate=2, clock=clock, sleep=clock.sleep)
    client = ApiClient(session, segmind.url)
    for _ in range(2):
        await client.status(await client.submit(v5))
    response = await client.post("/v2/faceswap-v5", body_of(v5))
    assert response.status == 429
    assert response.headers["x-rate-limit-reset-at-utc"] == "2026-01-01T00:01:00+00:00"
    assert len(segmind.submissions) == 2
    clock.advance(60)
    await client.submit(v5)


async def test_the_rate_limit_may_leave_out_when_it_ends(
    start: Start, session: aiohttp.ClientSession, v5: type[FaceModel]
) -> None:
    client = ApiClient(session, (await start(rate=1, rate_names_reset=False)).url)
    await client.submit(v5)
    for response in (
        await client.post("/v2/faceswap-v5", body_of(v5)),
        await client.get("/v1/get-user-credits", "bare-rate-limit"),
    ):
        assert response.status == 429
        assert "x-rate-limit-reset-at-utc" not in response.headers


async def test_polls_count_towards_the_rate_limit_on_request(
    start: Start, session: aiohttp.ClientSession
) -> None:
    client = ApiClient(session, (await start(rate=1, rate_counts_polls=True)).url)
    assert (await client.get("/v2/requests/nobody/status")).status == 404
    assert (await client.get("/v2/requests/nobody/status")).status == 429
    assert (await client.get("/inference-model-information/list")).status == 200


async def test_hardware_changes_price_and_time_alone(
    start: Start, session: aiohttp.ClientSession, clock: Clock, v4: type[FaceModel]
) -> None:
    segmind = await start(speed=33, clock=clock, sleep=clock.sleep)
    client = ApiClient(session, segmind.url)
    fast, cheap = await client.submit(v4), await client.submit(v4, hardware="cost")
    clock.advance(1)
    assert (await client.finish(fast)).json["metrics"]["cost"] == 0.1235
    assert await client.status(cheap) == "PROCESSING"
    clock.advance(0.6)
    assert (await client.finish(cheap)).json["metrics"]["cost"] == 0.0741


async def test_v1_waits_and_answers_with_the_bytes(
    segmind: LocalSegmind, client: ApiClient, v4: type[FaceModel]
) -> None:
    response = await client.post("/v1/faceswap-v4", body_of(v4))
    assert response.body.startswith(b"\x89PNG")
    assert response.headers["Content-Type"] == "image/png"
    assert response.headers["x-cost"] == "0.1235"
    assert float(response.headers["x-remaining-credits"]) == segmind.balance
    assert response.headers["x-request-id"] == segmind.submissions[0].request_id


async def test_v1_answers_in_json_for_base64_and_failures(client: ApiClient, v4: type[FaceModel]) -> None:
    response = await client.post("/v1/faceswap-v4", body_of(v4, base64=True))
    assert base64.b64decode(response.json["image"]).startswith(b"\x89PNG")
    response = await client.post("/v1/faceswap-v4", body_of(v4), "failed=Too%20dark")
    assert (response.status, response.error) == (422, "Too dark")


async def test_v1_of_a_result_that_is_not_kept_is_404(
    start: Start, session: aiohttp.ClientSession, v5: type[FaceModel]
) -> None:
    client = ApiClient(session, (await start(keep_outputs=0)).url)
    assert (await client.post("/v1/faceswap-v5", body_of(v5))).status == 404
