"""`/privacy`: a member's data, to read, export and delete, and to keep others from using it."""

from discord import app_commands
from discord.ext import commands

from bot.chat.account.privacy import Privacy
from bot.chat.client import Doppel
from bot.chat.interactions import Interaction
from bot.chat.ui.replies import defer_ephemeral, send_deferred


class PrivacyCommands(
    commands.GroupCog, group_name="privacy", group_description="Your data: what is kept, and its end"
):
    """Commands of `/privacy`."""

    def __init__(self, privacy: Privacy) -> None:
        self._privacy = privacy

    @app_commands.command(description="What is kept of you, for how long, and why")
    async def policy(self, interaction: Interaction) -> None:
        await defer_ephemeral(interaction)
        await send_deferred(interaction, self._privacy.policy())

    @app_commands.command(description="A copy of everything that is stored about you")
    async def export(self, interaction: Interaction) -> None:
        await defer_ephemeral(interaction)
        view, file = await self._privacy.export(interaction.user.id)
        await send_deferred(interaction, view, file)

    @app_commands.command(description="Delete everything that is stored about you")
    async def delete(self, interaction: Interaction) -> None:
        await defer_ephemeral(interaction)
        await send_deferred(interaction, await self._privacy.ask_to_forget(interaction.user.id))

    @app_commands.command(description="Keep others from using your avatar and the pictures that you post")
    async def optout(self, interaction: Interaction) -> None:
        await defer_ephemeral(interaction)
        await send_deferred(interaction, await self._privacy.set_opted_out(interaction.user.id, out=True))

    @app_commands.command(description="Let others use your avatar and the pictures that you post again")
    async def optin(self, interaction: Interaction) -> None:
        await defer_ephemeral(interaction)
        await send_deferred(interaction, await self._privacy.set_opted_out(interaction.user.id, out=False))


async def setup(bot: Doppel) -> None:
    await bot.add_cog(PrivacyCommands(bot.account.privacy))
