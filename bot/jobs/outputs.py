"""Location of a job's result: behind a URL, or inside Segmind's response."""

from typing import Protocol

from bot.jobs.job import Job
from bot.segmind.errors import UnreadableResponse
from bot.segmind.outputs import Link, Output
from bot.segmind.states import Completed, State


class ResultSource(Protocol):
    """Part of the Segmind client that finds and downloads results."""

    async def status(self, request_id: str) -> State: ...

    async def fetch(self, output: Output, *, limit: int) -> bytes: ...


async def output_of(segmind: ResultSource, job: Job) -> Output:
    if job.output is not None:
        return Link(job.output)
    match await segmind.status(job.request_id or ""):
        case Completed(output) if output is not None:
            return output
        case state:
            raise UnreadableResponse(f"the result is gone: {type(state).__name__}")
