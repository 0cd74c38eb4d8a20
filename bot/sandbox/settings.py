"""The operator's settings, but for everything that leads to a real service (pure)."""

from base64 import b64encode
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, SecretStr

from bot.settings import Settings

# Whoever plays alone is the whole community: with the usual bounds the play would soon be over.
CREDITS, WAITING = 1000, 20

ANY_PORT = "127.0.0.1:0"

# Of faces that are saved, the file on one's own machine is all the protection that they need here.
FACE_KEY = SecretStr(b64encode(b"the sandbox has nothing to hide.").decode())

Section = TypeVar("Section", bound=BaseModel)


def adapted(
    settings: Settings, *, segmind: str, speed: float, database: Path, page_token: SecretStr
) -> Settings:
    """`segmind` is the address of the local one, whose time runs `speed` times as fast."""
    scale = 1 / speed
    its, chat, jobs = settings.segmind, settings.discord, settings.jobs
    return _with(
        settings,
        discord=_with(
            chat,
            token=None,
            api=None,
            gateway=None,
            guild_id=None,
            # A simulated Discord has no rate limits, but people read at their usual speed.
            edit_gap=chat.edit_gap * min(1, scale),
        ),
        segmind=_with(
            its,
            key=SecretStr("sandbox"),
            base_url=segmind,
            # The links of a simulated Discord lead nowhere.
            inputs="upload",
            # Where a minute is shorter, more fits into ours.
            requests_per_minute=round(its.requests_per_minute * max(1, speed)),
            unknown_window=its.unknown_window * scale,
            unknown_every=its.unknown_every * scale,
        ),
        database=_with(settings.database, url=SecretStr(f"sqlite:///{database}")),
        jobs=_with(
            jobs,
            pace=scale,
            line_refresh=jobs.line_refresh * min(1, scale),
            waiting_per_member=max(jobs.waiting_per_member, WAITING),
        ),
        faces=_with(settings.faces, key=settings.faces.key or FACE_KEY),
        # What is set may be where a running bot serves.
        ops=_with(settings.ops, listen=ANY_PORT, page_token=page_token),
        credits=_with(
            settings.credits,
            daily=max(settings.credits.daily, CREDITS),
            daily_most=max(settings.credits.daily_most, CREDITS),
        ),
    )


def _with(section: Section, **values: object) -> Section:
    return section.model_copy(update=values)
