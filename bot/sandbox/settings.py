"""Adapts the operator's settings so that nothing leads to a real service (pure)."""

from base64 import b64encode
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, SecretStr

from bot.settings import Settings

# One person is the whole community here and would soon reach the usual limits.
CREDITS, QUEUE_LIMIT = 1000, 20
PAUSE_HOURS = 0.05

ANY_PORT = "127.0.0.1:0"

# Saved faces stay on this machine, so the key need not be secret.
FACE_KEY = SecretStr(b64encode(b"the sandbox has nothing to hide.").decode())

Section = TypeVar("Section", bound=BaseModel)


def sandbox_settings(
    settings: Settings, *, segmind: str, speed: float, database: Path, page_token: SecretStr
) -> Settings:
    """Return the settings for a local Segmind at this address that runs `speed` times as fast."""
    scale = 1 / speed
    upstream, chat, jobs = settings.segmind, settings.discord, settings.jobs
    return _updated(
        settings,
        discord=_updated(
            chat,
            token=None,
            api=None,
            gateway=None,
            guild_id=None,
            servers=(),
            # Nobody invites the bot here, and a direct message to nobody would move the ids after it.
            welcome=False,
            # The simulated Discord has no rate limits, but people still read at their usual speed.
            edit_gap=chat.edit_gap * min(1, scale),
        ),
        segmind=_updated(
            upstream,
            key=SecretStr("sandbox"),
            base_url=segmind,
            # The simulated Discord's attachment URLs lead nowhere, so Segmind cannot download from them.
            inputs="upload",
            # A faster Segmind takes more requests in a real minute.
            requests_per_minute=round(upstream.requests_per_minute * max(1, speed)),
            unknown_window=upstream.unknown_window * scale,
            unknown_every=upstream.unknown_every * scale,
            job_timeout=upstream.job_timeout * min(1, scale),
        ),
        database=_updated(settings.database, url=SecretStr(f"sqlite:///{database}")),
        jobs=_updated(
            jobs,
            pace=scale,
            line_refresh=jobs.line_refresh * min(1, scale),
            waiting_per_member=max(jobs.waiting_per_member, QUEUE_LIMIT),
        ),
        faces=_updated(settings.faces, key=settings.faces.key or FACE_KEY),
        # A person who tries the `blocked` file three times is not locked out for long.
        safety=_updated(settings.safety, pause_hours=min(settings.safety.pause_hours, PAUSE_HOURS)),
        # A running bot may use the configured address.
        ops=_updated(settings.ops, listen=ANY_PORT, page_token=page_token),
        credits=_updated(
            settings.credits,
            daily=max(settings.credits.daily, CREDITS),
            daily_most=max(settings.credits.daily_most, CREDITS),
            # The local Segmind costs nothing.
            operator_daily_usd=None,
        ),
    )


def _updated(section: Section, **values: object) -> Section:
    return section.model_copy(update=values)
