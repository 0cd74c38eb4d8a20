"""Scenarios: number of jobs, kills and processes, and the faults to apply (pure)."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from tests.chaos.kill_points import RARE, KillPoint

Database = Literal["sqlite", "postgres"]

# Default faults at Segmind. After `drop-after` and `error-after`, the request is accepted.
AMBIGUOUS = (
    "submit: drop-after @ 0.02; submit: error-after=502 @ 0.015; submit: drop-before @ 0.01;"
    "submit: error-before=500 @ 0.005; submit: rate-limit=1 @ 0.01; submit: truncated @ 0.005"
)
# One in ten answers is unkind: what proxies, replica lag and odd accounting do to a healthy request.
UNKIND = (
    "submit: drop-after @ 0.02; submit: error-after=408 @ 0.01; submit: error-after=409 @ 0.01;"
    "submit: error-after=499 @ 0.01; submit: error-after=502 @ 0.01; submit: error-before=500 @ 0.01;"
    "submit: bare-rate-limit @ 0.02; submit: rate-limit=1 @ 0.01;"
    "submit: history-delay=0.5..6 @ 0.3;"
    "status: error-before=404 @ 0.04; status: error-before=502 @ 0.03; status: drop-after @ 0.03;"
    "status: cost=-1 @ 0.02; status: cost=NaN @ 0.02; status: bare-rate-limit @ 0.01;"
    "result: error-before=404 @ 0.04; result: error-before=503 @ 0.03; result: truncated @ 0.03;"
    "result: cost=-1 @ 0.02; result: cost=1e14 @ 0.02; result: cost=free @ 0.02;"
    "result: shape=listed @ 0.05; result: shape=nested @ 0.05;"
    "file: error-before=404 @ 0.05; file: error-before=403 @ 0.05;"
    "history: error-before=404 @ 0.03; history: error-before=500 @ 0.03; history: shuffled @ 0.1;"
    "history: stripped @ 0.05; history: cost=NaN @ 0.03; record: error-before=404 @ 0.1"
)
_POINT_SHARE = 0.6
_EARLY_SHARE = 0.15


@dataclass(frozen=True, slots=True)
class PlannedKill:
    """Kill of a process: at a point, or so many seconds after so many orders."""

    point: KillPoint | None
    occurrence: int
    orders: int
    pause: float


@dataclass(frozen=True, slots=True)
class Scenario:
    """Parameters of a chaos run."""

    name: str
    jobs: int
    kills: int = 0
    database: Database = "sqlite"
    processes: int = 1
    shards: int = 0
    """Number of shards in all; 0 gives each process its own gateway."""
    guilds: int = 2
    """Servers per process."""
    seats: int = 30
    """Members at a time, per process."""
    segmind: str = AMBIGUOUS
    network_faults: bool = False
    """True if both networks have latency, resets, limits, errors and dropped gateways."""
    second_process: bool = False
    """True if a further process starts on the same database."""
    postgres_restarts: int = 0
    """Number of crashes of Postgres."""
    clock_jump: float = 0.0
    """Seconds by which the clock of every process jumps forward halfway."""
    clock_skew: float = 0.0
    """Seconds between the clocks of the first and the last process."""
    deaf: float = 0.0
    """Share of the commits that are durable, but whose answer is lost."""
    suspensions: int = 0
    """Number of times that each process is suspended for longer than its lease."""
    set_backs: int = 0
    """Number of times that Postgres loses the commits of the last seconds."""
    presses: bool = False
    """True if members press Cancel, Again and Report, and administrators refund jobs."""
    batches: float = 0.0
    """Share of the bursts that are one order of several targets."""
    rate: int | None = None
    """Requests per minute that Segmind takes; the bot expects far more."""
    lease: float | None = None
    break_rules: str = ""
    """Rules that the bot breaks on purpose, separated by commas."""
    points: Sequence[KillPoint] = tuple(KillPoint)
    """Points of the kills, each at least once if there are enough kills."""
    seed: int = 1
    patience: float = 120.0
    """Seconds without any change after which the run ends, although jobs are open."""
    settings: Mapping[str, str] = field(default_factory=dict[str, str])


def plan_kills(scenario: Scenario) -> list[list[PlannedKill]]:
    """Return the kills of each process. Every point comes first, then random kills."""
    dice = random.Random(scenario.seed)
    share = max(2, scenario.jobs // (scenario.kills + scenario.processes))
    points = dice.sample(scenario.points, len(scenario.points))
    ends = [
        _planned_kill(points[number] if number < len(points) else _random_point(scenario, dice), share, dice)
        for number in range(scenario.kills)
    ]
    dice.shuffle(ends)
    return [ends[process :: scenario.processes] for process in range(scenario.processes)]


def _random_point(scenario: Scenario, dice: random.Random) -> KillPoint | None:
    return dice.choice(scenario.points) if dice.random() < _POINT_SHARE else None


def _planned_kill(point: KillPoint | None, share: int, dice: random.Random) -> PlannedKill:
    if point is not None:
        most = 2 if point in RARE else max(1, share // 2)
        return PlannedKill(point, dice.randint(1, most), share, 0)
    # Some kills hit a process that is still starting or resuming jobs.
    early = dice.random() < _EARLY_SHARE
    return PlannedKill(None, 1, 0 if early else dice.randint(1, max(1, share - 1)), dice.uniform(0, 1.5))


_TWO_ON_POSTGRES: Mapping[str, Any] = {"database": "postgres", "processes": 2, "lease": 6}
_THREE_ON_POSTGRES: Mapping[str, Any] = {"database": "postgres", "processes": 3, "lease": 6, "seats": 15}
SCENARIOS: Mapping[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario("sqlite", jobs=2000, kills=42),
        Scenario("postgres", jobs=5000, kills=42, database="postgres", processes=3, shards=6, seats=20),
        Scenario("network", jobs=2000, network_faults=True),
        Scenario("second-process", jobs=300, kills=4, second_process=True),
        Scenario("third-process-postgres", jobs=400, kills=4, second_process=True, **_TWO_ON_POSTGRES),
        Scenario("postgres-restarts", jobs=600, kills=4, postgres_restarts=4, **_TWO_ON_POSTGRES),
        Scenario("clock-jump", jobs=400, kills=4, clock_jump=3600.0),
        Scenario("clock-jump-postgres", jobs=400, kills=4, clock_jump=3600.0, **_TWO_ON_POSTGRES),
        Scenario("unkind", jobs=1000, kills=8, segmind=UNKIND, presses=True),
        Scenario("unkind-postgres", jobs=1000, kills=8, segmind=UNKIND, presses=True, **_TWO_ON_POSTGRES),
        Scenario("batches", jobs=600, kills=8, batches=0.5, presses=True),
        Scenario("batches-postgres", jobs=800, kills=8, batches=0.5, presses=True, **_TWO_ON_POSTGRES),
        Scenario("low-rate", jobs=150, rate=60, seats=10),
        Scenario("deaf", jobs=600, deaf=0.03),
        Scenario("deaf-postgres", jobs=600, deaf=0.03, kills=4, **_TWO_ON_POSTGRES),
        Scenario("suspended", jobs=800, suspensions=6, **_THREE_ON_POSTGRES),
        Scenario("clock-skew", jobs=800, kills=6, clock_skew=60.0, **_THREE_ON_POSTGRES),
        Scenario("set-back", jobs=600, kills=4, set_backs=4, presses=True, **_TWO_ON_POSTGRES),
        Scenario(
            "all-at-once",
            jobs=1000,
            kills=8,
            segmind=UNKIND,
            deaf=0.02,
            suspensions=4,
            clock_skew=60.0,
            presses=True,
            batches=0.2,
            **_THREE_ON_POSTGRES,
        ),
    )
}


def with_changes(scenario: Scenario, **changes: Any) -> Scenario:
    """Return the scenario with the given changes; None changes nothing."""
    return replace(scenario, **{name: value for name, value in changes.items() if value is not None})
