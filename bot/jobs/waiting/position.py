"""Shows the member of a waiting job its position in the queue."""

from bot.jobs.job import Job
from bot.jobs.ports import Watcher
from bot.jobs.stages import Paused, Stage, Waiting


class PositionDisplay:
    """Shows each position once, or that the operator has paused submissions."""

    def __init__(self, watcher: Watcher, job: Job) -> None:
        self._watcher = watcher
        self._job = job
        self._shown: Stage | None = None

    def show(self, position: int, *, is_paused: bool) -> None:
        stage = Paused() if is_paused else Waiting(position)
        if stage != self._shown:
            self._shown = stage
            self._watcher.show(self._job, stage)
