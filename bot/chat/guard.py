"""Stands between the runner and the replies: what must not come again is not shown, and ends are logged."""

from collections.abc import Mapping
from dataclasses import replace

import structlog

from bot.chat.chronicle import Chronicle
from bot.chat.doorkeeper import Doorkeeper
from bot.jobs.delivery import Delivery
from bot.jobs.job import Job, Reason, State
from bot.jobs.ports import Watcher
from bot.jobs.stages import Stage
from bot.safety.door import Door
from bot.safety.ports import Register
from bot.safety.prints import Print
from bot.safety.refusals import NeverAgain

log = structlog.stdlib.get_logger(__name__)

RESULT = "result"
# Who took down what a list took down.
LIST = "list"


class Guard:
    """A watcher before the watcher. Where the register cannot be asked, nothing is shown for now."""

    def __init__(
        self,
        watcher: Watcher,
        *,
        door: Door,
        doorkeeper: Doorkeeper,
        register: Register,
        chronicle: Chronicle,
    ) -> None:
        self._watcher = watcher
        self._door = door
        self._doorkeeper = doorkeeper
        self._register = register
        self._chronicle = chronicle

    def show(self, job: Job, stage: Stage) -> None:
        self._watcher.show(job, stage)

    async def conclude(self, job: Job, result: bytes | None) -> Delivery:
        if job.state is State.DONE and not await self._may_show(job, result):
            # It was made and is paid, as Segmind was. A moderator can give it back.
            job, result = replace(job, reason=Reason.WITHHELD, output=None), None
        delivery = await self._watcher.conclude(job, result)
        self._chronicle.enter(job, result)
        return delivery

    async def _may_show(self, job: Job, result: bytes | None) -> bool:
        if await self._register.is_down(job.id):
            return False
        if result is None:
            return True
        prints: Mapping[str, Print] = {RESULT: await self._doorkeeper.print_of(result)}
        await self._register.keep_prints(job.id, prints)
        try:
            await self._door.admit_prints(prints, job.place.guild_id)
        except NeverAgain:
            log.warning("a result is withheld, as it is like one on the list", job=job.id)
            await self._register.take_down(job.id, LIST)
            return False
        return True
