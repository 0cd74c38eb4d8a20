"""Routes of the small Discord, with paths as in Discord's description."""

from collections.abc import Callable

from tests.discord import rules
from tests.discord.commands import Commands
from tests.discord.entities import App
from tests.discord.messages import Messages
from tests.discord.rest import Rest

_ANSWER = "/interactions/{interaction_id}/{interaction_token}/callback"
_HOOK = "/webhooks/{webhook_id}/{webhook_token}"
_MESSAGES = "/channels/{channel_id}/messages"
_COMMANDS = "/applications/{application_id}/commands"
_OWN_COMMANDS = "/applications/{application_id}/guilds/{guild_id}/commands"


def add_routes(
    rest: Rest, app: App, commands: Commands, messages: Messages, gateway: Callable[[], str]
) -> None:
    """Add all routes; a route's name is its endpoint's name for faults."""
    add = rest.add
    add("GET", "/users/@me", "me", lambda _: app.me)
    for path in ("/oauth2/applications/@me", "/applications/@me"):
        add("GET", path, "application", lambda _: app.payload)
    add("GET", "/gateway", "gateway", lambda _: {"url": gateway()})
    add("GET", "/gateway/bot", "gateway-bot", lambda _: _gateway_bot(gateway()))
    for path in (_COMMANDS, _OWN_COMMANDS):
        add("GET", path, "commands", commands.list_commands)
        add("PUT", path, "register", commands.overwrite, lambda call: list(rules.commands(call.body)))
    add("POST", _ANSWER, "answer", messages.answer, messages.rules)
    add("POST", _HOOK, "follow-up", messages.follow_up, messages.rules)
    for path in (f"{_HOOK}/messages/@original", f"{_HOOK}/messages/{{message_id}}"):
        add("PATCH", path, "edit", messages.edit_by_token, messages.rules)
        add("GET", path, "get", messages.get_by_token)
        add("DELETE", path, "delete", messages.delete_by_token)
    add("POST", "/users/@me/channels", "direct", messages.open_direct)
    add("GET", "/guilds/{guild_id}", "guild", messages.guild)
    add("DELETE", "/users/@me/guilds/{guild_id}", "leave", messages.leave)
    one = f"{_MESSAGES}/{{message_id}}"
    add("POST", _MESSAGES, "send", messages.send, messages.rules)
    add("PATCH", one, "edit-in-channel", messages.edit_in_channel, messages.rules)
    add("GET", one, "get-in-channel", messages.get_in_channel)
    add("DELETE", one, "delete-in-channel", messages.delete_in_channel)


def _gateway_bot(url: str) -> dict[str, object]:
    limit = {"total": 1000, "remaining": 999, "reset_after": 0, "max_concurrency": 1}
    return {"url": url, "shards": 1, "session_start_limit": limit}
