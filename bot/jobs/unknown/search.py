"""Search for the requests of jobs whose outcome is unknown: one pass over the history for all of them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from bot.clock import Clock
from bot.jobs.job import Job
from bot.jobs.supervision.decisions import OperatorDecisions
from bot.jobs.unknown.history_pass import History, HistoryPass, RequestIndex, search_history
from bot.segmind.errors import SegmindError, Unreachable
from bot.segmind.history import Found
from bot.tasks import first_of

log = structlog.stdlib.get_logger(__name__)

# A clock that is set forward ends the window at once, when the history may not list the request yet.
MIN_PASSES = 3
# During an outage of Segmind, its scheduler keeps a request until the outage is over.
_PASS_TIMEOUT = 600.0


@dataclass(frozen=True, slots=True)
class SearchConfig:
    """Intervals of the search, in seconds."""

    window: float = 900.0
    """Seconds for which a request of unknown outcome is searched for before its hold is released."""
    interval: float = 15.0
    outage_timeout: float = 600.0
    """Seconds for which waiting jobs wait for a history that cannot be read, as in an outage of Segmind."""
    ask_after: float = 3600.0
    """Seconds without proof after which the bot asks the operator: Segmind forgets requests after an hour."""

    @property
    def lag(self) -> float:
        """Age from which the history has to show a request, so that some passes of a window come later."""
        return self.window / MIN_PASSES


@dataclass(eq=False)
class _Inquiry:
    """Job that waits for an answer; time and passes count from when this process began to search."""

    job: Job
    began: float
    answer: asyncio.Future[Found | None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    is_waiting: bool = False
    """True if the job waits to be sent, rather than being of unknown outcome."""
    passes: int = 0
    proofs: int = 0
    """Passes that would have shown the request."""

    def resolve(self, answer: Found | None) -> None:
        if not self.answer.done():
            self.answer.set_result(answer)

    def fail(self, error: SegmindError) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


class SubmissionSearch:
    """Searches Segmind's history in passes, each of which serves all jobs of this process that wait."""

    def __init__(
        self,
        history: History,
        index: RequestIndex,
        decisions: OperatorDecisions,
        clock: Clock,
        config: SearchConfig,
    ) -> None:
        self._history = history
        self._index = index
        self._decisions = decisions
        self._clock = clock
        self._config = config
        # In order of arrival, as answered jobs enter the queue in this order.
        self._inquiries: dict[_Inquiry, None] = {}
        self._task: asyncio.Task[None] | None = None
        self._arrived = asyncio.Event()

    async def find(self, job: Job) -> Found | None:
        """Return the request of a job of unknown outcome, or None once it is certain that there is none."""
        return await self._answer(_Inquiry(job, self._clock.now()))

    async def find_sent(self, job: Job) -> Found | None:
        """Return the request of a waiting job if the history shows one in the first pass.

        One pass is enough, because the database says that the job was not sent. Raises `Unreachable` if the
        history cannot be read.
        """
        # The member waits for this pass, so it does not wait for the next one.
        self._arrived.set()
        return await self._answer(_Inquiry(job, self._clock.now(), is_waiting=True))

    async def _answer(self, inquiry: _Inquiry) -> Found | None:
        self._inquiries[inquiry] = None
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="search of the history")
        try:
            return await inquiry.answer
        finally:
            del self._inquiries[inquiry]
            if not self._inquiries:
                self._stop()

    def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _run(self) -> None:
        while True:
            self._arrived.clear()
            pages = 1
            try:
                pages = await self._answer_all(list(self._inquiries))
            except Exception:
                # Every job has to end, so the next pass tries again.
                log.exception("search of the history failed")
            # The last job that leaves cancels the task.
            await self._pause(pages)

    async def _answer_all(self, inquiries: Sequence[_Inquiry]) -> int:
        """Make one pass and answer what it answers; return how many pages it took."""
        result = await self._pass([inquiry.job for inquiry in inquiries])
        for inquiry in inquiries:
            if result is not None:
                self._judge(inquiry, result)
            elif inquiry.is_waiting and self._waited(inquiry) >= self._config.outage_timeout:
                inquiry.fail(Unreachable("the history cannot be read"))
        await self._ask_operator([each for each in inquiries if not each.is_waiting and self._is_over(each)])
        return 1 if result is None else result.pages

    async def _pass(self, jobs: Sequence[Job]) -> HistoryPass | None:
        """Search the history once; None where it cannot be read."""
        now, lag = self._clock.now(), self._config.lag
        search = asyncio.create_task(search_history(self._history, self._index, jobs, now=now, lag=lag))
        try:
            await first_of(search, self._clock.sleep(_PASS_TIMEOUT))
            return search.result() if search.done() else None
        except SegmindError as error:
            log.warning("history request failed", error=error.detail)
            return None

    def _judge(self, inquiry: _Inquiry, result: HistoryPass) -> None:
        if (found := result.found.get(inquiry.job.id)) is not None:
            log.info("unknown submission found", job=inquiry.job.id, request=found.request_id)
            inquiry.resolve(found)
            return
        inquiry.passes += 1
        is_proof = result.proves_absence(inquiry.job)
        inquiry.proofs += is_proof
        if inquiry.is_waiting:
            if is_proof or result.last_known is None or inquiry.passes >= MIN_PASSES:
                inquiry.resolve(None)
        elif is_proof and inquiry.proofs >= MIN_PASSES and self._is_over(inquiry):
            log.warning("unknown submission never found", job=inquiry.job.id, passes=inquiry.passes)
            inquiry.resolve(None)

    def _waited(self, inquiry: _Inquiry) -> float:
        return self._clock.now() - inquiry.began

    def _is_over(self, inquiry: _Inquiry) -> bool:
        return self._waited(inquiry) >= self._config.window

    async def _ask_operator(self, undecided: Sequence[_Inquiry]) -> None:
        """Carry out the operator's decisions, and ask for those that are missing."""
        late: list[str] = []
        for inquiry in undecided:
            if inquiry.answer.done():
                continue
            if await self._decisions.is_released(inquiry.job.id):
                log.warning("unknown submission released by the operator", job=inquiry.job.id)
                inquiry.resolve(None)
            elif self._waited(inquiry) >= self._config.ask_after:
                late.append(inquiry.job.id)
        if late:
            await self._decisions.ask(late)

    async def _pause(self, pages: int) -> None:
        """Wait for the next pass, longer after many pages, so that searches spend little of the rate."""
        config = self._config
        seconds = min(config.interval * pages, max(config.interval, config.window / MIN_PASSES))
        await first_of(self._arrived.wait(), self._clock.sleep(seconds))
