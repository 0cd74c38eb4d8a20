"""The v2 contract: status codes and shapes of responses."""

import asyncio
import base64
from io import BytesIO
from typing import Any

import aiohttp
import pytest
from PIL import Image

from bot.models import FaceModel
from bot.registry import ModelRegistry, model_registry
from bot.sandbox.segmind import LocalSegmind
from bot.sandbox.segmind.stamp import INK
from bot.segmind.protocol import parse_result, parse_submit
from bot.segmind.responses import Response
from bot.segmind.states import Completed, Failed
from tests.sandbox.segmind.client import ApiClient, ApiResponse, Clock, body_of, picture
from tests.sandbox.segmind.conftest import Start

SLUGS = tuple(model_registry("cogs"))


async def test_a_submission_is_answered_with_the_addresses_to_ask(
    segmind: LocalSegmind, client: ApiClient, v5: type[FaceModel]
) -> None:
    response = await client.post("/v2/faceswap-v5", body_of(v5))
    request_id = response.json["request_id"]
    assert response.status == 200
    assert response.json == {
        "request_id": request_id,
        "status": "QUEUED",
        "poll_url": f"{segmind.url}/v2/requests/{request_id}/status",
        "status_url": f"{segmind.url}/v2/requests/{request_id}/status",
        "response_url": f"{segmind.url}/v2/requests/{request_id}",
    }
    assert parse_submit(Response(200, response.body), slug="faceswap-v5").request_id == request_id


async def test_a_request_waits_runs_and_completes_in_its_usual_time(
    start: Start, session: aiohttp.ClientSession, clock: Clock, v5: type[FaceModel]
) -> None:
    segmind = await start(speed=2, clock=clock, sleep=clock.sleep)
    client = ApiClient(session, segmind.url)
    request_id = await client.submit(v5)
    assert await client.status(request_id) == "QUEUED"
    clock.advance(0.75)  # 15 % of ten seconds at twice the speed
    assert await client.status(request_id) == "PROCESSING"
    response = await client.get(f"/v2/requests/{request_id}")
    assert (response.status, response.json["output"], response.json["error"]) == (200, None, None)
    assert response.json["metrics"] == {"queue_time": 0.75}
    clock.advance(4.25)
    response = await client.finish(request_id)
    assert response.json["metrics"]["total_time"] == pytest.approx(5.0)
    assert response.json["metrics"]["inference_time"] == pytest.approx(4.25)


async def test_a_completed_status_has_its_metrics_and_no_output(
    client: ApiClient, v5: type[FaceModel]
) -> None:
    request_id = await client.submit(v5)
    await client.finish(request_id)
    response = await client.get(f"/v2/requests/{request_id}/status")
    assert response.json["status"] == "COMPLETED"
    assert "inference_time" in response.json["metrics"]
    assert "output" not in response.json


@pytest.mark.parametrize("slug", SLUGS)
async def test_every_model_delivers_the_stamped_target(
    segmind: LocalSegmind, client: ApiClient, models: ModelRegistry, slug: str
) -> None:
    response = await client.finish(await client.submit(models[slug]))
    state = parse_result(Response(response.status, response.body))
    assert isinstance(state, Completed)
    assert state.metrics.cost == models[slug].card.usd
    assert state.metrics.remaining_credits == segmind.balance
    file = await client.get(_address(response))
    with Image.open(BytesIO(file.body)) as shown:
        assert file.headers["Content-Type"] == Image.MIME[shown.format or ""]
        assert shown.convert("RGB").crop((0, 15, 1, 16)).tobytes()[0] == pytest.approx(INK[0], abs=25)


async def test_an_output_is_a_url_and_another_shape_is_a_fault(
    client: ApiClient, models: ModelRegistry
) -> None:
    for slug in SLUGS:
        request_id = await client.submit(models[slug])
        plain = (await client.finish(request_id)).json
        assert isinstance(plain["output"], str)
        assert not plain.keys() & {"images", "video", "image_url"}
        documented = (await client.get(f"/v2/requests/{request_id}", "shape")).json
        assert documented["images"][0]["url"] == documented["output"] == plain["output"]
        listed = (await client.get(f"/v2/requests/{request_id}", "shape=listed")).json
        assert listed["output"] == [plain["output"]]
        nested = (await client.get(f"/v2/requests/{request_id}", "shape=nested")).json
        assert nested["output"]["url"] == nested["image_url"] == plain["output"]
        assert plain["metrics"]["local"]["warnings"] == ["stamped, not swapped"]


async def test_base64_puts_the_bytes_into_the_answer(client: ApiClient, v4: type[FaceModel]) -> None:
    response = await client.finish(await client.submit(v4, base64=True))
    assert base64.b64decode(response.json["output"]).startswith(b"\x89PNG")


async def test_the_formats_are_real(client: ApiClient, v4: type[FaceModel]) -> None:
    response = await client.finish(await client.submit(v4, image_format="webp"))
    file = await client.get(response.json["output"])
    assert file.headers["Content-Type"] == "image/webp"
    assert file.body[8:12] == b"WEBP"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"quality": 5}, "quality"),
        ({"image_format": "bmp"}, "image_format"),
        ({"source_image": "ftp://there/a.png"}, "source_image"),
        ({"hat": "red"}, "hat"),
    ],
)
async def test_an_invalid_parameter_is_named(
    segmind: LocalSegmind, client: ApiClient, v5: type[FaceModel], changes: dict[str, Any], named: str
) -> None:
    response = await client.post("/v2/faceswap-v5", body_of(v5, **changes))
    assert response.status == 400
    assert response.error.startswith(f"Invalid value for {named}:")
    assert segmind.submissions == ()


async def test_a_body_that_is_not_an_object_is_rejected(client: ApiClient) -> None:
    assert (await client.post("/v2/faceswap-v5", ["a"])).status == 400
    async with client.session.post(
        f"{client.url}/v2/faceswap-v5", data=b"{", headers={"x-api-key": "k"}
    ) as response:
        assert response.status == 400


async def test_an_unknown_model_is_404(client: ApiClient) -> None:
    response = await client.post("/v2/faceswap-v9", {})
    assert (response.status, response.error) == (404, "Model faceswap-v9 not found.")


async def test_an_unknown_request_is_404(client: ApiClient) -> None:
    assert (await client.get("/v2/requests/nobody/status")).status == 404
    assert (await client.get("/v2/requests/nobody")).status == 404


async def test_an_unknown_path_is_404_and_a_wrong_method_405_in_html(client: ApiClient) -> None:
    assert (await client.get("/v3/anything")).error == "Not Found"
    response = await client.get("/v2/faceswap-v5")
    assert response.status == 405
    assert response.headers["Content-Type"].startswith("text/html")
    assert response.headers["Allow"] == "POST"
    assert b"405 Method Not Allowed" in response.body


async def test_a_failure_is_served_as_422_by_both(client: ApiClient, v5: type[FaceModel]) -> None:
    request_id = await client.submit(v5, "failed=No%20face")
    response = await client.finish(request_id)
    state = parse_result(Response(response.status, response.body))
    assert isinstance(state, Failed)
    assert response.status == 422
    assert response.json["error"] == "No face"
    assert set(response.json["metrics"]) == {"inference_time", "queue_time", "total_time"}
    assert (await client.get(f"/v2/requests/{request_id}/status")).json == response.json


@pytest.mark.parametrize(
    ("name", "error", "blocked"),
    [
        ("cat-Blocked.png", "Responsible AI", True),
        ("fail.png", "The model could not process the inputs.", False),
    ],
)
async def test_a_file_name_scripts_the_end(
    segmind: LocalSegmind, client: ApiClient, v5: type[FaceModel], name: str, error: str, blocked: bool
) -> None:
    address = f"{await client.upload(picture(), name=name)}?doppel=1"
    result = await client.finish(await client.submit(v5, target_image=address))
    state = parse_result(Response(result.status, result.body))
    assert isinstance(state, Failed)
    assert error in state.detail
    assert state.blocked is blocked
    assert segmind.billed == {}


async def test_a_slow_file_takes_three_times_as_long(
    start: Start, session: aiohttp.ClientSession, clock: Clock, v5: type[FaceModel]
) -> None:
    segmind = await start(speed=1, clock=clock, sleep=clock.sleep)
    client = ApiClient(session, segmind.url)
    request_id = await client.submit(v5, source_image=await client.upload(picture(), name="slow.png"))
    clock.advance(10)
    assert await client.status(request_id) == "PROCESSING"
    clock.advance(20)
    assert (await client.finish(request_id)).json["metrics"]["total_time"] == pytest.approx(30)


async def test_status_and_result_expire_an_hour_after_the_submission_and_the_file_stays(
    start: Start, session: aiohttp.ClientSession, clock: Clock, v5: type[FaceModel]
) -> None:
    segmind = await start(clock=clock, sleep=clock.sleep)
    client = ApiClient(session, segmind.url)
    request_id = await client.submit(v5)
    output = (await client.finish(request_id)).json["output"]
    clock.advance(3599)
    assert await client.status(request_id) == "COMPLETED"
    clock.advance(1)
    assert (await client.get(f"/v2/requests/{request_id}")).status == 404
    assert (await client.get(f"/v2/requests/{request_id}/status")).status == 404
    assert (await client.get(output)).status == 200
    clock.advance(7 * 24 * 3600)
    assert (await client.get(output)).status == 404


async def test_the_catalogue_is_public_and_lists_every_model(
    client: ApiClient, models: ModelRegistry
) -> None:
    listed = (await client.get("/inference-model-information/list")).json
    assert {each["slug"] for each in listed} == set(models)
    assert all(each["is_depreciated"] is False for each in listed)
    assert "source_img" in {name for each in listed for name in each["parameters_schema"]["properties"]}


async def test_the_calls_are_counted(segmind: LocalSegmind, client: ApiClient, v5: type[FaceModel]) -> None:
    request_id = await client.submit(v5)
    await asyncio.gather(*(client.status(request_id) for _ in range(3)))
    assert segmind.calls["submit"] == 1
    assert segmind.calls["status"] == 3


def _address(response: ApiResponse) -> str:
    output = response.json["output"]
    match output:
        case str():
            return output
        case [str(first)]:
            return first
        case _:
            return output["url"]
