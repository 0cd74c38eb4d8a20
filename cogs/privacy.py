"""`/privacy`: a member's data, to read, export and delete, and to keep others from using it."""

from discord import app_commands
from discord.ext import commands

from bot.chat.account.avatars import AVATAR_USES
from bot.chat.account.services import AccountServices
from bot.chat.client import Doppel
from bot.chat.interactions import Interaction
from bot.chat.ui.replies import defer_ephemeral, send_deferred


class PrivacyCommands(
    commands.GroupCog, group_name="privacy", group_description="Your data: see it, export it, delete it"
):
    """Commands of `/privacy`."""

    avatar = app_commands.Group(
        name="avatar", description="Choose whether others here can swap with your avatar"
    )

    def __init__(self, services: AccountServices) -> None:
        self._privacy = services.privacy
        self._avatars = services.avatars
        self._pages = services.pages

    async def cog_load(self) -> None:
        self._pages.add(AVATAR_USES, self._avatars.uses)

    async def cog_unload(self) -> None:
        self._pages.remove(AVATAR_USES)

    @app_commands.command(description="Show what the bot stores about you, and for how long")
    async def policy(self, interaction: Interaction) -> None:
        await defer_ephemeral(interaction)
        await send_deferred(interaction, self._privacy.policy())

    @app_commands.command(description="Download everything that the bot stores about you")
    async def export(self, interaction: Interaction) -> None:
        await defer_ephemeral(interaction)
        view, file = await self._privacy.export(interaction.user.id)
        await send_deferred(interaction, view, file)

    @app_commands.command(description="Delete everything that the bot stores about you")
    async def delete(self, interaction: Interaction) -> None:
        await defer_ephemeral(interaction)
        await send_deferred(interaction, await self._privacy.ask_to_forget(interaction.user.id))

    @app_commands.command(description="Stop others from swapping with your avatar and your posts")
    async def optout(self, interaction: Interaction) -> None:
        await defer_ephemeral(interaction)
        await send_deferred(interaction, await self._privacy.set_opted_out(interaction.user.id, out=True))

    @app_commands.command(description="Let others swap with your avatar and your posts again")
    async def optin(self, interaction: Interaction) -> None:
        await defer_ephemeral(interaction)
        await send_deferred(interaction, await self._privacy.set_opted_out(interaction.user.id, out=False))

    @avatar.command(description="Let members of this server swap with your avatar")
    @app_commands.describe(notify="Get a direct message about each use")
    async def on(self, interaction: Interaction, notify: bool = True) -> None:
        await defer_ephemeral(interaction)
        await send_deferred(interaction, await self._avatars.share(interaction, notify=notify))

    @avatar.command(description="Stop others from using your avatar in this server")
    async def off(self, interaction: Interaction) -> None:
        await defer_ephemeral(interaction)
        await send_deferred(interaction, await self._avatars.withdraw(interaction))

    @avatar.command(description="List results made with your avatar, and remove any of them")
    async def uses(self, interaction: Interaction) -> None:
        await defer_ephemeral(interaction)
        await send_deferred(interaction, await self._pages.first(interaction, AVATAR_USES))


async def setup(bot: Doppel) -> None:
    await bot.add_cog(PrivacyCommands(bot.account))
