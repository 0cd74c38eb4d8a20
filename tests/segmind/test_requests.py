"""Requests and the URLs they go to."""

import base64
import json
from typing import Any

import pytest

from bot.segmind.errors import BadParameters, ModelUnavailable, UnreadableResponse
from bot.segmind.requests import SEGMIND_URL, Endpoints, Request, UploadBody

PRODUCTION = Endpoints.from_urls(SEGMIND_URL)
LOCAL = Endpoints.from_urls("http://127.0.0.1:8700/")


@pytest.mark.parametrize(
    "base", [SEGMIND_URL, SEGMIND_URL + "/", SEGMIND_URL + "/v1", "https://api-latest.segmind.com/v2/"]
)
def test_segminds_services_have_hosts_of_their_own(base: str) -> None:
    addresses = Endpoints.from_urls(base)
    assert addresses.upload_asset(b"x", "image/png", None).url == (
        "https://workflows-api.segmind.com/upload-asset"
    )
    assert addresses.record("r-1").url == (
        "https://api.spotprod.segmind.com/inference-request/request-history/r-1"
    )


def test_a_local_server_has_all_services_itself() -> None:
    assert LOCAL.submit("faceswap-v5", {}).url == "http://127.0.0.1:8700/v2/faceswap-v5"
    assert LOCAL.upload_asset(b"x", "image/png", None).url == "http://127.0.0.1:8700/upload-asset"
    assert LOCAL.catalogue().url == "http://127.0.0.1:8700/inference-model-information/list"
    assert LOCAL.credits().url == "http://127.0.0.1:8700/v1/get-user-credits"
    assert Endpoints.from_urls("https://notsegmind.com").upload == "https://notsegmind.com"


def test_each_base_url_can_be_set() -> None:
    addresses = Endpoints.from_urls(SEGMIND_URL, "http://a.b/", "http://c.d/")
    assert (addresses.upload, addresses.history_base) == ("http://a.b", "http://c.d")


def test_the_urls_of_a_job_are_built_from_its_id() -> None:
    assert PRODUCTION.status("r-1").url == "https://api.segmind.com/v2/requests/r-1/status"
    assert PRODUCTION.result("r-1").url == "https://api.segmind.com/v2/requests/r-1"
    for odd in ("../x", "", "a/b", "a?b"):
        with pytest.raises(UnreadableResponse):
            PRODUCTION.status(odd)


def test_a_submission_is_one_post_of_the_parameters() -> None:
    request = PRODUCTION.submit("faceswap-v5", {"seed": 5, "name": "ü"})
    assert isinstance(request.body, bytes)
    assert (request.method, json.loads(request.body)) == ("POST", {"seed": 5, "name": "ü"})
    assert "seed" not in repr(request)


@pytest.mark.parametrize("slug", ["", "../v1/x", "a/b", "a b", ".."])
def test_a_slug_cannot_change_the_path(slug: str) -> None:
    with pytest.raises(ModelUnavailable):
        PRODUCTION.submit(slug, {})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), b"bytes", {1, 2}])
def test_a_body_that_json_cannot_express_is_rejected(value: Any) -> None:
    with pytest.raises(BadParameters):
        PRODUCTION.submit("x", {"a": value})


def data_url_of(request: Request) -> str:
    assert isinstance(request.body, UploadBody)
    content = b"".join(request.body)
    assert len(request.body) == len(content)
    return json.loads(content)["data_urls"][0]


@pytest.mark.parametrize("extra", range(4))
def test_a_large_upload_is_encoded_in_small_pieces(extra: int) -> None:
    content = bytes(range(256)) * 4096 + bytes(extra)
    request = PRODUCTION.upload_asset(content, "video/mp4", None)
    assert isinstance(request.body, UploadBody)
    assert max(map(len, request.body)) <= 128 * 1024
    assert base64.b64decode(data_url_of(request).partition(",")[2], validate=True) == content
    assert len(repr(request)) < 500


def test_an_upload_is_a_data_url_with_an_optional_name() -> None:
    def data_url(name: str | None) -> str:
        return data_url_of(PRODUCTION.upload_asset(b"\x89PNG", "image/png", name))

    coded = base64.b64encode(b"\x89PNG").decode()
    assert data_url(None) == f"data:image/png;base64,{coded}"
    assert data_url("my, fäce.png") == f"data:image/png;name=my%2C%20f%C3%A4ce.png;base64,{coded}"


@pytest.mark.parametrize("media_type", ["", "image", "image/png;base64,x", "text/html\r\n", "a/b,c"])
def test_a_media_type_cannot_inject_parameters(media_type: str) -> None:
    with pytest.raises(BadParameters):
        PRODUCTION.upload_asset(b"x", media_type, None)


def test_the_history_is_requested_in_long_pages() -> None:
    request = PRODUCTION.history({"from_date": "2026-01-01", "to_date": "2026-01-02"}, 3)
    assert request.params == {
        "page": "3",
        "per_page": "100",
        "from_date": "2026-01-01",
        "to_date": "2026-01-02",
    }
