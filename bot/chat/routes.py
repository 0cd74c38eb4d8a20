"""Delivery routes to a member, and the meaning of Discord's errors on each of them (pure)."""

from collections.abc import Mapping
from enum import StrEnum


class Route(StrEnum):
    """Way to show a card to its member."""

    WEBHOOK = "webhook"
    """Edit the message by the reply's token, which needs no permission and expires after 15 minutes."""
    CHANNEL = "channel"
    """Edit the message like any other message of the bot."""
    REPLY = "reply"
    """Reply to the message with a new one."""
    DIRECT = "direct"
    """Send a direct message to the member."""


class DeliveryError(StrEnum):
    """Consequence of an error on a route."""

    PASSING = "passing"
    """A later attempt may succeed."""
    TOO_LARGE = "too large"
    """Discord rejects the file, but would accept the text."""
    CLOSED = "closed"
    """This route is closed; the next one may be open."""
    NO_ACCESS = "no access"
    """The bot can do nothing in this channel."""
    GONE = "gone"
    """Somebody deleted the message or the channel, so nothing more is sent."""
    LASTING = "lasting"
    """Every route would fail."""


_SERVER_ERROR, _TOO_MANY, _UNAUTHORIZED, _FORBIDDEN, _ENTITY_TOO_LARGE = 500, 429, 401, 403, 413

# Limits of a channel or a server, features that Discord switched off for a while, blocks by Cloudflare.
_PASSING = frozenset({20016, 20028, 20029, 40003, 40004, 40006, 40062, 40333, 130000})
_TOO_LARGE = frozenset({40005, 50045})
# No access, no permission, no text channel, a required level of verification, no permission to read the
# history (which a reply needs), a locked thread.
_NO_ACCESS = frozenset({50001, 50008, 50009, 50013, 50024, 160002, 160005})
_CLOSED: Mapping[Route, frozenset[int]] = {
    # Unknown webhook, invalid webhook token.
    Route.WEBHOOK: frozenset({10015, 50027}),
    # Edited too often for its age, another author, a kind that cannot be edited, an archived thread (a new
    # message would reopen it).
    Route.CHANNEL: frozenset({20022, 30046, 50005, 50021, 50068, 50083}),
    Route.REPLY: frozenset({50083}),
    Route.DIRECT: frozenset(),
}
_NO_MESSAGE = 10008
_NO_CHANNEL = 10003
_PLACE_GONE = frozenset({_NO_CHANNEL, 10004, _NO_MESSAGE})
# For a new message, `_NO_MESSAGE` means that the same one was sent before and then deleted.
_GONE: Mapping[Route, frozenset[int]] = {
    Route.WEBHOOK: _PLACE_GONE,
    Route.CHANNEL: _PLACE_GONE,
    Route.REPLY: _PLACE_GONE,
    Route.DIRECT: frozenset({_NO_MESSAGE, 10013}),
}
_INVALID = 50035


def classify(
    route: Route, status: int, code: int, message: str, *, hidden: bool, in_server: bool = True
) -> DeliveryError:
    if code in _CLOSED[route]:
        return DeliveryError.CLOSED
    # A bot that a member brought as their own app cannot see the private channels of people.
    if code == _NO_CHANNEL and route is Route.CHANNEL and not in_server:
        return DeliveryError.NO_ACCESS
    # An ephemeral message can disappear without anybody deleting it.
    if code == _NO_MESSAGE and route is Route.WEBHOOK and hidden:
        return DeliveryError.CLOSED
    # If Discord rejects the bot's token, nothing works until the operator replaces it. A 403 without a code
    # does not come from Discord's API.
    blocked = status in {_TOO_MANY, _UNAUTHORIZED} or (status == _FORBIDDEN and not code)
    if status >= _SERVER_ERROR or blocked or code in _PASSING:
        return DeliveryError.PASSING
    if status == _ENTITY_TOO_LARGE or code in _TOO_LARGE:
        return DeliveryError.TOO_LARGE
    # Discord has no code of its own for a reply to a message that does not exist.
    if code in _GONE[route] or (route is Route.REPLY and code == _INVALID and "message_reference" in message):
        return DeliveryError.GONE
    if code in _NO_ACCESS and route is not Route.DIRECT:
        return DeliveryError.NO_ACCESS
    return DeliveryError.LASTING


def next_route(route: Route, *, hidden: bool) -> Route | None:
    """The next route to try. A hidden result never goes to the channel."""
    match route:
        case Route.WEBHOOK:
            return Route.DIRECT if hidden else Route.CHANNEL
        case Route.CHANNEL:
            return Route.REPLY
        case Route.REPLY:
            return Route.DIRECT
        case Route.DIRECT:
            return None
