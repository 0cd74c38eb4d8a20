"""Registers the commands with Discord, only when they have changed."""

import hashlib
import json
from typing import Any

import discord
import structlog
from discord import app_commands

from bot.chat.file_types import Command, add_file_types
from bot.jobs.ports import KeyValues

# Discord's code for a command that breaks its rules; the response names the field.
_INVALID_FORM_BODY = 50035

log = structlog.stdlib.get_logger(__name__)


async def sync(
    tree: app_commands.CommandTree[Any],
    key_values: KeyValues,
    translations: str,
    guild_id: int | None = None,
) -> bool:
    """Return whether the commands had changed and were registered. Discord allows few such calls a day.

    `translations`: the fingerprint of the text, as translating all commands takes longer than comparing it.
    """
    application_id = tree.client.application_id
    if application_id is None:
        raise discord.MissingApplicationID
    name = f"commands of {application_id} in {guild_id or 'all servers'}"
    commands = tree.get_commands()
    fingerprint = _fingerprint([_in_english(tree, command) for command in commands], translations)
    if await key_values.read_value(name) == fingerprint:
        return False
    payload = [await _translated(tree, command) for command in commands]
    http = tree.client.http
    try:
        if guild_id is None:
            await http.bulk_upsert_global_commands(application_id, payload)
        else:
            await http.bulk_upsert_guild_commands(application_id, guild_id, payload)
    except discord.HTTPException as error:
        if error.code == _INVALID_FORM_BODY:
            raise app_commands.CommandSyncFailure(error, commands) from None
        raise
    await key_values.write_value(name, fingerprint)
    log.info("commands registered", count=len(commands))
    return True


def _fingerprint(payload: list[dict[str, Any]], translations: str) -> str:
    """Hash of everything that Discord receives, whatever the order in which the cogs were loaded."""
    in_order = sorted(payload, key=lambda command: (command["type"], command["name"]))
    return hashlib.sha256(json.dumps([in_order, translations], sort_keys=True).encode()).hexdigest()


def _in_english(tree: app_commands.CommandTree[Any], command: Command) -> dict[str, Any]:
    payload = command.to_dict(tree)
    add_file_types(command, payload)
    return payload


async def _translated(tree: app_commands.CommandTree[Any], command: Command) -> dict[str, Any]:
    if tree.translator is None:
        return _in_english(tree, command)
    payload = await command.get_translated_payload(tree, tree.translator)
    add_file_types(command, payload)
    return payload
