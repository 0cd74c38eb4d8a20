"""What the face was put into, to stand beside the result."""

import asyncio
from collections import OrderedDict
from urllib.parse import parse_qs, urlsplit

from bot.chat.text import Text
from bot.chat.ui.card import SPOILER, OriginalPreview
from bot.clock import Clock
from bot.faces.normalize import NormalizedPicture, normalize
from bot.jobs.job import Job, Place
from bot.media.probe import Limits, UnusableMedia
from bot.models import FaceModel

# Of all small copies together, in bytes: those of about a hundred orders.
MOST_BYTES = 32 * 2**20

_DISCORD = frozenset({"cdn.discordapp.com", "media.discordapp.net"})
_SEGMIND = ".segmind.com"


class OriginalPreviews:
    """Small copies of targets, without their metadata, for as long as there is room in memory.

    Attached anew, they last as long as the result. A link of Discord's would end after a day, so it is second
    best, for orders from before a restart; and so is Segmind's.
    """

    def __init__(self, text: Text, clock: Clock, limits: Limits, *, most_bytes: int = MOST_BYTES) -> None:
        """With no bytes at all, nothing is ever shown beside a result."""
        self._text = text
        self._clock = clock
        self._limits = limits
        self._most_bytes = most_bytes
        self._copies: OrderedDict[int, NormalizedPicture] = OrderedDict()
        # A large picture takes much memory while it is made small.
        self._room = asyncio.Lock()

    async def keep(self, place: Place, content: bytes) -> None:
        if not self._most_bytes:
            return
        async with self._room:
            try:
                small = await asyncio.to_thread(normalize, content, self._limits)
            except UnusableMedia:
                # A video, which is too large to be attached again.
                return
        self._copies[place.message_id] = small
        while sum(len(each.content) for each in self._copies.values()) > self._most_bytes:
            self._copies.popitem(last=False)

    def of(self, model: type[FaceModel], job: Job) -> OriginalPreview | None:
        if not self._most_bytes:
            return None
        alt = self._text("alt.before")
        if (small := self._copies.get(job.place.message_id)) is not None:
            covered = SPOILER if job.place.spoiler else ""
            return OriginalPreview(f"attachment://{covered}before-{job.id}{small.suffix}", alt, small.content)
        address = str(job.body.get(model.target_slot(), ""))
        return OriginalPreview(address, alt) if _running(address, self._clock.now()) else None

    def forget(self, job: Job) -> None:
        self._copies.pop(job.place.message_id, None)


def _running(address: str, now: float) -> bool:
    """Whether the address is somebody's who is known, and has not ended."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    if parts.scheme != "https":
        return False
    return host.endswith(_SEGMIND) or (host in _DISCORD and _ends(parts.query) > now)


def _ends(query: str) -> float:
    """When one of Discord's links ends, which it says in hexadecimal."""
    try:
        return int(parse_qs(query)["ex"][0], 16)
    except (KeyError, ValueError):
        return 0.0
