"""Number of polls and delay until a job's end is seen: our polling beside a fixed interval."""

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bot.segmind.polling import WINDOW, PollTiming
from tests.bench.figures import Figure, at_most, plain
from tests.harness import MODELS

# The official SDK polls at once, and then every second.
SDK_INTERVAL = 1.0
JOBS = 1500
# Scatter of durations around the usual one; share of jobs with a cold start, and their factor.
SIGMA = 0.25
COLD_SHARE, COLD_FACTOR = 0.15, 2.5

Times = Callable[[random.Random, float], float]
Shares = Callable[[float], float]
"""Density of ends at a time, in any unit; the usual duration is 1."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Mean cost of polling."""

    requests: float
    """Requests per job, including the fetch of the result."""
    delay: float
    """Seconds from the end of a job until it is seen."""
    share: float
    """Delay as a share of the job's duration."""


def figures() -> Iterator[Figure]:
    for name, times, shares in (
        ("lognormal", _warm, _warm_shares),
        ("with cold starts", _cold, _cold_shares),
    ):
        yield from _compared(name, times)
        yield plain(f"economy, {name}: the least that any plan could reach", _least(shares), "ratio")


def _warm(dice: random.Random, usual: float) -> float:
    return dice.lognormvariate(math.log(usual), SIGMA)


def _cold(dice: random.Random, usual: float) -> float:
    return _warm(dice, usual * (COLD_FACTOR if dice.random() < COLD_SHARE else 1))


def _warm_shares(time: float) -> float:
    return math.exp(-(math.log(time) ** 2) / (2 * SIGMA**2)) / time


def _cold_shares(time: float) -> float:
    return (1 - COLD_SHARE) * _warm_shares(time) + COLD_SHARE * _warm_shares(time / COLD_FACTOR) / COLD_FACTOR


def _least(shares: Shares, *, end: float = 12.0, steps: int = 12_000) -> float:
    """Return the delay of the best plan, relative to a fixed interval with as many requests, in the limit.

    With g the density of ends, S the share of jobs that still run and r the rate of polls, the delay is the
    integral of g/2r and the number of polls is the integral of r·S. The best r is proportional to √(g/S); the
    ratio is then the square of the integral of √(g·S), divided by the integral of S.
    """
    step = end / steps
    density = [shares(step * (index + 0.5)) for index in range(steps)]
    whole = sum(density) * step
    running, least, duration = 1.0, 0.0, 0.0
    for each in density:
        least += math.sqrt(each / whole * running) * step
        duration += running * step
        running = max(0.0, running - each / whole * step)
    return least**2 / duration


def _compared(name: str, times: Times) -> Iterator[Figure]:
    runs = [_run(model.card.seconds, times) for model in MODELS.values()]
    ours = _mean([our for our, _ in runs])
    sdk = _mean([_fixed(durations, SDK_INTERVAL) for _, durations in runs])
    # For each model, a fixed interval with as many requests as ours, and one with the same delay.
    as_often = _mean([_fixed(durations, _as_often(our, durations)) for our, durations in runs])
    as_late = _mean([_fixed(durations, 2 * our.delay) for our, durations in runs])
    yield plain(f"economy, {name}: our requests per job", ours.requests, "requests")
    yield plain(f"economy, {name}: the SDK's requests per job", sdk.requests, "requests")
    yield at_most(f"economy, {name}: our requests to the SDK's", ours.requests / sdk.requests, "ratio", 1 / 3)
    yield at_most(f"economy, {name}: our mean delay", 100 * ours.share, "% of the job's time", 3)
    yield at_most(f"economy, {name}: delay at as many requests", ours.delay / as_often.delay, "ratio", 0.5)
    yield at_most(
        f"economy, {name}: requests at the same delay", ours.requests / as_late.requests, "ratio", 0.5
    )


def _run(usual: float, times: Times) -> tuple[Cost, Sequence[float]]:
    """Measure polling that has learned from a full window, over further jobs."""
    dice, pace = random.Random(7), PollTiming(usual)
    durations: list[float] = []
    requests, delay, share = 0, 0.0, 0.0
    for index in range(WINDOW + JOBS):
        seconds = times(dice, usual)
        looks, at = 0, 0.0
        while at < seconds:
            at += pace.next_wait(at)
            looks += 1
        pace.learn(at)
        if index >= WINDOW:
            durations.append(seconds)
            requests += looks + 1
            delay += at - seconds
            share += (at - seconds) / seconds
    return Cost(requests / JOBS, delay / JOBS, share / JOBS), durations


def _fixed(durations: Sequence[float], interval: float) -> Cost:
    """Measure polling at once, then at a fixed interval, and a fetch."""
    seen = [math.ceil(seconds / interval) * interval for seconds in durations]
    late = [at - seconds for at, seconds in zip(seen, durations, strict=True)]
    count = len(durations)
    return Cost(
        sum(at / interval + 2 for at in seen) / count,
        sum(late) / count,
        sum(each / seconds for each, seconds in zip(late, durations, strict=True)) / count,
    )


def _as_often(our: Cost, durations: Sequence[float]) -> float:
    """Find the fixed interval with as many requests as ours, by bisection."""
    low, high = 0.01, max(durations)
    for _ in range(40):
        middle = (low + high) / 2
        if _fixed(durations, middle).requests > our.requests:
            low = middle
        else:
            high = middle
    return high


def _mean(costs: Sequence[Cost]) -> Cost:
    """Average over the models, each with the same weight."""
    count = len(costs)
    return Cost(
        sum(cost.requests for cost in costs) / count,
        sum(cost.delay for cost in costs) / count,
        sum(cost.share for cost in costs) / count,
    )
