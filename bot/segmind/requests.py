"""Requests to Segmind's endpoints, as plain data (pure)."""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import quote, urlsplit

from bot.segmind.errors import BadParameters, ModelUnavailable, UnreadableResponse
from bot.segmind.history import PER_PAGE
from bot.segmind.protocol import checked_id

SEGMIND_URL = "https://api.segmind.com"
_UPLOAD_URL = "https://workflows-api.segmind.com"
_HISTORY_URL = "https://api.spotprod.segmind.com"

_SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]{1,80}")
# A multiple of three, so that only the last piece in base64 is padded.
_PIECE = 96 * 1024


@dataclass(frozen=True, slots=True)
class UploadBody:
    """JSON with a file as a data URL, made piece by piece.

    Encoding a video in one go would stop the event loop for half a second, and take four times its memory.
    """

    before: bytes
    content: bytes = field(repr=False)
    after: bytes

    def __len__(self) -> int:
        return len(self.before) + (len(self.content) + 2) // 3 * 4 + len(self.after)

    def __iter__(self) -> Iterator[bytes]:
        yield self.before
        view = memoryview(self.content)
        for start in range(0, len(view), _PIECE):
            yield base64.b64encode(view[start : start + _PIECE])
        yield self.after


@dataclass(frozen=True, slots=True)
class Request:
    """HTTP request to one of Segmind's hosts; an upload has a longer timeout."""

    method: str
    url: str
    body: bytes | UploadBody | None = field(default=None, repr=False)
    params: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def is_upload(self) -> bool:
        return isinstance(self.body, UploadBody)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Base URLs of Segmind's services: on separate hosts, or all on one server that stands in for Segmind."""

    api: str
    upload: str
    history_base: str

    @classmethod
    def from_urls(cls, base_url: str, upload_url: str | None = None, history_url: str | None = None) -> Self:
        # The official SDK's base URL ends in /v1, so operators may copy it from there.
        base = re.sub(r"/v\d+$", "", base_url.rstrip("/"))
        host = urlsplit(base).hostname or ""
        is_segmind = host == "segmind.com" or host.endswith(".segmind.com")
        return cls(
            base,
            (upload_url or (_UPLOAD_URL if is_segmind else base)).rstrip("/"),
            (history_url or (_HISTORY_URL if is_segmind else base)).rstrip("/"),
        )

    def submit(self, slug: str, body: Mapping[str, Any]) -> Request:
        if not _SLUG.fullmatch(slug):
            raise ModelUnavailable(slug, "not a model's slug")
        return Request("POST", f"{self.api}/v2/{slug}", _json(body))

    def status(self, request_id: str) -> Request:
        return Request("GET", f"{self.api}/v2/requests/{_id(request_id)}/status")

    def result(self, request_id: str) -> Request:
        return Request("GET", f"{self.api}/v2/requests/{_id(request_id)}")

    def record(self, request_id: str) -> Request:
        return Request("GET", f"{self.history_base}/inference-request/request-history/{_id(request_id)}")

    def history(self, date_range: Mapping[str, str], page: int) -> Request:
        params = {"page": str(page), "per_page": str(PER_PAGE), **date_range}
        return Request("GET", f"{self.history_base}/inference-request/request-history", params=params)

    def credits(self) -> Request:
        return Request("GET", f"{self.api}/v1/get-user-credits")

    def catalogue(self) -> Request:
        return Request("GET", f"{self.history_base}/inference-model-information/list")

    def upload_asset(self, content: bytes, media_type: str, name: str | None) -> Request:
        """`name` becomes a parameter of the data URL, which only the local server reads."""
        if not _MEDIA_TYPE.fullmatch(media_type):
            raise BadParameters("not a media type")
        named = f";name={quote(name, safe='')}" if name else ""
        # The name is quoted, so neither it nor base64 has anything that JSON would escape.
        before = f'{{"data_urls": ["data:{media_type}{named};base64,'
        return Request("POST", f"{self.upload}/upload-asset", UploadBody(before.encode(), content, b'"]}'))


def _id(request_id: str) -> str:
    if (checked := checked_id(request_id)) is None:
        raise UnreadableResponse("not a request id")
    return checked


def _json(body: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(body, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError):
        raise BadParameters("the parameters cannot be written as JSON") from None
