"""What takes a job from its order to its end, put together: the line, the gate, the runner and the desk."""

from collections.abc import Callable

from bot.administration.credits import Office
from bot.jobs.job import Job
from bot.jobs.poller import Follower
from bot.jobs.ports import World
from bot.jobs.queue import Line
from bot.jobs.runner import Habits, Runner
from bot.jobs.service import Desk
from bot.jobs.submission_gate import Gate
from bot.jobs.submit import Caution, Submitter
from bot.jobs.supervision.balance import BalanceWatch, Operator, Vigilance
from bot.jobs.supervision.learned_timings import Lessons
from bot.jobs.supervision.outage import Outage
from bot.jobs.supervision.pause import Pause
from bot.registry import Catalogue
from bot.segmind.client import SegmindClient
from bot.segmind.polling import Pace, Pacing
from bot.settings import Settings
from bot.store import SqlStore
from bot.wiring.factories import policy_of, prices_of


class Engine:
    def __init__(
        self,
        settings: Settings,
        world: World,
        *,
        models: Catalogue,
        segmind: SegmindClient,
        store: SqlStore,
        operator: Operator,
        outage: Outage,
    ) -> None:
        """`operator` is told of what is left at Segmind."""
        its, jobs, clock = settings.segmind, settings.jobs, world.clock
        self.policy = policy_of(settings)
        self.line = Line(self.policy.limits, in_all=jobs.in_all)
        self.gate = Gate(clock, segmind.turnstile, releases=its.when_empty == "release")
        self.watch = BalanceWatch(
            Vigilance(its.low_balance, its.balance_every),
            account=segmind,
            gate=self.gate,
            operator=operator,
            memory=store,
            clock=clock,
        )
        pacing = Pacing({slug: model.card.seconds for slug, model in models.items()}, scale=jobs.pace)
        self.pacing = pacing
        self.lessons = Lessons(pacing, store, clock)
        self.pause = Pause(self.gate, store, clock)
        self.runner = Runner(
            world,
            line=self.line,
            submitter=Submitter(world, gate=self.gate, line=self.line, caution=_caution(settings)),
            follower=Follower(world, pace=_pace(pacing), patience=its.job_timeout, heard=self.watch.heard),
            outage=outage,
            habits=Habits(
                line_refresh=jobs.line_refresh,
                result_bytes=its.download_bytes,
                result_patience=its.job_timeout,
            ),
        )
        self.desk = Desk(
            store=world.store,
            runner=self.runner,
            line=self.line,
            gate=self.gate,
            prices=prices_of(settings),
            policy=self.policy,
            clock=clock,
            waiting_per_member=jobs.waiting_per_member,
        )
        self.office = Office(books=store, archive=store, policy=self.policy, line=self.line, models=models)


def _caution(settings: Settings) -> Caution:
    patient = Caution()
    return Caution(
        unknown_window=settings.segmind.unknown_window,
        unknown_every=settings.segmind.unknown_every,
        reconnect=[pause * settings.jobs.pace for pause in patient.reconnect],
    )


def _pace(pacing: Pacing) -> Callable[[Job], Pace]:
    """The paces of all models. Segmind's own choice of hardware and of steps makes for times of their own."""

    def pace(job: Job) -> Pace:
        variant = "/".join(str(job.body[name]) for name in ("hardware", "model_type") if name in job.body)
        return pacing.pace(job.slug, variant)

    return pace
