"""The endpoints: what is read from a call, and what is answered to it."""

import json
from collections.abc import Mapping
from typing import Any, cast

from aiohttp import web

from bot.models import FaceModel
from bot.sandbox.segmind import responses
from bot.sandbox.segmind.account import Books
from bot.sandbox.segmind.assets import Assets, read_data_url
from bot.sandbox.segmind.errors import Refusal
from bot.sandbox.segmind.faults import Trouble
from bot.sandbox.segmind.history import Query
from bot.sandbox.segmind.middleware import PLIGHT, as_json, key_of
from bot.sandbox.segmind.request_store import Caller, Register
from bot.sandbox.segmind.requests import Completed, Failed, Inference
from bot.sandbox.segmind.scheduler import Clock

MOST_UPLOADS = 20


class Routes:
    def __init__(
        self,
        *,
        models: Mapping[str, type[FaceModel]],
        register: Register,
        books: Books,
        uploads: Assets,
        outputs: Assets,
        clock: Clock,
    ) -> None:
        self._models = models
        self._register = register
        self._books = books
        self._uploads = uploads
        self._outputs = outputs
        self._clock = clock

    def add_to(self, app: web.Application) -> None:
        """Each route's name is its endpoint's name among the faults."""
        history = "/inference-request/request-history"
        app.add_routes(
            [
                web.get("/v2/requests/{id}/status", self.status, name="status"),
                web.get("/v2/requests/{id}", self.result, name="result"),
                web.post("/v2/{slug}", self.submit, name="submit"),
                web.get("/v1/get-user-credits", self.credits, name="credits"),
                web.post("/v1/{slug}", self.sync, name="sync"),
                web.post("/upload-asset", self.upload, name="upload"),
                web.get(history, self.history, name="history"),
                web.get(f"{history}/{{id}}", self.record, name="record"),
                web.get("/inference-model-information/list", self.catalogue, name="catalogue"),
                web.get("/{folder:assets|outputs}/{token}/{name}", self.file, name="file"),
            ]
        )

    async def submit(self, request: web.Request) -> web.Response:
        inference = await self._accepted(request)
        return as_json(responses.submitted(inference, inference.origin))

    async def sync(self, request: web.Request) -> web.Response:
        inference = await self._accepted(request)
        await inference.ended.wait()
        match inference.state:
            case Completed(output=output, usd=usd, remaining=remaining):
                headers = {
                    "x-request-id": inference.request_id,
                    "x-cost": str(usd),
                    "x-remaining-credits": str(remaining),
                }
                if output.base64 is not None:
                    return as_json(responses.inline(output), headers=headers)
                token = output.url.split("/")[-2]
                return self._hosted(self._outputs, token, headers)
            case _:
                return as_json(responses.status(inference), 422)

    async def status(self, request: web.Request) -> web.Response:
        inference = self._found(request)
        return as_json(responses.status(inference), _code(inference))

    async def result(self, request: web.Request) -> web.Response:
        inference = self._found(request)
        return as_json(responses.result(inference), _code(inference))

    async def upload(self, request: web.Request) -> web.Response:
        data_urls = (await _body(request)).get("data_urls")
        if not isinstance(data_urls, list):
            raise Refusal(400, "data_urls must be a list of data URLs.")
        listed = cast("list[Any]", data_urls)
        if not 0 < len(listed) <= MOST_UPLOADS or not all(isinstance(each, str) for each in listed):
            raise Refusal(400, f"data_urls must hold 1 to {MOST_UPLOADS} data URLs.")
        now, origin = self._clock(), _origin(request)
        paths = [
            self._uploads.put(file.content, file.media_type, name=file.name, now=now)
            for file in map(read_data_url, listed)
        ]
        told = {"file_urls": [origin + path for path in paths], "message": "Assets uploaded successfully"}
        return as_json(told)

    async def history(self, request: web.Request) -> web.Response:
        now = self._clock()
        return as_json(Query.read(request.query, now).answer(self._register, now))

    async def record(self, request: web.Request) -> web.Response:
        inference = self._register.recall(request.match_info["id"])
        if inference is None or inference.visible_at > self._clock():
            raise Refusal(404, "Request not found.")
        return as_json({"data": responses.row(inference)})

    async def credits(self, _: web.Request) -> web.Response:
        return as_json({"credits": self._books.balance, "free-credits": 0.0})

    async def catalogue(self, _: web.Request) -> web.Response:
        return as_json([responses.listed(model) for model in self._models.values()])

    async def file(self, request: web.Request) -> web.Response:
        shelf = self._uploads if request.match_info["folder"] == "assets" else self._outputs
        return self._hosted(shelf, request.match_info["token"], {})

    def _hosted(self, shelf: Assets, token: str, headers: Mapping[str, str]) -> web.Response:
        if (asset := shelf.get(token, self._clock())) is None:
            raise Refusal(404, "This file does not exist, or no longer.")
        safe = {"X-Content-Type-Options": "nosniff", **headers}
        return web.Response(body=asset.content, content_type=asset.media_type, headers=safe)

    def _found(self, request: web.Request) -> Inference:
        if Trouble.EXPIRED in request[PLIGHT]:
            self._register.expire(request.match_info["id"])
        return self._register.find(request.match_info["id"])

    async def _accepted(self, request: web.Request) -> Inference:
        caller = Caller(key_of(request), _origin(request))
        body = await _body(request)
        return self._register.accept(request.match_info["slug"], body, request[PLIGHT], caller)


def _code(inference: Inference) -> int:
    # FAILED is served as 422, with a body as for any other state.
    return 422 if isinstance(inference.state, Failed) else 200


def _origin(request: web.Request) -> str:
    return f"{request.scheme}://{request.host}"


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.read())
    except (ValueError, RecursionError):
        raise Refusal(400, "The body is not valid JSON.") from None
    if not isinstance(body, dict):
        raise Refusal(400, "The body must be a JSON object.")
    return cast("dict[str, Any]", body)
