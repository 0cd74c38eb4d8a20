"""Every fault: how it is asked for, and what a caller meets."""

import asyncio
import time

import aiohttp
import pytest

from bot.models import FaceModel
from bot.sandbox.segmind import Fault, Faults, LocalSegmind, Submission, Trouble
from bot.sandbox.segmind.faults import ENDPOINTS, Plight
from bot.segmind.protocol import RateLimited, Response, decipher_submit
from tests.sandbox.segmind.conftest import Start
from tests.sandbox.segmind.wire import Clock, Wire, body_of


async def test_latency_delays_the_answer(start: Start, session: aiohttp.ClientSession, clock: Clock) -> None:
    segmind = await start(clock=clock, sleep=clock.sleep)
    call = asyncio.create_task(Wire(session, segmind.url).get("/v1/get-user-credits", "latency=2"))
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
        ("error-before=500", 500),
        ("error-before=502", 502),
        ("error-before=504", 504),
    ],
)
async def test_a_refusal_takes_nothing(
    segmind: LocalSegmind, wire: Wire, v5: type[FaceModel], fault: str, status: int
) -> None:
    said = await wire.post("/v2/faceswap-v5", body_of(v5), fault)
    assert said.status == status
    assert segmind.submissions == ()


async def test_a_rate_limit_names_its_reset(wire: Wire, v5: type[FaceModel]) -> None:
    said = await wire.post("/v2/faceswap-v5", body_of(v5), "rate-limit=20")
    headers = {name.lower(): value for name, value in said.headers.items()}
    with pytest.raises(RateLimited) as raised:
        decipher_submit(Response(said.status, said.body, headers), slug="faceswap-v5")
    assert raised.value.resets_at == pytest.approx(time.time() + 20, abs=15)


@pytest.mark.parametrize(("status", "form"), [(500, b""), (502, b"<html>"), (504, b"<html>")])
async def test_an_error_after_acceptance_hides_a_request_that_runs_and_is_billed(
    segmind: LocalSegmind, wire: Wire, v5: type[FaceModel], status: int, form: bytes
) -> None:
    said = await wire.post("/v2/faceswap-v5", body_of(v5), f"error-after={status}")
    assert said.status == status
    assert said.body[:6] == form
    (taken,) = segmind.submissions
    assert (await wire.finish(taken.request_id)).json["status"] == "COMPLETED"
    assert segmind.billed == {taken.request_id: 0.05}


@pytest.mark.parametrize(("fault", "taken"), [("drop-before", 0), ("drop-after", 1)])
async def test_a_connection_drops(
    segmind: LocalSegmind, wire: Wire, v5: type[FaceModel], fault: str, taken: int
) -> None:
    with pytest.raises(aiohttp.ClientConnectionError):
        await wire.post("/v2/faceswap-v5", body_of(v5), fault)
    assert len(segmind.submissions) == taken


async def test_a_malformed_answer_is_whole_and_no_json(
    segmind: LocalSegmind, wire: Wire, v5: type[FaceModel]
) -> None:
    said = await wire.post("/v2/faceswap-v5", body_of(v5), "malformed")
    assert said.status == 200
    with pytest.raises(ValueError, match="Unterminated"):
        _ = said.json
    assert len(segmind.submissions) == 1


async def test_a_truncated_answer_ends_in_the_middle(
    segmind: LocalSegmind, wire: Wire, v5: type[FaceModel]
) -> None:
    with pytest.raises(aiohttp.ClientPayloadError):
        await wire.post("/v2/faceswap-v5", body_of(v5), "truncated")
    output = (await wire.finish(segmind.submissions[0].request_id)).json["output"]
    with pytest.raises(aiohttp.ClientPayloadError):
        await wire.get(output, "truncated")
    assert (await wire.get(output)).status == 200


async def test_a_request_expires_now_and_for_good(
    segmind: LocalSegmind, wire: Wire, v5: type[FaceModel]
) -> None:
    first = await wire.submit(v5)
    assert (await wire.get(f"/v2/requests/{first}/status", "expired")).status == 404
    assert (await wire.get(f"/v2/requests/{first}")).status == 404
    second = await wire.submit(v5, "expired")
    assert (await wire.get(f"/v2/requests/{second}/status")).status == 404
    third = await wire.submit(v5)
    segmind.expire(third)
    segmind.expire("nobody")
    assert (await wire.get(f"/v2/requests/{third}")).status == 404


async def test_a_block_reads_as_one_and_costs_nothing(
    segmind: LocalSegmind, wire: Wire, v5: type[FaceModel]
) -> None:
    said = await wire.finish(await wire.submit(v5, "blocked"))
    assert said.status == 422
    assert "Responsible AI (RAI)" in said.error
    assert segmind.billed == {}


async def test_an_invalid_body_is_accepted_and_fails_later(
    segmind: LocalSegmind, wire: Wire, v5: type[FaceModel]
) -> None:
    said = await wire.finish(await wire.submit(v5, "lenient", quality=1))
    assert said.status == 422
    assert said.error.startswith("Invalid value for quality")
    assert (await wire.finish(await wire.submit(v5, "lenient"))).status == 200
    assert len(segmind.billed) == 1


async def test_a_stuck_request_runs_forever_and_holds_up_nobody(
    start: Start, session: aiohttp.ClientSession, clock: Clock, v5: type[FaceModel]
) -> None:
    wire = Wire(session, (await start(workers=1, clock=clock, sleep=clock.sleep)).url)
    stuck = await wire.submit(v5, "stuck")
    assert (await wire.finish(await wire.submit(v5))).status == 200
    clock.advance(3000)
    assert await wire.status(stuck) == "PROCESSING"


async def test_slow_takes_as_many_times_longer(
    start: Start, session: aiohttp.ClientSession, clock: Clock, v5: type[FaceModel]
) -> None:
    wire = Wire(session, (await start(speed=1, clock=clock, sleep=clock.sleep)).url)
    request_id = await wire.submit(v5, "slow=5")
    clock.advance(49)
    assert await wire.status(request_id) == "PROCESSING"
    clock.advance(1)
    assert (await wire.finish(request_id)).status == 200


async def test_a_script_is_followed_in_its_order(segmind: LocalSegmind, wire: Wire) -> None:
    segmind.faults.next("credits", "error-before=502", times=2)
    segmind.faults.next("credits")
    segmind.faults.next("credits", Fault("bad-key"))
    codes = [(await wire.get("/v1/get-user-credits")).status for _ in range(5)]
    assert codes == [502, 502, 200, 401, 200]


async def test_a_rule_holds_until_it_is_cleared(segmind: LocalSegmind, wire: Wire) -> None:
    segmind.faults.always("*", "forbidden")
    segmind.faults.next("catalogue", "retired")
    assert (await wire.get("/v1/get-user-credits")).status == 403
    assert (await wire.get("/inference-model-information/list")).status == 403
    segmind.faults.clear()
    assert (await wire.get("/v1/get-user-credits")).status == 200


@pytest.mark.parametrize("said", ["no-such-thing", "latency=soon", "latency=-1", "latency=nan", "stuck=1"])
async def test_a_fault_that_says_nothing_is_refused(wire: Wire, said: str) -> None:
    answer = await wire.get("/v1/get-user-credits", said)
    assert answer.status == 400
    assert answer.error.startswith("x-doppel-fault: ")


def test_a_storm_repeats_itself_by_its_seed() -> None:
    def storm(seed: int) -> list[bool]:
        faults = Faults(seed)
        faults.always("status", "drop-before", probability=0.3)
        return [Trouble.DROP_BEFORE in faults.meet("status") for _ in range(200)]

    assert storm(1) == storm(1) != storm(2)
    assert 30 < sum(storm(1)) < 90


def test_rules_can_be_written_in_one_line() -> None:
    faults = Faults.described("submit: error-after=504 @ 1; *: latency=0.5, slow=2; status: malformed @ 0;")
    plight = faults.meet("submit", "failed=a%2Cb")
    assert plight.number(Trouble.LATENCY, 0) == 0.5
    assert plight.number(Trouble.SLOW, 0) == 2
    assert plight.number(Trouble.ERROR_AFTER, 0) == 504
    assert (fault := plight.get(Trouble.FAILED)) is not None
    assert fault.text == "a,b"
    assert Trouble.MALFORMED not in faults.meet("status")


@pytest.mark.parametrize(
    "line", ["submitt: stuck", "submit: stuck @ 2", "submit: stuck @ often", "submit: x"]
)
def test_a_line_that_cannot_be_followed_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"endpoint|probability|float|Trouble"):
        Faults.described(line)


def test_a_call_without_faults_meets_none() -> None:
    faults = Faults()
    assert not any(faults.meet(endpoint) for endpoint in ENDPOINTS)
    assert Plight().number(Trouble.SLOW, 1) == 1


async def test_what_was_met_is_counted_and_what_was_accepted_is_seen_before_its_answer(
    start: Start, session: aiohttp.ClientSession, v5: type[FaceModel]
) -> None:
    seen: list[Submission] = []
    segmind = await start(witness=seen.append)
    wire = Wire(session, segmind.url)
    segmind.faults.next("submit", "latency=0", "error-after=502")
    segmind.faults.next("submit", "error-before=500")
    assert (await wire.post("/v2/faceswap-v5", body_of(v5))).status == 502
    assert [each.request_id for each in seen] == [each.request_id for each in segmind.submissions]
    assert (await wire.post("/v2/faceswap-v5", body_of(v5))).status == 500
    assert len(seen) == 1
    assert segmind.faults.met == {
        ("submit", Trouble.LATENCY): 1,
        ("submit", Trouble.ERROR_AFTER): 1,
        ("submit", Trouble.ERROR_BEFORE): 1,
    }
