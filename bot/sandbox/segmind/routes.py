"""HTTP endpoints of the local Segmind."""

import json
from collections.abc import Mapping
from typing import Any, cast

from aiohttp import web

from bot.models import FaceModel
from bot.sandbox.segmind import responses
from bot.sandbox.segmind.account import Account
from bot.sandbox.segmind.assets import Assets, parse_data_url
from bot.sandbox.segmind.errors import ApiError
from bot.sandbox.segmind.faults.fault import FaultKind
from bot.sandbox.segmind.history import Query
from bot.sandbox.segmind.middleware import CALL_FAULTS, api_key, json_response
from bot.sandbox.segmind.request_store import Caller, RequestStore
from bot.sandbox.segmind.requests import Completed, Failed, Inference
from bot.sandbox.segmind.scheduler import Clock

MAX_UPLOADS = 20


class Routes:
    """Handlers of all endpoints."""

    def __init__(
        self,
        *,
        models: Mapping[str, type[FaceModel]],
        store: RequestStore,
        account: Account,
        uploads: Assets,
        outputs: Assets,
        clock: Clock,
    ) -> None:
        self._models = models
        self._store = store
        self._account = account
        self._uploads = uploads
        self._outputs = outputs
        self._clock = clock

    def add_to(self, app: web.Application) -> None:
        """Add all endpoints; a route's name is its endpoint's name for faults."""
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
        inference = await self._accept(request)
        return json_response(responses.submitted(inference, inference.origin))

    async def sync(self, request: web.Request) -> web.Response:
        inference = await self._accept(request)
        await inference.ended.wait()
        match inference.state:
            case Completed(output=output, usd=usd, remaining=remaining):
                headers = {
                    "x-request-id": inference.request_id,
                    "x-cost": str(usd),
                    "x-remaining-credits": str(remaining),
                }
                if output.base64 is not None:
                    return json_response(responses.inline(output), headers=headers)
                token = output.url.split("/")[-2]
                return self._serve(self._outputs, token, headers)
            case _:
                return json_response(responses.status(inference), 422)

    async def status(self, request: web.Request) -> web.Response:
        inference = self._find(request)
        return json_response(responses.status(inference), _status_code(inference))

    async def result(self, request: web.Request) -> web.Response:
        inference = self._find(request)
        shape = request[CALL_FAULTS].get(FaultKind.SHAPE)
        body = responses.result(
            inference, responses.url_only if shape is None else responses.SHAPES[shape.text]
        )
        return json_response(body, _status_code(inference))

    async def upload(self, request: web.Request) -> web.Response:
        data_urls = (await _body(request)).get("data_urls")
        if not isinstance(data_urls, list):
            raise ApiError(400, "data_urls must be a list of data URLs.")
        listed = cast("list[Any]", data_urls)
        if not 0 < len(listed) <= MAX_UPLOADS or not all(isinstance(each, str) for each in listed):
            raise ApiError(400, f"data_urls must hold 1 to {MAX_UPLOADS} data URLs.")
        now, origin = self._clock(), _origin(request)
        paths = [
            self._uploads.put(file.content, file.media_type, name=file.name, now=now)
            for file in map(parse_data_url, listed)
        ]
        body = {"file_urls": [origin + path for path in paths], "message": "Assets uploaded successfully"}
        return json_response(body)

    async def history(self, request: web.Request) -> web.Response:
        now = self._clock()
        return json_response(Query.parse(request.query, now).run(self._store, now))

    async def record(self, request: web.Request) -> web.Response:
        inference = self._store.find_in_history(request.match_info["id"])
        if inference is None or inference.visible_at > self._clock():
            raise ApiError(404, "Request not found.")
        return json_response({"data": responses.row(inference)})

    async def credits(self, _: web.Request) -> web.Response:
        return json_response({"credits": self._account.balance, "free-credits": 0.0})

    async def catalogue(self, _: web.Request) -> web.Response:
        return json_response([responses.listed(model) for model in self._models.values()])

    async def file(self, request: web.Request) -> web.Response:
        assets = self._uploads if request.match_info["folder"] == "assets" else self._outputs
        if FaultKind.EXPIRED in request[CALL_FAULTS]:
            assets.remove(request.match_info["token"])
        return self._serve(assets, request.match_info["token"], {})

    def _serve(self, assets: Assets, token: str, headers: Mapping[str, str]) -> web.Response:
        if (asset := assets.get(token, self._clock())) is None:
            raise ApiError(404, "This file does not exist or has expired.")
        safe = {"X-Content-Type-Options": "nosniff", **headers}
        return web.Response(body=asset.content, content_type=asset.media_type, headers=safe)

    def _find(self, request: web.Request) -> Inference:
        if FaultKind.EXPIRED in request[CALL_FAULTS]:
            self._store.expire(request.match_info["id"])
        return self._store.find(request.match_info["id"])

    async def _accept(self, request: web.Request) -> Inference:
        caller = Caller(api_key(request), _origin(request))
        body = await _body(request)
        return self._store.accept(request.match_info["slug"], body, request[CALL_FAULTS], caller)


def _status_code(inference: Inference) -> int:
    # FAILED is served as 422, with a body as for any other state.
    return 422 if isinstance(inference.state, Failed) else 200


def _origin(request: web.Request) -> str:
    return f"{request.scheme}://{request.host}"


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.read())
    except (ValueError, RecursionError):
        raise ApiError(400, "The body is not valid JSON.") from None
    if not isinstance(body, dict):
        raise ApiError(400, "The body must be a JSON object.")
    return cast("dict[str, Any]", body)
