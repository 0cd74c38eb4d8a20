"""`doppel forgive`: what an operator had refused in all servers may come again."""

from bot.accounting.commands import OPERATOR
from bot.clock import Clock
from bot.credits.books import Deed
from bot.safety.wardens import Ruled
from bot.settings import Settings
from bot.store import SqlVisitor


async def forgive(job_id: str, settings: Settings, clock: Clock) -> int:
    """How many fingerprints were taken off the list; raises `StoreError` where there is no database."""
    visitor = SqlVisitor(
        settings.database.url.get_secret_value(), start=settings.credits.start, clock=clock, writing=True
    )
    async with visitor:
        return await visitor.forgive(job_id, Deed(OPERATOR, Ruled.AGAIN, {"job": job_id}))
