"""Findings from Discord: the bot's token, and the people who may add the bot."""

from collections.abc import Sequence
from typing import Any

import aiohttp

from bot.cli.check.finding import OFFLINE, Finding
from bot.settings import Settings

DISCORD_API = "https://discord.com/api/v10"
OK = 200


async def discord_findings(settings: Settings, connect_timeout: float) -> Sequence[Finding]:
    token = settings.discord.token
    if token is None:
        return [_token(False, "missing: set DISCORD_TOKEN")]
    headers = {"Authorization": f"Bot {token.get_secret_value()}"}
    address = f"{(settings.discord.api or DISCORD_API).rstrip('/')}/applications/@me"
    timeout = aiohttp.ClientTimeout(total=15, connect=connect_timeout)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(address, headers=headers) as response,
        ):
            if response.status != OK:
                return [_token(False, f"Discord responded with {response.status}: is the token right?")]
            return _application(settings, await response.json())
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
        return [_token(False, f"Discord {OFFLINE}")]
    except (aiohttp.ClientError, TimeoutError, ValueError, KeyError) as error:
        return [_token(False, f"Discord's response could not be read: {type(error).__name__}")]


def _token(good: bool, words: str) -> Finding:
    return Finding("Discord's token", good, words)


def _application(settings: Settings, application: dict[str, Any]) -> Sequence[Finding]:
    return [_token(True, f"belongs to {application['bot']['username']}"), _invitations(settings, application)]


def _invitations(settings: Settings, application: dict[str, Any]) -> Finding:
    """Warn where a stranger's server can spend the operator's money."""
    subject = "invitations"
    if settings.discord.servers:
        count = len(settings.discord.servers)
        return Finding(subject, True, f"the bot serves only {count} {'server' if count == 1 else 'servers'}")
    if not application.get("bot_public", True):
        return Finding(subject, True, "only you can add the bot to servers")
    words = "anyone can add the bot: turn Public Bot off in Discord's portal, or set discord.servers"
    return Finding(subject, True, words, warns=True)
