"""The jobs' side: the queue, the submission gate, the runner and the services around them."""

from bot.administration.credits import CreditAdmin
from bot.chat.moderation.operator_alerts import OperatorAlerts
from bot.jobs.cancellations import Cancellations
from bot.jobs.fetcher import FetchConfig, ResultFetcher
from bot.jobs.job import Job
from bot.jobs.poller import HISTORY_DELAYS, Poller
from bot.jobs.ports import JobPorts
from bot.jobs.runner import Runner, RunnerConfig
from bot.jobs.service import JobService
from bot.jobs.submit import SubmitConfig, Submitter
from bot.jobs.supervision.balance import BalanceConfig, BalanceMonitor
from bot.jobs.supervision.decisions import OperatorDecisions
from bot.jobs.supervision.learned_rate import LearnedRate, rate_name
from bot.jobs.supervision.learned_timings import LearnedTimings
from bot.jobs.supervision.outage import Outage
from bot.jobs.supervision.pause import OperatorPause
from bot.jobs.sweep import Sweep
from bot.jobs.unknown.search import SearchConfig, SubmissionSearch
from bot.jobs.waiting.queue import FairQueue
from bot.jobs.waiting.submission_gate import SubmissionGate
from bot.ledger.allowance import Refill
from bot.ledger.policy import Policy, Prices
from bot.ledger.server_rules import Bounds, Limits
from bot.registry import ModelRegistry
from bot.segmind.client import SegmindClient
from bot.segmind.polling import PollTiming, PollTimings
from bot.settings import Settings
from bot.store import SqlStore


class JobEngine:
    """Everything that takes a job from its order to its end."""

    def __init__(
        self,
        settings: Settings,
        ports: JobPorts,
        *,
        models: ModelRegistry,
        segmind: SegmindClient,
        store: SqlStore,
        operator: OperatorAlerts,
        outage: Outage,
    ) -> None:
        """`operator` is called with what only the operator can mend or decide."""
        section, jobs, clock = settings.segmind, settings.jobs, ports.clock
        self.policy = _policy(settings)
        self.queue = FairQueue(self.policy.limits, in_all=jobs.in_all)
        self.gate = SubmissionGate(
            clock, segmind.scheduler, release_when_empty=section.when_empty == "release"
        )
        self.watch = BalanceMonitor(
            BalanceConfig(section.low_balance, section.balance_every),
            account=segmind,
            gate=self.gate,
            on_event=operator.tell,
            values=store,
            clock=clock,
        )
        self.timings = PollTimings(
            {slug: model.card.seconds for slug, model in models.items()}, scale=jobs.pace
        )
        self.learned_timings = LearnedTimings(self.timings, store, clock)
        self.learned_rate = LearnedRate(segmind.rate, rate_name(section.key), store, clock)
        self.pause = OperatorPause(self.gate, store, clock)
        search = SubmissionSearch(
            ports.segmind,
            store,
            OperatorDecisions(store, operator.tell, clock),
            clock,
            SearchConfig(section.unknown_window, section.unknown_every, section.outage_patience),
        )
        submit_config = SubmitConfig(
            reconnect_delays=[delay * jobs.pace for delay in SubmitConfig().reconnect_delays],
        )
        self.runner = Runner(
            ports,
            queue=self.queue,
            submitter=Submitter(ports, gate=self.gate, queue=self.queue, search=search, config=submit_config),
            poller=Poller(
                ports,
                timing_of=self._timing_of,
                timeout=section.job_timeout,
                on_cost=self.watch.on_cost,
                history_delays=[delay * jobs.pace for delay in HISTORY_DELAYS],
            ),
            fetcher=ResultFetcher(
                ports,
                FetchConfig(
                    max_bytes=section.download_bytes,
                    timeout=section.job_timeout,
                    retry_delay=FetchConfig().retry_delay * jobs.pace,
                ),
            ),
            outage=outage,
            ledger=store,
            config=RunnerConfig(position_interval=jobs.line_refresh),
        )
        self.job_service = JobService(
            store=ports.store,
            ledger=store,
            runner=self.runner,
            queue=self.queue,
            gate=self.gate,
            prices=Prices(settings.credits.usd, settings.credits.prices, settings.credits.factors),
            policy=self.policy,
            clock=clock,
            waiting_per_member=jobs.waiting_per_member,
        )
        self.sweep = Sweep(ports.store, self.runner, clock)
        self.cancellations = Cancellations(ports.store, self.runner, clock)
        self.credit_admin = CreditAdmin(
            ledger=store, archive=store, policy=self.policy, queue=self.queue, models=models
        )

    def _timing_of(self, job: Job) -> PollTiming:
        # The hardware and the number of steps that Segmind chooses for a variant change how long it takes.
        variant = "/".join(str(job.body[name]) for name in ("hardware", "model_type") if name in job.body)
        return self.timings.timing(job.slug, variant)


def _policy(settings: Settings) -> Policy:
    section, jobs, uploads = settings.credits, settings.jobs, settings.uploads
    return Policy(
        daily=section.daily,
        direct_daily=section.direct_daily,
        refill=Refill(section.refill),
        roles=section.roles,
        monthly=section.server_monthly,
        operator_usd=section.operator_daily_usd,
        limits=Limits(
            per_member=jobs.per_member,
            per_server=jobs.per_server,
            video_seconds=uploads.video_seconds,
            picture_bytes=uploads.picture_bytes,
            video_bytes=uploads.video_bytes,
        ),
        gifts_daily=section.gifts_daily,
        bounds=Bounds(
            daily=section.daily_most, grant=section.grant_most, grants_monthly=section.grants_monthly
        ),
    )
