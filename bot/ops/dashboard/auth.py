"""Authentication for the dashboard: a token, and signed sessions that all end at a sign-out."""

import asyncio
import hashlib
import hmac
import secrets

import structlog
from pydantic import SecretStr

from bot.clock import Clock
from bot.jobs.ports import KeyValues

log = structlog.stdlib.get_logger(__name__)

# Seconds for which a browser stays signed in.
SESSION = 24 * 3600.0
# Seconds between two log events about wrong tokens.
QUIET = 60.0
# The page has to open while the database does not answer.
STORE_TIMEOUT = 1.0
GENERATION = "dashboard sessions"
"""Key of the random text that, with the token, signs all current sessions."""


class WrongToken(Exception):
    """The token is not the configured one."""


class Authenticator:
    """Checks tokens and sessions.

    Sessions are signed instead of stored: they survive a restart, and are valid in all processes that have
    the same token and database. Every token is checked at once, however many wrong ones came before: a pause
    would lock out the operator with the guesser, and no guesser finds a random token.
    """

    def __init__(self, token: SecretStr, key_values: KeyValues, clock: Clock) -> None:
        self._key = hashlib.sha256(token.get_secret_value().encode()).digest()
        self._key_values = key_values
        self._clock = clock
        self._generation = ""
        self._wrong = 0
        self._warned_at = float("-inf")
        self.cookie = f"doppel_page_{self._signature('name')[:8]}"
        """Browsers share cookies between all ports of a host, so each token has a cookie name of its own."""

    def check(self, token: str, address: str) -> None:
        """Raise `WrongToken`; `address` is the client's, for the log."""
        digest = hashlib.sha256(token.encode(errors="replace")).digest()
        if hmac.compare_digest(digest, self._key):
            return
        self._wrong += 1
        now = self._clock.now()
        if now - self._warned_at >= QUIET:
            log.warning("wrong tokens for the dashboard", count=self._wrong, last_from=address)
            self._wrong, self._warned_at = 0, now
        raise WrongToken

    async def new_session(self) -> str:
        """Session for a browser to keep instead of the token."""
        await self._load_generation()
        payload = f"{int(self._clock.now() + SESSION)}.{secrets.token_urlsafe(12)}"
        return f"{payload}.{self._sign(payload)}"

    async def is_valid(self, session: str) -> bool:
        payload, _, signature = session.rpartition(".")
        until = payload.partition(".")[0]
        if not (until.isdecimal() and self._clock.now() < int(until)):
            return False
        await self._load_generation()
        return hmac.compare_digest(signature.encode(errors="replace"), self._sign(payload).encode())

    async def end_sessions(self) -> None:
        """End all sessions, in every process; raises `StoreUnavailable`."""
        generation = secrets.token_urlsafe(12)
        await self._key_values.write_value(GENERATION, generation)
        self._generation = generation

    async def _load_generation(self) -> None:
        """Learn which sessions another process ended; while the database is away, the last answer holds."""
        reading = asyncio.ensure_future(self._key_values.read_value(GENERATION))
        await asyncio.wait({reading}, timeout=STORE_TIMEOUT)
        if not reading.done():
            reading.add_done_callback(lambda late: late.cancelled() or late.exception())
        elif reading.exception() is None:
            self._generation = reading.result() or ""

    def _sign(self, payload: str) -> str:
        return self._signature(f"{self._generation} {payload}")

    def _signature(self, payload: str) -> str:
        return hmac.new(self._key, b"session " + payload.encode(errors="replace"), hashlib.sha256).hexdigest()
