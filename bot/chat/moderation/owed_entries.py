"""Entries of the moderation log that were not posted right after the delivery."""

from functools import partial

import structlog

from bot.chat.delivery.result_file import MIN_UPLOAD_LIMIT
from bot.chat.delivery.undelivered import UndeliveredResults
from bot.chat.moderation.mod_log import ModLog
from bot.chat.shared import Shared
from bot.ledger.allowance import DAY
from bot.periodic import run_periodically

log = structlog.stdlib.get_logger(__name__)

INTERVAL = 60.0
# An entry that has been owed for less may be on its way, from another process.
SETTLED = 60.0
GIVE_UP = DAY


class OwedLogEntries:
    """Posts the entries that a stop or a crash of the bot, or an outage of Discord, kept out of the log."""

    def __init__(self, shared: Shared, mod_log: ModLog, results: UndeliveredResults) -> None:
        self._moderation_store = shared.store.moderation
        self._archive = shared.store
        self._mod_log = mod_log
        self._results = results
        self._clock = shared.clock

    async def run(self) -> None:
        await run_periodically(self.post, self._clock, INTERVAL, "owed entries of the log not found")

    async def post(self) -> None:
        now = self._clock.now()
        for owed in await self._moderation_store.owed_log_entries(now - SETTLED):
            gives_up = now - owed.since > GIVE_UP
            try:
                job = await self._archive.find(owed.job_id)
                if job is not None:
                    await self._mod_log.post(job, partial(self._results.fetch, job, MIN_UPLOAD_LIMIT))
            except Exception:
                # It would fail each time, and keep the others waiting.
                log.exception("owed entry of the log not posted", job=owed.job_id)
                gives_up = True
            if gives_up:
                await self._moderation_store.forget_owed_log_entry(owed.job_id)
