"""Store of accepted requests: creates them, has them rendered and keeps their history."""

import asyncio
import base64
import logging
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from bot.models import FaceModel
from bot.sandbox.segmind import orders, pricing
from bot.sandbox.segmind.account import Account
from bot.sandbox.segmind.assets import Assets
from bot.sandbox.segmind.engine import CannotRender, Engine
from bot.sandbox.segmind.errors import ApiError
from bot.sandbox.segmind.faults.fault import CallFaults, FaultKind
from bot.sandbox.segmind.inputs import InputReader
from bot.sandbox.segmind.requests import Completed, Failed, Inference, Order, Output, Plan
from bot.sandbox.segmind.scheduler import Clock, Outcome, Rendered, Scheduler, Sleep

log = logging.getLogger(__name__)

# Seconds after which a request is forgotten, as at Segmind.
EXPIRY = 3600.0


@dataclass(frozen=True, slots=True)
class Submission:
    """A POST that the server accepted, whatever the response was."""

    request_id: str
    slug: str
    body: Mapping[str, Any] = field(repr=False)
    key: str = field(repr=False)
    at: float


OnSubmission = Callable[[Submission], None]


@dataclass(frozen=True, slots=True)
class Caller:
    """Client of a request: its API key and the origin by which it calls this server."""

    key: str = field(repr=False)
    origin: str


@dataclass(frozen=True, slots=True)
class StoreConfig:
    """Behaviour of the server: `speed` divides all durations, `history_size` limits the history."""

    speed: float = 1.0
    history_delay: float = 0.0
    workers: int = 4
    history_size: int = 10_000

    def __post_init__(self) -> None:
        if not (self.speed > 0 and self.workers > 0):
            raise ValueError("speed and workers must be above zero")


class RequestStore:
    """Accepted requests by id, from acceptance to result."""

    def __init__(
        self,
        *,
        models: Mapping[str, type[FaceModel]],
        engine: Engine,
        user_errors: tuple[type[Exception], ...],
        inputs: InputReader,
        outputs: Assets,
        account: Account,
        config: StoreConfig,
        clock: Clock,
        sleep: Sleep,
        on_submission: OnSubmission,
    ) -> None:
        self._models = models
        self._engine = engine
        self._user_errors = (CannotRender, *user_errors)
        self._inputs = inputs
        self._outputs = outputs
        self._account = account
        self._config = config
        self._clock = clock
        self._on_submission = on_submission
        self._by_id: dict[str, Inference] = {}
        self.submissions: deque[Submission] = deque(maxlen=config.history_size)
        self.scheduler = Scheduler(
            workers=config.workers, clock=clock, sleep=sleep, render=self._render, on_finished=self._finish
        )

    def __iter__(self) -> Iterator[Inference]:
        """Iterate over the requests, oldest first."""
        return iter(self._by_id.values())

    def restore(self, inferences: Iterable[Inference]) -> None:
        """Take over the requests of an earlier server, and run those that had not ended."""
        for inference in inferences:
            self._by_id[inference.request_id] = inference
            if not inference.ended.is_set():
                self.scheduler.add(inference)

    def accept(self, slug: str, body: Mapping[str, Any], faults: CallFaults, caller: Caller) -> Inference:
        if (model := self._models.get(slug)) is None:
            raise ApiError(404, f"Model {slug} not found.")
        self._account.require_credits()
        try:
            order = orders.parse(model, body)
        except ValidationError as error:
            error_text = orders.first_error(error)
            if FaultKind.LENIENT not in faults:
                raise ApiError(400, error_text) from None
            order, plan = Order(slug, {}, {}), orders.plan_of_invalid(model, error_text, self._config.speed)
        else:
            plan = orders.plan(model, order, faults, self._config.speed)
        inference = self._create(order, plan, orders.for_history(body), faults, caller.origin)
        submission = Submission(
            inference.request_id, slug, inference.body, caller.key, inference.submitted_at
        )
        self.submissions.append(submission)
        self.scheduler.add(inference)
        self._on_submission(submission)
        return inference

    def find(self, request_id: str) -> Inference:
        """Return a request that has not expired; raises `ApiError` 404 otherwise."""
        inference = self._by_id.get(request_id)
        if inference is None or self._clock() >= inference.expires_at:
            raise ApiError(404, "Request not found or expired.")
        return inference

    def find_in_history(self, request_id: str) -> Inference | None:
        """Return a request of any age, as long as the history holds it."""
        return self._by_id.get(request_id)

    def expire(self, request_id: str) -> None:
        if (inference := self._by_id.get(request_id)) is not None:
            inference.expires_at = self._clock()

    def _create(
        self, order: Order, plan: Plan, body: Mapping[str, Any], faults: CallFaults, origin: str
    ) -> Inference:
        now = self._clock()
        inference = Inference(
            request_id=str(uuid.uuid4()),
            slug=order.slug,
            origin=origin,
            body=body,
            order=order,
            plan=plan,
            submitted_at=now,
            visible_at=now + faults.number(FaultKind.HISTORY_DELAY, self._config.history_delay),
            expires_at=now if FaultKind.EXPIRED in faults else now + EXPIRY,
        )
        self._by_id[inference.request_id] = inference
        self._evict()
        return inference

    def _evict(self) -> None:
        """Drop the oldest requests beyond the limit, but never one that still runs."""
        while len(self._by_id) > self._config.history_size:
            oldest = next(iter(self._by_id.values()))
            if not oldest.ended.is_set() and not oldest.plan.stuck:
                return
            del self._by_id[oldest.request_id]

    async def _render(self, inference: Inference) -> Outcome:
        order = inference.order
        if inference.plan.failure is not None:
            return CannotRender(inference.plan.failure)
        try:
            media = await self._inputs.read(order.media, self._clock())
            rendering = await self._engine.render(order.slug, order.parameters, media)
            return Rendered(
                rendering,
                await asyncio.to_thread(pricing.video_seconds, rendering.content, rendering.media_type),
            )
        except self._user_errors as error:
            return CannotRender(str(error))
        except Exception:
            log.exception("rendering failed: %s", inference.slug)
            return CannotRender("Internal error while processing the request.")

    def _finish(self, inference: Inference, outcome: Outcome, started_at: float, ended_at: float) -> None:
        if isinstance(outcome, CannotRender):
            inference.end(Failed(started_at, ended_at, str(outcome)))
            return
        rendering, parameters = outcome.rendering, inference.order.parameters
        name = f"{inference.slug}.{rendering.media_type.rpartition('/')[2]}"
        path = self._outputs.put(rendering.content, rendering.media_type, name=name, now=ended_at)
        encoded = base64.b64encode(rendering.content).decode() if parameters.get("base64") else None
        output = Output(inference.origin + path, encoded, rendering.media_type, rendering.local)
        usd = pricing.usd(self._models[inference.slug].card, parameters, outcome.video_seconds)
        remaining = self._account.charge(inference.request_id, usd)
        inference.end(Completed(started_at, ended_at, output, usd, remaining))
