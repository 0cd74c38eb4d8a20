"""Parsing the balance, the catalogue and uploads."""

import json
from typing import Any

import pytest

from bot.segmind.account import Balance, parse_catalogue, parse_credits, parse_upload
from bot.segmind.errors import KeyRejected, RateLimited, Unavailable, UnreadableResponse
from bot.segmind.responses import Response

URL = "https://images.segmind.com/assets/one.png"
PARSERS = [parse_upload, parse_credits, parse_catalogue]


def response(body: Any, status: int = 200) -> Response:
    return Response(status, json.dumps(body).encode())


@pytest.mark.parametrize(
    "body", [{"file_urls": [URL], "message": "ok"}, {"urls": [URL]}, {"file_urls": [7, URL]}]
)
def test_the_response_to_an_upload_contains_its_url(body: Any) -> None:
    assert parse_upload(response(body)) == URL


@pytest.mark.parametrize(
    "body", [{}, [], {"file_urls": []}, {"file_urls": ["nowhere"]}, {"file_urls": URL}, None]
)
def test_a_response_to_an_upload_without_a_url_is_unreadable(body: Any) -> None:
    with pytest.raises(UnreadableResponse):
        parse_upload(response(body))


def test_the_balance_separates_paid_and_free_credits() -> None:
    balance = parse_credits(response({"credits": "1.5", "free-credits": 0.25}))
    assert balance == Balance(credits=1.5, free=0.25)
    assert balance.total == 1.75
    assert parse_credits(response({"credits": 2})) == Balance(2.0, 0.0)


def test_a_balance_without_a_number_is_not_zero() -> None:
    with pytest.raises(UnreadableResponse):
        parse_credits(response({"credits": None}))


@pytest.mark.parametrize("key", ["", "data", "models"])
def test_the_catalogue_lists_models_and_marks_deprecated_ones(key: str) -> None:
    listed: list[Any] = [
        {"slug": "faceswap-v5", "is_depreciated": False, "parameters_schema": {"type": "object"}},
        {"slug": "faceswap-v2", "is_depreciated": True, "parameters_schema": None},
        {"name": "no slug"},
        "rubbish",
    ]
    new, old = parse_catalogue(response({key: listed} if key else listed))
    assert (new.slug, new.deprecated, new.parameters_schema) == ("faceswap-v5", False, {"type": "object"})
    assert (old.slug, old.deprecated, old.parameters_schema) == ("faceswap-v2", True, {})


def test_an_empty_catalogue_is_unreadable() -> None:
    with pytest.raises(UnreadableResponse):
        parse_catalogue(response([]))


@pytest.mark.parametrize("parse", PARSERS)
def test_each_http_error_raises_its_own_exception(parse: Any) -> None:
    with pytest.raises(KeyRejected):
        parse(response({"error": "bad key"}, 401))
    with pytest.raises(RateLimited):
        parse(response({}, 429))
    with pytest.raises(Unavailable):
        parse(response({}, 502))
