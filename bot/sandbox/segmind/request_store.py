"""The requests that were accepted: takes them on, has them done, remembers them."""

import asyncio
import base64
import logging
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from bot.models import FaceModel
from bot.sandbox.segmind import orders, pricing
from bot.sandbox.segmind.account import Books
from bot.sandbox.segmind.assets import Assets
from bot.sandbox.segmind.engine import CannotRender, Engine
from bot.sandbox.segmind.errors import Refusal
from bot.sandbox.segmind.faults import Plight, Trouble
from bot.sandbox.segmind.inputs import Inputs
from bot.sandbox.segmind.requests import Completed, Failed, Inference, Order, Output, Plan
from bot.sandbox.segmind.scheduler import Clock, Made, Outcome, Sleep, Works

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Submission:
    """A POST that was accepted, whatever was answered to it."""

    request_id: str
    slug: str
    body: Mapping[str, Any] = field(repr=False)
    key: str = field(repr=False)
    at: float


Witness = Callable[[Submission], None]


@dataclass(frozen=True, slots=True)
class Caller:
    key: str = field(repr=False)
    origin: str


@dataclass(frozen=True, slots=True)
class Terms:
    """How this Segmind behaves: `speed` divides all times, `remembered` bounds the history."""

    speed: float = 1.0
    expiry: float = 3600.0
    history_delay: float = 0.0
    workers: int = 4
    remembered: int = 10_000

    def __post_init__(self) -> None:
        if not (self.speed > 0 and self.workers > 0):
            raise ValueError("speed and workers must be above zero")


class Register:
    def __init__(
        self,
        *,
        models: Mapping[str, type[FaceModel]],
        engine: Engine,
        refusals: tuple[type[Exception], ...],
        inputs: Inputs,
        outputs: Assets,
        books: Books,
        terms: Terms,
        clock: Clock,
        sleep: Sleep,
        witness: Witness,
    ) -> None:
        self._models = models
        self._engine = engine
        self._refusals = (CannotRender, *refusals)
        self._inputs = inputs
        self._outputs = outputs
        self._books = books
        self._terms = terms
        self._clock = clock
        self._witness = witness
        self._by_id: dict[str, Inference] = {}
        self.submissions: deque[Submission] = deque(maxlen=terms.remembered)
        self.works = Works(
            workers=terms.workers, clock=clock, sleep=sleep, perform=self._perform, conclude=self._conclude
        )

    def __iter__(self) -> Iterator[Inference]:
        """From the oldest to the newest."""
        return iter(self._by_id.values())

    def accept(self, slug: str, body: Mapping[str, Any], plight: Plight, caller: Caller) -> Inference:
        if (model := self._models.get(slug)) is None:
            raise Refusal(404, f"Model {slug} not found.")
        self._books.check()
        try:
            order = orders.read(model, body)
        except ValidationError as error:
            doom = orders.sentence(error)
            if Trouble.LENIENT not in plight:
                raise Refusal(400, doom) from None
            order, plan = Order(slug, {}, {}), orders.plan_of_invalid(model, doom, self._terms.speed)
        else:
            plan = orders.plan(model, order, plight, self._terms.speed)
        inference = self._opened(order, plan, orders.kept(body), plight, caller.origin)
        submission = Submission(
            inference.request_id, slug, inference.body, caller.key, inference.submitted_at
        )
        self.submissions.append(submission)
        self.works.take(inference)
        self._witness(submission)
        return inference

    def find(self, request_id: str) -> Inference:
        """A request whose hour has not passed."""
        inference = self._by_id.get(request_id)
        if inference is None or self._clock() >= inference.expires_at:
            raise Refusal(404, "Request not found or expired.")
        return inference

    def recall(self, request_id: str) -> Inference | None:
        """A request of any age, as far as it is remembered."""
        return self._by_id.get(request_id)

    def expire(self, request_id: str) -> None:
        if (inference := self._by_id.get(request_id)) is not None:
            inference.expires_at = self._clock()

    def _opened(
        self, order: Order, plan: Plan, body: Mapping[str, Any], plight: Plight, origin: str
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
            visible_at=now + plight.number(Trouble.HISTORY_DELAY, self._terms.history_delay),
            expires_at=now if Trouble.EXPIRED in plight else now + self._terms.expiry,
        )
        self._by_id[inference.request_id] = inference
        self._forget()
        return inference

    def _forget(self) -> None:
        """The oldest go first, and none that is still under way."""
        while len(self._by_id) > self._terms.remembered:
            oldest = next(iter(self._by_id.values()))
            if not oldest.ended.is_set() and not oldest.plan.stuck:
                return
            del self._by_id[oldest.request_id]

    async def _perform(self, inference: Inference) -> Outcome:
        order = inference.order
        if inference.plan.doom is not None:
            return CannotRender(inference.plan.doom)
        try:
            media = await self._inputs.read(order.media, self._clock())
            made = await self._engine.render(order.slug, order.parameters, media)
            return Made(made, await asyncio.to_thread(pricing.plays, made.content, made.media_type))
        except self._refusals as refusal:
            return CannotRender(str(refusal))
        except Exception:
            log.exception("the engine failed at %s", inference.slug)
            return CannotRender("Internal error while processing the request.")

    def _conclude(self, inference: Inference, outcome: Outcome, since: float, until: float) -> None:
        if isinstance(outcome, CannotRender):
            inference.end(Failed(since, until, str(outcome)))
            return
        made, parameters = outcome.rendering, inference.order.parameters
        name = f"{inference.slug}.{made.media_type.rpartition('/')[2]}"
        path = self._outputs.put(made.content, made.media_type, name=name, now=until)
        encoded = base64.b64encode(made.content).decode() if parameters.get("base64") else None
        output = Output(inference.origin + path, encoded, made.media_type, made.local)
        usd = pricing.usd(self._models[inference.slug].card, parameters, outcome.plays)
        remaining = self._books.charge(inference.request_id, usd)
        inference.end(Completed(since, until, output, usd, remaining))
