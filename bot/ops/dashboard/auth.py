"""Who is let in to the operator's page: whoever knows the token, or was let in a while ago (pure)."""

import hashlib
import hmac
import ipaddress
import secrets
from collections import OrderedDict
from dataclasses import dataclass

from pydantic import SecretStr

from bot.clock import Clock

# So long a browser stays signed in.
SESSION = 24 * 3600.0
# What a wrong token costs at first, doubled each time, until nobody has tried for a while.
PAUSE, LONGEST_PAUSE, FORGIVEN = 1.0, 60.0, 900.0
# Beyond these, all who try are slowed down together.
_GUESTS = 256
_EVERYBODY = ""
# A provider gives each of its customers as many addresses as this leaves open.
_NETWORK = 64


class WrongToken(Exception):
    """It is not the one."""


class TooManyGuesses(Exception):
    """Nothing is looked at before so many seconds have passed, not even the right one."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"{seconds:g} seconds")
        self.seconds = seconds


@dataclass(slots=True)
class _Guesses:
    wrong: int
    last: float

    @property
    def until(self) -> float:
        return self.last + min(LONGEST_PAUSE, PAUSE * 2.0 ** min(self.wrong - 1, 16))


class Entry:
    """A session is signed and not kept: it outlives a restart, and holds in all processes with the token."""

    def __init__(self, token: SecretStr, clock: Clock) -> None:
        self._key = hashlib.sha256(token.get_secret_value().encode()).digest()
        self._clock = clock
        self._guesses: OrderedDict[str, _Guesses] = OrderedDict()
        self.cookie = f"doppel_page_{self._signed('name')[:8]}"
        """Browsers send the cookies of one port to all ports of a machine, so each bot's has its own name."""

    def check(self, token: str, guest: str) -> None:
        """Raise `WrongToken` or `TooManyGuesses`; `guest` is the address that it comes from."""
        who, now = self._who(guest), self._clock.now()
        guesses = self._guesses.get(who)
        if guesses is not None and now - guesses.last > FORGIVEN:
            guesses = None
        if guesses is not None and now < guesses.until:
            raise TooManyGuesses(guesses.until - now)
        given = hashlib.sha256(token.encode(errors="replace")).digest()
        if hmac.compare_digest(given, self._key):
            self._guesses.pop(who, None)
            return
        self._guesses[who] = _Guesses(1 if guesses is None else guesses.wrong + 1, now)
        self._guesses.move_to_end(who)
        raise WrongToken

    def session(self) -> str:
        """What a browser keeps instead of the token."""
        told = f"{int(self._clock.now() + SESSION)}.{secrets.token_urlsafe(12)}"
        return f"{told}.{self._signed(told)}"

    def knows(self, session: str) -> bool:
        told, _, signature = session.rpartition(".")
        until = told.partition(".")[0]
        genuine = hmac.compare_digest(signature.encode(errors="replace"), self._signed(told).encode())
        return genuine and until.isdecimal() and self._clock.now() < int(until)

    def _signed(self, told: str) -> str:
        return hmac.new(self._key, b"session " + told.encode(errors="replace"), hashlib.sha256).hexdigest()

    def _who(self, guest: str) -> str:
        try:
            address = ipaddress.ip_address(guest)
        except ValueError:
            return _EVERYBODY
        who = guest
        if address.version == 6:  # noqa: PLR2004 - the version's name
            who = str(ipaddress.ip_network((address, _NETWORK), strict=False))
        if who in self._guesses or len(self._guesses) < _GUESTS:
            return who
        now = self._clock.now()
        for old in [each for each, guesses in self._guesses.items() if now - guesses.last > FORGIVEN]:
            del self._guesses[old]
        return who if len(self._guesses) < _GUESTS else _EVERYBODY
