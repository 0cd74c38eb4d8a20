"""The v2 contract: what is answered to whom, in which shape, with which code."""

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
from bot.segmind.protocol import Completed, Failed, Response, decipher_result, decipher_submit
from tests.sandbox.segmind.conftest import Start
from tests.sandbox.segmind.wire import Clock, Said, Wire, body_of, picture

SLUGS = tuple(model_registry("cogs"))


async def test_a_submission_is_answered_with_the_addresses_to_ask(
    segmind: LocalSegmind, wire: Wire, v5: type[FaceModel]
) -> None:
    said = await wire.post("/v2/faceswap-v5", body_of(v5))
    request_id = said.json["request_id"]
    assert said.status == 200
    assert said.json == {
        "request_id": request_id,
        "status": "QUEUED",
        "poll_url": f"{segmind.url}/v2/requests/{request_id}/status",
        "status_url": f"{segmind.url}/v2/requests/{request_id}/status",
        "response_url": f"{segmind.url}/v2/requests/{request_id}",
    }
    assert decipher_submit(Response(200, said.body), slug="faceswap-v5").request_id == request_id


async def test_a_request_waits_runs_and_completes_in_its_usual_time(
    start: Start, session: aiohttp.ClientSession, clock: Clock, v5: type[FaceModel]
) -> None:
    segmind = await start(speed=2, clock=clock, sleep=clock.sleep)
    wire = Wire(session, segmind.url)
    request_id = await wire.submit(v5)
    assert await wire.status(request_id) == "QUEUED"
    clock.advance(0.75)  # 15 % of ten seconds at twice the speed
    assert await wire.status(request_id) == "PROCESSING"
    said = await wire.get(f"/v2/requests/{request_id}")
    assert (said.status, said.json["output"], said.json["error"]) == (200, None, None)
    assert said.json["metrics"] == {"queue_time": 0.75}
    clock.advance(4.25)
    said = await wire.finish(request_id)
    assert said.json["metrics"]["total_time"] == pytest.approx(5.0)
    assert said.json["metrics"]["inference_time"] == pytest.approx(4.25)


async def test_a_completed_status_has_its_metrics_and_no_output(wire: Wire, v5: type[FaceModel]) -> None:
    request_id = await wire.submit(v5)
    await wire.finish(request_id)
    said = await wire.get(f"/v2/requests/{request_id}/status")
    assert said.json["status"] == "COMPLETED"
    assert "inference_time" in said.json["metrics"]
    assert "output" not in said.json


@pytest.mark.parametrize("slug", SLUGS)
async def test_every_model_delivers_the_stamped_target(
    segmind: LocalSegmind, wire: Wire, models: ModelRegistry, slug: str
) -> None:
    said = await wire.finish(await wire.submit(models[slug]))
    state = decipher_result(Response(said.status, said.body))
    assert isinstance(state, Completed)
    assert state.metrics.cost == models[slug].card.usd
    assert state.metrics.remaining_credits == segmind.balance
    file = await wire.get(_address(said))
    with Image.open(BytesIO(file.body)) as shown:
        assert file.headers["Content-Type"] == Image.MIME[shown.format or ""]
        assert shown.convert("RGB").crop((0, 15, 1, 16)).tobytes()[0] == pytest.approx(INK[0], abs=25)


async def test_the_models_answer_in_several_shapes(wire: Wire, models: ModelRegistry) -> None:
    said = {slug: (await wire.finish(await wire.submit(models[slug]))).json for slug in SLUGS}
    assert isinstance(said["faceswap-v5"]["output"], str)
    assert "images" not in said["faceswap-v5"]
    assert said["faceswap-v4"]["images"][0]["url"] == said["faceswap-v4"]["output"]
    assert isinstance(said["faceswap-v3-multifaceswap"]["output"], list)
    assert said["faceswap-comic"]["output"]["url"] == said["faceswap-comic"]["image_url"]
    assert said["ai-face-swap"]["metrics"]["local"]["warnings"] == ["stamped, not swapped"]


async def test_base64_puts_the_bytes_into_the_answer(wire: Wire, v4: type[FaceModel]) -> None:
    said = await wire.finish(await wire.submit(v4, base64=True))
    assert base64.b64decode(said.json["output"]).startswith(b"\x89PNG")


async def test_the_formats_are_real(wire: Wire, v4: type[FaceModel]) -> None:
    said = await wire.finish(await wire.submit(v4, image_format="webp"))
    file = await wire.get(said.json["output"])
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
    segmind: LocalSegmind, wire: Wire, v5: type[FaceModel], changes: dict[str, Any], named: str
) -> None:
    said = await wire.post("/v2/faceswap-v5", body_of(v5, **changes))
    assert said.status == 400
    assert said.error.startswith(f"Invalid value for {named}:")
    assert segmind.submissions == ()


async def test_a_body_that_is_no_object_is_refused(wire: Wire) -> None:
    assert (await wire.post("/v2/faceswap-v5", ["a"])).status == 400
    async with wire.session.post(
        f"{wire.url}/v2/faceswap-v5", data=b"{", headers={"x-api-key": "k"}
    ) as response:
        assert response.status == 400


async def test_an_unknown_model_is_404(wire: Wire) -> None:
    said = await wire.post("/v2/faceswap-v9", {})
    assert (said.status, said.error) == (404, "Model faceswap-v9 not found.")


async def test_an_unknown_request_is_404(wire: Wire) -> None:
    assert (await wire.get("/v2/requests/nobody/status")).status == 404
    assert (await wire.get("/v2/requests/nobody")).status == 404


async def test_an_unknown_path_is_404_and_a_wrong_method_405_in_html(wire: Wire) -> None:
    assert (await wire.get("/v3/anything")).error == "Not Found"
    said = await wire.get("/v2/faceswap-v5")
    assert said.status == 405
    assert said.headers["Content-Type"].startswith("text/html")
    assert said.headers["Allow"] == "POST"
    assert b"405 Method Not Allowed" in said.body


async def test_a_failure_is_served_as_422_by_both(wire: Wire, v5: type[FaceModel]) -> None:
    request_id = await wire.submit(v5, "failed=No%20face")
    said = await wire.finish(request_id)
    state = decipher_result(Response(said.status, said.body))
    assert isinstance(state, Failed)
    assert said.status == 422
    assert said.json["error"] == "No face"
    assert set(said.json["metrics"]) == {"inference_time", "queue_time", "total_time"}
    assert (await wire.get(f"/v2/requests/{request_id}/status")).json == said.json


@pytest.mark.parametrize(
    ("name", "said", "blocked"),
    [
        ("cat-Blocked.png", "Responsible AI", True),
        ("fail.png", "The model could not process the inputs.", False),
    ],
)
async def test_a_file_name_scripts_the_end(
    segmind: LocalSegmind, wire: Wire, v5: type[FaceModel], name: str, said: str, blocked: bool
) -> None:
    address = f"{await wire.upload(picture(), name=name)}?doppel=1"
    result = await wire.finish(await wire.submit(v5, target_image=address))
    state = decipher_result(Response(result.status, result.body))
    assert isinstance(state, Failed)
    assert said in state.detail
    assert state.blocked is blocked
    assert segmind.billed == {}


async def test_a_slow_file_takes_three_times_as_long(
    start: Start, session: aiohttp.ClientSession, clock: Clock, v5: type[FaceModel]
) -> None:
    segmind = await start(speed=1, clock=clock, sleep=clock.sleep)
    wire = Wire(session, segmind.url)
    request_id = await wire.submit(v5, source_image=await wire.upload(picture(), name="slow.png"))
    clock.advance(10)
    assert await wire.status(request_id) == "PROCESSING"
    clock.advance(20)
    assert (await wire.finish(request_id)).json["metrics"]["total_time"] == pytest.approx(30)


async def test_status_and_result_expire_an_hour_after_the_submission_and_the_file_stays(
    start: Start, session: aiohttp.ClientSession, clock: Clock, v5: type[FaceModel]
) -> None:
    segmind = await start(clock=clock, sleep=clock.sleep)
    wire = Wire(session, segmind.url)
    request_id = await wire.submit(v5)
    output = (await wire.finish(request_id)).json["output"]
    clock.advance(3599)
    assert await wire.status(request_id) == "COMPLETED"
    clock.advance(1)
    assert (await wire.get(f"/v2/requests/{request_id}")).status == 404
    assert (await wire.get(f"/v2/requests/{request_id}/status")).status == 404
    assert (await wire.get(output)).status == 200
    clock.advance(7 * 24 * 3600)
    assert (await wire.get(output)).status == 404


async def test_the_catalogue_is_public_and_lists_every_model(wire: Wire, models: ModelRegistry) -> None:
    listed = (await wire.get("/inference-model-information/list")).json
    assert {each["slug"] for each in listed} == set(models)
    assert all(each["is_depreciated"] is False for each in listed)
    assert "source_img" in {name for each in listed for name in each["parameters_schema"]["properties"]}


async def test_the_calls_are_counted(segmind: LocalSegmind, wire: Wire, v5: type[FaceModel]) -> None:
    request_id = await wire.submit(v5)
    await asyncio.gather(*(wire.status(request_id) for _ in range(3)))
    assert segmind.calls["submit"] == 1
    assert segmind.calls["status"] == 3


def _address(said: Said) -> str:
    output = said.json["output"]
    match output:
        case str():
            return output
        case [str(first)]:
            return first
        case _:
            return output["url"]
