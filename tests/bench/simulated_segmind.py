"""Segmind in virtual time: states, results and the limit of a key, without sockets."""

import asyncio
import json
import random
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf, log

from bot.clock import Clock
from bot.segmind.requests import Request
from bot.segmind.responses import RATE_LIMITED, RESET_HEADER, Response

# Seconds from a request to its response, half of it each way.
LATENCY = 0.2
# Scatter of the durations around the usual one, share of the time spent in the queue, share of failures.
SIGMA, QUEUE_SHARE, FAILURES = 0.25, 0.15, 0.1
MINUTE = 60.0


@dataclass(slots=True)
class SimulatedJob:
    """A request with its times at Segmind."""

    processing_at: float
    ended_at: float
    failed: bool

    def state(self, now: float) -> str:
        if now >= self.ended_at:
            return "FAILED" if self.failed else "COMPLETED"
        return "PROCESSING" if now >= self.processing_at else "QUEUED"


class SimulatedSegmind:
    """Accepts any number of jobs, and so many requests a minute; the minute begins with its first request."""

    def __init__(
        self, clock: Clock, *, limit: int, usual: dict[str, float], names_state: bool, seed: int
    ) -> None:
        """`names_state`: whether the address of the result names the state of a running job."""
        self._clock = clock
        self._limit = limit
        self._usual = usual
        self._names_state = names_state
        self._dice = random.Random(seed)
        self._window_end, self._in_window = -inf, 0
        self.jobs: dict[str, SimulatedJob] = {}
        self.responses: Counter[int] = Counter()

    @property
    def requests(self) -> int:
        """Number of requests, the refused ones included."""
        return self.responses.total()

    async def exchange(self, request: Request, limit: int) -> Response:
        """Answer a request, as the transport of the client does."""
        del limit
        await asyncio.sleep(LATENCY / 2)
        response = self._respond(request)
        self.responses[response.status] += 1
        await asyncio.sleep(LATENCY / 2)
        return response

    def _respond(self, request: Request) -> Response:
        now = self._clock.now()
        if now >= self._window_end:
            self._window_end, self._in_window = now + MINUTE, 0
        if self._in_window >= self._limit:
            reset = datetime.fromtimestamp(self._window_end, UTC).isoformat()
            return Response(RATE_LIMITED, b"{}", {RESET_HEADER: reset})
        self._in_window += 1
        name = request.url.rpartition("/v2/")[2].split("/")
        if request.method == "POST":
            return _json(200, {"request_id": self._accept(name[0], now), "status": "QUEUED"})
        state = self.jobs[name[1]].state(now)
        if name[-1] != "status":
            if state not in {"COMPLETED", "FAILED"} and not self._names_state:
                return _json(404, {"error": "Not found."})
            output = {"output": "https://results.example/1.png"} if state == "COMPLETED" else {}
            return _json(422 if state == "FAILED" else 200, {"status": state, **output})
        return _json(422 if state == "FAILED" else 200, {"status": state})

    def _accept(self, slug: str, now: float) -> str:
        total = self._dice.lognormvariate(log(self._usual[slug]), SIGMA)
        started = now + total * QUEUE_SHARE
        failed = self._dice.random() < FAILURES
        ended = self._dice.uniform(started, now + total) if failed else now + total
        request_id = f"r-{len(self.jobs)}"
        self.jobs[request_id] = SimulatedJob(started, ended, failed)
        return request_id


def _json(status: int, body: object) -> Response:
    return Response(status, json.dumps(body).encode(), {"content-type": "application/json"})
