"""What takes a job from its order to its end, put together: the line, the gate, the runner and the desk."""

from collections.abc import Callable

from bot.administration.credits import CreditAdmin
from bot.jobs.job import Job
from bot.jobs.poller import Poller
from bot.jobs.ports import JobPorts
from bot.jobs.queue import FairQueue
from bot.jobs.runner import Runner, RunnerConfig
from bot.jobs.service import JobService
from bot.jobs.submission_gate import SubmissionGate
from bot.jobs.submit import SubmitConfig, Submitter
from bot.jobs.supervision.balance import BalanceConfig, BalanceMonitor, Operator
from bot.jobs.supervision.learned_timings import LearnedTimings
from bot.jobs.supervision.outage import Outage
from bot.jobs.supervision.pause import OperatorPause
from bot.registry import ModelRegistry
from bot.segmind.client import SegmindClient
from bot.segmind.polling import PollTiming, PollTimings
from bot.settings import Settings
from bot.store import SqlStore
from bot.wiring.factories import policy_from, prices_of


class JobEngine:
    def __init__(
        self,
        settings: Settings,
        world: JobPorts,
        *,
        models: ModelRegistry,
        segmind: SegmindClient,
        store: SqlStore,
        operator: Operator,
        outage: Outage,
    ) -> None:
        """`operator` is told of what is left at Segmind."""
        its, jobs, clock = settings.segmind, settings.jobs, world.clock
        self.policy = policy_from(settings)
        self.line = FairQueue(self.policy.limits, in_all=jobs.in_all)
        self.gate = SubmissionGate(clock, segmind.scheduler, release_when_empty=its.when_empty == "release")
        self.watch = BalanceMonitor(
            BalanceConfig(its.low_balance, its.balance_every),
            account=segmind,
            gate=self.gate,
            operator=operator,
            memory=store,
            clock=clock,
        )
        timings = PollTimings({slug: model.card.seconds for slug, model in models.items()}, scale=jobs.pace)
        self.timings = timings
        self.learned_timings = LearnedTimings(timings, store, clock)
        self.pause = OperatorPause(self.gate, store, clock)
        self.runner = Runner(
            world,
            queue=self.line,
            submitter=Submitter(world, gate=self.gate, queue=self.line, config=_config(settings)),
            poller=Poller(
                world, timing_of=_pace(timings), timeout=its.job_timeout, on_cost=self.watch.on_cost
            ),
            outage=outage,
            ledger=store,
            config=RunnerConfig(
                position_interval=jobs.line_refresh,
                max_result_bytes=its.download_bytes,
                result_timeout=its.job_timeout,
            ),
        )
        self.job_service = JobService(
            store=world.store,
            runner=self.runner,
            queue=self.line,
            gate=self.gate,
            prices=prices_of(settings),
            policy=self.policy,
            clock=clock,
            waiting_per_member=jobs.waiting_per_member,
        )
        self.credit_admin = CreditAdmin(
            ledger=store, archive=store, policy=self.policy, queue=self.line, models=models
        )


def _config(settings: Settings) -> SubmitConfig:
    patient = SubmitConfig()
    return SubmitConfig(
        unknown_window=settings.segmind.unknown_window,
        search_interval=settings.segmind.unknown_every,
        reconnect_delays=[pause * settings.jobs.pace for pause in patient.reconnect_delays],
    )


def _pace(timings: PollTimings) -> Callable[[Job], PollTiming]:
    """The paces of all models. Segmind's own choice of hardware and of steps makes for times of their own."""

    def pace(job: Job) -> PollTiming:
        variant = "/".join(str(job.body[name]) for name in ("hardware", "model_type") if name in job.body)
        return timings.timing(job.slug, variant)

    return pace
