"""The request history: how the bot finds a submission of unknown outcome."""

import aiohttp
import pytest

from bot.models import FaceModel
from bot.registry import ModelRegistry
from bot.sandbox.segmind import LocalSegmind
from bot.segmind.history import parse_history, parse_record
from bot.segmind.responses import Response
from tests.sandbox.segmind.client import ApiClient, Clock, body_of, picture
from tests.sandbox.segmind.conftest import Start

HISTORY = "/inference-request/request-history"


async def test_a_lost_submission_is_found_by_its_nonce(
    segmind: LocalSegmind, client: ApiClient, v5: type[FaceModel]
) -> None:
    address = f"{await client.upload(picture())}?doppel=n0nce"
    await client.submit(v5)
    assert (
        await client.post("/v2/faceswap-v5", body_of(v5, source_image=address), "error-after")
    ).status == 502
    await client.finish(segmind.submissions[1].request_id)
    response = await client.get(HISTORY, model_name="faceswap-v5")
    (row,) = [
        row
        for row in parse_history(Response(response.status, response.body))
        if row.inputs["source_image"] == address
    ]
    assert row.found.request_id == segmind.submissions[1].request_id
    assert (row.found.status, row.found.cost) == ("COMPLETED", 0.05)
    assert row.found.output is not None


async def test_a_record_is_found_by_its_id(client: ApiClient, v5: type[FaceModel]) -> None:
    request_id = await client.submit(v5, "failed=Nope")
    await client.finish(request_id)
    response = await client.get(f"{HISTORY}/{request_id}")
    found = parse_record(Response(response.status, response.body))
    assert found is not None
    assert (found.status, found.error, found.output) == ("FAILED", "Nope", None)
    assert (await client.get(f"{HISTORY}/nobody")).status == 404


async def test_a_row_of_a_request_under_way_knows_its_inputs_alone(
    client: ApiClient, v5: type[FaceModel]
) -> None:
    request_id = await client.submit(v5, "stuck", seed=7)
    row = (await client.get(f"{HISTORY}/{request_id}")).json["data"]
    assert row["model_status"] == "PENDING"
    assert row["request_body"]["seed"] == 7
    assert [row[name] for name in ("generation_url", "latency_ms", "error", "model_finished")] == [None] * 4


async def test_rows_appear_late_where_that_is_asked_for(
    start: Start, session: aiohttp.ClientSession, clock: Clock, v5: type[FaceModel]
) -> None:
    client = ApiClient(session, (await start(history_delay=5, clock=clock, sleep=clock.sleep)).url)
    soon, late = await client.submit(v5), await client.submit(v5, "history-delay=20")
    assert (await client.get(HISTORY)).json["data"] == []
    clock.advance(5)
    assert [row["request_id"] for row in (await client.get(HISTORY)).json["data"]] == [soon]
    assert (await client.get(f"{HISTORY}/{late}")).status == 404
    clock.advance(15)
    assert (await client.get(f"{HISTORY}/{late}")).status == 200


async def test_the_newest_come_first_in_pages(client: ApiClient, v5: type[FaceModel]) -> None:
    ids = [await client.submit(v5, "stuck") for _ in range(5)]
    first = (await client.get(HISTORY, per_page="2")).json
    assert [row["request_id"] for row in first["data"]] == ids[:2:-1]
    assert (first["page"], first["per_page"], first["total"], first["total_pages"]) == (1, 2, 5, 3)
    third = (await client.get(HISTORY, per_page="2", page="3")).json
    assert [row["request_id"] for row in third["data"]] == ids[:1]


async def test_rows_are_filtered_and_sorted(client: ApiClient, models: ModelRegistry) -> None:
    dear = await client.submit(models["faceswap-v4"])
    cheap = await client.submit(models["faceswap-v5"])
    failed = await client.submit(models["faceswap-comic"], "failed")
    for each in (dear, cheap, failed):
        await client.finish(each)

    async def asked(**params: str) -> list[str]:
        return [row["request_id"] for row in (await client.get(HISTORY, **params)).json["data"]]

    assert await asked(model_name="swap-v") == [cheap, dear]
    assert await asked(status="FAILED") == [failed]
    assert await asked(status="COMPLETED", sort_order="asc") == [dear, cheap]
    assert await asked(sort_by="credits_deduction") == [dear, cheap, failed]
    assert await asked(sort_by="model_name", sort_order="asc") == [failed, dear, cheap]


async def test_the_window_is_inclusive_and_seven_days_by_default(
    start: Start, session: aiohttp.ClientSession, clock: Clock, v5: type[FaceModel]
) -> None:
    client = ApiClient(session, (await start(clock=clock, sleep=clock.sleep)).url)
    await client.submit(v5)
    clock.advance(7 * 24 * 3600)
    assert (await client.get(HISTORY)).json["total"] == 1
    clock.advance(24 * 3600)
    assert (await client.get(HISTORY)).json["total"] == 0
    assert (await client.get(HISTORY, from_date="2026-01-01", to_date="2026-01-01")).json["total"] == 1
    assert (await client.get(HISTORY, from_date="2025-12-02", to_date="2026-01-01")).json["total"] == 1


@pytest.mark.parametrize(
    "params",
    [
        {"per_page": "101"},
        {"per_page": "0"},
        {"page": "first"},
        {"status": "DONE"},
        {"sort_by": "age"},
        {"sort_order": "up"},
        {"from_date": "yesterday"},
        {"from_date": "2026-01-01", "to_date": "2026-02-02"},
        {"from_date": "2026-01-02", "to_date": "2026-01-01"},
    ],
)
async def test_a_query_beyond_the_bounds_is_refused(client: ApiClient, params: dict[str, str]) -> None:
    assert (await client.get(HISTORY, **params)).status == 400


async def test_a_file_within_a_body_is_shortened_in_the_record(
    segmind: LocalSegmind, client: ApiClient, v5: type[FaceModel]
) -> None:
    long = "data:image/png;base64," + "A" * 20_000
    await client.submit(v5, source_image=long)
    assert segmind.submissions[0].body["source_image"].endswith("… (20022 characters)")


async def test_the_oldest_requests_are_forgotten_and_none_that_is_under_way(
    start: Start, session: aiohttp.ClientSession, clock: Clock, v5: type[FaceModel]
) -> None:
    segmind = await start(speed=1, history_size=2, clock=clock, sleep=clock.sleep)
    client = ApiClient(session, segmind.url)
    ids = [await client.submit(v5) for _ in range(3)]
    assert [await client.status(each) for each in ids] == ["QUEUED"] * 3
    clock.advance(10)
    for each in ids:
        await client.finish(each)
    await client.submit(v5)
    assert [(await client.get(f"{HISTORY}/{each}")).status for each in ids] == [404, 404, 200]
    await client.submit(v5, "stuck")
    assert len(segmind.submissions) == 2
