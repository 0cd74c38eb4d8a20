"""Contexts of commands: servers, direct messages, and anywhere as a member's own app."""

from dataclasses import dataclass
from typing import TypeVar

from discord import app_commands

from bot.chat.interactions import Interaction
from bot.chat.members import is_user_install_only
from bot.settings import sections

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Contexts:
    """Default for every command that declares no contexts of its own."""

    section: sections.Contexts

    @property
    def places(self) -> app_commands.AppCommandContext:
        return app_commands.AppCommandContext(
            guild=True, dm_channel=self.section.direct, private_channel=self.section.user_install
        )

    @property
    def installs(self) -> app_commands.AppInstallationType:
        return app_commands.AppInstallationType(guild=True, user=self.section.user_install)

    def allows(self, interaction: Interaction) -> bool:
        """Return whether the bot may be used here.

        Discord offers no command where it is closed, but a button of an old message can be pressed there.
        """
        if interaction.context.private_channel:
            return self.section.user_install
        if interaction.guild_id is None:
            return self.section.direct
        return self.section.user_install or not is_user_install_only(interaction)


def servers_only(command: T) -> T:
    """Restrict a command to servers.

    discord.py's `guild_only` would not exclude user installs where the default for all commands allows them.
    """
    placed = app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)(command)
    return app_commands.allowed_installs(guilds=True, users=False)(placed)
