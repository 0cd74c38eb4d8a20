"""Uploads, hosted files and the inputs of requests."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import BaseTestServer, TestServer

from bot.models import FaceModel
from bot.sandbox.segmind import CannotRender, LocalSegmind, server
from bot.sandbox.segmind.assets import Assets, DataUrl, file_name, parse_data_url
from bot.sandbox.segmind.errors import ApiError
from bot.sandbox.segmind.inputs import InputReader
from tests.sandbox.segmind.client import ApiClient, data_url, picture
from tests.sandbox.segmind.conftest import Start


@pytest.fixture
async def elsewhere() -> AsyncIterator[BaseTestServer]:
    """Another server, with a picture."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=picture(), content_type="image/png")

    app = web.Application()
    app.router.add_get("/cat.png", answer)
    async with TestServer(app) as server:
        yield server


async def test_an_upload_is_hosted_under_its_name(segmind: LocalSegmind, client: ApiClient) -> None:
    url = await client.upload(picture(), name="a%20cat%3B.png")
    assert url.startswith(f"{segmind.url}/assets/")
    assert url.endswith("/a%20cat%3B.png")
    response = await client.get(url)
    assert response.body == picture()
    assert response.headers["Content-Type"] == "image/png"
    head = await client.call("HEAD", url)
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == str(len(picture()))


async def test_a_nameless_upload_is_an_asset(client: ApiClient) -> None:
    assert (await client.upload(b"\0", "video/mp4")).endswith("/asset.mp4")


async def test_several_files_go_up_at_once(client: ApiClient) -> None:
    urls = [data_url(picture(colour)) for colour in ("red", "green")]
    response = await client.post("/upload-asset", {"data_urls": urls})
    assert [(await client.get(url)).body for url in response.json["file_urls"]] == [
        picture("red"),
        picture("green"),
    ]


@pytest.mark.parametrize("body", [{}, {"data_urls": "data:"}, {"data_urls": []}, {"data_urls": [1]}])
async def test_an_upload_without_files_is_refused(client: ApiClient, body: dict[str, Any]) -> None:
    assert (await client.post("/upload-asset", body)).status == 400


@pytest.mark.parametrize(
    "text",
    [
        "nothing",
        "data:image/png;base64",
        "data:text/html;base64,AAAA",
        "data:image/png;base64,A",
        "data:image/png;base64,",
    ],
)
def test_a_data_url_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ApiError):
        parse_data_url(text)


def test_a_data_url_may_come_without_base64() -> None:
    assert parse_data_url("data:image/svg+xml,%3Csvg/%3E") == DataUrl(
        b"<svg/>", "image/svg+xml", "asset.svg+xml"
    )


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://cdn.test/a/b/cat%20blocked.png?ex=fail", "cat blocked.png"),
        ("https://cdn.test", ""),
        ("data:image/png;base64,failfail", ""),
        ("data:image/png;name=..%2Fslow.png;base64,AAAA", "slow.png"),
    ],
)
def test_a_name_is_the_last_segment_of_the_path(address: str, name: str) -> None:
    assert file_name(address) == name


def test_the_oldest_files_go_by_number_by_size_and_by_age() -> None:
    assets = Assets("assets", max_count=2, max_bytes=10, max_age=100)
    tokens = [assets.put(b"1234", "image/png", name="x", now=now).split("/")[2] for now in (0, 1, 2)]
    assert [assets.get(token, 2) is not None for token in tokens] == [False, True, True]
    assets.put(b"12345", "image/png", name="x", now=3)
    assert assets.get(tokens[1], 3) is None
    assert assets.get(tokens[2], 101.9) is not None
    assert assets.get(tokens[2], 102) is None
    assets.put(b"1", "image/png", name="x", now=102.5)
    assert len(assets) == 2


async def test_a_file_that_is_not_hosted_is_404(client: ApiClient) -> None:
    assert (await client.get("/assets/nothing/a.png")).status == 404
    assert (await client.get("/outputs/nothing/a.png")).status == 404


async def test_an_output_can_be_the_next_input(client: ApiClient, v5: type[FaceModel]) -> None:
    first = (await client.finish(await client.submit(v5))).json["output"]
    assert (await client.finish(await client.submit(v5, target_image=first))).status == 200


async def test_a_picture_from_elsewhere_is_fetched(
    client: ApiClient, v5: type[FaceModel], elsewhere: BaseTestServer
) -> None:
    for _ in range(2):
        address = str(elsewhere.make_url("/cat.png"))
        assert (await client.finish(await client.submit(v5, target_image=address))).status == 200


async def test_an_input_that_is_not_there_fails_with_its_name(
    client: ApiClient, v5: type[FaceModel], elsewhere: BaseTestServer
) -> None:
    response = await client.finish(await client.submit(v5, source_image=str(elsewhere.make_url("/dog.png"))))
    assert response.error == "The input source_image could not be downloaded: HTTP 404."


async def test_an_input_that_cannot_be_reached_fails_with_its_host(
    client: ApiClient, v5: type[FaceModel], elsewhere: BaseTestServer
) -> None:
    address = elsewhere.make_url("/cat.png")
    await elsewhere.close()
    response = await client.finish(await client.submit(v5, source_image=str(address)))
    assert response.error == f"The input source_image could not be downloaded from {address.authority}."


async def test_an_input_that_is_no_data_url_fails(client: ApiClient, v5: type[FaceModel]) -> None:
    response = await client.finish(await client.submit(v5, target_image="data:text/plain,hello"))
    assert response.error.startswith("The input target_image cannot be read: a data URL must hold")


async def test_an_input_is_bounded_in_size(elsewhere: BaseTestServer) -> None:
    inputs = InputReader((), max_bytes=20)
    addresses: Mapping[str, str] = {"target": str(elsewhere.make_url("/cat.png"))}
    with pytest.raises(CannotRender, match="larger than 20 bytes"):
        await inputs.read(addresses, 0)
    await inputs.close()


async def test_a_body_beyond_all_bounds_is_refused(
    start: Start, session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "MAX_BODY", 100)
    client = ApiClient(session, (await start()).url)
    response = await client.post("/upload-asset", {"data_urls": [data_url(picture(size=64))]})
    assert response.status == 413
    assert "error" in response.json
