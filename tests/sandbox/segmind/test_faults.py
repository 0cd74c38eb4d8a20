"""Every fault: how a test requests it, and its effect on a caller."""

import asyncio
import time

import aiohttp
import pytest

from bot.models import FaceModel
from bot.sandbox.segmind import Fault, FaultKind, Faults, LocalSegmind, Submission
from bot.sandbox.segmind.faults.fault import CallFaults
from bot.sandbox.segmind.faults.script import ENDPOINTS
from bot.segmind.errors import RateLimited
from bot.segmind.protocol import parse_submit
from bot.segmind.responses import Response
from tests.sandbox.segmind.client import ApiClient, Clock, body_of, picture
from tests.sandbox.segmind.conftest import Start

HISTORY = "/inference-request/request-history"


async def test_latency_delays_the_answer(start: Start, session: aiohttp.ClientSession, clock: Clock) -> None:
    segmind = await start(clock=clock, sleep=clock.sleep)
    call = asyncio.create_task(ApiClient(session, segmind.url).get("/v1/get-user-credits", "latency=2"))
    while not segmind.calls:
        await asyncio.sleep(0.001)
    clock.advance(1.9)
    assert not (await asyncio.wait([call], timeout=0.05))[0]
    clock.advance(0.1)
    assert (await call).status == 200


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("bad-key", 401),
        ("forbidden", 403),
        ("unknown-model", 404),
        ("no-credits", 406),
        ("retired", 410),
        ("rate-limit", 429),
        ("bare-rate-limit", 429),
        ("error-before=404", 404),
        ("error-before=499", 499),
        ("error-before=500", 500),
        ("error-before=502", 502),
        ("error-before=504", 504),
    ],
)
async def test_an_error_before_acceptance_submits_nothing(
    segmind: LocalSegmind, client: ApiClient, v5: type[FaceModel], fault: str, status: int
) -> None:
    response = await client.post("/v2/faceswap-v5", body_of(v5), fault)
    assert response.status == status
    assert segmind.submissions == ()


async def test_a_rate_limit_names_its_reset(client: ApiClient, v5: type[FaceModel]) -> None:
    response = await client.post("/v2/faceswap-v5", body_of(v5), "rate-limit=20")
    headers = {name.lower(): value for name, value in response.headers.items()}
    with pytest.raises(RateLimited) as raised:
        parse_submit(Response(response.status, response.body, headers), slug="faceswap-v5")
    assert raised.value.resets_at == pytest.approx(time.time() + 20, abs=15)


@pytest.mark.parametrize(
    ("status", "form"),
    [(408, b"<html>"), (409, b"<html>"), (499, b"<html>"), (500, b""), (502, b"<html>"), (504, b"<html>")],
)
async def test_an_error_after_acceptance_hides_a_request_that_runs_and_is_billed(
    segmind: LocalSegmind, client: ApiClient, v5: type[FaceModel], status: int, form: bytes
) -> None:
    response = await client.post("/v2/faceswap-v5", body_of(v5), f"error-after={status}")
    assert response.status == status
    assert response.body[:6] == form
    (taken,) = segmind.submissions
    assert (await client.finish(taken.request_id)).json["status"] == "COMPLETED"
    assert segmind.billed == {taken.request_id: 0.05}


@pytest.mark.parametrize(("fault", "taken"), [("drop-before", 0), ("drop-after", 1)])
async def test_a_connection_drops(
    segmind: LocalSegmind, client: ApiClient, v5: type[FaceModel], fault: str, taken: int
) -> None:
    with pytest.raises(aiohttp.ClientConnectionError):
        await client.post("/v2/faceswap-v5", body_of(v5), fault)
    assert len(segmind.submissions) == taken


async def test_a_malformed_answer_is_whole_and_no_json(
    segmind: LocalSegmind, client: ApiClient, v5: type[FaceModel]
) -> None:
    response = await client.post("/v2/faceswap-v5", body_of(v5), "malformed")
    assert response.status == 200
    with pytest.raises(ValueError, match="Unterminated"):
        _ = response.json
    assert len(segmind.submissions) == 1


async def test_a_truncated_answer_ends_in_the_middle(
    segmind: LocalSegmind, client: ApiClient, v5: type[FaceModel]
) -> None:
    with pytest.raises(aiohttp.ClientPayloadError):
        await client.post("/v2/faceswap-v5", body_of(v5), "truncated")
    output = (await client.finish(segmind.submissions[0].request_id)).json["output"]
    with pytest.raises(aiohttp.ClientPayloadError):
        await client.get(output, "truncated")
    assert (await client.get(output)).status == 200


async def test_a_request_expires_now_and_for_good(
    segmind: LocalSegmind, client: ApiClient, v5: type[FaceModel]
) -> None:
    first = await client.submit(v5)
    assert (await client.get(f"/v2/requests/{first}/status", "expired")).status == 404
    assert (await client.get(f"/v2/requests/{first}")).status == 404
    second = await client.submit(v5, "expired")
    assert (await client.get(f"/v2/requests/{second}/status")).status == 404
    third = await client.submit(v5)
    segmind.expire(third)
    segmind.expire("nobody")
    assert (await client.get(f"/v2/requests/{third}")).status == 404


async def test_a_file_expires_now_and_for_good(client: ApiClient, v5: type[FaceModel]) -> None:
    output = (await client.finish(await client.submit(v5))).json["output"]
    assert (await client.get(output, "error-before=403")).status == 403
    assert (await client.get(output)).status == 200
    assert (await client.get(output, "expired")).status == 404
    assert (await client.get(output)).status == 404


@pytest.mark.parametrize(
    ("fault", "cost"), [("cost", -1), ("cost=1e14", 1e14), ("cost=free", "free"), ("cost=null", None)]
)
async def test_a_cost_is_shown_wrongly_and_billed_rightly(
    segmind: LocalSegmind, client: ApiClient, v5: type[FaceModel], fault: str, cost: object
) -> None:
    request_id = await client.submit(v5)
    await client.finish(request_id)
    for path in (f"/v2/requests/{request_id}", f"/v2/requests/{request_id}/status"):
        assert (await client.get(path, fault)).json["metrics"]["cost"] == cost
    for path in (HISTORY, f"{HISTORY}/{request_id}"):
        data = (await client.get(path, fault)).json["data"]
        assert (data[0] if isinstance(data, list) else data)["credits_deduction"] == cost
    assert (await client.get(f"/v2/requests/{request_id}", "cost=NaN")).body.count(b'"cost": NaN') == 1
    assert segmind.billed == {request_id: 0.05}


async def test_the_history_is_shuffled_and_stripped_of_queries(
    client: ApiClient, v5: type[FaceModel]
) -> None:
    address = await client.upload(picture())
    ids = [await client.submit(v5, source_image=f"{address}?doppel=n0nce") for _ in range(20)]
    rows = (await client.get(HISTORY, "shuffled, stripped")).json["data"]
    found = [row["request_id"] for row in rows]
    assert sorted(found) == sorted(ids)
    assert found not in (ids, ids[::-1])
    assert {row["request_body"]["source_image"] for row in rows} == {address}
    assert "?doppel=n0nce" in (await client.get(HISTORY)).json["data"][0]["request_body"]["source_image"]


async def test_a_blocked_request_costs_nothing(
    segmind: LocalSegmind, client: ApiClient, v5: type[FaceModel]
) -> None:
    response = await client.finish(await client.submit(v5, "blocked"))
    assert response.status == 422
    assert "Responsible AI (RAI)" in response.error
    assert segmind.billed == {}


async def test_an_invalid_body_is_accepted_and_fails_later(
    segmind: LocalSegmind, client: ApiClient, v5: type[FaceModel]
) -> None:
    response = await client.finish(await client.submit(v5, "lenient", quality=1))
    assert response.status == 422
    assert response.error.startswith("Invalid value for quality")
    assert (await client.finish(await client.submit(v5, "lenient"))).status == 200
    assert len(segmind.billed) == 1


async def test_a_stuck_request_runs_forever_and_holds_up_nobody(
    start: Start, session: aiohttp.ClientSession, clock: Clock, v5: type[FaceModel]
) -> None:
    client = ApiClient(session, (await start(workers=1, clock=clock, sleep=clock.sleep)).url)
    stuck = await client.submit(v5, "stuck")
    assert (await client.finish(await client.submit(v5))).status == 200
    clock.advance(3000)
    assert await client.status(stuck) == "PROCESSING"


async def test_slow_takes_as_many_times_longer(
    start: Start, session: aiohttp.ClientSession, clock: Clock, v5: type[FaceModel]
) -> None:
    client = ApiClient(session, (await start(speed=1, clock=clock, sleep=clock.sleep)).url)
    request_id = await client.submit(v5, "slow=5")
    clock.advance(49)
    assert await client.status(request_id) == "PROCESSING"
    clock.advance(1)
    assert (await client.finish(request_id)).status == 200


async def test_a_script_is_followed_in_its_order(segmind: LocalSegmind, client: ApiClient) -> None:
    segmind.faults.next("credits", "error-before=502", times=2)
    segmind.faults.next("credits")
    segmind.faults.next("credits", Fault("bad-key"))
    codes = [(await client.get("/v1/get-user-credits")).status for _ in range(5)]
    assert codes == [502, 502, 200, 401, 200]


async def test_a_rule_holds_until_it_is_cleared(segmind: LocalSegmind, client: ApiClient) -> None:
    segmind.faults.always("*", "forbidden")
    segmind.faults.next("catalogue", "retired")
    assert (await client.get("/v1/get-user-credits")).status == 403
    assert (await client.get("/inference-model-information/list")).status == 403
    segmind.faults.clear()
    assert (await client.get("/v1/get-user-credits")).status == 200


@pytest.mark.parametrize(
    "response",
    [
        "no-such-thing",
        "latency=soon",
        "latency=-1",
        "latency=nan",
        "latency=2..1",
        "stuck=1",
        "error-before=200",
        "error-after=400..500",
        "shape=round",
    ],
)
async def test_an_unknown_fault_is_rejected(client: ApiClient, response: str) -> None:
    answer = await client.get("/v1/get-user-credits", response)
    assert answer.status == 400
    assert answer.error.startswith("x-doppel-fault: ")


def test_random_faults_repeat_with_their_seed() -> None:
    def draws(seed: int) -> list[bool]:
        faults = Faults(seed)
        faults.always("status", "drop-before", probability=0.3)
        return [FaultKind.DROP_BEFORE in faults.draw("status") for _ in range(200)]

    assert draws(1) == draws(1) != draws(2)
    assert 30 < sum(draws(1)) < 90


def test_a_range_is_drawn_for_each_call() -> None:
    faults = Faults.parse("submit: history-delay=5..60", seed=3)
    drawn = [faults.draw("submit").number(FaultKind.HISTORY_DELAY, 0) for _ in range(50)]
    assert 5 <= min(drawn) < 15
    assert 50 < max(drawn) <= 60


def test_rules_can_be_written_in_one_line() -> None:
    faults = Faults.parse("submit: error-after=504 @ 1; *: latency=0.5, slow=2; status: malformed @ 0;")
    faults_of_call = faults.draw("submit", "failed=a%2Cb")
    assert faults_of_call.number(FaultKind.LATENCY, 0) == 0.5
    assert faults_of_call.number(FaultKind.SLOW, 0) == 2
    assert faults_of_call.number(FaultKind.ERROR_AFTER, 0) == 504
    assert (fault := faults_of_call.get(FaultKind.FAILED)) is not None
    assert fault.text == "a,b"
    assert FaultKind.MALFORMED not in faults.draw("status")


@pytest.mark.parametrize(
    "line", ["submitt: stuck", "submit: stuck @ 2", "submit: stuck @ often", "submit: x"]
)
def test_an_invalid_rule_is_rejected(line: str) -> None:
    with pytest.raises(ValueError, match=r"endpoint|probability|float|FaultKind"):
        Faults.parse(line)


def test_a_call_without_faults_has_none() -> None:
    faults = Faults()
    assert not any(faults.draw(endpoint) for endpoint in ENDPOINTS)
    assert CallFaults().number(FaultKind.SLOW, 1) == 1


async def test_faults_are_counted_and_submissions_are_reported_before_the_response(
    start: Start, session: aiohttp.ClientSession, v5: type[FaceModel]
) -> None:
    submissions: list[Submission] = []
    segmind = await start(on_submission=submissions.append)
    client = ApiClient(session, segmind.url)
    segmind.faults.next("submit", "latency=0", "error-after=502")
    segmind.faults.next("submit", "error-before=500")
    assert (await client.post("/v2/faceswap-v5", body_of(v5))).status == 502
    assert [each.request_id for each in submissions] == [each.request_id for each in segmind.submissions]
    assert (await client.post("/v2/faceswap-v5", body_of(v5))).status == 500
    assert len(submissions) == 1
    assert segmind.faults.counts == {
        ("submit", FaultKind.LATENCY): 1,
        ("submit", FaultKind.ERROR_AFTER): 1,
        ("submit", FaultKind.ERROR_BEFORE): 1,
    }
