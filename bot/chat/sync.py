"""Registers the commands with Discord, only when they have changed."""

import hashlib
import json
from typing import Any

import discord
import structlog
from discord import app_commands

from bot.jobs.ports import KeyValues

Command = app_commands.Command[Any, ..., Any] | app_commands.Group | app_commands.ContextMenu

log = structlog.stdlib.get_logger(__name__)


async def sync(
    tree: app_commands.CommandTree[Any], key_values: KeyValues, guild_id: int | None = None
) -> bool:
    """Whether the commands had changed and were registered. Discord allows few such calls a day."""
    name = f"commands of {tree.client.application_id} in {guild_id or 'all servers'}"
    fingerprint = await _fingerprint(tree)
    if await key_values.read_value(name) == fingerprint:
        return False
    guild = None if guild_id is None else discord.Object(guild_id)
    if guild is not None:
        tree.copy_global_to(guild=guild)
    commands = await tree.sync(guild=guild)
    await key_values.write_value(name, fingerprint)
    log.info("commands registered", count=len(commands))
    return True


async def _fingerprint(tree: app_commands.CommandTree[Any]) -> str:
    """Hash of everything that Discord would receive, with the translations."""
    payloads = [await _payload(tree, command) for command in tree.get_commands()]
    payloads.sort(key=lambda each: (each["type"], each["name"]))
    return hashlib.sha256(json.dumps(payloads, sort_keys=True).encode()).hexdigest()


async def _payload(tree: app_commands.CommandTree[Any], command: Command) -> dict[str, Any]:
    if tree.translator is None:
        return command.to_dict(tree)
    return await command.get_translated_payload(tree, tree.translator)
