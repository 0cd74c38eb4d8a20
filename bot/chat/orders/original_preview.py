"""Keeps small copies of the pictures that faces are put into, to show them beside the results."""

from collections import OrderedDict
from urllib.parse import parse_qs, urlsplit

from bot.chat.text import Text
from bot.chat.ui.card import SPOILER, OriginalPreview
from bot.clock import Clock
from bot.jobs.job import Job, Place
from bot.media.types import SmallCopy
from bot.models import FaceModel

# Enough for the copies of about a hundred orders.
MAX_BYTES = 32 * 2**20

_DISCORD = frozenset({"cdn.discordapp.com", "media.discordapp.net"})
_SEGMIND = ".segmind.com"


class OriginalPreviews:
    """Small copies of target pictures, without metadata, as long as they fit into memory.

    The bot attaches the copy to the result. It has no copies of orders from before a restart, and uses
    Discord's or Segmind's links instead, which expire after a day.
    """

    def __init__(self, text: Text, clock: Clock, *, max_bytes: int = MAX_BYTES) -> None:
        """With `max_bytes` 0, results are shown alone."""
        self._text = text
        self._clock = clock
        self._most_bytes = max_bytes
        self._copies: OrderedDict[int, SmallCopy] = OrderedDict()

    @property
    def enabled(self) -> bool:
        return self._most_bytes > 0

    def keep(self, place: Place, small: SmallCopy) -> None:
        self._copies[place.message_id] = small
        while sum(len(each.content) for each in self._copies.values()) > self._most_bytes:
            self._copies.popitem(last=False)

    def of(self, model: type[FaceModel], job: Job) -> OriginalPreview | None:
        if not self.enabled:
            return None
        alt = self._text("alt.before")
        if (small := self._copies.get(job.place.message_id)) is not None:
            covered = SPOILER if job.place.spoiler else ""
            return OriginalPreview(f"attachment://{covered}before-{job.id}{small.suffix}", alt, small.content)
        address = str(job.body.get(model.target_slot(), ""))
        return OriginalPreview(address, alt) if _is_fetchable(address, self._clock.now()) else None

    def forget(self, job: Job) -> None:
        self._copies.pop(job.place.message_id, None)


def _is_fetchable(address: str, now: float) -> bool:
    """Return whether the address is one of Discord's or Segmind's and has not expired."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    if parts.scheme != "https":
        return False
    return host.endswith(_SEGMIND) or (host in _DISCORD and _expires_at(parts.query) > now)


def _expires_at(query: str) -> float:
    """Expiry of one of Discord's links, which it states in hexadecimal."""
    try:
        return int(parse_qs(query)["ex"][0], 16)
    except (KeyError, ValueError):
        return 0.0
