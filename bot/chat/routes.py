"""The ways to a member, and what Discord's refusals mean on each of them (pure)."""

from collections.abc import Mapping
from enum import StrEnum


class Route(StrEnum):
    WEBHOOK = "webhook"
    """Edit the message by its reply's token, which needs no permission and ends after 15 minutes."""
    CHANNEL = "channel"
    """Edit the message as any other message of the bot."""
    REPLY = "reply"
    """Reply to the message with a new one."""
    DIRECT = "direct"
    """Write to the member in private."""


class DeliveryError(StrEnum):
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
_CLOSED: Mapping[Route, frozenset[int]] = {
    # Unknown webhook, invalid webhook token.
    Route.WEBHOOK: frozenset({10015, 50027}),
    # Edited too often for its age, another author, a kind that cannot be edited, a thread in the archive,
    # which a new message opens again.
    Route.CHANNEL: frozenset({20022, 30046, 50005, 50021, 50068, 50083}),
    Route.REPLY: frozenset({50083}),
    Route.DIRECT: frozenset(),
}
_NO_MESSAGE = 10008
_NO_CHANNEL = 10003
_PLACE_GONE = frozenset({_NO_CHANNEL, 10004, _NO_MESSAGE})
# On a new message, the third says that the same one was sent and deleted before.
_GONE: Mapping[Route, frozenset[int]] = {
    Route.WEBHOOK: _PLACE_GONE,
    Route.CHANNEL: _PLACE_GONE,
    Route.REPLY: _PLACE_GONE,
    Route.DIRECT: frozenset({_NO_MESSAGE, 10013}),
}
_INVALID = 50035


def classify(
    way: Route, status: int, code: int, words: str, *, hidden: bool, in_server: bool = True
) -> DeliveryError:
    if code in _CLOSED[way]:
        return DeliveryError.CLOSED
    # To a bot that a member has brought along, the private channels of people are closed or unknown.
    if code == _NO_CHANNEL and way is Route.CHANNEL and not in_server:
        return DeliveryError.NO_ACCESS
    # What the member alone saw may be lost without anybody's will.
    if code == _NO_MESSAGE and way is Route.WEBHOOK and hidden:
        return DeliveryError.CLOSED
    # Without the bot's own token nothing works, until its operator has seen to it; where there is no code,
    # it was not Discord's API that said no.
    closed = status in {_TOO_MANY, _UNAUTHORIZED} or (status == _FORBIDDEN and not code)
    if status >= _SERVER_ERROR or closed or code in _PASSING:
        return DeliveryError.PASSING
    if status == _ENTITY_TOO_LARGE or code in _TOO_LARGE:
        return DeliveryError.TOO_LARGE
    # A reply to a message that does not exist has no code of its own.
    if code in _GONE[way] or (way is Route.REPLY and code == _INVALID and "message_reference" in words):
        return DeliveryError.GONE
    if code in _NO_ACCESS and way is not Route.DIRECT:
        return DeliveryError.NO_ACCESS
    return DeliveryError.LASTING


def next_route(way: Route, *, hidden: bool) -> Route | None:
    """The next way to try. What only the member saw is never shown to the channel."""
    match way:
        case Route.WEBHOOK:
            return Route.DIRECT if hidden else Route.CHANNEL
        case Route.CHANNEL:
            return Route.REPLY
        case Route.REPLY:
            return Route.DIRECT
        case Route.DIRECT:
            return None
