"""HTTP client for the local Segmind, pictures and a manual clock."""

import asyncio
import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import aiohttp
from PIL import Image

from bot.models import FaceModel


def picture(colour: str = "navy", size: int = 16, form: str = "png") -> bytes:
    out = BytesIO()
    Image.new("RGB", (size, size), colour).save(out, form)
    return out.getvalue()


def data_url(content: bytes, media_type: str = "image/png", name: str = "") -> str:
    named = f";name={name}" if name else ""
    return f"data:{media_type}{named};base64,{base64.b64encode(content).decode()}"


def body_of(model: type[FaceModel], **changes: Any) -> dict[str, Any]:
    """Return the minimal body of a model."""
    needed = (each.name for each in model.parameters() if each.slot and each.required)
    return {name: data_url(picture()) for name in needed} | changes


class Clock:
    """Clock that moves only when told; sleepers wake when their time has come."""

    def __init__(self) -> None:
        self.now = 1_767_225_600.0
        self._moved = asyncio.Event()

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        until = self.now + seconds
        while self.now < until:
            await self._moved.wait()

    def advance(self, seconds: float) -> None:
        self.now += seconds
        self._moved.set()
        self._moved = asyncio.Event()


@dataclass(frozen=True)
class ApiResponse:
    """A response of the server."""

    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> str:
        return self.json["error"]


class ApiClient:
    """Calls a server with a key, and optionally with faults in the header."""

    def __init__(self, session: aiohttp.ClientSession, url: str, key: str = "a-key") -> None:
        self.session = session
        self.url = url
        self.key = key

    async def call(
        self, method: str, path: str, body: Any = None, faults: str = "", **params: str
    ) -> ApiResponse:
        headers = {"x-api-key": self.key} | ({"x-doppel-fault": faults} if faults else {})
        url = path if path.startswith("http") else self.url + path
        async with self.session.request(method, url, json=body, headers=headers, params=params) as response:
            return ApiResponse(response.status, await response.read(), response.headers.copy())

    async def get(self, path: str, faults: str = "", **params: str) -> ApiResponse:
        return await self.call("GET", path, None, faults, **params)

    async def post(self, path: str, body: Any, faults: str = "") -> ApiResponse:
        return await self.call("POST", path, body, faults)

    async def submit(self, model: type[FaceModel], faults: str = "", **changes: Any) -> str:
        response = await self.post(f"/v2/{model.card.slug}", body_of(model, **changes), faults)
        assert response.status == 200, response.body
        return response.json["request_id"]

    async def status(self, request_id: str) -> str:
        return (await self.get(f"/v2/requests/{request_id}/status")).json["status"]

    async def finish(self, request_id: str) -> ApiResponse:
        """Poll until the request has ended, and return the result."""
        while True:
            response = await self.get(f"/v2/requests/{request_id}")
            if response.status != 200 or response.json["status"] not in ("QUEUED", "PROCESSING"):
                return response
            await asyncio.sleep(0.005)

    async def upload(self, content: bytes, media_type: str = "image/png", name: str = "") -> str:
        response = await self.post("/upload-asset", {"data_urls": [data_url(content, media_type, name)]})
        return response.json["file_urls"][0]
