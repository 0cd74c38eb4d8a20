"""The ways to a member, and what Discord's refusals mean on each of them (pure)."""

from collections.abc import Mapping
from enum import StrEnum


class Way(StrEnum):
    WEBHOOK = "webhook"
    """Edit the message by its reply's token, which needs no permission and ends after 15 minutes."""
    CHANNEL = "channel"
    """Edit the message as any other message of the bot."""
    REPLY = "reply"
    """Reply to the message with a new one."""
    DIRECT = "direct"
    """Write to the member in private."""


class Refusal(StrEnum):
    PASSING = "passing"
    """A later try may be heard."""
    TOO_LARGE = "too large"
    """The file; the words would have been taken."""
    CLOSED = "closed"
    """This way is over, and the next one may be open."""
    NO_ACCESS = "no access"
    """The channel is closed to the bot, for whatever it would do there."""
    GONE = "gone"
    """Somebody took away what the end belongs to."""
    LASTING = "lasting"
    """It would be refused everywhere, or nobody may be told at all."""


_SERVER_ERROR, _TOO_MANY, _UNAUTHORIZED, _FORBIDDEN, _ENTITY_TOO_LARGE = 500, 429, 401, 403, 413

# Limits of a channel or a server, what Discord has switched off for a while, and its doorkeeper's no.
_PASSING = frozenset({20016, 20028, 20029, 40003, 40004, 40006, 40062, 40333, 130000})
_TOO_LARGE = frozenset({40005, 50045})
# No view, no permission, no text channel, a level of verification, a history that it may not read and hence
# not reply to, a locked thread.
_NO_ACCESS = frozenset({50001, 50008, 50009, 50013, 50024, 160002, 160005})
_CLOSED: Mapping[Way, frozenset[int]] = {
    # Unknown webhook, invalid webhook token.
    Way.WEBHOOK: frozenset({10015, 50027}),
    # Edited too often for its age, another author, a kind that cannot be edited, a thread in the archive,
    # which a new message opens again.
    Way.CHANNEL: frozenset({20022, 30046, 50005, 50021, 50068, 50083}),
    Way.REPLY: frozenset({50083}),
    Way.DIRECT: frozenset(),
}
_NO_MESSAGE = 10008
_NO_CHANNEL = 10003
_PLACE_GONE = frozenset({_NO_CHANNEL, 10004, _NO_MESSAGE})
# On a new message, the third says that the same one was sent and deleted before.
_GONE: Mapping[Way, frozenset[int]] = {
    Way.WEBHOOK: _PLACE_GONE,
    Way.CHANNEL: _PLACE_GONE,
    Way.REPLY: _PLACE_GONE,
    Way.DIRECT: frozenset({_NO_MESSAGE, 10013}),
}
_INVALID = 50035


def refusal(way: Way, status: int, code: int, words: str, *, hidden: bool, in_server: bool = True) -> Refusal:
    if code in _CLOSED[way]:
        return Refusal.CLOSED
    # To a bot that a member has brought along, the private channels of people are closed or unknown.
    if code == _NO_CHANNEL and way is Way.CHANNEL and not in_server:
        return Refusal.NO_ACCESS
    # What the member alone saw may be lost without anybody's will.
    if code == _NO_MESSAGE and way is Way.WEBHOOK and hidden:
        return Refusal.CLOSED
    # Without the bot's own token nothing works, until its operator has seen to it; where there is no code,
    # it was not Discord's API that said no.
    closed = status in {_TOO_MANY, _UNAUTHORIZED} or (status == _FORBIDDEN and not code)
    if status >= _SERVER_ERROR or closed or code in _PASSING:
        return Refusal.PASSING
    if status == _ENTITY_TOO_LARGE or code in _TOO_LARGE:
        return Refusal.TOO_LARGE
    # A reply to a message that does not exist has no code of its own.
    if code in _GONE[way] or (way is Way.REPLY and code == _INVALID and "message_reference" in words):
        return Refusal.GONE
    if code in _NO_ACCESS and way is not Way.DIRECT:
        return Refusal.NO_ACCESS
    return Refusal.LASTING


def after(way: Way, *, hidden: bool) -> Way | None:
    """The next way to try. What only the member saw is never shown to the channel."""
    match way:
        case Way.WEBHOOK:
            return Way.DIRECT if hidden else Way.CHANNEL
        case Way.CHANNEL:
            return Way.REPLY
        case Way.REPLY:
            return Way.DIRECT
        case Way.DIRECT:
            return None
