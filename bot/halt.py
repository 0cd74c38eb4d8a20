"""`doppel pause` and `doppel resume`: the switch of the operator's page, from a terminal."""

from datetime import UTC, datetime

from bot.clock import Clock
from bot.jobs.pause import pause, paused_since, resume
from bot.settings import Settings
from bot.store import SqlVisitor


async def halt(settings: Settings, clock: Clock) -> datetime:
    """Since when; raises `StoreError` where there is no database."""
    async with _visitor(settings, clock) as visitor:
        return datetime.fromtimestamp(await pause(visitor, clock.now()), UTC)


async def go_on(settings: Settings, clock: Clock) -> bool:
    """Whether anything was paused."""
    async with _visitor(settings, clock) as visitor:
        since = await paused_since(visitor)
        await resume(visitor)
    return since is not None


def _visitor(settings: Settings, clock: Clock) -> SqlVisitor:
    url = settings.database.url.get_secret_value()
    return SqlVisitor(url, start=settings.credits.start, clock=clock, writing=True)
