"""What a storm is: how many jobs, kills and processes, and what else goes wrong; the named ones (pure)."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from tests.chaos.kill_points import SELDOM, Point

Database = Literal["sqlite", "postgres"]

# What goes wrong at Segmind in every storm. After `drop-after` and `error-after` the request is accepted.
AMBIGUOUS = (
    "submit: drop-after @ 0.02; submit: error-after=502 @ 0.015; submit: drop-before @ 0.01;"
    "submit: error-before=500 @ 0.005; submit: rate-limit=1 @ 0.01; submit: truncated @ 0.005"
)
_POINT_SHARE = 0.6
_EARLY_SHARE = 0.15


@dataclass(frozen=True, slots=True)
class Doom:
    """How one life of a process ends: at the point, or so many seconds after so many orders."""

    point: Point | None
    turn: int
    orders: int
    pause: float


@dataclass(frozen=True, slots=True)
class Storm:
    name: str
    jobs: int
    kills: int = 0
    database: Database = "sqlite"
    processes: int = 1
    shards: int = 0
    """Into how many all servers are divided; 0 gives each process a gateway of its own."""
    guilds: int = 2
    """Per process."""
    seats: int = 30
    """How many members are there at any time, per process."""
    segmind: str = AMBIGUOUS
    weather: bool = False
    """Latency, resets, limits, errors and gateways that drop, on both sides."""
    rival: bool = False
    """A second process is started on the same database in the middle."""
    restarts: int = 0
    """How often Postgres is stopped without a word and started again."""
    leap: float = 0.0
    """Seconds by which the clock is set forward in the middle, for every process at once."""
    deaf: int = 0
    """Of so many commits, one is durable and its answer never arrives."""
    lease: float | None = None
    breach: str = ""
    """Rules that the bot is made to break, with commas between them."""
    points: Sequence[Point] = tuple(Point)
    """Where it is killed, each at least once if there are as many kills."""
    seed: int = 1
    patience: float = 300.0
    """Seconds that the jobs have to come to their end once nothing is ordered any more."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])


def dooms(storm: Storm) -> list[list[Doom]]:
    """For each process the ends of its lives but the last. Every point comes first, then chance."""
    dice = random.Random(storm.seed)
    share = max(2, storm.jobs // (storm.kills + storm.processes))
    points = dice.sample(storm.points, len(storm.points))
    ends = [
        _doom(points[number] if number < len(points) else _perhaps(storm, dice), share, dice)
        for number in range(storm.kills)
    ]
    dice.shuffle(ends)
    return [ends[process :: storm.processes] for process in range(storm.processes)]


def _perhaps(storm: Storm, dice: random.Random) -> Point | None:
    return dice.choice(storm.points) if dice.random() < _POINT_SHARE else None


def _doom(point: Point | None, share: int, dice: random.Random) -> Doom:
    if point is not None:
        most = 2 if point in SELDOM else max(1, share // 2)
        return Doom(point, dice.randint(1, most), share, 0)
    # Some die while they are still starting, or taking up what the one before has left.
    early = dice.random() < _EARLY_SHARE
    return Doom(None, 1, 0 if early else dice.randint(1, max(1, share - 1)), dice.uniform(0, 1.5))


STORMS: Mapping[str, Storm] = {
    storm.name: storm
    for storm in (
        Storm("sqlite", jobs=2000, kills=42),
        Storm("postgres", jobs=5000, kills=42, database="postgres", processes=3, shards=6, seats=20),
        Storm("network", jobs=2000, weather=True),
        Storm("rival", jobs=300, kills=4, rival=True),
        Storm("rival-postgres", jobs=400, kills=4, database="postgres", processes=2, rival=True, lease=6),
        Storm("restart", jobs=600, kills=4, database="postgres", processes=2, restarts=4, lease=6),
        Storm("deaf", jobs=100, deaf=4),
        Storm("clock", jobs=400, kills=4, leap=3600.0),
        Storm("clock-postgres", jobs=400, kills=4, database="postgres", processes=2, leap=3600.0, lease=6),
    )
}
USUAL = ("sqlite", "postgres", "network")


def changed(storm: Storm, **changes: Any) -> Storm:
    """The same storm, but for what is given."""
    return replace(storm, **{name: value for name, value in changes.items() if value is not None})
