"""The table at the end of a run, and the same as JSON."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Run:
    name: str
    database: str
    processes: int
    seed: int
    jobs: int
    kills: int
    ambiguous: int
    """Submissions of which nobody on the bot's side could know whether they had arrived."""
    submitted_twice: int
    lost: int
    ledger_difference: int
    unfinished_messages: int
    recovery_s: float | None
    """The median of the times from the start of a process after a kill until every job that was open at the
    kill has had its message edited again by the process that adopted it."""
    recovery_most_s: float | None
    recoveries: int
    refused: int
    cut_off: int
    unheard: int
    seconds: float
    points: Mapping[str, int]
    """How often a process died where; `by chance` is anywhere."""
    checked_calls: int | None
    """Calls that were compared with Discord's own description of its API; none where that is not at hand."""
    trouble: Sequence[str] = field(default_factory=list[str])
    """Whatever makes the run fail, in sentences."""

    @property
    def clean(self) -> bool:
        return not self.trouble


_COLUMNS = {
    "storm": "name",
    "jobs": "jobs",
    "kills": "kills",
    "ambiguous": "ambiguous",
    "submitted twice": "submitted_twice",
    "lost": "lost",
    "ledger difference": "ledger_difference",
    "unfinished": "unfinished_messages",
    "recovery": "recovery_s",
    "longest": "recovery_most_s",
    "seconds": "seconds",
}
_SHOWN_TROUBLE = 25


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
        f"{run.name}: seed {run.seed}, {run.processes} on {run.database}; besides the jobs {run.refused} "
        f"orders refused, {run.cut_off} cut off by a kill before there was a job, {run.unheard} unheard"
    )
    if run.points:
        yield f"{run.name}: killed {', '.join(f'{name} {times}' for name, times in run.points.items())}"
    if run.checked_calls is None:
        yield f"{run.name}: Discord's OpenAPI description is not at hand, so no call was compared with it"
    else:
        yield f"{run.name}: {run.checked_calls} calls compared with Discord's OpenAPI description"
    yield from (f"{run.name}: {sentence}" for sentence in run.trouble[:_SHOWN_TROUBLE])
    if (more := len(run.trouble) - _SHOWN_TROUBLE) > 0:
        yield f"{run.name}: and {more} more"
