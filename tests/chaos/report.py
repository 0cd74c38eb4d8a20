"""Table and JSON of the finished runs."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Run:
    """Figures of one scenario's run."""

    name: str
    database: str
    processes: int
    seed: int
    jobs: int
    kills: int
    ambiguous: int
    """Submissions where the bot could not know whether they had arrived."""
    submitted_twice: int
    lost: int
    ledger_difference: int
    unfinished_messages: int
    extra_messages: int
    overwritten: int
    """Results overwritten by a stage."""
    idle: int
    """Jobs that nobody runs."""
    recovery_s: float | None
    """Median of the seconds from a start after a kill until every job open at the kill was edited again."""
    recovery_most_s: float | None
    recoveries: int
    rejected: int
    cut_off: int
    unanswered: int
    seconds: float
    points: Mapping[str, int]
    """Number of kills by point; `by chance` is anywhere."""
    disturbances: Mapping[str, int]
    """Number of lost answers by kind of transaction, of suspensions by point, of presses, and so on."""
    checked_calls: int | None
    """Calls compared with Discord's OpenAPI description; None if the description is missing."""
    failures: Sequence[str] = field(default_factory=list[str])
    """Sentences about everything that makes the run fail."""

    @property
    def clean(self) -> bool:
        return not self.failures


_COLUMNS = {
    "scenario": "name",
    "jobs": "jobs",
    "kills": "kills",
    "ambiguous": "ambiguous",
    "submitted twice": "submitted_twice",
    "lost": "lost",
    "ledger difference": "ledger_difference",
    "unfinished": "unfinished_messages",
    "extra": "extra_messages",
    "overwritten": "overwritten",
    "idle": "idle",
    "recovery": "recovery_s",
    "longest": "recovery_most_s",
    "seconds": "seconds",
}
_SHOWN_FAILURES = 25


def table(runs: Sequence[Run]) -> str:
    rows = [list(_COLUMNS), *([_shown(getattr(run, name)) for name in _COLUMNS.values()] for run in runs)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join([*lines, *(note for run in runs for note in _notes(run))])


def save(runs: Sequence[Run], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(run) for run in runs], indent=2) + "\n")


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.1f} s"
    return "-" if value is None else str(value)


def _notes(run: Run) -> Iterator[str]:
    yield (
        f"{run.name}: seed {run.seed}, {run.processes} on {run.database}; {run.rejected} orders "
        f"rejected, {run.cut_off} cut off by a kill before there was a job, {run.unanswered} unanswered"
    )
    if run.points:
        yield f"{run.name}: killed {', '.join(f'{name} {times}' for name, times in run.points.items())}"
    if run.disturbances:
        yield f"{run.name}: {', '.join(f'{name} {times}' for name, times in run.disturbances.items())}"
    if run.checked_calls is None:
        yield f"{run.name}: no call was compared with Discord's OpenAPI description, which is missing"
    else:
        yield f"{run.name}: {run.checked_calls} calls compared with Discord's OpenAPI description"
    yield from (f"{run.name}: {sentence}" for sentence in run.failures[:_SHOWN_FAILURES])
    if (more := len(run.failures) - _SHOWN_FAILURES) > 0:
        yield f"{run.name}: and {more} more"
