"""What the face was put into, shown beside the result where it still has an address."""

from urllib.parse import parse_qs, urlsplit

from bot.chat.card import Before
from bot.chat.text import Text
from bot.jobs.job import Job
from bot.models import FaceModel

_DISCORD = frozenset({"cdn.discordapp.com", "media.discordapp.net"})
_SEGMIND = ".segmind.com"


def before_of(model: type[FaceModel], job: Job, text: Text, *, now: float) -> Before | None:
    """None where the address is nobody's that is known, or has ended."""
    address = str(job.body.get(model.target_slot(), ""))
    parts = urlsplit(address)
    host = parts.hostname or ""
    if parts.scheme != "https" or not (host in _DISCORD or host.endswith(_SEGMIND)):
        return None
    if host in _DISCORD and _ends(parts.query) <= now:
        return None
    return Before(address, text("alt.before"))


def _ends(query: str) -> float:
    """When one of Discord's links ends, which it says in hexadecimal."""
    try:
        return int(parse_qs(query)["ex"][0], 16)
    except (KeyError, ValueError):
        return 0.0
