"""Authentication for the dashboard: a token, and signed sessions (pure)."""

import hashlib
import hmac
import ipaddress
import secrets
from collections import OrderedDict
from dataclasses import dataclass

from pydantic import SecretStr

from bot.clock import Clock

# Seconds for which a browser stays signed in.
SESSION = 24 * 3600.0
# A wrong token locks its address out for PAUSE seconds, doubled each time up to LONGEST_PAUSE. After
# FORGIVEN seconds without an attempt, the address starts anew.
PAUSE, LONGEST_PAUSE, FORGIVEN = 1.0, 60.0, 900.0
# Beyond this number of addresses, all further ones share one count of guesses.
_MAX_ADDRESSES = 256
_EVERYBODY = ""
# Providers give each customer a whole IPv6 network with a prefix of this length.
_IPV6_PREFIX = 64


class WrongToken(Exception):
    """The token is not the configured one."""


class TooManyGuesses(Exception):
    """The address is locked out for some seconds; until then, not even the right token is checked."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"{seconds:g} seconds")
        self.seconds = seconds


@dataclass(slots=True)
class _Guesses:
    """Wrong tokens from one address."""

    wrong: int
    last: float

    @property
    def until(self) -> float:
        return self.last + min(LONGEST_PAUSE, PAUSE * 2.0 ** min(self.wrong - 1, 16))


class Authenticator:
    """Checks tokens and sessions.

    Sessions are signed instead of stored: they survive a restart, and are valid in all processes that have
    the same token.
    """

    def __init__(self, token: SecretStr, clock: Clock) -> None:
        self._key = hashlib.sha256(token.get_secret_value().encode()).digest()
        self._clock = clock
        self._guesses: OrderedDict[str, _Guesses] = OrderedDict()
        self.cookie = f"doppel_page_{self._signature('name')[:8]}"
        """Browsers share cookies between all ports of a host, so each token has a cookie name of its own."""

    def check(self, token: str, address: str) -> None:
        """Raise `WrongToken` or `TooManyGuesses`; `address` is the client's."""
        client, now = self._client_key(address), self._clock.now()
        guesses = self._guesses.get(client)
        if guesses is not None and now - guesses.last > FORGIVEN:
            guesses = None
        if guesses is not None and now < guesses.until:
            raise TooManyGuesses(guesses.until - now)
        digest = hashlib.sha256(token.encode(errors="replace")).digest()
        if hmac.compare_digest(digest, self._key):
            self._guesses.pop(client, None)
            return
        self._guesses[client] = _Guesses(1 if guesses is None else guesses.wrong + 1, now)
        self._guesses.move_to_end(client)
        raise WrongToken

    def new_session(self) -> str:
        """Session for a browser to keep instead of the token."""
        payload = f"{int(self._clock.now() + SESSION)}.{secrets.token_urlsafe(12)}"
        return f"{payload}.{self._signature(payload)}"

    def is_valid(self, session: str) -> bool:
        payload, _, signature = session.rpartition(".")
        until = payload.partition(".")[0]
        genuine = hmac.compare_digest(signature.encode(errors="replace"), self._signature(payload).encode())
        return genuine and until.isdecimal() and self._clock.now() < int(until)

    def _signature(self, payload: str) -> str:
        return hmac.new(self._key, b"session " + payload.encode(errors="replace"), hashlib.sha256).hexdigest()

    def _client_key(self, address: str) -> str:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return _EVERYBODY
        client = address
        if parsed.version == 6:  # noqa: PLR2004 - the version of the protocol
            client = str(ipaddress.ip_network((parsed, _IPV6_PREFIX), strict=False))
        if client in self._guesses or len(self._guesses) < _MAX_ADDRESSES:
            return client
        now = self._clock.now()
        for old in [key for key, guesses in self._guesses.items() if now - guesses.last > FORGIVEN]:
            del self._guesses[old]
        return client if len(self._guesses) < _MAX_ADDRESSES else _EVERYBODY
