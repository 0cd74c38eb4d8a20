"""Where commands can be used: in servers, in direct messages with the bot, and anywhere as one's own app."""

from dataclasses import dataclass
from typing import TypeVar

from discord import app_commands

from bot.chat.interactions import Interaction
from bot.chat.members import on_their_own

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Contexts:
    """What holds for every command that says nothing else."""

    direct: bool
    """In direct messages with the bot."""
    user_install: bool
    """For whoever has added the bot to their own account, in servers without it and in others' messages."""

    @property
    def places(self) -> app_commands.AppCommandContext:
        return app_commands.AppCommandContext(
            guild=True, dm_channel=self.direct, private_channel=self.user_install
        )

    @property
    def installs(self) -> app_commands.AppInstallationType:
        return app_commands.AppInstallationType(guild=True, user=self.user_install)

    def allows(self, interaction: Interaction) -> bool:
        """Discord offers no command where it is closed, but a button from before can be pressed there."""
        if interaction.context.private_channel:
            return self.user_install
        if interaction.guild_id is None:
            return self.direct
        return self.user_install or not on_their_own(interaction)


def servers_only(command: T) -> T:
    """For what belongs to a server. discord.py's `guild_only` leaves open what is said for all commands."""
    placed = app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)(command)
    return app_commands.allowed_installs(guilds=True, users=False)(placed)
