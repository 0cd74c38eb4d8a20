"""Buttons that run a command which needs no options."""

from re import Match
from typing import Any, Self

import discord
from discord import app_commands

from bot.chat.interactions import Interaction
from bot.chat.ui.buttons import StatefulButton


class CommandButton(StatefulButton, template=r"command:(?P<name>[a-z -]{1,65})"):
    """Button that runs a command, such as `credits balance`, without options."""

    def __init__(
        self, name: str, label: str, style: discord.ButtonStyle = discord.ButtonStyle.secondary
    ) -> None:
        super().__init__(label, f"command:{name}", style)
        self.name = name

    @classmethod
    def from_match(cls, match: Match[str], label: str) -> Self:
        return cls(match["name"], label)


async def run_command(interaction: Interaction, button: CommandButton) -> None:
    """Answer the press as the command does; raise `CommandNotFound` once its cog was unloaded."""
    found: Any = interaction.client.tree
    for part in button.name.split():
        if (found := found.get_command(part)) is None:
            raise app_commands.CommandNotFound(button.name, [])
    command: Any = found
    await command.callback(command.binding, interaction)
